"""No input reaches "this is a bug": what comes through a door is taken, or refused with an error of our own.

Damaged copies of what each door takes are given to it: bytes flipped, cut, doubled, put in from elsewhere. A few
hundred in every run, more than 20,000 in the long one.
"""

from __future__ import annotations

import asyncio
import io
import random
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from migrate.config import config_from
from migrate.errors import MfaMigrateError
from migrate.exchange.documents import audit_entries, plan_rows, rollback_header, rollback_rows
from migrate.exchange.policy_files import read_policy_file
from migrate.exchange.reading import read_claims, with_states
from migrate.graph.answers import Answer
from migrate.graph.channel import Channel
from migrate.graph.credentials import signed_in
from migrate.graph.pace import Pacers
from migrate.graph.retry import Patience, Persistence
from migrate.graph.session import Connection
from migrate.graph.tenant import GraphTenant
from migrate.model.access import sandbox_address
from migrate.model.journal import Operation
from migrate.model.waits import Waiting
from migrate.sandbox.tenant_file import TenantFileError, load_tenant_file
from migrate.store.chain import verify_chain
from migrate.store.folder import Workspace
from migrate.store.journal import JournalDb
from migrate.store.plan_files import read_plan
from migrate.store.snapshot import open_snapshot
from tests.unasked import UNASKED
from tests.virtual_time import InstantClock

ROOT = Path(__file__).resolve().parent.parent.parent
SAMPLES, FOLDER = ROOT / "samples", ROOT / "tests" / "fixtures" / "store" / "v1"
FEW, MANY = 24, 1_700

_TOKENS = [
    b"\x00", b"\xff\xfe", b"\x1b[2J", "\u202e".encode(), b"\xc3", b'"', b"{", b"}", b"[" * 3000, b"]", b",", b":",
    b"null", b"1e999", b"-1", b"99999999999999999999", b"true", b"\\ud800", b"\r", b"\n\n", b"=", b"'", b"#",
    b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"%", b"1979-05-27", b"nan", b"\t", b"9" * 5000,
]  # fmt: skip


def damaged(original: bytes, rng: random.Random) -> bytes:
    """Return a copy with one to six damages."""
    data = bytearray(original)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(data) + 1)
        end = min(len(data), at + rng.choice([1, 2, 8, 64, 512]))
        match rng.randrange(6):
            case 0 if at < len(data):
                data[at] ^= 1 << rng.randrange(8)
            case 1:
                del data[at:end]
            case 2:
                data[at:at] = rng.choice(_TOKENS)
            case 3:
                data[at:at] = data[at:end]
            case 4:
                data[at:end] = rng.choice(_TOKENS)
            case _:
                start = rng.randrange(len(data) + 1)
                data[at:end] = data[start : start + end - at]
    return bytes(data)


def drained(rows: Iterator[Any]) -> None:
    for _ in rows:
        pass


def a_config(data: bytes, folder: Path) -> None:
    config_from(data.decode("utf-8", errors="replace"), "mfa-migrate.toml")


def an_endpoint(data: bytes, folder: Path) -> None:
    address = sandbox_address(data.decode("utf-8", errors="replace"))
    Connection(endpoint=address)


def an_old_export(data: bytes, folder: Path) -> None:
    with_states(read_claims(io.BytesIO(data)))


def a_policy_file(data: bytes, folder: Path) -> None:
    path = folder / "policy.json"
    path.write_bytes(data)
    read_policy_file(path)


def a_plan_csv(data: bytes, folder: Path) -> None:
    drained(plan_rows(io.BytesIO(data)))


def a_plan_json(data: bytes, folder: Path) -> None:
    for name in ("plan.json", "plan.csv"):
        shutil.copy(SAMPLES / "run" / name, folder / name)
    (folder / "plan.json").write_bytes(data)
    read_plan(Workspace(folder))


def a_rollback_csv(data: bytes, folder: Path) -> None:
    drained(rollback_rows(io.BytesIO(data)))


def a_rollback_json(data: bytes, folder: Path) -> None:
    rollback_header(io.BytesIO(data))


def an_audit_csv(data: bytes, folder: Path) -> None:
    verify_chain(audit_entries(io.BytesIO(data)))


