"""The control plane under /_sandbox/: what a test steers the sandbox with. Clients of Graph never come here."""

from collections.abc import Callable
from typing import Any

from migrate.sandbox.company import company
from migrate.sandbox.messages import Answer, Call, GraphError, Json, bad_request
from migrate.sandbox.service import Sandbox
from migrate.sandbox.tenant_file import TenantFileError, dump_tenant, tenant_of

_PLAIN = "application/json"


class Control:
    """Answer the control plane's calls."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._start = dump_or_origin(sandbox)
        self._calls: dict[tuple[str, str], Callable[[Call], Any]] = {
            ("GET", "clock"): self._clock,
            ("POST", "clock"): self._advance,
            ("POST", "reset"): self._reset,
            ("POST", "seed"): self._seed,
            ("GET", "dump"): self._dump,
            ("GET", "requests"): self._requests,
            ("DELETE", "requests"): self._forget,
            ("GET", "stats"): self._stats,
        }

    def answer(self, call: Call) -> Answer:
        """Answer one call."""
        name = "/".join(call.segments[1:])
        found = self._calls.get((call.method, name))
        if found is None:
            known = ", ".join(f"{method} /_sandbox/{path}" for method, path in sorted(self._calls))
            raise GraphError(
                404, "NotFound", f"The control plane has no {call.method} /_sandbox/{name}. It has: {known}."
            )
        return Answer(200, found(call), content_type=_PLAIN)

    def _clock(self, call: Call) -> Json:  # noqa: ARG002 - all handlers take the call
        clock = self._sandbox.clock
        return {"now": clock.iso(), "timestamp": clock.now(), "advanced": clock.advanced}

    def _advance(self, call: Call) -> Json:
        seconds = call.json().get("advance")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 0:
            raise bad_request('The clock is moved with {"advance": seconds}, forward only.')
        self._sandbox.clock.advance(float(seconds))
        self._sandbox.tenant.clock_advanced = self._sandbox.clock.advanced
        return self._clock(call)

    def _reset(self, call: Call) -> Json:  # noqa: ARG002
        self._sandbox.put_tenant(self._start())
        self._sandbox.history.clear()
        return {"tenantId": self._sandbox.tenant.id, "users": len(self._sandbox.tenant.people)}

    def _seed(self, call: Call) -> Json:
        body = call.json()
        if "tenant" in body:
            self._sandbox.put_tenant(_tenant_of(body["tenant"]))
        else:
            seed, users = body.get("seed", 0), body.get("users", 300)
            if not isinstance(seed, int) or not isinstance(users, int) or not 1 <= users <= 2_000_000:
                raise bad_request('A company is seeded with {"seed": 7, "users": 300}, or with {"tenant": {...}}.')
            self._sandbox.put_tenant(company(seed, users))
        return {"tenantId": self._sandbox.tenant.id, "users": len(self._sandbox.tenant.people)}

    def _dump(self, call: Call) -> Json:  # noqa: ARG002
        return dump_tenant(self._sandbox.tenant)

    def _requests(self, call: Call) -> Json:  # noqa: ARG002
        return {"value": self._sandbox.history.calls()}

    def _forget(self, call: Call) -> Json:  # noqa: ARG002
        self._sandbox.history.clear()
        return {}

    def _stats(self, call: Call) -> Json:  # noqa: ARG002
        history = self._sandbox.history
        names = ("requests", "calls", "throttled", "wasted", "early", "faults")
        return {
            **{name: history.totals[name] for name in names},
            "statuses": {str(status): count for status, count in sorted(history.statuses.items())},
        }


def _tenant_of(document: Any) -> Any:
    if not isinstance(document, dict):
        raise bad_request("A tenant is one JSON object whose keys are Graph paths.")
    try:
        return tenant_of(document)
    except TenantFileError as error:
        raise bad_request(str(error)) from error


def dump_or_origin(sandbox: Sandbox) -> Callable[[], Any]:
    """Return what brings the tenant back as it is now: its seed if it was generated, else its dump."""
    origin = sandbox.tenant.origin
    if origin is not None:
        return lambda: company(origin[1], origin[2])
    document = dump_tenant(sandbox.tenant)
    return lambda: tenant_of(document)
