"""The query that reduces the sign-in log where it already lies, and the table that it gives back.

Log Analytics, Sentinel and Azure Data Explorer all answer it. Object ids, application ids, words and counts leave;
names and addresses stay there.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from migrate.errors import BadInput
from migrate.exchange.sign_in_columns import Counted, Numbering, Reduces
from migrate.exchange.sign_in_tables import normalised
from migrate.model.evidence import Evidence
from migrate.model.instants import moment_of
from migrate.model.record import JsonObject
from migrate.model.sign_in_rows import PolicyResult, RowShape, code_of, flag_of
from migrate.model.sign_ins import Seen, SetAside, SignInKind
from migrate.named_files import empty, reading_named

REQUIRED = (
    "Form",
    "UserId",
    "AppId",
    "Resource",
    "Client",
    "OperatingSystem",
    "Places",
    "Code",
    "SignIns",
    "Attempts",
    "First",
    "Last",
)
"""Columns without which an answer cannot be read."""
_OLDER = {"resource": "resourceidentity", "operatingsystem": "osfamily"}
_WIDEST = 1 << 24


def query_for(evidence: Evidence, *, days: int, parts: int, part: int) -> str:
    """Return the query with the tenant's named locations in it.

    Args:
        evidence: Holds the named locations.
        days: How far back it looks.
        parts, part: Divide the people, where the answer would be larger than the engine gives at once.
    """
    places = ",\n".join(_places(evidence.named_locations))
    body = f"[\n{places}\n]" if places else '["", dynamic([]), dynamic([])]'
    return (
        _QUERY.replace("@DAYS@", str(days))
        .replace("@PARTS@", str(parts))
        .replace("@PART@", str(part))
        .replace("@PLACES@", body)
    )


def _places(locations: Iterable[JsonObject]) -> Iterator[str]:
    for location in locations:
        ranges = location.get("ipRanges")
        if not isinstance(ranges, list):
            continue  # countries need no ranges: the country itself is kept
        written = [str(one["cidrAddress"]) for one in ranges if isinstance(one, dict) and "cidrAddress" in one]
        v4, v6 = (_listed(one for one in written if (":" in one) is wanted) for wanted in (False, True))
        yield f'    "{_plain(str(location.get("id")).lower())}", dynamic([{v4}]), dynamic([{v6}])'


def _listed(ranges: Iterable[str]) -> str:
    return ", ".join(f'"{_plain(one)}"' for one in ranges)


def _plain(text: str) -> str:
    """Return a text that ends no literal of the query: ids and ranges hold nothing else."""
    return "".join(letter for letter in text if letter.isalnum() or letter in "-.:/")


_QUERY = """\
// Made by mfa-migrate: counts sign-ins by kind and person, where the log lies. Export the answer as CSV, then
//   mfa-migrate sign-ins import --reduced FILE
// Names and addresses stay here. Where the answer is cut off, print the query again with more --parts.
let Since = ago(@DAYS@d);
let Until = now();
let Parts = @PARTS@;
let Part = @PART@;
let Ranges = datatable(Place: string, V4: dynamic, V6: dynamic)
@PLACES@;
let Log = union isfuzzy=true
    (SigninLogs
     | where TimeGenerated between (Since .. Until)
     | extend Form = "interactive", Device = tostring(DeviceDetail), Where = tostring(LocationDetails),
              Policies = tostring(ConditionalAccessPolicies)),
    (AADNonInteractiveUserSignInLogs
     | where TimeGenerated between (Since .. Until)
     | extend Form = "nonInteractive", Device = tostring(DeviceDetail), Where = tostring(LocationDetails),
              Policies = tostring(ConditionalAccessPolicies));
