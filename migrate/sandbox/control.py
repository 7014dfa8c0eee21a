"""The control plane under /_sandbox/: what a test steers the sandbox with. Clients of Graph never come here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from migrate.sandbox.company import company
from migrate.sandbox.concurrent_changes import apply_change
from migrate.sandbox.faults import Change, FaultError
from migrate.sandbox.managed_policies import KINDS, add_managed
from migrate.sandbox.messages import Answer, Call, GraphError, Json, bad_request
from migrate.sandbox.profiles import SMALLEST
from migrate.sandbox.service import Sandbox
from migrate.sandbox.sign_in_errors import Refused
from migrate.sandbox.sign_ins import register, sign_in
from migrate.sandbox.tenant_file import dump_tenant, tenant_of
from migrate.sandbox.tenant_sections import TenantFileError

_PLAIN = "application/json"


class Control:
    """Answer the control plane's calls."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._start = dump_or_origin(sandbox)
        self._calls = {(each.method, each.path): each for each in CALLS}

    def answer(self, call: Call) -> Answer:
        """Answer one call."""
        name = "/".join(call.segments[1:])
        found = self._calls.get((call.method, name))
        if found is None:
            known = ", ".join(f"{method} /_sandbox/{path}" for method, path in sorted(self._calls))
            raise GraphError(
                404, "NotFound", f"The control plane has no {call.method} /_sandbox/{name}. It has: {known}."
            )
        return Answer(200, found.answer(self, call), content_type=_PLAIN)

    def _clock(self, call: Call) -> Json:  # noqa: ARG002 - all handlers take the call
        clock = self._sandbox.clock
        return {"now": clock.iso(), "timestamp": clock.now(), "advanced": clock.advanced}

    def _advance(self, call: Call) -> Json:
        seconds = call.json().get("advance")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise bad_request('The clock is moved with {"advance": seconds}.')
        try:
            self._sandbox.clock.advance(seconds)
        except ValueError as error:
            raise bad_request(str(error)) from error
        self._sandbox.tenant.clock_advanced = self._sandbox.clock.advanced
        return self._clock(call)

    def _reset(self, call: Call) -> Json:  # noqa: ARG002
        self._sandbox.put_tenant(self._start())
        self._sandbox.history.clear()
        self._end_faults()
        self._sandbox.sign_in.forget()
        return {"tenantId": self._sandbox.tenant.id, "users": len(self._sandbox.tenant.people)}

    def _seed(self, call: Call) -> Json:
        body = call.json()
        if "tenant" in body:
            self._sandbox.put_tenant(_tenant_of(body["tenant"]))
        else:
            seed, users = body.get("seed", 0), body.get("users", 300)
            numbers = isinstance(seed, int) and isinstance(users, int)
            if not numbers or not SMALLEST <= users <= 2_000_000 or not body.keys() <= {"seed", "users"}:
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

    def _list_faults(self, call: Call) -> Json:  # noqa: ARG002
        return {"seed": self._sandbox.faults.seed, "value": self._sandbox.faults.listed()}

    def _add_faults(self, call: Call) -> Json:
        try:
            self._sandbox.load_faults(call.body)
        except FaultError as error:
            raise bad_request(str(error)) from error
        return self._list_faults(call)

    def _clear_faults(self, call: Call) -> Json:  # noqa: ARG002
        self._end_faults()
        return {}

    def _end_faults(self) -> None:
        self._sandbox.faults.clear()
        self._sandbox.tokens.expired.clear()

    def _list_sign_ins(self, call: Call) -> Json:  # noqa: ARG002
        """Show every sign-in, without the log's lag."""
        return {"value": self._sandbox.tenant.sign_ins[::-1]}

    def _sign_in(self, call: Call) -> Json:
        return sign_in(self._sandbox, call.json())

    def _register(self, call: Call) -> Json:
        body = call.json()
        place = self._sandbox.tenant.people.find(str(body.get("user", "")))
        if place is None:
            raise bad_request(f"Nobody in this tenant is called {body.get('user')!r}.")
        return register(self._sandbox, place, str(body.get("method", "microsoftAuthenticator")))

    def _change(self, call: Call) -> Json:
        try:
            change = msgspec.convert(call.json(), Change)
        except msgspec.ValidationError as error:
            raise bad_request(f"The change is not understood: {error}.") from error
        apply_change(self._sandbox, change)
        return {}

    def _manage(self, call: Call) -> Json:
        """Let Microsoft make one of its policies, report-only at first."""
        body = call.json()
        state = body.get("state", "enabledForReportingButNotEnforced")
        return add_managed(self._sandbox, str(body.get("kind")), str(state))

    def _grant(self, call: Call) -> Json:
        """Give an application its permissions: tokens made from now on hold these and no others."""
        body = call.json()
        app, permissions = body.get("appId"), body.get("permissions")
        if not isinstance(app, str) or not isinstance(permissions, list):
            raise bad_request('Permissions are given with {"appId": "...", "permissions": ["User.Read.All"]}.')
        self._sandbox.sign_in.grants[app.lower()] = frozenset(map(str, permissions))
        return {"appId": app, "permissions": sorted(map(str, permissions))}

    def _list_consents(self, call: Call) -> Json:  # noqa: ARG002
        return {"value": self._sandbox.sign_in.consents.listed()}

    def _consent(self, call: Call) -> Json:
        """Note that somebody, or an administrator for everybody, agreed to scopes."""
        body = call.json()
        app, scopes, user = body.get("appId"), body.get("scopes"), body.get("user")
        if not isinstance(app, str) or not isinstance(scopes, list):
            raise bad_request('Consent is given with {"appId": "...", "scopes": ["User.Read.All"], "user": "NAME"}.')
        try:
            person = self._sandbox.sign_in.people.find(str(user)) if user is not None else None
        except Refused as error:
            raise bad_request(f"Nobody who may sign in is called {user!r}.") from error
        self._sandbox.sign_in.consents.record(app, person.id if person else None, map(str, scopes))
        return self._list_consents(call)

    def _federate(self, call: Call) -> Json:
        return self._sandbox.sign_in.proofs.federate(call.json())

    def _add_partner(self, call: Call) -> Json:
        return self._sandbox.sign_in.people.add_partner(call.json())


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


