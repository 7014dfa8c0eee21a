"""Policies, and objects that they name, that were not read whole: gone, hidden, unreadable, with unnamed members."""

from __future__ import annotations

from enum import StrEnum
from typing import assert_never

from migrate.model.evidence import ReadStatus
from migrate.model.record import Record
from migrate.model.words import some_of


class LostKind(StrEnum):
    """What kind of object it is: a policy, or what a policy names."""

    POLICY = "policy"
    GROUP = "group"
    ROLE = "role"
    LOCATION = "location"
    STRENGTH = "strength"


_WORDS = {
    LostKind.POLICY: "policy",
    LostKind.GROUP: "group",
    LostKind.ROLE: "role",
    LostKind.LOCATION: "named location",
    LostKind.STRENGTH: "authentication strength",
}


class LostObject(Record, frozen=True, kw_only=True):
    """One such object, with the policies in force or in report-only that name it; none name a policy."""

    kind: LostKind
    id: str
    display_name: str | None
    status: ReadStatus
    """`read` when only some of its members are not named."""
    problem: str | None
    unnamed: int
    included_by: tuple[str, ...]
    """Names of the policies that include it, or that grant with it."""
    excluded_by: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """Say what is wrong with it and what to do."""
        name = f"{_WORDS[self.kind]} {self.display_name or self.id!r}"
        return f"{self._who(name)} {self._what_to_do}"

    def _who(self, name: str) -> str:
        if self.kind is LostKind.POLICY:
            return f"Policy {self.display_name!r} counts as not understood and covers nobody: {self.problem}."
        ways = [("includes", self.included_by), ("excludes", self.excluded_by)]
        told = [f"{_policies(names)} {way if len(names) == 1 else way[:-1]}" for way, names in ways if names]
        subject = f"{' and '.join(told) or 'The configuration names'} {name}, "
        match self.status:
            case ReadStatus.GONE:
                return f"{subject}which does not exist any more."
            case ReadStatus.VANISHED:
                return f"{subject}which is not found any more; whoever was in it counts as not known."
            case ReadStatus.HIDDEN:
                return f"{subject}whose members are hidden: {self.problem}."
            case ReadStatus.UNREADABLE:
                return f"{subject}which could not be read: {self.problem or 'no reason was given'}"
            case ReadStatus.READ:
                return f"{subject}in which Graph shows {self.unnamed} without a name."
            case _:
                assert_never(self.status)

    @property
    def _what_to_do(self) -> str:
        match self.status:
            case ReadStatus.GONE:
                return "Take it out of the policy, or restore it if it was deleted by mistake."
            case ReadStatus.VANISHED:
                return "Restore it if it was deleted by mistake; else run `mfa-migrate export` and `plan` again."
            case ReadStatus.HIDDEN:
                return "Grant Member.Read.Hidden, or have a group without hidden membership."
            case ReadStatus.UNREADABLE if self.kind is LostKind.ROLE:
                return (
                    "Run `mfa-migrate export` again; if it stays, an assignment of the role to somebody who was "
                    "deleted may be in the way: look at the role's assignments in the Entra admin center, or with "
                    "Get-MgRoleManagementDirectoryRoleAssignment, and remove those of nobody."
                )
            case ReadStatus.UNREADABLE:
                return "Run `mfa-migrate export` again; if it stays, look at it in the Entra admin center."
            case ReadStatus.READ:
                return "Look at its members in the Entra admin center and remove what was deleted."
            case _:
                assert_never(self.status)


def _policies(names: tuple[str, ...]) -> str:
    return f"{'Policy' if len(names) == 1 else 'Policies'} {some_of(names, 3, repr)}"
