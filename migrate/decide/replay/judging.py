"""Judge a kind of sign-in under a set of policies: what the log does not say is tried both ways, where a policy asks.

Only axes that a policy limits are multiplied. Where all ways end alike the answer is sure, however little is known:
"MFA on iOS" with "MFA everywhere but on iOS" is MFA.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from migrate.decide.coverage.policy import PolicyReading
from migrate.decide.coverage.vocabulary import BASELINE_SCOPES, DIRECTORY, ENUMERATED, Axis
from migrate.decide.sign_ins.words import client_types
from migrate.decide.what_if import Truth, WhatIf
from migrate.model.evidence import Evidence, PolicyState
from migrate.model.explanation import PastSignIn, SignInOutcome
from migrate.model.sign_ins import Form, SignInKind
from migrate.model.users import UserProfile

UserClass = tuple[Truth, ...]
"""Which policies are assigned: users with the same answer are as one to every sign-in."""

Risk = tuple[Axis, str]
"""A risk of the person, of which the log says nothing: which, and its level."""
_OF_THE_PERSON = (Axis.USER_RISK, Axis.INSIDER_RISK)

_APP, _CLIENT, _PLATFORM, _FLOW, _RISK, _PLACE, _COMPLIANT, _HYBRID, _NETWORK = (
    "app",
    "clientAppType",
    "platform",
    "flow",
    "signInRisk",
    "location",
    "device:compliant",
    "device:hybridJoined",
    "compliantNetwork",
)


@dataclass(frozen=True, slots=True)
class Judged:
    """What sign-ins of a kind meet."""

    outcomes: frozenset[SignInOutcome]
    """More than one where it depends on what the log does not say."""
    depends_on: tuple[str, ...]
    applies: tuple[Truth, ...]
    """For each policy, whether it applies; None where that depends, too."""

    @property
    def outcome(self) -> SignInOutcome | None:
        """Return the one outcome; None where there are several."""
        return next(iter(self.outcomes)) if len(self.outcomes) == 1 else None


class KindJudge:
    """Judges kinds under one reading of the evidence; remembers what it judged."""

    def __init__(self, evidence: Evidence) -> None:
        self._what_if = WhatIf(evidence)
        self._classes: dict[str, UserClass] = {}
        self._shared: dict[UserClass, UserClass] = {}
        self._limited: dict[UserClass, frozenset[str]] = {}
        self._risks: dict[UserClass, frozenset[Risk]] = {}
        self._known: dict[tuple[UserClass, tuple[Any, ...]], Judged] = {}
        self.judged = 0
        """Calls of the evaluator so far."""

    @property
    def readings(self) -> tuple[PolicyReading, ...]:
        """The policies, in the order of `Judged.applies`."""
        return self._what_if.readings

    def class_of(self, profile: UserProfile) -> UserClass:
        """Return the class of a user."""
        found = self._classes.get(profile.id)
        if found is None:
            assigned = self._what_if.assigned_to(profile)
            found = self._classes[profile.id] = self._shared.setdefault(assigned, assigned)
        return found

    def risks_of(self, user_class: UserClass) -> frozenset[Risk]:
        """Return the risks of the person that some policy asks about which may be assigned to such users."""
        found = self._risks.get(user_class)
        if found is None:
            found = self._risks[user_class] = frozenset(
                (axis, level)
                for reading, assigned in zip(self.readings, user_class, strict=True)
                if assigned is not False and reading.policy.policy_state is not PolicyState.DISABLED
                for axis in _OF_THE_PERSON
                for level in reading.limits.get(axis, ())
                if level != "none"
            )
        return found

    def judge(self, user_class: UserClass, kind: SignInKind, risk: Risk | None = None) -> Judged:
        """Return what sign-ins of a kind by users of a class meet; with `risk` if the person were at it."""
        limited = self._limited.get(user_class)
        if limited is None:
            limited = self._limited[user_class] = frozenset(self._limited_by(user_class))
        axes = {name: values for name, values in _axes_of(kind).items() if len(values) == 1 or name in limited}
        if risk is not None:
            axes[risk[0].value] = (risk[1],)
        key = (user_class, tuple(axes.items()))
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._judged(user_class, axes)
        return found

    def _judged(self, user_class: UserClass, axes: Mapping[str, tuple[Any, ...]]) -> Judged:
        names = [name for name, values in axes.items() if len(values) > 1]
        certain = {name: values[0] for name, values in axes.items() if len(values) == 1}
        answers: dict[tuple[Any, ...], SignInOutcome] = {}
        together: tuple[Truth, ...] | None = None
        for values in product(*(axes[name] for name in names)):
            outcome, applies = self._what_if.weighed(
                user_class, _sign_in({**certain, **dict(zip(names, values, strict=True))})
            )
            self.judged += 1
            answers[values] = outcome
            together = (
                applies
                if together is None
                else tuple(one if one is other else None for one, other in zip(together, applies, strict=True))
            )
        depends = tuple(name for place, name in enumerate(names) if _matters(place, answers))
        if SignInOutcome.UNKNOWN in answers.values():
            depends = depends or ("unknown",)
        return Judged(frozenset(answers.values()), depends, together or ())

    def _limited_by(self, user_class: UserClass) -> Iterator[str]:
        """Yield the axes that some policy which may be assigned to such users asks about."""
        for reading, assigned in zip(self.readings, user_class, strict=True):
            if assigned is False or reading.policy.policy_state is PolicyState.DISABLED:
                continue
            yield from _asked_by(reading)


def _asked_by(reading: PolicyReading) -> Iterator[str]:
    yield _APP
    yield from (axis.value for axis in reading.limits)
    # A demand for MFA refuses clients that cannot answer, so the client counts for every policy.
    yield _CLIENT
    if reading.places is not None:
        yield _PLACE
        yield _NETWORK
    controls = (*reading.demand.also, *reading.demand.replaced_by)
    if reading.rules or any(control.axis in (_COMPLIANT, _HYBRID) for control in controls):
        yield _COMPLIANT
        yield _HYBRID


def _axes_of(kind: SignInKind) -> dict[str, tuple[Any, ...]]:
    """Return every value that a sign-in of this kind may have on each axis."""
    places = [kind.places] if kind.places_seen_by_resource is None else [kind.places, kind.places_seen_by_resource]
    return {
        _APP: _apps_of(kind),
        _CLIENT: client_types(kind.client, kind.platform),
        _PLATFORM: ENUMERATED[Axis.PLATFORM] if kind.platform is None else (kind.platform,),
        _FLOW: _flows_of(kind),
        _RISK: ENUMERATED[Axis.SIGN_IN_RISK] if kind.risk is None else (_risk_of(kind.risk),),
        _PLACE: tuple((within, kind.country) for within in dict.fromkeys(places)),
        _COMPLIANT: (True, False) if kind.compliant is None else (kind.compliant,),
        _HYBRID: (True, False) if kind.hybrid_joined is None else (kind.hybrid_joined,),
        _NETWORK: (True, False) if kind.global_secure_access is None else (kind.global_secure_access,),
        "contexts": (kind.contexts,),
    }


def _apps_of(kind: SignInKind) -> tuple[str | None, ...]:
    """Return what a sign-in was to. The log keeps no scopes: one to the directory may have asked for baseline ones."""
    if DIRECTORY in kind.resources:
        return (*kind.resources, BASELINE_SCOPES)
    return kind.resources or (None,)


def _risk_of(word: str) -> str:
    """Return a risk in the words of policies; a word of tomorrow stays, and is in no policy's list."""
    return {risk.casefold(): risk for risk in ENUMERATED[Axis.SIGN_IN_RISK]}.get(word.casefold(), word)


