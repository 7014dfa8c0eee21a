"""Ask a person to confirm a change by typing the tenant's domain."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from migrate.commands.call import Call
from migrate.errors import Interrupted, NotConfirmed


def confirm(call: Call, lines: Iterable[str], domain: str, *, alternative: str) -> None:
    """Show what will happen and wait for the domain to be typed; raise NotConfirmed for anything else.

    Ctrl-C ends the command at once with exit code 130.

    Without a terminal nobody can be asked, and nothing is assumed.
    """
    if not call.screen.is_interactive():
        raise NotConfirmed(
            "This changes a tenant and there is no terminal to confirm it.",
            hint=f"Run it in a terminal, or add {alternative}.",
        )
    for line in lines:
        call.screen.warn_plainly(line)
    try:
        with _ctrl_c_at_once():
            typed = call.screen.ask(f"Type {domain} to go on: ")
    except KeyboardInterrupt:
        raise Interrupted("Interrupted at the question.", hint="Run the command again when you are sure.") from None
    if typed.casefold() != domain.casefold():
        raise NotConfirmed("The domain was not typed as shown.", hint="Run the command again when you are sure.")


@contextmanager
def _ctrl_c_at_once() -> Iterator[None]:
    """Let Ctrl-C end the reading of a line: the handler of the event loop would wait for it to return."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
