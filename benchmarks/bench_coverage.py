"""Measure the coverage proof: a million users, 60 policies with up to four conditions each, nested groups.

Run as `python benchmarks/bench_coverage.py [USERS]`. Prints CPU seconds, peak memory, classes and evaluations, and what
it costs besides to tell who is MFA capable; the tenant is made from a seed, so two machines measure the same work.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psutil

from migrate.decide.capability import Capabilities
from migrate.decide.coverage.judge import Judge
from migrate.model.evidence import (
    BetaEvidence,
    ConditionalAccessPolicy,
    Evidence,
    GroupEvidence,
    PolicyState,
    ReadStatus,
    RoleEvidence,
)
from migrate.model.users import Identity, Registration, UserProfile

USERS, POLICIES, GROUPS, DEPARTMENTS = 1_000_000, 60, 60, 12
ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
SEED = 2026


def user_id(number: int) -> str:
    return str(UUID(int=number + (1 << 96)))


def group_id(number: int) -> str:
    return str(UUID(int=number + (2 << 96)))


def groups_of(users: int, chance: random.Random) -> dict[str, GroupEvidence]:
    """Return departments that hold everybody once, groups nested over them, and small exclusion groups."""
    size = users // DEPARTMENTS
    departments = [
        frozenset(user_id(one) for one in range(number * size, (number + 1) * size)) for number in range(DEPARTMENTS)
    ]
    found = {}
    for number in range(GROUPS):
        if number < DEPARTMENTS:
            members = departments[number]
        elif number < DEPARTMENTS + 8:
            members = frozenset().union(*chance.sample(departments, 3))
        else:
            members = frozenset(user_id(chance.randrange(users)) for _ in range(25))
        found[group_id(number)] = GroupEvidence(
            id=group_id(number),
            display_name=f"Group {number}",
            visibility=None,
            status=ReadStatus.READ,
            problem=None,
            members=members,
            eligible=frozenset(),
        )
    return found


def locations_of(chance: random.Random) -> tuple[dict[str, Any], ...]:
    """Return 30 places of address ranges that overlap and ten of countries."""
    places = [
        {
            "@odata.type": "#microsoft.graph.ipNamedLocation",
            "id": str(UUID(int=number + (3 << 96))),
            "displayName": f"Site {number}",
            "isTrusted": number % 3 == 0,
            "ipRanges": [
                {"cidrAddress": f"10.{chance.randrange(8)}.{chance.randrange(16) * 16}.0/{chance.choice((20, 22, 24))}"}
                for _ in range(20)
            ],
        }
        for number in range(30)
    ]
    codes = [f"{first}{second}" for first in "ABCDEFGH" for second in "ABCDEFGH"]
    countries = [
        {
            "@odata.type": "#microsoft.graph.countryNamedLocation",
            "id": str(UUID(int=number + (4 << 96))),
            "displayName": f"Countries {number}",
            "countriesAndRegions": sorted(chance.sample(codes, 12)),
            "includeUnknownCountriesAndRegions": False,
            "countryLookupMethod": "clientIpAddress",
        }
        for number in range(10)
    ]
    return (*places, *countries)


def conditions_of(chance: random.Random, sites: list[str]) -> dict[str, Any]:
    """Return up to four conditions."""
    makers: dict[str, Any] = {
        "clientAppTypes": lambda: chance.choice([["browser", "mobileAppsAndDesktopClients"], ["other"], ["browser"]]),
        "platforms": lambda: {"includePlatforms": ["all"], "excludePlatforms": chance.sample(["iOS", "linux"], 1)},
        "locations": lambda: {
            "includeLocations": ["All"],
            "excludeLocations": chance.choice([["AllTrusted"], chance.sample(sites, 2)]),
        },
        "signInRiskLevels": lambda: chance.choice([["medium", "high"], ["high"], ["none", "low"]]),
        "userRiskLevels": lambda: chance.choice([["high"], ["low", "medium", "high"]]),
        "authenticationFlows": lambda: {"transferMethods": "deviceCodeFlow"},
        "devices": lambda: {"deviceFilter": {"mode": "exclude", "rule": f"device.model -eq {chance.randrange(6)}"}},
    }
    return {key: makers[key]() for key in chance.sample(sorted(makers), chance.randrange(1, 5))}


def policies_of(chance: random.Random, sites: list[str]) -> Iterator[ConditionalAccessPolicy]:
    """Yield a policy for each department that leaves trusted places open, and many narrow ones on top."""
    for number in range(POLICIES):
        narrow = number >= 20
        users: dict[str, Any] = {"includeGroups": [group_id(number % 20)]}
        if number % 5 == 0:
            users = {"includeUsers": ["All"]} if narrow else {**users, "includeRoles": [ADMINISTRATOR]}
        users["excludeGroups"] = [group_id(DEPARTMENTS + 8 + number % 40)]
        raw = {
            "id": str(UUID(int=number + (5 << 96))),
            "displayName": f"CA{number:03}",
            "state": "enabled",
            "createdDateTime": f"2025-01-{number % 28 + 1:02}T00:00:00Z",
            "conditions": {
                "users": users,
                "applications": {
                    "includeApplications": ["All"] if number % 4 else ["Office365"],
                    "excludeApplications": [str(UUID(int=number % 7 + (6 << 96)))] if number % 3 == 0 else [],
                },
                "clientAppTypes": ["all"],
                **(conditions_of(chance, sites) if narrow or number % 2 else {}),
            },
            "grantControls": {"operator": "OR", "builtInControls": ["block"] if number % 6 == 5 else ["mfa"]},
        }
        yield ConditionalAccessPolicy(
            id=raw["id"],
            display_name=raw["displayName"],
            policy_state=PolicyState.ENABLED,
            description=None,
            created_date_time=raw["createdDateTime"],
            modified_date_time=None,
            raw=raw,
        )


def profiles(users: int) -> Iterator[UserProfile]:
    """Yield the users, every twentieth of them an invited guest."""
    home = (Identity(sign_in_type="userPrincipalName", issuer="contoso.example"),)
    for number in range(users):
        guest = number % 20 == 0
        yield UserProfile(
            id=user_id(number),
            user_principal_name=f"user{number}@contoso.example",
            display_name=None,
            user_type="Guest" if guest else "Member",
            creation_type="Invitation" if guest else None,
            external_user_state="Accepted" if guest else None,
            identities=home,
            account_enabled=True,
            on_premises_sync_enabled=False,
            assigned_licenses=(),
            created_date_time=None,
        )


def evidence_of(users: int) -> Evidence:
    chance = random.Random(SEED)
    locations = locations_of(chance)
    sites = [str(location["id"]) for location in locations]
    role = RoleEvidence(
        template_id=ADMINISTRATOR,
        display_name="Global Administrator",
        status=ReadStatus.READ,
        problem=None,
        holders=frozenset(user_id(chance.randrange(users)) for _ in range(20)),
        eligible=frozenset(user_id(chance.randrange(users)) for _ in range(20)),
        scoped=frozenset(),
        built_in=True,
    )
    policies = tuple(policies_of(chance, sites))
    return Evidence(
        policies=policies,
        named_locations=locations,
        authentication_strengths=(),
        security_defaults_enabled=False,
        groups=groups_of(users, chance),
        roles={ADMINISTRATOR: role},
        beta=BetaEvidence(policies={policy.id: policy.raw for policy in policies}, policies_problem=None),
    )


REPORTS = tuple(
    Registration(is_mfa_registered=bool(methods), is_mfa_capable=bool(methods), methods_registered=methods,
                 last_updated_date_time=None)
    for methods in (("microsoftAuthenticatorPush",), ("mobilePhone",), ("fido2", "mobilePhone"), ())
)  # fmt: skip
"""Rows of the registration report, taken in turn."""


def main() -> None:
    users = int(sys.argv[1]) if len(sys.argv) > 1 else USERS
    process = psutil.Process()
    evidence = evidence_of(users)
    members = sum(len(group.members) for group in evidence.groups.values())
    before = process.memory_info().rss
    started = time.process_time()
    for _ in profiles(users):
        pass
    making = time.process_time() - started

    started = time.process_time()
    judge = Judge(evidence)
    reading = time.process_time() - started
    verdicts: Counter[str] = Counter()
    classes: set[object] = set()
    started = time.process_time()
    for profile in profiles(users):
        classes.add(judge.class_of(profile))
        verdicts[judge.coverage_of(profile).verdict] += 1
    judging = time.process_time() - started - making
    print(f"{users:,} users, {POLICIES} policies, {GROUPS} groups with {members:,} transitive members")
    print(f"  reading the evidence     {reading:6.1f} s CPU")
    print(f"  judging every user       {judging:6.1f} s CPU ({judging / users * 1e6:.2f} µs a user)")
    judged = process.memory_info().rss
    capabilities = Capabilities(evidence, judge)
    capable: Counter[str] = Counter()
    started = time.process_time()
    for number, profile in enumerate(profiles(users)):
        capable[capabilities.of(profile, REPORTS[number % len(REPORTS)]).value] += 1
    telling = time.process_time() - started - making
    print(f"  telling who is capable   {telling:6.1f} s CPU ({telling / users * 1e6:.2f} µs a user)")
    print(f"  memory of that           {(process.memory_info().rss - judged) / 2**20:6.0f} MiB")
    print(f"  memory of the judge      {(judged - before) / 2**20:6.0f} MiB")
    print(f"  classes                  {len(classes):6}, evaluations {judge.evaluations}")
    shown = {str(verdict): count for verdict, count in sorted(verdicts.items())}
    print(f"  verdicts                 {shown}")
    print(f"  MFA capable              { {str(value): count for value, count in sorted(capable.items())} }")


if __name__ == "__main__":
    main()
