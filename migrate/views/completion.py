"""Names as a shell takes them into a line when they are completed."""

from __future__ import annotations

import re


class Quoted(str):
    """A name as it has to stand in a line. Typer asks whether it begins as what was typed, which had its quotes off."""

    __slots__ = ()

    def startswith(self, *_: object) -> bool:
        """Tell that it fits: what does not begin so was not offered."""
        return True


def as_typed(name: str, shell: str) -> str:
    """Return a name as it has to stand in the line: bash and PowerShell insert what is offered as it is.

    Args:
        name: Such as `to 10%`.
        shell: What Typer was asked for, such as `complete_bash`.
    """
    if not re.search(r"[^\w.,:%+-]", name):
        return name
    if shell.endswith("_bash"):
        return Quoted(re.sub(r"([^\w.,:%+-])", r"\\\1", name))
    if shell.endswith(("_powershell", "_pwsh")):
        return Quoted("'" + name.replace("'", "''") + "'")
    return name
