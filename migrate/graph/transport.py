"""The SDK's adapter over one connection pool, behind the gate that lets only allowed requests out.

Answers come back raw: the SDK's typed models drop unknown values and cost milliseconds an object.
"""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from migrate.errors import Unreachable, UsageProblem
from migrate.graph.answers import Answer, http_date, stranger_in, without_nul
from migrate.graph.leaving import MayLeave, asked_at_the_socket, send_if_allowed
from migrate.graph.pace import Clock
from migrate.graph.server_clock import ServerClock
from migrate.graph.session import Connection, check_request, path_below

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

    from migrate.graph.credentials import SignedIn, ThreadedCredential

_log = logging.getLogger("migrate.graph")


class NoAnswer(Exception):
    """A request was sent, or was about to be, and no answer came."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Gate(httpx.AsyncBaseTransport):
    """The last thing before the socket: what the allow-list does not name goes no further."""

    def __init__(self, origin: str, inner: httpx.AsyncBaseTransport) -> None:
        self._origin = origin
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send `request` if it is allowed; raise `ForbiddenRequest` otherwise."""
        origin = f"{request.url.scheme}://{request.url.netloc.decode('ascii')}"
        url = origin + request.url.raw_path.decode("ascii")
        check_request(self._origin, request.method, url, await request.aread())
        return await _bounded(await send_if_allowed(request, self._inner), request)

    async def aclose(self) -> None:
        """Close the pool."""
        await self._inner.aclose()


LARGEST_ANSWER = 64 * 1024 * 1024
"""Bytes, after decompression. A page of 999 users has about one MiB."""


async def _bounded(response: httpx.Response, request: httpx.Request) -> httpx.Response:
    """Return the response read and decompressed, or end it where it grows past every answer of Graph."""
    response.request = request
    body = bytearray()
    try:
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > LARGEST_ANSWER:
                raise httpx.DecodingError(f"the answer is larger than {LARGEST_ANSWER >> 20} MiB", request=request)
    finally:
        await response.aclose()
    undone = ("content-encoding", "content-length", "transfer-encoding")
    headers = [(name, value) for name, value in response.headers.multi_items() if name.lower() not in undone]
    return httpx.Response(
        response.status_code, headers=headers, content=bytes(body), extensions=response.extensions, request=request
    )


class Sender:
    """Sends one request through the SDK's adapter and gives back the raw answer. Never sends anything twice.

    But for a claims challenge: that is a 401 which the SDK answers by itself, once, with the token it was asked for.
    """

    def __init__(self, adapter: Any, connection: Connection, credential: ThreadedCredential, *, clock: Clock) -> None:
        self._adapter = adapter
        self._credential = credential
        self._origin = connection.origin
        self._seconds = connection.timeout_seconds
        self._slots = asyncio.Semaphore(connection.concurrency)
        self._clock = clock
        self._server_clock = ServerClock(clock)
        self.answers = 0
        """How many answers came so far."""

    def token_refused(self) -> None:
        """Note that an item of a batch was answered 401, so that the next request brings a new token."""
        self._credential.refused()

    def server_now(self) -> datetime:
        """Return the server's time by the Date headers of its answers, plus the time since (UTC)."""
        return self._server_clock.now()

    def server_at_least(self) -> datetime:
        """Return the earliest that it may be by the server (UTC): a wait or an exclusion must not end too early."""
        return self._server_clock.at_least()

    def server_at_most(self) -> datetime:
        """Return the latest that it may be by the server (UTC): nothing accepted for a time must last too long."""
        return self._server_clock.at_most()

    async def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: object = None,
        client_request_id: str | None = None,
        may_leave: MayLeave | None = None,
    ) -> Answer:
        """Send one request once; `path` is a path with its version, or a link that Graph sent.

        Raises `NoAnswer` when the connection fails or times out, to Graph or to the sign-in service for a new token,
        `ForbiddenRequest` when it is not allowed, `SignInFailed` when a new token is refused, and `NotSent` when
        `may_leave`, asked at the socket, says no.
        """
        client_request_id = client_request_id or str(uuid.uuid4())
        url = self._origin + path if path.startswith("/") else path
        path_below(self._origin, method, url)
        async with self._slots:
            began = self._clock.monotonic()
            try:
                response = await self._exchange(method, url, {**(headers or {})}, body, client_request_id, may_leave)
            except NoAnswer as problem:
                _log.debug("%s %s: %s (client-request-id %s)", method, path, problem.reason, client_request_id)
                raise
            seconds = self._clock.monotonic() - began
        answer_headers = {name.lower(): value for name, value in response.headers.items()}
        if (stranger := stranger_in(response.status_code, answer_headers)) is not None:
            _log.debug("%s %s: %s (client-request-id %s)", method, path, stranger, client_request_id)
            raise NoAnswer(stranger)
        self.answers += 1
        if response.status_code == 401:
            self.token_refused()
        if (date := http_date(answer_headers.get("date"))) is not None:
            self._server_clock.note(date, sent_at=began)
        answer = Answer(
            status=response.status_code,
            headers=answer_headers,
            body=without_nul(response.content),
            client_request_id=client_request_id,
        )
        _log.debug(
            "%s %s: %d in %.3f s, %d bytes (request-id %s, client-request-id %s)",
            method,
            path,
            answer.status,
            seconds,
            len(answer.body),
            answer.request_id,
            client_request_id,
        )
        return answer

    async def _exchange(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        body: object,
        client_request_id: str,
        may_leave: MayLeave | None,
    ) -> httpx.Response:
        request = _request_information(method, url, headers, body, client_request_id)
        try:
            # httpx counts each read on its own; an answer that trickles must end too.
            async with asyncio.timeout(3 * self._seconds):
                with asked_at_the_socket(may_leave):
                    answer = await self._adapter.send_primitive_async(request, "bytes", {})
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as problem:
            raise NoAnswer(f"no connection ({problem or type(problem).__name__})") from problem
        except httpx.RequestError as problem:
            words = str(problem) or type(problem).__name__
            raise NoAnswer(f"the connection failed ({words})") from problem
        except TimeoutError as problem:
            raise NoAnswer("the answer took too long") from problem
        except Unreachable as problem:
            # A new token was due, and the sign-in service may be silent for as short a time as Graph.
            raise NoAnswer(problem.what.rstrip(".")) from problem
        return cast(httpx.Response, answer)


