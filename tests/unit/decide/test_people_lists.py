"""Who belongs to which list of people at risk, and how sure that is."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from migrate.decide.capability import capabilities_today
from migrate.decide.people.lists import PeopleSeen, RiskLists
from migrate.model.people import Certainty, PersonAtRisk, RiskList
from migrate.model.sign_ins import Coordinate, Seen, SeenAs, SignInClass, SignInSource
from migrate.model.users import AnyUser, Registration
from tests.unit.decide.records import REGISTERED, evidence, guest, object_id, profile, user
from tests.unit.store.test_sign_ins import KIND, SOURCE

SATURDAY = 498_840
"""An hour of 2026-11-28, counted from 1970."""


def seen(name: str = "ada", *, hours: tuple[int, ...] = (SATURDAY,), attempts: int = 1, **members: Any) -> SeenAs:
    return SeenAs(
        kind=structs.replace(KIND, multifactor=False, asked_by=(), **members)
        if "multifactor" not in members
        else structs.replace(KIND, **members),
        user_id=object_id(name),
        seen=Seen(
            rows=attempts * len(hours),
            first=hours[0] * 3600,
            last=hours[-1] * 3600,
            hours=tuple((hour, attempts) for hour in hours),
        ),
    )


def report(*methods: str, registered: bool = True, capable: bool = True) -> Registration:
    return structs.replace(REGISTERED, methods_registered=methods, is_mfa_registered=registered, is_mfa_capable=capable)


def teller(*rows: SeenAs, sources: tuple[SignInSource, ...] = (SOURCE,)) -> RiskLists:
    return RiskLists(capabilities_today(evidence()), PeopleSeen.gathered(sources, rows))


def lists_of(who: AnyUser, *rows: SeenAs) -> dict[RiskList, PersonAtRisk]:
    return {one.list: one for one in teller(*rows).of(who)}


NEVER = report(registered=False, capable=False)
CAPABLE = report("microsoftAuthenticatorPush")


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (user("ada", registration=report("mobilePhone")), {RiskList.SMS_VOICE_ONLY}),
        (user("ada", registration=report("mobilePhone", "microsoftAuthenticatorPush")), set()),
        (
            user("ada", registration=report("mobilePhone", capable=False)),
            {
                RiskList.SMS_VOICE_ONLY,
                RiskList.NOT_MFA_CAPABLE,
            },
        ),
        (user("ada", registration=NEVER), {RiskList.MUST_REGISTER}),
        (user("ada", registration=CAPABLE), set()),
        (user(profile("ada", account_enabled=False), registration=report("mobilePhone")), set()),
    ],
)
def test_the_registration_report_tells_who_can_answer(who: AnyUser, expected: set[RiskList]) -> None:
    assert set(lists_of(who)) == expected


def test_guests_with_a_phone_only_stand_in_a_list_of_their_own() -> None:
    who = user(guest("vera"), registration=report("mobilePhone"))
    found = lists_of(who)
    assert RiskList.GUESTS_SMS_VOICE_ONLY in found
    assert RiskList.SMS_VOICE_ONLY not in found
    assert found[RiskList.GUESTS_SMS_VOICE_ONLY].is_guest


def test_a_success_with_a_legacy_client_is_listed_with_client_application_and_time() -> None:
    found = lists_of(
        user("ada", "disabled", CAPABLE),
        seen(client="Authenticated SMTP", application="scanner"),
        seen(client="Authenticated SMTP", application="scanner", hours=(SATURDAY + 5,), attempts=3, code=0),
        seen(client="IMAP4", outcome=SignInClass.NOISE, code=50126),
    )
    assert set(found) == {RiskList.LEGACY_CLIENTS, RiskList.SMTP_AUTH}
    (used,) = found[RiskList.SMTP_AUTH].used
    assert (used.client, used.application, used.attempts, used.last) == (
        "Authenticated SMTP",
        "scanner",
        4,
        (SATURDAY + 5) * 3600,
    )
    assert found[RiskList.SMTP_AUTH].certainty is Certainty.SURE


def test_a_legacy_success_of_somebody_enforced_can_only_be_an_app_password_and_is_called_inferred() -> None:
    row = seen(client="IMAP4")
    assert lists_of(user("ada", "enforced", CAPABLE), row)[RiskList.APP_PASSWORDS].certainty is Certainty.INFERRED
    assert RiskList.APP_PASSWORDS not in lists_of(user("ada", "enabled", CAPABLE), row)


def test_ropc_is_a_lower_bound_and_device_code_is_seen_by_flow_or_protocol() -> None:
    found = lists_of(user("ada", "disabled", CAPABLE), seen(protocol="ropc"), seen(protocol="deviceCode"))
    assert found[RiskList.ROPC].certainty is Certainty.AT_LEAST
    assert RiskList.DEVICE_CODE in found
    assert RiskList.DEVICE_CODE in lists_of(user("ada", "disabled", CAPABLE), seen(flow="deviceCodeFlow"))


DAILY = tuple(SATURDAY + 24 * day for day in range(5))
PROGRAM: dict[str, Any] = {"client": "Mobile Apps and Desktop clients", "hours": DAILY, "attempts": 4}


@pytest.mark.parametrize(
    ("rows", "looks"),
    [
        ([seen(**PROGRAM)], True),
        ([seen(**{**PROGRAM, "attempts": 3})], False),
        ([seen(**{**PROGRAM, "hours": tuple(SATURDAY + 48 + 24 * day for day in range(5))})], False),
        ([seen(**{**PROGRAM, "hours": DAILY[:4], "attempts": 10})], False),
        ([seen(**{**PROGRAM, "client": "Browser"})], False),
        ([seen(**PROGRAM), seen(multifactor=True, asked_by=("user",))], False),
        ([seen(**{**PROGRAM, "country": country}) for country in ("SE", "NO", "DK", "FI")], False),
    ],
)
def test_what_signs_in_like_a_program_looks_like_a_service_account(rows: list[SeenAs], looks: bool) -> None:
    found = lists_of(user("ada", "disabled", NEVER), *rows)
    assert (RiskList.SERVICE_ACCOUNTS in found) is looks
    assert RiskList.SERVICE_ACCOUNTS not in lists_of(user("ada", "disabled", CAPABLE), *rows)


def test_an_account_that_is_off_and_unlicensed_looks_like_a_mailbox() -> None:
    room = profile("room", account_enabled=False, assigned_licenses=())
    assert RiskList.SHARED_MAILBOXES not in lists_of(user(room, "disabled", NEVER)), "the report leaves out who is off"
    assert lists_of(user(room, "disabled", None))[RiskList.SHARED_MAILBOXES].certainty is Certainty.LOOKS_LIKE
    for other in (
        {"account_enabled": True},
        {"assigned_licenses": None},
        {"creation_type": "Invitation"},
    ):
        changed = structs.replace(room, **other)
        assert RiskList.SHARED_MAILBOXES not in lists_of(user(changed, "disabled", None))


def test_an_agents_account_is_no_person() -> None:
    assert lists_of(user(profile("bot", is_agent=True), "disabled", NEVER)) == {}


def test_without_a_log_its_lists_are_not_known_and_with_one_nobody_is_not_seen() -> None:
    assert teller(sources=()).standing_of(RiskList.LEGACY_CLIENTS, 0).is_known is False
    assert teller(sources=()).standing_of(RiskList.SMS_VOICE_ONLY, 0).is_known is True
    assert teller().standing_of(RiskList.LEGACY_CLIENTS, 0).is_known is True
    assert lists_of(user("ada", registration=report("mobilePhone")))[RiskList.SMS_VOICE_ONLY].last_seen is None


def test_a_log_without_the_protocol_cannot_show_ropc_and_the_list_says_so() -> None:
    source = structs.replace(SOURCE, lost=(Coordinate.PROTOCOL,))
    assert teller(sources=(source,)).standing_of(RiskList.ROPC, 0).lost == (Coordinate.PROTOCOL,)
    assert teller().standing_of(RiskList.ROPC, 0).lost == ()
