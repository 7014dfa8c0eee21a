"""The answer to CIS 5.1.2.1: nothing unknown ever makes it better, and the tables of the folder give it again."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from migrate.decide.cis import StateTally, cis_answer, sample_of
from migrate.model.cis import AccountState, CisAnswer, CisBecause, CisResult, SampleRead
from migrate.model.report import AccountKind
from migrate.model.snapshot import Compared, CrossCheck
from migrate.model.users import MfaState
from migrate.views.evidence.cis_words import cis_sentence, sample_words
from tests.unit.decide.records import snapshot

DOCUMENTED = SampleRead(states_read_by="requirements", asked=0, agreed=0)
Account = tuple[AccountKind, AccountState, MfaState | None]
accounts = st.lists(
    st.tuples(st.sampled_from(AccountKind), st.sampled_from(AccountState), st.sampled_from([*MfaState, None])),
    max_size=12,
)
samples = st.builds(
    SampleRead,
    states_read_by=st.just("select"),
    asked=st.integers(0, 3),
    agreed=st.integers(0, 3),
    given_up=st.booleans(),
    kept=st.booleans(),
)


def answer(people: Iterable[Account], sample: SampleRead = DOCUMENTED) -> CisAnswer:
    tally = StateTally()
    for one in people:
        tally.take(*one)
    return cis_answer(tally.states(), sample)


def member(state: MfaState | None) -> Account:
    return AccountKind.MEMBER, AccountState.ENABLED, state


def test_met_takes_everybody_read_nobody_on_and_a_sample_that_agrees() -> None:
    off = [member(MfaState.DISABLED)] * 3
    assert answer(off).result is CisResult.MET
    for state, why in (
        (MfaState.ENABLED, CisBecause.ENABLED_OR_ENFORCED),
        (MfaState.ENFORCED, CisBecause.ENABLED_OR_ENFORCED),
        (None, CisBecause.UNREADABLE),
    ):
        said = answer([*off, member(state)])
        assert said.because == (why,)
        assert said.result is (CisResult.CANNOT_BE_SAID if state is None else CisResult.NOT_MET)
    differs = SampleRead(states_read_by="select", asked=3, agreed=2)
    assert answer(off, differs).because == (CisBecause.CROSS_CHECK_DIFFERS,)
    assert answer(off, msgspec.structs.replace(differs, given_up=True)).result is CisResult.MET
    assert answer([]).because == (CisBecause.NOBODY,)


def test_guests_disabled_accounts_and_agents_count_and_stand_apart() -> None:
    kinds = [(kind, account, MfaState.ENFORCED) for kind in AccountKind for account in AccountState]
    said = answer([*kinds, *kinds])
    assert said.enforced == 18
    assert [(row.user_type, row.account, row.total) for row in said.states] == [
        (kind, account, 2) for kind, account, _ in kinds
    ]


@given(people=accounts, sample=samples, place=st.integers(0, 11))
def test_taking_a_reading_away_never_makes_anything_met(people: list[Account], sample: SampleRead, place: int) -> None:
    before = answer(people, sample)
    assert before.total == len(people) == before.disabled + before.enabled + before.enforced + before.unreadable
    if place < len(people):
        kind, account, _ = people[place]
        after = answer([*people[:place], (kind, account, None), *people[place + 1 :]], sample)
        assert after.result is CisResult.CANNOT_BE_SAID
        assert CisBecause.UNREADABLE in after.because
        assert after.total == before.total
    if before.result is CisResult.MET:
        assert before.because == ()
        assert (before.disabled, before.enabled, before.enforced) == (len(people), 0, 0)
    words = {CisResult.MET: "Met: ", CisResult.NOT_MET: "Not met: ", CisResult.CANNOT_BE_SAID: "Cannot be said: "}
    assert cis_sentence(before).startswith(words[before.result])


def test_what_the_export_kept_of_its_second_way_of_reading() -> None:
    documented = snapshot()
    assert sample_of(documented) == DOCUMENTED
    by_select = msgspec.structs.replace(documented, states_read_by="select")
    assert not sample_of(by_select).kept, "a version that kept nothing proves nothing"
    assert answer([member(MfaState.DISABLED)], sample_of(by_select)).because == (CisBecause.CROSS_CHECK_NOT_KEPT,)
    check = CrossCheck(
        asked=1, agreed=1, sample=(Compared(user_id="u", first="disabled", second="disabled"),), seed="5"
    )
    checked = sample_of(msgspec.structs.replace(by_select, cross_check=check))
    assert (checked.asked, checked.agreed, checked.seed, checked.kept) == (1, 1, "5", True)
    assert "(seed 5), 1 read the same" in sample_words(checked)
    given_up = msgspec.structs.replace(check, agreed=0, given_up="it said otherwise")
    kept = sample_of(msgspec.structs.replace(documented, cross_check=given_up))
    assert kept.given_up
    assert "given up" in sample_words(kept)
    assert "was not kept" in sample_words(sample_of(by_select))
    assert "one way of reading only" in sample_words(DOCUMENTED)
