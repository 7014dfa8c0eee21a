"""Compare the sign-ins of a wave's people before and after their per-user MFA went off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from migrate.decide.sign_ins.sources import HoursSeen, missing_hours
from migrate.decide.sign_ins.words import ways_of
from migrate.model.instants import iso_of
from migrate.model.sign_ins import Form, SeenAs, SignInClass, SignInKind, SignInSource, WayIn
from migrate.model.wave_gate import Asked, GateCheck, GateChecked, GateLimits, WaveNumbers, WaveProof

_HOUR, _DAY, _WORKDAYS = 3600, 86_400, 5
_WHOLE = 2**40
_CONDITIONAL_ACCESS = frozenset({"multiconditionalaccess", "authenticationstrengths"})
_OUR_FAILURES = (SignInClass.BLOCKED, SignInClass.CANNOT_ENROL, SignInClass.MFA_FAILED)
_FINAL = frozenset(SignInClass) - {SignInClass.OK, SignInClass.AFTER_CHANGE, SignInClass.NOISE, SignInClass.NOT_OURS}


@dataclass
class _Window:
    attempts: Counter[str] = field(default_factory=Counter)
    """By person."""
    asked: Counter[Asked] = field(default_factory=Counter)
    ended: Counter[SignInClass] = field(default_factory=Counter)
    succeeded: set[str] = field(default_factory=set)
    final: set[str] = field(default_factory=set)
    per_user: set[str] = field(default_factory=set)
    cannot_enrol: set[str] = field(default_factory=set)
    legacy_failures: set[str] = field(default_factory=set)
    ways: dict[tuple[str, str, tuple[str, ...]], set[bool]] = field(default_factory=dict)
    """By person, client and resource: whether MFA was asked for."""

    def count(self, one: SeenAs, attempts: int) -> None:
        kind, who = one.kind, one.user_id
        self.attempts[who] += attempts
        self.ended[kind.outcome] += attempts
        for asked in _asked(kind):
            self.asked[asked] += attempts
        if Asked.PER_USER in _asked(kind):
            self.per_user.add(who)
        if kind.outcome is SignInClass.OK:
            self.succeeded.add(who)
            if kind.was_asked is not None:
                self.ways.setdefault((who, kind.client, kind.resources), set()).add(kind.was_asked)
        elif kind.outcome in _FINAL:
            self.final.add(who)
            if WayIn.LEGACY_CLIENT in ways_of(kind):
                self.legacy_failures.add(who)
        if kind.outcome is SignInClass.CANNOT_ENROL:
            self.cannot_enrol.add(who)

    @property
    def failing_share(self) -> float:
        total = self.ended.total()
        return sum(self.ended[one] for one in _OUR_FAILURES) / total if total else 0.0

    def numbers(self) -> WaveNumbers:
        return WaveNumbers(
            attempts=self.ended.total(),
            people=len(+self.attempts),
            asked={asked: self.asked[asked] for asked in Asked if self.asked[asked]},
            ended={one.value: self.ended[one] for one in SignInClass if self.ended[one]},
        )


class _Wave:
    """One wave while the log passes by."""

    def __init__(self, number: int, written: Mapping[str, int], limits: GateLimits) -> None:
        self.number, self.written = number, written
        self.first, self.last = min(written.values()), max(written.values())
        self.before, self.after = _Window(), _Window()
        self._limits = limits

    def count(self, one: SeenAs) -> None:
        """Take in somebody of the wave."""
        first, moment = self.first, self.written[one.user_id]
        if earlier := one.seen.attempts_between(first - self._limits.days_before * _DAY, first):
            self.before.count(one, earlier)
        if later := one.seen.attempts_between(moment + self._limits.token_minutes * 60, _WHOLE):
            self.after.count(one, later)

    def proof(self, sources: Sequence[SignInSource], hours: HoursSeen) -> WaveProof:
        """Return what the log says of it."""
        until = max((source.until for source in sources), default=None)
        missing = missing_hours(Form.INTERACTIVE, sources, hours, since=-(-self._settled(self.first) // _HOUR))
        return WaveProof(
            wave=self.number,
            people=len(self.written),
            first_write=iso_of(self.first),
            last_write=iso_of(self.last),
            log_until=until,
            before=self.before.numbers(),
            after=self.after.numbers(),
            checks=tuple(self._checks(until, missing)),
            new_legacy_failures=tuple(sorted(self.after.legacy_failures - self.before.legacy_failures)),
        )

    def _settled(self, written: int) -> int:
        """Return from when on a sign-in rests on no token of before."""
        return written + self._limits.token_minutes * 60

    def _checks(self, until: str | None, missing: Sequence[int]) -> Iterator[GateChecked]:
        before, after, limits = self.before, self.after, self._limits
        end = 0 if until is None else int(datetime.fromisoformat(until).timestamp())
        begin = self._settled(self.last)
        yield _at_least(GateCheck.WORKING_DAYS, _working_days(begin, end), limits.working_days)
        # Who failed in a missing hour tries again: a whole stretch of the log after it has to show that.
        since = max([begin, *((hour + 1) * _HOUR for hour in missing)])
        mended = _working_days(since, end) >= limits.working_days
        yield GateChecked(check=GateCheck.NO_HOLE, holds=not missing or mended, number=len(missing), limit=0)
        known = set(before.attempts)
        again = len(known & set(after.attempts)) / len(known) if known else 0.0
        yield _at_least(GateCheck.SEEN_AGAIN, again, limits.seen_again)
        yield _nobody(GateCheck.PER_USER_GONE, after.per_user)
        # In the same way, to the same resource: always asked before, and not asked now.
        lost = {way[0] for way, asked in after.ways.items() if False in asked and before.ways.get(way) == {True}}
        yield _nobody(GateCheck.STILL_ASKED, lost)
        yield _nobody(GateCheck.LOCKED_OUT, (before.succeeded & after.final) - after.succeeded)
        more = after.failing_share - before.failing_share
        holds = more <= limits.more_failures
        yield GateChecked(check=GateCheck.FAILURES, holds=holds, number=more, limit=limits.more_failures)
        yield _nobody(GateCheck.CANNOT_ENROL, after.cannot_enrol - before.cannot_enrol)


def wave_proofs(
    waves: Mapping[int, Mapping[str, int]],
    people: Iterable[SeenAs],
    sources: Sequence[SignInSource],
    limits: GateLimits,
) -> tuple[WaveProof, ...]:
    """Return what the log says of each wave, in their order; the log is read once and not kept.

    Args:
        waves: By number when each person's per-user MFA was confirmed as disabled, by object id in lower case; a
            person is in one wave, and no wave is empty.
        people: Everybody in the log.
        sources: The readings of it.
        limits: Of the gate.
    """
    found = [_Wave(number, waves[number], limits) for number in sorted(waves)]
    of = {user_id: wave for wave in found for user_id in wave.written}
    hours = HoursSeen()
    for one in people:
        if one.kind.form is not Form.INTERACTIVE:
            continue
        hours.note(one)
        wave = of.get(one.user_id)
        if wave is not None and one.kind.outcome.reached_a_decision:
            wave.count(one)
    return tuple(wave.proof(sources, hours) for wave in found)


def _at_least(check: GateCheck, number: float, limit: float) -> GateChecked:
    return GateChecked(check=check, holds=number >= limit, number=number, limit=limit)


def _nobody(check: GateCheck, people: set[str]) -> GateChecked:
    return GateChecked(check=check, holds=not people, number=len(people), limit=0, people=tuple(sorted(people)))


def _asked(kind: SignInKind) -> set[Asked]:
    if kind.was_asked is None:
        return {Asked.NOT_TOLD}
    found = {_who(provider) for provider in kind.asked_by or ()}
    if kind.enforced_mfa:
        found.add(Asked.CONDITIONAL_ACCESS)
    return found or {Asked.NOBODY}


def _who(provider: str) -> Asked:
    word = provider.casefold()
    if word == "user":
        return Asked.PER_USER
    return Asked.CONDITIONAL_ACCESS if word in _CONDITIONAL_ACCESS else Asked.OTHERS


def _working_days(begin: int, end: int) -> float:
    """Return the hours of Monday to Friday between two moments, as days."""
    hours = range(-(-begin // _HOUR), end // _HOUR)
    return sum(datetime.fromtimestamp(hour * _HOUR, UTC).weekday() < _WORKDAYS for hour in hours) / 24
