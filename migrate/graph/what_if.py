"""Microsoft's own What If: which policies would apply to one sign-in. It reads; nothing is changed by it.

Held to the pace of the Conditional Access bucket, which all applications of the tenant share.
"""

from __future__ import annotations

import msgspec

from migrate.graph.channel import Call, Channel, decoded, no_of
from migrate.graph.pace import Bucket
from migrate.graph.pages import page_of
from migrate.graph.policies import KEEP_UNKNOWN
from migrate.model.explanation import EvaluatedPolicy
from migrate.model.permissions import POLICIES
from migrate.model.record import JsonObject


class _Result(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    display_name: str
    state: str
    policy_applies: bool
    analysis_reasons: str | None = None


async def evaluate(channel: Channel, body: JsonObject) -> tuple[EvaluatedPolicy, ...]:
    """Ask `POST /identity/conditionalAccess/evaluate`; report-only policies are evaluated too.

    Source: Graph v1.0, conditionalAccessRoot: evaluate.
    """
    call = Call(
        path="/v1.0/identity/conditionalAccess/evaluate",
        bucket=Bucket.CONDITIONAL_ACCESS,
        cost=1,
        doing="asking Microsoft's What If",
        needs=POLICIES,
        headers=KEEP_UNKNOWN,
    )
    deadline = channel.persistence.deadline()

    async def once() -> tuple[EvaluatedPolicy, ...]:
        answer = await channel.attempt(call, "POST", body, deadline)
        channel.pacers[call.bucket].succeeded()
        if not answer.is_success:
            raise no_of(call, answer)
        return decoded(call, answer, _results)

    return await channel.persistence(once, doing=call.doing, deadline=deadline)


def _results(body: bytes) -> tuple[EvaluatedPolicy, ...]:
    results, _ = page_of(body, lambda raw: msgspec.json.decode(raw, type=_Result))
    return tuple(
        EvaluatedPolicy(
            id=one.id,
            display_name=one.display_name,
            state=one.state,
            applies=one.policy_applies,
            analysis_reasons=one.analysis_reasons or "",
        )
        for one in results
    )