def a_journal(data: bytes, folder: Path) -> None:
    shutil.copy(FOLDER / "folder.json", folder / "folder.json")
    (folder / "journal.db").write_bytes(data)
    with JournalDb.open_to_read(Workspace(folder)) as journal:
        entries = list(journal.entries())
        verify_chain(entries)
        journal.latest_user_outcomes(entries[-1].plan_digest if entries else "")
        drained(journal.in_doubt())
        drained(journal.touched([entry.plan_digest for entry in entries[-3:]]))
        for entry in journal.entries(operation=Operation.OPEN_RUN):
            journal.document(entry.requested)


def a_snapshot(data: bytes, folder: Path) -> None:
    (folder / "snapshot.db").write_bytes(data)
    with open_snapshot(Workspace(folder)) as snapshot:
        snapshot.evidence()
        drained(snapshot.users())


def a_tenant_file(data: bytes, folder: Path) -> None:
    try:
        load_tenant_file(data)
    except TenantFileError as refused:
        raise MfaMigrateError(str(refused)) from refused


CONFIG = SAMPLES / "mfa-migrate.toml"
DOORS: dict[Callable[[bytes, Path], None], list[Path]] = {
    a_config: [CONFIG],
    an_old_export: sorted((SAMPLES / "legacy-export").iterdir()),
    a_plan_csv: [SAMPLES / "run" / "plan.csv"],
    a_plan_json: [SAMPLES / "run" / "plan.json"],
    a_rollback_csv: [SAMPLES / "run" / "rollback.csv"],
    a_rollback_json: [SAMPLES / "run" / "rollback.json"],
    an_audit_csv: [SAMPLES / "run" / "audit.csv"],
    a_journal: [FOLDER / "journal.db"],
    a_snapshot: [FOLDER / "snapshot.db"],
    a_tenant_file: [SAMPLES / "tenant.json"],
}
WRITTEN: dict[Callable[[bytes, Path], None], list[bytes]] = {
    an_endpoint: [b"http://127.0.0.1:8765", b"http://[::1]:80", b"https://localhost", b"http://[::1%25eth0]"],
    a_policy_file: [
        b'[{"displayName": "All", "state": "enabled", "conditions": {"users": {"includeUsers": ["All"]}},'
        b' "grantControls": {"operator": "OR", "builtInControls": ["mfa"]}}]'
    ],
}


def go_through(door: Callable[[bytes, Path], None], folder: Path, tries: int) -> tuple[int, int]:
    """Give the door so many damaged inputs; return how many it took and how many it refused."""
    originals = WRITTEN.get(door) or [path.read_bytes()[:60_000] if path.suffix != ".db" else path.read_bytes()
                                      for path in DOORS[door]]  # fmt: skip
    rng = random.Random(f"{door.__name__} {tries}")
    taken = refused = 0
    for number in range(tries):
        data = damaged(rng.choice(originals), rng)
        place = folder / str(number)
        place.mkdir()
        try:
            door(data, place)
            taken += 1
        except MfaMigrateError:
            refused += 1
        except Exception as problem:
            kept = folder / "the-one"
            kept.write_bytes(data)
            raise AssertionError(f"{door.__name__}, try {number}: {problem!r}; the bytes are in {kept}") from problem
        finally:
            shutil.rmtree(place)
    return taken, refused


ALL = [*DOORS, *WRITTEN]


@pytest.mark.parametrize("door", ALL, ids=lambda door: door.__name__)
def test_a_damaged_input_is_taken_or_refused(door: Callable[[bytes, Path], None], tmp_path: Path) -> None:
    taken, refused = go_through(door, tmp_path, FEW)
    assert taken + refused == FEW
    assert refused, "damages that no door notices test nothing"


@pytest.mark.long
@pytest.mark.parametrize("door", ALL, ids=lambda door: door.__name__)
def test_many_damaged_inputs_are_taken_or_refused(door: Callable[[bytes, Path], None], tmp_path: Path) -> None:
    taken, refused = go_through(door, tmp_path, MANY)
    assert taken + refused == MANY


# --- Graph's answers -----------------------------------------------------------------------------------------------

