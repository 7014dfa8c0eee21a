"""The query that counts what each policy did where the log lies, and the table that it gives back.

It groups by policy and result alone, so that its answer stays small however large the log is. No person is named in it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from migrate.errors import BadInput
from migrate.exchange.sign_in_tables import normalised
from migrate.model.instants import iso_utc, moment_of
from migrate.model.sign_ins import Form, PolicyCount
from migrate.named_files import empty, reading_named

_REQUIRED = ("PolicyId", "Result", "Form", "Client", "Code", "SignIns", "Attempts", "People", "First", "Last")


def policies_query_for(*, days: int) -> str:
    """Return the query; `days` is how far back it looks."""
    return _QUERY.replace("@DAYS@", str(days))


_QUERY = """\
// Made by mfa-migrate: counts what each policy did, or in report-only would have done, where the log lies. Export the
// answer as CSV, then bring it together with the answer of the other query:
//   mfa-migrate sign-ins import --reduced KINDS_FILE POLICIES_FILE
// Nobody is named: people are counted, and the count is an estimate.
let Since = ago(@DAYS@d);
let Until = now();
union isfuzzy=true
    (SigninLogs
     | where TimeGenerated between (Since .. Until)
     | extend Form = "interactive", Policies = tostring(ConditionalAccessPolicies)),
    (AADNonInteractiveUserSignInLogs
     | where TimeGenerated between (Since .. Until)
     | extend Form = "nonInteractive", Policies = tostring(ConditionalAccessPolicies))
// A sign-in that is corrected later comes again under its id: the last row counts.
| summarize arg_max(TimeGenerated, *) by Id
| project TimeGenerated, CorrelationId, Form, UserId = tolower(UserId), Client = ClientAppUsed,
          Code = tostring(ResultType), Policies
| mv-expand Policy = parse_json(Policies)
| extend PolicyId = tolower(tostring(Policy.id)), Result = tostring(Policy.result)
| where isnotempty(PolicyId) and isnotempty(Result)
| where Result !in~ ("notApplied", "notEnabled", "reportOnlyNotApplied")
| summarize SignIns = count(), Attempts = dcount(CorrelationId, 4), People = dcount(UserId, 4),
            First = min(TimeGenerated), Last = max(TimeGenerated)
    by PolicyId, Result, Form, Client, Code
| order by PolicyId asc, Result asc, Form asc, Client asc, Code asc
"""


def counts_policies(path: Path) -> bool:
    """Tell whether a file is an answer of this query: it names policies and no people."""
    header = _header(path)
    return "policyid" in header and "userid" not in header


def policy_counts_in(path: Path) -> tuple[PolicyCount, ...]:
    """Return what an answer holds.

    Raises:
        BadInput: Columns are missing, or a row has no counts.
    """
    header = _header(path)
    missing = [name for name in _REQUIRED if name.casefold() not in header]
    if missing:
        raise BadInput(
            f"{path.name} is no answer of `sign-ins kql --policies`; it lacks the columns: {', '.join(missing)}.",
            hint="Export the whole answer as CSV.",
        )
    return tuple(_rows(path, header))


def _header(path: Path) -> list[str]:
    first = next(_lines(path), None)
    if first is None:
        raise empty(str(path))
    return [normalised(name) for name in first]


def _rows(path: Path, header: list[str]) -> Iterator[PolicyCount]:
    lines = _lines(path)
    next(lines, None)
    for number, cells in enumerate(lines, start=1):
        if not cells:
            continue
        row = dict(zip(header, cells, strict=False))
        first, last = moment_of(row.get("first", "")), moment_of(row.get("last", ""))
        try:
            if first is None or last is None or not row["policyid"].strip():
                raise ValueError
            yield PolicyCount(
                policy_id=row["policyid"].strip().lower(),
                result=row["result"].strip(),
                form=Form.INTERACTIVE if row["form"].strip().casefold() == "interactive" else Form.NON_INTERACTIVE,
                client=row["client"],
                code=_number(row["code"]),
                rows=_number(row["signins"]),
                attempts=_number(row["attempts"]),
                people=_number(row["people"]),
                first=iso_utc(first),
                last=iso_utc(last),
            )
        except (KeyError, ValueError):
            raise BadInput(f"Row {number} of {path.name} has no policy, counts or moments.") from None


def _number(cell: str) -> int:
    number = int(cell)
    if number < 0:
        raise ValueError(cell)
    return number


def _lines(path: Path) -> Iterator[list[str]]:
    try:
        with reading_named(path), path.open(encoding="utf-8-sig", newline="") as stream:
            yield from csv.reader(stream)
    except (UnicodeDecodeError, csv.Error) as problem:
        raise BadInput(f"{path.name} cannot be read: {problem}.") from problem
