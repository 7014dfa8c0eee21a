"""The sign-in log as the files that people bring: of Graph, diagnostic settings, Log Analytics and the portal.

Writers take entries in beta's shape, as the control plane lists them, and leave out what a format has no column for.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Sequence
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

from migrate.sandbox.messages import Json

_TENANT_CELL = "70000000-0000-4000-8000-000000000001"
"""The workspace, in the column that Log Analytics calls TenantId."""


def write_sign_in_files(entries: Sequence[Json], locations: Sequence[Json], folder: Path) -> tuple[Path, ...]:
    """Write the log in every format and return the files; `locations` are the tenant's named ones."""
    folder.mkdir(parents=True, exist_ok=True)
    here = [entry for entry in entries if entry["isInteractive"]]
    other = [entry for entry in entries if not entry["isInteractive"]]
    texts = {
        "graph-beta.ndjson": _lines(entries),
        "graph-beta-page.json": json.dumps({"value": list(entries)}),
        "insights-logs-signinlogs_PT1H.json": _lines(map(_diagnostic, entries)),
        "InteractiveSignIns_portal.json": json.dumps(here, indent=1),
        "NonInteractiveSignIns_portal.json": json.dumps(other, indent=1),
        "SigninLogs.csv": _table(_LOG_ANALYTICS, here),
        "AADNonInteractiveUserSignInLogs.csv": _table(_LOG_ANALYTICS, other),
        "InteractiveSignIns_portal.csv": "\ufeff" + _table(_PORTAL, here),
        "NonInteractiveSignIns_portal.csv": "\ufeff" + _table(_PORTAL, other),
        "reduced.csv": reduced_answer(entries, locations),
        "reduced-policies.csv": policies_answer(entries),
    }
    written = []
    for name, text in texts.items():
        path = folder / name
        path.write_text(text, encoding="utf-8", newline="")
        written.append(path)
    return tuple(written)


def _lines(objects: Iterable[Json]) -> str:
    return "".join(f"{json.dumps(each)}\n" for each in objects)


def _diagnostic(entry: Json) -> Json:
    """Return what diagnostic settings write: the sign-in under `properties`, with numbers for conditions."""
    results = [
        {**each, "conditionsSatisfied": 23, "conditionsNotSatisfied": 0}
        for each in entry["appliedConditionalAccessPolicies"]
    ]
    return {
        "time": entry["createdDateTime"],
        "resourceId": f"/tenants/{entry['homeTenantId']}/providers/Microsoft.aadiam",
        "operationName": "Sign-in activity",
        "category": "SignInLogs" if entry["isInteractive"] else "NonInteractiveUserSignInLogs",
        "tenantId": entry["homeTenantId"],
        "resultType": str(entry["status"]["errorCode"]),
        "callerIpAddress": entry["ipAddress"],
        "correlationId": entry["correlationId"],
        "properties": {
            **entry,
            "userType": str(entry["userType"]).capitalize(),
            "appliedConditionalAccessPolicies": results,
        },
    }


_Cells = Sequence[tuple[str, Callable[[Json], Any]]]


