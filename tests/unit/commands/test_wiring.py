"""Plan files that are read back as they were written, journals of other tenants, and the question before a change."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from migrate.cli import refuse_long_single_dash
from migrate.commands.call import Call
from migrate.commands.confirm import confirm
from migrate.commands.run import say_chain_head
from migrate.commands.wiring import journal_to_read, open_journal, rollback_command
from migrate.errors import BadInput, Guarded, NotConfirmed, NothingHere, StalePlan, UsageProblem
from migrate.model.journal import Draft, Operation, Outcome, TargetType
from migrate.model.plan import HoldReason, PlanAction, PlanHeader, PlanRow
from migrate.model.users import MfaState
from migrate.settings import GlobalOptions, settings_from
from migrate.store.folder import Workspace
from migrate.store.plan_files import PLAN_CSV, PLAN_JSON, plan_steps_of, read_plan, write_plan
from tests.unit.commands.conftest import Terminal
from tests.unit.decide.records import header, object_id

ROWS = [
    PlanRow(
        user_id=object_id(name),
        user_principal_name=f"{name}@contoso.example",
        current_state=MfaState.ENFORCED,
        target_state=MfaState.DISABLED if wave else None,
        wave=wave,
        action=PlanAction.DISABLE if wave else PlanAction.HOLD,
        hold_reason=None if wave else HoldReason.UNCOVERED,
        reason='=covered, "quoted"\nand folded' if wave else "open",
        covered_by=("One", "Two") if wave else (),
    )
    for name, wave in (("ada", 1), ("bob", None), ("eve", 2))
]


def written(workspace: Workspace) -> PlanHeader:
    return write_plan(workspace, ROWS, lambda digest: header(rows_sha256=digest))


# --- plan files


def test_a_plan_is_read_back_as_it_was_written(workspace: Workspace) -> None:
    made = written(workspace)
    found, rows = read_plan(workspace)
    assert found == made
    assert found.digest == made.digest == json.loads((workspace.path / PLAN_JSON).read_text("utf-8"))["digest"]
    steps = plan_steps_of(rows, found.rows_sha256)
    assert [step.user_id for step in steps()] == [object_id("ada"), object_id("eve")]
    assert list(steps()) == list(steps()), "the steps can be walked again"
    (ada, _) = steps()
    assert (ada.before, ada.after, ada.wave, ada.because) == (
        MfaState.ENFORCED,
        MfaState.DISABLED,
        1,
        ROWS[0].reason,
    )


def test_a_plan_can_be_read_from_another_place(workspace: Workspace, tmp_path: Path) -> None:
    made = written(workspace)
    other = tmp_path / "other"
    other.mkdir()
    for name in (PLAN_JSON, PLAN_CSV):
        (other / name).write_bytes((workspace.path / name).read_bytes())
    assert read_plan(workspace, str(other / PLAN_JSON)) == (made, other / PLAN_CSV)


def edit(name: str, old: bytes, new: bytes) -> Callable[[Workspace], None]:
    def change(workspace: Workspace) -> None:
        path = workspace.path / name
        assert old in path.read_bytes()
        path.write_bytes(path.read_bytes().replace(old, new))

    return change


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        (lambda w: (w.path / PLAN_JSON).unlink(), NothingHere, "no plan"),
        (lambda w: (w.path / PLAN_CSV).unlink(), StalePlan, "plan.csv"),
        (edit(PLAN_CSV, b"hold", b"disable"), StalePlan, "plan.csv"),
        (edit(PLAN_CSV, b"\n", b"\r\n"), StalePlan, "plan.csv"),
        (edit(PLAN_JSON, b'"totalUsers": 40', b'"totalUsers": 4'), StalePlan, "it was edited"),
        (edit(PLAN_JSON, b'"maxFailures": "5%"', b'"maxFailures": "100%"'), StalePlan, "it was edited"),
        (edit(PLAN_JSON, b'"digest"', b'"digested"'), BadInput, "was edited"),
        (edit(PLAN_JSON, b'"format": 1', b'"format": 2'), BadInput, "newer version"),
        (edit(PLAN_JSON, b'"format": 1', b'"format": "x"'), BadInput, "was edited"),
        (edit(PLAN_JSON, b"{", b"["), BadInput, "not a plan"),
    ],
)
def test_a_plan_that_is_not_as_it_was_written_is_refused(
    workspace: Workspace, change: Callable[[Workspace], None], kind: type[Exception], words: str
) -> None:
    written(workspace)
    change(workspace)
    with pytest.raises(kind, match=words):
        read_plan(workspace)


# --- the journal


def draft() -> Draft:
    return Draft(operation=Operation.OPEN_RUN, target_type=TargetType.RUN, outcome=Outcome.OPENED)


def test_one_folder_is_for_one_tenant(workspace: Workspace, call: Call) -> None:
    assert journal_to_read(workspace) is None
    with open_journal(workspace, actor="ops", tenant_id="tenant-a") as journal:
        say_chain_head(call, journal)
        journal.for_run("ab" * 32)
        journal.append([draft()])
        say_chain_head(call, journal)
    with open_journal(workspace, actor="ops", tenant_id="tenant-a"):
        pass
    with pytest.raises(Guarded, match="tenant-a; this is tenant-b"):
        open_journal(workspace, actor="ops", tenant_id="tenant-b")
    said = call.screen.stderr.getvalue()  # type: ignore[attr-defined]
    # A terminal wraps between words.
    assert " ".join(said.split()).startswith("Journal: 1 entries, last hash "), "an empty journal has no head to note"
    found = journal_to_read(workspace)
    assert found is not None
    with found:
        assert found.head[0] == 1


# --- the way back, ready to be pasted


@pytest.mark.parametrize(
    ("text", "typed", "words"),
    [
        ("", {}, ""),
        ('workspace = "w"\ntenant = "t"\nendpoint = "http://127.0.0.1:1/"\ncloud = "china"', {}, ""),
        ("", {"workspace": "my folder"}, " --workspace '{cwd}/my folder'"),
        ('workspace = "w"', {"workspace": "w"}, ""),
        ("", {"config": "mfa-migrate.toml"}, ""),
        ("", {"config": "lab.toml"}, " --config {cwd}/lab.toml"),
        ('tenant = "t"', {"tenant": "u", "cloud": "usgov"}, " --tenant u --cloud usgov"),
        ('endpoint = "http://127.0.0.1:1"', {"endpoint": "http://127.0.0.1:2"}, " --endpoint http://127.0.0.1:2"),
    ],
)
def test_a_command_names_what_the_configuration_does_not_say(
    tmp_path: Path, text: str, typed: dict[str, str], words: str
) -> None:
    for name in ("mfa-migrate.toml", "lab.toml"):
        (tmp_path / name).write_text(text, encoding="utf-8")
    settings = settings_from(GlobalOptions(**typed), {}, tmp_path)
    assert rollback_command(settings) == "mfa-migrate rollback" + words.format(cwd=tmp_path)


# --- the question


@pytest.mark.parametrize(("answer", "goes_on"), [("contoso.example", True), (" CONTOSO.example ", True)])
def test_the_domain_in_any_case_goes_on(
    call: Call, monkeypatch: pytest.MonkeyPatch, answer: str, goes_on: bool
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(answer + "\n"))
    confirm(call, ["Users: 3"], "contoso.example", alternative="--yes")
    assert "Users: 3\nType contoso.example to go on: " in call.screen.stderr.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize("answer", ["", "y", "yes", "contoso", "contoso.example.com"])
def test_any_other_answer_stops(call: Call, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(answer + "\n"))
    with pytest.raises(NotConfirmed, match="not typed as shown"):
        confirm(call, [], "contoso.example", alternative="--yes")


def test_where_nobody_can_be_asked_nothing_goes_on(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    monkeypatch.setattr(sys, "stdin", io.StringIO("contoso.example\n"))
    with pytest.raises(NotConfirmed, match="no terminal") as refused:
        confirm(call, [], "contoso.example", alternative="--yes --max-users N")
    assert "--yes --max-users N" in refused.value.hint


# --- single dashes


@pytest.mark.parametrize(
    "words", [["-h"], ["-o", "json"], ["apply", "--what-if"], ["--", "-whatif"], ["-"], [], ["x-y"]]
)
def test_short_options_and_what_follows_two_dashes_pass(words: list[str]) -> None:
    refuse_long_single_dash(words)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["-whatif"], "--what-if"),
        (["apply", "-WhatIf"], "--what-if"),
        (["audit", "verify", "-Expect"], "--expect"),
        (["apply", "-MaxUsers", "5"], "--max-users"),
        (["show", "-All"], "--all"),
        (["-qv"], "--help"),
        (["-ojson"], "--help"),
    ],
)
def test_everything_longer_behind_one_dash_is_refused_with_what_was_meant(words: list[str], meant: str) -> None:
    with pytest.raises(UsageProblem, match="two dashes") as refused:
        refuse_long_single_dash(words)
    assert meant in refused.value.hint


def test_a_negative_amount_is_refused_too() -> None:
    with pytest.raises(UsageProblem, match="-50 is not an option"):
        refuse_long_single_dash(["apply", "--max-users", "-50"])
