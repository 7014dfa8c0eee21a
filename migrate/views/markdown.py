"""Text from outside inside our own Markdown: shown as what it is, never as a link, a tag or another line."""

from __future__ import annotations

from migrate.views.visible import visible


def shown(text: str) -> str:
    """Return one line of text with its control characters shown, and without the signs of links, tags and tables."""
    line = visible(" ".join(text.splitlines()))
    return line.replace("&", "&amp;").replace("<", "&lt;").replace("[", "\\[").replace("|", "\\|")
