"""One file of each kind that docs/powershell.md lists: what stands around a table, and how else a list can look.

The key of each is what the page calls it. `{u}` are the lines of the table, so that every file says the same of three
people: Nils is enforced, Vera is enabled, Otis is disabled.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

NILS, VERA, OTIS = (f"{name}@contoso.example" for name in ("nils.arvo", "vera.kos", "otis.bray"))
TRUTH: dict[str, str | None] = {NILS: "enforced", VERA: "enabled", OTIS: "disabled"}
NOBODY_KNOWN: dict[str, str | None] = dict.fromkeys(TRUTH)
IDS = {name: f"{digit * 8}-aaaa-4aaa-8aaa-{digit * 12}" for name, digit in zip(TRUTH, "789", strict=True)}


@dataclass(frozen=True)
class Kind:
    """A file of one kind, and what has to come of it."""

    data: bytes
    states: dict[str, str | None] | None
    """By name; None where the file is refused."""
    said: str = ""
    """What a note or the refusal speaks of."""
    visible_only: bool = False


def text(*lines: str, end: str = "\n", codec: str = "utf-8") -> bytes:
    return "".join(line + end for line in lines).encode(codec)


def table(delimiter: str = ",", head: str = "PerUserMfaState") -> list[str]:
    return [
        delimiter.join(("UPN", "Team", head)),
        *(delimiter.join((who, "Lab", str(state))) for who, state in TRUTH.items()),
    ]


def words(head: str, *states: str) -> list[str]:
    return [f"UPN;{head}", *(f"{who};{state}" for who, state in zip(TRUTH, states, strict=True))]


def as_json(document: Any) -> bytes:
    return json.dumps(document).encode()


def workbook(build: Callable[[Any], None], *, more: str = "") -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    for line in table():
        book.active.append(line.split(","))
    build(book.active)
    if more:
        page = book.create_sheet(more)
        for line in table():
            page.append(line.split(","))
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def titled(page: Any) -> None:
    page.insert_rows(1, 2)
    page["A1"] = "Where MFA stands"


def hidden(page: Any) -> None:
    page.row_dimensions[3].hidden = True


def merged(page: Any) -> None:
    page.merge_cells("C2:C3")


def merged_heading(page: Any) -> None:
    page["D1"] = "After"
    page.merge_cells("C1:D1")


def formula(page: Any) -> None:
    page["C4"] = '=IF(TRUE,"enforced","disabled")'


def requirement(user: str) -> dict[str, Any]:
    return {
        "@odata.context": f"https://graph.microsoft.com/beta/$metadata#users('{IDS[user]}')/authentication/requirements",
        "perUserMfaState": TRUTH[user],
    }


BY_ID: dict[str, str | None] = {IDS[name]: state for name, state in TRUTH.items()}
VERA_UNKNOWN = {**TRUTH, VERA: None}
OBJECTS = [{"userPrincipalName": name, "perUserMfaState": state} for name, state in TRUTH.items()]

KINDS: dict[str, list[Kind]] = {
    "`sep=` line": [Kind(text("sep=|", *table("|")), TRUTH), Kind(text('"sep=\t"', *table("\t"), end="\r\n"), TRUTH)],
    "titles above the header, `version:v1.0`": [
        Kind(text("Lab report", "made 2026-03-01", "", *table()), TRUTH, "the header is in row 4"),
        Kind(workbook(titled), TRUTH, "the header is in row 3"),
    ],
    "headings such as `User name [userPrincipalName] Required`": [
        Kind(
            text("version:v1.0", "User name [userPrincipalName] Required", *TRUTH),
            NOBODY_KNOWN,
            "the header is in row 2",
        ),
        Kind(text("Object ID [objectId] Required", *IDS.values()), dict.fromkeys(BY_ID), "this file holds no state"),
    ],
    "rows of blanks, rows of signs": [
        Kind(text(*table(";")[:2], ";;", "---;---;---", *table(";")[2:], "==========", ";;"), TRUTH, "2 separator rows")
    ],
    "totals": [
        Kind(text(*table(), "Totals,,3"), TRUTH, "1 totals row (row 5)"),
        Kind(text(*table(), "(3 rows affected)"), TRUTH, "1 totals row"),
    ],
    "the header once more, as in files put one after the other": [
        Kind(text(*table()[:3], "\ufeff" + table()[0], table()[3]), TRUTH, "1 repeated header (row 4)")
    ],
    "the example row of a template": [
        Kind(text(table()[0], "Example: kim@contoso.example,,", *table()[1:]), TRUTH, "1 example row")
    ],
    "line ends LF, CR LF, CR, also mixed": [
        Kind(text(*table(), end="\r"), TRUTH),
        Kind(text(*table()[:2], end="\r\n") + text(table()[2], end="\r") + text(table()[3]), TRUTH),
    ],
    "a separator at the end of every row": [Kind(text(table()[0], *(line + ",," for line in table()[1:])), TRUTH)],
    "columns twice that are not needed": [
        Kind(text("Team,UPN,Team,MFAState", *(f"a,{n},b,{s}" for n, s in TRUTH.items())), TRUTH),
        Kind(
            text("UPN,MFAState,MFAState", f"{NILS},enforced,disabled"), None, "the column 'MFAState' stands there twice"
        ),
    ],
    "a list of names or ids without a header": [
        Kind(text(*TRUTH, end="\r\n"), NOBODY_KNOWN, "has no header"),
        Kind(as_json(list(TRUTH)), NOBODY_KNOWN, "this file holds no state"),
        Kind(text(*IDS.values()), dict.fromkeys(BY_ID), "has no header"),
    ],
    "several pages of Graph in one file": [
        Kind(
            text(
                json.dumps({"@odata.context": "c", "@odata.nextLink": "n", "value": OBJECTS[:1]}),
                json.dumps({"@odata.context": "c", "value": OBJECTS[1:]}),
            ),
            TRUTH,
        ),
        Kind(as_json({"@odata.context": "c", "@odata.nextLink": "n", "value": OBJECTS}), TRUTH, "one page of a longer"),
        Kind(as_json({"value": OBJECTS}), TRUTH),
    ],
    "the saved answer of a `$batch`, or of one request": [
        Kind(
            as_json(
                {
                    "responses": [
                        {"id": str(n), "status": 200, "body": requirement(name)} for n, name in enumerate(TRUTH)
                    ]
                }
            ),
            BY_ID,
        ),
        Kind(
            as_json(
                {
                    "responses": [
                        {"id": NILS, "status": 200, "body": {"perUserMfaState": "enforced"}},
                        {"id": VERA, "status": 429, "body": {"error": {"code": "TooManyRequests"}}},
                    ]
                }
            ),
            {NILS: "enforced", VERA: None},
            "status 429",
        ),
        Kind(as_json([requirement(name) for name in TRUTH]), BY_ID),
    ],
    "CIPP's `PerUser`": [Kind(as_json([{"UPN": name, "PerUser": state} for name, state in TRUTH.items()]), TRUTH)],
    "`AdditionalProperties` of Graph PowerShell": [
        Kind(
            as_json(
                [
                    {"Id": IDS[n], "AdditionalProperties": {"userPrincipalName": n, "perUserMfaState": s}}
                    for n, s in TRUTH.items()
                ]
            ),
            TRUTH,
        ),
        Kind(
            text("UPN,AdditionalProperties", *(f"{name},System.Collections.Generic.Dictionary`2[a]" for name in TRUTH)),
            NOBODY_KNOWN,
            "the export has lost it",
        ),
    ],
    "a state one level down, in `authenticationRequirements` and the like": [
        Kind(
            as_json([{"upn": n, "authentication": {"requirements": {"perUserMfaState": s}}} for n, s in TRUTH.items()]),
            TRUTH,
        ),
        Kind(
            as_json([{"upn": name, "manager": {"perUserMfaState": "enforced"}} for name in TRUTH]),
            NOBODY_KNOWN,
            "this file holds no state",
        ),
    ],
    "two state columns": [
        Kind(
            text(
                "UPN,PerUserMfaState,Requirement State",
                f"{NILS},enforced,Enforced",
                f"{VERA},enabled,Enforced",
                f"{OTIS},disabled,",
            ),
            VERA_UNKNOWN,
            "row 3: column PerUserMfaState says enabled and column Requirement State something else",
        )
    ],
    "a row that cannot be read": [
        Kind(
            text(*table()[:2], "vera.kos,Lab,enabled", table()[3]),
            {NILS: "enforced", OTIS: "disabled"},
            "row 3, column UPN was not read",
        ),
        Kind(text(*table()[:3], OTIS), {NILS: "enforced", VERA: "enabled"}, "row 4 was not read: it has 1 cell"),
        Kind(as_json([*OBJECTS[:2], 7]), {NILS: "enforced", VERA: "enabled"}, "row 3 was not read: 7 is no object"),
    ],
    "`Error`, `N/A` and the like as a state": [
        Kind(
            text(*table(head="MFA Status")[:2], f"{VERA},Lab,N/A", table()[3]),
            VERA_UNKNOWN,
            "'N/A' is no per-user MFA state",
        )
    ],
    "hidden rows of a filtered sheet": [
        Kind(workbook(hidden), TRUTH, "1 hidden row of 'Sheet' read as well"),
        Kind(
            workbook(hidden),
            {NILS: "enforced", OTIS: "disabled"},
            "1 hidden row of 'Sheet' left out",
            visible_only=True,
        ),
    ],
    "merged cells, cells below a heading that is merged over several columns, formulas without a value": [
        Kind(workbook(merged_heading), None, "its heading is merged over several columns"),
        Kind(workbook(merged), VERA_UNKNOWN, "it is merged with another cell"),
        Kind(workbook(formula), {**TRUTH, OTIS: None}, "was never calculated"),
    ],
    "labels of a pivot table that are not repeated": [
        Kind(
            text("MFAStatus,IsLicensed,UPN", f"Enforced,True,{NILS}", f",True,{VERA}", f"Enabled,True,{OTIS}"),
            {NILS: "enforced", VERA: None, OTIS: "enabled"},
            "it is blank",
        )
    ],
    "states in German, French, Spanish, Italian, Japanese, Portuguese or Dutch": [
        Kind(text(*words("MFA-Status", "Erzwungen", "Aktiviert", "Deaktiviert")), TRUTH, "read in German"),
        Kind(text(*words("PerUserMfaState", "Appliquée", "activé", "DÉSACTIVÉ")), TRUTH, "read in French"),
        Kind(text(*words("PerUserMfaState", "適用", "有効", "無効")), TRUTH, "read in Japanese"),
        Kind(text(*words("PerUserMfaState", "Imposto", "Habilitado", "Desabilitado")), TRUTH, "read in Portuguese"),
        Kind(text(*words("MFA Status", "Erzwungen", "Aktiviert", "Ausstehend")), None, "this file speaks German"),
        Kind(text(*words("MFA Status", "Afgedwongen", "Enabled", "Uitgeschakeld")), None, "this file speaks Dutch"),
    ],
    "characters that cannot be seen, around names and states": [
        Kind(
            text(
                "UPN,MFAState", f"\u200b{NILS}\u00a0,\ufeffenforced", f"{VERA}\u200e,enabled\u00a0", f" {OTIS},disabled"
            ),
            TRUTH,
        )
    ],
    "an HTML page called .xls, an XML spreadsheet": [
        Kind(text("<html>", "<table><tr><td>UPN</td></tr></table>"), None, "is an HTML page"),
        Kind(text("", "<!DOCTYPE html>", "<body></body>"), None, "is an HTML page"),
        Kind(
            text('<?xml version="1.0"?>', '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>'),
            None,
            "Excel 2003",
        ),
    ],
    "whole lines in quotes": [
        Kind(
            text(*('"' + line.replace(",", ',""').replace("Lab", 'Lab""') + '"' for line in table())),
            None,
            "whole line is one quoted cell",
        )
    ],
    "UTF-16 after UTF-8, or the other way round": [
        Kind(text(*table()) + text(*table()[1:], codec="utf-16-le"), None, "UTF-16 was appended to a file in UTF-8"),
        Kind(text(*table(), codec="utf-16") + text(*table()[1:], f"{NILS},Lab,enforced"), None, "UTF-8 was appended"),
    ],
    "a table without a header, two tables in one file": [
        Kind(text(*table()[1:]), None, "has no header"),
        Kind(text(*table(), "State,UPN,Team", *table()[1:]), None, "another header stands there"),
    ],
    "a quote too many, which swallows rows": [
        Kind(
            text(table()[0], f'{NILS},"Lab,enforced', f'{VERA},Lab",enabled', table()[3]),
            None,
            "a quoted cell holds whole rows",
        )
    ],
}
