"""One way in and one way out: reads that are paced and tried again, writes that are paced and sent once."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

import msgspec

from migrate.errors import IncompleteRead, RemoteProblem
from migrate.graph.answers import TRANSIENT_STATUSES, UNUSABLE, Answer, BadAnswer
from migrate.graph.leaving import IsWanted, MayLeave, NotSent
from migrate.graph.pace import Bucket, Clock, HoldTooLong, NotWanted, Pacers
from migrate.graph.refusals import is_licence_refusal, refusal_of
from migrate.graph.retry import Persistence, Transient, unreachable
from migrate.graph.transport import NoAnswer
from migrate.model.permissions import Need

T = TypeVar("T")

_FIRST_CONTACT_ATTEMPTS = 3
"""Tries before the first answer of all."""
DOUBTFUL_ATTEMPTS = 3
"""Tries of a read whose answer is a definite no most of the time."""


class Sends(Protocol):
    """Whatever sends one request once and gives back the raw answer; over HTTP it is `transport.Sender`."""

    answers: int
    """How many answers came so far."""

    def server_now(self) -> datetime:
        """Return the server's time (UTC)."""
        ...

    def server_at_least(self) -> datetime:
        """Return the earliest that it may be by the server (UTC): a wait or an exclusion must not end too early."""
        ...

    def server_at_most(self) -> datetime:
        """Return the latest that it may be by the server (UTC): nothing accepted for a time must last too long."""
        ...

    def token_refused(self) -> None:
        """Note that the token was not accepted for a part of a request."""
        ...

    async def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: object = None,
        client_request_id: str | None = None,
        may_leave: MayLeave | None = None,
    ) -> Answer:
        """Send one request once; raise `NoAnswer` when nothing comes back, `NotSent` when it may not leave."""
        ...


@dataclass(frozen=True, kw_only=True)
class Call:
    """A read."""

    path: str
    """Path with version and query, or a link that Graph sent."""
    bucket: Bucket
    cost: float
    """Resource units in the reads bucket, requests in the others."""
    doing: str
    """Continues the word "while": `reading users`."""
    needs: Need
    headers: Mapping[str, str] = field(default_factory=dict)
    doubt_400: bool = False
    """Some services answer a passing fault of theirs with 400; such an answer is asked for again."""


def read_of(path: str, what: str, needs: Need, *, bucket: Bucket = Bucket.READS, cost: float = 1) -> Call:
    """Return a read of v1.0; `path` begins behind the version, `cost` is as in `Call`."""
    return Call(path=f"/v1.0/{path}", bucket=bucket, cost=cost, doing=f"reading {what}", needs=needs)


