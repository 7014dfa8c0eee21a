"""What may go wrong with a log is planted and found: a silent hour, a missing permission, Ctrl-C in a long reading."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import pytest

from migrate.model.permissions import READ_SET, SIGN_INS
from migrate.sandbox.generated_sign_ins import seed_sign_ins
from tests.e2e.contact import contact_lab
from tests.e2e.laboratory import ROOT, Lab, ask


def test_a_silent_hour_between_lively_ones_is_found_and_named(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab(signin_lag_seconds=0.0)
    seed_sign_ins(lab.server.sandbox, 1_200, 1, 5)
    hours = sorted({str(each["createdDateTime"])[:13] for each in lab.tenant.sign_ins})
    silent = hours[len(hours) // 2]
    lab.tenant.sign_ins[:] = [
        each for each in lab.tenant.sign_ins if not str(each["createdDateTime"]).startswith(silent)
    ]
    lab.advance(3600)
    lab.go("export")
    ran = lab.go("sign-ins", "read", "--days", "2")
    assert f"{silent.replace('T', ' ')}:00" in ran.said or f"{silent}:00" in ran.said
    (reading,) = lab.go("sign-ins", "show", "-o", "json").document["readings"]
    assert {datetime.fromisoformat(hole["since"]).strftime("%Y-%m-%dT%H") for hole in reading["silentHours"]} == {
        silent
    }


def test_results_that_are_left_out_for_want_of_a_permission_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MFA_MIGRATE_CLIENT_SECRET", "right")
    with contact_lab(tmp_path / "lab", signin_lag_seconds=0.0) as lab:
        for policy in lab.tenant.policies.values():
            policy["state"] = "enabledForReportingButNotEnforced"
        seed_sign_ins(lab.server.sandbox, 200, 1, 5)
        with lab.web() as client:
            client.post("/_sandbox/clock", json={"advance": 3600})
        lab.grant(READ_SET)
        lab.go("export")
        lab.grant({*SIGN_INS.sometimes, SIGN_INS.permission, "User.Read.All"})
        ran = lab.go("sign-ins", "read", "--days", "2")
        assert "what policies did" in ran.said
        (found, *_) = lab.go("sign-ins", "report-only", "-o", "json").document["policies"]
        assert found["numbers"]["missing"] == "noResults"
        assert "Policy.Read.All" in lab.go("sign-ins", "report-only").out
        not_known = lab.go("sign-ins", "replay", "-o", "json").document["replay"]
        assert len(not_known["notProven"]) == len(lab.tenant.policies)


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT to one process")
def test_ctrl_c_in_a_long_reading_keeps_what_was_read_and_the_same_command_goes_on(
    make_lab: Callable[..., Lab],
) -> None:
    lab = make_lab(signin_lag_seconds=0.0)
    seed_sign_ins(lab.server.sandbox, 400, 1, 7)
    lab.advance(3600)
    lab.go("export")
    command = [sys.executable, "-m", "migrate", *lab.words("sign-ins", "read", "--days", "2")]
    asked = 0
    answer = lab.server.sandbox.answer

    def interrupting(call: Any) -> Any:
        nonlocal asked
        asked += "auditLogs/signIns" in call.path
        if asked == 6 and process.poll() is None:
            process.send_signal(signal.SIGINT)
        return answer(call)

    lab.server.sandbox.answer = interrupting  # type: ignore[method-assign]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    _, said = process.communicate(timeout=300)
    lab.server.sandbox.answer = answer  # type: ignore[method-assign]
    assert process.returncode == 130, said
    assert "What was read is kept; the same command goes on" in " ".join(said.split())
    (reading,) = lab.go("sign-ins", "show", "-o", "json").document["readings"]
    assert reading["source"]["complete"] is False
    assert 0 < reading["source"]["rows"] < len(lab.tenant.sign_ins)
    again = lab.go("sign-ins", "read", "-o", "json")
    assert "Going on with reading 1" in again.err
    (reading,) = again.document["readings"]
    truth = len(ask(f"{lab.url}/_sandbox/signins")["value"])
    assert (reading["source"]["complete"], reading["source"]["rows"]) == (True, truth)


def test_graph_is_asked_in_beta_with_the_prefer_header_for_each_form_apart(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab(signin_lag_seconds=0.0)
    seed_sign_ins(lab.server.sandbox, 20, 1, 7)
    lab.advance(3600)
    lab.go("export")
    asked: list[tuple[str, str]] = []
    answer = lab.server.sandbox.answer

    def listening(call: Any) -> Any:
        if "auditLogs/signIns" in call.path:
            asked.append((call.headers.get("prefer", ""), unquote_plus(call.raw_query)))
        return answer(call)

    lab.server.sandbox.answer = listening  # type: ignore[method-assign]
    lab.go("sign-ins", "read", "--days", "2")
    lab.server.sandbox.answer = answer  # type: ignore[method-assign]
    assert {prefer for prefer, _ in asked} == {"include-unknown-enum-members"}
    for form in ("interactiveUser", "nonInteractiveUser"):
        assert any(f"signInEventTypes/any(t: t eq '{form}')" in query for _, query in asked), form
