"""What policies refer to: named locations and authentication strengths."""

import ipaddress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from migrate.sandbox.messages import Answer, Call, GraphError, Json, bad_request, words
from migrate.sandbox.odata.paging import Collection, entity, listing, root
from migrate.sandbox.policy_shape import merged, without_annotations
from migrate.sandbox.roles import POLICY_READERS, POLICY_WRITERS
from migrate.sandbox.routing import Route, needs

if TYPE_CHECKING:
    from migrate.sandbox.service import Sandbox

_LOCATIONS = Collection(
    context="identity/conditionalAccess/namedLocations",
    type_name="namedLocation",
    known=words(
        "countriesAndRegions countryLookupMethod createdDateTime deletedDateTime displayName id "
        "includeUnknownCountriesAndRegions ipRanges isTrusted modifiedDateTime"
    ),
    filterable=words(
        "id displayName isTrusted:bool createdDateTime:time modifiedDateTime:time countriesAndRegions:list"
    ),
)
_STRENGTHS = Collection(
    context="policies/authenticationStrengthPolicies",
    type_name="authenticationStrengthPolicy",
    known=words(
        "allowedCombinations combinationConfigurations createdDateTime description displayName id modifiedDateTime "
        "policyType requirementsSatisfied"
    ),
    filterable=frozenset({"id", "displayName", "policyType:builtIn|custom"}),
)
_IP, _COUNTRY = "#microsoft.graph.ipNamedLocation", "#microsoft.graph.countryNamedLocation"
_DEFAULTS: dict[str, Json] = {
    _IP: {"isTrusted": False},
    _COUNTRY: {"includeUnknownCountriesAndRegions": False, "countryLookupMethod": "clientIpAddress"},
}
_MEMBERS: dict[str, dict[str, type]] = {
    _IP: {"displayName": str, "isTrusted": bool, "ipRanges": list},
    _COUNTRY: {
        "displayName": str,
        "countriesAndRegions": list,
        "includeUnknownCountriesAndRegions": bool,
        "countryLookupMethod": str,
    },
}
_READ_ONLY = frozenset({"id", "createdDateTime", "modifiedDateTime", "deletedDateTime"})
_MOST_LOCATIONS, _MOST_RANGES = 195, 2000


def _location(sandbox: "Sandbox", call: Call) -> Json:
    found = sandbox.tenant.named_locations.get(call.params["location"].lower())
    if found is None or _is_hidden(found, call):
        raise GraphError(404, "NotFound", f"{call.params['location']} is no named location.")
    return found


