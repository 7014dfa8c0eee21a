"""The tenant at a glance: users counted by what they share, classes with the same coverage put together."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

from migrate.decide.coverage.judge import Judge
from migrate.model.coverage import Coverage, CoverageClass
from migrate.model.users import AnyUser, MfaState, UnreadableUser

SAMPLE = 3
"""So many names stand for a class."""


def classes_of(users: Iterable[AnyUser], judge: Judge) -> list[CoverageClass]:
    """Return the classes of these users by coverage, the largest first."""
    tallies: dict[Hashable, _Tally] = {}
    for user in users:
        user_class = judge.class_of(user.profile)
        tally = tallies.get(user_class)
        if tally is None:
            tally = tallies[user_class] = _Tally(judge.coverage_of_class(user_class))
        tally.count(user)
    merged: dict[Coverage, _Tally] = {}
    for tally in tallies.values():
        merged.setdefault(tally.coverage, _Tally(tally.coverage)).add(tally)
    ordered = sorted(merged.values(), key=lambda tally: (-tally.users, tally.coverage.summary))
    return [
        CoverageClass(
            coverage=tally.coverage,
            users=tally.users,
            with_per_user_mfa=tally.with_per_user_mfa,
            sample=tuple(tally.sample),
        )
        for tally in ordered
    ]


@dataclass
class _Tally:
    coverage: Coverage
    users: int = 0
    with_per_user_mfa: int = 0
    sample: list[str] = field(default_factory=list)

    def count(self, user: AnyUser) -> None:
        self.users += 1
        self.with_per_user_mfa += not isinstance(user, UnreadableUser) and user.mfa_state is not MfaState.DISABLED
        if len(self.sample) < SAMPLE:
            self.sample.append(user.profile.user_principal_name)

    def add(self, other: _Tally) -> None:
        self.users += other.users
        self.with_per_user_mfa += other.with_per_user_mfa
        self.sample = [*self.sample, *other.sample][:SAMPLE]
