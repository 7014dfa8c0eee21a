"""The log file of one command: one record a line, for its owner only, and never somewhere else than named."""

from __future__ import annotations

import errno
import logging
import os
import stat
from io import TextIOWrapper
from pathlib import Path

from migrate.errors import FolderProblem
from migrate.views.visible import visible


def log_handler(path: Path) -> logging.Handler:
    """Open a log file for appending; raise FolderProblem when it cannot be written, or is a symbolic link."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = _OwnerOnlyLog(path, encoding="utf-8")
    except OSError as problem:
        why = "it is a symbolic link" if problem.errno == errno.ELOOP else problem.strerror
        raise FolderProblem(
            f"The log file {path} cannot be written: {why}.", hint="Choose another --log-file."
        ) from problem
    handler.setFormatter(_OneLine("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    return handler


class _OwnerOnlyLog(logging.FileHandler):
    """The log may name users: nobody but the owner reads it, and no link that somebody planted leads it elsewhere."""

    def _open(self) -> TextIOWrapper:
        flags = os.O_CREAT | os.O_APPEND | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0)
        handle = os.open(self.baseFilename, flags, 0o600)
        if hasattr(os, "fchmod") and stat.S_ISREG(os.fstat(handle).st_mode):
            os.fchmod(handle, 0o600)
        return os.fdopen(handle, "a", encoding="utf-8")


class _OneLine(logging.Formatter):
    """Keeps each record on a line of its own, so that no name forges another one."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - named by logging
        """Return the line of a record; a traceback follows on lines of its own."""
        return visible(super().formatMessage(record))
