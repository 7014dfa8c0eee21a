"""Conditional Access policies: listed, read until several reads agree, and written once.

Graph has no idempotency key and no ETag for policies: after an unclear answer the caller looks before it sends again.
A write asks, when it would leave, whether it still may: it has waited for its turn, and perhaps for throttling to end.
"""

from __future__ import annotations

import dataclasses

import msgspec

from migrate.errors import IncompleteRead
from migrate.graph import wire
from migrate.graph.answers import TRANSIENT_STATUSES, UNUSABLE, Answer, BadAnswer
from migrate.graph.channel import Call, Channel
from migrate.graph.in_part import NeverShown
from migrate.graph.leaving import IsWanted, MayLeave, NotSent
from migrate.graph.pace import Bucket
from migrate.graph.pages import whole_once
from migrate.graph.refusals import NotFound, refusal_of
from migrate.graph.transport import NoAnswer
from migrate.model.evidence import ConditionalAccessPolicy
from migrate.model.permissions import POLICIES, POLICY_WRITES
from migrate.model.record import JsonObject, sha256_of
from migrate.model.replies import PolicyReply, WriteFate
from migrate.model.stand_in import stand_in_id
from migrate.model.waits import Waiting, WaitKind

_PATH = "/v1.0/identity/conditionalAccess/policies"
# Without it, members of open enumerations come back as unknownFutureValue and a restored policy would be weaker.
KEEP_UNKNOWN = {"Prefer": "include-unknown-enum-members"}
_LIST = Call(
    path=_PATH,
    bucket=Bucket.CONDITIONAL_ACCESS,
    cost=1,
    doing="reading Conditional Access policies",
    needs=POLICIES,
    headers=KEEP_UNKNOWN,
    doubt_400=True,
)
_LIST_BETA = dataclasses.replace(
    _LIST,
    path="/beta/identity/conditionalAccess/policies",
    doing="reading Conditional Access policies in beta",
)
_AGREEING = 3
"""So many reads in a row have to say the same: replicas of the directory may lag."""
_MOST_READS = 12
_NEW_FOR_SECONDS = 120.0
"""So long after its creation a policy that is not found is taken for not there yet."""


def _without_id(policy: ConditionalAccessPolicy, stand_in: str) -> ConditionalAccessPolicy:
    """Return a policy that Graph lists without an id: it cannot be looked for in beta, so nothing of it is known."""
    name = policy.display_name or stand_in
    return msgspec.structs.replace(
        policy, id=stand_in, display_name=name, policy_state=None, raw={"id": stand_in, "displayName": name}
    )