def _table(columns: _Cells, entries: Iterable[Json]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([name for name, _ in columns])
    writer.writerows([_cell(take(entry)) for _, take in columns] for entry in entries)
    return text.getvalue()


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case dict() | list():
            return json.dumps(value, separators=(",", ":"))
    return str(value)


def _of(*path: str) -> Callable[[Json], Any]:
    def take(entry: Json) -> Any:
        found: Any = entry
        for name in path:
            found = found[name]
        return found

    return take


def _always(text: str) -> Callable[[Json], Any]:
    return lambda _: text


_LOG_ANALYTICS: _Cells = (
    ("TenantId", _always(_TENANT_CELL)),
    ("TimeGenerated", _of("createdDateTime")),
    ("Id", _of("id")),
    ("CorrelationId", _of("correlationId")),
    ("CreatedDateTime", _of("createdDateTime")),
    ("UserId", _of("userId")),
    ("UserPrincipalName", _of("userPrincipalName")),
    ("UserDisplayName", _of("userDisplayName")),
    ("UserType", lambda entry: str(entry["userType"]).capitalize()),
    ("AppId", _of("appId")),
    ("AppDisplayName", _of("appDisplayName")),
    ("ResourceIdentity", _of("resourceId")),
    ("ResourceDisplayName", _of("resourceDisplayName")),
    ("ResourceTenantId", _of("resourceTenantId")),
    ("HomeTenantId", _of("homeTenantId")),
    ("ClientAppUsed", _of("clientAppUsed")),
    ("AuthenticationProtocol", _of("authenticationProtocol")),
    ("OriginalTransferMethod", _of("originalTransferMethod")),
    ("IncomingTokenType", _of("incomingTokenType")),
    ("CrossTenantAccessType", _of("crossTenantAccessType")),
    ("IPAddress", _of("ipAddress")),
    ("IPAddressFromResourceProvider", _of("ipAddressFromResourceProvider")),
    ("Location", _of("location", "countryOrRegion")),
    ("LocationDetails", _of("location")),
    ("DeviceDetail", _of("deviceDetail")),
    ("NetworkLocationDetails", _of("networkLocationDetails")),
    ("Status", _of("status")),
    ("ResultType", _of("status", "errorCode")),
    ("ResultDescription", _of("status", "failureReason")),
    ("ConditionalAccessStatus", _of("conditionalAccessStatus")),
    ("ConditionalAccessPolicies", _of("appliedConditionalAccessPolicies")),
    ("ConditionalAccessAudiences", _of("conditionalAccessAudiences")),
    ("AuthenticationRequirement", _of("authenticationRequirement")),
    ("AuthenticationRequirementPolicies", _of("authenticationRequirementPolicies")),
    ("AuthenticationDetails", _of("authenticationDetails")),
    ("RiskLevelDuringSignIn", _of("riskLevelDuringSignIn")),
    ("RiskLevelAggregated", _of("riskLevelAggregated")),
    ("IsInteractive", _of("isInteractive")),
    ("SignInEventTypes", _of("signInEventTypes")),
    ("Type", lambda entry: "SigninLogs" if entry["isInteractive"] else "AADNonInteractiveUserSignInLogs"),
)


def _yes_or_no(entry: Json) -> str:
    return "Yes" if entry["isThroughGlobalSecureAccess"] else "No"


def _capital(*path: str) -> Callable[[Json], Any]:
    """Return what the portal writes for yes and no: True and False."""
    return lambda entry: str(bool(_of(*path)(entry)))


def _status(entry: Json) -> str:
    code = entry["status"]["errorCode"]
    return "Success" if code == 0 else "Interrupted" if code in (50074, 50076, 50079) else "Failure"


def _requirement(entry: Json) -> str:
    single = entry["authenticationRequirement"] == "singleFactorAuthentication"
    return "Single-factor authentication" if single else "Multifactor authentication"


def _place(entry: Json) -> str:
    place = entry["location"]
    return ", ".join(str(place[name] or "") for name in ("city", "state", "countryOrRegion"))


_NOTHING = _always("")
# The spaces at the end and the two in the middle are the portal's, as is the column that comes twice.
_PORTAL: _Cells = (
    ("Date (UTC)", _of("createdDateTime")),
    ("Request ID", _of("id")),
    ("User agent", _NOTHING),
    ("Correlation ID", _of("correlationId")),
    ("User ID", _of("userId")),
    ("User", _of("userDisplayName")),
    ("Username", _of("userPrincipalName")),
    ("User type", lambda entry: str(entry["userType"]).capitalize()),
    ("Cross tenant access type", _of("crossTenantAccessType")),
    ("Incoming token type", _of("incomingTokenType")),
    ("Authentication Protocol", _of("authenticationProtocol")),
    ("Unique token identifier", _NOTHING),
    ("Original transfer method", _of("originalTransferMethod")),
    ("Client credential type", _always("none")),
    ("Application", _of("appDisplayName")),
    ("Application ID ", _of("appId")),
    ("App owner tenant ID", _NOTHING),
    ("Resource", _of("resourceDisplayName")),
    ("Resource ID ", _of("resourceId")),
    ("Resource tenant ID", _of("resourceTenantId")),
    ("Home tenant ID", _of("homeTenantId")),
    ("IP address", _of("ipAddress")),
    ("Location", _place),
    ("Status", _status),
    ("Sign-in error code", lambda entry: entry["status"]["errorCode"] or ""),
    ("Failure reason", _of("status", "failureReason")),
    ("Client app", _of("clientAppUsed")),
    ("Device ID", _of("deviceDetail", "deviceId")),
    ("Browser", _of("deviceDetail", "browser")),
    ("Operating System", _of("deviceDetail", "operatingSystem")),
    ("Compliant", _capital("deviceDetail", "isCompliant")),
    ("Managed", _capital("deviceDetail", "isManaged")),
    ("Join Type", _of("deviceDetail", "trustType")),
    ("Multifactor authentication result", _of("status", "additionalDetails")),
    ("Authentication requirement", _requirement),
    ("IP address (seen by resource)", _of("ipAddressFromResourceProvider")),
    ("Through Global Secure Access", _yes_or_no),
    ("Autonomous system  number", _always("64500")),
    ("Token issuer type", _always("Azure AD")),
    ("Incoming token type", _of("incomingTokenType")),
    ("Conditional Access", _of("conditionalAccessStatus")),
)


# What the query for Log Analytics would answer


def reduced_answer(entries: Iterable[Json], locations: Sequence[Json]) -> str:
    """Return the answer that the tool's query gives of these rows: kinds with counts, an hour at a time."""
    groups: dict[tuple[str, ...], list[Json]] = {}
    for entry in entries:
        hour = str(entry["createdDateTime"])[:13]
        groups.setdefault((*(str(take(entry)) for _, take in _kinds(locations)), hour), []).append(entry)
    names = [name for name, _ in _kinds(locations)]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([*names, "SignIns", "Attempts", "First", "Last"])
    for key, rows in groups.items():
        moments = sorted(str(row["createdDateTime"]) for row in rows)
        attempts = len({row["correlationId"] for row in rows})
        writer.writerow([*key[:-1], len(rows), attempts, moments[0], moments[-1]])
    return text.getvalue()


def policies_answer(entries: Iterable[Json]) -> str:
    """Return the answer that the tool's query about policies gives of these rows: nobody is named in it."""
    groups: dict[tuple[str, ...], list[Json]] = {}
    for entry in entries:
        form = "interactive" if entry["isInteractive"] else "nonInteractive"
        code = str(entry["status"]["errorCode"])
        for each in entry["appliedConditionalAccessPolicies"]:
            if each["result"].lower() not in _DID_NOTHING:
                key = (each["id"].lower(), each["result"], form, str(entry["clientAppUsed"]), code)
                groups.setdefault(key, []).append(entry)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["PolicyId", "Result", "Form", "Client", "Code", "SignIns", "Attempts", "People", "First", "Last"])
    for group, rows in sorted(groups.items()):
        moments = sorted(str(row["createdDateTime"]) for row in rows)
        counts = (len({row[name] for row in rows}) for name in ("correlationId", "userId"))
        writer.writerow([*group, len(rows), *counts, moments[0], moments[-1]])
    return text.getvalue()


