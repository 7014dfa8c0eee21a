"""What `sign-ins report-only` shows: what each report-only policy would have done, and each number of the exit rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from migrate.model.report_only import FailureCause, ReportOnlyNumbers, Would, WouldCount
from migrate.model.sign_ins import SignInSource
from migrate.model.words import counted, some_of
from migrate.views.screen import Answer
from migrate.views.sign_ins import missing_words, source_words
from migrate.views.tables import table

COLUMNS = ("Policy", "PolicyId", "Would", "Client", "Attempts", "People", "ObjectId", "UserPrincipalName", "Cause")
_WOULD = {
    Would.SUCCESS: "success",
    Would.INTERRUPTED_CAPABLE: "interrupted, and can answer",
    Would.INTERRUPTED_NOT_CAPABLE: "interrupted, and cannot answer",
    Would.INTERRUPTED_UNKNOWN: "interrupted, not known whether they can answer",
    Would.REQUIRED_ALREADY: "interrupted, but asked for MFA today already",
    Would.FAILURE: "failure",
    Would.UNKNOWN: "not known",
}
_CAUSES = {
    FailureCause.BLOCK: "failure: the policy blocks",
    FailureCause.OLD_CLIENT: "failure: an old client cannot answer",
    FailureCause.DEVICE: "failure: the device or app is not what it asks for",
    FailureCause.OTHER: "failure",
}


def report_only_answer(
    found: Sequence[ReportOnlyNumbers], sources: Sequence[SignInSource], names: Mapping[str, str]
) -> Answer:
    """Return the answer. `names` are user principal names by object id in lower case."""

    def rows() -> Iterator[tuple[str, ...]]:
        for one in found:
            for count in one.counts:
                for user_id in count.people or ("",):
                    yield (
                        one.display_name,
                        one.policy_id,
                        count.would.value,
                        count.client,
                        str(count.attempts),
                        str(len(count.people) or count.unnamed),
                        user_id,
                        names.get(user_id, ""),
                        "" if count.cause is None else count.cause.value,
                    )

    def lines() -> Iterator[Any]:
        if not found:
            yield "No policy is report-only."
        for one in found:
            yield from _policy(one, names)
            yield ""
        for source in sources:
            yield f"Sign-ins: {source_words(source)}"
            yield from missing_words(source)

    return Answer(
        kind="sign-ins report-only",
        document={
            "policies": [{"numbers": one, "holds": one.holds} for one in found],
            "sources": [source_words(one) for one in sources],
        },
        columns=COLUMNS,
        rows=rows,
        lines=lines,
    )


def _would_words(count: WouldCount) -> str:
    return _WOULD[count.would] if count.cause is None else _CAUSES[count.cause]


def _policy(one: ReportOnlyNumbers, names: Mapping[str, str]) -> Iterator[Any]:
    if one.counts or one.missing is None:
        yield f"{one.display_name}, {one.since} to {one.until}:"
        yield table(
            ("Would have been", "Client", "Attempts", "People"),
            [(_would_words(each), each.client, f"{each.attempts:,}", _who(each, names)) for each in one.counts],
        )
    if one.missing is not None:
        yield f"{one.display_name}: no data: {one.missing.words}."
        return
    for check in one.checks:
        yield f"  {'holds' if check.holds else 'FAILS'}: {check.words}"
    if one.unseen:
        yield f"  Unseen: {_people(one.unseen, names)}"
    yield f"  The exit rule {'holds' if one.holds else 'does not hold'}."


def _who(count: WouldCount, names: Mapping[str, str]) -> str:
    if count.unnamed:
        return f"at least {counted(count.unnamed, 'person', 'people')}, not named"
    return _people(count.people, names)


def _people(people: Sequence[str], names: Mapping[str, str]) -> str:
    shown = some_of(people, 3, lambda user_id: names.get(user_id, user_id))
    return f"{counted(len(people), 'person', 'people')}: {shown}"
