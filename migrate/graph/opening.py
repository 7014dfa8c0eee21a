"""Sign in and open a tenant: the way into this package.

It brings the SDK along, which takes a quarter of a second to import: only commands that talk to Graph pay for it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from migrate.errors import UsageProblem
from migrate.graph.browser import Browse
from migrate.graph.credentials import SignedIn, signed_in
from migrate.graph.pace import Clock, SystemClock
from migrate.graph.session import Connection, OnWait
from migrate.graph.tenant import GraphTenant, tenant_over
from migrate.graph.together import apart
from migrate.graph.transport import open_sender


def sign_in(connection: Connection, *, prompt: Callable[[str], None], browse: Browse | None = None) -> SignedIn:
    """Get the first token, blocking; do it before an event loop runs.

    `prompt` shows a person what to do; `browse` takes the place of the system's browser. Raises `SignInFailed`,
    `Guarded` for a token of another tenant than the one that is named, or `Unreachable`.
    """
    return signed_in(connection, prompt=prompt, browse=browse)


@asynccontextmanager
async def open_tenant(
    connection: Connection,
    *,
    on_wait: OnWait,
    signed_in: SignedIn | None = None,
    prompt: Callable[[str], None] | None = None,
    clock: Clock | None = None,
) -> AsyncIterator[GraphTenant]:
    """Open the tenant that `connection` names, and close every socket at the end.

    Give `signed_in` (from `sign_in`), or `prompt` to sign in here; it is called from another thread. `clock` replaces
    the machine's clock and sleep.
    """
    mine = None
    if signed_in is None:
        mine = signed_in = await apart(lambda: sign_in(connection, prompt=prompt or _no_prompt))
    clock = clock or SystemClock()
    try:
        async with open_sender(connection, signed_in, clock=clock) as sender:
            yield tenant_over(sender, connection, signed_in, on_wait=on_wait, clock=clock)
    finally:
        if mine is not None:
            mine.credential.close()


def _no_prompt(sentence: str) -> None:
    raise UsageProblem(f"This sign-in needs a person, and there is no place to show: {sentence}")
