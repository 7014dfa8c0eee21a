"""The numbers of advice agree with sign-ins that the sandbox simulates, which shares no code with the adviser.

Of every person and every step a few dozen sign-ins are made before and after: with each kind of client, to each
application that policies tell apart, from inside and outside the office, with and without a device code.
"""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from migrate.decide.policy_steps import prepare
from migrate.model.advice import Number
from migrate.model.evidence import Evidence
from migrate.model.rules import DIRECTORY_SYNC_ROLE, Rules
from migrate.model.users import MfaState, UserRecord
from migrate.sandbox.service import Sandbox
from migrate.sandbox.sign_ins import sign_in
from migrate.sandbox.tenant_file import load_tenant_file
from tests.property.advised_tenants import EMERGENCY, TENANT, advised, after, tenant_of
from tests.property.test_what_if_and_sandbox_agree import tenant_document
from tests.unit.decide.coverage.tenants import EXCHANGE, HQ, LEAVERS, PAYROLL, PEOPLE, PILOT, object_id, policy
from tests.unit.decide.records import UNREGISTERED, rules

RAW = dict[str, Any]
NAMES = ("ada", "leo", "adam", "gina")
OTHER_APP = object_id("an app that no policy names")
APPS = (PAYROLL, EXCHANGE, OTHER_APP)
PLACES = ("203.0.113.10", "198.51.100.9")
"""In the office, and outside."""
FREE, BLOCKED = 0, 53003
REPORT_ONLY = "enabledForReportingButNotEnforced"

MODERN = [
    {"client": client, "app": app, "ip": place, **flow}
    for client, app, place, flow in product(
        ("browser", "mobileAppsAndDesktopClients"), APPS, PLACES, ({}, {"transfer": "deviceCodeFlow"})
    )
]
LEGACY = [
    {"client": client, "app": app, "ip": place}
    for client, app, place in product(("other", "exchangeActiveSync"), APPS, PLACES)
]


@st.composite
def plain_tenants(draw: st.DrawFn) -> list[RAW]:
    """Draw policies that ask only what the sign-ins above tell apart."""
    found = []
    for number in range(draw(st.integers(1, 4))):
        everybody = draw(st.sampled_from([True, True, False]))
        users = {
            "includeUsers": ["All"] if everybody else [],
            "includeGroups": [] if everybody else [PILOT],
            "excludeUsers": [EMERGENCY, *draw(st.sampled_from([[], [], [PEOPLE["adam"].id]]))],
            "excludeGroups": draw(st.sampled_from([[], [LEAVERS]])),
            "excludeRoles": [DIRECTORY_SYNC_ROLE],
        }
        apps = draw(
            st.sampled_from(
                [{}, {}, {"includeApplications": [EXCHANGE]}, {"excludeApplications": [PAYROLL]}],
            )
        )
        conditions: RAW = {}
        if draw(st.booleans()):
            conditions["clientAppTypes"] = draw(
                st.sampled_from(
                    [["browser"], ["browser", "mobileAppsAndDesktopClients"], ["exchangeActiveSync", "other"]]
                )
            )
        if draw(st.sampled_from([True, False, False])):
            conditions["locations"] = {"includeLocations": ["All"], "excludeLocations": [HQ]}
        if draw(st.sampled_from([True, False, False])):
            conditions["authenticationFlows"] = {"transferMethods": "deviceCodeFlow"}
        grant = draw(st.sampled_from([("mfa",), ("mfa",), ("block",)]))
        state = draw(st.sampled_from(["enabled", REPORT_ONLY]))
        found.append(policy(f"policy {number}", users=users, apps=apps, grant=grant, state=state, **conditions))
    return found


PEOPLE_DRAWN = st.tuples(
    *(
        st.builds(
            lambda state, profile=PEOPLE[name]: UserRecord(profile=profile, mfa_state=state, registration=UNREGISTERED),
            st.sampled_from(MfaState),
        )
        for name in NAMES
    )
)


