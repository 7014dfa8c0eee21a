"""What `--what-if` finds: each policy step, what would have to settle, and in each wave who would be sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from migrate.model.reasons import Reason
from migrate.model.record import Record
from migrate.model.steps import PolicyStep
from migrate.model.waits import Waiting
from migrate.model.who_is_left import WhoIsLeft


class RehearsedStep(Record, frozen=True, kw_only=True):
    """How a policy step stands."""

    step: PolicyStep
    is_done: bool


class RehearsedUser(Record, frozen=True, kw_only=True):
    """What a rehearsal decided for one user."""

    user_id: str
    user_principal_name: str
    left_alone: Reason | None = None
    """Why nothing would be sent; None where it would be."""


class RehearsedWave(Record, frozen=True, kw_only=True):
    """One wave that a run would go through."""

    number: int
    name: str
    users: tuple[RehearsedUser, ...]
    """Everybody in it to whom nothing was done before."""
    before: WhoIsLeft
    """How its users stand in the run so far."""

    @property
    def left_alone(self) -> tuple[RehearsedUser, ...]:
        """Return for whom nothing would be sent."""
        return tuple(user for user in self.users if user.left_alone is not None)

    @property
    def sent(self) -> tuple[RehearsedUser, ...]:
        """Return for whom something would be sent."""
        return tuple(user for user in self.users if user.left_alone is None)


class Rehearsal(Record, frozen=True, kw_only=True):
    """A whole one, as far as the run was allowed to go."""

    steps: tuple[RehearsedStep, ...]
    waiting: Waiting | None = None
    """What has to settle before the first wave."""
    waves: tuple[RehearsedWave, ...] = ()

    @property
    def users(self) -> Iterator[tuple[int, RehearsedUser]]:
        """Yield everybody of all waves, with the number of the wave."""
        return ((wave.number, user) for wave in self.waves for user in wave.users)

    @property
    def outcomes(self) -> Counter[str]:
        """Return how many users would be sent, left alone, and so on; what holds for nobody is left out."""
        counts: Counter[str] = Counter()
        for wave in self.waves:
            counts["would be sent"] += len(wave.sent)
            counts["left alone"] += len(wave.left_alone)
            counts["done before"] += wave.before.done
            counts["rolled back"] += wave.before.put_back
            counts["left before"] += wave.before.left
        return +counts