def _flows_of(kind: SignInKind) -> tuple[str, ...]:
    flows = ENUMERATED[Axis.FLOW]
    if kind.flow is not None:
        return ({flow.casefold(): flow for flow in flows}.get(kind.flow.casefold(), kind.flow),)
    by_protocol = {"devicecode": "deviceCodeFlow", "authenticationtransfer": "authenticationTransfer"}
    told = by_protocol.get((kind.protocol or "").casefold())
    if told is not None:
        return (told,)
    # The protocol shows only how a chain of sign-ins began; later ones keep the transfer without saying so.
    return ("none",) if kind.form is Form.INTERACTIVE and kind.protocol else flows


def _sign_in(values: Mapping[str, Any]) -> PastSignIn:
    within, country = values.get(_PLACE, (None, None))
    return PastSignIn(
        app=values.get(_APP),
        client_app_type=values.get(_CLIENT),
        platform=values.get(_PLATFORM),
        country=("unknown" if country == "" else country),
        sign_in_risk=values.get(_RISK),
        user_risk=values.get(Axis.USER_RISK.value, "none"),
        insider_risk=values.get(Axis.INSIDER_RISK.value, "none"),
        compliant=values.get(_COMPLIANT),
        hybrid_joined=values.get(_HYBRID),
        flow=values.get(_FLOW),
        within=within,
        compliant_network=values.get(_NETWORK),
        contexts=values.get("contexts"),
    )


def _matters(place: int, answers: Mapping[tuple[Any, ...], SignInOutcome]) -> bool:
    """Tell whether the outcome changes along one axis while all others stay."""
    seen: dict[tuple[Any, ...], SignInOutcome] = {}
    for values, outcome in answers.items():
        others = (*values[:place], *values[place + 1 :])
        if seen.setdefault(others, outcome) is not outcome:
            return True
    return False
