"""The only place where a request is sent again, and only reads are: bounded in number and in time, never in silence."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar
from urllib.parse import urlsplit

from tenacity import RetryCallState, retry_if_exception_type
from tenacity.asyncio import AsyncRetrying

from migrate.errors import IncompleteRead, RemoteProblem, Throttled, Unreachable
from migrate.graph.pace import Clock
from migrate.model.access import is_here
from migrate.model.waits import Waiting, WaitKind

T = TypeVar("T")

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long and how often one read may be tried."""

    attempts: int
    seconds: float


class Transient(Exception):
    """A try failed in a way that says nothing about the next one."""

    def __init__(
        self,
        reason: str,
        *,
        retry_after: float | None = None,
        held_until: float | None = None,
        attempts: int | None = None,
        final: RemoteProblem | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after
        """Seconds that the server asked for; None when it did not."""
        self.held_until = held_until
        """For a throttled request: when its pacer lets go, on the monotonic clock. The pacer does the waiting."""
        self.attempts = attempts
        """Fewer tries than usual, for an answer that is a definite no most of the time."""
        self.final = final
        """What to raise in the end, where it is known better than from the reason."""


class Persistence:
    """Tries a read until it succeeds, is refused, or patience runs out."""

    def __init__(
        self,
        patience: Patience,
        *,
        clock: Clock,
        on_wait: Callable[[Waiting, float], None],
        unit_random: Callable[[], float] = random.random,
    ) -> None:
        self._patience = patience
        self._clock = clock
        self._on_wait = on_wait
        self._random = unit_random
        self.repeated = 0
        """How often something was tried again so far."""

    def deadline(self) -> float:
        """Return the moment, on the monotonic clock, at which a read that begins now is given up."""
        return self._clock.monotonic() + self._patience.seconds

    async def pause(self, waiting: Waiting, seconds: float) -> None:
        """Say why nothing is sent for so long, and wait."""
        self._on_wait(waiting, seconds)
        await self._clock.sleep(seconds)

    async def __call__(self, attempt: Callable[[], Awaitable[T]], *, doing: str, deadline: float) -> T:
        """Run `attempt` until it returns; `Transient` means once more. Raises a `RemoteProblem` in the end."""

        # tenacity awaits only what is declared async, which a lambda is not.
        async def tried() -> T:
            return await attempt()

        retrying = AsyncRetrying(
            retry=retry_if_exception_type(Transient),
            wait=self._pause,
            stop=lambda state: self._is_over(state, deadline),
            before_sleep=lambda state: self._tell(state, doing),
            sleep=self._clock.sleep,
            reraise=True,
        )
        try:
            return await retrying(tried)
        except Transient as problem:
            raise self._given_up(problem, doing) from problem

    def _pause(self, state: RetryCallState) -> float:
        problem = _problem(state)
        if problem.held_until is not None:
            return 0.0
        if problem.retry_after is not None:
            return problem.retry_after
        longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (state.attempt_number - 1))
        return longest * (0.5 + self._random() / 2)

    def _is_over(self, state: RetryCallState, deadline: float) -> bool:
        problem = _problem(state)
        allowed = min(self._patience.attempts, problem.attempts or self._patience.attempts)
        if state.attempt_number >= allowed:
            return True
        now = self._clock.monotonic()
        return max(now + state.upcoming_sleep, problem.held_until or now) > deadline

    def _tell(self, state: RetryCallState, doing: str) -> None:
        self.repeated += 1
        if state.upcoming_sleep > 0:
            waiting = Waiting(kind=WaitKind.TRYING_AGAIN, name=doing, said=_problem(state).reason)
            self._on_wait(waiting, state.upcoming_sleep)

    def _given_up(self, problem: Transient, doing: str) -> RemoteProblem:
        if problem.final is not None:
            return problem.final
        if problem.held_until is not None:
            return self.throttled(doing, problem.held_until)
        return IncompleteRead(
            f"{_capital(problem.reason)} while {doing}, also when tried again.",
            hint="Run the command again later; what was read before is kept.",
        )

    def throttled(self, doing: str, held_until: float) -> Throttled:
        """Return the error for throttling that outlasts our patience."""
        seconds = max(0.0, held_until - self._clock.monotonic())
        until = self._clock.utc_now() + timedelta(seconds=seconds)
        return Throttled(
            f"Graph kept throttling while {doing}; it asks to wait until {until:%Y-%m-%d %H:%M:%S} UTC.",
            hint="Run the command again after that time; it goes on where it stopped.",
        )


def unreachable(origin: str, reason: str, doing: str) -> Unreachable:
    """Return the error for a host that does not answer; over plain HTTP on this machine that is a sandbox."""
    hint = "Check the network, the proxy, the CA bundle and --endpoint, then run the command again."
    if origin.startswith("http:") and is_here(origin):
        port = urlsplit(origin).port
        hint = (
            "Nothing answers there: the sandbox is not running, or at another address than --endpoint. Start it as "
            f"before (`mfa-migrate sandbox{f' --port {port}' if port else ''}`) in another window, then run the "
            "command again."
        )
    return Unreachable(f"{origin} could not be reached while {doing}: {reason}.", hint=hint)


def _problem(state: RetryCallState) -> Transient:
    assert state.outcome is not None
    problem = state.outcome.exception()
    assert isinstance(problem, Transient)
    return problem


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
