"""uvicorn's HTTP protocol, letting the application see the connection it may have to cut."""

import asyncio
from weakref import WeakSet

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

TRANSPORT = "migrate.sandbox.transport"
"""The scope's extension that holds the asyncio transport."""


def cuttable_protocol(opened: WeakSet[asyncio.BaseTransport]) -> type[HttpToolsProtocol]:
    """Return an HTTP/1.1 protocol whose scope carries the transport, and which notes every transport opened."""

    class CuttableProtocol(HttpToolsProtocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            opened.add(transport)
            super().connection_made(transport)

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self.scope["extensions"] = {TRANSPORT: {"transport": self.transport}}

    return CuttableProtocol
