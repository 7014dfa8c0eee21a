"""What the PowerShell module sends and gets, with the real command as a process of its own and a sandbox behind it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from migrate.views.events import ResultEvent, ResultOutcome, SummaryEvent, event_of
from tests.e2e.laboratory import Lab, environment


def call(lab: Lab, arguments: list[str], lines: Iterable[object] = (), *, protocol: int = 1, mark: bytes = b""):
    """Call the command as Start-MfaMigrateCli does: everything on stdin, as UTF-8 bytes."""
    request = {"protocol": protocol, "arguments": ["--config", str(lab.config), *arguments]}
    text = "\n".join(json.dumps(line, ensure_ascii=False) for line in [request, *lines]) + "\n"
    return subprocess.run(
        [sys.executable, "-m", "migrate", "powershell", "call"],
        input=mark + text.encode(),
        env=environment(MFA_MIGRATE_WORKSPACE=str(lab.workspace)),
        cwd=lab.folder,
        capture_output=True,
        timeout=120,
        check=False,
    )


SET_STATE = ["set-state", "--input", "-", "--output", "ndjson", "--yes", "--state"]


def somebody(lab: Lab, state: str, number: int = 0) -> str:
    return sorted(name for name, found in lab.states().items() if found == state)[number]


def test_users_on_stdin_come_back_as_events_in_their_order_and_are_found_changed(lab: Lab) -> None:
    names = [somebody(lab, "disabled", number) for number in range(3)]
    users = [
        {"userPrincipalName": names[0]},
        {"userPrincipalName": "nobody@contoso.example"},
        {"userPrincipalName": names[2]},
    ]
    done = call(lab, [*SET_STATE, "Enabled"], users, mark=b"\xef\xbb\xbf")
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
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert b"Error: " in done.stderr
    assert b"Traceback" not in done.stderr


def test_every_command_of_the_module_answers_with_one_json_document(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab()
    lab.go("export")
    name = somebody(lab, "enforced")
    old = lab.folder / "old list.csv"
    old.write_text(f"UPN,perUserMfaState\n{name},Enabled\n", encoding="utf-16")
    answers = {
        "status": (["status", "--", name], 0),
        "convert": (["convert", str(old)], 0),
        "compare": (["compare", str(old)], 1),
        "plan": (["plan"], 0),
        "apply": (["apply", "--max-users", "100%", "--what-if"], 0),
    }
    documents = {}
    for verb, (arguments, code) in answers.items():
        done = call(lab, ["--output", "json", *arguments])
        assert done.returncode == code, done.stderr.decode()
        documents[verb] = json.loads(done.stdout)
    assert documents["status"]["users"][0]["perUserMfaState"] == "enforced"
    assert documents["convert"] == [
        {
            "objectId": None,
            "userPrincipalName": name,
            "perUserMfaState": "enabled",
            "source": f"{old}: perUserMfaState",
            "row": 2,
        }
    ]
    assert {"kind": "promoted", "row": 2, "claimed": "enabled", "found": "enforced"}.items() <= documents["compare"][
        "differences"
    ][0].items()
    assert len(documents["plan"]["digest"]) == 64
    assert documents["apply"]["rehearsal"]


def test_the_module_is_installed_where_it_was_told(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "migrate", "powershell", "install", "--edition", "Core", "-o", "json"],
        env=environment(XDG_DATA_HOME=str(tmp_path)),
        capture_output=True,
        timeout=60,
        check=False,
    )
    if sys.platform == "win32":
        pytest.skip("on Windows the folder is the user's own")
    document = json.loads(done.stdout)
    (folder,) = document["folders"]
    assert folder.startswith(str(tmp_path / "powershell" / "Modules" / "MfaMigrate"))
    assert (Path(folder) / "Public" / "Set-MfaState.ps1").is_file()
