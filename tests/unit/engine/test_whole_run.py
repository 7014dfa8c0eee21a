"""Whole runs on virtual time: how much of Graph's limits the engine uses and wastes, and how it tells its waits."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.model.run import Ending
from tests.unit.engine.whole_run import Figures, whole_run


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


def test_at_the_documented_limits_a_run_uses_them_and_wastes_next_to_nothing(tmp_path: Path) -> None:
    assert_pace(whole_run(tmp_path / "work", 16_000), utilisation=0.95, wasted=0.01)


def test_when_the_real_limit_is_half_a_run_slows_down_and_goes_on(tmp_path: Path) -> None:
    assert_pace(whole_run(tmp_path / "work", 10_000, write_rate_scale=0.5), utilisation=0.90, wasted=0.02)


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
