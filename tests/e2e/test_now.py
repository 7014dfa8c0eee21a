"""Reading verbs tell what is so now: the export, with what this tool has done since."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from typing import Any

from migrate.store.folder import Workspace
from tests.e2e.laboratory import Lab, ask, environment

CREATE = 'mode = "create"'
PROMPTS = 'max_newly_required = 1000\nmax_not_mfa_capable = 1000\nreadback_timeout = "2s"'
ROB = "rob.keller@contoso.example"


def states_told(lab: Lab) -> dict[str, str | None]:
    """Return everybody's state as `status` tells it."""
    users = lab.go("status", "--all", "-o", "json").document["users"]
    return {user["userPrincipalName"]: user["perUserMfaState"] for user in users}


def verdict(lab: Lab) -> Any:
    return lab.go("explain", ROB, "-o", "json").document["coverage"]["verdict"]


def test_every_answer_follows_a_run_without_another_export(lab: Lab) -> None:
    lab.configure(policy=CREATE, limits=PROMPTS)
    lab.go("export")
    lab.go("plan")
    assert "Next: `mfa-migrate apply --what-if`" in lab.go("status").out
    before = verdict(lab)
    assert before != "covered"
    assert "  NOT SAFE to disable per-user MFA" in lab.go("explain", ROB).out
    lab.go("apply", "--yes", "--max-users", "100%", "--skip-report-only", "lab", "--until", "report-only")
    (ours,) = lab.go("status", "-o", "json").document["policies"]
    assert (ours["policyState"], ours["createdByThisTool"]) == ("enabledForReportingButNotEnforced", True)
    assert verdict(lab) == before, "report-only requires nothing"

    lab.go("apply", "--yes", "--max-users", "100%", "--skip-report-only", "lab", "--skip-settle", "lab")
    assert states_told(lab) == lab.states()
    assert verdict(lab) == "covered"
    shown = lab.go("status").out
    assert "(100%)  ####################  rolled back 0" in shown
    assert "'Require MFA for all users (mfa-migrate)': enabled since " in shown
    told = lab.go("coverage", "-o", "json").document
    assert sum(each["withPerUserMfa"] for each in told["classes"]) == sum(
        state != "disabled" for state in lab.states().values()
    )
    assert told["asOf"]["changes"] == lab.go("status", "-o", "json").document["asOf"]["changes"] > 0
    explained = lab.go("explain", ROB).out
    assert "export of " in explained
    assert "  SAFE to disable per-user MFA" in explained
    document = lab.go("status", "-o", "json").document
    assert sum(document["countsNow"].values()) == len(lab.states())
    disabled = [name for name, state in lab.states().items() if state == "disabled"]
    assert sum(number for key, number in document["countsNow"].items() if key.startswith("disabled/")) == len(disabled)

    lab.go("rollback", "--yes")
    assert states_told(lab) == lab.states()
    assert verdict(lab) == before
    (gone,) = lab.go("status", "-o", "json").document["policies"]
    assert gone["deleted"] is True
    assert "rolled back 0" not in lab.go("status").out


def test_nothing_that_decides_takes_what_a_screen_shows_for_an_export(lab: Lab) -> None:
    lab.configure(policy=CREATE, limits=PROMPTS)
    lab.go("export")
    lab.go("plan")
    former = lab.plan_rows()
    lab.go("apply", "--yes", "--max-users", "100%", "--skip-report-only", "lab", "--skip-settle", "lab")
    lab.go("plan")
    assert lab.plan_rows() == former, "a plan rests on the export alone"


def test_live_reads_the_user_and_the_policies(lab: Lab) -> None:
    live = lab.go("explain", ROB, "--live", "-o", "json").document
    assert live["asOf"]["live"] is True
    lab.go("export")
    known = lab.go("explain", ROB, "-o", "json").document
    assert live["coverage"] == known["coverage"]
    assert live["user"]["perUserMfaState"] == known["user"]["perUserMfaState"]
    assert "read from the tenant at" in lab.go("explain", ROB, "--live").out
    assert "no such user" in lab.go("explain", "nobody@contoso.example", "--live", code=2).err