_GUID = "11111111-0000-4000-8000-000000000001"
_USER = (
    b'{"id":"11111111-0000-4000-8000-000000000001","userPrincipalName":"ada@contoso.example","displayName":"Ada",'
    b'"userType":"Member","creationType":null,"externalUserState":null,"identities":[],"accountEnabled":true,'
    b'"onPremisesSyncEnabled":null,"assignedLicenses":[],"createdDateTime":null}'
)
_BODIES = {
    r"/\$batch": b'{"responses":[{"id":"0","status":200,"headers":{},"body":{"perUserMfaState":"enabled"}}]}',
    r"/users\?": b'{"value":[' + _USER + b"]}",
    r"/organization": b'{"value":[{"id":"t","displayName":"C","verifiedDomains":[{"name":"c.example",'
    b'"isDefault":true}]}]}',
    r"/subscribedSkus": b'{"value":[{"skuId":"s","skuPartNumber":"P","capabilityStatus":"Enabled","servicePlans":[],'
    b'"prepaidUnits":{"enabled":1}}]}',
    r"userRegistrationDetails": b'{"value":[{"id":"u","isMfaRegistered":true,"isMfaCapable":true,'
    b'"methodsRegistered":["sms"]}]}',
    r"/identity/conditionalAccess/policies": b'{"value":[{"id":"p","displayName":"All","state":"enabled",'
    b'"conditions":{"users":{"includeUsers":["All"],"excludeGroups":["11111111-0000-4000-8000-000000000001"]}},'
    b'"grantControls":{"operator":"OR","builtInControls":["mfa"]}}]}',
    r"/namedLocations": b'{"value":[{"id":"l","displayName":"Office","@odata.type":"#microsoft.graph.ipNamedLocation",'
    b'"isTrusted":true,"ipRanges":[{"cidrAddress":"192.0.2.0/24"}]}]}',
    r"authenticationStrength": b'{"value":[{"id":"s","displayName":"MFA","allowedCombinations":["fido2"]}]}',
    r"identitySecurityDefaults": b'{"isEnabled":false}',
    r"/transitiveMembers": b'{"value":[{"id":"11111111-0000-4000-8000-000000000001"}]}',
    r"/groups/": b'{"id":"g","displayName":"G","visibility":null,"groupTypes":[],"onPremisesSyncEnabled":null}',
}


class DamagedGraph:
    """Answers each request as Graph would, now and then damaged."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.answers = 0

    def server_now(self) -> datetime:
        return datetime(2026, 11, 28, tzinfo=UTC)

    def server_at_least(self) -> datetime:
        return self.server_now()

    def server_at_most(self) -> datetime:
        return self.server_now()

    def token_refused(self) -> None:
        """Nothing to renew."""

    async def send(self, method: str, path: str, **_: Any) -> Answer:
        self.answers += 1
        body = next((body for pattern, body in _BODIES.items() if re.search(pattern, path)), b'{"value":[]}')
        if self._rng.random() < 0.5:
            body = damaged(body, self._rng)
        status = self._rng.choice([200] * 12 + [206, 400, 403, 404, 409, 412, 500])
        headers = {"date": "Sat, 28 Nov 2026 10:00:00 GMT"}
        return Answer(status=status, headers=headers, body=body, client_request_id="c")


async def ask_everything(rng: random.Random) -> int:
    clock = InstantClock()

    def on_wait(waiting: Waiting, seconds: float) -> None:
        assert str(waiting)

    persistence = Persistence(Patience(attempts=3, seconds=600), clock=clock, on_wait=on_wait)
    pacers = Pacers(clock=clock, on_wait=on_wait, paced=False)
    channel = Channel(DamagedGraph(rng), pacers, persistence, origin="https://graph.example", clock=clock)
    connection = Connection(endpoint="http://127.0.0.1:9", pacing=False)
    tenant = GraphTenant(channel, connection, signed_in(connection, prompt=lambda _: None))
    refused = 0

    async def all_users() -> None:
        async for _ in tenant.iter_users():
            pass

    async def all_registrations() -> None:
        async for _ in tenant.iter_registrations():
            pass

    for read in (
        tenant.read_organization,
        tenant.read_skus,
        all_users,
        all_registrations,
        lambda: tenant.read_evidence(groups=[_GUID], paths=True),
        lambda: tenant.read_mfa_states([_GUID]),
        lambda: tenant.read_profiles([_GUID]),
        lambda: tenant.read_registrations([_GUID]),
        lambda: tenant.create_policy({"displayName": "x"}, client_request_id="c", **UNASKED),
    ):
        try:
            await read()
        except MfaMigrateError:
            refused += 1
    return refused


@pytest.mark.parametrize("rounds", [25, pytest.param(600, marks=pytest.mark.long)])
def test_damaged_answers_of_graph_are_taken_or_refused(rounds: int) -> None:
    refused = sum(asyncio.run(ask_everything(random.Random(number))) for number in range(rounds))
    assert refused > rounds, "of nine questions a round more than one must meet a damage that counts"
