"""An offline What If: which policies apply to one sign-in of one user, and what the sign-in meets.

Three-valued throughout: what is not understood, not read or not stated is not known, and never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import assert_never

from migrate.decide.coverage.context import Context, context_of
from migrate.decide.coverage.locations import ALL, ALL_TRUSTED, Countries, NotUnderstood, Ranges, lies_in
from migrate.decide.coverage.policy import CONTROL_AXES, Control, Demand, Kind, PolicyReading
from migrate.decide.coverage.principals import Directory, Facts, Match, kinds_of, named_users
from migrate.decide.coverage.projection import AGENTS_NOT_JUDGED, may_reach_agents
from migrate.decide.coverage.this_moment import Moment
from migrate.decide.coverage.vocabulary import (
    APP_GROUPS,
    APP_NAMES,
    COMPLIANT_NETWORK,
    LEGACY_CLIENTS,
    MFA_TRUSTED_IPS,
    Axis,
    ControlName,
    UserKind,
    membership_of,
)
from migrate.decide.device_filters import StatedDevice, matches
from migrate.decide.stated_sign_in import DEVICE_CODE, STATED_OPTIONS, Address, address_of
from migrate.model.evidence import Evidence, PolicyState
from migrate.model.explanation import PastSignIn, PolicyAnswer, SignIn, SignInOutcome, WhatIfAnswer
from migrate.model.users import UserProfile

DEVICE_FILTER = "deviceFilter"
"""The coordinate of filters for devices begins with it."""

UNKNOWN_COUNTRY = "unknown"
"""As a stated country: the address cannot be looked up to one."""

_STATELESS_CLIENT = "other"
"""Clients of this type tell nothing of the device."""

Truth = bool | None
"""None: not known."""


@dataclass(frozen=True, slots=True)
class _Check:
    """One condition of a policy, held against the sign-in."""

    holds: Truth
    words: str


@dataclass(frozen=True, slots=True)
class _Verdict:
    """One policy held against the sign-in."""

    reading: PolicyReading
    applies: Truth
    reasons: tuple[str, ...]
    effects: frozenset[SignInOutcome]
    """What it does where it applies; more than one where that is not known."""


class WhatIf:
    """Answers What If questions from one reading of the evidence. Pure."""

    def __init__(self, evidence: Evidence) -> None:
        self._context: Context = context_of(evidence)
        self._trust = evidence.capability.trust if evidence.capability is not None else None
        self._directory = Directory(evidence)
        self._facts = Facts(evidence, named_users(self._context.readings))

    def answer_for(self, profile: UserProfile, sign_in: SignIn) -> WhatIfAnswer:
        """Return the outcome of a sign-in and why each policy applies or does not.

        Raises:
            UsageProblem: The address is none.
        """
        verdicts = [
            _verdict(reading, [people, *self._checks(reading, sign_in)], sign_in)
            for reading, people in zip(self._context.readings, self._assigned(profile, sign_in), strict=True)
        ]
        if sign_in.external_user_type == UserKind.B2B_DIRECT_CONNECT.value:
            trusted = self._trust.of(sign_in.external_tenant_id) if self._trust is not None else None
            verdicts = [_without_registering(one, trusted=trusted) for one in verdicts]
        outcome, because, deciding = _outcome(verdicts)
        # What decides comes first, then what applies, may apply, does not.
        verdicts.sort(key=lambda one: (one not in deciding, {True: 0, None: 1, False: 2}[one.applies]))
        return WhatIfAnswer(
            outcome=outcome,
            because=because,
            deciding=tuple(one.reading.id for one in deciding),
            policies=tuple(_answer(one) for one in verdicts),
        )

    @property
    def readings(self) -> tuple[PolicyReading, ...]:
        """The policies, in the order of every list of answers about them."""
        return self._context.readings

    def assigned_to(self, profile: UserProfile) -> tuple[Truth, ...]:
        """Return which policies are assigned to a user: users with the same answer are as one to every sign-in."""
        return tuple(people.holds for people in self._assigned(profile, SignIn()))

    def weighed(self, assigned: tuple[Truth, ...], sign_in: SignIn) -> tuple[SignInOutcome, tuple[Truth, ...]]:
        """Return what a sign-in of such users meets, and whether each policy applies to it.

        Raises:
            UsageProblem: The address is none.
        """
        verdicts = [
            _verdict(reading, [_Check(holds, ""), *self._checks(reading, sign_in)], sign_in)
            if holds is not False
            else _Verdict(reading, False, (), frozenset())
            for reading, holds in zip(self._context.readings, assigned, strict=True)
        ]
        return _outcome(verdicts)[0], tuple(one.applies for one in verdicts)

    def _assigned(self, profile: UserProfile, sign_in: SignIn) -> Iterator[_Check]:
        """Yield for each policy whether it is assigned to the user at the moment of this sign-in."""
        facts, kinds = self._facts.spelled_out(self._facts.of(profile.id)), kinds_of(profile)
        if sign_in.external_user_type is not None:
            kinds = frozenset({UserKind(sign_in.external_user_type)})
        moment = Moment(external_tenant_id=sign_in.external_tenant_id)
        entrances = self._directory.entrances_of(profile.id, self._directory.nested_among(facts))
        for reading in self._context.readings:
            if profile.is_agent and may_reach_agents(reading):
                yield _Check(None, f"users: {AGENTS_NOT_JUDGED}")
                continue
            answer = self._directory.assignment_of(reading, facts, kinds, entrances, moment)
            known = {Match.YES: True, Match.NO: False, Match.NOT_KNOWN: None}[answer.match]
            how = "excluded as " if answer.excluded else ""
            yield _Check(known, f"users: {how}{'; '.join(answer.paths)}")

    def _checks(self, reading: PolicyReading, sign_in: SignIn) -> Iterator[_Check]:
        yield _target(reading, sign_in)
        for axis, values in reading.limits.items():
            yield _limit(axis, values, getattr(sign_in, STATED_OPTIONS[axis][0]))
        if reading.places is not None:
            yield self._place(reading, sign_in)
        for name, wanted in reading.rules.items():
            yield _filtered(name, wanted, sign_in)

    def _place(self, reading: PolicyReading, sign_in: SignIn) -> _Check:
        assert reading.places is not None
        included = _any(self._is_in(name, sign_in) for name in reading.places.include)
        excluded = _any(self._is_in(name, sign_in) for name in reading.places.exclude)
        where = sign_in.ip or sign_in.country or "the place"
        if excluded is True:
            return _Check(False, f"location: {where} is excluded")
        if included is False:
            return _Check(False, f"location: {where} is not included")
        if included is None or excluded is None:
            return _Check(None, "location: not known from the stated address and country")
        return _Check(True, f"location: {where} is included")

    def _is_in(self, name: str, sign_in: SignIn) -> Truth:
        if name == ALL:
            return True
        address = address_of(sign_in.ip)
        if name == ALL_TRUSTED:
            # The MFA trusted IPs cannot be read; an address is taken as outside them.
            trusted = [
                where for where in self._context.locations.values() if isinstance(where, Ranges) and where.trusted
            ]
            return _any(iter([_lies_within(where, address, sign_in) for where in trusted] or [False]))
        if name == COMPLIANT_NETWORK and isinstance(sign_in, PastSignIn):
            return sign_in.compliant_network
        location = self._context.locations.get(name)
        match location:
            case Ranges():
                return _lies_within(location, address, sign_in)
            case Countries():
                if location.by_gps or sign_in.country is None:
                    return None
                if sign_in.country.casefold() == UNKNOWN_COUNTRY:
                    return location.unknown
                return sign_in.country.upper() in location.countries
            case NotUnderstood() | None:
                return False if name == MFA_TRUSTED_IPS and address is not None else None
            case _:
                assert_never(location)


def _lies_within(location: Ranges, address: Address | None, sign_in: SignIn) -> Truth:
    """Tell whether a sign-in came from a location: by its address, or by what was kept of it."""
    if address is not None:
        return lies_in(location, address)
    if isinstance(sign_in, PastSignIn) and sign_in.within is not None:
        return location.id in sign_in.within
    return None


def _filtered(name: str, wanted: bool, sign_in: SignIn) -> _Check:
    """Hold the filter of a policy against the stated device; a filter for applications is never evaluated."""
    about, _, rule = name.partition(":")
    found: Truth = None
    if about == DEVICE_FILTER:
        found = {"matches": True, "no": False}.get(sign_in.device_filter or "")
        if found is None and not _tells_nothing_of_the_device(sign_in):
            device = StatedDevice(compliant=sign_in.compliant, hybrid_joined=sign_in.hybrid_joined)
            found = matches(rule, device)
    if found is None:
        more = "; --device-filter settles it" if about == DEVICE_FILTER else ""
        return _Check(None, f"the filter {rule!r} is not evaluated here{more}")
    words = "matches" if found else "does not match"
    return _Check(found is wanted, f"device: {words} the filter {rule!r}")


def _tells_nothing_of_the_device(sign_in: SignIn) -> bool:
    """Tell whether the client hands over no state of the device: legacy clients, and whoever types a code elsewhere.

    Source: Entra page "Grant controls in Conditional Access policy", notes on device compliance.
    """
    return sign_in.client_app_type == _STATELESS_CLIENT or sign_in.flow == DEVICE_CODE


def _limit(axis: Axis, values: frozenset[str], stated: str | None) -> _Check:
    listed = ", ".join(sorted(values)) or "nothing"
    if stated is None:
        return _Check(None, f"{axis.value}: not stated; the policy is limited to {listed}")
    if stated in values:
        return _Check(True, f"{axis.value}: {stated} is included")
    return _Check(False, f"{axis.value}: {stated} is not among {listed}")


def _target(reading: PolicyReading, sign_in: SignIn) -> _Check:
    targets = reading.targets
    if sign_in.user_action is not None:
        wanted = sign_in.user_action.casefold() in {action.casefold() for action in targets.user_actions}
        return _Check(wanted, f"user action: {sign_in.user_action} is {'' if wanted else 'not '}included")
    app = (sign_in.app or "").casefold()
    if targets.contexts and isinstance(sign_in, PastSignIn):
        about = None if sign_in.contexts is None else bool(targets.contexts & set(sign_in.contexts))
        return _Check(about, "target: the policy is about authentication contexts")
    if targets.user_actions or targets.contexts:
        return _Check(False, "target: the policy is about user actions or authentication contexts, not about apps")
    # Of an application that no document lists in a group, it is not known whether it belongs to it.
    membership = membership_of(app)
    names = {app, *membership.surely}
    groups = (targets.apps | targets.excluded_apps) & {group.casefold() for group in APP_GROUPS} & membership.perhaps
    words = f"app: {APP_NAMES.get(app, app)}"
    if ALL in targets.excluded_apps or names & targets.excluded_apps:
        return _Check(False, f"{words} is excluded")
    perhaps = ", ".join(sorted(APP_NAMES.get(group, group) for group in groups))
    if groups & targets.excluded_apps:
        return _Check(None, f"{words}: no document says whether it belongs to {perhaps}, which the policy excludes")
    if targets.every_app or names & targets.apps:
        return _Check(True, f"{words} is included")
    if groups:
        return _Check(None, f"{words}: no document says whether it belongs to {perhaps}, which the policy includes")
    return _Check(False, f"{words} is not included")


def _verdict(reading: PolicyReading, checks: list[_Check], sign_in: SignIn) -> _Verdict:
    effects = _effects(reading, sign_in)
    against = tuple(check.words for check in checks if check.holds is False)
    if against:
        return _Verdict(reading, False, against, effects)
    doubts = [problem.sentence for problem in reading.problems]
    doubts += [check.words for check in checks if check.holds is None]
    if doubts:
        return _Verdict(reading, None, tuple(doubts), effects)
    return _Verdict(reading, True, tuple(check.words for check in checks), effects)


def _without_registering(one: _Verdict, *, trusted: Truth) -> _Verdict:
    """Return what a demand for MFA does to somebody who has no account here, so can register nothing.

    Source: Entra page "Authentication and Conditional Access for External ID": B2B direct connect is blocked where MFA
    is asked for and that of the home tenant is not trusted.
    """
    if trusted or SignInOutcome.MFA not in one.effects:
        return one
    may_pass = one.effects if trusted is None else one.effects - {SignInOutcome.MFA}
    known = "not trusted here" if trusted is False else "perhaps not trusted here"
    words = f"MFA of the home tenant is {known}, and a user of B2B direct connect cannot register"
    return replace(one, effects=may_pass | {SignInOutcome.BLOCK}, reasons=(*one.reasons, words))


def _effects(reading: PolicyReading, sign_in: SignIn) -> frozenset[SignInOutcome]:
    """Return what the grant can do to the sign-in, given the stated device."""
    if reading.is_doubtful("demand"):
        return frozenset({SignInOutcome.BLOCK, SignInOutcome.MFA, SignInOutcome.NO_MFA})
    demand = reading.demand
    match demand.kind:
        case Kind.BLOCK:
            return frozenset({SignInOutcome.BLOCK})
        case Kind.MFA:
            # A password change asks for MFA first, so it replaces nothing.
            replaced = _any(
                _is_met(control, sign_in) for control in demand.replaced_by if control.axis != _NEW_PASSWORD
            )
            if replaced is True:
                return frozenset({SignInOutcome.NO_MFA})
            legacy = sign_in.client_app_type in LEGACY_CLIENTS
            unmet = any(_is_met(control, sign_in) is False for control in demand.also)
            asked = SignInOutcome.BLOCK if legacy or unmet else SignInOutcome.MFA
            return frozenset({asked}) if replaced is False else frozenset({asked, SignInOutcome.NO_MFA})
        case Kind.NOTHING if _asks_for_a_new_password(demand):
            unmet = any(_is_met(one, sign_in) is False for one in demand.also if one.axis != _NEW_PASSWORD)
            legacy = sign_in.client_app_type in LEGACY_CLIENTS
            return frozenset({SignInOutcome.BLOCK if legacy or unmet else SignInOutcome.MFA})
        case Kind.NOTHING:
            met = [_is_met(control, sign_in) for control in demand.also]
            unmet = bool(met) and (all(one is False for one in met) if demand.also_any else False in met)
            return frozenset({SignInOutcome.BLOCK if unmet else SignInOutcome.NO_MFA})
        case _:
            assert_never(demand.kind)


def _asks_for_a_new_password(demand: Demand) -> bool:
    """Tell whether nobody passes without a new password: it is asked for, and nothing may be met instead."""
    return any(one.axis == _NEW_PASSWORD for one in demand.also) and (not demand.also_any or len(demand.also) == 1)


def _is_met(control: Control, sign_in: SignIn) -> Truth:
    known = {"device:compliant": sign_in.compliant, "device:hybridJoined": sign_in.hybrid_joined}
    if control.axis in known and _tells_nothing_of_the_device(sign_in):
        return False
    return known.get(control.axis)


_NEW_PASSWORD = CONTROL_AXES[ControlName.PASSWORD_CHANGE]
"""Source: Entra page "Grant controls in Conditional Access policy", require password change: MFA comes first."""


def _outcome(verdicts: list[_Verdict]) -> tuple[SignInOutcome, tuple[str, ...], list[_Verdict]]:
    """Return what the enabled policies do together, and which decide. All must be satisfied, so a block wins."""
    counted = [one for one in verdicts if one.applies is not False and _counts(one.reading)]
    sure = [one for one in counted if one.applies is True and len(one.effects) == 1]
    unsure = [one for one in counted if one not in sure]
    for outcome in (SignInOutcome.BLOCK, SignInOutcome.MFA):
        deciding = [one for one in sure if outcome in one.effects]
        if deciding and not (
            outcome is SignInOutcome.MFA and any(SignInOutcome.BLOCK in one.effects for one in unsure)
        ):
            return outcome, tuple(one.reading.name for one in deciding), deciding
    asking = {SignInOutcome.BLOCK, SignInOutcome.MFA}
    doubtful = [one for one in unsure if asking & one.effects]
    doubts = tuple(f"{one.reading.name}: {'; '.join(one.reasons)}" for one in doubtful)
    return (SignInOutcome.UNKNOWN, doubts, doubtful) if doubtful else (SignInOutcome.NO_MFA, (), [])


def _counts(reading: PolicyReading) -> bool:
    return reading.policy.policy_state in (PolicyState.ENABLED, None)


def _answer(one: _Verdict) -> PolicyAnswer:
    return PolicyAnswer(
        id=one.reading.id,
        display_name=one.reading.name,
        state=str(one.reading.policy.raw.get("state")),
        applies=one.applies,
        reasons=one.reasons,
        demands=one.reading.demand.words,
        where="",
        session=_session_of(one.reading),
    )


def _session_of(reading: PolicyReading) -> tuple[str, ...]:
    """Return the session controls that are switched on. Source: Graph resource conditionalAccessSessionControls."""
    controls = reading.policy.raw.get("sessionControls")
    if not isinstance(controls, dict):
        return ()
    off = {key for key, value in controls.items() if isinstance(value, dict) and value.get("isEnabled") is False}
    return tuple(sorted(key for key, value in controls.items() if value and key not in off))


def _any(truths: Iterator[Truth]) -> Truth:
    found = list(truths)
    return True if True in found else None if None in found else False
