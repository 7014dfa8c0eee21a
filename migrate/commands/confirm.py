"""Ask a person to confirm a change by typing the tenant's domain."""

from __future__ import annotations

from collections.abc import Iterable

from migrate.commands.call import Call
from migrate.errors import NotConfirmed


def confirm(call: Call, lines: Iterable[str], domain: str, *, alternative: str) -> None:
    """Show what will happen and wait for the domain to be typed; raise NotConfirmed for anything else.

    Without a terminal nobody can be asked, and nothing is assumed.
    """
    if not call.screen.is_interactive():
        raise NotConfirmed(
            "This changes a tenant and there is no terminal to confirm it.",
            hint=f"Run it in a terminal, or add {alternative}.",
        )
    for line in lines:
        call.screen.warn_plainly(line)
    typed = call.screen.ask(f"Type {domain} to go on: ")
    if typed.casefold() != domain.casefold():
        raise NotConfirmed("The domain was not typed as shown.", hint="Run the command again when you are sure.")
