"""Digests of a snapshot: its id over the content, and of every few rows, so that nobody acts on a row that changed.

A block is checked in the pass that reads it: whoever asks for one user reads a few hundred rows, not a million.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import msgspec

from migrate.model.record import Record, canonical_json
from migrate.model.snapshot import Organization, SnapshotHeader, SubscribedSku
from migrate.store.database import NotWhatWasWritten

BLOCK_ROWS = 256

_COLUMNS = (
    "users.profile",
    "users.guest",
    "readings.state",
    "readings.problem",
    "readings.request_id",
    "registrations.body",
    "readings.code",
    "readings.parts",
    "users.id",
    "users.upn_key",
)
ROWS = f"""
    SELECT {", ".join(f"CAST({column} AS BLOB)" for column in _COLUMNS)}
    FROM users
    LEFT JOIN readings ON readings.user_id = users.id
    LEFT JOIN registrations ON registrations.user_id = users.id
"""  # noqa: S608  (our own names)
"""Every user with what was read of them; the reader and the digests take the same rows.

Everything is bytes, because the digests are over bytes; what is no text of the file is spelled as text.
"""

PROFILE, STATE, REQUEST_ID, REGISTRATION, ID, UPN_KEY = 0, 2, 4, 5, 8, 9
REASON = (3, 6, 7)
"""Places in a row; of why there is no state the text, the code and the parts."""

ROWS_IN_PLACE = ROWS.replace(
    "readings.user_id = users.id", "readings.rowid = users.rowid AND readings.user_id = users.id"
).replace("registrations.user_id = users.id", "registrations.rowid = users.rowid AND registrations.user_id = users.id")
"""The same of a snapshot in which all that was read of a user lies at the same place of each table, found without a
search. Where it does not, the digests differ."""

Row = tuple[Any, ...]
"""Of `ROWS`: bytes, or None where there is nothing."""


class Source(Record, frozen=True, kw_only=True):
    """What of the header belongs to the content: where it was read, not when and by whom."""

    cloud: str
    endpoint: str | None
    organization: Organization
    skus: tuple[SubscribedSku, ...]

    @classmethod
    def of(
        cls, cloud: str, endpoint: str | None, organization: Organization, skus: tuple[SubscribedSku, ...]
    ) -> Source:
        """Return the source with its subscriptions in one order."""
        ordered = tuple(sorted(skus, key=canonical_json))
        return cls(cloud=cloud, endpoint=endpoint, organization=organization, skus=ordered)


class Block(Record, frozen=True, kw_only=True):
    """Rows that follow each other by the user's id, and the digest over them."""

    first_id: str
    rows: int
    digest: bytes

    def holds(self, rows: list[Row]) -> bool:
        """Tell whether these are the rows that were written."""
        if len(rows) != self.rows or not rows or rows[0][ID] != self.first_id.encode():
            return False
        if self.digest.startswith(_IN_MESSAGEPACK) and len(self.digest) > _BARE:
            return digest_of_users(rows) == self.digest
        return digest_of(rows) == self.digest


def content_of(connection: sqlite3.Connection, source: Source) -> tuple[str, list[Block]]:
    """Return the id of the content and the blocks of its users, in one pass over the rows.

    Request ids stay out of the id: they differ although nothing else does. The blocks hold everything.
    """
    evidence = _order_free(connection.execute("SELECT part, body FROM evidence"))
    if not evidence:
        raise RuntimeError("A snapshot needs its evidence: call set_evidence before finish.")
    digest = hashlib.sha256(canonical_json(source))
    for part in evidence:
        digest.update(framed(part))
    blocks = []
    users = connection.execute(f"{ROWS} ORDER BY users.id")
    while rows := list(islice(users, BLOCK_ROWS)):
        blocks.append(Block(first_id=rows[0][ID].decode(), rows=len(rows), digest=digest_of_users(rows)))
        for row in rows:
            digest.update(framed((row[PROFILE], *row[2:4], row[REGISTRATION])))
    return digest.hexdigest(), blocks


def counts_of(connection: sqlite3.Connection) -> Counter[str]:
    """Return the users by state and type."""
    query = (
        "SELECT readings.state, users.guest, count(*) FROM users LEFT JOIN readings ON readings.user_id = users.id"
        " GROUP BY 1, 2"
    )
    return Counter(
        {
            f"{state or 'unreadable'}/{'guest' if guest else 'member'}": number
            for state, guest, number in connection.execute(query)
        }
    )


# The seal: the header, the blocks and the evidence hang on one digest


def put_seal(connection: sqlite3.Connection, header: bytes, blocks: Iterable[Block]) -> None:
    """Store the blocks and the digests that they, the evidence and the header are checked with."""
    rows = [(block.first_id, block.rows, block.digest) for block in blocks]
    connection.executemany("INSERT INTO blocks VALUES (?, ?, ?)", rows)
    digests = {"blocks": digest_of(rows), "evidence": digest_of(_evidence(connection))}
    seal = hashlib.sha256(framed((header, digests["blocks"], digests["evidence"]))).digest()
    connection.executemany("INSERT INTO meta VALUES (?, ?)", [*digests.items(), ("seal", seal)])


def note_places(connection: sqlite3.Connection) -> None:
    """Note that what was read of a user lies at the user's place in each table. It is no fact of the tenant, so no
    digest holds it: with it where it is not so, rows differ from their digest."""
    connection.execute("INSERT INTO meta VALUES ('in place', x'01')")