// A sign-in that is corrected later comes again under its id: the last row counts.
let Rows = Log
    | where Parts == 1 or abs(hash(UserId, Parts)) == Part
    | summarize arg_max(TimeGenerated, *) by Id
    | extend D = parse_json(Device), W = parse_json(Where),
             Seen = tostring(column_ifexists("IPAddressFromResourceProvider", ""))
    | project TimeGenerated, CorrelationId, Form, UserId = tolower(UserId), AppId = tolower(AppId),
              Resource = tolower(ResourceIdentity), Ip = IPAddress,
              SeenIp = iff(isempty(Seen) or Seen == IPAddress, "", Seen),
              Audiences = tostring(column_ifexists("ConditionalAccessAudiences", "")),
              Contexts = tostring(column_ifexists("AuthenticationContextClassReferences", "")),
              Client = ClientAppUsed,
              Protocol = tostring(column_ifexists("AuthenticationProtocol", "")),
              Flow = tostring(column_ifexists("OriginalTransferMethod", "")),
              Token = tostring(column_ifexists("IncomingTokenType", "")),
              OperatingSystem = extract(@"^[A-Za-z ]*", 0, tostring(D.operatingSystem)),
              Compliant = tostring(D.isCompliant), KnownDevice = isnotempty(tostring(D.deviceId)),
              Trust = tostring(D.trustType), Country = tostring(W.countryOrRegion),
              ThroughGsa = tostring(column_ifexists("IsThroughGlobalSecureAccess", "")),
              CrossTenant = tostring(column_ifexists("CrossTenantAccessType", "")),
              ResourceTenantId = tolower(tostring(column_ifexists("ResourceTenantId", ""))),
              SignInRisk = RiskLevelDuringSignIn, Code = tostring(ResultType), Requirement = AuthenticationRequirement,
              AskedBy = strcat_array(array_sort_asc(extract_all(@'"requirementProvider"\\s*:\\s*"([^"]+)"',
                  tostring(column_ifexists("AuthenticationRequirementPolicies", "")))), " "),
              Methods = strcat_array(array_sort_asc(extract_all(@'"authenticationMethod"\\s*:\\s*"([^"]+)"',
                  tostring(column_ifexists("AuthenticationDetails", "")))), ";"),
              Agent = tostring(parse_json(tostring(column_ifexists("Agent", ""))).agentType),
              Id, Policies;
// What each policy did, but for those that did nothing: id=result, and ! where MFA or a strength was enforced.
let Results = Rows
    | mv-expand Policy = parse_json(Policies)
    | extend Result = tostring(Policy.result), Controls = tostring(Policy.enforcedGrantControls)
    | where isnotempty(Result)
    | extend Written = iff(Result in~ ("notApplied", "notEnabled", "reportOnlyNotApplied"), "",
                           strcat(tolower(tostring(Policy.id)), "=", Result,
                                  iff(Controls has "mfa" or Controls has "strength", "!", "")))
    | summarize Done = array_sort_asc(make_set_if(Written, isnotempty(Written))) by Id
    | project Id, Results = strcat("told ", strcat_array(Done, " "));
let Places = materialize(
    union (Rows | project Ip), (Rows | where isnotempty(SeenIp) | project Ip = SeenIp)
    | distinct Ip
    | extend Key = 1
    | join kind=inner (Ranges | extend Key = 1) on Key
    | where (Ip !contains ":" and ipv4_is_in_any_range(Ip, V4)) or (Ip contains ":" and ipv6_is_in_any_range(Ip, V6))
    | summarize Places = strcat_array(array_sort_asc(make_set(Place)), " ") by Ip);
Rows
| lookup kind=leftouter Results on Id
| lookup kind=leftouter Places on Ip
| lookup kind=leftouter (Places | project SeenIp = Ip, SeenPlaces = Places) on SeenIp
| extend HasAddress = isnotempty(Ip), HasSeenAddress = isnotempty(SeenIp), Hour = bin(TimeGenerated, 1h)
| summarize SignIns = count(), Attempts = dcount(CorrelationId, 4),
            First = min(TimeGenerated), Last = max(TimeGenerated)
    by Form, UserId, AppId, Resource, Audiences, Contexts, Client, Protocol, Flow, Token, OperatingSystem, Compliant,
       KnownDevice, Trust, Country, HasAddress, Places, HasSeenAddress, SeenPlaces, ThroughGsa, CrossTenant,
       ResourceTenantId, SignInRisk, Code, Requirement, AskedBy, Methods, Results, Agent, Hour