@dataclass(frozen=True, slots=True)
class ControlCall:
    """One call of the control plane."""

    method: str
    path: str
    answer: Callable[[Control, Call], Any]
    summary: str


CALLS: tuple[ControlCall, ...] = (
    ControlCall("GET", "clock", Control._clock, "the sandbox's time, and how far it was moved"),
    ControlCall("POST", "clock", Control._advance, 'move the clock: `{"advance": seconds}`'),
    ControlCall(
        "POST",
        "reset",
        Control._reset,
        "bring the tenant back as it was at the start, forget requests, grants, consents and partners, end all faults",
    ),
    ControlCall(
        "POST", "seed", Control._seed, 'serve another tenant: `{"seed": 7, "users": 300}` or `{"tenant": {…}}`'
    ),
    ControlCall("GET", "dump", Control._dump, "the tenant as a tenant file"),
    ControlCall("GET", "requests", Control._requests, "the last calls, batch items among them"),
    ControlCall("DELETE", "requests", Control._forget, "forget them, and the totals"),
    ControlCall(
        "GET", "stats", Control._stats, "totals: requests, calls, throttled, wasted, too early, faults, statuses"
    ),
    ControlCall("GET", "faults", Control._list_faults, "the faults in force and how often each struck"),
    ControlCall("POST", "faults", Control._add_faults, "put a fault script in force; the answer names its seed"),
    ControlCall("DELETE", "faults", Control._clear_faults, "take all faults out of force"),
    ControlCall("GET", "signins", Control._list_sign_ins, "all simulated sign-ins, without the log's lag"),
    ControlCall(
        "POST",
        "signins",
        Control._sign_in,
        "simulate a sign-in: `user`, and `app`, `client`, `ip`, `country`, `platform`, `userAction`, `signInRisk`, "
        "`userRisk`, `transfer`, `compliant`, `joined`, `device` (its attributes), `mfa` (false: denied), `homeMfa`, "
        "`externalTenantId` and `externalUserType` (of a guest), `scopes` (`oidc` or `directory`: only baseline scopes "
        "are asked for) with `confidential`, `compliantNetwork`, `register` (a method), `interactive`",
    ),
    ControlCall("POST", "register", Control._register, 'register a method: `{"user": …, "method": …}`'),
    ControlCall(
        "POST",
        "change",
        Control._change,
        "another administrator's change: `user` with `state` or `set`; `assign`, `unassign` or `eligible` (a role); "
        "`policy` with `set` or `delete`; `group` with `add` or `remove`; "
        "`writes` (so many writes of another program, which share the tenant's window)",
    ),
    ControlCall(
        "POST",
        "managed",
        Control._manage,
        'let Microsoft make one of its own policies: `{"kind": "perUserMfa", "state": "enabled"}`; kinds: '
        + ", ".join(f"`{each}`" for each in KINDS),
    ),
    ControlCall("POST", "grants", Control._grant, 'an application\'s permissions: `{"appId": …, "permissions": […]}`'),
    ControlCall("GET", "consents", Control._list_consents, "what people and administrators agreed to"),
    ControlCall(
        "POST",
        "consents",
        Control._consent,
        'agree to scopes: `{"appId": …, "scopes": […], "user": …}`; without `user` for everybody',
    ),
    ControlCall(
        "POST",
        "federation",
        Control._federate,
        'trust assertions of another provider: `{"appId": …, "issuer": …, "subject": …, "audience": …}`',
    ),
    ControlCall(
        "POST",
        "partners",
        Control._add_partner,
        'let a partner\'s operator sign in (GDAP): `{"user": …, "homeTenantId": …, "roles": [template ids]}`; '
        "with `isServiceProvider` the tenant's partner settings know the home tenant",
    ),
)
