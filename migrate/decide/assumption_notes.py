"""What a plan has to say about proofs that rest on more than what was read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from migrate.decide.coverage.explaining import BASELINE_CLOSING, BASELINE_TAG
from migrate.model.coverage import Assumption
from migrate.model.evidence import ConditionalAccessPolicy
from migrate.model.managed import is_managed
from migrate.model.plan import BASELINE_ANSWER_NOTE, PlanNote, blocker, warning
from migrate.model.tenant_settings import BASELINE_PAGE, BaselineScopes
from migrate.model.words import counted


def undated_answer(answer: BaselineScopes) -> Iterator[PlanNote]:
    """Yield a blocker for a plan that rests on an answer about baseline scopes without a date."""
    if answer.said_on is None:
        yield blocker(
            "baseline-scopes-undated",
            "The answer about baseline scopes carries no date, and the setting can change at any time. Look "
            f"at {BASELINE_PAGE} and write baseline_scopes_by and baseline_scopes_on under [tenant_settings].",
            page=BASELINE_PAGE,
        )


def about_baseline(resting: int, waiting: int, answer: BaselineScopes) -> Iterator[PlanNote]:
    """Yield what the operator has to know about baseline scopes: no API shows the setting.

    Args:
        resting: Planned users whose proof rests on the answer.
        waiting: Users who are held back with the region open.
        answer: As it counts today.
    """
    if resting:
        yield warning(
            BASELINE_ANSWER_NOTE,
            f"The proof of {counted(resting, 'user')} rests on the answer that baseline scopes are {answer.words}. "
            f"Look at {BASELINE_PAGE} again right before the first wave: the setting can change at any time.",
        )
    if waiting:
        yield warning(
            "baseline-scopes-open",
            f"{counted(waiting, 'user')} held back with {BASELINE_TAG} open: {BASELINE_CLOSING}",
        )


def about_managed(resting: int, held: int, used: Iterable[ConditionalAccessPolicy]) -> Iterator[PlanNote]:
    """Yield what the operator has to know about policies that Microsoft changes by itself.

    Args:
        resting: Planned users whose proof rests on such policies.
        held: Users who are held back because theirs rests on the one for users of per-user MFA.
        used: The policies that proofs rest on.
    """
    if resting:
        managed = sorted(policy.display_name for policy in used if is_managed(policy))
        named = ", ".join(map(repr, managed))
        yield warning(
            "managed-scope",
            f"The proof of {counted(resting, 'user')} rests on {named}: Microsoft may change this scope. `verify` "
            "watches it; a policy of your own with equal scope is safer.",
            n=resting,
            policies=tuple(managed),
        )
    if held:
        yield warning(
            "managed-policy-alone",
            f"{counted(held, 'user')} held back: their proof rests on {Assumption.PER_USER_MFA_POLICY.words}.",
        )
