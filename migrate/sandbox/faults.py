"""Faults as scripts: which calls to match, and what to do to them. Chance is drawn from a seed, so runs repeat."""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal
from urllib.parse import unquote_plus

import msgspec
from msgspec import Meta

from migrate.sandbox.messages import Call, GraphError, Json
from migrate.sandbox.people import People

Cut = Literal["before", "after"]
_LOGIN = "login"
Nth = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(ge=0, le=86_400)]
_HEADER_NAME = re.compile(r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
_HEADER_VALUE = re.compile(r"^[\t\x20-\x7e\xa0-\xff]*$")


class FaultError(ValueError):
    """A fault script that cannot be understood, with one sentence on why."""


class Match(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Which calls a fault meets. What is left out matches everything."""

    method: str | None = None
    path: str | None = None
    """The path after the version, with * for anything."""
    version: str | None = None
    """v1.0, beta, or login for calls of the sign-in service, which no other fault without `aadsts` meets."""
    user: str | None = None
    """Object id or user principal name of the user in the path."""
    item: bool | str | None = None
    """True: batch items only; false: calls of their own only; a text: the item with this id."""
    nth: Nth | list[Nth] | None = None
    """Only the n-th matching call, counted from 1; or several of them."""
    every: Nth | None = None
    """Each n-th matching call."""
    times: Nth | None = None
    """At most so often."""
    chance: Annotated[float, Meta(ge=0, le=1)] | None = None
    """With this probability, drawn from the seed."""
    query: str | None = None
    """A part of the query string, decoded, in any case."""
    seconds: Seconds | None = None
    """Only for so many seconds of the sandbox's clock after the first matching call."""


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that another administrator does at the same time."""

    user: str | None = None
    state: Literal["disabled", "enabled", "enforced"] | None = None
    """The user's new per-user state."""
    policy: str | None = None
    group: str | None = None
    add: str | None = None
    """A user to add to the group."""
    remove: str | None = None
    """A user to take out of the group."""
    assign: str | None = None
    """Template id of a directory role that the user gets, as by activating it."""
    unassign: str | None = None
    """Template id of a directory role that the user loses."""
    eligible: str | None = None
    """Template id of a directory role that the user may activate from now on (PIM)."""
    set: dict[str, Any] | None = None
    """Members to set on the user or the policy."""
    delete: bool = False
    """Delete the policy."""
    writes: Annotated[int, Meta(ge=0)] = 0
    """Another program writes so much at this moment; all writers share the tenant's window."""

    def does_something(self) -> bool:
        """Tell whether the change names what it changes, and how."""
        if self.policy is not None:
            return bool(self.set) or self.delete
        if self.group is not None:
            return self.add is not None or self.remove is not None
        if self.user is not None:
            roles = any(each is not None for each in (self.assign, self.unassign, self.eligible))
            return self.state is not None or bool(self.set) or roles
        return self.writes > 0


class Act(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What a fault does. Several members may be combined."""

    status: Annotated[int, Meta(ge=200, le=599)] | None = None
    """Answer this status instead; the call is not carried out, unless `applied`."""
    code: str | None = None
    message: str | None = None
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    body: Any = None
    aadsts: Annotated[int, Meta(ge=1)] | None = None
    """Let the sign-in service refuse with this AADSTS code."""
    html: str | None = None
    """Answer this page as text/html (status 503 unless given)."""
    applied: bool = False
    """Carry the call out before answering the status."""
    delay: Seconds = 0.0
    """Seconds before the answer."""
    reset: Cut | None = None
    """Cut the connection before or after the change is committed."""
    truncate: Annotated[int, Meta(ge=0)] | None = None
    """Send only so many bytes of the body, then close."""
    splice: bool = False
    """Break off in the middle of the JSON and append an error object, as a failing stream does."""
    drop: bool = False
    """Leave this item out of the batch answer."""
    reorder: bool = False
    """Answer the batch in reversed order."""
    expire_token: bool = False
    """Treat this token as expired from now on."""
    claims: bool = False
    """Answer a claims challenge; `times` says how often."""
    next_link: Literal["loop", "endless", "expire"] | None = None
    """Let the next page be this one again (under the same link, or always under another one), or its link expired."""
    empty_pages: Annotated[int, Meta(ge=0, le=10_000)] = 0
    """Put so many pages without an element before this one."""
    duplicates: Annotated[int, Meta(ge=0)] = 0
    """Repeat so many elements of this page at the start of the next."""
    put: dict[str, Any] = msgspec.field(default_factory=dict)
    """Members of the answer's JSON to change, by path: names and numbers with dots between, * for all."""
    remove: list[str] = msgspec.field(default_factory=list)
    """Members of the answer's JSON to leave out, by path."""
    omit: list[str] = msgspec.field(default_factory=list)
    """Headers to leave out of the answer."""
    padding: Annotated[int, Meta(ge=0, le=4_000_000_000)] = 0
    """So many blanks before the body, which stays valid JSON."""
    gzip: bool = False
    """Send the body compressed."""
    depth: Annotated[int, Meta(ge=0, le=5_000_000)] = 0
    """Answer JSON that is nested so deep instead."""
    stale: Seconds = 0.0
    """Let reads show the value from before this write for so many seconds."""
    change: Change | None = None
    """Another administrator's change, before the call is carried out."""
    change_after: Change | None = None
    """Another administrator's change, right after it."""


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a fault script."""

    do: Act
    match: Match = Match()
    name: str | None = None


class Chaos(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The random mode: this share of all calls fails in one of these ways."""

    rate: Annotated[float, Meta(ge=0, le=1)]
    kinds: Annotated[
        list[Literal["throttle", "unavailable", "error", "resetBefore", "resetAfter", "dropItem", "slow", "html"]],
        Meta(min_length=1),
    ] = msgspec.field(default_factory=lambda: ["throttle", "unavailable", "error", "resetBefore", "resetAfter"])


class Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fault file. `title`, `tenant` and `expect` are for people who read it."""

    title: str | None = None
    tenant: str | None = None
    expect: str | None = None
    faults: list[Fault] = msgspec.field(default_factory=list)
    seed: int | None = None
    random: Chaos | None = None


_CHAOS: dict[str, Act] = {
    "throttle": Act(status=429, code="TooManyRequests", headers={"Retry-After": "1"}),
    "unavailable": Act(status=503, code="ServiceUnavailable", headers={"Retry-After": "1"}),
    "error": Act(status=500, code="InternalServerError"),
    "resetBefore": Act(reset="before"),
    "resetAfter": Act(reset="after"),
    "dropItem": Act(drop=True),
    "slow": Act(delay=0.5),
    "html": Act(html="<html><body><h1>Bad gateway</h1></body></html>", status=502),
}


def read_script(data: bytes) -> Script:
    """Read a fault file. Raises FaultError with the place and reason."""
    try:
        script = msgspec.json.decode(data, type=Script)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise FaultError(f"The fault script is not understood: {error}.") from error
    for place, fault in enumerate(script.faults):
        if problem := _problem(fault.do):
            raise FaultError(f"The fault {fault.name or f'at $.faults[{place}]'} {problem}.")
    return script


def _problem(act: Act) -> str | None:
    """Return what is wrong with a fault although each of its members is right."""
    if act == Act():
        return "does nothing"
    described = act.code or act.message or act.headers or act.body is not None or act.applied
    if described and act.status is None and act.html is None:
        return "describes an answer, but has no status"
    if not all(_HEADER_NAME.match(name) and _HEADER_VALUE.match(value) for name, value in act.headers.items()):
        return "has a header that HTTP cannot carry"
    if not all((*act.put, *act.remove)) and (act.put or act.remove):
        return "names no member to change"
    if not all(change.does_something() for change in (act.change, act.change_after) if change is not None):
        return "has a change that changes nothing"
    return None


@dataclass(slots=True)
class _Armed:
    fault: Fault
    seen: int = 0
    done: int = 0
    first: float = 0.0
    """When its first call came, on the sandbox's clock."""


@dataclass(slots=True)
class Faults:
    """The faults in force, and how often each has met its call."""

    _armed: list[_Armed] = field(default_factory=list)
    _chaos: Chaos | None = None
    seed: int = 0
    _chance: random.Random = field(default_factory=random.Random)

    def load(self, script: Script, seed: int) -> None:
        """Put a script in force, beside those already there; the seed drives its chance."""
        self._armed += [_Armed(fault) for fault in script.faults]
        self._chaos = script.random or self._chaos
        self.seed = seed
        self._chance = random.Random(seed)  # noqa: S311 - reproducible faults, not secrets

    def clear(self) -> None:
        """Take all faults out of force."""
        self._armed.clear()
        self._chaos = None

    def listed(self) -> list[Json]:
        """Return what is in force and how often it struck."""
        return [{**msgspec.to_builtins(each.fault), "matched": each.seen, "struck": each.done} for each in self._armed]

    def striking(self, call: Call, people: People, now: float) -> list[Act]:
        """Return what strikes this call at this time of the sandbox's clock, in the order of the script."""
        if not self._armed and self._chaos is None:
            return []
        graphs = (each for each in self._armed if not _is_for_sign_in(each.fault))
        found = [each.fault.do for each in graphs if self._strikes(each, call, people, now)]
        return [*found, *self._drawn(call)]

    def striking_sign_in(self, call: Call, now: float, *, codes: bool = False) -> list[Act]:
        """Return what strikes a call of the sign-in service: refusals by code, or all else that is meant for it."""
        mine = (each for each in self._armed if _is_for_sign_in(each.fault))
        wanted = (each for each in mine if (each.fault.do.aadsts is not None) is codes)
        return [each.fault.do for each in wanted if self._strikes(each, call, None, now)]

    def _drawn(self, call: Call) -> Iterator[Act]:
        chaos = self._chaos
        if chaos is None or self._chance.random() >= chaos.rate:
            return
        kind = self._chance.choice(chaos.kinds)
        if kind != "dropItem" or call.batch_item is not None:
            yield _CHAOS[kind]

    def _strikes(self, armed: _Armed, call: Call, people: People | None, now: float) -> bool:
        match = armed.fault.match
        if not _meets(match, call, people):
            return False
        armed.first = armed.first if armed.seen else now
        armed.seen += 1
        if match.seconds is not None and now - armed.first > match.seconds:
            return False
        wanted = [match.nth] if isinstance(match.nth, int) else match.nth
        if wanted is not None and armed.seen not in wanted:
            return False
        if match.every is not None and armed.seen % match.every:
            return False
        if match.times is not None and armed.done >= match.times:
            return False
        if match.chance is not None and self._chance.random() >= match.chance:
            return False
        armed.done += 1
        return True


def _is_for_sign_in(fault: Fault) -> bool:
    return fault.do.aadsts is not None or fault.match.version == _LOGIN


def _meets(match: Match, call: Call, people: People | None) -> bool:
    if match.method is not None and match.method.upper() != call.method:
        return False
    if match.version not in (None, call.version or _LOGIN):
        return False
    if match.item is not None:
        is_item = call.batch_item is not None
        if (isinstance(match.item, bool) and match.item != is_item) or (
            isinstance(match.item, str) and match.item != call.batch_item
        ):
            return False
    if match.path is not None and not fnmatchcase(call.path.lower(), match.path.strip("/").lower()):
        return False
    sent = call.raw_query if call.version else f"{call.raw_query}&{call.body.decode('latin-1')}"
    if match.query is not None and match.query.lower() not in unquote_plus(sent).lower():
        return False
    return match.user is None or (people is not None and _names_user(match.user, call, people))


def _names_user(user: str, call: Call, people: People) -> bool:
    place = people.find(user)
    if place is None or len(call.segments) < 2 or call.segments[0].lower() != "users":
        return False
    return people.find(call.segments[1]) == place


def fault_answer(act: Act) -> GraphError:
    """Return the refusal that a fault without a body of its own makes."""
    status = act.status or 500
    codes = {
        429: "TooManyRequests",
        503: "ServiceUnavailable",
        504: "GatewayTimeout",
        403: "Authorization_RequestDenied",
    }
    return GraphError(status, act.code or codes.get(status, "UnknownError"), act.message or "", headers=act.headers)
