"""A known table with what spreadsheets, scripts, portals and people put around it, as a Hypothesis strategy."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from migrate.exchange.localized import WORDS
from migrate.model.users import MfaState

LYING = "it lies"
"""Said of a second state column that says something else than the first."""
UNSEEN = ("\u00a0", "\u200b", "\ufeff", "\u200e", " ", "\t")
SIGNS = ("-----", "=====", "* * *".replace(" ", ""), "_____", "~~~", "—————")
TOTALS = (
    "Total: 3",
    "Total",
    "TOTAL USERS: 17",
    "Sum",
    "Summe: 4",
    "Count: 12",
    "Anzahl 9",
    "(3 rows affected)",
    "合計",
)
TITLES = (
    "Per-user MFA report of Contoso",
    "Generated 2026-10-02 08:12",
    "version:v1.0",
    "Confidential",
    "Users: 17",
    "Created by ada@contoso.example",
    "MFA Status, all users",
)
HEADINGS_OF_NAMES = (
    "UserPrincipalName",
    " USER_PRINCIPAL_NAME ",
    "UPN",
    "User principal name",
    "User name [userPrincipalName] Required",
    "Username",
)
HEADINGS_OF_STATES = (
    "PerUserMfaState",
    "Per-user MFA Status",
    "PER_USER_MFA_STATE",
    "MFA Status",
    "MFAState",
    "PerUser",
)
NOTES = ("", "IT", "a;b", "a,b", 'say "so"', "line one\nline two", "x\ty", "Enforced", "0", "-", "#REF!")


@dataclass
class Noisy:
    """A document, and what may be read from it."""

    data: bytes
    truth: dict[str, str]
    """Everybody's true state; a reading may leave somebody out or unknown, but never say anything else."""
    done: list[str] = field(default_factory=list)
    """What was done to the table."""


@st.composite
def people(draw: st.DrawFn) -> dict[str, str]:
    """Return states by name; somebody is always Enforced, so that columns named like MFA Status are believed."""
    states = draw(st.lists(st.sampled_from(list(MfaState)), min_size=1, max_size=6))
    everybody = [MfaState.ENFORCED, *states]
    return {f"u{number}.x@contoso.example": state.value for number, state in enumerate(everybody)}


@st.composite
def noisy(draw: st.DrawFn) -> Noisy:
    """Return a table as CSV, workbook or JSON, with up to four things done to it."""
    truth = draw(people())
    form = draw(st.sampled_from([noisy_csv, noisy_csv, noisy_csv, noisy_csv, noisy_workbook, noisy_json]))
    return draw(form(truth))


def _spelled(draw: st.DrawFn, truth: dict[str, str], done: list[str]) -> dict[str, str]:
    """Return the words for the states: in any case, in another language for all, or with unseen characters."""
    match draw(st.sampled_from(["lower", "title", "upper", "language", "mixed"])):
        case "title":
            return {name: state.title() for name, state in truth.items()}
        case "upper":
            return {name: state.upper() for name, state in truth.items()}
        case "language":
            language = draw(st.sampled_from(list(WORDS)))
            done.append(language.value)
            return {name: WORDS[language][MfaState(state)][0] for name, state in truth.items()}
        case "mixed":
            done.append("mixed languages")
            words = {
                name: draw(st.sampled_from(list(WORDS.values())))[MfaState(state)][0] for name, state in truth.items()
            }
            return {name: draw(st.sampled_from([words[name], state])) for name, state in truth.items()}
        case _:
            return dict(truth)


def _rows(draw: st.DrawFn, truth: dict[str, str], done: list[str]) -> tuple[list[list[str]], int]:
    """Return a header and rows, with gaps and failures, and the place of the header."""
    words = _spelled(draw, truth, done)
    names = draw(st.sampled_from(HEADINGS_OF_NAMES))
    header = [names, "Department", draw(st.sampled_from(HEADINGS_OF_STATES))]
    second = draw(st.booleans()) and draw(st.booleans())
    if second:
        done.append("second state column")
        header.append(draw(st.sampled_from(["CurrentState", "Requirement State", "PreviousState"])))
    rows = []
    for name, word in words.items():
        written = draw(st.sampled_from([word] * 9 + ["", "Error", "n/a"]))
        unseen = st.sampled_from(["", "", "", *UNSEEN])
        row = [draw(unseen) + name + draw(unseen), draw(st.sampled_from(NOTES)), draw(unseen) + written + draw(unseen)]
        if second:
            # A second column lies only beside a first one that says something: else nobody could know.
            lies = ["disabled", "enforced", ""] if written == word else []
            row.append(draw(st.sampled_from([truth[name], truth[name], *lies])))
            if row[-1] not in ("", truth[name]) and LYING not in done:
                done.append(LYING)
        rows.append(row)
    order = draw(st.permutations(range(len(header))))
    return [[row[place] for place in order] for row in [header, *rows]], 0


