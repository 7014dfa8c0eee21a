"""What a plan says of a policy of ours that will be for other people than before, or ask for another strength."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from migrate.decide.own_policies import is_named_by
from migrate.decide.policy_bodies import says_the_same
from migrate.model.evidence import Evidence, PolicyState
from migrate.model.plan import Limits, PlanNote, blocker, warning
from migrate.model.policy_scope import SetPolicyScope
from migrate.model.record import JsonObject
from migrate.model.steps import PolicyStep
from migrate.model.words import counted, lasting

SAMPLE = 5


def scope_blockers(steps: Sequence[PolicyStep], lose: Sequence[str]) -> Iterator[PlanNote]:
    """Yield a blocker where a policy would leave out people whose per-user MFA this folder disabled.

    Args:
        steps: The plan's policy steps.
        lose: Names of those people, who would not be proven covered any more.
    """
    if lose:
        names = ", ".join(repr(step.display_name) for step in steps if isinstance(step, SetPolicyScope))
        yield blocker(
            "narrowing-uncovers",
            f"{names} would be for fewer people, and {counted(len(lose), 'person', 'people')} whose per-user "
            f"MFA was disabled from here would not be covered any more (for example {', '.join(lose[:SAMPLE])}). "
            f"Put them back first with `mfa-migrate rollback --users {','.join(lose[:SAMPLE])}`, or leave the policy "
            "as wide as it is.",
            policies=tuple(step.display_name for step in steps if isinstance(step, SetPolicyScope)),
            n=len(lose),
            names=tuple(lose[:SAMPLE]),
        )


def scope_warnings(steps: Sequence[PolicyStep], limits: Limits) -> Iterator[PlanNote]:
    """Yield how a change of scope takes effect, and that the waits for the policy begin again."""
    for step in steps:
        if not isinstance(step, SetPolicyScope):
            continue
        if step.asks_otherwise:
            yield warning(
                "strength-changes",
                f"{step.display_name!r} will ask for {_asked(step.after)} instead of {_asked(step.before)}. Nobody "
                "loses MFA by it; who could not answer is counted as not MFA capable.",
            )
        if step.widens:
            waits = []
            if step.policy_state is PolicyState.ENABLED:
                whom = "those who are new to it" if step.reaches_more else "people"
                waits.append(f"It is enabled, so {whom} are asked at once.")
            else:
                waits.append(f"It stays report-only for {lasting(limits.report_only_seconds)} after that.")
            settle = lasting(limits.policy_settle_seconds)
            waits.append(f"The waits begin again: nobody is disabled before it has settled for {settle}.")
            wider = f"{step.display_name!r} will be for more people. " if step.reaches_more else ""
            yield warning("scope-widens" if wider else "strength-waits", f"{wider}{' '.join(waits)}")
        if step.reaches_fewer:
            yield warning(
                "scope-narrows",
                f"{step.display_name!r} will leave out people for whom it is now. That is refused as soon as somebody "
                "whose per-user MFA was disabled from here rests on it.",
                policy=step.display_name,
            )


def _asked(body: JsonObject) -> str:
    """Return what a policy asks for: the name of its strength, or MFA."""
    strength = (body.get("grantControls") or {}).get("authenticationStrength") or {}
    return f"the strength {strength.get('displayName') or strength.get('id')!r}" if strength else "MFA"


def edited_warnings(written: Mapping[str, JsonObject], evidence: Evidence) -> Iterator[PlanNote]:
    """Yield a warning for each policy of ours that somebody edited since this folder wrote it.

    Args:
        written: By marker the last body that was written of each.
        evidence: As it was exported.
    """
    for key, body in written.items():
        for policy in evidence.policies:
            if is_named_by(key, policy) and not says_the_same(body, policy):
                yield warning(
                    "own-policy-edited",
                    f"Somebody edited {policy.display_name!r} since it was written from here. Whomever they excluded "
                    "stays excluded, and a rollback leaves the policy where it is; `mfa-migrate verify` names it.",
                    policy=policy.display_name,
                )
