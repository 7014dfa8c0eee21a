"""What goes wrong at a keyboard: each has its documented exit code, one clear message, and never a traceback."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from migrate.sandbox.company import company
from tests.e2e.laboratory import Lab, Ran, ask, environment, run_apart, run_here

APPLY = ("apply", "--yes", "--max-users", "100%", "--skip-settle", "lab")


def told(ran: Ran, code: int, *words: str) -> None:
    """Insist on the exit code, one message that holds the words, and no traceback."""
    assert ran.code == code, ran.said
    assert ran.err.count("Error: ") == 1, ran.err
    message = ran.err[ran.err.index("Error: ") :]
    for word in words:
        assert word in message, message
    assert "Traceback" not in ran.said
    assert "bug in mfa-migrate" not in ran.said


@pytest.fixture
def planned(lab: Lab) -> Lab:
    lab.go("export")
    lab.go("plan")
    return lab


@pytest.fixture
def applied(planned: Lab) -> Lab:
    planned.go(*APPLY)
    return planned


# --- the tenant and the way to it


def test_another_tenant_than_the_one_named_is_refused_before_anything_is_read(lab: Lab) -> None:
    refused = lab.run("export", "--tenant", "11111111-1111-4111-8111-111111111111")
    told(refused, 3, "You asked for tenant 11111111", "contoso.example", "Nothing was changed.", "--tenant")
    assert not (lab.workspace / "snapshot.db").exists()
    lab.go("export", "--tenant", "CONTOSO.example")


def test_a_plan_for_another_tenant_is_refused(planned: Lab, make_lab: Callable[..., Lab]) -> None:
    other = make_lab(company(2, 60))
    refused = run_here([*APPLY, "--config", str(other.config), "--workspace", str(planned.workspace)])
    told(refused, 3, "was made for tenant", planned.tenant.id, other.tenant.id)
    assert not [call for call in other.requests() if call["method"] == "PATCH"]


def test_a_plan_for_another_endpoint_is_refused(planned: Lab, make_lab: Callable[..., Lab]) -> None:
    other = make_lab(company(1, 60))
    told(planned.run(*APPLY, "--endpoint", other.url), 3, "was made for endpoint", planned.url, other.url)


def test_a_folder_with_another_tenants_journal_is_refused(applied: Lab, make_lab: Callable[..., Lab]) -> None:
    other = make_lab(company(2, 60))
    place = ["--config", str(other.config), "--workspace", str(applied.workspace)]
    kept = (applied.workspace / "snapshot.db").read_bytes()
    told(run_here(["export", *place]), 3, "holds the journal of tenant", "--workspace")
    told(run_here(["rollback", "--yes", *place]), 3, "holds the journal of tenant", "--workspace")
    told(run_here(["verify", *place]), 3, "tenant", other.tenant.id)
    assert (applied.workspace / "snapshot.db").read_bytes() == kept


def test_an_endpoint_where_nobody_listens(lab: Lab) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ran = lab.run("export", "--endpoint", f"http://127.0.0.1:{port}")
    start = f"`mfa-migrate sandbox --port {port}`"
    told(ran, 4, "could not be reached", "--endpoint", "the sandbox is not running", start)


@pytest.mark.parametrize(
    "endpoint",
    ["http://192.0.2.1:8765", "https://graph.example.com", "ftp://127.0.0.1/", "http://127.0.0.1@example.com/", "here"],
)
def test_an_endpoint_that_is_not_on_this_machine(lab: Lab, endpoint: str) -> None:
    told(lab.run("export", "--endpoint", endpoint), 2, endpoint, "on this machine", "--cloud")


def test_a_run_that_ends_with_an_error_says_what_was_changed_before(planned: Lab) -> None:
    refused = {"status": 403, "code": "Authorization_RequestDenied", "message": "Insufficient privileges."}
    writes = {"method": "PATCH", "path": "*/authentication/requirements", "nth": list(range(11, 100))}
    ask(f"{planned.url}/_sandbox/faults", "POST", {"faults": [{"match": writes, "do": refused}]})
    cut_off = planned.run(*APPLY)
    told(cut_off, 4, "5 users running were refused", "Authentication Policy Administrator", "goes on where it stopped")
    assert "Nothing was changed" not in cut_off.err
    changed = sum(state == "disabled" for state in planned.states().values())
    off_before = sum(row["CurrentState"] == "disabled" for row in planned.plan_rows().values())
    assert f"{changed - off_before} users changed" in cut_off.err
    ask(f"{planned.url}/_sandbox/faults", "DELETE")
    assert "The apply is through." in planned.go(*APPLY).out


@pytest.mark.parametrize("verb", ["status", "explain"])
def test_a_character_that_nobody_sees_is_named_where_the_tenant_knows_no_such_user(lab: Lab, verb: str) -> None:
    ran = lab.run(verb, "alma.\u200bberg@contoso.example", "--live")
    told(ran, 2, "no such user", "ZERO WIDTH SPACE (U+200B), after 'alma.'")


# --- the working folder


@pytest.mark.parametrize("verb", [("plan",), ("status",), ("verify",)])
def test_a_missing_snapshot(lab: Lab, verb: tuple[str, ...]) -> None:
    told(lab.run(*verb), 2, "holds no snapshot", "mfa-migrate export")


@pytest.mark.parametrize("words", [["rollback", "--user", "a"], ["show", "--held"], ["show", "--zzz"]])
def test_only_options_that_are_near_are_proposed(exported: Lab, words: list[str]) -> None:
    said = exported.run(*words).err
    for far in ("--quiet", "--cloud", "--help)"):
        assert far not in said
    assert ("Possible options" in said) == (words[1] == "--user")


def test_the_values_of_a_missing_argument_are_listed_in_one_sentence(lab: Lab) -> None:
    told(lab.run("notify"), 2, "Missing argument 'WHAT'. Choose from: before-wave, after-enabling, help-desk")


@pytest.mark.parametrize("verb", [APPLY, ("show",)])
def test_a_missing_plan(lab: Lab, verb: tuple[str, ...]) -> None:
    lab.go("export")
    told(lab.run(*verb), 2, "There is no plan", "mfa-migrate plan")


@pytest.mark.parametrize("verb", [("audit", "export"), ("audit", "verify")])
def test_a_missing_journal(lab: Lab, verb: tuple[str, ...]) -> None:
    told(lab.run(*verb), 2, "holds no journal", "mfa-migrate apply")


def test_nothing_to_roll_back(planned: Lab) -> None:
    told(planned.run("rollback", "--yes"), 2, "Nothing has been applied", "--file rollback.csv")


@pytest.mark.parametrize("verb", [("plan",), ("status",)])
def test_a_damaged_snapshot(planned: Lab, verb: tuple[str, ...]) -> None:
    path = planned.workspace / "snapshot.db"
    content = bytearray(path.read_bytes())
    page = int.from_bytes(content[16:18], "big")
    content[page : 2 * page] = bytes(page)
    path.write_bytes(content)
    told(planned.run(*verb), 5, "snapshot.db is damaged", "mfa-migrate export")
    planned.go("export")
    planned.go(*verb)


def test_a_damaged_journal_stops_every_command_and_the_files_beside_it_still_lead_back(applied: Lab) -> None:
    path = applied.workspace / "journal.db"
    content = bytearray(path.read_bytes())
    content[8192:12288] = bytes(byte ^ 0xFF for byte in content[8192:12288])
    path.write_bytes(content)
    for verb in (("status",), ("rollback", "--yes"), ("audit", "verify"), ("audit", "export")):
        told(applied.run(*verb), 5, "journal.db is damaged", "rollback --file rollback.csv")
    elsewhere = ["--config", str(applied.config), "--workspace", str(applied.folder / "elsewhere")]
    back = run_here(["rollback", "--file", str(applied.workspace / "rollback.csv"), "--yes", *elsewhere])
    assert back.code == 0, back.said
    assert applied.state_of("alma.berg") == "enforced"


def test_an_entry_of_the_journal_that_somebody_changed(applied: Lab) -> None:
    import sqlite3

    with sqlite3.connect(applied.workspace / "journal.db") as connection:
        connection.execute("DROP TRIGGER entries_stay_as_they_are")
        connection.execute("UPDATE entries SET actor = 'nobody' WHERE sequence = 5")
    connection.close()
    told(applied.run("status"), 5, "journal.db is damaged", "Row 5 was changed")


def test_an_edited_plan_csv(planned: Lab) -> None:
    path = planned.workspace / "plan.csv"
    path.write_bytes(path.read_bytes().replace(b",hold,", b",disable,", 1))
    told(planned.run(*APPLY), 3, "plan.csv is not what plan.json was made with", "mfa-migrate plan")
    assert not [call for call in planned.requests() if call["method"] == "PATCH"]


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'"emergencyAccess": [', b'"emergencyAccess": [\n"x",'), (b'"totalUsers": 60', b'"totalUsers": 600')],
)
def test_an_edited_plan_json(planned: Lab, old: bytes, new: bytes) -> None:
    path = planned.workspace / "plan.json"
    assert old in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(old, new))
    for verb in (APPLY, ("show",)):
        told(planned.run(*verb), 3, "plan.json is not what `mfa-migrate plan` wrote", "edited")


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"format": 1, "kind": "migrate"}', b"\xff\xfe"])
def test_a_plan_json_that_is_none(planned: Lab, content: bytes) -> None:
    (planned.workspace / "plan.json").write_bytes(content)
    told(planned.run("show"), 2, "not a plan of mfa-migrate", "mfa-migrate plan")


def test_a_plan_json_of_a_newer_version(planned: Lab) -> None:
    path = planned.workspace / "plan.json"
    path.write_bytes(path.read_bytes().replace(b'"format": 1,', b'"format": 99,\n"new": true,', 1))
    told(planned.run("show"), 2, "newer version", "Upgrade")


@pytest.mark.skipif(sys.platform == "win32", reason="folders of Windows have no such permission bits")
def test_a_folder_that_may_not_be_written(lab: Lab) -> None:
    if os.geteuid() == 0:
        # Root may write anywhere, except below a file.
        lab.workspace.write_bytes(b"a file")
        told(lab.run("export"), 5, "is not a folder", "--workspace")
        return
    lab.workspace.mkdir(mode=0o500)
    told(lab.run("export"), 5, "You may not write", "--workspace")


def test_a_folder_that_cannot_be_made(lab: Lab) -> None:
    (lab.folder / "file").write_bytes(b"")
    ran = run_here(["export", "--config", str(lab.config), "--workspace", str(lab.folder / "file" / "below")])
    told(ran, 5, "below", "--workspace")


def test_a_log_file_that_cannot_be_written(lab: Lab) -> None:
    told(lab.run("export", "--log-file", str(lab.folder)), 5, "cannot be written", "--log-file")


# --- the configuration


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({"limits": 'readback_timout = "2s"'}, ("line 16", "limits.readback_timout", "'readback_timeout'")),
        ({"emergency_access": 'acounts = ["a@b"]'}, ("line 7", "emergency_access.acounts", "'accounts'")),
        ({"top": "polcy = 3"}, ("line 4", "'polcy'", "'policy'")),
        ({"policy": 'mode = "adpt"'}, ("line 10", "policy.mode", "'adpt'", "'adopt'")),
        ({"policy": "report_only_days = -1"}, ("line 10", "negative")),
        ({"policy": 'policy_settle = "soon"'}, ("line 10", "policy.policy_settle", "'soon'")),
        ({"policy": "mode = 3"}, ("line 10", "policy.mode")),
        ({"policy": 'scope = "everybody"'}, ("line 10", "group:<id or exact name>")),
        ({"limits": 'max_users = "lots"'}, ("line 16", "limits.max_users", "'lots'")),
        ({"waves": "percentages = [50, 10]"}, ("line 13", "percentages", "[10, 50, 100]")),
        ({"emergency_access": 'accounts = ["a@b"]\nnone = "both"'}, ("either accounts or none",)),
        ({"top": "this is no toml"}, ("line 4", "TOML")),
    ],
)
def test_a_slip_in_the_configuration_names_the_line_and_what_was_meant(
    lab: Lab, tables: dict[str, str], words: tuple[str, ...]
) -> None:
    lab.configure(**tables)
    told(lab.run("status"), 2, str(lab.config), *words)


def test_a_configuration_that_is_not_there(lab: Lab) -> None:
    told(
        run_here(["status", "--config", str(lab.folder / "nope.toml")]), 2, "There is no file", "nope.toml", "--config"
    )


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({"emergency_access": ""}, ("No emergency access account is configured", "[emergency_access]")),
        ({"emergency_access": 'accounts = ["gone@contoso.example"]'}, ("emergency_access.accounts", "gone@contoso")),
        ({"waves": 'canary = ["gone@contoso.example"]'}, ("waves.canary", "gone@contoso.example")),
        ({"policy": 'switch_on = ["No such policy"]'}, ("policy.switch_on", "No such policy")),
        (
            {"policy": f'mode = "create"\nscope = "group:{"0" * 8}-0000-0000-0000-{"0" * 12}"'},
            ("policy.scope", "is not in the snapshot"),
        ),
    ],
)
def test_a_name_in_the_configuration_that_the_tenant_does_not_know(
    lab: Lab, tables: dict[str, str], words: tuple[str, ...]
) -> None:
    lab.go("export")
    lab.configure(**tables)
    told(lab.run("plan"), 2, *words)


# --- the command line


@pytest.mark.parametrize(
    "words",
    [["-whatif", "apply"], ["apply", "-whatif"], ["apply", "-WhatIf", "--yes"], ["audit", "verify", "-expect", "x"]],
)
def test_a_long_token_with_one_dash_is_never_read_as_a_cluster_of_short_options(planned: Lab, words: list[str]) -> None:
    told(planned.run(*words), 2, "is not an option here", "two dashes")
    assert not [call for call in planned.requests() if call["method"] == "PATCH"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["plan", "--frobnicate"], ("--frobnicate",)),
        (["plna"], ("plna", "'plan'")),
        (["plan", "-o", "jsn"], ("--output", "'jsn'", "'json'")),
        (["plan", "--cloud", "mars"], ("--cloud", "'mars'", "usgov")),
        (["apply", "--yes"], ("--yes needs --max-users",)),
        (["apply", "--yes", "--max-users", "many"], ("--max-users", "'many'")),
        (["apply", "--until", "wave:77"], ("wave:77", "wave:5")),
        (["apply", "--wave", "77"], ("no wave 77",)),
        (["apply", "--wave", "x"], ("no wave 'x'", "1 'canary'")),
        (["apply", "--wave", "Canary"], ("no wave 'Canary'", "1 'canary'")),
        (["apply", "--until", "wave:can"], ("wave:can", "exact name, such as 'canary'")),
        (["explain", "quixote"], ("There is no user 'quixote'", "Check the spelling", "status --all` lists everybody")),
        (["rollback", "ben.frost"], ("(ben.frost)", "--users")),
        (["show", "nobody@contoso.example"], ("nobody@contoso.example",)),
        (["show", "--wave", "77"], ("no wave 77",)),
        (["status", "nobody@contoso.example"], ("nobody@contoso.example", "--live")),
        (["status", "nobody@contoso.example", "--live"], ("nobody@contoso.example", "no such user")),
        (["status", "--live", "--watch"], ("Leave --live or --watch away",)),
        (["export", "--anonymise"], ("--tenant-file",)),
        (["rollback", "--file", "no-such.csv", "--yes"], ("no-such.csv",)),
        (["rollback", "--file", "a.csv", "--run", "ab"], ("--file and --run",)),
        (["rollback", "--file", "a.csv", "--users", " , ", "--yes"], ("--users names nobody", "everybody")),
        (["audit", "verify", "no-such.csv"], ("no-such.csv",)),
        (["audit", "verify", "--expect", "3f0c9a7be152"], ("64 hexadecimal digits", "this has 12")),
        (["audit", "verify", "--expect", "3f0c…"], ("64 hexadecimal digits", "something else")),
        (["rollback", "--user", "a"], ("--user", "Possible options: --users")),
        (["Set-MfaState", "-State", "Disabled"], ("`mfa-migrate set-state`", "Set-MfaState in PowerShell")),
    ],
)
def test_what_was_typed_wrong_is_said_with_what_would_be_right(
    exported: Lab, words: list[str], says: tuple[str, ...]
) -> None:
    told(exported.run(*words), 2, *says)


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--port", "TAKEN"], 2, ("cannot be used", "--port")),
        (["--port", "99999"], 2, ("--port",)),
        (["--users", "1"], 2, ("--users",)),
        (["--latency", "slow"], 2, ("--latency", "'slow'")),
        (["--set", "no_such=1"], 2, ("no_such", "help sandbox")),
        (["--set", "throttle=often"], 2, ("throttle",)),
        (["--set", "nothing"], 2, ("NAME=VALUE",)),
        (["--tenant-file", "no-such.json"], 2, ("no-such.json",)),
        (["--tenant-file", "TORN"], 2, ("torn.json", "JSON")),
        (["--port", "0", "--write-config", "no/such/folder/lab.toml"], 5, ("lab.toml",)),
    ],
)
def test_a_sandbox_that_cannot_be_served_says_why(
    exported: Lab, tmp_path: Path, options: list[str], code: int, says: tuple[str, ...]
) -> None:
    (tmp_path / "torn.json").write_bytes(b'{"users": [')
    known = {"TAKEN": str(exported.server.port), "TORN": str(tmp_path / "torn.json")}
    told(run_here(["sandbox", *(known.get(word, word) for word in options)]), code, *says)


def test_a_dump_needs_a_running_sandbox(lab: Lab) -> None:
    nowhere = run_here(["sandbox", "dump", "-"])
    told(nowhere, 2, "A running sandbox is needed", "--endpoint")
    lab.server.stop()
    told(lab.run("sandbox", "dump", "-"), 4, "does not answer", "mfa-migrate sandbox")


def test_more_users_than_allowed_are_refused_before_the_first_write(planned: Lab) -> None:
    users = planned.plan_header()["waves"]
    count = sum(wave["users"] for wave in users)
    told(planned.run("apply", "--yes", "--max-users", "2"), 3, f"may disable {count} users", "--max-users 2 allows 2")
    assert not [call for call in planned.requests() if call["method"] == "PATCH"]
    assert not (planned.workspace / "rollback.csv").exists()


def test_without_a_terminal_nothing_is_assumed(planned: Lab) -> None:
    ran = run_apart(planned.words("apply"), cwd=planned.folder)
    told(ran, 3, "no terminal to confirm", "--yes --max-users")
    assert not [call for call in planned.requests() if call["method"] == "PATCH"]


# --- pipes, full disks, Ctrl-C


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
@pytest.mark.parametrize("output", ["csv", "ndjson", "table", "json"])
def test_a_reader_that_goes_away_is_no_failure(exported: Lab, output: str) -> None:
    words = exported.words("show", "--all", "-o", output)
    line = f'"{sys.executable}" -m migrate {" ".join(words)} | head -1; echo "${{PIPESTATUS[0]}}"'
    done = subprocess.run(
        ["bash", "-c", line], env=environment(), capture_output=True, text=True, timeout=240, check=False
    )
    assert done.stdout.splitlines()[-1] == "0", done
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr
    assert "Exception ignored" not in done.stderr


def a_full_disk_is_told_of(words: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "migrate", *words],
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=240,
            check=False,
        )
    told(Ran(code=done.returncode, out="", err=done.stderr), 5, "No space left")
    assert "Exception ignored" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize("output", ["json", "table", "csv"])
def test_a_full_disk_behind_stdout_is_said_and_no_success(exported: Lab, output: str) -> None:
    a_full_disk_is_told_of(exported.words("show", "--all", "-o", output))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize("words", [["--version"], ["plan", "--help"]])
def test_a_full_disk_behind_help_and_version_is_said(words: list[str]) -> None:
    a_full_disk_is_told_of(words)


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT to one process")
def test_ctrl_c_during_an_export_keeps_the_previous_snapshot(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab(users=60)
    lab.go("export")
    kept = (lab.workspace / "snapshot.db").read_bytes()
    other = make_lab(company(1, 300))
    other.when_batched("GET", 3, lambda: process.send_signal(signal.SIGINT))
    process = subprocess.Popen(
        [sys.executable, "-m", "migrate", *lab.words("export", "--endpoint", other.url)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    out, err = process.communicate(timeout=240)
    told(Ran(code=process.returncode, out=out, err=err), 130, "Interrupted")
    assert (lab.workspace / "snapshot.db").read_bytes() == kept
    lab.go("plan")


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT to one process")
def test_ctrl_c_during_an_apply_settles_what_is_in_flight_and_the_same_command_goes_on(
    make_lab: Callable[..., Lab],
) -> None:
    lab = make_lab(users=120)
    lab.go("export")
    lab.go("plan")
    lab.when_batched("PATCH", 2, lambda: process.send_signal(signal.SIGINT))
    process = subprocess.Popen(
        [sys.executable, "-m", "migrate", *lab.words(*APPLY)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    _, err = process.communicate(timeout=240)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    lab.go("audit", "export")
    audit = (lab.workspace / "audit.csv").read_text(encoding="utf-8").splitlines()
    intents, outcomes = (sum(f",{word}," in row for row in audit) for word in ("intent", "confirmed"))
    assert intents == outcomes > 0
    lab.go(*APPLY)
    planned = [name for name, row in lab.plan_rows().items() if row["Action"] == "disable"]
    assert {lab.states()[name] for name in planned} == {"disabled"}


def test_an_option_is_never_taken_for_the_value_of_another(exported: Lab) -> None:
    ran = run_here(["apply", "--max-users", "--config", str(exported.config)])
    assert ran.code == 2
    assert "--max-users needs a value, and --config follows" in ran.err
    assert exported.run("apply", "--what-if", "--skip-settle", "--because").code == 0


def test_before_anything_was_applied_that_is_what_is_said(lab: Lab) -> None:
    lab.go("export")
    lab.go("plan")
    assert "Nothing has been applied from" in lab.go("rollback", "--yes", code=2).err
    lab.go("apply", "--what-if")
    assert "only rehearsed" in lab.go("rollback", "--yes", code=2).err
    verified = lab.go("verify")
    planned, held = (
        lab.plan_header()["counts"]["disable"],
        len([row for row in lab.plan_rows().values() if row["Action"] == "hold"]),
    )
    assert (
        f"Nothing has been applied from this folder yet; {planned} users are planned, {held} held back." in verified.out
    )
    assert lab.go("verify", "-o", "json").document["applied"] is False
    assert "as it should be" not in verified.out


@pytest.mark.parametrize(
    "words", ["export", "status", "audit verify a.csv", "convert a.csv", "sandbox --port 0 --write-config lab.toml"]
)
def test_a_folder_that_was_deleted_under_the_shell_is_said(tmp_path: Path, words: str) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    typed = f"rmdir '{gone}' && exec '{sys.executable}' -m migrate {words}"
    done = subprocess.run(
        ["sh", "-c", typed], cwd=gone, env=environment(), capture_output=True, text=True, timeout=240, check=False
    )
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert "does not exist any more" in done.stderr
    assert "cd" in done.stderr


@pytest.mark.parametrize("verb", ["status", "verify", "report"])
def test_a_plan_in_the_journal_that_is_none_is_damage_and_no_bug(tmp_path: Path, verb: str) -> None:
    kept = Path(__file__).parent.parent / "fixtures" / "store" / "v2"
    folder = shutil.copytree(kept, tmp_path / "work")
    ran = run_here([verb, "--workspace", str(folder)])
    assert ran.code == 5, ran.err
    assert "journal.db is damaged" in ran.err
    assert "rollback --file rollback.csv" in " ".join(ran.err.split())
