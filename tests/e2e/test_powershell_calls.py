"""What the PowerShell module sends and gets, with the real command as a process of its own and a sandbox behind it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest
import shellingham
import tree_sitter_pwsh
from tree_sitter import Language, Parser
from typer._completion_shared import get_completion_script

from migrate.engine.waves import WORKERS
from migrate.powershell.installation import module_source
from migrate.store.folder import Workspace
from migrate.views.events import PROTOCOL, ResultEvent, ResultOutcome, SummaryEvent, event_of
from tests.e2e.laboratory import Lab, csv_of, environment, run_here

PARSER = Parser(Language(tree_sitter_pwsh.language()))


def sent(lab: Lab, arguments: list[str], lines: Iterable[object] = (), *, protocol: int = 1, desktop: bool = False):
    """Return the bytes that Start-MfaMigrateCli writes.

    `desktop`: as Windows PowerShell 5.1 does, whose ConvertTo-Json escapes more, and whose console of code page 65001
    puts a byte order mark before everything.
    """
    words = ["--output", "ndjson", "--workspace", str(lab.workspace), *arguments, "--config", str(lab.config)]
    if "--" in arguments:
        words = words[-2:] + words[:-2]
    request = {"arguments": words, "protocol": protocol}
    made = [json.dumps(line, ensure_ascii=False, separators=(",", ":")) for line in [request, *lines]]
    if desktop:
        made = [re.sub(r"['<>&]", lambda sign: f"\\u{ord(sign[0]):04x}", line) for line in made]
    return (b"\xef\xbb\xbf" if desktop else b"") + ("\n".join(made) + "\n").encode()


def call(lab: Lab, arguments: list[str], lines: Iterable[object] = (), **how: Any):
    """Call the command as the module does, in a process of its own, and return what it did."""
    return subprocess.run(
        [sys.executable, "-m", "migrate", "powershell", "call"],
        input=sent(lab, arguments, lines, **how),
        env=environment(),
        cwd=lab.folder,
        capture_output=True,
        timeout=240,
        check=False,
    )


SET_STATE = ["set-state", "--input", "-", "--yes", "--state"]


@contextmanager
def enabling(lab: Lab, names: Iterable[str]) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
    """Have these users enabled, and yield the process with what it answers while it does so."""
    with subprocess.Popen(
        [sys.executable, "-m", "migrate", "powershell", "call"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(),
        cwd=lab.folder,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(sent(lab, [*SET_STATE, "Enabled"], ({"userPrincipalName": name} for name in names)))
        process.stdin.close()
        yield process, process.stdout


def somebody(lab: Lab, state: str, number: int = 0) -> str:
    return sorted(name for name, found in lab.states().items() if found == state)[number]


def test_users_on_stdin_come_back_as_events_in_their_order_and_are_found_changed(lab: Lab) -> None:
    names = [somebody(lab, "disabled", number) for number in range(3)]
    users = [
        {"userPrincipalName": names[0]},
        {"userPrincipalName": "nobody@contoso.example"},
        {"userPrincipalName": names[2]},
    ]
    done = call(lab, [*SET_STATE, "Enabled"], users, desktop=True)
    assert done.stdout.endswith(b"\n")
    assert b"\r" not in done.stdout
    events = [event_of(line) for line in done.stdout.splitlines()]
    results = sorted((event for event in events if isinstance(event, ResultEvent)), key=lambda event: event.index or 0)
    assert [result.user_principal_name for result in results] == [user["userPrincipalName"] for user in users]
    assert [result.outcome.is_error for result in results] == [False, True, False]
    assert results[1].code == "NotFound"
    assert isinstance(events[-1], SummaryEvent)
    assert events[-1].exit_code == done.returncode == 1
    assert events[-1].journal_entries
    assert {lab.states()[name] for name in (names[0], names[2])} <= {"enabled", "enforced"}
    assert lab.states()[names[1]] == "disabled"


def test_each_result_is_written_when_it_is_known_and_not_at_the_end(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab(users=700)
    names = sorted(name for name, state in lab.states().items() if state == "disabled")
    assert len(names) > 20 * (WORKERS + 1), "more batches of writes than are on their way at once"
    first_result, seen = threading.Event(), []
    # The batch that comes after those is sent when one of them is through. It is not answered before the first result
    # has been read here; if results came at the end, it would never be read.
    lab.when_batched("PATCH", WORKERS + 1, lambda: seen.append(first_result.wait(60)))
    with enabling(lab, names) as (process, answer):
        results = []
        for event in map(event_of, answer):
            if isinstance(event, ResultEvent):
                results.append(event)
                first_result.set()
        process.wait(60)
    assert (process.returncode, seen) == (0, [True])
    assert sorted(result.index or 0 for result in results) == list(range(len(names)))
    assert {result.outcome for result in results} == {ResultOutcome.CONFIRMED}


def test_a_user_who_is_there_already_is_reported_and_nothing_is_sent(lab: Lab) -> None:
    done = call(lab, [*SET_STATE, "Enforced"], [{"userPrincipalName": somebody(lab, "enforced")}])
    (result,) = [event for event in map(event_of, done.stdout.splitlines()) if isinstance(event, ResultEvent)]
    assert (result.outcome, done.returncode) == (ResultOutcome.UNCHANGED, 0)


def test_another_protocol_is_refused_before_anything_is_sent(lab: Lab) -> None:
    before = lab.states()
    done = call(lab, [*SET_STATE, "Enabled"], [{"userPrincipalName": somebody(lab, "disabled")}], protocol=2)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"mfa-migrate powershell install" in done.stderr
    assert lab.states() == before


@pytest.mark.parametrize(
    "line",
    [b"", b"\n", b"{}\n", b"not json\n", b'{"protocol":1,"arguments":["powershell","call"]}\n', b'{"protocol":1}\n'],
)
def test_a_first_line_that_is_no_call_is_a_usage_error(line: bytes) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "migrate", "powershell", "call"],
        input=line,
        env=environment(),
        capture_output=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 2
    assert b"Error: " in done.stderr
    assert b"Traceback" not in done.stderr


def read_by(function: str, prefix: str = r"\$_\.", folder: str = "Public") -> set[str]:
    """Return the members that a function of the module reads from each item of an answer."""
    text = (module_source() / folder / f"{function}.ps1").read_text(encoding="ascii")
    return set(re.findall(prefix + r"(\w+)", text)) - {"type", "list", "item", "exitCode", "document"}


def items_of(done: subprocess.CompletedProcess[bytes], name: str) -> list[dict[str, Any]]:
    """Return the items of a list as Get-MfaMigrateItem picks them, once the answer is whole."""
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["type"] for event in events].index("summary") == len(events) - 1
    assert all(event["version"] == PROTOCOL for event in events)
    return [event["item"] for event in events if event["type"] == "row" and event["list"] == name]


def test_every_answer_has_the_members_that_the_module_reads(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab()
    lab.go("export")
    name = somebody(lab, "enforced")
    old = lab.folder / "old 'list'.csv"
    old.write_text(f"UPN,perUserMfaState\n{name},Enabled\n", encoding="utf-16")

    (user,) = items_of(call(lab, ["status", "--", name], desktop=True), "users")
    assert user["perUserMfaState"] == "enforced"
    assert set() != read_by("ConvertTo-MfaUser", r"\$Item\.", "Private") <= user.keys()
    assert read_by("Get-MfaState", r"\$_\.item\.") == {"code", "name", "message"}
    assert {"isMfaRegistered", "isMfaCapable", "methodsRegistered"} <= user["registration"].keys()

    converted = call(lab, ["convert", str(old)], desktop=True)
    assert converted.returncode == 0, converted.stderr.decode()
    (claim,) = [json.loads(line) for line in converted.stdout.splitlines()]
    assert claim == {
        "objectId": None,
        "userPrincipalName": name,
        "perUserMfaState": "enabled",
        "source": f"{old}: perUserMfaState",
        "row": 2,
    }
    assert read_by("Import-MfaState") == claim.keys()

    compared = call(lab, ["compare", str(old)])
    assert compared.returncode == 1, "an answer all the same"
    differences = items_of(compared, "differences")
    assert {"kind": "promoted", "row": 2, "claimed": "enabled", "found": "enforced"}.items() <= differences[0].items()
    assert read_by("Compare-MfaState") == differences[0].keys()

    planned = [json.loads(line) for line in call(lab, ["plan"]).stdout.splitlines()]
    assert planned[-1]["type"] == "summary"
    assert planned[-1]["document"].keys() >= read_by("Invoke-MfaMigration", r"\$plan\.") != set()

    rehearsed = call(lab, ["apply", "--max-users", "100%", "--what-if"])
    assert items_of(rehearsed, "rehearsal")
    document = json.loads(rehearsed.stdout.splitlines()[-1])["document"]
    run = (module_source() / "Private" / "Invoke-MfaMigrateRun.ps1").read_text(encoding="ascii")
    assert set(re.findall(r"\$document -Name '(\w+)'", run)) <= document.keys()

    lab.go(
        "apply", "--yes", "--max-users", "100%", "--until", "wave:1", "--skip-report-only", "x", "--skip-settle", "x"
    )
    lab.set_state(
        next(step for step in lab.plan_rows() if lab.plan_rows()[step]["Wave"] == "1").split("@")[0], "enforced"
    )
    verified = call(lab, ["verify"])
    assert verified.returncode == 1, verified.stderr.decode()
    assert items_of(verified, "findings")[0].keys() >= read_by("Test-MfaMigration", r"\$_\.item\.") != set()


def ending_of(done: subprocess.CompletedProcess[bytes]) -> dict[str, Any]:
    """Return the error object of the last event, which every command that ended with an error has."""
    last = json.loads(done.stdout.splitlines()[-1])
    assert (last["type"], last["version"], last["exitCode"]) == ("summary", PROTOCOL, done.returncode)
    assert set(last["error"]) == {"code", "what", "unchanged", "hint"}
    assert sum(json.loads(line)["type"] == "summary" for line in done.stdout.splitlines()) == 1
    return last["error"]


def test_every_command_ends_with_one_error_object_and_the_class_of_the_error(lab: Lab) -> None:
    for verb in (
        ["status", "--all"],
        ["verify"],
        ["compare", "x.csv"],
        ["plan"],
        ["apply", "--yes", "--max-users", "5"],
    ):
        ended = ending_of(call(lab, verb))
        assert ended["code"] in {"NothingHere", "BadInput"}, verb
    assert ending_of(call(lab, ["convert", "no-such.csv"]))["code"] == "BadInput"
    assert ending_of(call(lab, ["plan", "--frobnicate"]))["code"] == "UsageProblem"
    with Workspace(lab.workspace).lock("a test"):
        for verb in (["export"], [*SET_STATE, "Enabled"]):
            done = call(lab, verb, [{"userPrincipalName": somebody(lab, "disabled")}])
            assert (done.returncode, ending_of(done)["code"]) == (5, "FolderLocked"), verb
    text = lab.config.read_text(encoding="utf-8")
    lab.config.write_text("nonsense = 1\n" + text, encoding="utf-8")
    assert ending_of(call(lab, ["status", "--all"]))["code"] == "ConfigProblem"
    lab.config.write_text(text, encoding="utf-8")


def test_an_error_speaks_of_functions_and_parameters_and_has_no_talk_before_it(lab: Lab) -> None:
    nothing = ending_of(call(lab, ["status", "--all"]))
    assert "Export-MfaState" in nothing["hint"]
    lab.go("export")
    lab.go("plan")
    many = ending_of(call(lab, ["apply", "--yes", "--max-users", "1", "--skip-report-only", "x", "--skip-settle", "x"]))
    assert many["code"] == "LimitReached"
    said = " ".join(many.values())
    assert "-MaxUsers" in said
    assert "--" not in said
    assert not many["what"].startswith(("SANDBOX", "Signed in"))


def test_everybody_and_names_that_are_nobody_come_with_the_moment_of_their_state(lab: Lab) -> None:
    lab.go("export")
    name = somebody(lab, "enforced")
    done = call(lab, ["status", "--", "nobody@contoso.example", name])
    assert done.returncode == 1
    (user,) = items_of(done, "users")
    (missing,) = items_of(done, "missing")
    assert (missing["name"], missing["code"]) == ("nobody@contoso.example", "NotFound")
    assert "-Live" in missing["hint"]
    only = call(lab, ["status", "--live", "--", "nobody@contoso.example"])
    assert (only.returncode, items_of(only, "users")) == (1, [])
    assert items_of(only, "missing")[0]["code"] == "NotFound"
    everybody = items_of(call(lab, ["status", "--all"]), "users")
    assert {each["userPrincipalName"]: each["perUserMfaState"] for each in everybody} == lab.states()
    now = items_of(call(lab, ["status", "--all", "--live"]), "users")
    assert {each["userPrincipalName"]: each["perUserMfaState"] for each in now} == lab.states()
    assert all(each["registration"] is None for each in now)
    assert {each["asOf"] for each in everybody} == {user["asOf"]} <= {each["asOf"] for each in now} | {user["asOf"]}
    assert now[0]["asOf"] >= user["asOf"]


def test_a_change_since_the_export_is_shown_with_its_moment(lab: Lab) -> None:
    lab.go("export")
    name = somebody(lab, "disabled")
    lab.advance(seconds=120)
    assert call(lab, [*SET_STATE, "Enabled"], [{"userPrincipalName": name}]).returncode == 0
    done = call(lab, ["status", "--", name])
    (user,) = items_of(done, "users")
    assert user["lastChange"]["requested"] == "enabled"
    assert user["perUserMfaState"] == lab.states()[name] != "disabled"
    assert user["asOf"] == user["lastChange"]["timeUtc"]
    assert b"Warning" not in done.stderr


def test_no_line_of_an_answer_grows_with_the_tenant(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab(users=300)
    lab.go("export")
    lab.go("plan")
    names = sorted(lab.states())
    for arguments in (["status", "--", *names], ["verify"], ["apply", "--max-users", "100%", "--what-if"]):
        done = call(lab, arguments)
        assert done.returncode in (0, 1), done.stderr.decode()
        assert max(map(len, done.stdout.splitlines())) < 8_000, arguments[0]


def test_a_pipeline_that_stops_reading_does_not_stop_the_run(lab: Lab) -> None:
    names = [name for name, state in lab.states().items() if state == "disabled"]
    with enabling(lab, names) as (process, answer):
        assert answer.readline()
        answer.close()
        process.wait(60)
    assert not [name for name in names if lab.states()[name] == "disabled"]
    assert lab.go("audit", "verify", "-o", "json").document["holds"]


def grouped(lab: Lab) -> dict[str, list[dict[str, str]]]:
    """Return what Import-Csv rollback.csv | Group-Object PreviousState | Set-MfaState sends, by former state."""
    columns = ("ObjectId", "UserPrincipalName", "PreviousState", "PlanDigest")
    groups: dict[str, list[dict[str, str]]] = {}
    for row in csv_of(lab.workspace / "rollback.csv"):
        groups.setdefault(row["PreviousState"], []).append({c[0].lower() + c[1:]: row[c] for c in columns})
    return groups


def test_the_rows_of_a_rollback_file_undo_a_migration_group_by_group(lab: Lab) -> None:
    before = lab.states()
    lab.go("export")
    lab.go("plan")
    lab.go("apply", "--yes", "--max-users", "100%", "--skip-report-only", "x", "--skip-settle", "x")
    assert lab.states() != before
    for former, users in grouped(lab).items():
        done = call(lab, [*SET_STATE, former], users, desktop=former == "enforced")
        assert done.returncode == 0, done.stdout.decode()
    assert {name for name, state in lab.states().items() if state != before[name]} <= {
        name for name, state in before.items() if state == "enabled"
    }, "enabled may be found as enforced"


def test_former_state_and_plan_digest_of_a_row_exempt_a_restore_where_the_journal_is_gone(lab: Lab) -> None:
    lab.go("export")
    lab.go("plan")
    lab.go("apply", "--yes", "--max-users", "100%", "--skip-report-only", "x", "--skip-settle", "x")
    groups = grouped(lab)
    users = groups["enforced"]
    (lab.workspace / "journal.db").unlink()
    bare = [{"objectId": user["objectId"]} for user in users]
    refused = call(lab, [*SET_STATE, "enforced", "--what-if"], bare)
    assert (refused.returncode, b'"NotRegistered"' in refused.stdout) == (1, True), "some never registered"
    # The first group begins a new journal and new files of the way back; the old ones still count for the second.
    for former in ("enabled", "enforced"):
        restored = call(lab, [*SET_STATE, former], groups[former])
        assert restored.returncode == 0, restored.stdout.decode()
    assert list(lab.workspace.glob("rollback-*/rollback.csv"))


@pytest.mark.parametrize("shell", ["pwsh", "powershell"])
def test_completion_is_not_installed_where_that_would_lower_the_execution_policy(
    shell: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marker = tmp_path / "called"
    stand_in = tmp_path / shell
    stand_in.write_text(f'#!/bin/sh\necho "$@" >> {marker}\necho {tmp_path}/profile.ps1\n', encoding="utf-8")
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(shellingham, "detect_shell", lambda: (shell, str(stand_in)))
    refused = run_here(["--install-completion"])
    assert refused.code == 2, refused.said
    assert "mfa-migrate --show-completion | Out-String | Invoke-Expression" in refused.err
    assert not marker.exists(), "Typer would have run Set-ExecutionPolicy Unrestricted"
    script = get_completion_script(prog_name="mfa-migrate", complete_var="_MFA_MIGRATE_COMPLETE", shell=shell)
    assert "Register-ArgumentCompleter -Native -CommandName mfa-migrate" in script
    assert not PARSER.parse(script.encode()).root_node.has_error


@pytest.mark.parametrize(
    ("shell", "typed", "offered"),
    [
        ("bash", {"COMP_WORDS": "mfa-migrate pla", "COMP_CWORD": "1"}, "plan"),
        ("zsh", {"_TYPER_COMPLETE_ARGS": "mfa-migrate pla"}, '"plan":'),
        ("fish", {"_TYPER_COMPLETE_ARGS": "mfa-migrate pla", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}, "plan\t"),
        (
            "powershell",
            {"_TYPER_COMPLETE_ARGS": "mfa-migrate pla", "_TYPER_COMPLETE_WORD_TO_COMPLETE": "pla"},
            "plan:::",
        ),
    ],
)
def test_tab_completes_a_verb(shell: str, typed: dict[str, str], offered: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "migrate"],
        env=environment(_MFA_MIGRATE_COMPLETE=f"complete_{shell}", **typed),
        capture_output=True,
        timeout=240,
        check=False,
    )
    assert offered in done.stdout.decode(), done.stderr.decode()
    assert "apply" not in done.stdout.decode()


def test_a_newer_module_that_would_be_loaded_instead_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modules = tmp_path / "modules"
    monkeypatch.setattr("migrate.commands.powershell.module_folder", lambda *_: modules)
    (modules / "MfaMigrate" / "99.0.0").mkdir(parents=True)
    installed = run_here(["powershell", "install", "--edition", "Core"])
    assert installed.code == 0
    assert "99.0.0 is newer than this mfa-migrate" in installed.err


def test_the_module_is_installed_where_it_was_told(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "migrate", "powershell", "install", "--edition", "Core", "-o", "json"],
        env=environment(XDG_DATA_HOME=str(tmp_path)),
        capture_output=True,
        timeout=240,
        check=False,
    )
    if sys.platform == "win32":
        pytest.skip("on Windows the folder is the user's own")
    document = json.loads(done.stdout)
    (folder,) = document["folders"]
    assert folder.startswith(str(tmp_path / "powershell" / "Modules" / "MfaMigrate"))
    assert (Path(folder) / "Public" / "Set-MfaState.ps1").is_file()
