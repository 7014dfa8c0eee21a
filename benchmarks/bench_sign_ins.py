# ruff: noqa: E501 - lines of invented rows
"""Measure the reading of sign-ins against bare decoding, and the judging of kinds against bare evaluator calls.

Run as `python benchmarks/bench_sign_ins.py [ROWS]` (a million by default; 7 GB go through a pipe for each reading, a CSV
file of 0.8 GB to the disk). Rows are invented from a seed: 10,000 people, 12 policies, 8 KB a row as NDJSON. Each figure
comes from a process of its own: CPU seconds of its reading, and the most memory that it ever held. All readers take turns,
and the least CPU of each counts: what else runs on the machine takes from all of them.

Bare decoding of NDJSON is two things, and the limit holds against both. *The same members*: msgspec decodes each line into
the members that are counted, whose types are named to it beforehand, leaves the list of policy results as it is written,
and the row is dropped. *Every member*: msgspec decodes each line as it does where nobody names a type. Bare reading of
CSV is the csv module, and the row is dropped.
"""

from __future__ import annotations

import csv
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from migrate.decide.replay.judging import KindJudge
from migrate.decide.sign_ins.reduction import Reducer
from migrate.decide.what_if import WhatIf
from migrate.exchange import sign_in_files
from migrate.exchange.graph_columns import GraphColumns
from migrate.exchange.sign_in_columns import SignInColumns
from migrate.exchange.sign_in_files import recognised
from migrate.model.evidence import ConditionalAccessPolicy, Evidence, PolicyState
from migrate.model.explanation import PastSignIn
from migrate.model.sign_ins import Form, SignInClass, SignInKind
from migrate.model.users import UserProfile

PEOPLE, POLICIES = 10_000, 12
TENANT = "10000000-0000-4000-8000-0000000000aa"
RESOURCES = [f"0000000{number}-0000-0ff1-ce00-000000000000" for number in range(2, 8)]
MOST_TIMES, MOST_MEBIBYTES = 1.3, 150
TURNS = 3
JUDGED, MOST_JUDGING = 10_000, 2.0
SYSTEMS = ("Windows11", "Windows10", "Ios 18.1", "Android 15", "MacOs", "")
CLIENTS = ("Browser", "Mobile Apps and Desktop clients", "Browser", "Mobile Apps and Desktop clients", "IMAP4")


def evidence() -> Evidence:
    """Return twelve policies with conditions of every sort, and fifty offices."""

    def policy(number: int) -> ConditionalAccessPolicy:
        conditions: dict[str, Any] = {
            "users": {"includeUsers": ["All"]},
            "applications": {"includeApplications": ["All"] if number % 3 else [RESOURCES[number % 6]]},
            "clientAppTypes": ["all"] if number % 2 else ["browser", "mobileAppsAndDesktopClients"],
        }
        if number % 4 == 1:
            conditions["platforms"] = {"includePlatforms": ["all"], "excludePlatforms": ["iOS"]}
        if number % 4 == 2:
            conditions["locations"] = {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}
        raw = {
            "id": f"20000000-0000-4000-8000-{number:012}",
            "displayName": f"Policy {number}",
            "state": "enabled",
            "conditions": conditions,
            "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
        }
        return ConditionalAccessPolicy(
            id=raw["id"],
            display_name=raw["displayName"],
            policy_state=PolicyState.ENABLED,
            description=None,
            created_date_time=f"2026-01-{number + 1:02}T00:00:00Z",
            modified_date_time=None,
            raw=raw,
        )

    offices = tuple(
        {
            "@odata.type": "#microsoft.graph.ipNamedLocation",
            "id": f"10000000-0000-4000-8000-{number:012}",
            "displayName": f"Office {number}",
            "isTrusted": True,
            "ipRanges": [{"cidrAddress": f"198.51.{number}.0/24"}],
        }
        for number in range(50)
    )
    return Evidence(
        policies=tuple(map(policy, range(POLICIES))),
        named_locations=offices,
        authentication_strengths=(),
        security_defaults_enabled=False,
        groups={},
        roles={},
    )


# Invented rows


