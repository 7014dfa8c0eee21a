"""The messages for people: from plan and journal, in every format, and never sent."""

from __future__ import annotations

import csv
import email
import email.policy
import io
import os
import re
from pathlib import Path

import pytest

from migrate.commands.letters_at_risk import mail_address_of
from migrate.errors import BadInput
from migrate.views.notices.notice import TEMPLATES, NoticeKind, NoticeWriter, eml_of, languages
from tests.e2e.laboratory import Lab

FACTS = {
    "tenant_name": "Contoso",
    "tenant_id": "t",
    "support": "help@contoso.example",
    "users": 3,
    "waves": [],
    "policies": ["Require MFA"],
    "held": 1,
    "plan_digest": "d",
    "example": "ada@contoso.example",
    "held_example": "ben@contoso.example",
    "registered": True,
    "not_capable": False,
    "sms_voice_end": "",
    "days_left": 60,
    "clients": ["IMAP4"],
    "guest": False,
}


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def test_the_users_of_a_wave_are_told_before_it(exported: Lab) -> None:
    rows = table(exported.go("notify", "before-wave", "--wave", "1").out)
    planned = {name for name, row in exported.plan_rows().items() if row["Wave"] == "1"}
    assert planned
    assert {row["To"] for row in rows} == {mail_address_of(name) for name in planned}
    assert all(row["Subject"] and row["To"] in row["Text"] and "<p>" in row["Html"] for row in rows)


@pytest.mark.parametrize(("language", "words"), [("en", "register one now"), ("de", "registrieren Sie jetzt eine")])
def test_whoever_never_registered_is_told_to_do_so_and_the_others_are_not(
    exported: Lab, language: str, words: str
) -> None:
    rows = table(exported.go("notify", "before-wave", "--language", language).out)
    told = {row["To"] for row in rows if words in row["Text"]}
    never = exported.plan_header()["waves"][-1]
    assert never["name"] == "not MFA capable yet"
    wave = {name for name, row in exported.plan_rows().items() if row["Wave"] == str(never["number"])}
    assert told >= {mail_address_of(name) for name in wave}
    assert exported.name_of("alma.berg") not in told


def test_without_a_wave_everybody_who_is_switched_off_is_told(exported: Lab) -> None:
    rows = table(exported.go("notify", "before-wave", "--language", "de").out)
    assert len(rows) == sum(row["Action"] == "disable" for row in exported.plan_rows().values())
    assert all(row["Language"] == "de" and "Guten Tag" in row["Text"] for row in rows)


def test_drafts_are_mail_that_programs_open_for_editing(exported: Lab, tmp_path: Path) -> None:
    folder = tmp_path / "drafts"
    exported.go(
        "notify", "before-wave", "--wave", "1", "--format", "eml", "--to", str(folder), "--from", "it@contoso.example"
    )
    drafts = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in folder.iterdir()]
    assert drafts
    if os.name == "posix":
        assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
        assert folder.stat().st_mode & 0o777 == 0o700
    for draft in drafts:
        assert (draft["X-Unsent"], draft["From"]) == ("1", "it@contoso.example")
        assert draft["To"] in draft.get_body(("plain",)).get_content()
        assert "<html" in draft.get_body(("html",)).get_content()


def test_the_help_desk_gets_one_sheet_with_the_waves(exported: Lab) -> None:
    said = exported.go("notify", "help-desk", "--support", "4711").out
    for wave in exported.plan_header()["waves"]:
        assert (
            f"Wave {wave['number']} ({wave['name']}): {wave['users']} {'person' if wave['users'] == 1 else 'people'}"
            in said
        )
    assert "mfa-migrate rollback --users" in said
    held = {name for name, row in exported.plan_rows().items() if row["Action"] == "hold"}
    assert re.findall(r"mfa-migrate show (\S+)$", said, re.MULTILINE)[0] in held


def test_the_security_team_is_told_what_the_directory_audit_will_show(exported: Lab) -> None:
    assert "Disable Strong Authentication" in exported.go("notify", "security-team").out


