"""Each fault seen in the wild, against the real command: F01 to F26 of the list in docs/when-things-go-wrong.md.

Whatever happens, the command ends, nobody is switched off who is not covered, no policy exists twice, the audit tells
the truth, and a run without the fault reaches what an undisturbed one reaches.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from migrate.commands import wiring
from migrate.graph.session import Connection
from migrate.settings import Settings
from tests.faults.lab import DAY, Lab, audit_tells_the_truth, open_lab

EndState = tuple[dict[str, str], list[tuple[str, str]]]

STATES = "users/*/authentication/requirements"
POLICIES = "identity/conditionalAccess/policies"
ONE_POLICY = "identity/conditionalAccess/policies/*"
MEMBERS = "groups/*/transitiveMembers/*"
HTML = "<html><body><h1>503 Service Unavailable</h1></body></html>"
BUSY_SECONDS = 60.0
"""However long the tool waits in its own time, the machine must not be kept busy."""
OWN_SECONDS = 2 * 3600.0
"""One call of the command ends within so long, in its own time."""


def on(method: str, path: str, do: dict[str, Any], **match: Any) -> dict[str, Any]:
    """Return one fault of a script."""
    return {"match": {"method": method, "path": path, **match}, "do": do}


@dataclass(frozen=True)
class Fault:
    """A fault, where it strikes, and how the first, disturbed run may end."""

    name: str
    script: tuple[dict[str, Any], ...]
    modes: tuple[str, ...] = ("adopt", "create")
    codes: tuple[int, ...] = (0,)
    """Exit codes of the disturbed run."""


def status(code: int, error: str = "", message: str = "", **more: Any) -> dict[str, Any]:
    """Return the action that answers a status."""
    return {"status": code, **({"code": error} if error else {}), **({"message": message} if message else {}), **more}


AFTER = {"headers": {"Retry-After": "7"}}
NO_PREMIUM = status(
    403,
    "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
    "Neither tenant is B2C or tenant has no premium licence",
)
SERVICE_FAULT = status(400, "BadRequest", "1037: The service is not able to complete the request now.")

FAULTS = [
    Fault("F01 429 on single items of a batch, without Retry-After",
          (on("PATCH", STATES, status(429), item=True, every=3, times=8),
           on("GET", STATES, status(429), item=True, every=7, times=8))),
    Fault("F02 429 on single items of a batch, with Retry-After",
          (on("PATCH", STATES, status(429, **AFTER), item=True, every=3, times=8),
           on("GET", STATES, status(429, **AFTER), item=True, every=7, times=8))),
    Fault("F03 a decimal Retry-After",
          (on("PATCH", STATES, status(429, headers={"Retry-After": "2.75"}), item=True, every=4, times=5),
           on("POST", "$batch", status(429, headers={"Retry-After": "1.5"}), every=5, times=3))),
    Fault("F04 429 of Conditional Access without a header",
          (on("GET", POLICIES, status(429), every=2, times=4),
           on("POST", POLICIES, status(429), nth=1),
           on("PATCH", ONE_POLICY, status(429), nth=1))),
    Fault("F05 429 when a policy just created is read back",
          (on("GET", ONE_POLICY, status(429), times=3),), modes=("create",)),
    Fault("F06 503 with an HTML page",
          (on("POST", "$batch", {"html": HTML, "status": 503}, every=3, times=4),
           on("GET", POLICIES, {"html": HTML, "status": 503}, nth=2),
           on("POST", POLICIES, {"html": HTML, "status": 503}, nth=1))),
    Fault("F07 504 UnknownError with an empty message",
          (on("POST", "$batch", status(504, "UnknownError"), every=3, times=4),
           on("PATCH", STATES, status(504, "UnknownError"), item=True, every=5, times=3),
           on("POST", POLICIES, status(504, "UnknownError"), nth=1),
           on("PATCH", ONE_POLICY, status(504, "UnknownError"), nth=1))),
    Fault("F08 the change is committed, then 504",
          (on("PATCH", STATES, status(504, "UnknownError", applied=True), item=True, every=2),
           on("POST", "$batch", status(504, "UnknownError", applied=True), every=4, times=4),
           on("POST", POLICIES, status(504, "UnknownError", applied=True)),
           on("PATCH", ONE_POLICY, status(504, "UnknownError", applied=True), nth=1))),
    Fault("F09 the change is committed, then the connection is reset",
          (on("POST", "$batch", {"reset": "after"}, every=4, times=5),
           on("POST", POLICIES, {"reset": "after"}),
           on("PATCH", ONE_POLICY, {"reset": "after"}, nth=1))),
    Fault("F10 the connection is reset on a read",
          (on("POST", "$batch", {"reset": "before"}, every=4, times=5),
           on("GET", POLICIES, {"reset": "before"}, every=2, times=3),
           on("GET", "organization", {"reset": "before"}, nth=2))),
    Fault("F11 200 with JSON that is cut short",
          (on("POST", "$batch", {"truncate": 90}, every=4, times=5),
           on("GET", POLICIES, {"truncate": 60}, every=2, times=3),
           on("POST", POLICIES, {"truncate": 60}))),
    Fault("F12 an error spliced into the list of a group's members",
          (on("GET", MEMBERS, {"splice": True}, times=2),)),
    Fault("F12 an error spliced into the list of a group's members, for as long as the run lasts",
          (on("GET", MEMBERS, {"splice": True}),), codes=(0, 1, 3, 4)),
    Fault("F16 the token expires in mid-run",
          (on("POST", "$batch", {"expireToken": True}, nth=9),), codes=(0, 4)),
    Fault("F16 single items of a batch meet an expired token",
          (on("PATCH", STATES, status(401, "InvalidAuthenticationToken"), item=True, every=3, times=4),)),
    Fault("F17 a claims challenge after our own policy change",
          (on("GET", ONE_POLICY, {"claims": True}, nth=1), on("POST", "$batch", {"claims": True}, nth=[1, 4]))),
    Fault("F19 404 when a policy just created is read back",
          (on("GET", ONE_POLICY, status(404, "ResourceNotFound"), times=4),), modes=("create",)),
    Fault("F20 409 Directory_ConcurrencyViolation",
          (on("PATCH", STATES, status(409, "Directory_ConcurrencyViolation"), item=True, every=3, times=6),)),
    Fault("F21 403 for a tenant without a premium licence, now and then",
          (on("GET", POLICIES, NO_PREMIUM, every=2, times=3),)),
    Fault("F22 400 that is a service fault on listing policies",
          (on("GET", POLICIES, SERVICE_FAULT, every=2, times=3),)),
    Fault("F22 400 that is a service fault on listing policies, for as long as the run lasts",
          (on("GET", POLICIES, SERVICE_FAULT),), codes=(4,)),
    Fault("F23 answers of a batch are missing or shuffled",
          (on("PATCH", STATES, {"drop": True}, item=True, every=3, times=6),
           on("GET", STATES, {"drop": True}, item=True, every=5, times=6),
           on("POST", "$batch", {"reorder": True}))),
    Fault("F24 1007 on creating a policy",
          (on("POST", POLICIES, status(400, "BadRequest", "1007: Policy creation is not allowed here.")),),
          modes=("create",), codes=(4,)),
    Fault("F25 a reply that takes minutes",
          (on("POST", "$batch", {"delay": 1.2}, nth=[3, 8]),
           on("POST", POLICIES, {"delay": 1.2}, nth=1), on("PATCH", ONE_POLICY, {"delay": 1.2}, nth=1))),
    Fault("F26 429 for ever on writes",
          (on("PATCH", STATES, status(429, **AFTER), item=True),), codes=(1, 4)),
    Fault("F26 429 for ever on everything",
          (on("POST", "$batch", status(429)), on("GET", "*", status(429))), codes=(4,)),
]  # fmt: skip


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], EndState]:
    """Return what a run without any fault reaches in a mode."""
    known: dict[str, EndState] = {}

    def reach(mode: str) -> EndState:
        if mode not in known:
            with open_lab(tmp_path_factory.mktemp(mode), mode=mode) as lab:
                lab.prepare()
                assert lab.apply_to_the_end() == 0
                known[mode] = lab.end_state()
        return known[mode]

    return reach


def hold_the_promises(lab: Lab, reached: EndState) -> None:
    """Assert what holds at every moment, however a run was disturbed."""
    covered = {user for user, state in reached[0].items() if state == "disabled"}
    assert lab.switched_off() <= covered, "somebody was switched off who is not proven covered"
    names = Counter(name for name, _ in lab.policies())
    assert max(names.values()) == 1, f"a policy exists twice: {names}"


def disturbed_run(lab: Lab, fault: Fault) -> int:
    """Run `apply` until it is through or ends otherwise, within bounds; return the last exit code."""
    allowed = tuple({0, *fault.codes})
    for _ in range(4):
        began, slept = time.process_time(), lab.clock.ahead
        code = lab.apply(allow=allowed)
        assert time.process_time() - began < BUSY_SECONDS
        assert lab.clock.ahead - slept < OWN_SECONDS
        if code != 0 or "Waiting:" not in lab.said:
            break
        lab.later(8 * DAY)
    return code


@pytest.mark.parametrize(
    ("fault", "mode"),
    [pytest.param(fault, mode, id=f"{fault.name}, {mode}") for fault in FAULTS for mode in fault.modes],
)
def test_apply_outlives(
    fault: Fault,
    mode: str,
    undisturbed: Callable[[str], EndState],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connection_for = wiring.connection_for

    def impatient(settings: Settings, asks: Sequence[str] = ()) -> Connection:
        return replace(connection_for(settings, asks), timeout_seconds=0.9)

    reached = undisturbed(mode)
    if "delay" in repr(fault.script):
        monkeypatch.setattr(wiring, "connection_for", impatient)
    with open_lab(tmp_path, mode=mode) as lab:
        lab.prepare()
        lab.faults(*fault.script)
        code = disturbed_run(lab, fault)
        assert code in fault.codes, lab.said
        assert lab.struck() > 0, "the fault never struck, so nothing was shown"
        hold_the_promises(lab, reached)
        if "1007" in fault.name:
            assert not lab.switched_off()
        lab.clear_faults()
        assert lab.apply_to_the_end() == 0, lab.said
        assert lab.end_state() == reached
        audit_tells_the_truth(lab)
        assert set(lab.rollback_rows()) == lab.switched_off()
