"""An offline What If: which policies apply to one sign-in of one user, and what the sign-in meets.

Three-valued throughout: what is not understood, not read or not stated is not known, and never guessed.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never

import msgspec

from migrate.decide.coverage.context import Context, context_of
from migrate.decide.coverage.locations import ALL, ALL_TRUSTED, Countries, NotUnderstood, Ranges, lies_in
from migrate.decide.coverage.policy import Control, Kind, PolicyReading
from migrate.decide.coverage.principals import Directory, Facts, Match, kinds_of, named_users
from migrate.decide.coverage.strictly import is_guid, spelled
from migrate.decide.coverage.vocabulary import (
    APP_GROUPS,
    ENUMERATED,
    LEGACY_CLIENTS,
    MFA_TRUSTED_IPS,
    USER_ACTIONS,
    Axis,
    membership_of,
)
from migrate.errors import UsageProblem
from migrate.model.evidence import Evidence, PolicyState
from migrate.model.explanation import PolicyAnswer, SignIn, SignInOutcome, WhatIfAnswer
from migrate.model.users import UserProfile

UNKNOWN_COUNTRY = "unknown"
"""As a stated country: the address cannot be looked up to one."""

Truth = bool | None
"""None: not known."""


def spelled_right(sign_in: SignIn) -> SignIn:
    """Return the sign-in with enum values in Graph's spelling; case does not matter.

    Raises:
        UsageProblem: A value that Graph does not have, an address that is none, or an app that is no id.
    """
    _address(sign_in.ip)
    if sign_in.app is not None and not is_guid(sign_in.app):
        raise UsageProblem(
            f"--app takes the application (client) id of one application, not {sign_in.app!r}.",
            hint="Exchange Online is 00000002-0000-0ff1-ce00-000000000000.",
        )
    values: dict[str, str] = {}
    for axis, (name, option) in _OPTIONS.items():
        stated = getattr(sign_in, name)
        if stated is not None:
            values[name] = _spelled(stated, ENUMERATED[axis], option)
    if sign_in.user_action is not None:
        values["user_action"] = _spelled(sign_in.user_action, USER_ACTIONS, "--user-action")
    return msgspec.structs.replace(sign_in, **values)


def _spelled(stated: str, known: tuple[str, ...], option: str) -> str:
    found = spelled(known).get(stated.casefold())
    if found is None:
        raise UsageProblem(f"{option} has no value {stated!r}.", hint=f"Known are {', '.join(known)}.")
    return found


_OPTIONS = {
    Axis.CLIENT: ("client_app_type", "--client-app-type"),
    Axis.PLATFORM: ("platform", "--platform"),
    Axis.SIGN_IN_RISK: ("sign_in_risk", "--sign-in-risk"),
    Axis.USER_RISK: ("user_risk", "--user-risk"),
    Axis.INSIDER_RISK: ("insider_risk", "--insider-risk"),
    Axis.FLOW: ("flow", "--flow"),
}
"""Field and option for each axis with a closed list."""


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
        self._directory = Directory(evidence)
        self._facts = Facts(evidence, named_users(self._context.readings))

    def answer_for(self, profile: UserProfile, sign_in: SignIn) -> WhatIfAnswer:
        """Return the outcome of a sign-in and why each policy applies or does not.

        Raises:
            UsageProblem: The address is none.
        """
        facts, kinds = self._facts.spelled_out(self._facts.of(profile.id)), kinds_of(profile)
        entrances = self._directory.entrances_of(profile.id, self._directory.nested_among(facts))
        verdicts = []
        for reading in self._context.readings:
            answer = self._directory.assignment_of(reading, facts, kinds, entrances)
            known = {Match.YES: True, Match.NO: False, Match.NOT_KNOWN: None}[answer.match]
            how = "excluded as " if answer.excluded else ""
            people = _Check(known, f"users: {how}{'; '.join(answer.paths)}")
            verdicts.append(_verdict(reading, [people, *self._checks(reading, sign_in)], sign_in))
        outcome, because = _outcome(verdicts)
        return WhatIfAnswer(outcome=outcome, because=because, policies=tuple(_answer(one) for one in verdicts))

    def _checks(self, reading: PolicyReading, sign_in: SignIn) -> Iterator[_Check]:
        yield _target(reading, sign_in)
        for axis, values in reading.limits.items():
            yield _limit(axis, values, getattr(sign_in, _OPTIONS[axis][0]))
        if reading.places is not None:
            yield self._place(reading, sign_in)
        for name in reading.rules:
            yield _Check(None, f"the filter {name.partition(':')[2]!r} is not evaluated here")

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
        address = _address(sign_in.ip)
        if name == ALL_TRUSTED:
            # The MFA trusted IPs cannot be read; an address is taken as outside them.
            trusted = [
                where for where in self._context.locations.values() if isinstance(where, Ranges) and where.trusted
            ]
            return None if address is None else any(lies_in(where, address) for where in trusted)
        location = self._context.locations.get(name)
        match location:
            case Ranges():
                return None if address is None else lies_in(location, address)
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
    if targets.user_actions or targets.contexts:
        return _Check(False, "target: the policy is about user actions or authentication contexts, not about apps")
    # An application that no documentation lists as part of an application group is taken as outside it.
    membership = membership_of(app)
    names = {app, *membership.surely}
    groups = (targets.apps | targets.excluded_apps) & {group.casefold() for group in APP_GROUPS} & membership.perhaps
    note = " (taken as outside the application groups that the policy names)" if groups else ""
    if ALL in targets.excluded_apps or names & targets.excluded_apps:
        return _Check(False, f"app: {app} is excluded")
    if targets.every_app or names & targets.apps:
        return _Check(True, f"app: {app} is included{note}")
    return _Check(False, f"app: {app} is not included{note}")


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


def _effects(reading: PolicyReading, sign_in: SignIn) -> frozenset[SignInOutcome]:
    """Return what the grant can do to the sign-in, given the stated device."""
    if reading.is_doubtful("demand"):
        return frozenset({SignInOutcome.BLOCK, SignInOutcome.MFA, SignInOutcome.NO_MFA})
    demand = reading.demand
    match demand.kind:
        case Kind.BLOCK:
            return frozenset({SignInOutcome.BLOCK})
        case Kind.MFA:
            replaced = _any(_is_met(control, sign_in) for control in demand.replaced_by)
            if replaced is True:
                return frozenset({SignInOutcome.NO_MFA})
            legacy = sign_in.client_app_type in LEGACY_CLIENTS
            unmet = any(_is_met(control, sign_in) is False for control in demand.also)
            asked = SignInOutcome.BLOCK if legacy or unmet else SignInOutcome.MFA
            return frozenset({asked}) if replaced is False else frozenset({asked, SignInOutcome.NO_MFA})
        case Kind.NOTHING:
            met = [_is_met(control, sign_in) for control in demand.also]
            unmet = bool(met) and (all(one is False for one in met) if demand.also_any else False in met)
            return frozenset({SignInOutcome.BLOCK if unmet else SignInOutcome.NO_MFA})
        case _:
            assert_never(demand.kind)


def _is_met(control: Control, sign_in: SignIn) -> Truth:
    known = {"device:compliant": sign_in.compliant, "device:hybridJoined": sign_in.hybrid_joined}
    return known.get(control.axis)


def _outcome(verdicts: list[_Verdict]) -> tuple[SignInOutcome, tuple[str, ...]]:
    """Return what the enabled policies do together. All that apply must be satisfied, so a block wins."""
    counted = [one for one in verdicts if one.applies is not False and _counts(one.reading)]
    sure = [one for one in counted if one.applies is True and len(one.effects) == 1]
    unsure = [one for one in counted if one not in sure]
    for outcome in (SignInOutcome.BLOCK, SignInOutcome.MFA):
        deciding = tuple(one.reading.name for one in sure if outcome in one.effects)
        if deciding and not (
            outcome is SignInOutcome.MFA and any(SignInOutcome.BLOCK in one.effects for one in unsure)
        ):
            return outcome, deciding
    asking = {SignInOutcome.BLOCK, SignInOutcome.MFA}
    doubts = tuple(f"{one.reading.name}: {'; '.join(one.reasons)}" for one in unsure if asking & one.effects)
    return (SignInOutcome.UNKNOWN, doubts) if doubts else (SignInOutcome.NO_MFA, ())


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
    )


def _any(truths: Iterator[Truth]) -> Truth:
    found = list(truths)
    return True if True in found else None if None in found else False


def _address(text: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    if text is None:
        return None
    try:
        return ipaddress.ip_address(text)
    except ValueError as problem:
        raise UsageProblem(f"{text!r} is no IP address.", hint="Write it like 203.0.113.9 or 2001:db8::9.") from problem
