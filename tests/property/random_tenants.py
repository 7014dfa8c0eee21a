"""Strategies for random tenants whose sign-ins can all be looked at one by one."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from migrate.model.tenant_settings import UNANSWERED, BaselineScopes, BaselineSetting
from tests.unit.decide.coverage.tenants import (
    AZURE_MANAGEMENT,
    AZURE_PORTAL,
    BRANCH,
    BROKEN,
    COMPLIANT_NETWORK,
    EXCHANGE,
    GLOBAL_ADMIN,
    GPS,
    HELPDESK,
    HIDDEN,
    HOME,
    HQ,
    LEAVERS,
    PAYROLL,
    PEOPLE,
    PILOT,
    policy,
)

_SITES = ["All", "AllTrusted", HQ, BRANCH, HOME, GPS, COMPLIANT_NETWORK]
_APPS = [PAYROLL, EXCHANGE, "Office365", "MicrosoftAdminPortals", AZURE_MANAGEMENT, AZURE_PORTAL, "AllAgentIdResources"]
_CONTROLS = ["compliantDevice", "domainJoinedDevice", "approvedApplication", "passwordChange", "verifiedID"]
_ADDED = [*_CONTROLS, "riskRemediation", "retinaScan"]
"""Controls beside MFA that only add to it: with AND it does not matter whether they are known."""


def _some(values: list[str], most: int = 3) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=most, unique=True).map(sorted)


def _few(values: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), max_size=2, unique=True).map(sorted)


CONDITIONS: dict[str, st.SearchStrategy[Any]] = {
    "clientAppTypes": _some(
        ["browser", "mobileAppsAndDesktopClients", "exchangeActiveSync", "easSupported", "other"], 4
    ),
    "platforms": st.fixed_dictionaries(
        {
            "includePlatforms": st.just(["all"]) | _some(["android", "iOS", "windows", "linux"]),
            "excludePlatforms": _few(["iOS", "linux"]),
        }
    ),
    "locations": st.fixed_dictionaries({"includeLocations": _some(_SITES, 2), "excludeLocations": _few(_SITES[1:])}),
    "signInRiskLevels": _some(["none", "low", "medium", "high"], 4),
    "userRiskLevels": _some(["low", "medium", "high"]),
    "insiderRiskLevels": _some(["minor", "moderate", "elevated"]).map(",".join),
    "authenticationFlows": _some(["deviceCodeFlow", "authenticationTransfer"], 2).map(
        lambda flows: {"transferMethods": ",".join(flows)}
    ),
    "devices": st.builds(
        lambda mode, rule: {"deviceFilter": {"mode": mode, "rule": rule}},
        st.sampled_from(["include", "exclude"]),
        st.sampled_from(['device.model -eq "A"', 'device.model -eq "B"']),
    ),
}

APPLICATIONS = st.one_of(
    st.just({}),
    st.just({}),
    _few(_APPS).map(lambda named: {"excludeApplications": named}),
    _some(_APPS).map(lambda named: {"includeApplications": named}),
    st.tuples(_some(_APPS), _few(_APPS)).map(lambda n: {"includeApplications": n[0], "excludeApplications": n[1]}),
)
USERS = st.one_of(
    st.none(),
    st.none(),
    st.sampled_from(
        [
            {"includeGroups": [PILOT]},
            {"includeUsers": ["All"], "excludeGroups": [LEAVERS]},
            {"includeRoles": [GLOBAL_ADMIN]},
            {"includeUsers": ["All"], "excludeRoles": [GLOBAL_ADMIN]},
            {"includeUsers": ["GuestsOrExternalUsers"]},
            {"includeUsers": ["All"], "excludeUsers": ["GuestsOrExternalUsers"]},
            {"includeUsers": ["All"], "excludeUsers": [PEOPLE["ada"].id]},
            {"includeRoles": [HELPDESK]},
            {"includeUsers": ["All"], "excludeRoles": [HELPDESK]},
            {"includeUsers": ["AllAgentIdUsers"]},
            {"includeUsers": ["All", "AllAgentIdUsers"]},
            {"includeUsers": ["All"], "excludeUsers": ["AllAgentIdUsers"]},
        ]
    ),
)
DOUBTFUL_USERS = st.sampled_from(
    [
        {"includeGroups": [HIDDEN]},
        {"includeUsers": ["All"], "excludeGroups": [BROKEN]},
        {"includeGroups": [BROKEN, PILOT]},
    ]
)
GRANTS = st.one_of(
    st.just(("mfa",)),
    st.just(("mfa",)),
    st.just(("block",)),
    st.just(None),
    _some(_CONTROLS, 2).map(lambda others: {"operator": "OR", "builtInControls": ["mfa", *others]}),
    _some(_ADDED, 2).map(lambda others: {"operator": "AND", "builtInControls": ["mfa", *others]}),
    _some(_CONTROLS, 2).map(lambda others: {"operator": "OR", "builtInControls": others}),
)


@st.composite
def policies(draw: st.DrawFn, keys: list[str], number: int, users: st.SearchStrategy[Any] = USERS) -> dict[str, Any]:
    """Draw one policy that is limited by some of the conditions `keys`."""
    chosen = draw(st.lists(st.sampled_from(keys), max_size=3, unique=True)) if keys else []
    return policy(
        f"policy {number}",
        users=draw(users),
        apps=draw(APPLICATIONS) if "apps" in keys else {},
        grant=draw(GRANTS),
        state=draw(st.sampled_from(["enabled"] * 8 + ["disabled", "enabledForReportingButNotEnforced"])),
        **{key: draw(CONDITIONS[key]) for key in sorted(chosen) if key != "apps"},
    )


@st.composite
def tenants(draw: st.DrawFn, most: int = 7) -> list[dict[str, Any]]:
    """Draw the policies of a tenant: up to `most`, which ask about at most three coordinates and the apps."""
    keys = draw(st.lists(st.sampled_from([*CONDITIONS, "apps"]), max_size=4, unique=True))
    return [draw(policies(sorted(keys), number)) for number in range(draw(st.integers(1, most)))]


BASELINES = st.sampled_from(
    [
        UNANSWERED,
        BaselineScopes(setting=BaselineSetting.ENFORCED),
        BaselineScopes(setting=BaselineSetting.DISABLED),
        BaselineScopes(setting=BaselineSetting.CUSTOMISED, placeholder=PAYROLL),
    ]
)
USER_NAMES = st.sampled_from(sorted(PEOPLE))
