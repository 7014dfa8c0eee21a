"""The whole migration as two terminals: a sandbox of two pages of people, and every command as a process."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.laboratory import Ran, all_users, ask, csv_of, environment, in_batches, run_apart, states_of

USERS = 1200
EMERGENCY = ("emergency1@contoso.example", "emergency2@contoso.example")

Call = dict[str, Any]


@dataclass(kw_only=True)
class Story:
    """What happened, to be looked at from every side."""

    url: str
    folder: Path
    ids: dict[str, str] = field(default_factory=dict)
    """User id by user principal name."""
    ran: dict[str, Ran] = field(default_factory=dict)
    calls: dict[str, list[Call]] = field(default_factory=dict)
    """What each command asked of the sandbox."""
    states: dict[str, dict[str, str]] = field(default_factory=dict)
    """States by user id, read directly: before, after apply, after rollback."""
    methods: dict[str, str] = field(default_factory=dict)
    """Digest of everybody's registered methods: before and after."""

    def run(self, name: str, *words: str) -> None:
        done = run_apart([*words, "--endpoint", self.url, "--config", "lab.toml"], cwd=self.folder)
        self.ran[name] = done
        assert done.code == 0, f"{name}: {done.said}"
        self.calls[name] = ask(f"{self.url}/_sandbox/requests")["value"]
        ask(f"{self.url}/_sandbox/requests", "DELETE")

    def rows(self, name: str) -> list[dict[str, str]]:
        return csv_of(self.folder / "mfa-migration" / name)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Serve a company as `mfa-migrate sandbox` does, in a process of its own; yield its address and the folder."""
    folder = tmp_path_factory.mktemp("two-terminals")
    words = ["sandbox", "--port", "0", "--users", str(USERS), "--write-config", "lab.toml", "--no-throttle"]
    process = subprocess.Popen(
        [sys.executable, "-m", "migrate", *words],
        cwd=folder,
        env=environment(PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout as out:
        line = out.readline()
        try:
            assert line.startswith("SANDBOX http://127.0.0.1:"), line
            yield line.split()[1], folder
        finally:
            process.terminate()
            process.wait(timeout=20)


@pytest.fixture(scope="module")
def story(sandbox: tuple[str, Path]) -> Story:
    url, folder = sandbox
    told = Story(url=url, folder=folder)
    told.ids = {user["userPrincipalName"]: user["id"] for user in all_users(url)}
    for name in EMERGENCY:
        # With per-user MFA on they would be switched off if anything ever planned them.
        path = f"{url}/beta/users/{told.ids[name]}/authentication/requirements"
        ask(path, "PATCH", {"perUserMfaState": "enforced"})
    told.states["before"] = states_of(url)
    told.methods["before"] = methods_digest(told)
    ask(f"{url}/_sandbox/requests", "DELETE")
    told.run("export", "export")
    told.run("plan", "plan")
    told.run("apply", "apply", "--yes", "--max-users", "100%", "--skip-settle", "lab")
    told.states["applied"] = states_of(url)
    ask(f"{url}/_sandbox/requests", "DELETE")
    told.run("verify applied", "verify")
    told.run("audit export", "audit", "export")
    told.run("audit verify", "audit", "verify")
    told.run("rollback", "rollback", "--yes")
    told.states["back"] = states_of(url)
    ask(f"{url}/_sandbox/requests", "DELETE")
    told.run("verify back", "verify")
    told.run("status", "status", "-o", "json")
    told.methods["after"] = methods_digest(told)
    return told


def methods_digest(told: Story) -> str:
    """Return a digest of everybody's registered methods, read directly from the sandbox."""
    paths = [f"/users/{user_id}/authentication/methods" for user_id in sorted(told.ids.values())]
    bodies = [body["value"] for body in in_batches(told.url, paths)]
    assert any(len(methods) > 1 for methods in bodies), "somebody has registered a method"
    return hashlib.sha256(json.dumps(bodies, sort_keys=True).encode()).hexdigest()


def waves_of(told: Story) -> dict[str, dict[str, str]]:
    return {row["ObjectId"]: row for row in told.rows("plan.csv") if row["Action"] == "disable"}


def test_rollback_csv_holds_every_user_of_the_waves_and_no_one_else(story: Story) -> None:
    rows = story.rows("rollback.csv")
    assert {row["ObjectId"] for row in rows} == waves_of(story).keys()
    assert len(rows) == len({row["ObjectId"] for row in rows}) > USERS // 2


def test_rollback_csv_holds_the_state_before_the_write(story: Story) -> None:
    before = story.states["before"]
    header = json.loads((story.folder / "mfa-migration" / "rollback.json").read_text(encoding="utf-8"))
    for row in story.rows("rollback.csv"):
        assert row["PreviousState"] == before[row["ObjectId"]] != "disabled"
        assert (row["TargetState"], row["PlanDigest"]) == ("disabled", header["planDigests"][0])
    content = (story.folder / "mfa-migration" / "rollback.csv").read_bytes()
    assert header["csvSha256"] == hashlib.sha256(content).hexdigest()


