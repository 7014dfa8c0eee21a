"""JSON batching: up to twenty calls in one, each answered on its own."""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from migrate.sandbox.messages import Answer, Call, GraphError, Json, bad_request
from migrate.sandbox.urls import split_path

if TYPE_CHECKING:
    from migrate.sandbox.service import Sandbox

MOST = 20
_METHODS = frozenset({"GET", "POST", "PATCH", "PUT", "DELETE"})


def answer_batch(sandbox: "Sandbox", call: Call) -> Answer:
    """Answer an envelope: 400 for a malformed one, else 200 whatever the items' fates."""
    items = _items(sandbox, call)
    statuses: dict[str, int] = {}
    envelope = Answer(200)
    responses: list[Json] = []
    for item in items:
        key = item["id"].lower()
        failed = [each for each in item.get("dependsOn") or () if not 200 <= statuses.get(each.lower(), 0) < 300]
        answer = _failed_dependency() if failed else sandbox.answer_item(_item_call(item, call))
        if answer is None:
            continue  # a fault dropped the item
        statuses[key] = answer.status
        envelope.delay = max(envelope.delay, answer.delay)
        envelope.reset = envelope.reset or answer.reset
        envelope.splice = envelope.splice or answer.splice
        envelope.padding = max(envelope.padding, answer.padding)
        envelope.gzip = envelope.gzip or answer.gzip
        envelope.omit |= answer.omit
        envelope.truncate = answer.truncate if envelope.truncate is None else envelope.truncate
        responses.append(_response(item["id"], answer))
    if sandbox.settings.shuffle_batch:
        sandbox.chance.shuffle(responses)
    envelope.body = {"responses": responses}
    return envelope


def _items(sandbox: "Sandbox", call: Call) -> list[Json]:
    items = call.json().get("requests")
    if not isinstance(items, list) or not items:
        raise bad_request("Invalid batch payload format.")
    if len(items) > MOST:
        raise GraphError(
            sandbox.settings.batch_over_limit_status,
            "BadRequest",
            f"Number of batch request steps exceeds the maximum value of {MOST}.",
        )
    seen: set[str] = set()
    for item in items:
        _check_item(item, seen)
    return items


def _check_item(item: Any, seen: set[str]) -> None:
    if not isinstance(item, dict) or not isinstance(item.get("id"), str) or not item["id"]:
        raise bad_request("Every batch request step needs an id.")
    key = item["id"].lower()
    if key in seen:
        raise bad_request(f"Request id {item['id']} is used more than once.")
    if not isinstance(item.get("url"), str) or str(item.get("method", "")).upper() not in _METHODS:
        raise bad_request(f"Batch request step {item['id']} needs a method and a url.")
    headers = item.get("headers")
    if not isinstance(headers, dict | None):
        raise bad_request(f"The headers of batch request step {item['id']} are no object.")
    if item.get("body") is not None and "content-type" not in {str(each).lower() for each in headers or ()}:
        raise bad_request(f"Batch request step {item['id']} has a body, but no Content-Type header.")
    depends = item.get("dependsOn")
    if depends is not None and (
        not isinstance(depends, list) or any(str(each).lower() not in seen for each in depends)
    ):
        raise bad_request(f"Batch request step {item['id']} depends on a step that does not come before it.")
    seen.add(key)


def _item_call(item: Json, call: Call) -> Call:
    url = item["url"]
    if "://" in url:
        url = _relative(url, call)
    path, _, query = url.partition("?")
    headers = {name.lower(): str(value) for name, value in (item.get("headers") or {}).items()}
    if "authorization" not in headers and "authorization" in call.headers:
        headers["authorization"] = call.headers["authorization"]
    body = item.get("body")
    return Call(
        method=str(item["method"]).upper(),
        version=call.version,
        segments=split_path(path),
        query={},
        headers=headers,
        raw_query=query,
        origin=call.origin,
        body=b"" if body is None else msgspec.json.encode(body),
        request_id=call.request_id,
        caller=call.caller,
        batch_item=item["id"],
    )


def _relative(url: str, call: Call) -> str:
    """Some clients send whole addresses; the version in them must be the envelope's."""
    parts = urlsplit(url)
    path = parts.path.removeprefix(f"/{call.version}/")
    return f"{path}?{parts.query}" if parts.query else path


def _failed_dependency() -> Answer:
    body = {
        "error": {
            "code": "FailedDependency",
            "message": "The request failed because a request it depends on failed.",
        }
    }
    return Answer(424, body)


def _response(item_id: str, answer: Answer) -> Json:
    headers = dict(answer.headers)
    headers["Cache-Control"] = "no-cache"
    if answer.body is not None:
        headers["Content-Type"] = answer.content_type
        headers["OData-Version"] = "4.0"
    found: Json = {"id": item_id, "status": answer.status, "headers": headers}
    if answer.body is not None:
        found["body"] = answer.body
    return found
