"""`people` and its letters, from the sandbox's own truth about methods and sign-ins."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest

from tests.e2e.laboratory import Lab, ask
from tests.e2e.test_sign_ins import sign_in


@pytest.fixture
def seen(make_lab: Callable[..., Lab]) -> Lab:
    """Return a lab whose log was read: one person on IMAP, one with a device code."""
    lab = make_lab(signin_lag_seconds=0.0)
    lab.set_state("alma.berg", "disabled")
    for policy in lab.tenant.policies.values():
        policy["state"] = "disabled"
    sign_in(lab, "alma.berg", client="imap")
    sign_in(lab, "ben.frost", transfer="deviceCodeFlow")
    lab.advance(3600)
    lab.go("export")
    lab.go("sign-ins", "read", "--days", "1")
    return lab


def phones_only(lab: Lab) -> set[str]:
    """Return who has text messages and calls only, from the sandbox's registration report."""
    rows = ask(f"{lab.url}/v1.0/reports/authenticationMethods/userRegistrationDetails?$top=999")["value"]
    phones = {"mobilePhone", "alternateMobilePhone", "officePhone"}
    return {
        row["id"] for row in rows if row["methodsRegistered"] and set(row["methodsRegistered"]) - {"email"} <= phones
    }


def test_the_lists_agree_with_what_the_sandbox_knows(seen: Lab) -> None:
    document = seen.go("people", "-o", "json").document
    found = {(one["list"], one["userId"]) for one in document["people"]}
    assert ("legacyClients", seen.id_of("alma.berg")) in found
    sms = {user_id for which, user_id in found if which in ("smsVoiceOnly", "guestsSmsVoiceOnly")}
    assert sms
    assert sms == phones_only(seen) & {one["userId"] for one in document["people"]}
    counts = {one["list"]: one for one in document["lists"]}
    assert counts["legacyClients"]["people"] == 1
    assert counts["ropc"] == {**counts["ropc"], "people": 0, "isKnown": True}
    assert document["daysLeft"] >= 0


def test_one_list_is_shown_whole_with_what_to_do(seen: Lab) -> None:
    out = seen.go("people", "legacy-clients").out
    assert seen.name_of("alma.berg") in out
    assert "refused once Conditional Access asks for MFA" in out
    assert "mfa-migrate notify legacy" in out
    assert "IMAP4" in out
    assert "Did you mean legacy-clients?" in seen.go("people", "legacy-client", code=2).err


def test_a_list_in_which_nobody_was_seen_never_says_safe(seen: Lab) -> None:
    assert "nobody (not seen, which does not mean safe)" in seen.go("people", "ropc").out


def test_without_a_log_the_lists_that_need_it_are_not_known(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab()
    lab.go("export")
    out = lab.go("people").out
    assert "Legacy clients: not known, because no sign-in log was read." in out
    assert "New-MgUserAuthenticationTemporaryAccessPassMethod" in out
    assert "No sign-in log was read" in lab.go("people", "--why", lab.name_of("alma.berg")).out


def test_why_tells_everything_of_one_person(seen: Lab) -> None:
    out = seen.go("people", "--why", seen.name_of("alma.berg")).out
    assert "Legacy clients" in out
    assert "Last sign-in that was read: 20" in out


def test_the_letter_about_old_programs_goes_to_who_was_seen_and_names_the_program(seen: Lab) -> None:
    for language, words in (("en", "cannot answer and are refused"), ("de", "werden abgewiesen")):
        rows = list(
            csv.DictReader(io.StringIO(seen.go("notify", "legacy", "--language", language).out.lstrip("\ufeff")))
        )
        assert [row["To"] for row in rows] == [seen.name_of("alma.berg")]
        assert "- IMAP4" in rows[0]["Text"]
        assert words in rows[0]["Text"]


@pytest.mark.parametrize("kind", ["sms-voice-only", "not-mfa-capable"])
def test_each_person_of_a_list_gets_one_letter(seen: Lab, kind: str) -> None:
    rows = list(csv.DictReader(io.StringIO(seen.go("notify", kind).out.lstrip("\ufeff"))))
    names = [row["To"] for row in rows]
    assert names
    assert len(names) == len(set(names))
    assert all("aka.ms/mfasetup" in row["Text"] for row in rows)


def test_advise_proposes_to_leave_out_who_looks_like_nobody(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab(signin_lag_seconds=0.0)
    for policy in lab.tenant.policies.values():
        policy["state"] = "disabled"
    for name, state in (("svc-scanner", "disabled"), ("room.aurora", "enforced")):
        lab.set_state(name, state)
    for _ in range(6):
        for _ in range(4):
            sign_in(lab, "svc-scanner", client="mobileAppsAndDesktopClients")
        lab.advance(86_400)
    lab.configure(policy='mode = "create"')
    lab.go("export")
    lab.go("sign-ins", "read", "--days", "7")
    found = {(one["list"], one["userId"], one["by"]) for one in lab.go("advise", "-o", "json").document["leaveOut"]}
    assert found == {
        ("serviceAccounts", lab.id_of("svc-scanner"), "policy.exclude"),
        ("sharedMailboxes", lab.id_of("room.aurora"), "exclude"),
    }
    assert '[[policy.exclude]] user = "svc-scanner@contoso.example"' in lab.go("advise").out


def test_without_a_log_nobody_gets_the_letter_about_old_programs(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab()
    lab.go("export")
    assert "after `mfa-migrate sign-ins read`" in lab.go("notify", "legacy", code=2).err
