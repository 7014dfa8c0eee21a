"""Taking away a cell, a row or a member of a file never gives anybody a state, whatever the format is."""

from __future__ import annotations

import copy
import csv
import io
import json
from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrate.errors import BadInput
from migrate.exchange.reading import Asked, read_claims, with_states

MANY = settings(max_examples=60, suppress_health_check=list(HealthCheck))
STATES = st.sampled_from(["Disabled", "Enabled", "Enforced", "disabled", "enabled", "enforced", "Error", ""])
# Columns whose source is not known to leave a blank for Disabled; the one that is has tests of its own.
STATE_COLUMNS = st.sampled_from(["PerUserMfaState", "MFAStatus", "MFA State", "Requirement State", "PreviousState"])
ORDERS = st.sampled_from([(0, 1, 2), (2, 0, 1), (1, 2, 0), (0, 2, 1)])


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    """Return a header and rows of name, note and state, in any order of columns."""
    people = draw(st.lists(st.tuples(STATES, st.sampled_from(["", "IT", "x,y"])), min_size=2, max_size=7))
    rows = [["UserPrincipalName", "Note", draw(STATE_COLUMNS)]]
    rows += [[f"u{number}@contoso.example", note, state] for number, (state, note) in enumerate(people)]
    order = draw(ORDERS)
    return [[row[place] for place in order] for row in rows]


def states_in(data: bytes) -> dict[str, str | None]:
    """Return the state that a file gives each person; nobody has one where it is refused."""
    try:
        claims = with_states(read_claims(io.BytesIO(data), Asked(trust_disabled=True))).claims
    except BadInput:
        return {}
    return {claim.user_principal_name or "": claim.mfa_state and claim.mfa_state.value for claim in claims}


def as_csv(rows: list[list[str]]) -> bytes:
    made = io.StringIO()
    csv.writer(made).writerows(rows)
    return made.getvalue().encode()


def as_workbook(rows: list[list[str]]) -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    for row in rows:
        book.active.append([cell or None for cell in row])
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def objects_of(rows: list[list[str]]) -> list[dict[str, Any]]:
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def as_json(objects: list[dict[str, Any]]) -> bytes:
    return json.dumps(objects).encode()


def as_lines(objects: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(each) + "\n" for each in objects).encode()


def as_clixml(objects: list[dict[str, Any]]) -> bytes:
    people = "".join(
        "<Obj><MS>"
        + "".join(
            f'<Nil N="{key}"/>' if value is None else f'<S N="{key}">{escape(value)}</S>' for key, value in each.items()
        )
        + "</MS></Obj>"
        for each in objects
    )
    return (f'<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">{people}</Objs>').encode()


def gained(before: dict[str, str | None], after: dict[str, str | None]) -> dict[str, str]:
    """Return who has a state afterwards that the whole file did not give them."""
    return {name: state for name, state in after.items() if state is not None and before.get(name) != state}


@MANY
@given(tables(), st.sampled_from([as_csv, as_workbook]), st.data())
def test_taking_away_a_cell_or_a_row_of_a_table_gives_nobody_a_state(
    rows: list[list[str]], write: Any, data: st.DataObject
) -> None:
    before = states_in(write(rows))
    number = data.draw(st.integers(1, len(rows) - 1))
    fewer = copy.deepcopy(rows)
    if data.draw(st.booleans()):
        del fewer[number]
    else:
        fewer[number][data.draw(st.integers(0, 2))] = ""
    assert gained(before, states_in(write(fewer))) == {}


@MANY
@given(tables(), st.sampled_from([as_json, as_lines, as_clixml]), st.data())
def test_taking_away_a_member_or_an_object_gives_nobody_a_state(
    rows: list[list[str]], write: Any, data: st.DataObject
) -> None:
    objects = objects_of(rows)
    before = states_in(write(objects))
    number = data.draw(st.integers(0, len(objects) - 1))
    match data.draw(st.sampled_from(["object", "member", "value"])):
        case "object":
            del objects[number]
        case "member":
            del objects[number][data.draw(st.sampled_from(rows[0]))]
        case _:
            objects[number][data.draw(st.sampled_from(rows[0]))] = None
    assert gained(before, states_in(write(objects))) == {}


@pytest.mark.parametrize("write", [as_json, as_lines])
def test_a_requirement_that_is_null_or_not_there_says_nothing_although_the_empty_list_says_disabled(write: Any) -> None:
    people: list[dict[str, Any]] = [
        {"UserPrincipalName": "a@contoso.example", "StrongAuthenticationRequirements": [{"State": "Enforced"}]},
        {"UserPrincipalName": "b@contoso.example", "StrongAuthenticationRequirements": []},
        {"UserPrincipalName": "c@contoso.example", "StrongAuthenticationRequirements": None},
        {"UserPrincipalName": "d@contoso.example"},
    ]
    assert list(states_in(write(people)).values()) == ["enforced", "disabled", None, None]
    del people[1]
    assert list(states_in(write(people)).values()) == ["enforced", None, None]


def test_a_blank_is_disabled_only_among_msonlines_own_columns_and_where_nobody_writes_it_out() -> None:
    def read(*values: str, columns: tuple[str, ...] = ("UserPrincipalName", "MFAStatus", "IsLicensed")) -> list[Any]:
        cells = {"UserPrincipalName": "", "IsLicensed": "True", "Department": "IT"}
        rows = [list(columns)]
        for number, value in enumerate(values):
            cells |= {"UserPrincipalName": f"u{number}@contoso.example", "MFAStatus": value}
            rows.append([cells[column] for column in columns])
        return list(states_in(as_csv(rows)).values())

    assert read("Enforced", "Enabled", "") == ["enforced", "enabled", "disabled"]
    assert read("Enforced", "Disabled", "") == ["enforced", "disabled", None]
    assert read("enforced", "enabled", "") == ["enforced", "enabled", None]
    assert read("Enforced", "", columns=("UserPrincipalName", "MFAStatus", "Department")) == ["enforced", None]
    assert read("Enforced", "", columns=("MFAStatus", "UserPrincipalName", "IsLicensed")) == ["enforced", None]
