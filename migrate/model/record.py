"""The base of all records: immutable, keyword-only, strict about unknown members, with one canonical JSON form."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A frozen record, camelCase in JSON. Decode it only at the doors: graph/wire.py, store, exchange.

    Those of which there is one for each user say `gc=False`: built once from what is there already, they hold no
    circle, so the collector need not walk over them again and again.
    """


def canonical_json(value: object) -> bytes:
    """Return the one JSON form that digests are taken over: keys sorted, no white space, UTF-8."""
    return msgspec.json.encode(value, order="sorted")


def sha256_of(value: object) -> str:
    """Return the SHA-256 of the canonical JSON of `value`, as 64 lower-case hex digits."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


JsonObject = dict[str, Any]
"""Graph JSON as it came over the wire; only ever read, never changed in place."""
