"""The gate between waves by whole commands: an ineffective write, a lockout and too little evidence each hold it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.laboratory import Lab
from tests.e2e.test_create_mode import DAY
from tests.e2e.test_sign_ins import sign_in

FIRST = ("apply", "--yes", "--max-users", "100%", "--skip-settle", "lab", "--until", "wave:1")
NEXT = FIRST[:-2]


@pytest.fixture
def moved(make_lab: Callable[..., Lab]) -> Lab:
    """Return a lab whose first wave is off, and whose people signed in before it."""
    lab = make_lab(signin_lag_seconds=0.0)
    lab.configure(waves='canary = ["alma.berg@contoso.example"]\ngate = true')
    sign_in(lab, "alma.berg")
    lab.advance(2 * DAY)
    lab.go("export")
    lab.go("plan")
    lab.go(*FIRST)
    assert lab.state_of("alma.berg") == "disabled"
    lab.advance(5 * DAY)
    return lab


def proof(lab: Lab) -> dict[str, Any]:
    lab.advance(3600)
    lab.go("sign-ins", "forget", "--all")
    lab.go("sign-ins", "read", "--days", "20")
    (first, *_) = lab.go("sign-ins", "waves", "-o", "json").document["waves"]
    return dict(first)


def failing(found: dict[str, Any]) -> set[str]:
    return {one["check"] for one in found["proof"]["checks"] if not one["holds"]}


def test_a_wave_that_signs_in_under_conditional_access_lets_the_next_one_begin(moved: Lab) -> None:
    sign_in(moved, "alma.berg")
    found = proof(moved)
    assert (found["verdict"], failing(found)) == ("goOn", set())
    assert found["proof"]["before"]["asked"]["perUser"] == 1
    assert "perUser" not in found["proof"]["after"]["asked"]
    moved.go("export")
    ran = moved.run(*NEXT)
    assert "wave 1" not in ran.err or ran.code == 0, ran.said


def test_without_a_log_the_next_wave_waits(moved: Lab) -> None:
    stopped = moved.go(*NEXT, code=3)
    assert "Wave 1 has not shown yet" in " ".join(stopped.err.split())
    assert "no log was read" in moved.go("sign-ins", "waves").out


def test_a_planted_ineffective_write_is_found_and_stops_the_next_wave(moved: Lab) -> None:
    moved.set_state("alma.berg", "enforced")
    sign_in(moved, "alma.berg")
    found = proof(moved)
    assert found["verdict"] == "stop"
    (check,) = [one for one in found["proof"]["checks"] if one["check"] == "perUserGone"]
    assert check["people"] == [moved.id_of("alma.berg")]
    assert "Wave 1 went wrong" in " ".join(moved.go(*NEXT, code=3).err.split())


def test_whoever_only_fails_since_is_named_and_stops_the_next_wave(moved: Lab) -> None:
    sign_in(moved, "alma.berg", mfa=False)
    found = proof(moved)
    assert "lockedOut" in failing(found)
    assert moved.name_of("alma.berg") in moved.go("sign-ins", "waves").out


CANARY = 'canary = ["alma.berg@contoso.example"]'


def test_without_the_setting_the_gate_only_advises_once_a_plan_is_made_without_it(moved: Lab) -> None:
    sign_in(moved, "alma.berg")
    proof(moved)
    assert "Advised: waves.gate" not in moved.go("sign-ins", "waves").out
    moved.configure(waves=CANARY)
    assert "Advised: waves.gate = true" in moved.go("sign-ins", "waves").out
    moved.go("export")
    moved.go("plan", "--supersede")
    ran = moved.run(*NEXT)
    assert "has not shown yet" not in ran.err


def test_a_gate_that_is_loosened_in_the_middle_of_a_run_is_refused_and_a_stricter_one_obeyed(moved: Lab) -> None:
    moved.configure(waves=CANARY)
    refused = " ".join(moved.go(*NEXT, code=3).err.split())
    assert "waves.gate: true -> false" in refused
    assert "--supersede" in refused
    moved.configure(waves=f"{CANARY}\ngate = true\n[sign_ins.wave_gate]\nseen_again = 0.1\nworking_days = 0")
    refused = " ".join(moved.go(*NEXT, code=3).err.split())
    assert "sign_ins.wave_gate: working_days 1, seen_again 0.6 -> working_days 0, seen_again 0.1" in refused
    assert moved.state_of("alma.berg") == "disabled"
    moved.configure(waves=f"{CANARY}\ngate = true\n[sign_ins.wave_gate]\nworking_days = 3")
    held = " ".join(moved.go(*NEXT, code=3).err.split())
    assert "obeyed, though the plan is older: sign_ins.wave_gate: working_days 1 -> working_days 3" in held
    assert "Wave 1 has not shown yet" in held
    assert "the limit is 3" in held
