"""At a prompt: what was typed before a question is not its answer, and Ctrl-C is heard while a line is awaited."""

from __future__ import annotations

import os
import select
import signal
import socket
import sys


def forget_typed_ahead() -> None:
    """Throw away what was typed into the terminal up to now, so that only what follows a question answers it.

    Nothing is thrown away of a pipe or a file: what they hold was put there as the answers.
    """
    typed = _terminal()
    if typed is None:
        return
    if sys.platform == "win32":
        import msvcrt

        while msvcrt.kbhit():
            msvcrt.getwch()
    else:
        import termios

        termios.tcflush(typed, termios.TCIFLUSH)


def wait_for_a_line() -> None:
    """Wait until a line was typed, or let a signal through.

    Ctrl-C between the interpreter's last look for signals and the read itself would be slept through until somebody
    types. A byte in the wakeup descriptor stays, however early the signal came.
    """
    typed = _terminal()
    if os.name == "nt" or typed is None:
        return
    woken, waking = socket.socketpair()
    with woken, waking:
        waking.setblocking(False)
        before = signal.set_wakeup_fd(waking.fileno(), warn_on_full_buffer=False)
        try:
            select.select([typed, woken.fileno()], [], [])
        finally:
            signal.set_wakeup_fd(before)


def _terminal() -> int | None:
    """Return the descriptor that lines are typed into; None where stdin is no terminal."""
    try:
        typed = sys.stdin.fileno()
    except (OSError, ValueError):  # no file, as in a program that embeds this one
        return None
    return typed if os.isatty(typed) else None
