"""Asks, at the very socket, whether a request may still leave: what it rests on grew older in every queue before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpx

MayLeave = Callable[[], bool]
"""Asked right before a request leaves, at least once; what it says yes to is on its way at once."""
IsWanted = Callable[[], bool]
"""Asked while a request waits for its turn; once it says no, it is not waited for any longer."""
_LEAVES = ("send_request_headers.started", "send_request_body.started")


class NotSent(Exception):
    """Whoever wanted a request sent said no when it would have left; nothing of its body did."""


class _Leaving:
    def __init__(self, may_leave: MayLeave) -> None:
        self._may_leave = may_leave
        self.asked = False

    def ask(self) -> None:
        self.asked = True
        if not self._may_leave():
            raise NotSent

    async def look(self, event: str, info: Mapping[str, Any]) -> None:
        """Ask when the headers would leave, and again before the body does, without which they do nothing.

        httpcore calls it (its extension `trace`). The connection stands by then and the token is there, so nothing is
        waited for between the answer and the sending. A proxy's CONNECT is none of ours.
        """
        if event.endswith(_LEAVES) and info["request"].method != b"CONNECT":
            self.ask()


# The SDK takes its options off a request before it hands it to the pool, so this goes beside it, with the task.
_leaving: ContextVar[_Leaving | None] = ContextVar("leaving", default=None)


@contextmanager
def asked_at_the_socket(may_leave: MayLeave | None) -> Iterator[None]:
    """Let the request that is sent in this context ask `may_leave`; None sends it unasked."""
    leaving = None if may_leave is None else _Leaving(may_leave)
    token = _leaving.set(leaving)
    try:
        yield
    finally:
        _leaving.reset(token)
    if leaving is not None and not leaving.asked:
        raise RuntimeError("a request left without being asked whether it might")


async def send_if_allowed(request: httpx.Request, inner: httpx.AsyncBaseTransport) -> httpx.Response:
    """Send a request through `inner`, and ask as late as can be; raise `NotSent` when the answer is no."""
    leaving = _leaving.get()
    if leaving is not None and isinstance(inner, httpx.AsyncHTTPTransport):
        request.extensions = {**request.extensions, "trace": leaving.look}
    elif leaving is not None:
        leaving.ask()
    return await inner.handle_async_request(request)
