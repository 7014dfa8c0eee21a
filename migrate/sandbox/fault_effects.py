"""What faults do to a call: before it is carried out, instead of it, and to its answer."""

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING

from migrate.sandbox.broken_answers import with_broken_json
from migrate.sandbox.concurrent_changes import apply_change
from migrate.sandbox.faults import Act, fault_answer
from migrate.sandbox.lag import ABSENT
from migrate.sandbox.messages import Answer, Call, GraphError, error_answer
from migrate.sandbox.tokens import refusal

if TYPE_CHECKING:
    from migrate.sandbox.service import Sandbox

_CLAIMS = '{"access_token":{"nbf":{"essential":true,"value":"%d"}}}'


def struck(sandbox: "Sandbox", call: Call, acts: list[Act], perform: Callable[[Call], Answer]) -> Answer | None:
    """Carry a call out under faults; None when its answer is to be left out of the batch."""
    found = _instead(sandbox, call, acts)
    if found is None:
        for act in acts:
            if act.change is not None:
                apply_change(sandbox, act.change)
        _remember_stale(sandbox, call, acts)
        found = perform(call)
        for act in acts:
            if act.change_after is not None:
                apply_change(sandbox, act.change_after)
    for act in acts:
        found = _changed(sandbox, call, act, found)
    return None if any(act.drop for act in acts) and call.batch_item is not None else found


def _instead(sandbox: "Sandbox", call: Call, acts: list[Act]) -> Answer | None:
    """Return what is answered without carrying the call out, if a fault says so."""
    for act in acts:
        try:
            if act.reset == "before":
                return Answer(500, reset=True)
            if act.expire_token:
                sandbox.tokens.expired.add(call.headers.get("authorization", ""))
                raise refusal(call.origin, "Lifetime validation failed, the token is expired.", error="invalid_token")
            if act.claims:
                raise _challenge(sandbox, call)
        except GraphError as error:
            return _refused(sandbox, call, error)
        if (act.status is not None or act.html is not None) and not act.applied:
            return _scripted(sandbox, call, act)
    return None


def _challenge(sandbox: "Sandbox", call: Call) -> GraphError:
    claims = base64.b64encode((_CLAIMS % int(sandbox.clock.now())).encode()).decode()
    return refusal(
        call.origin, "Continuous access evaluation resulted in challenge.", error="insufficient_claims", claims=claims
    )


def _refused(sandbox: "Sandbox", call: Call, error: GraphError) -> Answer:
    sandbox.history.note(call, error.status, sandbox.clock.now())
    return error_answer(error, call, sandbox.clock.iso())


def _scripted(sandbox: "Sandbox", call: Call, act: Act) -> Answer:
    if act.html is not None:
        found = Answer(act.status or 503, act.html, dict(act.headers), content_type="text/html; charset=utf-8")
    elif act.body is not None:
        found = Answer(act.status or 500, act.body, dict(act.headers))
    else:
        return _refused(sandbox, call, fault_answer(act))
    sandbox.history.note(call, found.status, sandbox.clock.now())
    return found


def _remember_stale(sandbox: "Sandbox", call: Call, acts: list[Act]) -> None:
    """Let reads see what was there before this write, for as long as the script says."""
    seconds = max(act.stale for act in acts)
    if not seconds:
        return
    parts = [each.lower() for each in call.segments]
    if len(parts) >= 3 and parts[0] == "users":
        place = sandbox.tenant.people.find(call.segments[1])
        if place is not None:
            sandbox.lag.remember(("state", place), sandbox.tenant.people.requirements(place), seconds)
    elif "policies" in parts and len(parts) > 3:
        former = sandbox.tenant.policies.get(parts[-1], ABSENT)
        sandbox.lag.remember(("policy", parts[-1]), former, seconds)


def _changed(sandbox: "Sandbox", call: Call, act: Act, found: Answer) -> Answer:
    if act.applied and (act.status is not None or act.html is not None):
        found = _scripted(sandbox, call, act)
    found.delay += act.delay
    found.reset = found.reset or act.reset == "after"
    found.splice = found.splice or act.splice
    if act.truncate is not None:
        found.truncate = act.truncate
    if act.reorder and isinstance(found.body, dict) and "responses" in found.body:
        found.body = {"responses": sorted(found.body["responses"], key=lambda each: str(each["id"]), reverse=True)}
    found.omit |= frozenset(each.lower() for each in act.omit)
    found.padding = max(found.padding, act.padding)
    found.gzip = found.gzip or act.gzip
    with_broken_json(found, call, act)
    return found
