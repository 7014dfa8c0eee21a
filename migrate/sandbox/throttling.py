"""Graph's published limits: resource units, writes, reports, and Conditional Access (contract section 3)."""

import math
from dataclasses import dataclass, field

from migrate.sandbox.clock import SandboxClock
from migrate.sandbox.messages import Call, GraphError
from migrate.sandbox.routing import Route
from migrate.sandbox.settings import SandboxSettings
from migrate.sandbox.sign_in_activity import is_asked
from migrate.sandbox.tenant import Tenant

UNITS_PER_10_SECONDS = {"S": 3500, "M": 5000, "L": 8000}
WRITES, WRITE_SECONDS = 3000, 150
TENANT_WRITES, TENANT_WRITE_SECONDS = 18_000, 300
"""The writes of all applications together, which share this window."""
REPORTS, REPORT_SECONDS = 5, 10
ACTIVITY_READS, ACTIVITY_SECONDS = 10, 60
"""Reads of signInActivity."""
POLICY_CALLS_PER_SECOND = 1
_DEEPEST = 1.0
"""How far below empty calls that go on while throttled can push a limiter, in times of its size."""


@dataclass(slots=True)
class Bucket:
    """A limiter that fills evenly up to its size."""

    size: float
    per_second: float
    level: float
    at: float

    def fill(self, now: float) -> None:
        """Add what has come in since the last look."""
        self.level = min(self.size, self.level + max(0.0, now - self.at) * self.per_second)
        self.at = now

    def wait_for(self, cost: float) -> float:
        """Return how many seconds until this much is there; 0 when it is."""
        return max(0.0, (min(cost, self.size) - self.level) / self.per_second)

    def take(self, cost: float) -> None:
        """Use up some; the level may go below empty, but not without end."""
        self.level = max(-self.size * _DEEPEST, self.level - cost)


@dataclass(slots=True)
class Throttle:
    """All limiters of one sandbox."""

    tenant: Tenant
    settings: SandboxSettings
    clock: SandboxClock
    _buckets: dict[tuple[str, str], Bucket] = field(default_factory=dict)

    def charge(self, call: Call, route: Route) -> dict[str, str]:
        """Charge one call and return the headers that report on it.

        Raises Graph's 429 when a limiter is empty; Conditional Access then sends no Retry-After.
        """
        kind = self.limit_of(route)
        app = call.caller.app_id if call.caller else ""
        write = call.method != "GET"
        match kind:
            case "conditionalAccess":
                # All applications of the tenant share it, and nothing says when to come back.
                self._take(self._bucket(kind, "", POLICY_CALLS_PER_SECOND, 1.0), 1, "", call, retry_after=False)
                return {}
            case "reports":
                self._take(self._bucket(kind, app, REPORTS, REPORT_SECONDS), 1, "Tenant_Application/ReadWrite", call)
                return {}
            case "directory":
                if is_asked(call):  # a limit of its own, besides the directory's
                    activity = self._bucket("activity", app, ACTIVITY_READS, ACTIVITY_SECONDS)
                    self._take(activity, 1, "Tenant_Application/Read", call)
                return self._charge_units(call, route, app, write=write)
        return {}

    def limit_of(self, route: Route) -> str:
        """Return the limiter of a call, after the settings that choose one."""
        settings = self.settings
        chosen = {
            "requirements": settings.requirements_bucket,
            "methods": settings.methods_bucket,
            "registration": settings.registration_bucket,
            "evaluate": settings.evaluate_bucket,
        }
        return chosen.get(route.limit, route.limit)

    def _charge_units(self, call: Call, route: Route, app: str, *, write: bool) -> dict[str, str]:
        cost = units_of(call, route)
        quota = UNITS_PER_10_SECONDS[self.size()] * self.settings.unit_rate_scale
        if write:
            writes = self._bucket("writes", app, WRITES * self.settings.write_rate_scale, WRITE_SECONDS)
            self._take(writes, 1, "Tenant_Application/Write", call, information="WriteLimitExceeded")
            self._take(self._tenant_writes(), 1, "Tenant/Write", call, information="WriteLimitExceeded")
        units = self._bucket("units", app, quota, 10)
        self._take(
            units,
            cost,
            f"Tenant_Application/{'Write' if write else 'Read'}",
            call,
            information="ResourceUnitLimitExceeded",
        )
        headers = {"x-ms-resource-unit": str(cost)}
        used = 1 - units.level / units.size
        if used > 0.8:
            headers["x-ms-throttle-limit-percentage"] = f"{min(1.8, used):.1f}"
        return headers

    def charge_others(self, writes: int) -> None:
        """Use up some of the tenant's window for writes, as another application does that writes at the same time."""
        self._tenant_writes().take(writes)

    def _tenant_writes(self) -> Bucket:
        return self._bucket("writes", "", TENANT_WRITES * self.settings.write_rate_scale, TENANT_WRITE_SECONDS)

    def size(self) -> str:
        """Return the tenant's size class."""
        if self.settings.tenant_size != "auto":
            return self.settings.tenant_size
        users = len(self.tenant.people)
        return "S" if users < 50 else "M" if users <= 500 else "L"

    def _bucket(self, kind: str, app: str, size: float, seconds: float) -> Bucket:
        now = self.clock.now()
        found = self._buckets.get((kind, app))
        if found is None:
            found = self._buckets[(kind, app)] = Bucket(size, size / seconds, size, now)
        found.fill(now)
        return found

    def _take(
        self, bucket: Bucket, cost: float, scope: str, call: Call, *, information: str = "", retry_after: bool = True
    ) -> None:
        wait = bucket.wait_for(cost)
        if wait <= 1e-9:
            bucket.take(cost)
            return
        if self.settings.throttled_calls_burn_budget and retry_after:
            bucket.take(cost)
            wait = bucket.wait_for(cost)
        headers: dict[str, str] = {}
        if retry_after:
            headers["Retry-After"] = str(max(1, math.ceil(wait)))
            app = call.caller.app_id if call.caller else ""
            headers["x-ms-throttle-scope"] = f"{scope}/{app}/{self.tenant.id}"
        if information:
            headers["x-ms-throttle-information"] = information
        raise too_many_requests(headers)