def codes(proof: Evidence, states: dict[str, MfaState], sign_ins: list[RAW]) -> dict[str, list[int]]:
    """Return what the sandbox answers to each sign-in of each person. Nobody has a method, so MFA is never passed."""
    raws = [
        {
            **policy("made", users={}),
            **one.raw,
            "id": one.id if "-" in one.id and ":" not in one.id else object_id(one.id),
        }
        for one in proof.policies
    ]
    document = json.loads(tenant_document(raws))
    for name, state in states.items():
        path = f"users/{PEOPLE[name].id}/authentication/requirements"
        document[path] = {"perUserMfaState": state.value}
    sandbox = Sandbox(load_tenant_file(json.dumps(document).encode()))
    return {
        name: [
            int(sign_in(sandbox, {"user": PEOPLE[name].user_principal_name, **one})["status"]["errorCode"])
            for one in sign_ins
        ]
        for name in NAMES
    }


def expected(before: list[int], then: list[int], *, required: bool, waits: MfaState) -> set[Number]:
    """Return the numbers that these answers mean; the first ones are modern, the others legacy."""
    pairs = list(zip(before, then, strict=True))
    modern, legacy = pairs[: len(MODERN)], pairs[len(MODERN) :]
    found = set()
    if not required and any(now == FREE and later not in (FREE, BLOCKED) for now, later in modern):
        found.add(Number.WITHOUT_METHOD if waits is MfaState.ENABLED else Number.NEWLY_REQUIRED)
    everything = all(later == BLOCKED for _, later in pairs) and any(now != BLOCKED for now, _ in modern)
    if everything:
        return found | {Number.BLOCKED}
    if any(now == FREE and later != FREE for now, later in legacy):
        found.add(Number.LEGACY_CLIENTS)
    for number, flow in ((Number.DEVICE_CODE, True), (Number.OTHER_SIGN_INS, False)):
        newly = [
            one
            for one, (now, later) in zip(MODERN, modern, strict=True)
            if ("transfer" in one) is flow and now != BLOCKED and later == BLOCKED
        ]
        if newly:
            found.add(number)
    return found


COMPARED = {
    Number.NEWLY_REQUIRED,
    Number.WITHOUT_METHOD,
    Number.BLOCKED,
    Number.LEGACY_CLIENTS,
    Number.DEVICE_CODE,
    Number.OTHER_SIGN_INS,
}


@settings(
    max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate]
)
@given(raws=plain_tenants(), users=PEOPLE_DRAWN, pilot=st.booleans())
def test_newly_required_and_blocked_are_what_simulated_sign_ins_say(
    raws: list[RAW], users: tuple[UserRecord, ...], pilot: bool
) -> None:
    assert_agreement(raws, users, pilot=pilot)


@pytest.mark.long
@settings(max_examples=1_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(raws=plain_tenants(), users=PEOPLE_DRAWN, pilot=st.booleans())
def test_newly_required_and_blocked_are_what_simulated_sign_ins_say_at_length(
    raws: list[RAW], users: tuple[UserRecord, ...], pilot: bool
) -> None:
    assert_agreement(raws, users, pilot=pilot)


def assert_agreement(raws: list[RAW], users: tuple[UserRecord, ...], *, pilot: bool) -> None:
    """Compare the numbers of every proposal with sign-ins before and after it; with a pilot, ours is for a group."""
    decided: Rules = rules(emergency_access=(EMERGENCY,), create=pilot, scope_group=PILOT if pilot else None)
    adviser, advice = advised(raws, users, decided)
    off = dict.fromkeys(NAMES, MfaState.DISABLED)
    states = {name: user.mfa_state for name, user in zip(NAMES, users, strict=True)}
    today = prepare(TENANT, tenant_of(raws), decided).evidence
    before, as_it_is = codes(today, off, MODERN + LEGACY), codes(today, states, MODERN + LEGACY)
    for proposal in advice.proposals:
        then = codes(after(raws, decided, [proposal.remedy]), off, MODERN + LEGACY)
        for name, user in zip(NAMES, users, strict=True):
            found = adviser.behind(user, (proposal.number,))
            # Per-user MFA that is enabled without a method protects nobody: whoever signs in first registers.
            by_state = FREE not in as_it_is[name] and user.mfa_state is not MfaState.ENABLED
            required = by_state or FREE not in before[name]
            simulated = expected(before[name], then[name], required=required, waits=user.mfa_state)
            named = {Number.NEWLY_REQUIRED if one is Number.GUEST else one for one in found} & COMPARED
            assert named == simulated, (name, proposal.remedy)
