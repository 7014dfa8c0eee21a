"""What `people` says to do next: a Temporary Access Pass is never proposed for guests."""

from __future__ import annotations

from datetime import date

import pytest

from migrate.model.capability import CapableWhy
from migrate.model.now import Moment
from migrate.model.people import Certainty, ListStanding, PersonAtRisk, RiskList
from migrate.views.people import next_step, people_answer


def unregistered(name: str, why: CapableWhy, *, is_guest: bool) -> PersonAtRisk:
    return PersonAtRisk(
        list=RiskList.MUST_REGISTER,
        user_id=name,
        user_principal_name=f"{name}@contoso.example",
        display_name=None,
        is_guest=is_guest,
        certainty=Certainty.SURE,
        evidence=(why.value,),
        used=(),
        last_seen=None,
    )


ADA = unregistered("ada", CapableWhy.NEVER_REGISTERED, is_guest=False)
GUEST = unregistered("gus", CapableWhy.NOT_TRUSTED, is_guest=True)
GUEST_OF_OURS = unregistered("ivy", CapableWhy.NEVER_REGISTERED, is_guest=True)
MEMBER_FROM_ELSEWHERE = unregistered("max", CapableWhy.NOT_TRUSTED, is_guest=False)


@pytest.mark.parametrize(("one", "has_a_home"), [(GUEST, True), (GUEST_OF_OURS, False), (MEMBER_FROM_ELSEWHERE, True)])
def test_no_pass_is_proposed_for_guests_and_whoever_is_at_home_elsewhere(one: PersonAtRisk, has_a_home: bool) -> None:
    assert "with a Temporary Access Pass" in next_step(ADA)
    assert "a Temporary Access Pass does not work for guests" in next_step(one)
    assert ("trust the home tenant's MFA" in next_step(one)) is has_a_home


@pytest.mark.parametrize(
    ("people", "example"),
    [((GUEST, MEMBER_FROM_ELSEWHERE, ADA), "ada@contoso.example"), ((GUEST,), "USER@contoso.example")],
)
def test_the_command_for_a_pass_names_somebody_whom_a_pass_helps(
    people: tuple[PersonAtRisk, ...], example: str
) -> None:
    answer = people_answer(
        [ListStanding(list=RiskList.MUST_REGISTER, people=len(people), is_known=True)],
        lambda: people,
        (),
        today=date(2026, 12, 1),
        moment=Moment(exported_at="2026-12-01T08:00:00Z"),
        whole=True,
    )
    assert [line.split("'")[1] for line in answer.lines() if "TemporaryAccessPassMethod" in str(line)] == [example]
