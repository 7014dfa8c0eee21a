"""Count what a report-only policy would have done, and hold the numbers against the exit rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import msgspec

from migrate.decide.sign_ins.sources import silent_hours
from migrate.decide.sign_ins.words import class_of, client_types
from migrate.model.evidence import ConditionalAccessPolicy
from migrate.model.instants import iso_utc, moment_of
from migrate.model.record import Record
from migrate.model.report_only import (
    Checked,
    ExitLimits,
    FailureCause,
    MissingData,
    ReportOnlyNumbers,
    RuleCheck,
    Would,
    WouldCount,
)
from migrate.model.sign_ins import Coordinate, PolicyCount, Refusal, SeenAs, SignInKind, SignInSource

_WORKDAYS = 5
_DONE = {"reportonlysuccess": Would.SUCCESS, "reportonlyfailure": Would.FAILURE}
_INTERRUPTED = "reportonlyinterrupted"
_REFUSED = {Refusal.LICENCE: MissingData.NO_LICENCE, Refusal.PERMISSION: MissingData.NO_PERMISSION}
_MODERN_CLIENTS = frozenset({"browser", "mobileAppsAndDesktopClients"})
_DEVICE_CONTROLS = frozenset({"compliantdevice", "domainjoineddevice", "approvedapplication", "compliantapplication"})
_PASSES = (Would.SUCCESS, Would.INTERRUPTED_CAPABLE, Would.REQUIRED_ALREADY)


class InScope(Record, frozen=True, kw_only=True):
    """An enabled person to whom a policy is, or may be, assigned."""

    capable: bool | None
    """Could answer a request for MFA; None where it is not known."""
    accepted: bool
    """Stands on the list of people who are accepted to fail."""


def report_only_numbers(
    policy: ConditionalAccessPolicy,
    people: Sequence[SeenAs],
    sources: Sequence[SignInSource],
    scope: Mapping[str, InScope],
    limits: ExitLimits,
) -> ReportOnlyNumbers:
    """Return the numbers of one policy.

    Args:
        policy: It, as it is now.
        people: Everybody in the log.
        sources: The readings of it.
        scope: Enabled people in scope, by object id in lower case.
        limits: Of the exit rule.
    """
    missing = _missing(policy, sources)
    told = [one for one in sources if one.rows and Coordinate.RESULTS not in one.lost]
    if missing is None and not told:
        return _by_counts(policy, [count for one in sources for count in one.policy_counts])
    if missing is not None:
        return numbers_without(policy, missing)
    begin = max(_moment(policy.last_changed or "") or _first(told), _first(told))
    end = max(filter(None, (_moment(one.until) for one in told)))
    if end <= begin:
        return numbers_without(policy, MissingData.NO_DAYS)
    rows = [one for one in people if _attempts(one, begin, end) and one.kind.outcome.reached_a_decision]
    counts = tuple(_counts(policy, rows, scope, begin, end))
    seen = {one.user_id for one in rows}
    unseen = tuple(sorted(set(scope) - seen))
    holes = _holes(told, people, begin)
    return ReportOnlyNumbers(
        policy_id=policy.id,
        display_name=policy.display_name,
        since=iso_utc(begin),
        until=iso_utc(end),
        missing=None,
        counts=counts,
        checks=tuple(_checks(counts, scope, unseen, holes, begin, end, limits)),
        unseen=unseen,
    )


def _missing(policy: ConditionalAccessPolicy, sources: Sequence[SignInSource]) -> MissingData | None:
    targets = (policy.raw.get("conditions") or {}).get("applications") or {}
    if targets.get("includeUserActions"):
        return MissingData.NOT_EVALUATED
    if not any(one.rows for one in sources):
        refused = {one.refused for one in sources}
        if refused - {None}:
            return _REFUSED[max(filter(None, refused))]
        return MissingData.NO_ROWS if sources else MissingData.NO_LOG
    if any(one.unknown_results for one in sources):
        return MissingData.NO_NAMES
    return None


def numbers_without(policy: ConditionalAccessPolicy, missing: MissingData) -> ReportOnlyNumbers:
    """Return that there are no numbers, and why."""
    return ReportOnlyNumbers(
        policy_id=policy.id,
        display_name=policy.display_name,
        since=None,
        until=None,
        missing=missing,
        counts=(),
        checks=(),
        unseen=(),
    )


def _by_counts(policy: ConditionalAccessPolicy, counted: Iterable[PolicyCount]) -> ReportOnlyNumbers:
    """Return what is known of a policy where its results were counted and nobody is named: never that the rule holds.

    Counts that reach back behind the policy's last change cannot be divided, and say nothing.
    """
    rows = [one for one in counted if one.policy_id == policy.id.lower() and class_of(one.code).reached_a_decision]
    if not rows:
        return numbers_without(policy, MissingData.NO_RESULTS)
    since, until = min(one.first for one in rows), max(one.last for one in rows)
    changed, first = _moment(policy.last_changed or ""), _moment(since)
    if changed is not None and (first is None or first < changed):
        return numbers_without(policy, MissingData.NO_DAYS)
    attempts: Counter[tuple[Would, str]] = Counter()
    people: dict[tuple[Would, str], int] = {}
    for one in rows:
        would = _DONE.get(one.result.casefold(), Would.UNKNOWN)
        if one.result.casefold() == _INTERRUPTED:
            would = Would.INTERRUPTED_UNKNOWN
        key = (would, one.client if would is Would.FAILURE else "")
        attempts[key] += one.attempts
        # The same people may stand behind several rows: the largest is the least that they are.
        people[key] = max(people.get(key, 0), one.people)
    return msgspec.structs.replace(
        numbers_without(policy, MissingData.NO_PEOPLE),
        since=since,
        until=until,
        counts=tuple(
            WouldCount(
                would=would,
                client=key[1],
                attempts=attempts[key],
                people=(),
                unnamed=people[key],
                cause=_cause(policy, *key),
            )
            for would in Would
            for key in sorted(key for key in people if key[0] is would)
        ),
    )


def _counts(
    policy: ConditionalAccessPolicy,
    rows: Iterable[SeenAs],
    scope: Mapping[str, InScope],
    begin: datetime,
    end: datetime,
) -> Iterator[WouldCount]:
    policy_id = policy.id.lower()
    attempts: Counter[tuple[Would, str]] = Counter()
    who: dict[tuple[Would, str], set[str]] = {}
    for one in rows:
        result = dict(one.kind.results or ()).get(policy_id)
        if result is None:
            continue
        would = _would(result, one.kind, scope.get(one.user_id))
        key = (would, one.kind.client if would is Would.FAILURE else "")
        attempts[key] += _attempts(one, begin, end)
        who.setdefault(key, set()).add(one.user_id)
    for would in Would:
        for key in sorted(key for key in who if key[0] is would):
            yield WouldCount(
                would=would,
                client=key[1],
                attempts=attempts[key],
                people=tuple(sorted(who[key])),
                cause=_cause(policy, *key),
            )


def _cause(policy: ConditionalAccessPolicy, would: Would, client: str) -> FailureCause | None:
    """Return why a sign-in would have failed. The log names no cause: demand and client tell it."""
    if would is not Would.FAILURE:
        return None
    asked = {str(one).casefold() for one in (policy.raw.get("grantControls") or {}).get("builtInControls") or ()}
    if "block" in asked:
        return FailureCause.BLOCK
    if not _MODERN_CLIENTS & set(client_types(client, None)):
        return FailureCause.OLD_CLIENT
    return FailureCause.DEVICE if asked & _DEVICE_CONTROLS else FailureCause.OTHER


def _would(result: str, kind: SignInKind, person: InScope | None) -> Would:
    word = result.casefold()
    if word != _INTERRUPTED:
        return _DONE.get(word, Would.UNKNOWN)
    if kind.was_asked:
        return Would.REQUIRED_ALREADY
    if person is None or person.capable is None:
        return Would.INTERRUPTED_UNKNOWN
    return Would.INTERRUPTED_CAPABLE if person.capable else Would.INTERRUPTED_NOT_CAPABLE


def _checks(
    counts: Sequence[WouldCount],
    scope: Mapping[str, InScope],
    unseen: Sequence[str],
    holes: int,
    begin: datetime,
    end: datetime,
    limits: ExitLimits,
) -> Iterator[Checked]:
    """Yield each condition; a share of nothing holds no condition."""
    days = (end - begin) // timedelta(days=1)
    whole = [begin + timedelta(days=day) for day in range(days)]
    working = sum(day.weekday() < _WORKDAYS for day in whole)
    yield Checked(check=RuleCheck.DAYS, holds=days >= limits.days, number=days, limit=limits.days)
    enough = working >= limits.working_days
    yield Checked(check=RuleCheck.WORKING_DAYS, holds=enough, number=working, limit=limits.working_days)
    yield Checked(check=RuleCheck.NO_HOLE, holds=holes == 0, number=holes, limit=0)
    share = (len(scope) - len(unseen)) / len(scope) if scope else 0.0
    yield Checked(check=RuleCheck.SEEN, holds=share >= limits.seen_share, number=share, limit=limits.seen_share)
    failing = {
        user_id
        for one in counts
        if one.would is Would.FAILURE
        for user_id in one.people
        if not (user_id in scope and scope[user_id].accepted)
    }
    few = len(failing) <= limits.most_failures
    yield Checked(check=RuleCheck.FAILURES, holds=few, number=len(failing), limit=limits.most_failures)
    stopped = {
        user_id
        for one in counts
        if one.would in (Would.INTERRUPTED_NOT_CAPABLE, Would.INTERRUPTED_UNKNOWN)
        for user_id in one.people
        if not (user_id in scope and scope[user_id].accepted)
    }
    few = len(stopped) <= limits.most_not_capable
    yield Checked(check=RuleCheck.NOT_CAPABLE, holds=few, number=len(stopped), limit=limits.most_not_capable)
    total = sum(one.attempts for one in counts)
    unknown = _share(counts, (Would.UNKNOWN,), total, of_nothing=1.0)
    sure = unknown <= limits.unknown_share
    yield Checked(check=RuleCheck.UNKNOWN, holds=sure, number=unknown, limit=limits.unknown_share)
    passing = _share(counts, _PASSES, total, of_nothing=0.0)
    passes = passing >= limits.success_share
    yield Checked(check=RuleCheck.SUCCESS, holds=passes, number=passing, limit=limits.success_share)


def _share(counts: Sequence[WouldCount], wanted: tuple[Would, ...], total: int, *, of_nothing: float) -> float:
    return sum(one.attempts for one in counts if one.would in wanted) / total if total else of_nothing


def _holes(sources: Sequence[SignInSource], people: Sequence[SeenAs], begin: datetime) -> int:
    """Count what is missing of the log since a moment: hours not read, hours without a row, time between readings."""
    found = [hole for source in sources for hole in source.holes] + list(silent_hours(people))
    number = sum((_moment(hole.until) or begin) > begin for hole in found)
    number += sum(not source.complete for source in sources)
    for form in {form for source in sources for form in source.forms}:
        read = sorted((source.since, source.until) for source in sources if form in source.forms)
        # Files end with their last row, so that neighbours lie a little apart.
        number += sum(
            (_moment(later[0]) or begin) - (_moment(earlier[1]) or begin) > timedelta(hours=1)
            for earlier, later in pairwise(read)
            if (_moment(later[0]) or begin) > begin
        )
    return number


def _attempts(one: SeenAs, begin: datetime, end: datetime) -> int:
    # An hour belongs to the window as a whole or not at all; the last one may reach past the end.
    return one.seen.attempts_between(int(begin.timestamp()), int(end.timestamp()) + 3600)


def _first(sources: Sequence[SignInSource]) -> datetime:
    return min(filter(None, (_moment(one.since) for one in sources)), default=datetime(1970, 1, 1, tzinfo=UTC))


def _moment(text: str) -> datetime | None:
    return moment_of(text)
