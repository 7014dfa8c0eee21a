"""The files in samples/ are what the program makes today, hang together, and can be read by it."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from migrate.cli import run
from migrate.config import config_from
from migrate.exchange.documents import audit_entries, plan_rows, rollback_header, rollback_rows
from migrate.model.journal import GENESIS
from migrate.model.plan import PlanAction
from migrate.store.files import sha256_of_file
from migrate.store.plan_files import plan_header_of

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
RUN = SAMPLES / "run"


@pytest.fixture(scope="module")
def make_samples() -> Iterator[ModuleType]:
    """Load the script that makes the samples; its neighbour is found beside it, as when it is run."""
    sys.path.insert(0, str(SAMPLES))
    try:
        spec = importlib.util.spec_from_file_location("make_samples", SAMPLES / "make_samples.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module
    finally:
        sys.path.remove(str(SAMPLES))


def test_the_samples_are_current(make_samples: ModuleType, tmp_path: Path) -> None:
    left_behind = make_samples.make(tmp_path)
    assert make_samples.differing(tmp_path, SAMPLES) == [], "run `make samples`"
    documented = (SAMPLES.parent / "docs" / "files.md").read_text(encoding="utf-8")
    assert [name for name in left_behind if f"`{name}`" not in documented] == []
    assert {"snapshot.db", "journal.db", "plan.json", "rollback.csv"} <= set(left_behind)


def test_a_sample_that_says_something_else_is_noticed(make_samples: ModuleType, tmp_path: Path) -> None:
    for name in make_samples.FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        text = (SAMPLES / name).read_text(encoding="utf-8")
        changed = text.replace("rob.keller", "bob.keller").replace("Kim Olsen", "Kim Olson")
        changed = changed.replace('"totalUsers": 30', '"totalUsers": 31')
        changed = changed.replace("canary =", "# canary =").replace("cleo.nair", "leo.nair")
        changed = changed.replace('"journalEntries"', '"journalEntriez"')
        (tmp_path / name).write_text(changed, encoding="utf-8")
    assert make_samples.differing(tmp_path, SAMPLES) == list(make_samples.FILES)


def test_the_plan_is_whole_and_touches_no_emergency_access_account() -> None:
    header = plan_header_of(RUN / "plan.json")
    assert sha256_of_file(RUN / "plan.csv") == header.rows_sha256
    rows = list(plan_rows(RUN / "plan.csv"))
    planned = {row.user_id for row in rows if row.action is PlanAction.DISABLE}
    assert len(planned) == header.users_to_change
    assert planned.isdisjoint(header.emergency_access)
    assert {"hold/partly", "hold/excluded", "hold/emergency-access", "hold/directory-sync"} <= header.counts.keys()


def test_the_rollback_files_hold_every_planned_user_with_the_former_state_and_nobody_else() -> None:
    plan = plan_header_of(RUN / "plan.json")
    header = rollback_header(RUN / "rollback.json")
    assert header.csv_sha256 == sha256_of_file(RUN / "rollback.csv")
    assert header.plan_digests == (plan.digest,)
    planned = {row.user_id: row.current_state for row in plan_rows(RUN / "plan.csv") if row.wave is not None}
    assert {row.user_id: row.previous_state for row in rollback_rows(RUN / "rollback.csv")} == planned


def test_the_audit_chain_holds_and_has_an_intent_and_an_outcome_for_every_planned_user() -> None:
    entries = list(audit_entries(RUN / "audit.csv"))
    previous = GENESIS
    for entry in entries:
        assert entry.previous_hash == previous
        assert entry.hash == entry.expected_hash()
        previous = entry.hash
    planned = {row.user_id for row in plan_rows(RUN / "plan.csv") if row.wave is not None}
    for outcome in ("intent", "confirmed"):
        assert {entry.object_id for entry in entries if entry.outcome == outcome} == planned


def test_the_program_itself_finds_the_audit_whole(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    last = list(audit_entries(RUN / "audit.csv"))[-1]
    arguments = ["audit", "verify", str(RUN / "audit.csv"), "--workspace", str(tmp_path)]
    assert run([*arguments, "--expect", last.hash]) == 0
    assert run([*arguments, "--expect", "f" * 64]) == 1
    capsys.readouterr()


def test_the_configuration_can_be_read() -> None:
    config = config_from((SAMPLES / "mfa-migrate.toml").read_text(encoding="utf-8"), "mfa-migrate.toml")
    assert config.emergency_access is not None
    assert len(config.emergency_access.accounts) == 2


def test_the_three_legacy_exports_name_the_people_of_the_tenant_file() -> None:
    tenant = json.loads((SAMPLES / "tenant.json").read_text(encoding="utf-8"))
    for name in ("selected.csv", "users.json", "users.clixml"):
        text = (SAMPLES / "legacy-export" / name).read_text(encoding="utf-8")
        assert [user["id"] for user in tenant["users"] if user["id"] not in text] == [], name
