"""Reads grant controls: does this policy demand MFA, block, or neither, and what may replace MFA?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from migrate.decide.coverage.policy import CONTROL_AXES, CONTROL_WORDS, Control, Demand, Kind
from migrate.decide.coverage.strictly import Doubts, is_empty, shown, spelled
from migrate.decide.coverage.vocabulary import (
    BUILT_IN_STRENGTHS,
    FIRST_FACTORS,
    MULTI_FACTORS,
    SECOND_FACTORS,
    SINGLE_FACTORS,
    ControlName,
)
from migrate.model.record import JsonObject

_ABOUT = "demand"
_FIRST, _SECOND = (frozenset(map(str.casefold, modes)) for modes in (FIRST_FACTORS, SECOND_FACTORS))
_SINGLE, _MULTI = (frozenset(map(str.casefold, modes)) for modes in (SINGLE_FACTORS, MULTI_FACTORS))
_CONTROLS = spelled(tuple(control.value for control in ControlName))


def demand_of(raw: JsonObject, strengths: Mapping[str, Sequence[JsonObject]], doubts: Doubts) -> Demand:
    """Return what a policy's grantControls ask for.

    `strengths` are the tenant's authentication strengths by id (lower case), each as often as it was sent. A control
    that is not known only adds to MFA where all controls are asked for (operator AND); else it may replace it.
    Source: Graph resource conditionalAccessGrantControls; Entra page "Grant controls in Conditional Access policy".
    """
    if "grantControls" not in raw:
        # Graph writes null where a policy grants nothing.
        doubts.add(_ABOUT, "grantControls is not shown")
    grant = doubts.object_at(raw, "grantControls", "grantControls", _ABOUT)
    if grant is None:
        return _nothing("nothing: it sets session controls only")
    doubts.unknown_members(grant, "grantControls", "grantControls", _ABOUT)
    named = doubts.texts_at(grant, "builtInControls", "grantControls", _ABOUT)
    built_in = {_CONTROLS[name.casefold()] for name in named if name.casefold() in _CONTROLS}
    unknown = sorted({name for name in named if name.casefold() not in _CONTROLS})
    controls = [
        *(_built_in(ControlName(name)) for name in sorted(built_in - {ControlName.BLOCK})),
        *_strength(grant, strengths, doubts),
        *_others(grant, doubts),
    ]
    one_of = _is_one_of(grant, len(controls) + len(unknown), doubts)
    if any(control.is_mfa for control in controls) and not one_of and ControlName.BLOCK not in built_in:
        controls += [Control(f"control:{name}", False, f"{name!r}, which is not known here") for name in unknown]
    else:
        doubts.choices(tuple(unknown), _CONTROLS, "builtInControls", _ABOUT)
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


def _strength(grant: JsonObject, strengths: Mapping[str, Sequence[JsonObject]], doubts: Doubts) -> list[Control]:
    inline = doubts.object_at(grant, "authenticationStrength", "grantControls.authenticationStrength", _ABOUT)
    if inline is None:
        return []
    strength_id = inline.get("id")
    if not isinstance(strength_id, str) or not strength_id:
        doubts.add(_ABOUT, f"an authentication strength without an id: {shown(inline)}")
        return []
    listed = strengths.get(strength_id.casefold(), ())
    copies = [*listed, inline]
    name = next((str(copy["displayName"]) for copy in copies if copy.get("displayName")), strength_id)
    try:
        for part in ("requirementsSatisfied", "allowedCombinations"):
            if any(part not in copy for copy in listed):
                raise ValueError(f"its {part} is not shown")
        problem = _what_is_wrong_with(copies, is_built_in=strength_id.casefold() in BUILT_IN_STRENGTHS)
    except ValueError as doubt:
        doubts.add(_ABOUT, f"the authentication strength {name} cannot be resolved: {doubt}")
        return []
    words = f"the authentication strength {name!r}{problem}"
    return [Control(f"strength:{strength_id.casefold()}" if problem else "", not problem, words)]


def _what_is_wrong_with(copies: Sequence[JsonObject], *, is_built_in: bool) -> str:
    """Return in brackets why a strength is no MFA; empty when it is. Raises ValueError where that is not known.

    The copy inside the policy and the ones of the tenant's list all have to say the same. It is MFA only when
    `requirementsSatisfied` says so and no combination of methods is a single factor.
    """
    satisfied = {shown(copy.get("requirementsSatisfied")).casefold() for copy in copies} - {"none"}
    if not satisfied and is_built_in:
        satisfied = {"'mfa'"}
    if len(satisfied) != 1 or not satisfied <= {"'mfa'", "'none'"}:
        raise ValueError(f"it satisfies {' or '.join(sorted(satisfied)) or 'nothing that was read'}")
    if satisfied == {"'none'"}:
        return " (no MFA)"
    allowed = {frozenset(_combinations(copy)) for copy in copies} - {frozenset()}
    if len(allowed) > 1:
        raise ValueError("its copies allow different methods")
    if not allowed and not is_built_in:
        raise ValueError("its methods were not read")
    single = sorted(" + ".join(sorted(modes)) for modes in frozenset().union(*allowed) if not _is_multifactor(modes))
    return f" (no MFA: it allows {single[0]})" if single else ""


def _combinations(copy: JsonObject) -> Iterator[frozenset[str]]:
    """Yield the combinations of methods that one copy allows, each as its modes in lower case."""
    allowed = copy.get("allowedCombinations")
    if is_empty(allowed):
        return
    if not isinstance(allowed, list) or not all(isinstance(one, str) for one in allowed):
        raise ValueError(f"allowedCombinations is {shown(allowed)}")
    for one in allowed:
        yield frozenset(mode.strip().casefold() for mode in one.split(","))


def _is_multifactor(modes: frozenset[str]) -> bool:
    unknown = modes - _SINGLE - _SECOND - _MULTI
    if unknown:
        raise ValueError(f"it allows {sorted(unknown)[0]!r}, which is not known")
    # Text messages are a first factor alone and a second one beside a password.
    return bool(modes & _MULTI) or bool(modes & _FIRST and modes & _SECOND)
