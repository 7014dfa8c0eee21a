"""The ASGI side: bytes in, a call made of them, the answer's bytes out."""

import asyncio
import logging
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import msgspec

from migrate.sandbox.control import Control
from migrate.sandbox.large_bodies import compressed, padded
from migrate.sandbox.loopback import check_from_here
from migrate.sandbox.messages import Answer, Call, GraphError, error_answer, not_modelled
from migrate.sandbox.protocol import TRANSPORT
from migrate.sandbox.service import Sandbox
from migrate.sandbox.urls import split_path

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
_VERSIONS = ("v1.0", "beta")
_SPLICED = b'{"error":{"code":"UnknownError","message":"The stream broke off.","innerError":{}}}'


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
        answer = self._answer(call, scope["scheme"])
        delay = answer.delay + (self._latency() if call.version else 0.0)
        if delay:
            await asyncio.sleep(delay)
        if answer.reset:
            await _cut(scope, receive, hard=True)
            return
        await self._send(send, call, answer)
        if answer.truncate is not None:
            await _cut(scope, receive, hard=False)

    def _answer(self, call: Call, scheme: str) -> Answer:
        try:
            check_from_here(call.headers, scheme)
            if call.version:
                return self.sandbox.answer(call)
            if call.segments and call.segments[0] == "_sandbox":
                return self._control.answer(call)
            if self.sandbox.sign_in.owns(call.segments):
                return self.sandbox.sign_in.answer(call)
            raise not_modelled(f"/{call.path}")
        except GraphError as error:
            return error_answer(error, call, self.sandbox.clock.iso())
        except Exception as error:  # a bug of ours must not look like a lost connection
            logging.getLogger("migrate.sandbox").exception("The sandbox failed on %s /%s", call.method, call.path)
            said = f"The sandbox has a bug here: {type(error).__name__}: {error}. Its --log-file says more."
            broken = GraphError(500, "InternalServerError", said)
            return error_answer(broken, call, self.sandbox.clock.iso())

    def _latency(self) -> float:
        settings = self.sandbox.settings
        if not settings.latency_ms:
            return 0.0
        jitter = self.sandbox.chance.uniform(-settings.latency_jitter_ms, settings.latency_jitter_ms)
        return max(0.0, settings.latency_ms + jitter) / 1000

    async def _send(self, send: Send, call: Call, answer: Answer) -> None:
        body = _encoded(answer)
        if answer.splice:
            body = body[: len(body) * 2 // 3] + _SPLICED
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
        if answer.gzip:
            headers["Content-Encoding"] = "gzip"
        elif answer.status not in (204, 304):
            headers["Content-Length"] = str(answer.padding + len(body))
        kept = {name: value for name, value in headers.items() if name.lower() not in answer.omit}
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in kept.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": raw})
        if answer.gzip or answer.padding:
            for piece in (compressed if answer.gzip else padded)(body, answer.padding):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        elif answer.truncate is None:
            await send({"type": "http.response.body", "body": body})
        else:
            await send({"type": "http.response.body", "body": body[: answer.truncate], "more_body": True})


async def _cut(scope: dict[str, Any], receive: Receive, *, hard: bool) -> None:
    """End the connection: at once with a reset, or after what was written has gone out."""
    transport = scope["extensions"][TRANSPORT]["transport"]
    if hard:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    else:
        transport.close()
    while (await receive())["type"] != "http.disconnect":
        pass


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
