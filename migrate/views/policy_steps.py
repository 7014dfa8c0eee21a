"""What policy steps do and did, in words, and whom each newly requires to use MFA."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, assert_never

from migrate.model.evidence import PolicyState
from migrate.model.impact import Caught, PolicyImpact
from migrate.model.instants import minute_utc
from migrate.model.journal import Outcome
from migrate.model.policy_scope import SetPolicyScope
from migrate.model.run import PolicyKept, PolicyOutcome
from migrate.model.steps import CreatePolicy, DeletePolicy, PolicyStep, SetPolicyState
from migrate.model.words import counted, first_names

STATES = {
    PolicyState.ENABLED: "enabled",
    PolicyState.REPORT_ONLY: "report-only",
    PolicyState.DISABLED: "disabled",
}


_SCOPE_DONE = {"wider": "Widened", "narrower": "Narrowed", "strength": "Changed the strength of"}
_SCOPE_ASKED = {"wider": "widen", "narrower": "narrow", "strength": "change the strength of"}
_SCOPE_COUNTED = {"wider": "policiesWidened", "narrower": "policiesNarrowed", "strength": "policiesOfOtherStrength"}


def _change(step: SetPolicyScope) -> Literal["wider", "narrower", "strength"]:
    if step.reaches_more:
        return "wider"
    return "strength" if step.asks_otherwise and not step.reaches_fewer else "narrower"


def switches_on(step: PolicyStep) -> bool:
    """Tell whether a step makes a policy require something of somebody of whom it did not."""
    if isinstance(step, SetPolicyScope):
        return step.policy_state is PolicyState.ENABLED and step.widens
    return isinstance(step, SetPolicyState) and step.switches_on


def impact_of(step: PolicyStep, impacts: Sequence[PolicyImpact]) -> PolicyImpact | None:
    """Return whom the policy of a step catches; None for a step that switches none on."""
    return next((one for one in impacts if one.key == step.key), None) if switches_on(step) else None


def required_words(impact: PolicyImpact) -> str:
    """Return of how many people a policy newly requires MFA, and of how many it is required already."""
    new, already = impact.newly_required, impact.number(Caught.REQUIRED_ALREADY)
    names = first_names((*impact.sample(Caught.NEWLY_REQUIRED), *impact.sample(Caught.GUEST)), new)
    kinds = ", ".join(
        f"{impact.number(caught)} {words}"
        for caught, words in (
            (Caught.GUEST, "guests"),
            (Caught.NOT_CAPABLE, "not MFA capable"),
        )
        if impact.number(caught)
    )
    said = f"{counted(new, 'person is', 'people are')} newly required to use MFA"
    return f"{said}{f' ({kinds})' if kinds else ''}{f': {names}' if names else ''}; {already} are required already"


def outcome_lines(outcomes: Sequence[PolicyOutcome], impacts: Sequence[PolicyImpact]) -> Iterator[str]:
    """Yield a sentence for each policy step that was come to: what was done, when, and what it means for people."""
    for each in outcomes:
        yield f"{_done_words(each)} at {minute_utc(each.at)}{_why(each)}."
        impact = impact_of(each.step, impacts)
        if each.is_done and impact is not None:
            yield f"  {required_words(impact)}."


def _why(each: PolicyOutcome) -> str:
    return "" if each.is_done or not str(each.reason) else f": {each.reason}"


def _done_words(each: PolicyOutcome) -> str:
    name = repr(each.step.display_name)
    if each.outcome is Outcome.SKIPPED:
        return f"Left as it was: {name}"
    if not each.is_done:
        return f"Not done, or not known to be: {_asked_words(each.step)}"
    match each.step:
        case CreatePolicy():
            return f"Created, {_created_in(each.step)}: {name}"
        case SetPolicyState(after=PolicyState.ENABLED):
            return f"Switched on: {name}"
        case SetPolicyState():
            return f"Set to {STATES[each.step.after]}: {name}"
        case SetPolicyScope():
            return f"{_SCOPE_DONE[_change(each.step)]}: {name}"
        case DeletePolicy():
            return f"Deleted: {name}"
        case _:
            assert_never(each.step)


def _created_in(step: CreatePolicy) -> str:
    return STATES[PolicyState(step.body.get("state", PolicyState.REPORT_ONLY.value))]


def _asked_words(step: PolicyStep) -> str:
    match step:
        case CreatePolicy():
            return f"create {step.display_name!r}, {_created_in(step)}"
        case SetPolicyState():
            return f"set {step.display_name!r} to {STATES[step.after]}"
        case SetPolicyScope():
            return f"{_SCOPE_ASKED[_change(step)]} {step.display_name!r}"
        case DeletePolicy():
            return f"delete {step.display_name!r}"
        case _:
            assert_never(step)


def sign_of(step: PolicyStep) -> str:
    """Return the sign that Terraform gives a change."""
    match step:
        case CreatePolicy():
            return "+"
        case SetPolicyState() | SetPolicyScope():
            return "~"
        case DeletePolicy():
            return "-"
        case _:
            assert_never(step)


def said_of(step: PolicyStep) -> str:
    """Return one line about what a step does, and of a state also what was before it."""
    if isinstance(step, SetPolicyState):
        return f"set {step.display_name!r} from {STATES[step.before]} to {STATES[step.after]}"
    return _asked_words(step)


def step_question(step: PolicyStep, impacts: Sequence[PolicyImpact]) -> str:
    """Return what a step will do and whom it newly requires, for whoever is asked."""
    impact = impact_of(step, impacts)
    return f"{sign_of(step)} {_asked_words(step)}{f': {required_words(impact)}' if impact is not None else ''}"


def kept_words(kept: PolicyKept) -> str:
    """Say that a policy stays as it is, and why."""
    return f"{kept.step.display_name!r} stays as it is ({said_of(kept.step)}): {kept.why}"


def outcome_document(each: PolicyOutcome, impacts: Sequence[PolicyImpact]) -> dict[str, Any]:
    """Return what became of a policy step, for programs."""
    impact = impact_of(each.step, impacts)
    return {
        "step": type(each.step).__name__,
        "displayName": each.step.display_name,
        "requested": each.step.after if isinstance(each.step, SetPolicyState) else None,
        "outcome": each.outcome,
        "at": each.at,
        "reason": str(each.reason) or None,
        "newlyRequired": None if impact is None else impact.newly_required,
        "requiredAlready": None if impact is None else impact.number(Caught.REQUIRED_ALREADY),
    }


def outcome_counts(outcomes: Sequence[PolicyOutcome]) -> dict[str, int]:
    """Return how many policies were created, switched on, set back and deleted; what nobody did is left out."""
    counts: dict[str, int] = {}
    for each in outcomes:
        if each.is_done:
            key = _count_key(each.step)
            counts[key] = counts.get(key, 0) + 1
    return counts


def _count_key(step: PolicyStep) -> str:
    match step:
        case CreatePolicy():
            return "policiesCreated"
        case SetPolicyState(after=PolicyState.ENABLED):
            return "policiesSwitchedOn"
        case SetPolicyState():
            return "policiesSetBack"
        case SetPolicyScope():
            return _SCOPE_COUNTED[_change(step)]
        case DeletePolicy():
            return "policiesDeleted"
        case _:
            assert_never(step)