_DID_NOTHING = ("notapplied", "notenabled", "reportonlynotapplied")


def _kinds(locations: Sequence[Json]) -> _Cells:
    def places(address: Any) -> str:
        if not address:
            return ""
        found = ip_address(str(address))
        inside = [
            str(place["id"]).lower()
            for place in locations
            if any(found in ip_network(one["cidrAddress"], strict=False) for one in place.get("ipRanges", ()))
        ]
        return " ".join(sorted(inside))

    def seen(entry: Json) -> Any:
        other = entry["ipAddressFromResourceProvider"]
        return None if other == entry["ipAddress"] else other

    def lowered(name: str) -> Callable[[Json], str]:
        return lambda entry: str(entry[name]).lower()

    return (
        ("Form", lambda entry: "interactive" if entry["isInteractive"] else "nonInteractive"),
        ("UserId", lowered("userId")),
        ("AppId", lowered("appId")),
        ("Resource", lowered("resourceId")),
        ("Audiences", lambda entry: _cell(entry["conditionalAccessAudiences"])),
        ("Contexts", lambda entry: _cell(entry["authenticationContextClassReferences"])),
        ("Client", _of("clientAppUsed")),
        ("Protocol", _of("authenticationProtocol")),
        ("Flow", _of("originalTransferMethod")),
        ("Token", _of("incomingTokenType")),
        ("OperatingSystem", lambda entry: _SYSTEM.match(str(entry["deviceDetail"]["operatingSystem"] or ""))[0]),  # type: ignore[index]
        ("Compliant", lambda entry: _cell(entry["deviceDetail"]["isCompliant"])),
        ("KnownDevice", lambda entry: _cell(bool(entry["deviceDetail"]["deviceId"]))),
        ("Trust", _of("deviceDetail", "trustType")),
        ("Country", lambda entry: entry["location"]["countryOrRegion"] or ""),
        ("HasAddress", lambda entry: _cell(bool(entry["ipAddress"]))),
        ("Places", lambda entry: places(entry["ipAddress"])),
        ("HasSeenAddress", lambda entry: _cell(bool(seen(entry)))),
        ("SeenPlaces", lambda entry: places(seen(entry))),
        ("ThroughGsa", lambda entry: _cell(entry["isThroughGlobalSecureAccess"])),
        ("CrossTenant", _of("crossTenantAccessType")),
        ("ResourceTenantId", lowered("resourceTenantId")),
        ("SignInRisk", _of("riskLevelDuringSignIn")),
        ("Code", _of("status", "errorCode")),
        ("Requirement", _of("authenticationRequirement")),
        ("AskedBy", lambda entry: " ".join(_named(entry["authenticationRequirementPolicies"], "requirementProvider"))),
        ("Methods", lambda entry: ";".join(_named(entry["authenticationDetails"], "authenticationMethod"))),
        ("Results", _results),
        ("Agent", _always("")),
    )


_SYSTEM = re.compile("[A-Za-z ]*")


def _named(parts: Iterable[Json], name: str) -> list[str]:
    return sorted(str(part[name]) for part in parts)


def _results(entry: Json) -> str:
    done = []
    for each in entry["appliedConditionalAccessPolicies"]:
        if each["result"].lower() not in _DID_NOTHING:
            controls = " ".join(each["enforcedGrantControls"]).lower()
            strong = "!" if "mfa" in controls or "strength" in controls else ""
            done.append(f"{each['id'].lower()}={each['result']}{strong}")
    return f"told {' '.join(sorted(set(done)))}"