def _parts(number: int) -> Iterator[dict[str, str]]:
    """Yield what differs from row to row."""
    rng = random.Random(1)
    begin = 1_795_000_000
    for place in range(number):
        person = rng.randrange(PEOPLE)
        yield {
            "id": f"40000000-0000-4000-8000-{place:012}",
            "correlation": f"50000000-0000-4000-8000-{place - place % 2:012}",
            "user": f"30000000-0000-4000-8000-{person:012}",
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(begin + place * 7 * 86_400 // number)),
            "ip": f"198.51.{person % 60}.{person % 250}",
            "resource": RESOURCES[(person + rng.randrange(2)) % 6],
            "client": CLIENTS[(person + rng.randrange(2)) % 5],
            "system": SYSTEMS[person % 6],
            "code": "0" if rng.random() < 0.9 else "50074",
            "klass": str(person % 8),
        }


def _results(klass: int) -> str:
    return json.dumps(
        [
            {
                "id": f"20000000-0000-4000-8000-{number:012}",
                "displayName": f"A policy with a name of usual length, number {number}",
                "enforcedGrantControls": ["Mfa"] if (number + klass) % 3 else [],
                "enforcedSessionControls": [],
                "result": ("success", "notApplied", "reportOnlySuccess")[(number + klass) % 3],
                "conditionsSatisfied": "application,users,devicePlatform,location,clientType,signInRisk,userRisk",
                "conditionsNotSatisfied": "none",
                "includeRulesSatisfied": [{"conditionalAccessCondition": "application", "ruleSatisfied": "allApps"}],
                "excludeRulesSatisfied": [],
            }
            for number in range(POLICIES)
        ]
    )


_ROW = """{"id":"%(id)s","createdDateTime":"%(at)s","userDisplayName":"Somebody","userPrincipalName":"a@contoso.example",\
"userId":"%(user)s","appId":"30000000-0000-4000-8000-000000000101","ipAddress":"%(ip)s","clientAppUsed":"%(client)s",\
"userAgent":"Mozilla/5.0 (invented) %(padding)s","correlationId":"%(correlation)s","isInteractive":true,\
"riskLevelDuringSignIn":"none","resourceId":"%(resource)s","resourceTenantId":"10000000-0000-4000-8000-0000000000aa",\
"authenticationRequirement":"multiFactorAuthentication","signInEventTypes":["interactiveUser"],"userType":"member",\
"crossTenantAccessType":"none","incomingTokenType":"none","authenticationProtocol":"none","originalTransferMethod":"none",\
"conditionalAccessAudiences":["%(resource)s"],"status":{"errorCode":%(code)s,"failureReason":"Other."},\
"deviceDetail":{"deviceId":"%(user)s","operatingSystem":"%(system)s","isCompliant":true,"trustType":"Azure AD joined"},\
"location":{"city":"Anytown","countryOrRegion":"SE"},"appliedConditionalAccessPolicies":%(results)s,\
"authenticationContextClassReferences":[],"authenticationDetails":[{"authenticationStepDateTime":"%(at)s",\
"authenticationMethod":"Password","succeeded":true},{"authenticationStepDateTime":"%(at)s","authenticationMethod":\
"Mobile app notification","succeeded":true}],"authenticationRequirementPolicies":[{"requirementProvider":"user"}]}
"""


def write_ndjson(number: int) -> None:
    """Write rows to stdout."""
    results = {str(klass): _results(klass) for klass in range(8)}
    padding = "x" * 1_150
    out = sys.stdout
    for part in _parts(number):
        out.write(_ROW % {**part, "results": results[part["klass"]], "padding": padding})


_HEADER = (
    "Date (UTC),Request ID,User agent,Correlation ID,User ID,User,Username,User type,Cross tenant access type,"
    "Incoming token type,Authentication Protocol,Unique token identifier,Original transfer method,Client credential type,"
    "Token Protection - Sign In Session,Token Protection - Sign In Session StatusCode,Application,Application ID ,"
    "App owner tenant ID,Resource,Resource ID ,Resource tenant ID,Resource owner tenant ID,Home tenant ID,Home tenant name,"
    "IP address,Location,Status,Sign-in error code,Failure reason,Client app,Device ID,Browser,Operating System,Compliant,"
    "Managed,Join Type,Multifactor authentication result,Multifactor authentication auth method,"
    "Multifactor authentication auth detail,Authentication requirement,Sign-in identifier,Session ID,"
    "IP address (seen by resource),Through Global Secure Access,Global Secure Access IP address,"
    "Autonomous system  number,Flagged for review,Token issuer type,Incoming token type,Token issuer name,Latency,"
    "Conditional Access,Managed Identity type,Associated Resource Id,Federated Token Id,Federated Token Issuer"
)


def write_csv(path: Path, number: int) -> None:
    """Write the portal's CSV."""
    names = _HEADER.split(",")
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(names)
        for part in _parts(number):
            cells = dict.fromkeys(names, "")
            cells.update(
                {
                    "Date (UTC)": part["at"],
                    "Request ID": part["id"],
                    "User agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (invented) Edge/142.0.0.0",
                    "Correlation ID": part["correlation"],
                    "User ID": part["user"],
                    "User": "Somebody Somewhere",
                    "Username": "somebody.somewhere@contoso.example",
                    "User type": "Member",
                    "Cross tenant access type": "none",
                    "Authentication Protocol": "none",
                    "Unique token identifier": part["id"],
                    "Original transfer method": "none",
                    "Application": "Office 365 Exchange Online",
                    "Application ID ": "30000000-0000-4000-8000-000000000101",
                    "Resource": "Office 365 Exchange Online",
                    "Resource ID ": part["resource"],
                    "Resource tenant ID": TENANT,
                    "Home tenant ID": TENANT,
                    "IP address": part["ip"],
                    "Location": "Anytown, Somewhere, SE",
                    "Status": "Success" if part["code"] == "0" else "Interrupted",
                    "Sign-in error code": part["code"],
                    "Failure reason": "Other.",
                    "Client app": part["client"],
                    "Device ID": part["user"],
                    "Browser": "Edge 142.0.0",
                    "Operating System": part["system"],
                    "Compliant": "True",
                    "Managed": "True",
                    "Join Type": "Azure AD joined",
                    "Authentication requirement": "Multifactor authentication",
                    "Sign-in identifier": "somebody.somewhere@contoso.example",
                    "Session ID": part["correlation"],
                    "Through Global Secure Access": "No",
                    "Autonomous system  number": "64500",
                    "Token issuer type": "Azure AD",
                    "Latency": "121",
                    "Conditional Access": "Success",
                }
            )
            writer.writerow([cells[name] for name in names])


# What is measured, each in a process of its own


def plain_ndjson(path: Path) -> int:
    """Decode line by line as msgspec does where nobody says what is needed."""
    decode, number = msgspec.json.Decoder().decode, 0
    for _ in sign_in_files._lines(path, decode):
        number += 1
    return number


def bare_ndjson(path: Path) -> int:
    """Decode line by line the members that are needed, results of policies as they are written, and do nothing else."""
    number = 0
    for _ in sign_in_files._lines(path, sign_in_files._ROW.decode):
        number += 1
    return number


def our_ndjson(path: Path) -> int:
    """Read into kinds and people."""
    columns = SignInColumns(Reducer(evidence(), TENANT))
    graph = GraphColumns(columns)
    sign_in_files._added(graph, sign_in_files._row_lines(path, graph.lists), lambda _: None)
    return _counted(columns)


def bare_csv(path: Path) -> int:
    """Read row by row with the csv module and do nothing else."""
    number = 0
    for _ in csv.reader(path.open(encoding="utf-8-sig", newline="")):
        number += 1
    return number


def our_csv(path: Path) -> int:
    """Read into kinds and people."""
    columns = SignInColumns(Reducer(evidence(), TENANT))
    sign_in_files.read_into(columns, recognised(path), advance=lambda _: None)
    return _counted(columns)


def _counted(columns: SignInColumns) -> int:
    counted = columns.settle()
    people = sum(1 for _ in counted.people())
    print(f"{len(counted.kinds)} kinds, {people} times a person", file=sys.stderr)
    return counted.rows


MEASURED: dict[str, Callable[[Path], int]] = {
    "plain-ndjson": plain_ndjson,
    "bare-ndjson": bare_ndjson,
    "our-ndjson": our_ndjson,
    "bare-csv": bare_csv,
    "our-csv": our_csv,
}


def measured(name: str, path: Path, writer: list[str] | None = None) -> tuple[float, float]:
    """Return CPU seconds and the peak in MiB of one reading, in a process of its own; a writer feeds it by a pipe."""
    feeding = None if writer is None else subprocess.Popen(writer, stdout=subprocess.PIPE)
    done = subprocess.run(
        [sys.executable, __file__, name, str(path)],
        stdin=None if feeding is None else feeding.stdout,
        stdout=subprocess.PIPE,
        check=True,
    )
    if feeding is not None:
        feeding.wait()
    seconds, peak = map(float, done.stdout.split())
    return seconds, peak


def judging() -> tuple[float, float]:
    """Return CPU seconds of judging kinds, and of the evaluator calls that it makes."""
    rng = random.Random(2)
    kinds = [_kind(rng, number) for number in range(JUDGED)]
    profile = UserProfile(
        id="30000000-0000-4000-8000-000000000001",
        user_principal_name="ada@contoso.example",
        display_name=None,
        user_type="Member",
        creation_type=None,
        external_user_state=None,
        identities=(),
        account_enabled=True,
        on_premises_sync_enabled=False,
        assigned_licenses=(),
        created_date_time=None,
    )
    judge, what_if = KindJudge(evidence()), WhatIf(evidence())
    user_class, assigned = judge.class_of(profile), what_if.assigned_to(profile)
    began = time.process_time()
    for kind in kinds:
        judge.judge(user_class, kind)
    ours = time.process_time() - began
    sign_in = PastSignIn(app=RESOURCES[0], platform="windows", within=(), compliant=True)
    began = time.process_time()
    for _ in range(judge.judged):
        what_if.weighed(assigned, sign_in)
    return ours, time.process_time() - began


def _kind(rng: random.Random, number: int) -> SignInKind:
    return SignInKind(
        form=Form.INTERACTIVE,
        resources=(f"{number:08}-0000-4000-8000-000000000000",),
        contexts=(),
        client=rng.choice(CLIENTS),
        application="",
        protocol="none",
        flow="none",
        platform=rng.choice(("windows", "iOS", None)),
        places=(f"10000000-0000-4000-8000-{rng.randrange(50):012}",) if rng.random() < 0.5 else (),
        places_seen_by_resource=None,
        country="SE",
        global_secure_access=None,
        risk="none",
        compliant=True,
        hybrid_joined=False,
        external="none",
        outcome=SignInClass.OK,
        code=0,
        multifactor=False,
        asked_by=(),
        silent=False,
        results=(),
        enforced_mfa=(),
    )


def main(rows: int) -> None:
    """Print the figures, and whether they are within the limits."""
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "InteractiveSignIns_bench.csv"
        write_csv(table, rows)
        pipe = Path("/dev/stdin")
        feeding = [sys.executable, __file__, "write-ndjson", str(rows)]
        for reader, path, writer, baselines in (
            ("our-csv", table, None, {"bare-csv": "the csv module"}),
            ("our-ndjson", pipe, feeding, {"bare-ndjson": "the same members", "plain-ndjson": "every member"}),
        ):
            taken = [{name: measured(name, path, writer) for name in (reader, *baselines)} for _ in range(TURNS)]
            least = {name: min(turn[name][0] for turn in taken) for name in (reader, *baselines)}
            peak = max(turn[reader][1] for turn in taken)
            print(
                f"{reader}, {rows:,} rows: {least[reader]:.1f} s CPU; peak {peak:.0f} MiB (at most {MOST_MEBIBYTES}): "
                f"{'within' if peak <= MOST_MEBIBYTES else 'PAST'} the limit"
            )
            for name, words in baselines.items():
                ratio = least[reader] / least[name]
                verdict = "within" if ratio <= MOST_TIMES else "PAST"
                print(
                    f"  bare, {words}: {least[name]:.1f} s, {ratio:.2f} times (at most {MOST_TIMES}): {verdict} the limit"
                )
    ours, bare = judging()
    verdict = "within" if ours <= MOST_JUDGING * bare else "PAST"
    print(
        f"judging {JUDGED:,} kinds: {ours:.2f} s CPU, bare calls {bare:.2f} s, {ours / bare:.2f} times "
        f"(at most {MOST_JUDGING:g}): {verdict} the limit"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["write-ndjson"]:
        write_ndjson(int(sys.argv[2]))
    elif sys.argv[1:2] and sys.argv[1] in MEASURED:
        start = time.process_time()
        MEASURED[sys.argv[1]](Path(sys.argv[2]))
        print(time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 1_000_000)