class PolicyAccess:
    """Conditional Access policies of one tenant."""

    def __init__(self, channel: Channel, *, pause: float) -> None:
        self._channel = channel
        self._pause = pause
        self._created_at: dict[str, float] = {}

    async def list(self) -> tuple[ConditionalAccessPolicy, ...]:
        """Read all policies; a refusal or a page that fails raises, so that it never looks like "no policies"."""
        found, without = list[ConditionalAccessPolicy](), 0
        shown = NeverShown("policy", wire.POLICY_NEEDS)
        for policy, lacks in await whole_once(self._channel, _LIST, wire.listed_policy, said=lambda one: one[0].raw):
            shown.note(lacks)
            without += not policy.id
            found.append(policy if policy.id else _without_id(policy, stand_in_id(without)))
        shown.end()
        return tuple(found)

    async def list_beta(self) -> dict[str, JsonObject]:
        """Read all policies as beta shows them, by id (lower case): v1.0 hides members that exist only there."""
        found = await whole_once(self._channel, _LIST_BETA, wire.listed_object, said=lambda raw: raw)
        return {str(raw["id"]).lower(): raw for raw in found if isinstance(raw.get("id"), str)}

    async def read(self, policy_id: str) -> ConditionalAccessPolicy | None:
        """Read a policy until three reads in a row say the same; None when they agree that it does not exist.

        A policy that was created here moments ago and is not found yet counts as not agreed. Raises `IncompleteRead`
        when the reads do not come to agree.
        """
        agreeing, last, called = 0, "", policy_id
        for number in range(_MOST_READS):
            if number:
                agree = Waiting(kind=WaitKind.ANSWERS_AGREE, name=called, number=_AGREEING)
                await self._channel.persistence.pause(agree, self._pause)
            policy = await self._read_once(policy_id)
            if policy is not None:
                called = repr(policy.display_name)
            if policy is None and self._is_new(policy_id):
                agreeing, last = 0, ""
                continue
            said = sha256_of(None if policy is None else policy.raw)
            agreeing = agreeing + 1 if said == last else 1
            last = said
            if agreeing == _AGREEING:
                return policy
        raise IncompleteRead(
            f"Graph's answers about the policy {policy_id} did not come to agree in {_MOST_READS} reads.",
            hint="Run the command again in a few minutes; new and changed policies take a while to settle.",
        )

    async def _read_once(self, policy_id: str) -> ConditionalAccessPolicy | None:
        call = dataclasses.replace(_LIST, path=f"{_PATH}/{policy_id}", doing=f"reading the policy {policy_id}")
        try:
            return await self._channel.read(call, wire.policy)
        except NotFound:
            return None

    def _is_new(self, policy_id: str) -> bool:
        created = self._created_at.get(policy_id)
        return created is not None and self._channel.clock.monotonic() - created < _NEW_FOR_SECONDS

    async def create(
        self, body: JsonObject, *, client_request_id: str, may_leave: MayLeave, is_wanted: IsWanted
    ) -> PolicyReply:
        """Create a policy, sent once at most. Raises a `RemoteProblem` for a definite no."""
        doing = f"creating the policy {body.get('displayName', '')!r}"
        answer = await self._send("POST", _PATH, doing, body, client_request_id, may_leave, is_wanted)
        if isinstance(answer, WriteFate):
            return PolicyReply(fate=answer)
        try:
            policy = wire.policy(answer.body)
        except (*UNUSABLE, BadAnswer):
            # Created, but the reply is cut short: the caller finds it by its marker, as after a lost reply.
            return PolicyReply(fate=WriteFate.UNCLEAR)
        self._created_at[policy.id] = self._channel.clock.monotonic()
        return PolicyReply(fate=WriteFate.ACCEPTED, policy=policy)

    async def update(
        self, policy_id: str, body: JsonObject, *, client_request_id: str, may_leave: MayLeave, is_wanted: IsWanted
    ) -> WriteFate:
        """Patch a policy, sent once at most. Raises a `RemoteProblem` for a definite no."""
        doing = f"changing the policy {policy_id}"
        answer = await self._send("PATCH", f"{_PATH}/{policy_id}", doing, body, client_request_id, may_leave, is_wanted)
        return answer if isinstance(answer, WriteFate) else WriteFate.ACCEPTED

    async def delete(
        self, policy_id: str, *, client_request_id: str, may_leave: MayLeave, is_wanted: IsWanted
    ) -> WriteFate:
        """Delete a policy, sent once at most; accepted also when it is gone already.

        Raises a `RemoteProblem` for a definite no.
        """
        doing = f"deleting the policy {policy_id}"
        try:
            answer = await self._send(
                "DELETE", f"{_PATH}/{policy_id}", doing, None, client_request_id, may_leave, is_wanted
            )
        except NotFound:
            return WriteFate.ACCEPTED
        finally:
            # From now on, not found is what it is.
            self._created_at.pop(policy_id, None)
        return answer if isinstance(answer, WriteFate) else WriteFate.ACCEPTED

    async def _send(
        self,
        method: str,
        path: str,
        doing: str,
        body: JsonObject | None,
        client_request_id: str,
        may_leave: MayLeave,
        is_wanted: IsWanted,
    ) -> Answer | WriteFate:
        """Send a write once: the answer when it is a yes, `UNCLEAR` or `STALE` as it is, an error when it is a no."""
        try:
            answer = await self._channel.send_once(
                method,
                path,
                bucket=Bucket.CONDITIONAL_ACCESS,
                cost=1,
                doing=doing,
                body=body,
                client_request_id=client_request_id,
                may_leave=may_leave,
                is_wanted=is_wanted,
            )
        except NotSent:
            return WriteFate.STALE
        except NoAnswer:
            return WriteFate.UNCLEAR
        if answer.is_success:
            self._channel.pacers[Bucket.CONDITIONAL_ACCESS].succeeded()
            return answer
        # A conflict is a no to this very moment: reading and sending again is right, and the caller does both.
        if 400 <= answer.status < 500 and answer.status not in TRANSIENT_STATUSES and answer.status != 409:
            raise refusal_of(answer, doing=doing, needs=POLICY_WRITES)
        return WriteFate.UNCLEAR
