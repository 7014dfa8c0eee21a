"""A folder of the version whose reasons were texts: it opens, counts, goes on and rolls back as it did there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from migrate.engine.history import (
    begun_plans,
    former_policies,
    is_policy_step_in_doubt,
    plans_in_force,
    plans_rolled_back,
    policies_touched,
    standing_of,
)
from migrate.engine.run_log import RunLog
from migrate.engine.run_parts import ApplyOptions, RunParts
from migrate.exchange.tables import PLAIN, csv_chunks
from migrate.model.evidence import PolicyState
from migrate.model.journal import AUDIT_COLUMNS, SINCE_VERSION_2, JournalEntry, Operation, Outcome, columns_of
from migrate.model.reasons import Why
from migrate.model.run import RunResult
from migrate.model.steps import CreatePolicy, PolicyStep, SetPolicyState
from migrate.model.users import MfaState
from migrate.store.chain import verify_chain
from migrate.store.folder import Workspace
from migrate.store.journal import JournalDb
from migrate.store.plan_files import plan_steps_of, read_plan
from migrate.store.rollback_files import FolderRollbackFiles
from tests.unit.decide.records import TENANT
from tests.unit.engine.world import World
from tests.unit.model.test_reasons import SINCE

PLACE = Path(__file__).resolve().parents[2] / "fixtures" / "reasons"
EXPECTED: dict[str, Any] = json.loads((PLACE / "expected.json").read_bytes())
PEOPLE = ("ada", *(f"user{number:02}" for number in range(19)))
ONLY_SHOWN = {
    Why.TWO_USERS,
    Why.NO_SUCH_USER,
    Why.USER_NOT_SHOWN,
    Why.USER_UNKNOWN,
    Why.STATE_REFUSED,
    Why.NO_ITEM,
    Why.NOT_UNDERSTOOD,
    Why.UNKNOWN_STATE,
    Why.NEVER_READ,
    Why.NAMELESS,
    Why.NOT_PROVEN,
}
"""Reasons that stand in no Reason column by themselves."""


class Kept:
    """The journal on disk, as the small world wants it."""

    def __init__(self, journal: JournalDb) -> None:
        self.journal = journal

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "run":
            self.journal.for_run(value)
        super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.journal, name)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Return the tenant as it stood, over a copy of the folder."""
    folder = tmp_path / "folder"
    folder.mkdir()
    for file in (PLACE / "folder").iterdir():
        shutil.copyfile(file, folder / file.name)
    workspace = Workspace(folder)
    made = World(create=True, states=dict.fromkeys(PEOPLE, MfaState.ENFORCED))
    tenant, stood = made.tenant, EXPECTED["tenant"]
    tenant.now = datetime.fromisoformat(stood["now"])
    tenant.states = {user_id: MfaState(state) for user_id, state in stood["states"].items()}
    tenant.profiles = {user_id: known for user_id, known in tenant.profiles.items() if user_id in tenant.states}
    tenant.unreadable, tenant.policies = set(stood["unreadable"]), stood["policies"]
    with JournalDb.open(workspace, actor="operator", tenant_id=TENANT, clock=lambda: tenant.now) as journal:
        made.journal = Kept(journal)  # type: ignore[assignment]
        made.files = FolderRollbackFiles(workspace, PLAIN, holds=journal.holds)  # type: ignore[assignment]
        made.plan, rows = read_plan(workspace)
        made.steps = tuple(plan_steps_of(rows, made.plan.rows_sha256)())
        yield made


def test_every_word_is_there_and_the_audit_is_byte_for_byte_what_it_was(world: World) -> None:
    entries = list(world.journal.entries())
    assert {entry.reason.why for entry in entries} == set(Why) - ONLY_SHOWN - SINCE - {Why.OTHER}
    assert sha256(as_of_version_1(entries)).hexdigest() == EXPECTED["audit"]
    report = verify_chain(entries)
    assert (report.holds, [report.count, report.head]) == (True, EXPECTED["head"])


def as_of_version_1(entries: list[JournalEntry]) -> bytes:
    """Return audit.csv without the columns at the end that version 2 of the chain added."""
    kept = AUDIT_COLUMNS[: -len(SINCE_VERSION_2)]
    return b"".join(csv_chunks(kept, ([str(columns_of(entry)[name]) for name in kept] for entry in entries)))


def test_the_folder_means_what_it_meant(world: World) -> None:
    journal = world.journal
    plans = begun_plans(journal)
    digests = [digest for digest, _ in plans]
    assert digests == EXPECTED["begun"]
    assert [digest for digest, _ in plans_in_force(journal)] == EXPECTED["inForce"]
    assert sorted(plans_rolled_back(journal)) == EXPECTED["rolledBack"]
    assert sorted(entry.object_id for entry in journal.in_doubt()) == EXPECTED["inDoubt"]
    assert former_policies(journal, policies_touched(journal, digests)) == EXPECTED["formerPolicies"]
    in_doubt = {step.key for step in policy_steps_in(journal.entries()) if is_policy_step_in_doubt(step, journal)}
    assert sorted(in_doubt) == EXPECTED["policiesInDoubt"]
    counts = {digest: dict(RunLog(parts_of(world, plan)).counts()) for digest, plan in plans}
    assert counts == EXPECTED["counts"]
    standing = standing_of(journal, lambda: world.plan, paused=False)
    assert standing is not None
    assert standing.sentence == "10 of 20 migrated, 1 held back"
    assert standing.outcomes == EXPECTED["standing"]["outcomes"]


def test_the_run_goes_on_and_is_rolled_back_as_it_was_there(world: World) -> None:
    assert_became(world, world.apply_to_the_end(), EXPECTED["resumed"])
    assert_became(world, world.roll_back(), EXPECTED["back"])


def assert_became(world: World, result: RunResult | None, expected: dict[str, Any]) -> None:
    assert result is not None
    latest = {entry.object_id: entry for entry in world.journal.entries(operation=Operation.SET_MFA_STATE)}
    found = {user_id: [entry.outcome.value, str(entry.reason)] for user_id, entry in latest.items()}
    assert found == expected["latest"]
    assert {user_id: state.value for user_id, state in world.tenant.states.items()} == expected["states"]
    assert {key: policy["state"] for key, policy in world.tenant.policies.items()} == expected["policies"]
    assert (result.ending, dict(result.outcomes)) == (expected["ending"], expected["outcomes"])


def policy_steps_in(entries: Iterator[JournalEntry]) -> Iterator[PolicyStep]:
    for entry in entries:
        names = {"key": entry.object_id, "display_name": entry.user_principal_name, "because": ""}
        if entry.operation is Operation.SET_POLICY_STATE:
            yield SetPolicyState(before=PolicyState.DISABLED, after=PolicyState.ENABLED, **names)
        elif entry.operation is Operation.CREATE_POLICY and entry.outcome is not Outcome.INTENT:
            yield CreatePolicy(body={}, **names)


def parts_of(world: World, plan: Any) -> RunParts:
    async def no_sleep(_: float) -> None:
        raise AssertionError("counting waits for nothing")

    return RunParts(
        plan=plan,
        steps=lambda: iter(()),
        tenant=world.tenant,
        journal=world.journal,
        rollback_files=world.files,
        progress=world.said,
        options=ApplyOptions(),
        stop=lambda: False,
        paused=lambda: False,
        sleep=no_sleep,
        monotonic=lambda: 0.0,
        machine_time=lambda: 0.0,
        new_id=str,
    )
