"""What `sign-ins` says: how a reading goes on, and what the readings hold, with what is missing beside every number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Protocol

from migrate.model.instants import minute_utc
from migrate.model.sign_ins import Coordinate, Hole, HoleWhy, SetAside, SignInClass, SignInSource, WayIn, WaysSeen
from migrate.model.words import counted
from migrate.views.screen import Answer
from migrate.views.tables import table

OUTCOMES = {
    SignInClass.OK: "succeeded",
    SignInClass.INTERRUPT: "MFA or registration wanted, and no success after it",
    SignInClass.AFTER_CHANGE: "asked again after a change",
    SignInClass.MFA_FAILED: "MFA failed or denied",
    SignInClass.BLOCKED: "blocked",
    SignInClass.DEVICE: "device not accepted",
    SignInClass.CANNOT_ENROL: "could not register",
    SignInClass.NOT_OURS: "consent or assignment missing",
    SignInClass.NOISE: "password, lock or disabled account",
    SignInClass.OTHER: "failed otherwise",
}
WAYS = {
    WayIn.LEGACY_CLIENT: "legacy clients",
    WayIn.SMTP_AUTH: "SMTP AUTH",
    WayIn.ROPC: "user name and password from a program (ROPC)",
    WayIn.DEVICE_CODE: "device code",
}
_LOST = {
    Coordinate.AUDIENCES: "which resource it was for",
    Coordinate.CONTEXTS: "authentication contexts",
    Coordinate.PROTOCOL: "the protocol, so that nobody is seen to use ROPC",
    Coordinate.FLOW: "the transfer method, so that device code is seen by the protocol only",
    Coordinate.TOKEN: "the kind of token",
    Coordinate.GLOBAL_SECURE_ACCESS: "Global Secure Access",
    Coordinate.SIGN_IN_RISK: "the risk of the sign-in",
    Coordinate.ASKED_BY: "who asked for MFA",
    Coordinate.METHODS: "the methods that were used",
    Coordinate.RESULTS: (
        "what policies did, so that there are no numbers of report-only policies; Graph leaves it out without the "
        "permission Policy.Read.All (for a person: Security Reader or Global Reader)"
    ),
    Coordinate.REQUIREMENT: "whether MFA was required",
    Coordinate.CROSS_TENANT: "how people of other tenants came in",
}
_COUNTED_ONLY = (
    "to whom policies did what; only how often, so that the exit rule of report-only policies cannot be told"
)
_ASIDE = {
    SetAside.OUTBOUND: "to other tenants",
    SetAside.AGENT: "of agents",
    SetAside.SUPPORT: "of Microsoft's support",
    SetAside.PASSTHROUGH: "passed through to other clouds",
    SetAside.UNREADABLE: "without a person, a time or a code",
}
LONGEST_TIME = 40
"""Characters that are shown of what stands where a time should."""
COLUMNS = ("Reading", "Source", "Since", "Until", "Form", "Outcome", "Rows", "Attempts", "People")


class _Summary(Protocol):
    @property
    def kinds(self) -> int: ...
    @property
    def people(self) -> int: ...
    @property
    def not_in_the_snapshot(self) -> int: ...
    @property
    def outcomes(self) -> tuple[Any, ...]: ...
    @property
    def asked(self) -> Mapping[str, int]: ...
    @property
    def from_two_addresses(self) -> int: ...


def standing_words(rows: int, hours: int, of_hours: int, seconds: float, hours_before: int) -> str:
    """Return how a reading goes on: rows, hours, rate and time to go.

    Args:
        rows: Rows so far, those of earlier commands counted.
        hours, of_hours: Hours done, and in all.
        seconds: How long this command has been reading.
        hours_before: Hours that were done when it began.
    """
    done = hours - hours_before
    left = "" if not done or not seconds else f", ETA {timedelta(seconds=round(seconds * (of_hours - hours) / done))}"
    rate = f", {rows / seconds:,.0f} rows/s" if seconds and not hours_before else ""
    return f"Sign-in log: {rows:,} rows, {hours:,} of {of_hours:,} hours{rate}{left}"


def source_words(source: SignInSource) -> str:
    """Return where a reading comes from and which window it is about."""
    forms = " and ".join(form.words for form in source.forms)
    files = f" ({', '.join(source.files)})" if source.files else ""
    unfinished = "" if source.complete else "; not complete: run `mfa-migrate sign-ins read` again"
    window = f"{minute_utc(source.since)} to {minute_utc(source.until)}"
    return f"{source.form.value}{files}, {forms}, {window}, read {minute_utc(source.read_at)}{unfinished}"


def missing_words(source: SignInSource, silent: tuple[Hole, ...] = ()) -> Iterator[str]:
    """Yield a sentence for each thing that a reading does not hold."""
    for hole in (*source.holes, *silent):
        hours = f"{minute_utc(hole.since)} to {minute_utc(hole.until)}"
        yield f"Missing: {hole.form.words} sign-ins of {hours}: {_why(hole)}"
    for coordinate in source.lost:
        counted_only = coordinate is Coordinate.RESULTS and source.policy_counts
        yield f"Not told by this source: {_COUNTED_ONLY if counted_only else _LOST[coordinate]}."
    if source.unknown_results:
        yield "Some policy results have no name in this source, so that there are no numbers of report-only policies."


def _why(hole: Hole) -> str:
    match hole.why:
        case HoleWhy.FAILED:
            return f"{hole.said} `mfa-migrate sign-ins read` asks for it again."
        case HoleWhy.MOST_ROWS:
            return f"--max-rows was reached ({hole.said}); give a larger one, or fewer days."
        case HoleWhy.CUT_OFF:
            return f"{hole.said} holds as many rows as the portal gives at most, so that more may have been left out."
        case HoleWhy.SILENT:
            return "the log has no row at all, although the hours around have many."


def sign_ins_answer(
    readings: Mapping[int, tuple[SignInSource, Any, tuple[Hole, ...]]],
    ways: WaysSeen | None,
) -> Answer:
    """Return the answer of `sign-ins show`: each reading with its numbers, and the ways that all of them show."""

    def rows() -> Iterator[tuple[str, ...]]:
        for number, (source, summary, _) in readings.items():
            for one in summary.outcomes:
                counts = (str(one.rows), str(one.attempts), str(one.people))
                yield (
                    str(number),
                    source.form.value,
                    source.since,
                    source.until,
                    one.form.value,
                    one.outcome.value,
                    *counts,
                )

    def lines() -> Iterator[Any]:
        if not readings:
            yield "No sign-in log was read. Read it: mfa-migrate sign-ins read"
        for number, (source, summary, silent) in readings.items():
            yield f"Reading {number}: {source_words(source)}"
            yield from _numbers(source, summary)
            yield from missing_words(source, silent)
            yield ""
        if ways is not None:
            yield from _ways(ways)

    return Answer(
        kind="sign-ins",
        document={
            "readings": [
                {
                    "number": number,
                    "source": _document(source),
                    "summary": summary,
                    "silentHours": silent,
                }
                for number, (source, summary, silent) in readings.items()
            ],
            "waysSeen": None if ways is None else {way.value: _who(ways, way) for way in WayIn},
        },
        columns=COLUMNS,
        rows=rows,
        lines=lines,
    )


def _document(source: SignInSource) -> dict[str, Any]:
    import msgspec

    document: dict[str, Any] = msgspec.to_builtins(source)
    # Rows on their way from one hour to the next: nothing for readers.
    del document["openAttempts"]
    return document


def _numbers(source: SignInSource, summary: _Summary) -> Iterator[Any]:
    aside = "".join(f"; set aside {number} {_ASIDE[why]}" for why, number in source.set_aside.items() if number)
    strangers = summary.not_in_the_snapshot
    yield (
        f"{counted(source.rows, 'row')} of {counted(summary.people, 'person', 'people')} in "
        f"{counted(summary.kinds, 'kind')}{aside}"
        + (f"; {strangers} of the people are not in the last export" if strangers else "")
    )
    yield table(
        ("Form", "Outcome", "Rows", "Attempts", "People"),
        [
            (one.form.words, OUTCOMES[one.outcome], str(one.rows), str(one.attempts), str(one.people))
            for one in summary.outcomes
        ],
    )
    asked = "; ".join(f"{who} {number:,}" for who, number in summary.asked.items())
    yield f"Asked for MFA, attempts that reached a decision: {asked or 'none'}"
    if summary.from_two_addresses:
        yield f"The service saw another address in {counted(summary.from_two_addresses, 'attempt')}: both are tried."


def _who(seen: WaysSeen, way: WayIn) -> list[str]:
    return sorted(user_id for user_id, ways in seen.last.items() if way in ways)


def _ways(seen: WaysSeen) -> Iterator[str]:
    for way in WayIn:
        people = sum(way in ways for ways in seen.last.values())
        said = counted(people, "person", "people") if people else "not seen (which does not mean that nobody does)"
        yield f"Succeeded with {WAYS[way]}: {said}"


def timeless_words(file: str, rows: Sequence[tuple[int, str]], before: int) -> str:
    """Say which rows of a file have no time; `rows` are the first of them, counted from before the file."""
    named = ", ".join(f"row {number - before} ({text[:LONGEST_TIME]!r})" for number, text in rows)
    return f"{file}: rows without a time that can be read are set aside, the first: {named}."