def test_after_enabling_only_those_are_told_who_were_enabled(lab: Lab) -> None:
    lab.go("export")
    name = sorted(name for name, state in lab.states().items() if state == "disabled")[0]
    assert "nobody to write to" in lab.go("notify", "after-enabling", code=2).err
    lab.go("set-state", "--user-principal-name", name, "--state", "Enabled")
    (row,) = table(lab.go("notify", "after-enabling").out)
    assert row["To"] == mail_address_of(name)
    assert "https://aka.ms/mfasetup" in row["Text"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["help-desk", "--wave", "1"], "--wave goes with before-wave only"),
        (["before-wave", "--wave", "99"], "The plan has no wave 99"),
        (["before-wave", "--format", "eml"], "need a folder"),
        (["before-wave", "--from", "it@contoso.example"], "--from goes with --format eml"),
        (["before-wave", "--format", "eml", "--to", "drafts", "--from", "the help desk"], "is no mail address"),
        (["help-desk", "-o", "json"], "not written as json"),
        (["help-desk", "--templates", "tmeplates"], "There is no folder tmeplates"),
        (["before-wave", "--language", "tlh"], "There is no message before-wave in 'tlh'"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(exported: Lab, words: list[str], said: str) -> None:
    assert said in exported.go("notify", *words, code=2).err


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_every_message_is_there_in_every_language_and_names_only_known_facts(kind: NoticeKind) -> None:
    assert languages(kind) == ["de", "en", "es", "fr"]
    for language in languages(kind):
        notice = NoticeWriter(kind, language).notice("ada@contoso.example", "Ada <b>", FACTS)
        assert notice.subject
        assert "{" not in notice.text
        assert "<b>" not in notice.html
        assert notice.html.count("<li>") == len(re.findall(r"^- ", notice.text, re.MULTILINE))


def test_the_templates_are_the_kinds_times_the_languages() -> None:
    assert {path.name for path in TEMPLATES.iterdir()} == {
        "layout.html",
        *(f"{kind}.{language}.txt" for kind in NoticeKind for language in ("de", "en", "es", "fr")),
    }


def test_a_template_of_the_operators_own_comes_first_and_its_mistakes_are_told(tmp_path: Path) -> None:
    own = tmp_path / "before-wave.fr.txt"
    own.write_text("Subject: Bonjour {{ name }}\n\nVotre compte\n", encoding="utf-8")
    assert NoticeWriter(NoticeKind.BEFORE_WAVE, "fr", tmp_path).notice(
        "a@contoso.example", "Ana\r\nBcc: x", FACTS
    ).subject == ("Bonjour Ana Bcc: x")
    for text, said in (
        ("Subject: {{ nmae }}\n\nx", "'nmae' is undefined"),
        ("{% if %}", "line 1"),
        ("Hello", "Subject"),
    ):
        own.write_text(text, encoding="utf-8")
        with pytest.raises(BadInput, match=said):
            NoticeWriter(NoticeKind.BEFORE_WAVE, "fr", tmp_path).notice("a@contoso.example", "", FACTS)


def test_a_draft_in_another_script_is_whole() -> None:
    notice = NoticeWriter(NoticeKind.AFTER_ENABLING, "de").notice("chen@contoso.example", "陈 Chen", FACTS)
    draft = email.message_from_bytes(eml_of(notice, None), policy=email.policy.default)
    assert "陈 Chen" in draft.get_body(("plain",)).get_content()
    assert draft["From"] is None
    assert draft["Content-Language"] == "de"


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("ada@contoso.example", "ada@contoso.example"),
        ("d_o_fabrikam.example#EXT#@contoso.example", "d_o@fabrikam.example"),
        ("odd#EXT#@contoso.example", "odd#EXT#@contoso.example"),
    ],
)
def test_guests_are_written_to_at_home(name: str, address: str) -> None:
    assert mail_address_of(name) == address