def _around(draw: st.DrawFn, table: list[list[str]], done: list[str]) -> list[list[str]]:
    """Put rows into a table and above it that are about nobody."""
    width = len(table[0])
    table = [list(row) for row in table]
    for _ in range(draw(st.integers(0, 3))):
        kind = draw(st.sampled_from(["blank", "signs", "total", "header", "other header", "example", "nobody"]))
        done.append(kind)
        place = draw(st.integers(1, len(table)))
        match kind:
            case "blank":
                table.insert(place, [draw(st.sampled_from(["", " "]))] * width)
            case "signs":
                table.insert(place, [draw(st.sampled_from(SIGNS))] * draw(st.sampled_from([1, width])))
            case "total":
                table.insert(
                    place, [draw(st.sampled_from(TOTALS)), *[draw(st.sampled_from(["", "", "3"]))] * (width - 1)]
                )
            case "header":
                table.insert(place, list(table[0]))
            case "other header":
                table.insert(place, list(reversed(table[0])))
            case "example":
                table.insert(place, ["Example: chris@contoso.example", *[""] * (width - 1)])
            case _:
                table.insert(place, ["", *["disabled"] * (width - 1)])
    for row in table[1:]:
        row.extend([""] * (width - len(row)))
    titles = draw(st.lists(st.sampled_from(TITLES), max_size=3))
    if titles:
        done.append("titles")
    return [[title, *[""] * draw(st.sampled_from([0, width - 1]))] for title in titles] + table


@st.composite
def noisy_csv(draw: st.DrawFn, truth: dict[str, str]) -> Noisy:
    """Return a CSV text in any delimiter, line end and encoding, perhaps damaged in one place."""
    done: list[str] = []
    table, _ = _rows(draw, truth, done)
    table = _around(draw, table, done)
    delimiter = draw(st.sampled_from([",", ";", "\t", "|"]))
    made = io.StringIO()
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    csv.writer(made, delimiter=delimiter, quoting=quoting, lineterminator="\n").writerows(table)
    lines = made.getvalue().split("\n")[:-1]
    # Where the second column lies, what damages a cell may take the first one, and nobody could know.
    of_cells = ["cut", "cell lost", "stray quote"] if LYING not in done else []
    of_tables = ["trailing", "one trailing", "unquoted separator", "joined", "wrapped"]
    damage = draw(st.sampled_from([""] * 4 + of_cells + of_tables))
    done.append(damage)
    place = draw(st.integers(0, len(lines) - 1))
    match damage:
        case "trailing":
            lines = [line + delimiter for line in lines[:1]] + [line + delimiter for line in lines[1:]]
            lines[0] = lines[0][: draw(st.sampled_from([-1, None]))]  # type: ignore[misc]
        case "one trailing":
            lines[place] += delimiter
        case "cut":
            lines[-1] = lines[-1][: draw(st.integers(0, len(lines[-1])))]
        case "cell lost":
            lines[place] = lines[place].partition(delimiter)[2]
        case "stray quote":
            at = draw(st.integers(0, len(lines[place])))
            lines[place] = lines[place][:at] + '"' + lines[place][at:]
        case "unquoted separator":
            lines[place] = lines[place].replace('"', "")
        case "joined":
            lines = [*lines, "\ufeff" + lines[0], *lines[1:]]
        case "wrapped":
            lines = ['"' + line.replace('"', '""') + '"' for line in lines]
        case _:
            pass
    if draw(st.booleans()) and draw(st.booleans()):
        done.append("sep")
        lines.insert(0, f"sep={delimiter}")
    if draw(st.booleans()) and draw(st.booleans()):
        lines.insert(0, "#TYPE System.Management.Automation.PSCustomObject")
    ends = draw(st.sampled_from([["\n"], ["\r\n"], ["\r"], ["\n", "\r\n", "\r"]]))
    text = "".join(line + draw(st.sampled_from(ends)) for line in lines)
    codec = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]))
    data = text.encode(codec)
    if draw(st.integers(0, 11)) == 0:
        done.append("appended")
        more = "".join(f"{name}{delimiter}x{delimiter}enforced\r\n" for name in truth)
        data += more.encode("utf-16-le" if codec.startswith("utf-8") else "utf-8")
    return Noisy(data, truth, done)


