"""Counts people into cells: everybody in a cell is as one to every step of advice. One pass over the users."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from migrate.decide.accounts_of_nobody import is_named_like_a_machine, room_licences
from migrate.decide.advice.worlds import Worlds
from migrate.decide.capability import Capabilities
from migrate.decide.directory_sync import sync_accounts
from migrate.decide.impact import required_of
from migrate.decide.kept_out import kept_out
from migrate.model.capability import Capability
from migrate.model.coverage import Coverage, Verdict
from migrate.model.evidence import Evidence
from migrate.model.impact import Caught
from migrate.model.rules import DIRECTORY_SYNC_NAME, Rules
from migrate.model.sign_ins import WayIn, WaysSeen
from migrate.model.snapshot import SubscribedSku
from migrate.model.users import AnyUser, MfaState, Registration, UnreadableUser, UserProfile

SAMPLE = 3


@dataclass(frozen=True, slots=True)
class Cell:
    """What is the same for some people."""

    sort: int
    """Number of their sort in `Worlds`."""
    waits: bool
    """On per-user MFA, and planned once covered."""
    required: Caught
    """What neither way, or one of them, requires today."""
    is_disabled: bool
    cannot_answer: bool
    """Nobody stands behind the account who could: a room, a synchronization."""
    looks_like_service: bool
    capability: Capability
    """How they stand to what the enabled policies ask."""
    is_covered: bool
    seen: frozenset[WayIn] | None
    """In which ways that MFA or a block ends they were seen to succeed; None where it is not known."""
    registered: tuple[object, ...] | None
    """What tells apart how they would stand to other policies."""


_Key = tuple[
    int,
    MfaState | None,
    tuple[object, ...] | None,
    bool | None,
    str | None,
    object,
    bool,
    bool,
    bool,
    frozenset[WayIn] | None,
]
_NOTHING: dict[WayIn, int] = {}


@dataclass(slots=True)
class Counted:
    """How many people are in a cell, and one of them who stands for all."""

    people: int
    profile: UserProfile
    registration: Registration | None
    sample: list[str]


class People:
    """The users of one export as cells."""

    def __init__(
        self, worlds: Worlds, evidence: Evidence, rules: Rules, skus: Iterable[SubscribedSku], ways: WaysSeen | None
    ) -> None:
        """Start with nobody.

        `evidence` is the one that `worlds` was made from, `ways` what the sign-in log shows, where it was read whole.
        """
        self._ways = ways
        self._worlds, self._evidence, self._rules = worlds, evidence, rules
        self._capable = Capabilities(evidence, worlds.judge)
        self._sync_holders = sync_accounts(evidence)
        self._room_skus = room_licences(skus)
        self._coverages: dict[int, Coverage] = {}
        self._accepted = frozenset(gap.tag for gap in rules.accepted_gaps)
        self.cells: dict[Cell, Counted] = {}
        self._by_key: dict[_Key, Counted] = {}
        self.sync_accounts_by_name: set[str] = set()
        """Ids of accounts of the directory synchronization that show by their name."""

    def take(self, user: AnyUser) -> None:
        """Count one user. Agents' accounts are no people."""
        profile = user.profile
        if profile.is_agent:
            return
        key = self._key_of(user)
        counted = self._by_key.get(key)
        if counted is None:
            if profile.display_name == DIRECTORY_SYNC_NAME:
                self.sync_accounts_by_name.add(profile.id)
            cell = self._cell_of(user, key)
            counted = self.cells.get(cell)
            if counted is None:
                counted = self.cells[cell] = Counted(0, profile, user.registration, [])
            if profile.display_name != DIRECTORY_SYNC_NAME:
                self._by_key[key] = counted
        counted.people += 1
        if len(counted.sample) < SAMPLE:
            counted.sample.append(profile.user_principal_name)

    def cell_of(self, user: AnyUser) -> Cell | None:
        """Return the cell of a user; None for an agent's account."""
        return None if user.profile.is_agent else self._cell_of(user, self._key_of(user))

    def _key_of(self, user: AnyUser) -> _Key:
        """Return what a cell follows from, made as cheaply as a million users want it."""
        profile, registration = user.profile, user.registration
        sort = self._worlds.sort_number(self._worlds.judge.sort_of(profile))
        state = None if isinstance(user, UnreadableUser) else user.mfa_state
        return (
            sort,
            state,
            None
            if registration is None
            else (registration.is_mfa_registered, registration.is_mfa_capable, registration.methods_registered),
            profile.account_enabled,
            profile.user_type,
            # Where somebody is at home matters for external accounts only.
            profile.identities if self._worlds.is_external(sort) else None,
            state is not None
            and state is not MfaState.DISABLED
            and kept_out(user, self._evidence, self._rules) is None,
            self._cannot_answer(profile),
            _looks_like_service(profile, registration),
            self._seen(profile),
        )

    def _cell_of(self, user: AnyUser, key: _Key) -> Cell:
        sort, _, registered, _, _, _, waits, cannot_answer, looks_like_service, seen = key
        is_covered = self.coverage_of(sort).verdict is Verdict.COVERED
        return Cell(
            sort=sort,
            waits=waits,
            required=required_of(user, is_covered=is_covered),
            is_disabled=user.profile.account_enabled is False,
            cannot_answer=cannot_answer,
            looks_like_service=looks_like_service,
            capability=self._capable.of(user.profile, user.registration),
            is_covered=is_covered,
            seen=seen,
            registered=registered,
        )

    def coverage_of(self, sort: int) -> Coverage:
        """Return the verdict on people of a sort today, in words that are true of all of them."""
        coverage = self._coverages.get(sort)
        if coverage is None:
            coverage = self._coverages[sort] = self._worlds.coverage_today(sort)
        return coverage

    @property
    def sorts(self) -> Iterable[int]:
        """Return the numbers of the sorts that somebody is of. Everybody has to be counted before."""
        return self._grouped.keys()

    def of_sort(self, sort: int) -> list[tuple[Cell, Counted]]:
        """Return the cells of one sort. Everybody has to be counted before."""
        return self._grouped[sort]

    @cached_property
    def _grouped(self) -> dict[int, list[tuple[Cell, Counted]]]:
        found: dict[int, list[tuple[Cell, Counted]]] = {}
        for cell, counted in self.cells.items():
            found.setdefault(cell.sort, []).append((cell, counted))
        return found

    def is_proven(self, cell: Cell) -> bool:
        """Tell whether people of a cell are covered today, as far as a plan asks."""
        return self.coverage_of(cell.sort).is_proven(self._accepted)

    @property
    def waiting(self) -> Iterator[tuple[Cell, Counted]]:
        """Yield the cells of people on per-user MFA whom the plan would migrate if they were covered."""
        return ((cell, counted) for cell, counted in self.cells.items() if cell.waits)

    @property
    def uncovered(self) -> Iterator[tuple[Cell, Counted]]:
        """Yield those of them who are not covered."""
        return ((cell, counted) for cell, counted in self.waiting if not self.is_proven(cell))

    def _seen(self, profile: UserProfile) -> frozenset[WayIn] | None:
        if self._ways is None:
            return None
        return frozenset(self._ways.last.get(profile.id, _NOTHING))

    def _cannot_answer(self, profile: UserProfile) -> bool:
        is_room = bool(self._room_skus and self._room_skus & set(profile.assigned_licenses or ()))
        return is_room or profile.id in self._sync_holders or profile.display_name == DIRECTORY_SYNC_NAME


def _looks_like_service(profile: UserProfile, registration: Registration | None) -> bool:
    """Tell whether an account looks like that of a machine: by its name, and nobody ever registered a method for it."""
    if profile.is_guest or (registration is not None and registration.is_mfa_registered):
        return False
    return is_named_like_a_machine(profile)
