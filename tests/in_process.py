"""A call of the sandbox as its server makes one of a request, for tests that go without sockets."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from migrate.sandbox.messages import Call
from migrate.sandbox.urls import query_of, split_path

_HEADERS = {"authorization": "Bearer sandbox", "content-type": "application/json"}


def call_of(
    method: str, path: str, body: bytes, *, origin: str, request_id: str, headers: Mapping[str, str] | None = None
) -> Call:
    """Return the call; `path` has the version and the query, and the names of `headers` may have any case."""
    parts = urlsplit(path)
    version, *segments = split_path(parts.path)
    return Call(
        method=method,
        version=version,
        segments=segments,
        query=query_of(parts.query),
        headers=_HEADERS | {name.lower(): value for name, value in (headers or {}).items()},
        body=body,
        origin=origin,
        request_id=request_id,
        raw_query=parts.query,
    )