def _request_information(method: str, url: str, headers: dict[str, str], body: object, client_request_id: str) -> Any:
    from kiota_abstractions.method import Method
    from kiota_abstractions.request_information import RequestInformation
    from kiota_http.middleware.options import ResponseHandlerOption

    request = RequestInformation(Method[method])
    request.url = url
    request.headers.add("Accept", "application/json")
    request.headers.add("client-request-id", client_request_id)
    for name, value in headers.items():
        request.headers.add(name, value)
    if body is not None:
        request.set_stream_content(json.dumps(body, ensure_ascii=False).encode(), "application/json")
    request.add_request_options([ResponseHandlerOption(_raw_handler())])
    return request


def _raw_handler() -> Any:
    from kiota_abstractions.native_response_handler import NativeResponseHandler

    return NativeResponseHandler()


@asynccontextmanager
async def open_sender(connection: Connection, signed_in: SignedIn, *, clock: Clock) -> AsyncIterator[Sender]:
    """Open the connection pool and the SDK's adapter on it; close every socket at the end."""
    gate = Gate(connection.origin, _pool(connection))
    timeout = httpx.Timeout(connection.timeout_seconds, connect=min(30.0, connection.timeout_seconds))
    client = httpx.AsyncClient(transport=gate, timeout=timeout, follow_redirects=False)
    try:
        yield Sender(_adapter(client, connection, signed_in), connection, signed_in.credential, clock=clock)
    finally:
        # The SDK's transport has no aclose of its own, so the pool beneath is closed here.
        await client.aclose()
        await gate.aclose()


def _adapter_kind() -> tuple[Callable[[Any, httpx.AsyncClient], Any], dict[str, Any]]:
    """Return what makes the SDK's adapter, and its options; where the SDK is not there, msgraph-core's own.

    Windows without long paths cannot install the SDK, of which nothing but the adapter is used; what such an attempt
    leaves behind is an SDK that cannot be imported.
    """
    try:
        from msgraph.graph_request_adapter import GraphRequestAdapter, options
    except ImportError:
        from msgraph_core import BaseGraphRequestAdapter  # type: ignore[import-untyped]

        return lambda authentication, client: BaseGraphRequestAdapter(authentication, http_client=client), {}
    return GraphRequestAdapter, dict(options)


def _adapter(client: httpx.AsyncClient, connection: Connection, signed_in: SignedIn) -> Any:
    from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
    from kiota_http.middleware.options import RedirectHandlerOption, RetryHandlerOption
    from msgraph_core import GraphClientFactory

    host = urlsplit(connection.origin).hostname
    assert host is not None
    authentication = AzureIdentityAuthenticationProvider(
        cast("AsyncTokenCredential", signed_in.credential), scopes=list(connection.scopes), allowed_hosts=[host]
    )
    # The SDK would send even POST and PATCH again after 429, 503 and 504, unseen; retry.py is the only one that may.
    # A redirect would carry a request past the gate's idea of where it goes.
    switched_off = {
        RetryHandlerOption.get_key(): RetryHandlerOption(should_retry=False),
        RedirectHandlerOption.get_key(): RedirectHandlerOption(should_redirect=False),
    }
    made, options = _adapter_kind()
    GraphClientFactory.create_with_default_middleware(client=client, options={**options, **switched_off})
    adapter = made(authentication, client)
    adapter.base_url = connection.origin
    return adapter


def _pool(connection: Connection) -> httpx.AsyncHTTPTransport:
    limits = httpx.Limits(
        max_connections=connection.concurrency + 4,
        max_keepalive_connections=connection.concurrency + 4,
        keepalive_expiry=30.0,
    )
    proxy = None if connection.is_sandbox else proxy_for(connection.origin)
    try:
        return httpx.AsyncHTTPTransport(verify=trust_of(connection), limits=limits, proxy=proxy)
    except (ValueError, ImportError) as problem:
        raise UsageProblem(
            f"The proxy that the environment names for {connection.origin} cannot be used: {problem}",
            hint="Set HTTPS_PROXY to an http proxy, such as http://proxy.example.com:8080; SOCKS is not supported.",
        ) from problem


def trust_of(connection: Connection) -> ssl.SSLContext:
    """Return whom to trust behind https."""
    if connection.ca_bundle is not None:
        return ssl.create_default_context(cafile=str(connection.ca_bundle))
    if connection.origin.startswith("http://"):
        # Never used for clear text; loading the usual authorities takes a tenth of a second.
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx.create_ssl_context()


def proxy_for(origin: str) -> str | None:
    """Return the proxy that environment or system name for `origin`."""
    parts = urlsplit(origin)
    if not parts.hostname or proxy_bypass(parts.hostname):
        return None
    proxy = getproxies().get(parts.scheme)
    # curl and Windows take an address without a scheme, httpx does not.
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy
