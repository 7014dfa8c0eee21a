"""Every code that set-state and the PowerShell module promise, produced by the way from a request to its result."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec
import pytest

from migrate.decide.reverser import facts_of
from migrate.decide.set_state import plan_for, refusal_for, without_contradictions
from migrate.engine.state_requests import resolve
from migrate.model.instants import iso_utc
from migrate.model.journal import Operation
from migrate.model.reasons import Why
from migrate.model.set_state import RefusedRequest, StateRequest
from migrate.model.users import MfaState
from migrate.views.events import ResultCode, ResultEvent, ResultOutcome
from migrate.views.set_state import code_for, refused_result, result_of, results_of, stateless_result
from tests.unit.decide.records import UNREGISTERED, object_id
from tests.unit.engine.world import EMERGENCY, World

ADA, BEN = "ada@contoso.example", "ben@contoso.example"
Prepare = Callable[[World], None]


def request(name: str = ADA, **others: str) -> StateRequest:
    bare = StateRequest(
        index=0, object_id="", user_principal_name=name, recorded_state=None, plan_digest="", listed_state=None
    )
    return msgspec.structs.replace(bare, **others)


def result(
    asked: MfaState = MfaState.DISABLED,
    *,
    before: Prepare = lambda _: None,
    meanwhile: Prepare = lambda _: None,
    requests: tuple[StateRequest, ...] = (request(),),
) -> ResultEvent:
    """Set the first of the requests through the engine, as set-state does; `meanwhile` happens before it is sent."""
    world = World()
    names = {known.user_principal_name: user_id for user_id, known in world.tenant.profiles.items()}
    read = world.tenant.read_profiles

    async def by_name(keys):  # type: ignore[no-untyped-def]
        found = await read([names.get(key, key) for key in keys])
        return {key: found[names.get(key, key)] for key in keys}

    world.tenant.read_profiles = by_name  # type: ignore[method-assign]
    before(world)
    answers = asyncio.run(resolve(world.tenant, requests))
    answer = without_contradictions(answers, None if requests[0].listed_state else asked)[0]
    if not isinstance(answer, RefusedRequest) and answer.profile.id not in world.tenant.registered:
        answer = refusal_for(answer, asked, UNREGISTERED) or answer
    if isinstance(answer, RefusedRequest):
        return refused_result(answer, asked)
    plan, steps = plan_for(
        [answer],
        asked,
        facts_of(world.plan),
        restores=frozenset(),
        accept_uncovered="",
        emergency_access=(object_id(EMERGENCY),),
        created_at=iso_utc(world.tenant.now),
        tool_version="0",
        readback_timeout_seconds=3,
        apps_that_matter=None,
        baseline_scopes=None,
        made_from="",
    )
    meanwhile(world)
    world.run(plan, steps)
    entry = list(world.journal.entries(plan_digest=plan.digest, operation=Operation.SET_MFA_STATE))[-1]
    return result_of(answer, asked, entry, "")


def fates(*given: str) -> Prepare:
    return lambda world: world.tenant.fates.extend(given)


def state(found: str | None, name: str = "ada") -> Prepare:
    def change(world: World) -> None:
        if found is None:
            del world.tenant.states[object_id(name)]
        else:
            world.tenant.states[object_id(name)] = MfaState(found)

    return change


def unreadable(world: World) -> None:
    world.tenant.unreadable.add(object_id("ada"))


def uncovered(world: World) -> None:
    world.tenant.excluded.add(object_id("ada"))


def unregistered(world: World) -> None:
    world.tenant.registered.clear()


def interrupted() -> ResultEvent:
    world = World()
    world.tenant.read_profiles = lambda keys: _by_id(world, keys)  # type: ignore[method-assign, assignment, return-value]
    answers = asyncio.run(resolve(world.tenant, [request(object_id=object_id("ada"))]))
    (event,) = results_of(answers, MfaState.DISABLED, {}, {})
    return event


async def _by_id(world: World, keys: list[str]) -> dict[str, object]:
    return {key: world.tenant.profiles[key] for key in keys}


CASES: dict[str, tuple[ResultCode, ResultOutcome, Callable[[], ResultEvent]]] = {
    "set": (ResultCode.NONE, ResultOutcome.CONFIRMED, result),
    "already so": (ResultCode.NONE, ResultOutcome.UNCHANGED, lambda: result(meanwhile=state("disabled"))),
    "no such user": (
        ResultCode.NOT_FOUND,
        ResultOutcome.FAILED,
        lambda: result(requests=(request("nobody@contoso.example"),)),
    ),
    "deleted since": (ResultCode.NOT_FOUND, ResultOutcome.SKIPPED, lambda: result(meanwhile=state(None))),
    "deleted in the write": (
        ResultCode.NOT_FOUND,
        ResultOutcome.FAILED,
        lambda: result(meanwhile=fates("missing")),
    ),
    "two people": (
        ResultCode.AMBIGUOUS,
        ResultOutcome.FAILED,
        lambda: result(requests=(request(also_named=BEN),)),
    ),
    "two identities": (
        ResultCode.IDENTITY_MISMATCH,
        ResultOutcome.SKIPPED,
        lambda: result(requests=(request(BEN, object_id=object_id("ada")),)),
    ),
    "two states": (
        ResultCode.BAD_INPUT,
        ResultOutcome.SKIPPED,
        lambda: result(
            requests=tuple(
                msgspec.structs.replace(request(), listed_state=asked)
                for asked in (MfaState.DISABLED, MfaState.ENABLED)
            )
        ),
    ),
    "no state": (ResultCode.BAD_INPUT, ResultOutcome.SKIPPED, lambda: stateless_result(request())),
    "not covered": (ResultCode.NOT_COVERED, ResultOutcome.SKIPPED, lambda: result(before=uncovered)),
    "not registered": (
        ResultCode.NOT_REGISTERED,
        ResultOutcome.SKIPPED,
        lambda: result(MfaState.ENFORCED, before=lambda world: (unregistered(world), state("disabled")(world))[0]),
    ),
    "emergency access": (
        ResultCode.EMERGENCY_ACCESS,
        ResultOutcome.SKIPPED,
        lambda: result(requests=(request(f"{EMERGENCY}@contoso.example"),)),
    ),
    "cannot be read": (ResultCode.UNREADABLE, ResultOutcome.SKIPPED, lambda: result(before=unreadable)),
    "cannot be read any more": (ResultCode.UNREADABLE, ResultOutcome.FAILED, lambda: result(meanwhile=unreadable)),
    "drift": (ResultCode.DRIFT, ResultOutcome.SKIPPED, lambda: result(meanwhile=state("enabled"))),
    "drift while held": (
        ResultCode.DRIFT,
        ResultOutcome.SKIPPED,
        lambda: result(meanwhile=lambda world: (fates("held")(world), changes_when_asked(world))[0]),
    ),
    "token": (ResultCode.AUTHENTICATION, ResultOutcome.FAILED, lambda: result(meanwhile=fates("expired", "expired"))),
    "right": (ResultCode.PERMISSION_DENIED, ResultOutcome.FAILED, lambda: result(meanwhile=fates("forbidden"))),
    "throttling": (ResultCode.THROTTLED, ResultOutcome.FAILED, lambda: result(meanwhile=fates(*["throttled"] * 5))),
    "refusal": (ResultCode.REFUSED, ResultOutcome.FAILED, lambda: result(meanwhile=fates("refused"))),
    "accepted": (ResultCode.UNCONFIRMED, ResultOutcome.UNCONFIRMED, lambda: result(meanwhile=fates("ignored"))),
    "no answer": (ResultCode.UNCONFIRMED, ResultOutcome.FAILED, lambda: result(meanwhile=fates(*["unanswered"] * 5))),
    "interrupted": (ResultCode.OTHER, ResultOutcome.FAILED, interrupted),
}


def changes_when_asked(world: World) -> None:
    """Let somebody else set the user while the write is held back."""
    world.tenant.before_leaving = lambda: state("enabled")(world)


@pytest.mark.parametrize("case", CASES)
def test_a_request_ends_with_its_code(case: str) -> None:
    code, outcome, produce = CASES[case]
    event = produce()
    assert (event.code, event.outcome) == (code, outcome), event.message
    assert bool(event.message) == outcome.is_error


def test_no_promised_code_is_missing_above() -> None:
    assert {code for code, _, _ in CASES.values()} == set(ResultCode)


@pytest.mark.parametrize("why", list(Why))
def test_every_reason_has_a_code(why: Why) -> None:
    assert isinstance(code_for(why), ResultCode)
