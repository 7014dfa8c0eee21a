"""One call and its answer, as every endpoint sees them, and errors in Graph's shape."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

Json = dict[str, Any]
"""One JSON object."""

JSON_TYPE = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"


def words(text: str) -> frozenset[str]:
    """Return the words of a text as a set, for long lists of Graph's names."""
    return frozenset(text.split())


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as far as the token says."""

    app_id: str
    tenant_id: str | None
    user_id: str | None
    """Object id of the signed-in user; None for an application, or when the token does not say."""
    app_only: bool
    permissions: frozenset[str]
    roles: frozenset[str] = frozenset()
    """Directory roles in the token (`wids`); they count for whoever is no user of the tenant."""
    opaque: bool = False
    """The token is no JWT: accepted as the tenant's administrator unless permissions are enforced."""


@dataclass(slots=True)
class Call:
    """One Graph request, alone or as an item of a batch."""

    method: str
    version: str
    segments: list[str]
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes
    origin: str
    """Scheme and host that the caller used; nextLinks are built from it."""
    request_id: str
    caller: Caller | None = None
    batch_item: str | None = None
    params: dict[str, str] = field(default_factory=dict)
    raw_query: str = ""

    @property
    def path(self) -> str:
        """The path after the version, as it was asked."""
        return "/".join(self.segments)

    def json(self) -> Json:
        """Decode the body as one JSON object, or raise Graph's 400."""
        try:
            value = msgspec.json.decode(self.body)
        except msgspec.DecodeError as error:
            raise GraphError(
                400,
                "BadRequest",
                "Unable to read JSON request payload. Please ensure Content-Type header is set "
                "and payload is of valid JSON format.",
            ) from error
        if not isinstance(value, dict):
            raise GraphError(400, "BadRequest", "The request body must be one JSON object.")
        return value

    def flag(self, header: str, wanted: str) -> bool:
        """Tell whether a header has a value, without regard to case."""
        return self.headers.get(header, "").lower() == wanted


@dataclass(slots=True)
class Answer:
    """What goes back: a JSON value (or nothing, or text) with its status and headers."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = JSON_TYPE
    delay: float = 0.0
    """Seconds that a fault holds the answer back."""
    reset: bool = False
    """A fault cuts the connection instead of answering."""
    truncate: int | None = None
    """A fault sends only so many bytes of the body."""
    splice: bool = False
    """A fault breaks the JSON off and appends an error."""
    omit: frozenset[str] = frozenset()
    """Headers, in lower case, that a fault leaves out."""
    padding: int = 0
    """A fault puts so many blanks before the body."""
    gzip: bool = False
    """A fault sends the body compressed."""


class GraphError(Exception):
    """A refusal that the sandbox answers in Graph's error shape."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
        inner: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})
        self.inner = dict(inner or {})


def error_answer(error: GraphError, call: Call, now: str) -> Answer:
    """Put an error into the body that Graph would send."""
    client_id = call.headers.get("client-request-id", call.request_id)
    inner = {**error.inner, "date": now.rstrip("Z"), "request-id": call.request_id, "client-request-id": client_id}
    body = {"error": {"code": error.code, "message": error.message, "innerError": inner}}
    return Answer(error.status, body, dict(error.headers))


def not_found(what: str) -> GraphError:
    """Refuse as the directory does when an object does not exist."""
    return GraphError(
        404,
        "Request_ResourceNotFound",
        f"Resource '{what}' does not exist or one of its queried reference-property objects are not present.",
    )


def bad_request(message: str, code: str = "BadRequest", inner: str | None = None) -> GraphError:
    """Refuse a malformed request; some services repeat the message inside."""
    return GraphError(400, code, message, inner={"message": inner} if inner else None)


def not_modelled(what: str) -> GraphError:
    """Refuse what Graph supports and this sandbox does not, by name."""
    return GraphError(501, "NotImplemented", f"The sandbox does not model {what}.")
