"""One HTTP answer of Graph and what it says: status, error text, request id, how long to wait, whether to try again."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec

TRANSIENT_STATUSES = frozenset({408, 429, 500, 502, 503, 504, 509})
"""Answers that say nothing about the request itself; a read is sent again after them."""
_LONGEST_WAIT = 30 * 86_400.0
"""Seconds. Nobody waits so long for an answer, and a year like 9999 would overflow the clock it is added to."""


_LONGEST_WORDS = 2_000
"""Characters of a code or message that are kept: they come into tables and onto screens."""

UNUSABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises for a body that is no JSON, no UTF-8, cut short, something else, or nested without end."""


_NUL = b"\\u0000"
_ESCAPED_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
"""Behind an even number of backslashes: else the backslash is part of the text, and so is what follows."""


class BadAnswer(Exception):
    """A 200 whose body is not what the call answers with."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """An answer, of a request of its own or of one item of a batch."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    client_request_id: str

    @property
    def is_success(self) -> bool:
        """Tell whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def retry_after(self) -> float | None:
        """Return the seconds that the server asks to wait; None when it does not say."""
        return seconds_to_wait(self.headers.get("retry-after"), self.headers.get("date"))

    @property
    def request_id(self) -> str:
        """Return Graph's id of the request, for a support case; empty when there is none."""
        return self.headers.get("request-id") or ("" if self.is_success else self.error.request_id)

    @property
    def error(self) -> GraphError:
        """Return the error that the body describes."""
        return error_in(self.body)


@dataclass(frozen=True, kw_only=True, slots=True)
class GraphError:
    """Graph's error body: the outer code and message, and the inner message that often says what is meant."""

    code: str
    message: str
    inner_code: str
    inner_message: str
    request_id: str

    @property
    def words(self) -> str:
        """Return code and message for a person; the inner message where the outer one says less."""
        message = self.message
        if self.inner_message and self.inner_message not in message:
            message = f"{message} ({self.inner_message})" if message else self.inner_message
        code = self.code if self.code not in ("", "UnknownError") or not self.inner_code else self.inner_code
        return ": ".join(part for part in (code, message) if part)

    def says(self, *needles: str) -> bool:
        """Tell whether any of the texts stands in the codes or messages, in any case."""
        hay = " ".join((self.code, self.message, self.inner_code, self.inner_message)).casefold()
        return any(needle.casefold() in hay for needle in needles)


_NO_ERROR = GraphError(code="", message="", inner_code="", inner_message="", request_id="")


def without_nul(body: bytes) -> bytes:
    """Return JSON in which each escaped NUL is the symbol for it: no file that people open may hold one."""
    return body if _NUL not in body else _ESCAPED_NUL.sub(rb"\1\\u2400", body)


def error_in(body: bytes) -> GraphError:
    """Return the error that `body` describes; an HTML page, an empty or a broken body give empty texts."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return _NO_ERROR
    error = value.get("error") if isinstance(value, dict) else None
    if not isinstance(error, dict):
        return _NO_ERROR
    # The member is documented as innererror in one place and shown as innerError in others.
    inner = error.get("innerError") or error.get("innererror")
    inner = inner if isinstance(inner, dict) else {}
    return GraphError(
        code=_text(error.get("code")),
        message=_text(error.get("message")),
        inner_code=_text(inner.get("code")),
        inner_message=_text(inner.get("message")),
        request_id=_text(inner.get("request-id")),
    )


def stranger_in(status: int, headers: Mapping[str, str]) -> str | None:
    """Return why an answer is not Graph's, in words that say what it probably is; None when it may well be.

    Args:
        status: The HTTP status.
        headers: Names in lower case.
    """
    if status in TRANSIENT_STATUSES:
        return None
    if 300 <= status < 400:
        place = urlsplit(headers.get("location", "")).hostname or "another address"
        return f"it was sent on to {place} (status {status}), probably to the sign-in page of this network"
    if status == 407:
        return "a proxy wants to be signed in to first (status 407)"
    if status == 451:
        return "something on the way refused it for legal reasons (status 451)"
    if status == 511:
        return "this network wants to be signed in to first (status 511)"
    if "html" in headers.get("content-type", "").lower():
        return "a web page came in its place, probably from a proxy, a filter or the sign-in page of this network"
    if http_date(headers.get("date")) is None:
        return "the answer has no readable Date, so something on the way answered, or took it away"
    return None


def _text(value: Any) -> str:
    text = value.strip() if isinstance(value, str) else ""
    return text if len(text) <= _LONGEST_WORDS else f"{text[:_LONGEST_WORDS]}…"


def seconds_to_wait(header: str | None, server_date: str | None) -> float | None:
    """Return the seconds that a Retry-After header means: an integer, a decimal, or an HTTP date.

    A date is measured against the server's own clock (`server_date`, the Date header), not ours. None when the header
    names no time to come: to ask again at once is never what a server that is too busy means.
    """
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        until, now = http_date(header), http_date(server_date)
        if until is None or now is None:
            return None
        seconds = (until - now).total_seconds()
    # float() also reads "nan" and "inf".
    return min(seconds, _LONGEST_WAIT) if 0.0 < seconds < float("inf") else None


def http_date(header: str | None) -> datetime | None:
    """Return the time that an HTTP date names (UTC); None when there is none or it cannot be read."""
    if header is None:
        return None
    try:
        moment = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else None