class Channel:
    """What everything in this package sends through."""

    def __init__(self, sender: Sends, pacers: Pacers, persistence: Persistence, *, origin: str, clock: Clock) -> None:
        self.sender = sender
        self.pacers = pacers
        self.persistence = persistence
        self.clock = clock
        self.on_the_wire = 0
        """Changes that have left and are not answered yet."""
        self._origin = origin

    async def read(self, call: Call, decode: Callable[[bytes], T]) -> T:
        """Read and decode; a passing failure is tried again.

        `decode` raises `msgspec.DecodeError` or `BadAnswer` for a body that is cut short or is something else. Raises
        `SignInFailed`, `PermissionMissing`, `GraphRefused`, `Unreachable`, `Throttled` or `IncompleteRead`.
        """
        deadline = self.persistence.deadline()

        async def once() -> T:
            answer = await self.attempt(call, "GET", None, deadline)
            self.pacers[call.bucket].succeeded()
            if answer.status != 200:  # the other successes, such as 206, do not promise the whole
                raise no_of(call, answer)
            return decoded(call, answer, decode)

        return await self.persistence(once, doing=call.doing, deadline=deadline)

    async def attempt(self, call: Call, method: str, body: object, deadline: float) -> Answer:
        """Send a read once; raise `Transient` for what passes, give back every other answer."""
        try:
            await self.pacers[call.bucket].acquire(call.cost, deadline=deadline)
        except HoldTooLong as problem:
            raise self.persistence.throttled(call.doing, problem.until) from problem
        try:
            answer = await self.sender.send(method, call.path, headers=call.headers, body=body)
        except NoAnswer as problem:
            # Before the first answer the likely cause is a wrong address, and nobody wants to wait ten minutes for it.
            attempts = None if self.sender.answers else _FIRST_CONTACT_ATTEMPTS
            raise Transient(
                problem.reason, attempts=attempts, final=unreachable(self._origin, problem.reason, call.doing)
            ) from problem
        self._note_throttling(call.bucket, answer)
        if answer.status == 429:
            raise Transient("throttled by Graph", held_until=self.pacers[call.bucket].hold_until)
        if answer.status in TRANSIENT_STATUSES:
            trace = f" (request-id {answer.request_id})" if answer.request_id else ""
            raise Transient(
                f"Graph answered {answer.status} {answer.error.words}".strip() + trace, retry_after=answer.retry_after
            )
        return answer

    async def send_once(
        self,
        method: str,
        path: str,
        *,
        bucket: Bucket,
        cost: float,
        doing: str,
        body: object = None,
        client_request_id: str | None = None,
        may_leave: MayLeave,
        is_wanted: IsWanted,
        longest_hold: float = math.inf,
    ) -> Answer:
        """Send a write once. Raises `NoAnswer` when nothing came back.

        With nothing sent, raises `Throttled` when Graph asks to wait longer than we ever do, `HoldTooLong` when it
        asks to wait longer than `longest_hold` seconds, and `NotSent` when `is_wanted` says no while it waits for its
        turn, or `may_leave` in the end.
        """
        patience = self.persistence.deadline()
        try:
            deadline = min(patience, self.clock.monotonic() + longest_hold)
            await self.pacers[bucket].acquire(cost, deadline=deadline, is_wanted=is_wanted)
        except NotWanted as unwanted:
            raise NotSent from unwanted
        except HoldTooLong as problem:
            if problem.until > patience:
                raise self.persistence.throttled(doing, problem.until) from problem
            raise
        changes = 0

        def leaves() -> bool:
            nonlocal changes
            if not may_leave():
                return False
            if not changes:
                changes = round(cost)
                self.on_the_wire += changes
            return True

        try:
            answer = await self.sender.send(
                method, path, body=body, client_request_id=client_request_id, may_leave=leaves
            )
        finally:
            self.on_the_wire -= changes
        self._note_throttling(bucket, answer)
        return answer

    def _note_throttling(self, bucket: Bucket, answer: Answer) -> None:
        if answer.status == 429:
            self.pacers[bucket].throttled(answer.retry_after)


def no_of(call: Call, answer: Answer) -> Transient | RemoteProblem:
    """Return the error for a no to a read: asked for again a few times where such answers are known to come and go."""
    final = refusal_of(answer, doing=call.doing, needs=call.needs)
    doubtful = (
        answer.status == 401  # the token may just have run out, and the next request brings a new one
        or is_licence_refusal(answer)
        or (answer.status == 400 and call.doubt_400)
    )
    if not doubtful:
        return final
    said = f"Graph answered {answer.status} {answer.error.words}".strip()
    return Transient(said, attempts=DOUBTFUL_ATTEMPTS, final=final)


def decoded(call: Call, answer: Answer, decode: Callable[[bytes], T]) -> T:
    """Return the decoded body; raise `Transient` when it is cut short or is something else."""
    try:
        return decode(answer.body)
    except (*UNUSABLE, BadAnswer) as problem:
        trace = f" (request-id {answer.request_id})" if answer.request_id else ""
        # Whole JSON that lacks a member will hardly get better; JSON that is cut short often does.
        is_whole = isinstance(problem, msgspec.ValidationError | RecursionError)
        final = IncompleteRead(
            f"Graph sent an answer that cannot be used while {call.doing}: {_words_of(problem)}{trace}.",
            hint=_what_helps(problem, call),
        )
        raise Transient(
            f"Graph sent an unusable answer ({problem})", attempts=DOUBTFUL_ATTEMPTS if is_whole else None, final=final
        ) from problem


def _words_of(problem: Exception) -> str:
    return "it nests too deep" if isinstance(problem, RecursionError) else str(problem)


def _what_helps(problem: Exception, call: Call) -> str:
    if isinstance(problem, RecursionError):
        return "No answer of Graph is like that: check the proxy and --endpoint."
    if isinstance(problem, msgspec.ValidationError):
        return f"Check that the token holds {call.needs.permission}: with less, Graph leaves properties out."
    return "Run the command again; what was read before is kept."
