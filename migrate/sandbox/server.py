"""The sandbox as a server in this process: uvicorn in a thread of its own."""

import asyncio
import shutil
import socket
import threading
from pathlib import Path
from types import TracebackType
from weakref import WeakSet

import uvicorn

from migrate.sandbox.asgi import SandboxApp
from migrate.sandbox.clock import SandboxClock
from migrate.sandbox.protocol import cuttable_protocol
from migrate.sandbox.service import Sandbox
from migrate.sandbox.settings import SandboxSettings
from migrate.sandbox.tenant import Tenant
from migrate.sandbox.tls import SandboxTls, check_pair

_START_SECONDS = 30.0


class _Server(uvicorn.Server):
    """uvicorn, told to stop at once instead of looking ten times a second whether it should."""

    def __init__(self, config: uvicorn.Config, opened: WeakSet[asyncio.BaseTransport]) -> None:
        super().__init__(config)
        self._opened = opened
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped: asyncio.Event | None = None

    async def serve_until_stopped(self, listening: socket.socket, ready: threading.Event) -> None:
        """Serve, and say when connections are accepted."""
        self._ready, self._loop, self._stopped = ready, asyncio.get_running_loop(), asyncio.Event()
        await self.serve(sockets=[listening])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        self._ready.set()

    async def main_loop(self) -> None:
        """Wait for the end."""
        if self._stopped is not None:
            await self._stopped.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002 - uvicorn's signature
        """Cut every connection at once.

        uvicorn would wait for clients that keep theirs, above all under TLS, and leave some to the garbage collector.
        """
        for server in self.servers:
            server.close()
        for transport in list(self._opened):
            if isinstance(transport, asyncio.WriteTransport):
                transport.abort()
        for _ in range(3):
            await asyncio.sleep(0)

    def stop(self) -> None:
        """End the server, from any thread."""
        self.should_exit = True
        if self._loop is not None and self._stopped is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stopped.set)


class SandboxServer:
    """Serve a tenant on loopback until stopped; use it as a context manager.

    `port` 0 takes any free one. `tls` serves HTTPS with the certificate it holds.
    Raises OSError when the port is taken, ssl.SSLError for a certificate that cannot be used, and RuntimeError when the
    server does not come up.
    """

    def __init__(
        self,
        tenant: Tenant,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        settings: SandboxSettings | None = None,
        tls: SandboxTls | None = None,
        clock: SandboxClock | None = None,
    ) -> None:
        if tls is not None:
            check_pair(tls)
        self.sandbox = Sandbox(tenant, settings, clock)
        self.host = host
        self.tls = tls
        self._socket = _listening(host, port)
        self.port: int = self._socket.getsockname()[1]
        opened: WeakSet[asyncio.BaseTransport] = WeakSet()
        config = uvicorn.Config(
            SandboxApp(self.sandbox),
            http=cuttable_protocol(opened),
            loop="asyncio",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            # Closing idle connections after seconds would race with clients that are about to use them again.
            timeout_keep_alive=120,
            ssl_certfile=tls.certificate if tls else None,
            ssl_keyfile=tls.key if tls else None,
        )
        self._server = _Server(config, opened)
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None

    @property
    def url(self) -> str:
        """The address of the service, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"

    @property
    def ca_bundle(self) -> Path | None:
        """The file with the certificate authority that clients have to trust, under HTTPS."""
        return self.tls.authority if self.tls else None

    def start(self) -> "SandboxServer":
        """Begin to serve; returns when connections are accepted."""
        ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(ready,), name="mfa-migrate-sandbox", daemon=True)
        self._thread.start()
        if not ready.wait(_START_SECONDS) or self._failure is not None:
            self.stop()
            raise RuntimeError("The sandbox did not come up.") from self._failure
        return self

    def _serve(self, ready: threading.Event) -> None:
        try:
            asyncio.run(self._server.serve_until_stopped(self._socket, ready))
        except BaseException as error:  # noqa: BLE001 - kept and raised in the thread that waits
            self._failure = error
        finally:
            ready.set()

    def stop(self) -> None:
        """Close the port and every connection; calling it again does nothing."""
        if self._thread is not None:
            self._server.stop()
            self._thread.join()
            self._thread = None
        self._socket.close()
        if self.tls is not None and self.tls.temporary:
            shutil.rmtree(self.tls.certificate.parent, ignore_errors=True)

    def join(self) -> None:
        """Wait until the server ends, for a command that serves until Ctrl-C."""
        while self._thread is not None and self._thread.is_alive():
            self._thread.join(0.5)

    def __enter__(self) -> "SandboxServer":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _listening(host: str, port: int) -> socket.socket:
    # Named as TCP, or asyncio would not switch off the delay that waits for acknowledgements.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((host, port))
    except OSError:
        found.close()
        raise
    return found
