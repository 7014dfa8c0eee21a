"""Reasons as values: one writer, one reader, and every text of every version stays what it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.model.reasons import (
    NO_REASON,
    Parts,
    Reason,
    Why,
    given_up,
    held_first,
    more_said,
    reason_of,
    refusal_reason,
    why_of,
)

RUN = "ab" * 32
DOCUMENT = f"sha256:{'cd' * 32}"
STATES = Parts(before="enforced", found="enabled")
EVERY = {
    "": NO_REASON,
    "migrate begins": reason_of(Why.BEGUN, parts=Parts(kind="migrate")),
    "set-state is through": reason_of(Why.THROUGH, parts=Parts(kind="set-state")),
    f"rolled back by run {RUN}": reason_of(Why.ROLLED_BACK, parts=Parts(run=RUN)),
    "stopped: Wave 1 (canary) stopped.": reason_of(Why.STOPPED, "Wave 1 (canary) stopped."),
    "interrupted while waiting": reason_of(Why.WAIT_INTERRUPTED),
    "nothing to do: is disabled already": reason_of(Why.NOTHING_TO_DO, parts=Parts(found="disabled")),
    "drift: planned from enforced, found enabled; left alone": reason_of(Why.DRIFT, parts=STATES),
    "does not exist any more: 404": reason_of(Why.GONE, ": 404"),
    "could not be read: 403 Forbidden": reason_of(Why.UNREADABLE, "403 Forbidden"),
    "emergency access account: never switched off": reason_of(Why.EMERGENCY_ACCESS),
    "not covered any more: uncovered": reason_of(Why.NOT_COVERED, "uncovered"),
    "interrupted before it was sent again": reason_of(Why.INTERRUPTED, " again"),
    "found enforced: a documented promotion": reason_of(Why.PROMOTED, parts=Parts(found="enforced")),
    "accepted, but still read as before; `verify` settles it": reason_of(Why.UNCONFIRMED),
    "Graph said 204 ; could not be read back: 503": reason_of(Why.UNCONFIRMED_UNREADABLE, "503", Parts(status=204)),
    "Graph said 204 ; then found enabled, neither what it was nor what was asked": reason_of(
        Why.ACCEPTED_DRIFT, parts=Parts(status=204, found="enabled")
    ),
    "no clear answer: the connection ended": refusal_reason(0, "the connection ended"),
    "no clear answer in 3 attempts": reason_of(Why.NO_ANSWER, " in 3 attempts"),
    "Graph said 401 InvalidAuthenticationToken": refusal_reason(401, "InvalidAuthenticationToken"),
    "Graph said 403 accessDenied; could not be read back: x": refusal_reason(
        403, "accessDenied; could not be read back: x"
    ),
    "Graph said 404 gone": refusal_reason(404, "gone"),
    "Graph said 429 tooManyRequests": refusal_reason(429, "tooManyRequests"),
    "Graph said 400 badRequest": refusal_reason(400, "badRequest"),
    "sent 5 times without success: Graph said 429 slow down": given_up(refusal_reason(429, "slow down"), 5),
    "not sent, since Graph throttles writes; drift: planned from enforced, found enabled; left alone": held_first(
        reason_of(Why.DRIFT, parts=STATES)
    ),
    "sent before without a clear outcome; found as asked: presumably ours, not proven": reason_of(
        Why.FOUND_AFTER_DOUBT
    ),
    "interrupted; found as asked: presumably ours, not proven": reason_of(Why.FOUND_AFTER_INTERRUPTION),
    "interrupted, and could not be read since: 403": reason_of(Why.UNREADABLE_SINCE, "403"),
    "interrupted before the change took effect": reason_of(Why.NOT_SEEN),
    "interrupted, then found enabled: drift, left alone": reason_of(Why.DRIFT_SINCE, parts=Parts(found="enabled")),
    "there is no such user in the tenant (request-id 7)": reason_of(Why.NO_SUCH_USER, " (request-id 7)"),
    "two users may be meant, ada@contoso.example and 'ada@contoso.example; give the id.": reason_of(
        Why.TWO_USERS, "ada@contoso.example and 'ada@contoso.example; give the id."
    ),
    "Graph answered 503 (busy)": reason_of(Why.USER_NOT_SHOWN, "503 (busy)"),
    "Graph knows no such user (gone)": reason_of(Why.USER_UNKNOWN, " (gone)"),
    "Graph refused to show this user's state (403 no)": reason_of(Why.STATE_REFUSED, " (403 no)"),
    "Graph's batch had no answer for this user, also when asked again": reason_of(Why.NO_ITEM),
    "Graph's answer has no perUserMfaState": reason_of(Why.NOT_UNDERSTOOD, "has no perUserMfaState"),
    "Graph sent a per-user MFA state that this version does not know: 'x'": reason_of(Why.UNKNOWN_STATE, "'x'"),
    "The per-user MFA state was never read.": reason_of(Why.NEVER_READ),
    "the directory shows no user principal name for this account": reason_of(Why.NAMELESS),
    "the user could not be read": reason_of(Why.NOT_PROVEN),
    f"former policy {DOCUMENT}": reason_of(Why.FORMER_POLICY, parts=Parts(document=DOCUMENT)),
    "found by its marker: not created twice": reason_of(Why.FOUND_BY_MARKER),
    "exists already; not created by this run": reason_of(Why.EXISTS_ALREADY),
    "created, but it does not read back as it was sent": reason_of(Why.READS_DIFFERENTLY),
    "does not exist": reason_of(Why.NOT_THERE),
    "does not exist any more": reason_of(Why.GONE),
    "is enabled already": reason_of(Why.ALREADY_SO, parts=Parts(found="enabled")),
    "found as asked": reason_of(Why.FOUND_AS_ASKED),
    "somebody set it to disabled; left alone": reason_of(Why.SET_BY_SOMEBODY, "disabled; left alone"),
    "somebody edited it since it was created; left alone": reason_of(Why.EDITED_BY_SOMEBODY),
    "besides the state, conditions reads differently now": reason_of(
        Why.ALSO_CHANGED, "conditions reads differently now"
    ),
    "covered by MFA for everybody": reason_of(Why.OTHER, "covered by MFA for everybody"),
}
ALL_WORDS = {Why.PLANNED, Why.APPROVED, Why.WAITING, Why.ERROR}
"""Their texts begin like nothing else; where they stand says what they are."""
SINCE = {
    Why.LINKED,
    Why.VERIFIED,
    Why.SEEN_TO_CHANGE,
    Why.WAVE_SHOWN,
    Why.KEEPING_STEPS,
    Why.EXCLUDED_SINCE,
    Why.SETTLING,
}
"""Reasons that no version wrote as texts."""


@pytest.mark.parametrize("text", EVERY, ids=lambda text: text[:40] or "empty")
def test_each_text_is_read_as_its_value_and_written_as_it_was(text: str) -> None:
    assert why_of(text) == EVERY[text]
    assert str(EVERY[text]) == text


def test_no_reason_is_missing_above() -> None:
    assert {reason.why for reason in EVERY.values()} | ALL_WORDS | SINCE == set(Why)


@pytest.mark.parametrize("why", sorted(ALL_WORDS, key=str))
def test_free_words_are_what_their_place_says(why: Why) -> None:
    assert why_of("until tomorrow", why) == Reason(why=why, words="until tomorrow")
    assert str(reason_of(why, "until tomorrow")) == "until tomorrow"


@given(st.one_of(st.text(), st.tuples(st.sampled_from(sorted(EVERY)), st.text()).map("".join)))
def test_no_text_changes_by_being_read(text: str) -> None:
    assert str(why_of(text)) == text


@given(st.sampled_from(sorted(set(EVERY.values()), key=str)), st.integers(0, 9), st.booleans(), st.text(max_size=20))
def test_what_is_written_is_read_as_the_same_kind(reason: Reason, sent: int, held: bool, words: str) -> None:
    said = given_up(reason, sent) if sent else reason
    said = held_first(said) if held else said
    if said.why not in (Why.NONE, Why.OTHER):
        assert why_of(str(said)) == said
    longer = more_said(said, f"; {words}")
    assert str(longer) == f"{said}; {words}"
    assert str(why_of(str(longer))) == str(longer)


@pytest.mark.parametrize(
    "text", ["sent 05 times without success: Graph said 429 x", "Graph said 20x ", "rolled back by run ", "drift"]
)
def test_what_was_never_written_is_no_reason_that_anything_acts_on(text: str) -> None:
    assert why_of(text) == Reason(why=Why.OTHER, words=text)