def list_locations(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /identity/conditionalAccess/namedLocations."""
    shown = [each for each in sandbox.tenant.named_locations.values() if not _is_hidden(each, call)]
    return listing(call, _LOCATIONS, shown, lambda each: each)


def _is_hidden(location: Json, call: Call) -> bool:
    """Tell whether a location is of a type that this version does not have."""
    return call.version == "v1.0" and location.get("@odata.type") == "#microsoft.graph.compliantNetworkNamedLocation"


def get_location(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /identity/conditionalAccess/namedLocations/{id}."""
    return entity(call, _LOCATIONS, _location(sandbox, call))


def create_location(sandbox: "Sandbox", call: Call) -> Answer:
    """POST /identity/conditionalAccess/namedLocations."""
    body = without_annotations(call.json())
    if len(sandbox.tenant.named_locations) >= _MOST_LOCATIONS:
        raise bad_request(f"1128: Named location count limit ({_MOST_LOCATIONS}) has been exceeded for the tenant.")
    _check_members(body)
    defaults = _DEFAULTS[body["@odata.type"]]
    now = sandbox.clock.iso()
    location = {**defaults, **body, "id": str(uuid4()), "createdDateTime": now, "modifiedDateTime": now}
    _check_location(location)
    sandbox.tenant.named_locations[location["id"]] = location
    sandbox.audit.location_changed(call.caller, "Add", None, location)
    return Answer(
        201,
        {"@odata.context": f"{root(call)}/$metadata#{_LOCATIONS.context}/$entity", **location},
        {"Location": f"{root(call)}/{_LOCATIONS.context}/{location['id']}"},
    )


def patch_location(sandbox: "Sandbox", call: Call) -> Answer:
    """PATCH /identity/conditionalAccess/namedLocations/{id}: the type has to be named again."""
    old, body = _location(sandbox, call), without_annotations(call.json())
    if body.get("@odata.type") != old.get("@odata.type"):
        raise bad_request("1076: The @odata.type of a named location is required and cannot be changed.")
    _check_members(body)
    new = {**merged(old, body), "id": old["id"], "createdDateTime": old.get("createdDateTime")}
    new["modifiedDateTime"] = sandbox.clock.iso()
    _check_location(new)
    sandbox.tenant.named_locations[old["id"].lower()] = new
    sandbox.audit.location_changed(call.caller, "Update", old, new)
    return Answer(204)


def delete_location(sandbox: "Sandbox", call: Call) -> Answer:
    """DELETE /identity/conditionalAccess/namedLocations/{id}: neither trusted ones nor those in use."""
    location = _location(sandbox, call)
    if location.get("isTrusted"):
        raise bad_request("1083: A trusted named location cannot be deleted.")
    for policy in sandbox.tenant.policies.values():
        places = policy["conditions"].get("locations") or {}
        if location["id"] in (*places.get("includeLocations", ()), *places.get("excludeLocations", ())):
            raise bad_request(f"1084: The named location is used by the policy {policy['id']}.")
    del sandbox.tenant.named_locations[call.params["location"].lower()]
    sandbox.audit.location_changed(call.caller, "Delete", location, None)
    return Answer(204)


def _check_members(body: Json) -> None:
    members = _MEMBERS.get(str(body.get("@odata.type")))
    if members is None:
        raise bad_request("1076: The @odata.type of a named location is missing or unknown.")
    for name, value in body.items():
        if "@" in name or name in _READ_ONLY:
            continue
        if name not in members:
            raise bad_request(f"The property '{name}' does not exist on type '{body['@odata.type'][1:]}'.")
        if not isinstance(value, members[name]):
            raise bad_request(f"The property '{name}' has a value of the wrong type.")


def _check_location(location: Json) -> None:
    if not str(location.get("displayName") or "").strip():
        raise bad_request("1075: A named location needs a displayName.")
    kind = location.get("@odata.type")
    if kind == _IP:
        ranges = location.get("ipRanges")
        if not isinstance(ranges, list) or not 1 <= len(ranges) <= _MOST_RANGES:
            raise bad_request(f"1077: An IP location has between 1 and {_MOST_RANGES} ranges.")
        for each in ranges:
            _check_range(each)
    elif kind == _COUNTRY:
        countries = location.get("countriesAndRegions")
        if not isinstance(countries, list) or not countries or not all(map(_is_country, countries)):
            raise bad_request("1078: A country location names countries or regions by their two letters.")
        if location.get("countryLookupMethod") not in ("clientIpAddress", "authenticatorAppGps"):
            raise bad_request("1078: The countryLookupMethod is unknown.")


def _is_country(value: object) -> bool:
    return isinstance(value, str) and len(value) == 2 and value.isalpha()


def _check_range(each: Any) -> None:
    try:
        network = ipaddress.ip_network(each["cidrAddress"], strict=False)
    except (ValueError, KeyError, TypeError) as error:
        raise bad_request(f"1079: {each} is no address range.") from error
    if network.version == 4 and network.prefixlen < 9:
        raise bad_request("1080: An IPv4 range needs a mask larger than /8.")


def list_strengths(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /policies/authenticationStrengthPolicies, also under identity/conditionalAccess."""
    return listing(call, _STRENGTHS, list(sandbox.tenant.strengths.values()), lambda each: each)


def get_strength(sandbox: "Sandbox", call: Call) -> Answer:
    """GET one authentication strength."""
    found = sandbox.tenant.strengths.get(call.params["strength"].lower())
    if found is None:
        raise GraphError(404, "NotFound", f"{call.params['strength']} is no authentication strength.")
    return entity(call, _STRENGTHS, found)


def routes() -> tuple[Route, ...]:
    """Return the calls of this file."""
    read = needs("Policy.Read.All", roles=POLICY_READERS)
    write = needs("Policy.Read.All+Policy.ReadWrite.ConditionalAccess", roles=POLICY_WRITERS)
    read_strength = needs(
        "Policy.Read.All",
        "Policy.Read.AuthenticationMethod",
        "Policy.ReadWrite.AuthenticationMethod",
        "Policy.ReadWrite.ConditionalAccess",
    )
    base = "identity/conditionalAccess/namedLocations"
    one = f"{base}/{{location}}"
    locations = [
        Route(method=method, path=path, answer=answer, needs=need, limit="conditionalAccess", summary=summary)
        for method, path, answer, need, summary in (
            ("GET", base, list_locations, read, "named locations"),
            ("POST", base, create_location, write, "create a named location"),
            ("GET", one, get_location, read, "one named location"),
            ("PATCH", one, patch_location, write, "change a named location"),
            ("DELETE", one, delete_location, write, "delete a named location"),
        )
    ]
    strengths = [
        Route(method="GET", path=f"{path}{one}", answer=answer, needs=read_strength, limit="evaluate", summary=summary)
        for path in (
            "policies/authenticationStrengthPolicies",
            "identity/conditionalAccess/authenticationStrength/policies",
        )
        for one, answer, summary in (
            ("", list_strengths, "authentication strengths"),
            ("/{strength}", get_strength, "one authentication strength"),
        )
    ]
    return (*locations, *strengths)