| project-away Hour
| order by UserId asc, First asc
"""


def counted_from(paths: Sequence[Path], reducer: Reduces) -> Counted:
    """Return what reduced answers hold: the kinds, and who.

    Raises:
        BadInput: A file is no such answer; the message names the columns that are missing.
    """
    kinds = Numbering(lambda kind: kind)
    seen: dict[tuple[int, str], Seen] = {}
    set_aside: dict[SetAside, int] = {}
    rows = 0
    for path in paths:
        for number, row in _rows(path):
            signs, attempts, first, last = _counts(path, number, row)
            rows += signs
            kind = reducer.kind_of(_shape(row), _places_of(row))
            if not isinstance(kind, SignInKind) or not row.get("userid"):
                why = SetAside.UNREADABLE if isinstance(kind, SignInKind) else kind
                set_aside[why] = set_aside.get(why, 0) + signs
                continue
            key = (kinds[kind], row["userid"].strip().lower())
            one = Seen(rows=signs, first=first, last=last, hours=((last // 3600, attempts),))
            seen[key] = seen[key].and_more(one) if key in seen else one
    moments = [(one.first, one.last) for one in seen.values()]
    return Counted(
        rows=rows,
        repeated=0,
        set_aside=set_aside,
        first=min((first for first, _ in moments), default=None),
        last=max((last for _, last in moments), default=None),
        kinds=kinds.values_made,
        people=lambda: ((kind, user_id, one) for (kind, user_id), one in sorted(seen.items())),
    )


def shapes_of(paths: Sequence[Path]) -> Iterator[RowShape]:
    """Yield the shapes of reduced answers, to tell what they lack. Raises as `counted_from`."""
    for path in paths:
        for _, row in _rows(path):
            yield _shape(row)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    csv.field_size_limit(_WIDEST)
    try:
        with reading_named(path), path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream)
            first = next(reader, None)
            if first is None:
                raise empty(str(path))
            header = [_OLD_NAMES.get(normalised(name), normalised(name)) for name in first]
            missing = [name for name in REQUIRED if name.casefold() not in header]
            if missing:
                raise BadInput(
                    f"{path.name} is no answer of `sign-ins kql`; it lacks the columns: {', '.join(missing)}.",
                    hint="Export the whole answer as CSV. Rows that are not reduced are imported without --reduced.",
                )
            for number, row in enumerate(reader, start=1):
                if row:
                    yield number, dict(zip(header, row, strict=False))
    except (UnicodeDecodeError, csv.Error) as problem:
        raise BadInput(f"{path.name} cannot be read: {problem}.") from problem


_OLD_NAMES = {older: newer for newer, older in _OLDER.items()}


def _counts(path: Path, number: int, row: dict[str, str]) -> tuple[int, int, int, int]:
    first, last = moment_of(row.get("first", "")), moment_of(row.get("last", ""))
    try:
        if first is None or last is None:
            raise ValueError
        return int(row["signins"]), int(row["attempts"]), int(first.timestamp()), int(last.timestamp())
    except (KeyError, ValueError):
        raise BadInput(f"Row {number} of {path.name} has no counts or moments.") from None


def _shape(row: dict[str, str]) -> RowShape:
    requirement = row.get("requirement", "")
    return RowShape(
        interactive=row["form"].casefold() == "interactive",
        application=row.get("appid", "").lower(),
        resource=row.get("resource", "").lower(),
        audiences=_ids(row.get("audiences")),
        contexts=_ids(row.get("contexts")),
        client=row.get("client", ""),
        protocol=row.get("protocol") or None,
        flow=row.get("flow") or None,
        token=row.get("token") or None,
        operating_system=row.get("operatingsystem", ""),
        compliant=flag_of(row.get("compliant") or None),
        known_device=flag_of(row.get("knowndevice")) is True,
        trust=row.get("trust", ""),
        country=row.get("country"),
        global_secure_access=flag_of(row.get("throughgsa") or None),
        user_type="",
        cross_tenant=row.get("crosstenant") or None,
        resource_tenant=row.get("resourcetenantid", "").lower(),
        risk=row.get("signinrisk") or None,
        code=code_of(row.get("code")),
        multifactor=requirement[:5].casefold() == "multi" if requirement else None,
        asked_by=None if "askedby" not in row else tuple(sorted(set(row["askedby"].split()))),
        methods=None
        if "methods" not in row
        else tuple(sorted(filter(None, map(str.strip, row["methods"].split(";"))))),
        results=_results(row.get("results")),
        agent=row.get("agent", ""),
    )


def _ids(written: str | None) -> tuple[str, ...] | None:
    """Return the ids of a JSON list of texts or objects; None where there is no list."""
    if not written:
        return None
    try:
        found = _LISTED.decode(written)
    except msgspec.DecodeError as problem:
        raise BadInput(f"A cell does not hold the list that it should: {written[:80]!r} ({problem}).") from problem
    return tuple(sorted(_id_of(one) for one in found))


def _id_of(one: str | dict[str, object]) -> str:
    return one.lower() if isinstance(one, str) else str(one.get("applicationId") or one.get("id") or "").lower()


_LISTED = msgspec.json.Decoder(tuple[str | dict[str, object], ...])


def _results(written: str | None) -> tuple[PolicyResult, ...] | None:
    if not written or not written.startswith("told"):
        return None
    found = []
    for part in written.split()[1:]:
        policy_id, _, result = part.partition("=")
        found.append(PolicyResult(policy_id, result.rstrip("!"), result.endswith("!")))
    return tuple(found)


def _places_of(row: dict[str, str]) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    here = tuple(row.get("places", "").split()) if flag_of(row.get("hasaddress", "true")) is not False else None
    other = flag_of(row.get("hasseenaddress", row.get("ownaddressdiffers", "false")))
    return here, tuple(row.get("seenplaces", "").split()) if other else None
