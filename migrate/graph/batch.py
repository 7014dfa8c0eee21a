"""JSON batches of 20: each item has an answer of its own, in any order, and only what failed is sent again.

Writes are sent once. Source: Graph docs, JSON batching; throttling guidance (items are throttled one by one).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from migrate.errors import IncompleteRead
from migrate.graph.answers import TRANSIENT_STATUSES, Answer
from migrate.graph.channel import DOUBTFUL_ATTEMPTS, Call, Channel, decoded, no_of
from migrate.graph.retry import Transient

LARGEST_BATCH = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One request of a batch."""

    id: str
    method: str
    path: str
    """Below the version."""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: object = None

    def as_json(self) -> dict[str, Any]:
        """Return the item as the batch carries it; headers are mandatory with a body."""
        item: dict[str, Any] = {"id": self.id, "method": self.method, "url": self.path}
        if self.headers or self.body is not None:
            item["headers"] = dict(self.headers)
        if self.body is not None:
            item["headers"]["Content-Type"] = "application/json"
            item["body"] = self.body
        return item


class _ItemAnswer(msgspec.Struct, frozen=True):
    id: str = ""
    """Empty where it does not say which request it answers: that one then counts as not answered, and no other."""
    status: int = 0
    headers: dict[str, Any] | None = None
    body: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class _Envelope(msgspec.Struct, frozen=True):
    responses: list[_ItemAnswer | None]


NO_ANSWER = Answer(status=0, headers={}, body=b"", client_request_id="")
"""Stands for an item that the batch's answer does not mention."""


def answers_of(body: bytes, outer: Answer) -> dict[str, Answer]:
    """Return the items' answers by id. An item without a Date of its own has the batch's.

    An item of which the batch says two things is not among them: which of the two is so, nobody knows.
    """
    found: dict[str, Answer] = {}
    unclear = set()
    for item in msgspec.json.decode(body, type=_Envelope).responses:
        if item is None:
            continue
        answer = _answer(item, outer)
        first = found.setdefault(item.id, answer)
        if (first.status, first.body) != (answer.status, answer.body):
            unclear.add(item.id)
    return {id_: answer for id_, answer in found.items() if id_ not in unclear}


def _answer(item: _ItemAnswer, outer: Answer) -> Answer:
    headers = {name: outer.headers[name] for name in ("date", "request-id") if name in outer.headers}
    headers |= {name.lower(): str(value) for name, value in (item.headers or {}).items()}
    return Answer(
        status=item.status,
        headers=headers,
        body=b"" if isinstance(item.body, msgspec.UnsetType) else bytes(item.body),
        client_request_id=headers.get("client-request-id", outer.client_request_id),
    )


class BatchOfReads:
    """Up to 20 reads that travel together until each has an answer of its own."""

    def __init__(self, channel: Channel, call: Call, items: Sequence[Item]) -> None:
        self._channel = channel
        self._call = call
        self._pending = {item.id: item for item in items}
        self._last: dict[str, Answer] = {}
        self._answers: dict[str, Answer] = {}

    async def read(self) -> dict[str, Answer]:
        """Return the answers by item id.

        Items that stay unanswered, or that go on answering 5xx, come back as the last answer that there was (status
        0 for none). An outer failure that stays, or throttling that outlasts patience, raises a `RemoteProblem`.
        """
        deadline = self._channel.persistence.deadline()
        try:
            await self._channel.persistence(lambda: self._once(deadline), doing=self._call.doing, deadline=deadline)
        except IncompleteRead:
            if not self._last:
                raise
        return self._answers | {id_: self._last.get(id_, NO_ANSWER) for id_ in self._pending}

    async def _once(self, deadline: float) -> None:
        call = dataclasses.replace(self._call, cost=self._call.cost * len(self._pending))
        body = {"requests": [item.as_json() for item in self._pending.values()]}
        self._last = {}
        outer = await self._channel.attempt(call, "POST", body, deadline)
        if not outer.is_success:
            raise no_of(call, outer)
        answers = decoded(call, outer, lambda raw: answers_of(raw, outer))
        self._last = {id_: answers.get(id_, NO_ANSWER) for id_ in self._pending}
        failed = {id_: answer for id_, answer in self._last.items() if _is_passing(answer)}
        for id_ in self._pending.keys() - failed.keys():
            self._answers[id_] = self._last[id_]
            del self._pending[id_]
        if failed:
            raise self._again(failed)
        self._channel.pacers[call.bucket].succeeded()

    def _again(self, failed: Mapping[str, Answer]) -> Transient:
        throttled = [answer for answer in failed.values() if answer.status == 429]
        waits = [answer.retry_after for answer in failed.values() if answer.retry_after is not None]
        wait = max(waits, default=None)
        if throttled:
            pacer = self._channel.pacers[self._call.bucket]
            pacer.throttled(wait)
            return Transient("throttled by Graph", held_until=pacer.hold_until)
        statuses = {answer.status for answer in failed.values()}
        if 401 in statuses:
            self._channel.sender.token_refused()
        words = ", ".join(str(status or "nothing") for status in sorted(statuses))
        return Transient(
            f"Graph answered {words} for {len(failed)} items of a batch",
            retry_after=wait,
            attempts=DOUBTFUL_ATTEMPTS if statuses == {401} else None,
        )


def _is_passing(answer: Answer) -> bool:
    # 401: the token ran out or was revoked while the batch was under way, and the next one carries a new token.
    return answer.status in (0, 401) or answer.status in TRANSIENT_STATUSES
