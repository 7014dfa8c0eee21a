"""Coverage by looking at every sign-in: slow, simple, and written without the code that it checks.

It reads the policies' JSON itself. It knows only what the random tenants of the property tests contain.
"""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Iterator
from typing import Any

SignIn = dict[str, Any]
CLIENTS = ["browser", "mobileAppsAndDesktopClients", "exchangeActiveSync", "easSupported", "other"]
PLATFORMS = ["android", "iOS", "windows", "windowsPhone", "macOS", "linux", "something else"]
RISKS = ["none", "low", "medium", "high", "hidden"]
INSIDER = ["none", "minor", "moderate", "elevated"]
FLOWS = ["none", "deviceCodeFlow", "authenticationTransfer"]
AZURE = "797f4846-ba00-4fd7-ba43-dac1f8f63013"
SUITES = ["Office365", "MicrosoftAdminPortals", "AllAgentIdResources", AZURE]
BASELINE = "baselineScopes"
"""As an application: sign-ins that ask only for scopes such as openid and User.Read."""
LISTED = {
    "00000002-0000-0ff1-ce00-000000000000": {"Office365"},
    AZURE: {AZURE},
    "c44b4083-3bb0-49c1-b47d-974e53cbdf3c": {"MicrosoftAdminPortals", AZURE},
}
"""Applications whose groups are known. Of any other one every case is tried."""
COMPLIANT_NETWORK = "3d46dbda-8382-466a-856d-eb00cbc6b910"
NOBODYS = "an app that nobody names"


def axes_of(
    policies: list[dict[str, Any]], locations: list[dict[str, Any]], setting: str = "unanswered"
) -> dict[str, list[Any]]:
    """Return the values to try for each coordinate; one value where no policy asks about it.

    `setting` is what the operator answered about baseline scopes.
    """
    conditions = [policy["conditions"] for policy in policies]

    def asked(key: str) -> bool:
        return any(condition.get(key) for condition in conditions)

    rules = {c["devices"]["deviceFilter"]["rule"] for c in conditions if c.get("devices")}
    controls = {one for policy in policies for one in (policy["grantControls"] or {}).get("builtInControls", [])}
    return {
        "app": _apps(conditions, setting),
        "client": CLIENTS if any(c["clientAppTypes"] not in ([], ["all"]) for c in conditions) else ["browser"],
        "platform": PLATFORMS if asked("platforms") else ["linux"],
        "place": list(_places(locations)) if asked("locations") else [(None, "ZZ", "ZZ", False, False)],
        "signInRiskLevels": RISKS if asked("signInRiskLevels") else ["none"],
        "userRiskLevels": RISKS if asked("userRiskLevels") else ["none"],
        "insider": INSIDER if asked("insiderRiskLevels") else ["none"],
        "flow": FLOWS if asked("authenticationFlows") else ["none"],
        **{f"rule {rule}": [False, True] for rule in sorted(rules)},
        **{f"control {one}": [False, True] for one in sorted(controls - {"mfa", "block"})},
    }


def points(axes: dict[str, list[Any]]) -> Iterator[SignIn]:
    """Yield every sign-in."""
    for values in itertools.product(*axes.values()):
        yield dict(zip(axes, values, strict=True))


def size(axes: dict[str, list[Any]]) -> int:
    """Return how many sign-ins there are."""
    total = 1
    for values in axes.values():
        total *= len(values)
    return total


def demands(
    policy: dict[str, Any],
    sign_in: SignIn,
    locations: list[dict[str, Any]],
    setting: str = "unanswered",
    placeholder: str | None = None,
) -> bool:
    """Tell whether a policy that is assigned makes this sign-in impossible without MFA."""
    apps = policy["conditions"]["applications"]
    if sign_in["app"][0] == BASELINE and not (
        apps["includeApplications"] == ["All"] and not apps["excludeApplications"]
    ):
        if setting in ("unanswered", "disabled"):
            return False
        if setting == "customised" and placeholder in apps["excludeApplications"]:
            return False
    if not _applies(policy["conditions"], sign_in, locations):
        return False
    grant = policy["grantControls"] or {}
    controls = grant.get("builtInControls", [])
    if "block" in controls:
        return True
    met = [one == "mfa" or sign_in.get(f"control {one}", False) for one in controls]
    met_without = [one != "mfa" and sign_in.get(f"control {one}", False) for one in controls]
    if "mfa" not in controls:
        return False
    if grant["operator"] == "OR":
        return any(met) and not any(met_without)
    return True


