"""uvicorn's HTTP protocol, letting the application see the connection it may have to cut."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

TRANSPORT = "migrate.sandbox.transport"
"""The scope's extension that holds the asyncio transport."""


class CuttableProtocol(HttpToolsProtocol):
    """HTTP/1.1 whose scope carries the transport, so that a fault can reset it."""

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: {"transport": self.transport}}
