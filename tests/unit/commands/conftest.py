"""A working folder with a snapshot of an invented tenant, and a call whose screen can be read."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from migrate.commands.call import Call
from migrate.model.evidence import Evidence
from migrate.model.replies import StateReading
from migrate.model.users import AnyUser, UserRecord
from migrate.settings import GlobalOptions, Settings, settings_from
from migrate.store.folder import Workspace
from migrate.store.snapshot import Snapshot, SnapshotWriter, open_snapshot
from migrate.views.screen import Screen
from tests.unit.decide.records import ORGANIZATION, evidence, group, policy, sku, snapshot, user

PEOPLE = [user(name) for name in ("ada", "bob", "emergency1", "emergency2", "svc")]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    folder = Workspace(tmp_path / "work")
    folder.ensure()
    return folder


@pytest.fixture
def take_snapshot(workspace: Workspace) -> Iterator[Callable[..., Snapshot]]:
    """Return a function that stores users and evidence as an export would, and opens the snapshot."""
    opened: list[Snapshot] = []

    def take(users: Sequence[AnyUser] = PEOPLE, proof: Evidence | None = None) -> Snapshot:
        header = snapshot(len(users), sku())
        with SnapshotWriter(workspace) as sink:
            sink.add_users(each.profile for each in users)
            sink.add_readings(
                StateReading(
                    user_id=each.profile.id,
                    mfa_state=each.mfa_state if isinstance(each, UserRecord) else None,
                    problem=None if isinstance(each, UserRecord) else each.reason,
                    status=200,
                    request_id="r",
                    server_date="2026-11-24T08:00:00Z",
                )
                for each in users
            )
            sink.set_evidence(proof or evidence(policy(), groups=(group("pilot", "ada"),)))
            sink.finish(
                taken_at=header.taken_at,
                tool_version=header.tool_version,
                cloud=header.cloud,
                endpoint=header.endpoint,
                organization=ORGANIZATION,
                skus=header.skus,
                actor=header.actor,
                states_read_by=header.states_read_by,
                keep_previous=False,
            )
        opened.append(open_snapshot(workspace))
        return opened[-1]

    yield take
    for each in opened:
        each.close()


@pytest.fixture
def settings(tmp_path: Path) -> Callable[[str], Settings]:
    """Return a function that resolves a configuration text."""

    def resolve(text: str) -> Settings:
        (tmp_path / "lab.toml").write_text(text, encoding="utf-8")
        return settings_from(GlobalOptions(config="lab.toml"), {}, tmp_path)

    return resolve


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def call(tmp_path: Path) -> Call:
    """Return a call at a terminal."""
    screen = Screen(
        output="table",
        quiet=False,
        verbose=False,
        color=False,
        progress=False,
        sandbox=None,
        stdout=io.StringIO(),
        stderr=Terminal(),
    )
    return Call(settings=settings_from(GlobalOptions(), {}, tmp_path), screen=screen, run_command=lambda _: 0)
