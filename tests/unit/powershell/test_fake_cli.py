"""The stand-in of the Pester tests speaks as the command does, or those tests would prove nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from migrate.views.events import LogEvent, ProgressEvent, ResultEvent, SummaryEvent, event_of

FAKE = Path(__file__).parents[2] / "powershell" / "fake_cli.py"


def test_the_fake_answers_in_events_that_the_command_could_have_sent(tmp_path: Path) -> None:
    request = {
        "protocol": 1,
        "arguments": ["--output", "ndjson", "set-state", "--state", "Disabled", "--input", "-", "--yes"],
    }
    users = [{"userPrincipalName": "zoë@contoso.example"}, {"userPrincipalName": "fail@contoso.example"}]
    done = subprocess.run(
        [sys.executable, str(FAKE), "powershell", "call"],
        input="\n".join(json.dumps(line) for line in [request, *users]).encode() + b"\n",
        env={"FAKE_CLI_LOG": str(tmp_path / "log"), "PATH": ""},
        capture_output=True,
        check=False,
        timeout=240,
    )
    events = [event_of(line) for line in done.stdout.splitlines()]
    assert {type(event) for event in events} == {LogEvent, ProgressEvent, ResultEvent, SummaryEvent}
    results = [event for event in events if isinstance(event, ResultEvent)]
    assert [(result.user_principal_name, result.outcome.is_error) for result in results] == [
        ("zoë@contoso.example", False),
        ("fail@contoso.example", True),
    ]
    assert isinstance(events[-1], SummaryEvent)
    assert events[-1].exit_code == done.returncode == 1
    assert json.loads((tmp_path / "log").read_text())["commandLine"] == ["powershell", "call"]
