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
SUITES = ["Office365", "MicrosoftAdminPortals"]
BASELINE = "only scopes such as openid and User.Read"
NOBODYS = "an app that nobody names"
EXCHANGE = "00000002-0000-0ff1-ce00-000000000000"


def axes_of(policies: list[dict[str, Any]], locations: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Return the values to try for each coordinate; one value where no policy asks about it."""
    conditions = [policy["conditions"] for policy in policies]

    def asked(key: str) -> bool:
        return any(condition.get(key) for condition in conditions)

    rules = {c["devices"]["deviceFilter"]["rule"] for c in conditions if c.get("devices")}
    controls = {one for policy in policies for one in (policy["grantControls"] or {}).get("builtInControls", [])}
    return {
        "app": _apps(conditions),
        "client": CLIENTS if any(c["clientAppTypes"] not in ([], ["all"]) for c in conditions) else ["browser"],
        "platform": PLATFORMS if asked("platforms") else ["linux"],
        "place": list(_places(locations)) if asked("locations") else [(None, "ZZ", "ZZ", False)],
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


def demands(policy: dict[str, Any], sign_in: SignIn, locations: list[dict[str, Any]]) -> bool:
    """Tell whether a policy that is assigned makes this sign-in impossible without MFA."""
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
    if sign_in["app"][0] == BASELINE and (apps["includeApplications"] != ["All"] or apps["excludeApplications"]):
        return False
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


def _apps(conditions: list[dict[str, Any]]) -> list[tuple[str, frozenset[str]]]:
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
        found.append((BASELINE, frozenset()))
    for app in sorted(named - set(SUITES)):
        found += [(app, some) for some in ([frozenset({"Office365"})] if app == EXCHANGE else every)]
    return found


def _app_in(named: list[str], app: tuple[str, frozenset[str]]) -> bool:
    return "All" in named or app[0] in named or any(suite in named for suite in app[1])


Place = tuple[Any, str, str, bool]
"""Address, country of the address, country by GPS, one of the MFA trusted IPs."""


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
        sorted(addresses, key=str), sorted(countries), sorted(countries) if gps else ["ZZ"], [False, True]
    )


def _place_in(named: list[str], place: Place, locations: list[dict[str, Any]]) -> bool:
    address, country, gps, mfa_trusted = place
    if "All" in named or ("AllTrusted" in named and mfa_trusted):
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
