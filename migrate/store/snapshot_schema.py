"""The shape of snapshot.db and the encoding of its rows. Loaded in bulk, so rows are JSON and indexes come last.

A record that gains or loses a member changes what the rows must say: raise the version and add an upgrade.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from migrate.model.capability import CapabilityEvidence
from migrate.model.evidence import BetaEvidence, ConditionalAccessPolicy, Evidence, GroupEvidence, RoleEvidence
from migrate.model.record import JsonObject, canonical_json
from migrate.store.database import Schema
from migrate.store.snapshot_digest import WRITTEN_CANONICAL, seal_older

SNAPSHOT_FILE = "snapshot.db"

PAGE_BYTES = 16_384
"""What SQLite reads at a time: four times as much as usual, because nearly everybody reads a snapshot whole."""

_SINCE_2 = (
    # Digests of users and readings that follow each other: see snapshot_digest.
    ("blocks", "(first_id TEXT NOT NULL PRIMARY KEY, rows INTEGER NOT NULL, digest BLOB NOT NULL) WITHOUT ROWID"),
    # What was read of the sign-in log, as kinds of sign-ins and never as single ones: where it came from (source,
    # window, rows, holes, lost columns), each kind with its counts, the people of a kind by object id. All are JSON.
    ("sign_in_sources", "(source INTEGER NOT NULL PRIMARY KEY, body BLOB NOT NULL)"),
    (
        "sign_in_kinds",
        "(source INTEGER NOT NULL, kind INTEGER NOT NULL, body BLOB NOT NULL,"
        " PRIMARY KEY (source, kind)) WITHOUT ROWID",
    ),
    (
        "sign_in_people",
        "(source INTEGER NOT NULL, kind INTEGER NOT NULL, user_id TEXT NOT NULL, body BLOB NOT NULL,"
        " PRIMARY KEY (source, kind, user_id)) WITHOUT ROWID",
    ),
)
"""Tables of version 2, those of sign-ins empty until somebody reads some."""

KEYS = (("users", "id"), ("readings", "user_id"), ("registrations", "user_id"))
"""The tables that have a row for each user, with their keys; the last row of a key is the one that counts."""
_FOR_EACH_USER = (
    "users (id TEXT NOT NULL, upn_key TEXT NOT NULL, guest INTEGER NOT NULL, profile BLOB NOT NULL)",
    "readings (user_id TEXT NOT NULL, state TEXT, problem TEXT, request_id TEXT NOT NULL, code TEXT, parts TEXT)",
    "registrations (user_id TEXT NOT NULL, body BLOB NOT NULL)",
)
HEAP = tuple(f"CREATE TABLE heap.{table}" for table in _FOR_EACH_USER)
"""The same once more, in the file that holds the rows as they come."""

SNAPSHOT_SCHEMA = Schema(
    application_id=0x4D464153,
    version=2,
    tables=("meta", "users", "readings", "registrations", "evidence", *(name for name, _ in _SINCE_2)),
    create=(
        "CREATE TABLE meta (key TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
        *(f"CREATE TABLE {table}" for table in _FOR_EACH_USER),
        "CREATE TABLE evidence (part TEXT NOT NULL, position INTEGER NOT NULL, body BLOB NOT NULL,"
        " PRIMARY KEY (part, position)) WITHOUT ROWID",
        *(f"CREATE TABLE {name} {columns}" for name, columns in _SINCE_2),
    ),
    upgrades={
        1: (
            "ALTER TABLE readings ADD COLUMN code TEXT",
            "ALTER TABLE readings ADD COLUMN parts TEXT",
            *(f"CREATE TABLE {name} {columns}" for name, columns in _SINCE_2),
            seal_older,
        ),
    },
    when_damaged="Read the tenant again: mfa-migrate export",
)

USERS, USERS_BY_ID = "users", "CREATE INDEX users_by_id ON users (id)"
INDEXES = (
    "CREATE INDEX users_by_upn ON users (upn_key)",
    "CREATE INDEX readings_by_user ON readings (user_id)",
    "CREATE INDEX registrations_by_user ON registrations (user_id)",
)


def evidence_rows(evidence: Evidence) -> Iterator[tuple[str, int, bytes]]:
    """Yield evidence as rows (part, position, JSON): one for each object, so that no row holds all memberships."""
    yield from _rows("policy", evidence.policies)
    yield from _rows("namedLocation", evidence.named_locations)
    yield from _rows("authenticationStrength", evidence.authentication_strengths)
    yield from _rows("securityDefaults", [evidence.security_defaults_enabled])
    yield from _rows("group", evidence.groups.items())
    yield from _rows("role", evidence.roles.items())
    yield from _rows("beta", () if evidence.beta is None else (evidence.beta,))
    yield from _rows("capability", () if evidence.capability is None else (evidence.capability,))
    yield from _rows("administrators", () if evidence.administrators is None else (evidence.administrators,))


def evidence_from(rows: Iterable[tuple[str, bytes]]) -> Evidence:
    """Return the evidence that rows (part, JSON) in the order of their positions hold.

    Raises:
        msgspec.DecodeError: A row is not what `evidence_rows` writes, or none says how security defaults stand.
    """
    parts: dict[str, list[Any]] = {part: [] for part in _PART_TYPES}
    for part, body in rows:
        if part not in _PART_TYPES:
            raise msgspec.DecodeError(f"{part!r} is no part of the evidence")
        parts[part].append(msgspec.json.decode(body, type=_PART_TYPES[part]))
    if len(parts["securityDefaults"]) != 1:
        raise msgspec.DecodeError("the evidence does not say once how security defaults stand")
    return Evidence(
        policies=tuple(parts["policy"]),
        named_locations=tuple(parts["namedLocation"]),
        authentication_strengths=tuple(parts["authenticationStrength"]),
        security_defaults_enabled=parts["securityDefaults"][0],
        groups=dict(parts["group"]),
        roles=dict(parts["role"]),
        # Snapshots of older versions hold none.
        beta=parts["beta"][0] if parts["beta"] else None,
        capability=parts["capability"][0] if parts["capability"] else None,
        administrators=parts["administrators"][0] if parts["administrators"] else None,
    )


_PART_TYPES: dict[str, Any] = {
    "policy": ConditionalAccessPolicy,
    "namedLocation": JsonObject,
    "authenticationStrength": JsonObject,
    "securityDefaults": bool,
    "group": tuple[str, GroupEvidence],
    "role": tuple[str, RoleEvidence],
    "beta": BetaEvidence,
    "capability": CapabilityEvidence,
    "administrators": frozenset[str],
}


def _rows(part: str, values: Iterable[object]) -> Iterator[tuple[str, int, bytes]]:
    encode = canonical_json if part in WRITTEN_CANONICAL else msgspec.json.encode
    for position, value in enumerate(values):
        yield part, position, encode(value)
