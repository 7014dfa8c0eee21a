"""`status --watch`: look again and again while another command is at work in the folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from migrate.commands.call import Call
from migrate.config import OutputFormat
from migrate.errors import UsageProblem
from migrate.model.journal import Outcome
from migrate.views.dashboard import Dashboard, progress_details, progress_line, waiting_words
from migrate.views.screen import Screen

EVERY_SECONDS = 1.0


def followed(call: Call, first: Dashboard, look: Callable[[], Dashboard]) -> Dashboard:
    """Show how far the run is until nobody is at work any more, and return how it was then."""
    if call.settings.output is not OutputFormat.TABLE:
        hint = "For a program: `mfa-migrate status -o json`, as often as you like."
        raise UsageProblem("--watch is for people.", hint=hint)
    return drawn(call.screen, looks(first, look, time.sleep))


def drawn(screen: Screen, boards: Iterator[Dashboard]) -> Dashboard:
    """Show each look and return the last.

    On a terminal one line with rate and time to go is drawn again and again; elsewhere a line is written whenever
    something has changed.
    """
    said = waited = ""
    for board in boards:
        standing = board.standing
        if standing is None or not screen.draws_progress:
            if (line := progress_line(board)) != said:
                screen.say(line)
            said = line
            continue
        waiting = waiting_words(standing)
        if waiting and waiting != waited:
            screen.finish_progress()
            screen.say(f"{waiting[0].upper()}{waiting[1:]}")
        waited = waiting
        # What is on its way changes with every look, and a new text begins a new line with a rate of its own.
        details = progress_details(standing, without=(Outcome.INTENT,))
        screen.advance(standing.migrated, standing.planned, f"Migrated{details}")
    screen.finish_progress()
    return board


def looks(first: Dashboard, look: Callable[[], Dashboard], sleep: Callable[[float], None]) -> Iterator[Dashboard]:
    """Yield what is seen, beginning with `first`, until nobody is at work in the folder."""
    board = first
    yield board
    while board.in_use_by:
        sleep(EVERY_SECONDS)
        board = look()
        yield board