def test_live_reads_the_whole_tenant_for_one_answer_and_leaves_the_export_alone(lab: Lab) -> None:
    lab.configure(policy=CREATE, limits=PROMPTS)
    lab.go("export")
    lab.go("plan")
    lab.go("apply", "--yes", "--max-users", "100%", "--skip-report-only", "lab", "--skip-settle", "lab")
    kept = (lab.workspace / "snapshot.db").read_bytes()
    (off,) = [row["UserPrincipalName"] for row in lab.plan_rows().values() if row["Wave"] == "1"][:1]
    lab.set_state(off.partition("@")[0], "enforced")
    policy = next(
        one
        for one in ask(f"{lab.url}/v1.0/identity/conditionalAccess/policies")["value"]
        if one["displayName"] == "Require MFA for all users (mfa-migrate)"
    )
    ask(f"{lab.url}/v1.0/identity/conditionalAccess/policies/{policy['id']}", "PATCH", {"state": "disabled"})

    board = lab.go("status", "--live", "-o", "json").document
    told = Counter(state for state in lab.states().values())
    assert board["asOf"]["live"] is True
    assert {
        state: sum(number for key, number in board["countsNow"].items() if key.startswith(f"{state}/"))
        for state in told
    } == told
    assert board["backOn"] == [off]
    (ours,) = board["policies"]
    assert (ours["policyState"], ours["leftAs"]) == ("disabled", "enabled")
    shown = lab.go("status", "--live").out
    assert f"1 person whom this tool disabled has per-user MFA again: {off}" in shown
    assert "disabled; this tool left it enabled at " in shown
    assert "read from the tenant at " in shown
    known = lab.go("status", "-o", "json").document
    assert (known["backOn"], known["policies"][0]["policyState"]) == (None, "enabled")

    live, stale = (lab.go("coverage", *words, "-o", "json").document for words in (["--live"], []))
    assert live["asOf"]["live"] is True
    assert live["classes"] != stale["classes"], "the policy that covered them is off"
    assert "read from the tenant at " in lab.go("coverage", "--exclusions", "--live").out
    assert lab.go("people", "--live", "-o", "json").document["asOf"]["live"] is True
    assert "read from the tenant at " in lab.go("people", "--why", "rob keller", "--live").out
    assert (lab.workspace / "snapshot.db").read_bytes() == kept
    assert not list(lab.workspace.glob("live-*"))


def test_live_needs_no_export_and_clears_what_a_killed_one_left(lab: Lab) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left = lab.workspace / f"live-{gone.pid}-x"
    left.mkdir(parents=True)
    (left / "snapshot.db").write_bytes(b"names")
    assert sum(lab.go("status", "--live", "-o", "json").document["countsNow"].values()) == len(lab.states())
    assert not left.exists()
    assert lab.go("coverage", "--live", "--exit-code", code=1).out
    assert "nobody" in lab.go("people", "--live").out
    assert not (lab.workspace / "snapshot.db").exists()
    assert "Leave --live or --watch away" in lab.go("status", "--live", "--watch", code=2).err


def test_live_finds_people_by_parts_of_their_names_where_the_folder_knows_them(lab: Lab) -> None:
    assert "no such user" in lab.go("explain", "rob keller", "--live", code=2).err
    lab.go("export")
    explained = lab.go("explain", "rob keller", "--live")
    assert "'rob keller' is rob.keller@contoso.example" in explained.err
    assert "read from the tenant at" in explained.out
    (user,) = lab.go("status", "rob keller", "--live", "-o", "json").document["users"]
    assert user["userPrincipalName"] == ROB


def test_a_journal_that_cannot_be_trusted_leaves_the_export_and_a_warning(lab: Lab) -> None:
    lab.go("export")
    lab.go("plan")
    lab.go("apply", "--yes", "--max-users", "100%", "--skip-settle", "lab", "--wave", "1")
    for name in ("journal.db", "journal.db-wal", "journal.db-shm"):
        (lab.workspace / name).unlink(missing_ok=True)
    explained = lab.go("explain", ROB)
    assert "Warning: Only the export is shown, without what this tool did since" in explained.err
    assert "As of: export of " in explained.out
    assert lab.run("status").code == 5, "how far a run is cannot be told from an export"


def test_watching_follows_whoever_is_at_work_and_ends_with_them(lab: Lab) -> None:
    lab.go("export")
    lab.go("plan")
    command = [sys.executable, "-m", "migrate", *lab.words("status", "--watch")]
    with Workspace(lab.workspace).lock("`mfa-migrate apply` of ada on host"):
        watching = subprocess.Popen(
            command, cwd=lab.folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert watching.stderr is not None
        said = ""
        while "`mfa-migrate apply` of ada on host (process" not in said:
            line = watching.stderr.readline()
            assert line, said
            said += line
    out, _ = watching.communicate(timeout=240)
    assert watching.returncode == 0
    assert "Next: `mfa-migrate apply --what-if`" in out
    assert "At work:" not in out


def test_watching_where_nobody_is_at_work_shows_it_once(lab: Lab) -> None:
    lab.go("export")
    assert "Nothing has been begun here" in lab.go("status", "--watch").out
    assert "poll" not in lab.go("status", "--watch", "-o", "json", code=2).err
    assert "--watch follows a run" in lab.go("status", "--watch", ROB, code=2).err


def test_the_name_of_a_process_that_was_killed_is_nobody_at_work(lab: Lab) -> None:
    lab.go("export")
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (lab.workspace / "lock.owner").write_text(f"`mfa-migrate apply` (process {gone.pid})\n", encoding="utf-8")
    assert lab.go("status", "-o", "json").document["inUseBy"] is None
