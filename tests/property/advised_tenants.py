"""Random tenants that need advice, and what becomes of them once advice is taken: by a plan, not by the adviser."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st
from msgspec import structs

from migrate.decide.advice.advising import Adviser
from migrate.decide.advice.taking import evidence_after, rules_after
from migrate.decide.coverage.judge import Judge
from migrate.decide.kept_out import kept_out
from migrate.decide.policy_steps import prepare
from migrate.model.advice import Advice, Remedy
from migrate.model.coverage import Coverage
from migrate.model.evidence import Evidence
from migrate.model.plan import AcceptedGap
from migrate.model.rules import DIRECTORY_SYNC_ROLE, Rules
from migrate.model.templates import Template, Wish
from migrate.model.users import MfaState, Registration, UserRecord
from tests.property.random_tenants import policies
from tests.unit.decide.coverage.tenants import (
    BROKEN,
    EXCHANGE,
    GPS,
    HQ,
    LEAVERS,
    PAYROLL,
    PEOPLE,
    PILOT,
    ROLES,
    evidence,
    object_id,
)
from tests.unit.decide.records import ROOM_SKU, rules, sku, snapshot, sync_role

RAW = dict[str, Any]
HEADER = snapshot(len(PEOPLE), sku(), sku("MEETING_ROOM", ROOM_SKU))
TENANT = HEADER.organization.tenant_id
EMERGENCY = object_id("user lars")
_REPORT_ONLY = "enabledForReportingButNotEnforced"
_PEOPLE = st.sampled_from([PILOT, LEAVERS, LEAVERS, BROKEN])
_NAMED = st.sampled_from([PEOPLE[name].id for name in ("ada", "adam", "gina", "lars")])
_MANAGED = "Microsoft-managed: Multifactor authentication for per-user multifactor authentication users"

REGISTRATIONS = st.sampled_from(
    [
        None,
        Registration(is_mfa_registered=False, is_mfa_capable=False, methods_registered=(), last_updated_date_time=None),
        Registration(
            is_mfa_registered=True,
            is_mfa_capable=True,
            methods_registered=("mobilePhone",),
            last_updated_date_time=None,
        ),
        Registration(
            is_mfa_registered=True, is_mfa_capable=True, methods_registered=("fido2",), last_updated_date_time=None
        ),
        Registration(
            is_mfa_registered=True,
            is_mfa_capable=False,
            methods_registered=("mobilePhone",),
            last_updated_date_time=None,
        ),
    ]
)


@st.composite
def people(draw: st.DrawFn) -> tuple[UserRecord, ...]:
    """Draw a state and a registration for each of the invented people."""
    return tuple(
        UserRecord(
            profile=profile,
            mfa_state=draw(
                st.sampled_from([MfaState.DISABLED, MfaState.ENABLED, MfaState.ENFORCED, MfaState.ENFORCED])
            ),
            registration=draw(REGISTRATIONS),
        )
        for profile in PEOPLE.values()
    )


@st.composite
def tenants_with_holes(draw: st.DrawFn, most: int = 4) -> list[RAW]:
    """Draw policies of which every one has a hole or two: asleep, an exclusion, some client apps only."""
    keys = ["apps", *draw(st.lists(st.sampled_from(["authenticationFlows", "signInRiskLevels"]), max_size=1))]
    found = []
    for number in range(draw(st.integers(1, most))):
        raw = copy.deepcopy(draw(policies(keys, number)))
        conditions = raw["conditions"]
        raw["state"] = draw(st.sampled_from(["enabled", "enabled", _REPORT_ONLY, _REPORT_ONLY, "disabled"]))
        if draw(st.booleans()):
            conditions["users"]["excludeGroups"] += [draw(_PEOPLE)]
        if draw(st.booleans()):
            conditions["users"]["excludeUsers"] += [draw(_NAMED)]
        if draw(st.sampled_from([True, True, True, False])):
            # As every policy should be: without its emergency access and the directory synchronization.
            conditions["users"]["excludeUsers"] += [EMERGENCY]
            conditions["users"]["excludeRoles"] += [DIRECTORY_SYNC_ROLE]
        if draw(st.sampled_from([False, False, True])):
            places = draw(st.lists(st.sampled_from(["AllTrusted", HQ, GPS]), min_size=1, max_size=2, unique=True))
            conditions["locations"] = {"includeLocations": ["All"], "excludeLocations": places}
        if draw(st.sampled_from([False, False, True])):
            conditions["applications"]["excludeApplications"] = [
                draw(st.sampled_from([EXCHANGE, PAYROLL, "Office365"]))
            ]
        if draw(st.sampled_from([False, False, True])):
            conditions["clientAppTypes"] = draw(
                st.sampled_from([["browser", "mobileAppsAndDesktopClients"], ["other", "exchangeActiveSync"]])
            )
        if draw(st.sampled_from([False] * 11 + [True])):
            raw["displayName"] = _MANAGED
        found.append(raw)
    return found


RULES = st.builds(
    lambda create, scope, wishes, none, accepted, guests: rules(
        create=create,
        scope_group=scope,
        wishes=wishes,
        emergency_access=() if none else (EMERGENCY,),
        emergency_none=none,
        accepted_gaps=accepted,
        guests=guests,
    ),
    st.sampled_from([False, False, False, True]),
    st.sampled_from([None, None, PILOT]),
    st.sampled_from([(), (), (Wish(template=Template.LEGACY_AUTHENTICATION),)]),
    st.sampled_from([None, None, None, "a small tenant"]),
    st.sampled_from(
        [
            (),
            (),
            tuple(
                AcceptedGap(tag=tag, reason="a test", expires="2027-01-01")
                for tag in ("location:trusted", "clientAppType:other", "clientAppType:exchangeActiveSync")
            ),
        ]
    ),
    st.booleans(),
)


def tenant_of(raws: list[RAW]) -> Evidence:
    """Return the invented tenant with these policies; the role of the directory synchronization is held by pim."""
    held = sync_role()
    role = structs.replace(held, holders=frozenset({object_id("user pim")}))
    return evidence(*raws, roles={one.template_id: one for one in (*ROLES, role)})


def advised(raws: list[RAW], users: Iterable[UserRecord], decided: Rules) -> tuple[Adviser, Advice]:
    """Return the adviser of a tenant, and what it says."""
    adviser = Adviser(HEADER, tenant_of(raws), decided)
    adviser.take(users)
    return adviser, adviser.advice()


def after(raws: list[RAW], decided: Rules, remedies: Iterable[Remedy]) -> Evidence:
    """Return the tenant as a plan made after these steps would leave it."""
    taken = tuple(remedies)
    return prepare(TENANT, evidence_after(tenant_of(raws), taken), rules_after(decided, taken)).evidence


def coverages(proof: Evidence, decided: Rules, users: Iterable[UserRecord]) -> dict[str, Coverage]:
    """Return the verdict on everybody, by id."""
    judge = Judge(proof, apps_that_matter=decided.apps_that_matter, baseline=decided.baseline)
    return {user.profile.id: judge.coverage_of(user.profile) for user in users}


def to_migrate(proof: Evidence, decided: Rules, users: Iterable[UserRecord]) -> set[str]:
    """Return the ids of everybody whom a plan would migrate."""
    users = tuple(users)
    accepted = frozenset(gap.tag for gap in decided.accepted_gaps)
    found = coverages(proof, decided, users)
    return {
        user.profile.id
        for user in users
        if user.mfa_state is not MfaState.DISABLED
        and kept_out(user, proof, decided) is None
        and found[user.profile.id].is_proven(accepted)
    }
