"""`init` at a terminal and without one: what it asks, offers, writes, and keeps."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from migrate.commands.init import answer_of
from migrate.config import config_from
from migrate.errors import UsageProblem
from migrate.exchange.config_answers import with_answers
from migrate.model.questions import QUESTIONS, AnswerKind
from tests.e2e.laboratory import Lab, run_apart

NAMED = {question.name: question for question in QUESTIONS}


def test_without_a_terminal_the_open_keys_are_listed_with_exit_code_2(tmp_path: Path) -> None:
    ran = run_apart(["init", "-o", "json"], cwd=tmp_path)
    assert ran.code == 2
    assert [one["key"] for one in ran.document["open"]] == list(NAMED)
    assert not (tmp_path / "mfa-migrate.toml").exists()
    named = run_apart(["init", "--config", "contoso.toml"], cwd=tmp_path)
    assert named.code == 2
    assert "contoso.toml" in named.out, "the file that is named is the one to be written"
    assert "There is no folder" in run_apart(["init", "--config", "gone/contoso.toml"], cwd=tmp_path).err


def test_what_is_written_can_be_read_and_a_second_run_keeps_every_comment() -> None:
    first = with_answers(
        "",
        {
            NAMED["tenant"]: "contoso.example",
            NAMED["emergency_access.accounts"]: ("emergency1@contoso.example", "emergency2@contoso.example"),
            NAMED["tenant_settings.trusted_ips"]: ("203.0.113.0/24",),
            NAMED["tenant_settings.remember_mfa_days"]: 14,
        },
        by="Ada Lund",
        on=date(2026, 11, 28),
    )
    read = config_from(first, "mfa-migrate.toml")
    assert read.tenant == "contoso.example"
    assert read.emergency_access is not None
    assert (read.emergency_access.decided_by, read.emergency_access.since) == ("Ada Lund", date(2026, 11, 28))
    assert read.tenant_settings.trusted_ips == ("203.0.113.0/24",)
    assert read.tenant_settings.answered_by == "Ada Lund"
    assert "# Which IPv4 ranges are MFA trusted IPs?" in first
    given = '# ours\n[policy]\nmode = "adopt"\n'
    later = with_answers(given, {NAMED["cloud"]: "usgov"}, by="Ada", on=date(2026, 12, 1))
    assert later.splitlines()[1:3] == ['cloud = "usgov"', ""], "above every table, with its comment"
    assert config_from(later, "mfa-migrate.toml").cloud == "usgov"
    assert "# ours" in later
    edited = first.replace("remember_mfa_days = 14", "remember_mfa_days = 14  # agreed with the works council")
    edited += '\n# ours\n[policy]\nmode = "create"\n'
    again = with_answers(
        edited,
        {NAMED["tenant_settings.remember_mfa_days"]: 7, NAMED["tenant_settings.baseline_scopes"]: "enforced"},
        by="Ben Frost",
        on=date(2026, 12, 1),
    )
    assert "remember_mfa_days = 7  # agreed with the works council" in again
    for line in (line for line in edited.splitlines() if line.lstrip().startswith("#")):
        assert line in again
    read = config_from(again, "mfa-migrate.toml")
    assert read.policy.mode == "create"
    assert read.tenant_settings.baseline_scopes_by == "Ben Frost"
    assert read.tenant_settings.answer is not None
    assert read.tenant_settings.said("remember_mfa_days") == ("Ben Frost", date(2026, 12, 1))
    assert read.tenant_settings.said("trusted_ips") == ("Ada Lund", date(2026, 11, 28)), (
        "who said that is not forgotten"
    )


def test_who_said_what_is_kept_answer_by_answer() -> None:
    def said(text: str) -> dict[str, tuple[str | None, int | None]]:
        read = config_from(text, "mfa-migrate.toml").tenant_settings
        keys = ("app_passwords", "legacy_servers", "remember_mfa_days")
        told = {key: read.said(key) for key in keys if getattr(read, key) is not None}
        return {key: (by, on.day if on else None) for key, (by, on) in told.items()}

    def go_on(text: str, by: str, day: int, **answers: Any) -> str:
        given = {NAMED[f"tenant_settings.{key}"]: value for key, value in answers.items()}
        return with_answers(text, given, by=by, on=date(2026, 11, day))

    text = go_on("", "Ada", 1, app_passwords=True)
    text = go_on(text, "Ada", 1, legacy_servers=False)
    assert said(text) == {"app_passwords": ("Ada", 1), "legacy_servers": ("Ada", 1)}
    assert "answered_apart" not in text
    text = go_on(text, "Ben", 2, legacy_servers=True, remember_mfa_days=7)
    assert said(text) == {"app_passwords": ("Ada", 1), "legacy_servers": ("Ben", 2), "remember_mfa_days": ("Ben", 2)}
    text = go_on(text, "Cleo", 3, remember_mfa_days=9)
    assert said(text) == {"app_passwords": ("Ada", 1), "legacy_servers": ("Ben", 2), "remember_mfa_days": ("Cleo", 3)}
    text = go_on(text, "Ada", 1, legacy_servers=True)
    assert said(text)["legacy_servers"] == ("Ada", 1)
    text = go_on(text, "Dora", 4, app_passwords=False, legacy_servers=False, remember_mfa_days=0)
    assert set(said(text).values()) == {("Dora", 4)}
    assert "answered_apart" not in text


@pytest.mark.parametrize(
    ("kind", "typed", "value"),
    [
        (AnswerKind.TEXT, "contoso.example", "contoso.example"),
        (AnswerKind.LIST, "a@contoso.example, b@contoso.example", ("a@contoso.example", "b@contoso.example")),
        (AnswerKind.LIST, "a@contoso.example b@contoso.example,", ("a@contoso.example", "b@contoso.example")),
        (AnswerKind.LIST, "Ada Lund,  Ben  Frost", ("Ada Lund", "Ben Frost")),
        (AnswerKind.LIST, "203.0.113.0/24 198.51.100.0/24", ("203.0.113.0/24", "198.51.100.0/24")),
        (AnswerKind.LIST, "none", ()),
        (AnswerKind.NUMBER, "14", 14),
        (AnswerKind.YES_NO, "Yes", True),
        (AnswerKind.YES_NO, "n", False),
        (AnswerKind.NUMBER, "two", None),
        (AnswerKind.NUMBER, "366", None),
        (AnswerKind.NUMBER, "99999", None),
        (AnswerKind.YES_NO, "perhaps", None),
    ],
)
def test_what_is_typed_is_read_strictly(kind: AnswerKind, typed: str, value: object) -> None:
    question = next(one for one in QUESTIONS if one.kind is kind)
    if value is None:
        with pytest.raises(UsageProblem):
            answer_of(question, typed)
    else:
        assert answer_of(question, typed) == value


def test_what_was_answered_stands_in_the_plan(lab: Lab) -> None:
    lab.go("export")
    lab.configure(tenant_settings='remember_mfa_days = 14\nanswered_by = "Ada Lund"\nanswered_on = 2026-11-28')
    lab.go("plan")
    notes = {note["code"]: note["sentence"] for note in lab.plan_header()["notes"]}
    assert "signInFrequency of 14 days" in notes["answer-remember-mfa"]
    assert "trusted_ips = …" in notes["answers-open"]


REFUSED = {
    "trusted_ips": ("2001:db8::/32", "IPv4 ranges"),
    "offices_ipv6": ("203.0.113.0/24", "IPv6 ranges"),
    "baseline_scopes": ("sometimes", "customised:"),
}
"""What cannot be used is said at once, and asked again; no other answer is lost by it."""


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals of this kind are POSIX")
def test_at_a_terminal_it_asks_and_an_empty_line_leaves_things_open(lab: Lab) -> None:
    from tests.e2e.test_terminal import Terminal

    lab.go("export")
    with Terminal(lab, "init", "--said-by", "Ada Lund") as terminal:
        terminal.wait_for("Which tenant is it")
        for number, question in enumerate(QUESTIONS, 1):
            terminal.wait_for(f"[{number} of {len(QUESTIONS)}] {question.asks[:40]}")
            terminal.wait_for_prompt()
            if question.key == "remember_mfa_days":
                terminal.type("soon")
                terminal.wait_for("is no number")
                terminal.wait_for_prompt()
                terminal.type("14")
            elif question.key == "federated_intranet":
                assert "Proposed by the last export: no (type = to take it)" in terminal.text
                terminal.type("=")
            elif question.key == "canary":
                terminal.type("ben.frost")
                terminal.wait_for("there is no user 'ben.frost'")
                terminal.wait_for("Near: ben.frost@contoso.example")
                terminal.wait_for_prompt()
                terminal.type("ben.frost@contoso.example, newcomer@contoso.example")
                terminal.wait_for_prompt()  # newer than the export: typed again it is taken
                terminal.type("ben.frost@contoso.example, newcomer@contoso.example")
            elif question.key in REFUSED:
                wrong, says = REFUSED[question.key]
                terminal.type(wrong)
                terminal.wait_for(says)
                terminal.wait_for_prompt()
                terminal.type("")
            else:
                terminal.type("")
        assert terminal.end() == 0
    read = config_from(lab.config.read_text(encoding="utf-8"), "lab.toml")
    assert read.tenant_settings.remember_mfa_days == 14
    assert read.tenant_settings.federated_intranet is False, "taken, since no domain is federated"
    assert read.tenant_settings.answered_by == "Ada Lund"
    assert read.tenant == lab.tenant.id, "what was there before is kept"
    assert read.waves.canary == ("ben.frost@contoso.example", "newcomer@contoso.example")
