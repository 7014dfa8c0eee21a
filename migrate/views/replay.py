"""What `sign-ins replay` shows: what past sign-ins would have met under the planned policies, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from migrate.model.instants import iso_of
from migrate.model.replay import Calibration, Change, ChangedKind, IfRisky, Replay
from migrate.model.sign_ins import SignInKind, SignInSource
from migrate.model.words import counted, some_of
from migrate.views.screen import Answer
from migrate.views.sign_ins import missing_words, source_words
from migrate.views.tables import table

COLUMNS = (
    "Change",
    "ObjectId",
    "UserPrincipalName",
    "Form",
    "Client",
    "Resource",
    "DependsOn",
    "Silent",
    "CannotPass",
    "Last",
)
MOST_KINDS = 15
WORDS = {
    Change.NEWLY_REQUIRED: "newly required to use MFA",
    Change.NEWLY_BLOCKED: "newly blocked",
    Change.LOSES_MFA: "loses MFA (must be nobody)",
    Change.MOVES_OVER: "moves over from per-user MFA to Conditional Access",
    Change.DEPENDS: "depends on what the log does not say",
    Change.SAME: "as before",
}


def replay_answer(replay: Replay, sources: Sequence[SignInSource], names: Mapping[str, str]) -> Answer:
    """Return the answer.

    Args:
        replay: What was found.
        sources: The readings of the log behind it.
        names: User principal names by object id in lower case.
    """

    def rows() -> Iterator[tuple[str, ...]]:
        for one in replay.changed:
            for user_id in one.people:
                yield (
                    one.change.value,
                    user_id,
                    names.get(user_id, ""),
                    one.kind.form.value,
                    one.kind.client,
                    " ".join(one.kind.resources),
                    " ".join(one.depends_on),
                    str(one.silent),
                    str(user_id in one.cannot_pass),
                    iso_of(one.last),
                )

    def lines() -> Iterator[Any]:
        yield "What these sign-ins would have met after the plan:"
        yield table(
            ("Change", "Form", "Attempts", "People"),
            [(WORDS[one.change], one.form.words, f"{one.attempts:,}", f"{one.people:,}") for one in replay.counts],
        )
        for change in Change:
            yield from _kinds(change, [one for one in replay.changed if one.change is change], names)
        for risky in replay.if_risky:
            yield _risky_words(risky, names)
        yield from _calibration(replay)
        if replay.unknown_people:
            yield f"{counted(replay.unknown_people, 'person', 'people')} of the log are not in the export: not judged."
        for source in sources:
            yield f"Sign-ins: {source_words(source)}"
            yield from missing_words(source)
        yield "This says nothing of sign-ins that did not happen; the proof of coverage does."

    return Answer(
        kind="sign-ins replay",
        document={"replay": replay, "sources": [source_words(one) for one in sources]},
        columns=COLUMNS,
        rows=rows,
        lines=lines,
    )


def _kinds(change: Change, found: list[ChangedKind], names: Mapping[str, str]) -> Iterator[Any]:
    if not found:
        return
    yield ""
    yield f"{WORDS[change][:1].upper()}{WORDS[change][1:]}:"
    yield table(
        ("Sign-in", "Attempts", "Last", "People"),
        [
            (_kind_words(one), f"{one.attempts:,}", iso_of(one.last), _people_words(one, names))
            for one in found[:MOST_KINDS]
        ],
    )
    if len(found) > MOST_KINDS:
        yield f"  and {len(found) - MOST_KINDS} more kinds: -o csv has all"


def _kind_words(one: ChangedKind) -> str:
    more = ""
    if one.depends_on:
        more = f"; depends on {', '.join(one.depends_on)}"
    elif one.silent:
        more = "; probably silent"
    return f"{kind_words(one.kind)}{more}"


def kind_words(kind: SignInKind) -> str:
    """Return a kind in a few words."""
    parts = [
        kind.client or "no client",
        f"to {' '.join(kind.resources)}" if kind.resources else "",
        f"on {kind.platform}" if kind.platform else "",
        f"by {kind.protocol}" if kind.protocol and kind.protocol.casefold() != "none" else "",
        kind.form.words,
    ]
    return ", ".join(filter(None, parts))


def _risky_words(one: IfRisky, names: Mapping[str, str]) -> str:
    which = {"userRisk": "user risk", "insiderRisk": "insider risk"}.get(one.risk, one.risk)
    people = some_of(one.people, 3, lambda user_id: names.get(user_id, user_id))
    return f"If {which} were {one.level}: {WORDS[one.change]}, {one.attempts:,} attempts of {people}"


def _people_words(one: ChangedKind, names: Mapping[str, str]) -> str:
    stopped = f"; {len(one.cannot_pass)} cannot answer" if one.cannot_pass else ""
    return some_of(one.people, 3, lambda user_id: names.get(user_id, user_id)) + stopped


def _calibration(replay: Replay) -> Iterator[Any]:
    yield ""
    if not replay.calibration:
        yield "No policy of today to compare our judgement with."
        return
    yield "Our judgement under today's policies against what the log says that each did:"
    yield table(
        ("Policy", "Agreement", "Attempts", "Not known", ""),
        [_calibrated(one, replay) for one in replay.calibration],
    )
    for one in replay.calibration:
        for kind in one.disagreeing:
            yield f"  {one.display_name} disagrees: {kind_words(kind)}"


def _calibrated(one: Calibration, replay: Replay) -> tuple[str, ...]:
    share = "" if one.share is None else f"{one.share:.2%}"
    proven = "" if one.policy_id not in replay.not_proven else "not proven"
    return one.display_name, share, f"{one.agreed + one.disagreed:,}", f"{one.not_known:,}", proven
