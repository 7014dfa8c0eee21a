"""`verify` and the audit carry what both logs say of each wave: audit events seen, others' changes, sign-ins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.laboratory import Lab, ask
from tests.e2e.test_create_mode import DAY
from tests.e2e.test_sign_ins import sign_in

APPLY = ("apply", "--yes", "--max-users", "100%", "--skip-settle", "lab", "--until", "wave:1")


@pytest.fixture
def lab(make_lab: Callable[..., Lab]) -> Lab:
    """Return a lab that is planned, one person in its first wave."""
    lab = make_lab(signin_lag_seconds=0.0, audit_lag_seconds=0.0)
    lab.configure(waves='canary = ["alma.berg@contoso.example"]')
    sign_in(lab, "alma.berg")
    lab.advance(2 * DAY)
    lab.go("export")
    lab.go("plan")
    return lab


def first_wave(lab: Lab) -> dict[str, Any]:
    (found,) = [one for one in lab.go("verify", "-o", "json").document["waves"] if one["wave"] == 1]
    return dict(found)


@pytest.mark.parametrize("kind", ["strongAuthentication", "updateUser", "both"])
def test_whichever_event_a_change_leaves_it_is_seen(make_lab: Callable[..., Lab], kind: str) -> None:
    lab = make_lab(audit_lag_seconds=0.0, state_audit_activity=kind)
    lab.configure(waves='canary = ["alma.berg@contoso.example"]')
    lab.go("export")
    lab.go("plan")
    lab.go(*APPLY)
    audit = first_wave(lab)["audit"]
    assert (audit["writes"], audit["seen"], audit["notSeen"], audit["others"]) == (1, 1, [], [])


def test_an_event_that_did_not_come_yet_is_not_seen_and_no_finding(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab(audit_lag_seconds=3600.0)
    lab.configure(waves='canary = ["alma.berg@contoso.example"]')
    lab.go("export")
    lab.go("plan")
    lab.go(*APPLY)
    assert first_wave(lab)["audit"]["notSeen"] == [lab.id_of("alma.berg")]
    said = " ".join(lab.go("verify").out.split())
    assert "0 of 1 change seen in the directory audit log, 1 not seen." in said
    assert "Not seen is no fault: the directory audit log is late" in said


def test_what_somebody_else_changed_in_the_wave_is_named(lab: Lab) -> None:
    lab.go(*APPLY)
    someone = {"user": "alma.berg@contoso.example", "set": {"department": "Sales"}}
    ask(f"{lab.url}/_sandbox/change", "POST", {"policy": "Require MFA for all users", "set": {"description": "tidied"}})
    ask(f"{lab.url}/_sandbox/change", "POST", someone)
    others = first_wave(lab)["audit"]["others"]
    assert "Update conditional access policy" in {one["activity"] for one in others}
    said = " ".join(lab.go("verify").out.split())
    assert "Not ours:" in said
    assert "Update conditional access policy: Require MFA for all users" in said


def test_without_the_permission_it_is_said_and_nothing_fails(lab: Lab) -> None:
    lab.go(*APPLY)
    no = {"status": 403, "code": "Authorization_RequestDenied", "message": "Insufficient privileges."}
    fault = {"match": {"path": "auditLogs/directoryAudits"}, "do": no}
    ask(f"{lab.url}/_sandbox/faults", "POST", {"faults": [fault]})
    assert first_wave(lab)["audit"]["gap"] == "noPermission"
    said = " ".join(lab.go("verify").out.split())
    assert "the directory audit log was not read: the permission AuditLog.Read.All is missing" in said


def test_the_numbers_of_the_sign_in_log_stand_in_verify_and_in_the_audit(lab: Lab) -> None:
    lab.go(*APPLY)
    lab.advance(5 * DAY)
    sign_in(lab, "alma.berg")
    lab.advance(3600)
    assert first_wave(lab)["proof"] is None, "no log was read"
    lab.go("sign-ins", "read", "--days", "20")
    found = first_wave(lab)
    assert found["verdict"] == "goOn"
    assert found["proof"]["before"]["asked"] == {"perUser": 1, **found["proof"]["before"]["asked"]}
    said = " ".join(lab.go("verify").out.split())
    assert "Wave 1, by the logs: 1 of 1 change seen in the directory audit log. Sign-ins, log until" in said
    assert "Asked by per-user MFA: 100.0% before, 0.0% after." in said
    assert "The gate holds." in said
    rows = [row for row in lab.go("audit", "export", "-o", "csv").out.splitlines() if "WaveShown" in row]
    assert rows
    assert "asked by per-user MFA 100.0% and 0.0%" in rows[-1]
    assert "The chain holds" in lab.go("audit", "verify").out