def _applies(conditions: dict[str, Any], sign_in: SignIn, locations: list[dict[str, Any]]) -> bool:
    apps = conditions["applications"]
    if not _app_in(apps["includeApplications"], sign_in["app"]) or _app_in(apps["excludeApplications"], sign_in["app"]):
        return False
    clients = conditions["clientAppTypes"]
    if clients and "all" not in clients and not any(_is_client(named, sign_in["client"]) for named in clients):
        return False
    for key in ("signInRiskLevels", "userRiskLevels"):
        if conditions.get(key) and sign_in[key] not in conditions[key]:
            return False
    insider = conditions.get("insiderRiskLevels")
    if insider and sign_in["insider"] not in insider.split(","):
        return False
    flows = conditions.get("authenticationFlows")
    if flows and sign_in["flow"] not in flows["transferMethods"].split(","):
        return False
    platforms = conditions.get("platforms")
    if platforms:
        named = platforms["includePlatforms"]
        if "all" not in named and sign_in["platform"] not in named:
            return False
        if sign_in["platform"] in platforms["excludePlatforms"]:
            return False
    devices = conditions.get("devices")
    if devices:
        wanted = devices["deviceFilter"]["mode"] == "include"
        if sign_in[f"rule {devices['deviceFilter']['rule']}"] is not wanted:
            return False
    where = conditions.get("locations")
    if where:
        return _place_in(where["includeLocations"], sign_in["place"], locations) and not _place_in(
            where["excludeLocations"], sign_in["place"], locations
        )
    return True


def _is_client(named: str, client: str) -> bool:
    return named == client or (named == "exchangeActiveSync" and client == "easSupported")


def _apps(conditions: list[dict[str, Any]], setting: str) -> list[tuple[str, frozenset[str]]]:
    named = {
        one
        for condition in conditions
        for key in ("includeApplications", "excludeApplications")
        for one in condition["applications"][key]
    } - {"All", "None"}
    suites = sorted(named & set(SUITES))
    every = [frozenset(some) for n in range(len(suites) + 1) for some in itertools.combinations(suites, n)]
    found = [(NOBODYS, some) for some in every]
    if any(
        "All" in condition["applications"]["includeApplications"] and condition["applications"]["excludeApplications"]
        for condition in conditions
    ):
        # Where they are judged as the directory, nobody knows which groups the directory is in.
        found += [(BASELINE, some) for some in (every if setting in ("enforced", "customised") else [frozenset[str]()])]
    for app in sorted(named - set(SUITES) | named & {AZURE}):
        found += [(app, some) for some in ([frozenset(LISTED[app] & named)] if app in LISTED else every)]
    return found


def _app_in(named: list[str], app: tuple[str, frozenset[str]]) -> bool:
    return "All" in named or app[0] in named or any(suite in named for suite in app[1])


Place = tuple[Any, str, str, bool, bool]
"""Address, country of the address, country by GPS, one of the MFA trusted IPs, the compliant network."""


def _places(locations: list[dict[str, Any]]) -> Iterator[Place]:
    addresses: set[Any] = {ipaddress.ip_address("192.0.2.1"), ipaddress.ip_address("2001:db8:ffff::1")}
    countries = {"ZZ", "unknown"}
    for location in locations:
        for entry in location.get("ipRanges", []):
            network = ipaddress.ip_network(entry["cidrAddress"])
            addresses |= {network[0], network[-1]}
        countries.update(location.get("countriesAndRegions", []))
    gps = any(location.get("countryLookupMethod") == "authenticatorAppGps" for location in locations)
    yield from itertools.product(
        [None, *sorted(addresses, key=str)],
        sorted(countries),
        sorted(countries) if gps else ["ZZ"],
        [False, True],
        [False, True],
    )


def _place_in(named: list[str], place: Place, locations: list[dict[str, Any]]) -> bool:
    address, country, gps, mfa_trusted, compliant = place
    if "All" in named or ("AllTrusted" in named and mfa_trusted) or (COMPLIANT_NETWORK in named and compliant):
        return True
    for location in locations:
        by_name = location["id"] in named
        if "ipRanges" in location:
            wanted = by_name or ("AllTrusted" in named and location["isTrusted"])
            if (
                wanted
                and address is not None
                and any(address in ipaddress.ip_network(entry["cidrAddress"]) for entry in location["ipRanges"])
            ):
                return True
        elif by_name:
            looked_up = gps if location["countryLookupMethod"] == "authenticatorAppGps" else country
            unknown = looked_up == "unknown" and location["includeUnknownCountriesAndRegions"]
            if unknown or looked_up in location["countriesAndRegions"]:
                return True
    return False
