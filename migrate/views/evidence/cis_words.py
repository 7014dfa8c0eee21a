"""The CIS answer in words: the question as we put it, the sentence, and how the numbers came about."""

from __future__ import annotations

from typing import assert_never

from migrate.model.cis import CisAnswer, CisBecause, CisResult, SampleRead
from migrate.model.evidence_folder import Population
from migrate.model.instants import minute_utc
from migrate.model.now import Moment
from migrate.model.snapshot import SnapshotHeader
from migrate.model.words import counted

QUESTION = (
    "Nobody's MFA should hang on the old switch that is set person by person: every account should read `disabled` "
    "there, because a Conditional Access policy decides about MFA instead."
)
BY_HAND = "The benchmark has this judged by hand, so this is evidence for whoever judges, and no pass."
NO_PROOF_OF_PROTECTION = (
    "Disabled alone proves no protection: it says only that the old switch does nothing. What requires MFA instead "
    "stands in coverage.csv, one verdict an account, and in policies.json what the verdicts rest on."
)


def cis_sentence(answer: CisAnswer) -> str:
    """Return the answer in one or two sentences; numbers of kinds stand beside it."""
    on = answer.enabled + answer.enforced
    known = (
        f"{answer.enforced} enforced, {answer.enabled} enabled, {answer.disabled} disabled of {answer.total} accounts"
    )
    match answer.result:
        case CisResult.MET:
            return f"Met: all {counted(answer.total, 'account')} were read and read disabled."
        case CisResult.NOT_MET:
            return f"Not met: {counted(on, 'account')} still hang on the old switch ({known})."
        case CisResult.CANNOT_BE_SAID:
            why = "; ".join(
                _because(one, answer) for one in answer.because if one is not CisBecause.ENABLED_OR_ENFORCED
            )
            so_far = f" Known so far: {known}, {answer.unreadable} unreadable." if answer.total else ""
            return f"Cannot be said: {why}.{so_far}"
        case _:
            assert_never(answer.result)


def _because(why: CisBecause, answer: CisAnswer) -> str:
    match why:
        case CisBecause.ENABLED_OR_ENFORCED:
            return f"{answer.enabled + answer.enforced} are enabled or enforced"
        case CisBecause.UNREADABLE:
            return f"the state of {counted(answer.unreadable, 'account')} could not be read or is not known"
        case CisBecause.CROSS_CHECK_DIFFERS:
            sample = answer.sample
            return f"the second way of reading agrees on {sample.agreed} of {sample.asked} accounts only"
        case CisBecause.CROSS_CHECK_NOT_KEPT:
            return "the export was made by a version that did not keep what its second way of reading said"
        case CisBecause.NOBODY:
            return "the export holds no account"
        case _:
            assert_never(why)


def method_words(header: SnapshotHeader, host: str, sample: SampleRead, moment: Moment) -> str:
    """Return in one paragraph how the states came about.

    Args:
        header: Of the export.
        host: Where Graph was asked.
        sample: The second way of reading.
        moment: What this tool changed since.
    """
    actor = header.actor
    who = f"{actor.name} ({'a person' if actor.is_user else 'an application'})"
    parts = [
        f"The states were read from Microsoft Graph at {host}, version beta, {_way(sample)}, as {who}, "
        f"{_permissions(header)}.",
        _window(header),
        "A page or an answer that cannot be read to its end fails the whole export, so that none is left out in "
        "silence; an account that could not be read stands in unreadable.csv with the reason.",
        _since(moment),
        sample_words(sample),
        f"Read with mfa-migrate {header.tool_version}.",
    ]
    return " ".join(parts)


def sample_words(sample: SampleRead) -> str:
    """Return what the second way of reading found."""
    drawn = f"{counted(sample.asked, 'account')} drawn at random{f' (seed {sample.seed})' if sample.seed else ''}"
    if not sample.kept:
        return "What the second way of reading said of its sample was not kept."
    if sample.given_up:
        return (
            f"A quicker way was tried first and given up ({sample.agreed} of {drawn} agreed); no state comes from it."
        )
    if not sample.asked:
        return "No sample was drawn: there was one way of reading only, the documented one."
    return f"Cross-check: of {drawn}, {sample.agreed} read the same by the documented call."


def coverage_words(populations: tuple[Population, ...]) -> str:
    """Return how many have each verdict, in one line."""
    said = ", ".join(f"{one.users} {one.verdict} ({one.disabled} of them disabled)" for one in populations)
    return f"Coverage by enabled policies: {said}." if said else "Coverage: nobody was judged."


def _way(sample: SampleRead) -> str:
    if sample.states_read_by == "select":
        return "by a list of all users with the property perUserMfaState (undocumented), page by page"
    return "by GET /users/{id}/authentication/requirements, one for each account, in batches of at most twenty"


def _permissions(header: SnapshotHeader) -> str:
    held = header.permissions
    if held is None:
        return "with permissions that its token did not show"
    named = ", ".join(sorted((*held.scopes, *held.roles)))
    return f"with these permissions: {named}" if named else "with no permission that its token names"


def _window(header: SnapshotHeader) -> str:
    reading = header.reading
    began = f"The reading began at {minute_utc(header.taken_at)}"
    if reading is None:
        return f"{began}; when it ended was not kept by that version."
    again = f"{reading.repeated} requests were sent again after a passing failure"
    return f"{began} and ended at {minute_utc(reading.until)}: {counted(reading.answers, 'answer')} came, {again}."


def _since(moment: Moment) -> str:
    if not moment.changes and not moment.in_doubt:
        return "Nothing was changed by this tool since."
    said = (
        f"Since then {counted(moment.changes, 'change')} of this tool were read back one by one, until "
        f"{minute_utc(moment.until)}; where one is about an account, its state is the one that was read back."
        if moment.changes
        else "Since then no change of this tool was read back."
    )
    doubt = f" Of {moment.in_doubt} nobody knows what became of a change; those accounts count as unreadable."
    return said + (doubt if moment.in_doubt else "")
