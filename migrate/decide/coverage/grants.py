"""Reads grant controls: does this policy demand MFA, block, or neither, and what may replace MFA?"""

from __future__ import annotations

from collections.abc import Mapping

from migrate.decide.coverage.policy import CONTROL_AXES, CONTROL_WORDS, Control, Demand, Kind
from migrate.decide.coverage.strictly import Doubts, shown, spelled
from migrate.decide.coverage.vocabulary import BUILT_IN_STRENGTHS, ControlName
from migrate.model.record import JsonObject

_ABOUT = "demand"
_CONTROLS = spelled(tuple(control.value for control in ControlName))


def demand_of(raw: JsonObject, strengths: Mapping[str, JsonObject], doubts: Doubts) -> Demand:
    """Return what a policy's grantControls ask for.

    `strengths` are the tenant's authentication strengths by id (lower case). Source: Graph resource
    conditionalAccessGrantControls; Entra page "Grant controls in Conditional Access policy".
    """
    grant = doubts.object_at(raw, "grantControls", "grantControls", _ABOUT)
    if grant is None:
        return _nothing("nothing: it sets session controls only")
    doubts.unknown_members(grant, "grantControls", "grantControls", _ABOUT)
    built_in = doubts.choices(
        doubts.texts_at(grant, "builtInControls", "grantControls", _ABOUT), _CONTROLS, "builtInControls", _ABOUT
    )
    controls = [
        *(_built_in(ControlName(name)) for name in sorted(built_in - {ControlName.BLOCK})),
        *_strength(grant, strengths, doubts),
        *_others(grant, doubts),
    ]
    one_of = _is_one_of(grant, len(controls), doubts)
    if ControlName.BLOCK in built_in:
        if controls:
            doubts.add(_ABOUT, "block stands beside other grant controls")
        return Demand(Kind.BLOCK, (), (), False, CONTROL_WORDS[ControlName.BLOCK])
    return _combined(controls, one_of)


def _combined(controls: list[Control], one_of: bool) -> Demand:
    mfa = [control for control in controls if control.is_mfa]
    rest = tuple(control for control in controls if not control.is_mfa)
    words = (" or " if one_of else " and ").join(control.words for control in (*mfa, *rest))
    if not mfa:
        return Demand(Kind.NOTHING, (), rest, one_of, words) if rest else _nothing("nothing")
    if one_of:
        return Demand(Kind.MFA, rest, (), False, words)
    return Demand(Kind.MFA, (), rest, False, words)


def _nothing(words: str) -> Demand:
    return Demand(Kind.NOTHING, (), (), False, words)


def _is_one_of(grant: JsonObject, controls: int, doubts: Doubts) -> bool:
    """Return True for OR. Without an operator, a single control means the same either way."""
    operator = grant.get("operator")
    if isinstance(operator, str) and operator.casefold() in ("and", "or"):
        return operator.casefold() == "or"
    if operator is not None or controls > 1:
        doubts.add(_ABOUT, f"grantControls.operator is not understood: {shown(operator)}")
    return False


def _built_in(name: ControlName) -> Control:
    return Control(CONTROL_AXES.get(name, ""), name is ControlName.MFA, CONTROL_WORDS[name])


def _others(grant: JsonObject, doubts: Doubts) -> list[Control]:
    terms = doubts.texts_at(grant, "termsOfUse", "grantControls", _ABOUT)
    factors = doubts.texts_at(grant, "customAuthenticationFactors", "grantControls", _ABOUT)
    return [
        *(Control(f"termsOfUse:{one}", False, f"accepted terms of use {one}") for one in sorted(set(terms))),
        *(Control(f"customFactor:{one}", False, f"the custom control {one}") for one in sorted(set(factors))),
    ]


def _strength(grant: JsonObject, strengths: Mapping[str, JsonObject], doubts: Doubts) -> list[Control]:
    inline = doubts.object_at(grant, "authenticationStrength", "grantControls.authenticationStrength", _ABOUT)
    if inline is None:
        return []
    strength_id = inline.get("id")
    if not isinstance(strength_id, str) or not strength_id:
        doubts.add(_ABOUT, f"an authentication strength without an id: {shown(inline)}")
        return []
    known = strengths.get(strength_id.casefold(), inline)
    satisfied = known.get("requirementsSatisfied")
    name = known.get("displayName") or strength_id
    if satisfied is None and strength_id.casefold() in BUILT_IN_STRENGTHS:
        satisfied = "mfa"
    if not isinstance(satisfied, str) or satisfied.casefold() not in ("mfa", "none"):
        doubts.add(_ABOUT, f"the authentication strength {name} cannot be resolved: {shown(satisfied)}")
        return []
    is_mfa = satisfied.casefold() == "mfa"
    words = f"the authentication strength {name!r}" + ("" if is_mfa else " (no MFA)")
    return [Control("" if is_mfa else f"strength:{strength_id.casefold()}", is_mfa, words)]
