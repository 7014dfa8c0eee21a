"""`verify` leaves its result in the journal, and says so where it could not."""

from __future__ import annotations

import json

from migrate.model.journal import Operation, Outcome
from migrate.model.reasons import Why
from migrate.store.folder import Workspace
from migrate.store.journal import JournalDb
from tests.e2e.laboratory import Lab


def test_the_result_of_verify_stands_in_the_journal_with_what_it_looked_at(lab: Lab) -> None:
    lab.go("export")
    lab.go("plan")
    before = lab.go("verify", "-o", "json").document
    assert (before["kept"], before["notKeptBecause"]) == (False, "nothing has been applied, so there is none")
    lab.go("apply", "--yes", "--max-users", "100%", "--skip-settle", "lab", "--until", "wave:1")
    waits = lab.go("status", "-o", "json").document["run"]
    ran = lab.go("verify")
    assert "Kept in the journal" in ran.out
    with JournalDb.open_to_read(Workspace(lab.workspace)) as journal:
        wave, entry = journal.entries(operation=Operation.VERIFIED)
        result = json.loads(journal.document(entry.observed))
        assert journal.head[0] == entry.sequence
    assert (entry.outcome, entry.plan_digest, entry.reason.parts.findings) == (Outcome.RECORDED, "", 0)
    assert result["findings"] == {}
    assert (result["users"], result["switchedOff"] > 0) == (len(lab.states()), True)
    assert result["journalEntries"] == entry.sequence - 2
    assert (wave.wave, wave.plan_digest, wave.reason.why) == (1, "", Why.WAVE_SHOWN)
    assert lab.go("status", "-o", "json").document["run"] == waits, "it is no entry of the run"
    with Workspace(lab.workspace).lock("`mfa-migrate apply` of somebody"):
        busy = lab.go("verify", "-o", "json").document
    assert busy["kept"] is False
    assert "in use by `mfa-migrate apply` of somebody" in busy["notKeptBecause"]
    assert "The chain holds" in lab.go("audit", "verify").out


def test_a_policy_of_microsofts_that_changes_after_the_migration_is_a_finding(lab: Lab) -> None:
    everybody = next(p for p in lab.tenant.policies.values() if p["displayName"] == "Require MFA for all users")
    everybody["displayName"] = "Microsoft-managed: Multifactor authentication for all users"
    lab.go("export")
    lab.go("plan")
    assert "managed-scope" in {note["code"] for note in lab.plan_header()["notes"]}
    lab.go("apply", "--yes", "--max-users", "100%")
    lab.go("verify")
    everybody["conditions"]["users"]["excludeUsers"].append(lab.id_of("alma.berg"))
    found = lab.go("verify", "-o", "json", code=1).document["findings"]
    (changed,) = (one for one in found if one["code"] == "managed-scope-changed")
    assert changed["subject"] == everybody["displayName"]
    assert "excludeUsers: 0 fewer, 1 more" in changed["evidence"]
    out_of_it = [one["subject"] for one in found if one["code"] == "not-covered"]
    assert out_of_it == [lab.name_of("alma.berg")], "whoever it protects no longer is a finding of their own"


def test_an_answer_about_baseline_scopes_that_is_too_old_is_named_as_such(lab: Lab) -> None:
    words = 'baseline_scopes = "enforced"\nbaseline_scopes_by = "Ada"\nbaseline_scopes_on = '
    lab.configure(tenant_settings=f"{words}2020-01-01")
    lab.go("export")
    assert "is of 2020-01-01, more than 30 days ago" in " ".join(lab.go("plan").err.split())
