"""The emulated service: from a call to its answer, past permissions, limits and faults."""

import random
from typing import Any
from uuid import uuid4

from migrate.sandbox.audit import AuditLog
from migrate.sandbox.batch import answer_batch
from migrate.sandbox.clock import SandboxClock
from migrate.sandbox.endpoints.table import all_routes
from migrate.sandbox.history import History
from migrate.sandbox.lag import Lag
from migrate.sandbox.messages import Answer, Call, Caller, GraphError, Json, error_answer
from migrate.sandbox.odata.paging import Collection, entity, listing
from migrate.sandbox.routing import Router
from migrate.sandbox.settings import SandboxSettings
from migrate.sandbox.tenant import Tenant
from migrate.sandbox.tokens import TokenReader


class Sandbox:
    """One emulated tenant and everything around it. It belongs to one event loop."""

    def __init__(
        self, tenant: Tenant, settings: SandboxSettings | None = None, clock: SandboxClock | None = None
    ) -> None:
        self.settings = settings or SandboxSettings()
        self.clock = clock or SandboxClock()
        self.clock.advanced += tenant.clock_advanced
        self.key = uuid4().bytes
        """What our tokens are signed with."""
        self.tokens = TokenReader(self.key)
        self.router = Router(all_routes())
        self.history = History()
        self.put_tenant(tenant)

    def put_tenant(self, tenant: Tenant) -> None:
        """Serve another tenant; lags and the order of chance begin anew."""
        self.tenant = tenant
        self.lag = Lag(self.clock)
        self.audit = AuditLog(tenant, self.clock, self.settings)
        self.chance = random.Random(self.settings.seed)  # noqa: S311 - reproducible, not secret

    def answer(self, call: Call) -> Answer:
        """Answer one call that came on the wire."""
        try:
            call.caller = self._caller(call)
            if len(call.segments) == 1 and call.segments[0].lower() == "$batch":
                return self._answer_envelope(call)
            return self._answer_one(call)
        except GraphError as error:
            return self._refused(call, error)

    def answer_item(self, call: Call) -> Answer | None:
        """Answer one item of a batch; None drops it."""
        try:
            return self._answer_one(call)
        except GraphError as error:
            return self._refused(call, error)

    def _answer_envelope(self, call: Call) -> Answer:
        if call.method != "POST":
            raise GraphError(405, "Request_BadRequest", "A batch is sent with POST.")
        found = answer_batch(self, call)
        self.history.note(call, found.status, self.clock.now())
        return found

    def _answer_one(self, call: Call) -> Answer:
        found = self._served_as_given(call)
        if found is None:
            route = self.router.find(call)
            found = route.answer(self, call)
        self.history.note(call, found.status, self.clock.now())
        return found

    def _refused(self, call: Call, error: GraphError) -> Answer:
        self.history.note(call, error.status, self.clock.now())
        return error_answer(error, call, self.clock.iso())

    def _caller(self, call: Call) -> Caller:
        return self.tokens.caller(
            call.headers.get("authorization"), call.origin, self.clock.now(), own_only=self.settings.enforce_permissions
        )

    def _served_as_given(self, call: Call) -> Answer | None:
        """Answer a path that a tenant file gave as it is to be served."""
        if not self.tenant.extras or call.method != "GET":
            return None
        value: Any = self.tenant.extras.get(call.path.lower())
        if value is None:
            return None
        what = Collection(context=call.path, type_name="entity")
        if isinstance(value, dict) and isinstance(value.get("value"), list):
            value = value["value"]
        if isinstance(value, list):
            return listing(call, what, value, lambda each: each)
        return entity(call, what, value)

    def holds(self, call: Call, permission: str) -> bool:
        """Tell whether the caller holds a permission beyond those a call needs."""
        return call.caller is not None and permission in call.caller.permissions

    def seen_requirements(self, place: int) -> Json:
        """Return what a read sees of somebody's requirements."""
        current = self.tenant.people.requirements(place)
        found: Json = self.lag.seen(("state", place), current)
        return found

    def change_state(self, place: int, state: str, caller: Caller | None) -> None:
        """Write somebody's per-user state, with its lag and its audit event."""
        people = self.tenant.people
        former = people.requirements(place)
        before = str(former.get("perUserMfaState", "disabled"))
        self.lag.remember(("state", place), former, self.settings.state_read_lag_seconds)
        people.set_mfa_state(place, state)
        if before != state:
            self.audit.state_changed(caller, place, before, state)
