"""`status --watch`: look again and again while another command is at work in the folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from migrate.commands.call import Call
from migrate.config import OutputFormat
from migrate.errors import UsageProblem
from migrate.views.dashboard import Dashboard, progress_line

EVERY_SECONDS = 1.0


def followed(call: Call, first: Dashboard, look: Callable[[], Dashboard]) -> Dashboard:
    """Say how far the run is whenever that has changed, and return how it was when nobody was at work any more."""
    if call.settings.output is not OutputFormat.TABLE:
        hint = "For a program: `mfa-migrate status -o json`, as often as you like."
        raise UsageProblem("--watch is for people.", hint=hint)
    last = first
    for board in looks(first, look, time.sleep):
        if board is first or progress_line(board) != progress_line(last):
            call.screen.say(progress_line(board))
        last = board
    return last


def looks(first: Dashboard, look: Callable[[], Dashboard], sleep: Callable[[float], None]) -> Iterator[Dashboard]:
    """Yield what is seen, beginning with `first`, until nobody is at work in the folder."""
    board = first
    yield board
    while board.in_use_by:
        sleep(EVERY_SECONDS)
        board = look()
        yield board
