"""Per-user MFA states: read in batches, several at once; written at most 20 at a time, and only once.

Source: Graph beta, authentication: get and update (strongAuthenticationRequirements).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from migrate.errors import RemoteProblem
from migrate.graph import wire
from migrate.graph.answers import TRANSIENT_STATUSES, UNUSABLE, Answer
from migrate.graph.batch import LARGEST_BATCH, NO_ANSWER, BatchOfReads, Item, answers_of
from migrate.graph.channel import Call, Channel
from migrate.graph.leaving import IsWanted, MayLeave, NotSent
from migrate.graph.pace import Bucket, HoldTooLong
from migrate.graph.refusals import refusal_of
from migrate.graph.together import all_of
from migrate.graph.transport import NoAnswer
from migrate.model.permissions import STATES
from migrate.model.reasons import Reason, Why, reason_of
from migrate.model.replies import StateReading, WriteFate, WriteReply, WriteRequest
from migrate.model.stand_in import is_stand_in

_BATCH_PATH = "/beta/$batch"
_READ = Call(path=_BATCH_PATH, bucket=Bucket.READS, cost=1, doing="reading per-user MFA states", needs=STATES)
LONGEST_HOLD = 10.0
"""Seconds that a write may wait for Graph's throttling to end; after that its user has to be read and proven again."""
_ALL_REFUSED = 100
"""So many users refused in the same way, and none read, mean that the run lacks a right, not the users."""
_ALL_OF_A_FEW_REFUSED = 5
"""The same where nobody is left to ask."""


class StateReader:
    """Reads per-user MFA states in batches, several at once."""

    def __init__(self, channel: Channel, *, batches_at_once: int) -> None:
        self._channel = channel
        self._at_once = batches_at_once
        self._refused_at_first = 0
        self._verdict_open = True
        """False once anybody could be read, or the refusals differed: then they are about users."""
        self._refusal: tuple[int, str] | None = None
        self._failure: RemoteProblem | None = None
        """What to raise if it goes on like this."""

    async def read(self, user_ids: Sequence[str]) -> list[StateReading]:
        """Read these users' states, in the order asked.

        Users who are gone or refused, and ones whose state cannot be understood, come back with a problem. Raises
        `PermissionMissing` or `SignInFailed` when the first hundred are all refused in the same way, or all of fewer.
        """
        known = [user_id for user_id in user_ids if not is_stand_in(user_id)]
        parts = await all_of((self._read_chunk(chunk) for chunk in chunks_of(known)), at_once=self._at_once)
        if self._failure is not None and self._refused_at_first >= _ALL_OF_A_FEW_REFUSED:
            raise self._failure
        readings = (reading for part in parts for reading in part)
        return [_of_nobody(user_id) if is_stand_in(user_id) else next(readings) for user_id in user_ids]

    async def _read_chunk(self, user_ids: Sequence[str]) -> list[StateReading]:
        items = [
            Item(id=str(number), method="GET", path=f"/users/{user_id}/authentication/requirements")
            for number, user_id in enumerate(user_ids)
        ]
        answers = await BatchOfReads(self._channel, _READ, items).read()
        if self._verdict_open:
            self._judge(answers.values())
        if self._failure is not None and self._refused_at_first >= _ALL_REFUSED:
            raise self._failure
        return [reading_of(user_id, answers[str(number)]) for number, user_id in enumerate(user_ids)]

    def _judge(self, answers: Iterable[Answer]) -> None:
        for answer in answers:
            kind = (answer.status, answer.error.code)
            if answer.status not in (401, 403) or self._refusal not in (None, kind):
                self._verdict_open, self._failure = False, None
                return
            self._refusal = kind
            self._refused_at_first += 1
            self._failure = refusal_of(answer, doing=_READ.doing, needs=STATES)


def _of_nobody(stand_in: str) -> StateReading:
    """Return what is known of the state of somebody whom Graph listed without an id: nothing can be asked."""
    why = reason_of(Why.NOT_UNDERSTOOD, "for this user lacks id.")
    return StateReading(user_id=stand_in, mfa_state=None, problem=why, status=0, request_id="", server_date="")


