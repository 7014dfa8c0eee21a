"""The ASGI side: bytes in, a call made of them, the answer's bytes out."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import msgspec

from migrate.sandbox.control import Control
from migrate.sandbox.messages import Answer, Call, GraphError, error_answer, not_modelled
from migrate.sandbox.service import Sandbox
from migrate.sandbox.urls import query_of, split_path

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
_VERSIONS = ("v1.0", "beta")


class SandboxApp:
    """The ASGI application."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._control = Control(sandbox)

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        body = await _whole_body(receive)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        call = _call(scope, headers, body)
        answer = self._answer(call)
        if self.sandbox.settings.latency_ms and call.version:
            await asyncio.sleep(self._delay())
        await self._send(send, call, answer)

    def _answer(self, call: Call) -> Answer:
        try:
            call.query = query_of(call.raw_query)
            if call.version:
                return self.sandbox.answer(call)
            if call.segments and call.segments[0] == "_sandbox":
                return self._control.answer(call)
            raise not_modelled(f"/{call.path}")
        except GraphError as error:
            return error_answer(error, call, self.sandbox.clock.iso())

    def _delay(self) -> float:
        settings = self.sandbox.settings
        jitter = self.sandbox.chance.uniform(-settings.latency_jitter_ms, settings.latency_jitter_ms)
        return max(0.0, settings.latency_ms + jitter) / 1000

    async def _send(self, send: Send, call: Call, answer: Answer) -> None:
        body = _encoded(answer)
        headers = {
            "Date": self.sandbox.clock.http_date(),
            "request-id": call.request_id,
            "client-request-id": call.headers.get("client-request-id", call.request_id),
            "Cache-Control": "no-cache",
            **answer.headers,
        }
        if answer.body is not None:
            headers["Content-Type"] = answer.content_type
            if call.version:
                headers["OData-Version"] = "4.0"
        if answer.status not in (204, 304):
            headers["Content-Length"] = str(len(body))
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": raw})
        await send({"type": "http.response.body", "body": body})


async def _whole_body(receive: Receive) -> bytes:
    chunks = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            break
    return b"".join(chunks)


def _call(scope: dict[str, Any], headers: dict[str, str], body: bytes) -> Call:
    segments = split_path(scope["raw_path"].decode("latin-1"))
    version = segments[0].lower() if segments and segments[0].lower() in _VERSIONS else ""
    host = headers.get("host") or ":".join(map(str, scope.get("server") or ("localhost",)))
    return Call(
        method=scope["method"],
        version=version,
        segments=segments[1:] if version else segments,
        query={},
        headers=headers,
        body=body,
        origin=f"{scope['scheme']}://{host}",
        request_id=str(uuid4()),
        raw_query=scope["query_string"].decode("latin-1"),
    )


def _encoded(answer: Answer) -> bytes:
    match answer.body:
        case None:
            return b""
        case str():
            return answer.body.encode()
        case bytes():
            return answer.body
        case _:
            return msgspec.json.encode(answer.body)
