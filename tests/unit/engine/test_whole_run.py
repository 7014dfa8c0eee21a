"""Whole runs on virtual time: how much of Graph's limits the engine uses and wastes, and how it tells its waits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from migrate.engine.wait_log import WORTH_KEEPING_SECONDS
from migrate.model.run import Ending
from migrate.model.waits import WaitKind
from migrate.sandbox.service import Sandbox
from tests.unit.engine.whole_run import CEILING, Figures, whole_run


def assert_pace(run: Figures, *, utilisation: float, wasted: float) -> None:
    print(run)
    assert run.result.ending is Ending.DONE
    assert set(run.result.outcomes) == {"confirmed"}
    assert run.utilisation >= utilisation, run
    assert run.wasted("writes") < wasted, run
    assert run.wasted("reads") < wasted, run
    assert run.wasted("Conditional Access") == 0, run
    # Documented: 3,000 writes in 150 seconds, whatever 150 seconds are looked at.
    assert run.most_writes_within(150) <= 3_000


@pytest.mark.long
def test_at_the_documented_limits_a_run_uses_them_and_wastes_next_to_nothing(tmp_path: Path) -> None:
    # Each wave begins with evidence that was just read: a fixed cost, which a run of this length carries.
    assert_pace(whole_run(tmp_path / "work", 20_000), utilisation=0.95, wasted=0.01)


def test_when_the_real_limit_is_half_a_run_slows_down_and_goes_on(tmp_path: Path) -> None:
    assert_pace(whole_run(tmp_path / "work", 5_000, write_rate_scale=0.5), utilisation=0.90, wasted=0.02)


def test_answers_that_take_over_a_second_hardly_slow_the_writing_down(tmp_path: Path) -> None:
    run = whole_run(tmp_path / "work", 4_000, latency=1.4)
    assert run.users / CEILING / run.screen.seconds["writing"] >= 0.82, run


# The first moment falls into the reading of policies, groups and roles, of which each answer is waited for.
@pytest.mark.parametrize(("moment", "within"), [(3.0, 8.0), (10.0, 2.0), (25.0, 2.0), (60.0, 2.0)])
def test_an_interrupt_ends_the_run_soon_and_leaves_nobody_in_doubt(
    moment: float, within: float, tmp_path: Path
) -> None:
    run = whole_run(tmp_path / "work", 3_000, stops_after=moment)
    assert run.result.ending is Ending.INTERRUPTED
    assert run.seconds - moment < within, run
    assert run.result.outcomes.keys() <= {"confirmed"}


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("settings", "utilised", "wasted"),
    [
        pytest.param({"throttled_calls_burn_budget": False}, 0.95, 0.01, id="documented"),
        pytest.param({}, 0.95, 0.01, id="documented-burning"),
        pytest.param({"write_rate_scale": 0.5, "throttled_calls_burn_budget": False}, 0.90, 0.02, id="half"),
        pytest.param({"write_rate_scale": 0.5}, 0.90, 0.02, id="half-burning"),
        pytest.param({"unit_rate_scale": 0.5}, 0.95, 0.01, id="half-the-reads-burning"),
    ],
)
def test_a_hundred_thousand_users(
    settings: dict[str, float | bool], utilised: float, wasted: float, tmp_path: Path
) -> None:
    run = whole_run(tmp_path / "work", 132_000, **settings)
    assert run.users > 100_000 * 0.99
    assert_pace(run, utilisation=utilised, wasted=wasted)


STATES = "users/*/authentication/requirements"
POLICIES = "identity/conditionalAccess/policies"
ALMA = "alma.berg@contoso.example"
EVERYBODY = "Require MFA for all users"


def faults(method: str, path: str, do: dict[str, Any], **match: Any) -> dict[str, Any]:
    """Let calls meet a fault, once planning is over."""
    script = {"faults": [{"match": {"method": method, "path": path, **match}, "do": do}], "seed": 1}
    return {"prepare": lambda sandbox: sandbox.load_faults(json.dumps(script).encode())}


def throttled(method: str, path: str, seconds: int | None, **match: Any) -> dict[str, Any]:
    headers = {} if seconds is None else {"Retry-After": str(seconds)}
    return faults(method, path, {"status": 429, "headers": headers}, **match)


def touch_policy(sandbox: Sandbox) -> None:
    policy = next(each for each in sandbox.tenant.policies.values() if each["displayName"] == EVERYBODY)
    policy["modifiedDateTime"] = sandbox.clock.iso()


@pytest.mark.parametrize(
    ("kind", "name", "options"),
    [
        pytest.param(WaitKind.THROTTLED, "reads", throttled("GET", STATES, 30, nth=400), id="reads held"),
        pytest.param(WaitKind.THROTTLED, "writes", throttled("PATCH", STATES, 30, nth=70), id="writes held"),
        pytest.param(WaitKind.THROTTLED, "writes", throttled("PATCH", STATES, 90, nth=70), id="held for long"),
        pytest.param(
            WaitKind.THROTTLED,
            "Conditional Access",
            throttled("GET", POLICIES, None, times=4),
            id="policies held",
        ),
        pytest.param(
            WaitKind.PACED,
            "Conditional Access",
            throttled("GET", POLICIES, 1, nth=[1, 2, 3, 4]),
            id="slow",
        ),
        pytest.param(
            WaitKind.TRYING_AGAIN,
            "reading per-user MFA states",
            faults("GET", STATES, {"status": 503}, user=ALMA, times=6),
            id="read fails",
        ),
        pytest.param(WaitKind.BUSY, "writes", faults("PATCH", STATES, {"status": 503}, user=ALMA, times=4), id="busy"),
        pytest.param(WaitKind.USERS_SHOW, "", {"state_read_lag_seconds": 20.0}, id="reads lag behind"),
        pytest.param(
            WaitKind.POLICY_SETTLES,
            EVERYBODY,
            {"prepare": touch_policy, "limit": {"policy_settle_seconds": 300}},
            id="settling",
        ),
        pytest.param(WaitKind.WAVE_DISTANCE, "to 10%", {"limit": {"wave_wait_seconds": 120}}, id="between waves"),
        pytest.param(WaitKind.PAUSED, "", {"paused": lambda seconds: 15 < seconds < 45}, id="paused"),
    ],
)
def test_every_wait_shows_its_reason_on_the_screen_and_in_the_journal(
    kind: WaitKind, name: str, options: dict[str, Any], tmp_path: Path
) -> None:
    run = whole_run(tmp_path / "work", 400, **options)
    assert run.result.ending is Ending.DONE
    assert (kind, name) in [(wait.kind, wait.name) for _, wait, _ in run.screen.waits]
    assert (kind, name) in run.journalled_waits
    for unexplained, waits in run.silences():
        # A little shorter ones go unsaid, and then the answer takes its time too.
        assert unexplained < WORTH_KEEPING_SECONDS + 1, waits
        assert not waits or set(waits) & set(run.journalled_waits)
