"""A working folder, a clock that the test sets, and makers of invented people."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from migrate.model.evidence import (
    ConditionalAccessPolicy,
    Evidence,
    GroupEvidence,
    PolicyState,
    ReadStatus,
    RoleEvidence,
)
from migrate.model.journal import Draft, Operation, Outcome, TargetType
from migrate.model.replies import StateReading
from migrate.model.snapshot import Actor, Organization, SnapshotHeader
from migrate.model.users import Identity, MfaState, UserProfile
from migrate.store.folder import Workspace
from migrate.store.journal import JournalDb
from migrate.store.snapshot import SnapshotWriter

PLAN = "ab" * 32
TENANT_ID = "00000000-0000-4000-8000-00000000c0de"


class SettableClock:
    """A clock that stands where it was put."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def disk_events(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what the program, SQLite apart, asks of the disk: `sync` of a file or folder, `name` for a rename."""
    if sys.platform != "linux":
        pytest.skip("names of open files are asked of Linux")
    events: list[str] = []
    real_sync, real_replace = os.fsync, os.replace

    def sync(handle: int) -> None:
        events.append(f"sync {Path(f'/proc/self/fd/{handle}').readlink().name}")
        real_sync(handle)

    def replace(source: Path, target: Path) -> None:
        events.append(f"name {target.name}")
        real_replace(source, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "replace", replace)
    return events


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    folder = Workspace(tmp_path / "migration")
    folder.ensure()
    return folder


@pytest.fixture
def open_journal(workspace: Workspace, clock: SettableClock) -> Callable[[], JournalDb]:
    """Return a function that opens the folder's journal for a run of one plan."""

    def open_it() -> JournalDb:
        journal = JournalDb.open(workspace, actor="ops@contoso.example", tenant_id=TENANT_ID, clock=clock)
        journal.for_run(PLAN)
        return journal

    return open_it


@pytest.fixture
def draft() -> Callable[..., Draft]:
    """Return a maker of drafts about users' states; the first argument is the user's id."""

    def make(user_id: str, outcome: Outcome = Outcome.INTENT, **others: Any) -> Draft:
        return Draft(
            **{
                "operation": Operation.SET_MFA_STATE,
                "target_type": TargetType.USER,
                "outcome": outcome,
                "object_id": user_id,
                "user_principal_name": f"{user_id}@contoso.example",
                "before": "enforced",
                "requested": "disabled",
                "wave": 1,
                **others,
            }
        )

    return make


@pytest.fixture
def profile() -> Callable[..., UserProfile]:
    """Return a maker of users; the first argument is the id."""

    def make(user_id: str, **others: Any) -> UserProfile:
        return UserProfile(
            **{
                "id": user_id,
                "user_principal_name": f"{user_id}@contoso.example",
                "display_name": f"Person {user_id}",
                "user_type": "Member",
                "creation_type": None,
                "external_user_state": None,
                "identities": (Identity(sign_in_type="userPrincipalName", issuer="contoso.example"),),
                "account_enabled": True,
                "on_premises_sync_enabled": False,
                "assigned_licenses": (),
                "created_date_time": "2021-05-04T08:00:00Z",
                **others,
            }
        )

    return make


@pytest.fixture
def reading() -> Callable[..., StateReading]:
    """Return a maker of answers about a state; None makes an unreadable user."""

    def make(user_id: str, state: MfaState | None, problem: str | None = None) -> StateReading:
        return StateReading(
            user_id=user_id,
            mfa_state=state,
            problem=problem,
            status=403 if state is None else 200,
            request_id=f"request-{user_id}",
            server_date="Tue, 24 Nov 2026 09:30:00 GMT",
        )

    return make


@pytest.fixture
def evidence() -> Evidence:
    raw = {
        "id": "policy-1",
        "displayName": "MFA for everybody",
        "state": "enabled",
        "zebra": {"kept": ["b", "a"]},
        "conditions": {"users": {"includeUsers": ["All"], "excludeGroups": ["group-1"]}},
    }
    return Evidence(
        policies=(
            ConditionalAccessPolicy(
                id="policy-1",
                display_name="MFA for everybody",
                policy_state=PolicyState.ENABLED,
                description=None,
                created_date_time="2025-01-01T00:00:00Z",
                modified_date_time=None,
                raw=raw,
            ),
        ),
        named_locations=({"id": "location-1", "isTrusted": True},),
        authentication_strengths=({"id": "strength-1", "allowedCombinations": ["fido2"]},),
        security_defaults_enabled=False,
        groups={
            "group-1": GroupEvidence(
                id="group-1",
                display_name="Left out",
                visibility="Private",
                status=ReadStatus.READ,
                problem=None,
                members=frozenset({"u1", "u2", "u3"}),
                eligible=frozenset(),
            )
        },
        roles={
            "role-1": RoleEvidence(
                template_id="role-1",
                display_name="Directory Synchronization Accounts",
                status=ReadStatus.UNREADABLE,
                problem="403 (request r-1)",
                holders=frozenset(),
                eligible=frozenset(),
                scoped=frozenset({"u9"}),
            )
        },
    )


@pytest.fixture
def finish() -> Callable[..., SnapshotHeader]:
    """Return a function that completes a snapshot of an invented tenant."""

    def complete(writer: SnapshotWriter, **others: Any) -> SnapshotHeader:
        return writer.finish(
            **{
                "taken_at": "2026-11-24T09:30:00Z",
                "tool_version": "0.0.0",
                "cloud": "global",
                "endpoint": None,
                "organization": Organization(
                    tenant_id=TENANT_ID,
                    display_name="Contoso",
                    default_domain="contoso.example",
                    verified_domains=("contoso.example",),
                ),
                "skus": (),
                "actor": Actor(object_id=None, name="ops@contoso.example", is_user=True),
                "states_read_by": "requirements",
                "keep_previous": False,
                **others,
            }
        )

    return complete
