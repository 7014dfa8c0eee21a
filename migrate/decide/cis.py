"""Count accounts by per-user MFA state, and answer recommendation 5.1.2.1 of the CIS benchmark from the counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from migrate.model.cis import AccountState, CisAnswer, CisBecause, CisResult, CountedStates, SampleRead
from migrate.model.report import AccountKind
from migrate.model.snapshot import SnapshotHeader
from migrate.model.users import MfaState

SELECT = "select"
"""How an export says that states were read the quick way."""


def sample_of(header: SnapshotHeader) -> SampleRead:
    """Return what an export kept of its second way of reading."""
    check = header.cross_check
    if check is None:
        # Without the quick way there is nothing to compare: the documented call read everybody.
        return SampleRead(states_read_by=header.states_read_by, asked=0, agreed=0, kept=header.states_read_by != SELECT)
    return SampleRead(
        states_read_by=header.states_read_by,
        asked=check.asked,
        agreed=check.agreed,
        seed=check.seed,
        given_up=bool(check.given_up),
    )


class StateTally:
    """Counts accounts one at a time, so that a million of them are no list."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[AccountKind, AccountState, MfaState | None]] = Counter()

    def take(self, kind: AccountKind, account: AccountState, state: MfaState | None) -> None:
        """Take in one account; a state of None could not be read."""
        self._counts[kind, account, state] += 1

    def states(self) -> tuple[CountedStates, ...]:
        """Return what was counted, in one order."""
        return tuple(
            counted
            for kind in AccountKind
            for account in AccountState
            if (counted := self._of(kind, account)).total > 0
        )

    def _of(self, kind: AccountKind, account: AccountState) -> CountedStates:
        return CountedStates(
            user_type=kind,
            account=account,
            disabled=self._counts[kind, account, MfaState.DISABLED],
            enabled=self._counts[kind, account, MfaState.ENABLED],
            enforced=self._counts[kind, account, MfaState.ENFORCED],
            unreadable=self._counts[kind, account, None],
        )


def cis_answer(states: Iterable[CountedStates], sample: SampleRead) -> CisAnswer:
    """Return the answer to these counts.

    *Met* takes everybody read, nobody enabled or enforced, and a sample that agrees. Whatever is not known makes
    that nothing can be said, also where others are known to be enabled or enforced: their number is told beside it.
    """
    rows = tuple(states)
    on = sum(row.enabled + row.enforced for row in rows)
    unreadable, total = sum(row.unreadable for row in rows), sum(row.total for row in rows)
    unsaid = [
        why
        for why, holds in (
            (CisBecause.NOBODY, total == 0),
            (CisBecause.UNREADABLE, unreadable > 0),
            (CisBecause.CROSS_CHECK_DIFFERS, not sample.given_up and sample.agreed != sample.asked),
            (CisBecause.CROSS_CHECK_NOT_KEPT, not sample.kept),
        )
        if holds
    ]
    known = [CisBecause.ENABLED_OR_ENFORCED] if on else []
    result = CisResult.CANNOT_BE_SAID if unsaid else CisResult.NOT_MET if known else CisResult.MET
    return CisAnswer(
        result=result,
        because=(*unsaid, *known),
        total=total,
        disabled=sum(row.disabled for row in rows),
        enabled=sum(row.enabled for row in rows),
        enforced=sum(row.enforced for row in rows),
        unreadable=unreadable,
        states=rows,
        sample=sample,
    )
