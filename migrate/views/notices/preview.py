"""Show one message of many on a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.model.words import counted
from migrate.views.notices.notice import Notice
from migrate.views.screen import Answer


def preview_answer(notice: Notice, total: int) -> Answer:
    """Return what a person reads of one message: to whom, the subject, the text, and how many there are."""
    return Answer(kind="notify", document=notice, lines=lambda: _lines(notice, total))


def _lines(notice: Notice, total: int) -> Iterator[str]:
    if notice.to:
        yield f"To: {notice.display_name} <{notice.to}>" if notice.display_name else f"To: {notice.to}"
    yield f"Subject: {notice.subject}"
    yield ""
    yield from notice.text.rstrip("\n").split("\n")
    yield ""
    yield f"This is the first of {counted(total, 'message')}." if total > 1 else "This is the only message."