def sealed_blocks(connection: sqlite3.Connection) -> list[Block]:
    """Return the blocks of a snapshot after checking them and the header.

    Raises:
        NotWhatWasWritten: One of them is another one.
    """
    meta = dict(connection.execute("SELECT key, value FROM meta"))
    parts = tuple(meta.get(name) for name in ("header", "blocks", "evidence"))
    if not all(isinstance(part, bytes) for part in parts) or meta.get("seal") != _sha256(framed(parts)):
        raise NotWhatWasWritten("its header is not what was written")
    rows = connection.execute("SELECT first_id, rows, digest FROM blocks ORDER BY first_id").fetchall()
    if digest_of(rows) != meta["blocks"]:
        raise NotWhatWasWritten("its digests are not what was written")
    return [Block(first_id=first_id, rows=number, digest=digest) for first_id, number, digest in rows]


def rows_query(connection: sqlite3.Connection) -> str:
    """Return the query that reads the rows of this snapshot: `ROWS`, or the quicker one where they lie in place."""
    found = connection.execute("SELECT value FROM meta WHERE key = 'in place'").fetchone()
    return ROWS if found is None else ROWS_IN_PLACE


def sealed_evidence(connection: sqlite3.Connection) -> list[Row]:
    """Return the rows of the evidence (part, position, body) after checking them. Raises as `sealed_blocks`."""
    (wanted,) = connection.execute("SELECT value FROM meta WHERE key = 'evidence'").fetchone()
    rows = list(_evidence(connection))
    if digest_of(rows) != wanted:
        raise NotWhatWasWritten("the evidence is not what was written")
    return rows


def seal_older(connection: sqlite3.Connection) -> None:
    """Give a snapshot of the first version its blocks, after comparing its content with its id.

    Raises:
        NotWhatWasWritten: It is another one.
    """
    row = connection.execute("SELECT value FROM meta WHERE key = 'header'").fetchone()
    if row is None:
        return  # never finished; whoever reads the header says so
    try:
        header = msgspec.json.decode(row[0], type=SnapshotHeader)
    except (msgspec.DecodeError, TypeError) as error:
        raise NotWhatWasWritten(f"its header cannot be decoded ({error})") from error
    source = Source.of(header.cloud, header.endpoint, header.organization, header.skus)
    try:
        found, blocks = content_of(connection, source)
    except (RuntimeError, msgspec.DecodeError, AttributeError, TypeError) as error:
        raise NotWhatWasWritten(f"its content cannot be read ({error})") from error
    if found != header.id:
        raise NotWhatWasWritten("its content is not what its id says")
    put_seal(connection, row[0], blocks)


def framed(row: Iterable[object]) -> bytes:
    """Return one row as bytes that no other row can produce: each value with its length before it."""
    parts = [value if isinstance(value, bytes) or value is None else str(value).encode() for value in row]
    return b"".join(b"-" if part is None else b"%d:%b" % (len(part), part) for part in parts) + b"\n"


def digest_of(rows: Iterable[Iterable[Any]]) -> bytes:
    """Return the SHA-256 over rows in their order: the lengths of all values, then the values; -1 stands for none."""
    lengths: list[str] = []
    values: list[bytes] = []
    for row in rows:
        for value in row:
            if value is None:
                lengths.append("-1")
                continue
            kind = type(value)
            data = value.encode() if kind is str else value if kind is bytes else str(value).encode()
            size = len(data)
            lengths.append(_LENGTHS[size] if size < _SPELLED_OUT else str(size))
            values.append(data)
        lengths.append("-2")
    return _sha256(b"%b\n%b" % (",".join(lengths).encode(), b"".join(values)))


def digest_of_users(rows: list[Row]) -> bytes:
    """Return a sign and the SHA-256 over rows of `ROWS` in MessagePack, in which no two lists of rows are alike.

    It takes a third of the time of `digest_of`, in which older snapshots have them: a report has half a million values
    digested.
    """
    return _IN_MESSAGEPACK + _sha256(_PACKED.encode(rows))


_IN_MESSAGEPACK, _BARE = b"m", 32
"""The sign, and the length of a digest without one."""
_PACKED = msgspec.msgpack.Encoder()

_SPELLED_OUT = 4096
_LENGTHS = tuple(map(str, range(_SPELLED_OUT)))
"""Lengths in digits, because a snapshot has half a million values and nearly all are short."""


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _evidence(connection: sqlite3.Connection) -> Iterator[Row]:
    return connection.execute("SELECT part, position, body FROM evidence ORDER BY part, position")


def _order_free(rows: Iterable[tuple[str, bytes]]) -> list[tuple[str, str]]:
    """Return (part, digest) of evidence rows, however Graph ordered the objects and the members of their JSON."""
    return sorted((part, hashlib.sha256(_canonical(part, body)).hexdigest()) for part, body in rows)


WRITTEN_CANONICAL = frozenset({"securityDefaults", "group", "role", "beta", "capability", "administrators"})
"""The other parts hold raw JSON, whose members keep the order in which Graph sent them, for people to compare."""


def _canonical(part: str, body: bytes) -> bytes:
    return body if part in WRITTEN_CANONICAL else canonical_json(msgspec.json.decode(body))