def test_everybody_of_the_waves_is_off_and_nobody_else_was_touched(story: Story) -> None:
    planned = waves_of(story)
    for user_id, state in story.states["applied"].items():
        assert state == ("disabled" if user_id in planned else story.states["before"][user_id])


def test_everybody_is_back_after_the_rollback(story: Story) -> None:
    # The sandbox promotes enabled people who have registered, as Microsoft does; `enforced` always comes back as such.
    for user_id, state in story.states["back"].items():
        before = story.states["before"][user_id]
        assert state == before or (before, state) == ("enabled", "enforced")


def test_whoever_is_not_proven_covered_stays_untouched(story: Story) -> None:
    held = [row for row in story.rows("plan.csv") if row["Action"] == "hold"]
    assert {row["Reason"].split(":")[0] for row in held} >= {"partly", "excluded", "emergency-access"}
    written = {call["path"].split("/")[1] for name in story.calls for call in story.calls[name] if is_write(call)}
    for row in held:
        assert not row["CoveredBy"]
        assert story.states["applied"][row["ObjectId"]] == story.states["before"][row["ObjectId"]] != "disabled"
        assert row["ObjectId"] not in written


def test_emergency_access_accounts_appear_in_no_step(story: Story) -> None:
    accounts = {story.ids[name] for name in EMERGENCY}
    for name in EMERGENCY:
        row = next(row for row in story.rows("plan.csv") if row["UserPrincipalName"] == name)
        assert (row["CurrentState"], row["Action"], row["Wave"]) == ("enforced", "hold", "")
    assert not accounts & {row["ObjectId"] for row in story.rows("rollback.csv")}
    assert not accounts & {row["ObjectId"] for row in story.rows("audit.csv")}
    assert {story.states["back"][account] for account in accounts} == {"enforced"}


def is_write(call: Call) -> bool:
    return call["method"] != "GET" and not call["path"].endswith("$batch")


def test_only_apply_and_rollback_write_and_only_states(story: Story) -> None:
    for name, calls in story.calls.items():
        writes = [call for call in calls if is_write(call)]
        if name not in ("apply", "rollback"):
            assert writes == [], name
            continue
        assert {(call["method"], call["path"].partition("/authentication/")[2]) for call in writes} == {
            ("PATCH", "requirements")
        }
        assert len(writes) == len(waves_of(story)), "each user is written once"


def test_no_registered_method_was_changed_or_even_asked_for(story: Story) -> None:
    assert story.methods["before"] == story.methods["after"]
    asked = [call["path"] for calls in story.calls.values() for call in calls]
    assert not [path for path in asked if "/authentication/methods" in path or "signInPreferences" in path]


def test_the_audit_holds_one_intent_and_one_outcome_for_each_user(story: Story) -> None:
    rows = [row for row in story.rows("audit.csv") if row["TargetType"] == "user"]
    for outcome in ("intent", "confirmed"):
        assert sorted(row["ObjectId"] for row in rows if row["Outcome"] == outcome) == sorted(waves_of(story))
    assert [int(row["Sequence"]) for row in story.rows("audit.csv")] == list(range(1, len(story.rows("audit.csv")) + 1))


def test_each_run_ends_with_the_count_and_the_last_hash_of_the_journal(story: Story) -> None:
    rows = story.rows("audit.csv")
    of_the_run = [row for row in rows if row["Operation"] != "Verified"][-1]
    assert f"Journal: {of_the_run['Sequence']} entries, last hash {of_the_run['Hash']}" in story.ran["apply"].err
    last = rows[-1]
    assert last["Hash"] in story.ran["audit export"].out
    assert last["Hash"] in story.ran["audit verify"].out


def test_verify_finds_nothing_and_lists_whom_the_plan_held_back(story: Story) -> None:
    for name in ("verify applied", "verify back"):
        assert "everything is as it should be" in story.ran[name].out
        assert "Held back by the plan" in story.ran[name].out
    assert f"{len(waves_of(story))} disabled by this tool" in story.ran["verify applied"].out
    assert "(0 disabled by this tool)" in story.ran["verify back"].out


def test_every_screen_says_sandbox(story: Story) -> None:
    for name, ran in story.ran.items():
        assert "SANDBOX" in ran.err, name
        assert name == "status" or ran.out.startswith("SANDBOX\n"), name


def test_status_counts_nobody_as_migrated_after_the_rollback(story: Story) -> None:
    run = story.ran["status"].document["run"]
    assert (run["migrated"], run["planned"]) == (0, len(waves_of(story)))
