"""What was asked of the sandbox: the last calls one by one, and totals."""

from collections import Counter, deque

from migrate.sandbox.messages import Call, Json


class History:
    """Keep the last calls and count all of them."""

    def __init__(self, keep: int = 20_000) -> None:
        self._calls: deque[tuple[float, str, str, str, str, int, str | None, str]] = deque(maxlen=keep)
        self.totals: Counter[str] = Counter()
        """requests (on the wire), calls (batch items counted each), throttled, wasted, early, faults."""
        self.statuses: Counter[int] = Counter()

    def note(self, call: Call, status: int, at: float) -> None:
        """Remember one answered call."""
        self.totals["calls"] += 1
        if call.batch_item is None:
            self.totals["requests"] += 1
        self.statuses[status] += 1
        self._calls.append(
            (at, call.method, call.version, call.path, call.raw_query, status, call.batch_item, call.request_id)
        )

    def calls(self) -> list[Json]:
        """Return the remembered calls, oldest first."""
        names = ("at", "method", "version", "path", "query", "status", "batchItem", "requestId")
        return [dict(zip(names, each, strict=True)) for each in self._calls]

    def clear(self) -> None:
        """Forget everything."""
        self._calls.clear()
        self.totals.clear()
        self.statuses.clear()