def units_of(call: Call, route: Route) -> int:
    """Return what a call costs: its base, less for $select and small pages, more for $expand, never under 1."""
    cost = route.units
    if "$select" in call.query:
        cost -= 1
    if "$expand" in call.query:
        cost += 1
    top = call.query.get("$top", "")
    if top.isdigit() and int(top) < 20:
        cost -= 1
    return max(1, cost)


def too_many_requests(headers: dict[str, str]) -> GraphError:
    """Return the refusal that Graph documents for throttled calls."""
    return GraphError(
        429,
        "TooManyRequests",
        "Please retry again later.",
        headers=headers,
        inner={"code": "429", "message": "Please retry after", "status": "429"},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    until: float
    seconds: float
    request_id: str
    before: float
    """Until when an earlier request had been told to wait."""


@dataclass(slots=True)
class Patience:
    """Remember who was told to wait, and notice who does not."""

    clock: SandboxClock
    _told: dict[tuple[str, str], _Told] = field(default_factory=dict)

    def told(self, key: tuple[str, str], seconds: float, call: Call) -> None:
        """Note that callers were told, in answer to this call, to stay away for some seconds."""
        last, before = self._told.get(key), 0.0
        if last is not None:
            before = last.before if last.request_id == call.request_id else last.until
        self._told[key] = _Told(
            until=self.clock.now() + seconds, seconds=seconds, request_id=call.request_id, before=before
        )

    def told_in_header(self, key: tuple[str, str], retry_after: str | None, call: Call) -> None:
        """Note what a Retry-After header said; one without a number of seconds tells nothing."""
        try:
            self.told(key, float(retry_after or ""), call)
        except ValueError:
            return

    def is_early(self, key: tuple[str, str], call: Call) -> bool:
        """Tell whether a call comes before the time that was named.

        What another item of the same batch was told does not count: nobody had heard of it when they were sent.
        """
        if not self._told:
            return False
        last = self._told.get(key)
        if last is None:
            return False
        until = last.before if last.request_id == call.request_id else last.until
        # A tenth of a second is forgiven: the header counts in whole seconds.
        return self.clock.now() < until - 0.1

    def punish(self, key: tuple[str, str], call: Call) -> GraphError:
        """Begin the wait anew and return the refusal."""
        seconds = self._told[key].seconds
        self.told(key, seconds, call)
        return too_many_requests({"Retry-After": str(max(1, math.ceil(seconds)))})
