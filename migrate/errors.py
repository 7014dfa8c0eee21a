"""The error tree. Each class owns its exit code; each instance says what happened and what to type next.

    MfaMigrateError
    ├── UsageProblem            2   typed or configured wrong
    │   ├── ConfigProblem           mfa-migrate.toml
    │   ├── BadInput                a file that people handed us
    │   └── NothingHere             an earlier command should have made what this one needs
    ├── NoAnswerInside          1   it ran well, and what was handed to us does not hold what was asked of it
    ├── Guarded                 3   a guard stopped it
    │   ├── NotConfirmed            nobody said yes
    │   ├── StalePlan               the plan does not fit tenant, time or evidence any more
    │   ├── NameMoved               a name means somebody else than in the export
    │   ├── Blocked                 the plan lists blockers
    │   ├── LimitReached            max_users, max_newly_required, max_failures
    │   └── ForbiddenRequest        a request outside the allow-list; it never left the process
    ├── RemoteProblem           4   sign-in, permission, network, Microsoft's side
    │   ├── SignInFailed
    │   ├── PermissionMissing
    │   ├── Unreachable
    │   ├── Throttled
    │   ├── IncompleteRead          a page failed: nothing half-read passes for whole
    │   ├── TooSlow                 what a change rests on grows old faster than it can be read
    │   └── GraphRefused            any other answer that ends the run
    ├── Interrupted           130   Ctrl-C where a yes was asked for
    └── FolderProblem           5   the working folder
        ├── FolderLocked
        ├── FolderDamaged
        │   └── JournalBehind       the rollback files know more than the journal does
        ├── NewerFolder
        └── OutputLost              stdout could not be written

An exception ends the command. What goes wrong for one user is an outcome in the journal instead. `ReaderGone` stands
outside the tree: it is no error that `head` has read enough.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """The exit codes, one for each kind of ending; documented in docs/exit-codes.md."""

    OK = 0
    FINDINGS = 1
    USAGE = 2
    GUARD = 3
    REMOTE = 4
    FOLDER = 5
    BUG = 70
    INTERRUPTED = 130


NOTHING_CHANGED = "Nothing was changed."


class MfaMigrateError(Exception):
    """An ending that the user is told about: what happened, what was not changed, what to type next."""

    exit_code: ClassVar[ExitCode] = ExitCode.BUG
    usual_hint: ClassVar[str] = ""
    """What to type next where an instance says nothing better."""

    def __init__(self, what: str, *, unchanged: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        """What happened, in one sentence."""
        self.changed_nothing = not unchanged
        """Whether whoever raised it knows of nothing that was changed."""
        self.unchanged = unchanged or NOTHING_CHANGED
        """What was not changed; the applier replaces it once something was."""
        self.has_own_hint = bool(hint)
        """Whether whoever raised it knows better than the usual hint."""
        self.hint = hint or self.usual_hint
        """What to type next; empty when there is nothing useful to say."""
        self.in_answer = False
        """Whether the last event of an answer in NDJSON holds it already."""


class UsageProblem(MfaMigrateError):
    """Something was typed or configured wrong."""

    exit_code = ExitCode.USAGE
    usual_hint = "Type the command again with --help to see what it takes."


class ConfigProblem(UsageProblem):
    """The configuration file does not say something usable."""


class BadInput(UsageProblem):
    """A file that was handed to us cannot be used."""

    usual_hint = "Correct the file or give another one, then type the same command again."


class NoAnswerInside(MfaMigrateError):
    """What was handed to us is in order and does not hold what was asked of it."""

    exit_code = ExitCode.FINDINGS


class Guarded(MfaMigrateError):
    """A guard stopped the command."""

    exit_code = ExitCode.GUARD


class NotConfirmed(Guarded):
    """Nobody confirmed a change that has to be confirmed."""


class StalePlan(Guarded):
    """The plan does not fit the tenant, the time or the evidence any more."""


class NameMoved(Guarded):
    """A name that was found in the export means somebody else in the tenant."""


class Blocked(Guarded):
    """The plan lists blockers; none of its steps may run."""


class LimitReached(Guarded):
    """A limit on how much may change was reached."""


class ForbiddenRequest(Guarded):
    """A request that the allow-list does not name was about to leave the process."""


class RemoteProblem(MfaMigrateError):
    """Sign-in, permission, network or Microsoft's side."""

    exit_code = ExitCode.REMOTE


class SignInFailed(RemoteProblem):
    """No token could be had, or the token was refused."""


class PermissionMissing(RemoteProblem):
    """The token lacks a permission or the signed-in account lacks a role."""


class Unreachable(RemoteProblem):
    """The host could not be reached, or stopped answering."""


class Throttled(RemoteProblem):
    """Microsoft Graph kept throttling for longer than we wait."""


class IncompleteRead(RemoteProblem):
    """A collection could not be read to its end."""


class TooSlow(RemoteProblem):
    """What a change rests on cannot be read as fast as it grows too old."""


class GraphRefused(RemoteProblem):
    """Graph answered with an error that ends the run."""


class Interrupted(MfaMigrateError):
    """Ctrl-C came where a yes was asked for."""

    exit_code = ExitCode.INTERRUPTED


class FolderProblem(MfaMigrateError):
    """The working folder cannot be used."""

    exit_code = ExitCode.FOLDER


class FolderLocked(FolderProblem):
    """Another run holds the lock of the working folder."""


class FolderDamaged(FolderProblem):
    """A database or file of the working folder is not what we wrote."""


class JournalBehind(FolderDamaged):
    """The journal lost its end or is an older copy: the rollback files know of changes that it does not hold."""


class NothingHere(UsageProblem):
    """An earlier command should have made what this one needs."""


class NewerFolder(FolderProblem):
    """The working folder was written by a newer version."""


class OutputLost(FolderProblem):
    """What was to be printed could not be written: a full disk behind a redirection, say."""


class ReaderGone(Exception):
    """Control flow: whoever read stdout has stopped reading; the rest is not printed."""