def chunks_of(user_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield the ids in runs of 20, the most that a batch may hold."""
    for start in range(0, len(user_ids), LARGEST_BATCH):
        yield user_ids[start : start + LARGEST_BATCH]


def reading_of(user_id: str, answer: Answer) -> StateReading:
    """Return what an item's answer says about a user's state."""
    state, problem = None, _refusal_reason(answer)
    if problem is None:
        try:
            state, problem = wire.mfa_state(answer.body)
        except UNUSABLE as broken:
            problem = reason_of(Why.NOT_UNDERSTOOD, f"cannot be read ({broken})")
    return StateReading(
        user_id=user_id,
        mfa_state=state,
        problem=problem,
        status=answer.status,
        request_id=answer.request_id,
        server_date=answer.headers.get("date", ""),
    )


def _refusal_reason(answer: Answer) -> Reason | None:
    if answer.is_success:
        return None
    if answer.status == 0:
        return reason_of(Why.NO_ITEM)
    words = answer.error.words or "no explanation"
    match answer.status:
        case 404:
            return reason_of(Why.USER_UNKNOWN, f" ({words})")
        case 401 | 403:
            needed = f" ({answer.status} {words}); needed: {STATES.permission}"
            return reason_of(Why.STATE_REFUSED, needed)
        case _:
            return reason_of(Why.USER_NOT_SHOWN, f"{answer.status} ({words})")


async def write_states(
    channel: Channel, requests: Sequence[WriteRequest], *, may_leave: MayLeave, is_wanted: IsWanted
) -> list[WriteReply]:
    """Send at most 20 writes in one batch, once; replies in the order asked.

    `may_leave` is asked when the batch has its turn and its connection, once before its headers leave and once before
    its body does: nothing is waited for between its last yes and the sending. `is_wanted` ends the wait for its turn.
    After a no of either all are `STALE`.

    Whatever leaves open if a write took effect is `UNCLEAR`: no answer, a server's fault, and throttling too, since
    Graph may have applied a batched write that it answers with 429. `HELD` ones were not sent, since Graph throttles
    for more than ten seconds. Raises `Throttled`, with nothing sent, when Graph asks to wait longer than we do.
    """
    if len(requests) > LARGEST_BATCH:
        raise ValueError(f"a batch holds at most {LARGEST_BATCH} writes, not {len(requests)}")
    if not requests:
        return []
    items = [_write_item(str(number), request) for number, request in enumerate(requests)]
    try:
        outer = await channel.send_once(
            "POST",
            _BATCH_PATH,
            bucket=Bucket.WRITES,
            cost=len(items),
            doing="writing per-user MFA states",
            body={"requests": [item.as_json() for item in items]},
            longest_hold=LONGEST_HOLD,
            may_leave=may_leave,
            is_wanted=is_wanted,
        )
    except NotSent:
        too_long = "not sent, since it had waited too long"
        return [_unsent(request, WriteFate.STALE, too_long, None) for request in requests]
    except HoldTooLong as hold:
        seconds = hold.until - channel.clock.monotonic()
        throttled = "not sent, since Graph throttles writes"
        return [_unsent(request, WriteFate.HELD, throttled, seconds) for request in requests]
    except NoAnswer as problem:
        return [_reply(request, NO_ANSWER, problem.reason) for request in requests]
    if not outer.is_success:
        return [_reply(request, outer) for request in requests]
    try:
        answers = answers_of(outer.body, outer)
    except UNUSABLE as problem:
        broken = f"the batch's answer cannot be read ({problem})"
        return [_reply(request, NO_ANSWER, broken) for request in requests]
    replies = [_reply(request, answers.get(item.id, NO_ANSWER)) for request, item in zip(requests, items, strict=True)]
    if any(reply.status == 401 for reply in replies):
        channel.sender.token_refused()
    if any(reply.status == 429 for reply in replies):
        channel.pacers[Bucket.WRITES].throttled(max((r.retry_after for r in replies if r.retry_after), default=None))
    else:
        channel.pacers[Bucket.WRITES].succeeded()
    return replies


def _write_item(id_: str, request: WriteRequest) -> Item:
    return Item(
        id=id_,
        method="PATCH",
        path=f"/users/{request.user_id}/authentication/requirements",
        headers={"client-request-id": request.client_request_id},
        body={"perUserMfaState": request.mfa_state.value},
    )


def fate_of(status: int) -> WriteFate:
    """Return what an HTTP status says about a write; 0 stands for no answer."""
    if 200 <= status < 300:
        return WriteFate.ACCEPTED
    if 400 <= status < 500 and status not in TRANSIENT_STATUSES:
        return WriteFate.REFUSED
    return WriteFate.UNCLEAR


def _unsent(request: WriteRequest, fate: WriteFate, message: str, seconds: float | None) -> WriteReply:
    return WriteReply(
        user_id=request.user_id,
        fate=fate,
        status=0,
        code="",
        message=message,
        request_id="",
        client_request_id=request.client_request_id,
        server_date="",
        retry_after=seconds,
    )


def _reply(request: WriteRequest, answer: Answer, reason: str | None = None) -> WriteReply:
    error = answer.error
    fate = fate_of(answer.status)
    message = "" if fate is WriteFate.ACCEPTED else reason or error.words or "Graph gave no explanation"
    return WriteReply(
        user_id=request.user_id,
        fate=fate,
        status=answer.status,
        code=error.code or error.inner_code,
        message=message,
        request_id=answer.request_id,
        client_request_id=request.client_request_id,
        server_date=answer.headers.get("date", ""),
        retry_after=answer.retry_after,
    )