@st.composite
def noisy_workbook(draw: st.DrawFn, truth: dict[str, str]) -> Noisy:
    """Return a workbook with gaps, hidden rows, merged cells and formulas."""
    from openpyxl import Workbook
    from openpyxl.cell.cell import MergedCell

    done: list[str] = []
    table, _ = _rows(draw, truth, done)
    table = _around(draw, table, done)
    book = Workbook()
    page = book.active
    for row in table:
        page.append(["'" + cell if cell[:1] == "=" else cell or None for cell in row])
    for _ in range(0 if "second state column" in done else draw(st.integers(0, 2))):
        number = draw(st.integers(1, len(table)))
        place = draw(st.integers(1, len(table[-1])))
        match draw(st.sampled_from(["hidden", "merged", "formula"])):
            case "hidden":
                page.row_dimensions[number].hidden = True
            case "merged":
                page.merge_cells(start_row=number, end_row=number + 1, start_column=place, end_column=place)
            case _:
                if not isinstance(cell := page.cell(number, place), MergedCell):
                    cell.value = "=1+1"
    if draw(st.booleans()):
        book.create_sheet("Info").append(["Made", "2026"])
    made = io.BytesIO()
    book.save(made)
    return Noisy(made.getvalue(), truth, done)


@st.composite
def noisy_json(draw: st.DrawFn, truth: dict[str, str]) -> Noisy:
    """Return objects in the shapes of Graph, its modules and saved batches."""
    done: list[str] = []
    words = {name: draw(st.sampled_from([state, state, state.title(), None, "Error"])) for name, state in truth.items()}
    shape = draw(st.sampled_from(["flat", "additional", "nested", "deep", "batch", "requirements", "manager"]))
    done.append(shape)
    users: list[Any] = [_shaped(shape, name, word) for name, word in words.items()]
    if draw(st.booleans()):
        users.insert(
            draw(st.integers(0, len(users))), draw(st.sampled_from([7, None, {}, {"perUserMfaState": "disabled"}]))
        )
    wrapping = "batch" if shape == "batch" else draw(st.sampled_from(["array", "value", "pages", "lines", "count"]))
    match wrapping:
        case "batch":
            text = json.dumps({"responses": [user for user in users if isinstance(user, dict) and "status" in user]})
        case "value":
            text = json.dumps({"value": users})
        case "count":
            text = json.dumps({"value": users, "Count": len(users)})
        case "pages":
            pages = [
                {"@odata.context": "x", "@odata.nextLink": "y", "value": users[:2]},
                {"@odata.context": "x", "value": users[2:]},
            ]
            text = "\n".join(map(json.dumps, pages))
        case "lines":
            text = "\n".join(map(json.dumps, users))
        case _:
            text = json.dumps(users, indent=draw(st.sampled_from([None, 1])))
    return Noisy(text.encode(draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))), truth, done)


def _shaped(shape: str, name: str, word: str | None) -> dict[str, Any]:
    user: dict[str, Any] = {"userPrincipalName": name, "state": "disabled"}
    match shape:
        case "additional":
            return user | {"AdditionalProperties": {"perUserMfaState": word}}
        case "nested":
            return user | {"authenticationRequirements": {"perUserMfaState": word}}
        case "deep":
            return user | {"authentication": {"requirements": {"perUserMfaState": word}}}
        case "batch":
            return {"id": name, "status": 200 if word else 404, "body": {"perUserMfaState": word}}
        case "requirements":
            return user | {"StrongAuthenticationRequirements": [{"State": word}] if word != "disabled" else []}
        case "manager":
            return user | {"perUserMfaState": word, "manager": {"id": "x", "perUserMfaState": "disabled"}}
        case _:
            return user | {"perUserMfaState": word}
