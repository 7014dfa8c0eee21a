"""Whatever bytes come in, reading them ends in claims or in one BadInput, never in another exception."""

from __future__ import annotations

import io
import json

from hypothesis import example, given
from hypothesis import strategies as st

from migrate.errors import BadInput
from migrate.exchange.reading import Asked, read_claims
from migrate.exchange.tables import neutralised
from migrate.model.claims import ClaimFile

ANA = "11111111-1111-4111-8111-111111111111"
TABLE = f'#TYPE X\n"ObjectId";"UserPrincipalName";"MFAStatus"\n"{ANA}";"ana@contoso.example";"Enforced"\n'
OBJECTS = json.dumps([{"ObjectId": ANA, "StrongAuthenticationRequirements": [{"State": "Enforced"}]}], indent=1)
LINES = f'{{"objectId":"{ANA}","perUserMfaState":"enabled"}}\n{{"upn":"b@contoso.example"}}\n'
CLIXML = (
    '<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04"><Obj RefId="0"><TN RefId="0">'
    f'<T>X</T></TN><Props><G N="ObjectId">{ANA}</G><Obj N="StrongAuthenticationRequirements" RefId="1"><LST><Obj '
    'RefId="2"><Props><S N="State">Enforced</S></Props></Obj></LST></Obj></Props></Obj><Ref RefId="0" /></Objs>'
)


def workbook() -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(["ObjectId", "MFAStatus"])
    book.active.append([ANA, "Enforced"])
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


WHOLE = [document.encode(codec) for document in (TABLE, OBJECTS, LINES, CLIXML) for codec in ("utf-8", "utf-16")]
WHOLE.append(workbook())


def outcome(data: bytes, asked: Asked = Asked()) -> ClaimFile | BadInput:  # noqa: B008 - frozen
    try:
        return read_claims(io.BytesIO(data), asked)
    except BadInput as refused:
        return refused


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A good document with some bytes replaced, dropped or put in, possibly cut off."""
    data = bytearray(draw(st.sampled_from(WHOLE)))
    for _ in range(draw(st.integers(1, 6))):
        place = draw(st.integers(0, max(len(data) - 1, 0)))
        match draw(st.integers(0, 2)):
            case 0 if data:
                data[place] = draw(st.integers(0, 255))
            case 1:
                del data[place : place + draw(st.integers(1, 40))]
            case _:
                data[place:place] = draw(
                    st.sampled_from([b'"', b"<", b"[", b"{", b"\0", b"]]>", b"&a;", b"'", b"\xff\xfe", b";"])
                )
    return bytes(data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data)


@given(st.binary(max_size=300))
@example(b"PK\x03\x04")
@example(b"\xff\xfe\x00")
@example(b"<" * 50)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    outcome(data)


@given(damaged())
def test_damaged_documents_are_read_or_refused(data: bytes) -> None:
    outcome(data)


@given(st.text(max_size=200), st.sampled_from(["utf-8", "utf-16", "utf-16-le"]))
def test_any_text_is_read_or_refused(text: str, codec: str) -> None:
    outcome(text.encode(codec, errors="ignore"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(JSON, min_size=1, max_size=3))
def test_whatever_stands_for_the_requirements_is_a_state_only_where_it_says_one(values: list[object]) -> None:
    people = [{"ObjectId": ANA, "StrongAuthenticationRequirements": value} for value in values]
    file = outcome(json.dumps(people).encode(), Asked(trust_disabled=True))
    assert isinstance(file, ClaimFile)
    for value, claim in zip(values, file.claims, strict=True):
        if claim.mfa_state not in (None, "disabled"):
            assert claim.mfa_state.value in json.dumps(value).casefold()
        if claim.mfa_state == "disabled":
            assert value in (None, [], {"value": [], "Count": 0}) or isinstance(value, str | list | dict)


NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf", "Z"]), min_size=1, max_size=20)


@given(st.lists(st.tuples(NAMES, st.sampled_from(["disabled", "enabled", "enforced"])), min_size=1, max_size=6))
def test_names_and_states_written_by_us_are_read_back_whatever_they_begin_with(people: list[tuple[str, str]]) -> None:
    rows = [(f"{name}@contoso.example", state) for name, state in people]
    quoted = ["|".join('"' + neutralised(cell).replace('"', '""') + '"' for cell in row) for row in rows]
    file = outcome(("UPN|perUserMfaState\n" + "\n".join(quoted) + "\n").encode())
    assert isinstance(file, ClaimFile)
    assert [(claim.user_principal_name, claim.mfa_state) for claim in file.claims] == rows
