"""The emulated service: from a call to its answer, past permissions, limits and faults."""

import random
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import uuid4

from migrate.sandbox.audit import AuditLog
from migrate.sandbox.batch import answer_batch
from migrate.sandbox.clock import SandboxClock
from migrate.sandbox.endpoints.table import all_routes
from migrate.sandbox.fault_effects import struck
from migrate.sandbox.faults import Faults, read_script
from migrate.sandbox.history import History
from migrate.sandbox.lag import Lag
from migrate.sandbox.managed_policies import adapt_scope
from migrate.sandbox.messages import Answer, Call, Caller, GraphError, Json, bad_request, error_answer
from migrate.sandbox.odata.paging import Collection, entity, listing
from migrate.sandbox.permissions import check_permissions
from migrate.sandbox.routing import Route, Router
from migrate.sandbox.settings import SandboxSettings
from migrate.sandbox.sign_in_service import SignInService
from migrate.sandbox.tenant import Tenant
from migrate.sandbox.throttling import Patience, Throttle
from migrate.sandbox.tokens import TokenReader
from migrate.sandbox.urls import query_of


class Sandbox:
    """One emulated tenant and everything around it. It belongs to one event loop."""

    def __init__(
        self, tenant: Tenant, settings: SandboxSettings | None = None, clock: SandboxClock | None = None
    ) -> None:
        self.settings = settings or SandboxSettings()
        self.clock = clock or SandboxClock()
        self.key = uuid4().bytes
        """What our tokens are signed with."""
        self.tokens = TokenReader(self.key)
        self.router = Router(all_routes())
        self.history = History()
        self.faults = Faults()
        self.put_tenant(tenant)
        self.sign_in = SignInService(self)

    def put_tenant(self, tenant: Tenant) -> None:
        """Serve another tenant; lags, limits and the order of chance begin anew."""
        self.tenant = tenant
        self.clock.advanced = tenant.clock_advanced = max(self.clock.advanced, tenant.clock_advanced)
        self.reported: tuple[int, Sequence[int]] | None = None
        """Who is in the registration report, and after how many amendments that was found."""
        self.lag = Lag(self.clock)
        self.audit = AuditLog(tenant, self.clock, self.settings)
        self.throttle = Throttle(tenant, self.settings, self.clock)
        self.patience = Patience(self.clock)
        self.chance = random.Random(self.settings.seed)  # noqa: S311 - reproducible, not secret

    def answer(self, call: Call) -> Answer:
        """Answer one call that came on the wire."""
        try:
            call.caller = self._caller(call)
        except GraphError as error:
            return self._refused(call, error)
        return self._answer_through_faults(call) or Answer(204)

    def answer_item(self, call: Call) -> Answer | None:
        """Answer one item of a batch; None when a fault drops it."""
        return self._answer_through_faults(call)

    def _answer_through_faults(self, call: Call) -> Answer | None:
        key = (call.caller.app_id if call.caller else "", f"{call.method} {call.path.lower()}")
        if self.patience.is_early(key, call):
            self.history.totals["early"] += 1
            if self.settings.punish_early_retry:
                return self._refused(call, self.patience.punish(key, call))
        acts = self.faults.striking(call, self.tenant.people, self.clock.now())
        if not acts:
            return self._answer_plainly(call)
        self.history.totals["faults"] += len(acts)
        try:
            found = struck(self, call, acts, self._answer_plainly)
        except GraphError as error:  # a change of the script that cannot be made here
            return self._refused(call, error)
        if found is not None and found.status in (429, 503):
            self.patience.told_in_header(key, found.headers.get("Retry-After"), call)
        return found

    def _answer_plainly(self, call: Call) -> Answer:
        try:
            call.query = query_of(call.raw_query)
            if len(call.segments) == 1 and call.segments[0].lower() == "$batch" and call.batch_item is None:
                found = self._answer_envelope(call)
            else:
                found = self._answer_one(call)
        except GraphError as error:
            return self._refused(call, error)
        except RecursionError:
            return self._refused(call, bad_request("The request is nested too deeply."))
        self.history.note(call, found.status, self.clock.now())
        return found

    def _answer_envelope(self, call: Call) -> Answer:
        if call.method != "POST":
            raise GraphError(405, "Request_BadRequest", "A batch is sent with POST.")
        return answer_batch(self, call)

    def _answer_one(self, call: Call) -> Answer:
        given = self._served_as_given(call)
        if given is not None:
            return given
        route = self.router.find(call)
        headers = self._charge(call, route)
        found = self._carried_out(call, route)
        if headers:
            found.headers.update(headers)
        return found

    def _carried_out(self, call: Call, route: Route) -> Answer:
        if self.settings.enforce_permissions:
            check_permissions(call, route, self.tenant)
        return route.answer(self, call)

    def _charge(self, call: Call, route: Route) -> dict[str, str]:
        """Charge a call against its limiter; whoever comes too early is counted, and may be punished."""
        if not self.settings.throttle:
            return {}
        # Writes have a window of their own: who is told to wait with writing may still read.
        kind = f"{self.throttle.limit_of(route)} {'read' if call.method == 'GET' else 'write'}"
        key = (call.caller.app_id if call.caller else "", kind)
        if self.patience.is_early(key, call):
            self.history.totals["early"] += 1
            if self.settings.punish_early_retry:
                raise self._throttled(self.patience.punish(key, call))
        try:
            return self.throttle.charge(call, route)
        except GraphError as error:
            self.patience.told_in_header(key, error.headers.get("Retry-After"), call)
            if self.settings.throttled_write_applied and call.method != "GET":
                with suppress(GraphError):  # what would have been refused was not applied either
                    self._carried_out(call, route)
            raise self._throttled(error) from error

    def _throttled(self, error: GraphError) -> GraphError:
        self.history.totals["throttled"] += 1
        if self.settings.throttled_calls_burn_budget and "Retry-After" in error.headers:
            self.history.totals["wasted"] += 1
        return error

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
        if isinstance(value, list) and all(isinstance(each, dict) for each in value):
            return listing(call, what, value, lambda each: each)
        return entity(call, what, value if isinstance(value, dict) else {"value": value})

    def load_faults(self, script: bytes) -> int:
        """Put a fault script in force and return the seed of its chance; one is drawn when it names none.

        Raises FaultError for a script that is not understood.
        """
        read = read_script(script)
        seed = read.seed if read.seed is not None else self.chance.randrange(1 << 31)
        self.faults.load(read, seed)
        return seed

    def all_permissions(self) -> frozenset[str]:
        """Return every permission that some modelled call names; what an application without a list of its own holds.

        Reading hidden memberships is none of them: nobody has it unless it is granted by name.
        """
        return frozenset().union(
            *(each for route in self.router.routes for each in (*route.needs.delegated, *route.needs.application))
        )

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
            adapt_scope(self, people.user_id(place), state)
