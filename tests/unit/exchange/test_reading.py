"""What people have is read by looking at it: formats, encodings, columns, blanks, false friends and refusals."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable

import pytest

from migrate.errors import BadInput
from migrate.exchange.reading import Asked, read_claims, with_states
from migrate.exchange.sheets import REEXPORT
from migrate.model.claims import ClaimFile

ANA = "11111111-1111-4111-8111-111111111111"
BOB = "22222222-2222-4222-8222-222222222222"


def read(document: str | bytes, codec: str = "utf-8", **asked: object) -> ClaimFile:
    data = document if isinstance(document, bytes) else document.encode(codec)
    return read_claims(io.BytesIO(data), Asked(**asked))


def states(file: ClaimFile) -> list[str | None]:
    return [claim.mfa_state and claim.mfa_state.value for claim in with_states(file).claims]


def refusal(document: str | bytes, **asked: object) -> str:
    with pytest.raises(BadInput) as refused:
        with_states(read(document, **asked))
    return f"{refused.value.what}\n{refused.value.hint}"


TABLE = (
    "ObjectId,UserPrincipalName,MFAStatus,IsLicensed\n"
    f"{ANA},ana@contoso.example,Enforced,True\n{BOB},bob@contoso.example,,True\n"
)


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_table_is_read_in_every_encoding_and_delimiter(codec: str, delimiter: str, end: str) -> None:
    assert states(read(TABLE.replace(",", delimiter).replace("\n", end), codec)) == ["enforced", "disabled"]


def test_a_code_page_is_read_when_named_and_asked_for_otherwise() -> None:
    table = "UserPrincipalName,DisplayName,perUserMfaState\nana@contoso.example,Zoë,enabled\n".encode("cp1252")
    assert read(table, encoding="cp1252").claims[0].display_name == "Zoë"
    assert "--input-encoding cp1252" in refusal(table)


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-16", "these bytes are no utf-16 text"),
        ("idna", "no text encoding"),
        ("punycode", "no text encoding"),
        ("undefined", "no text encoding"),
        ("base64", "no text encoding"),
        ("nope", "no text encoding"),
    ],
)
def test_an_encoding_that_the_file_is_not_in_is_refused(encoding: str, said: str) -> None:
    assert said in refusal("UPN,perUserMfaState\nana@contoso.example,enabled\n", encoding=encoding)


@pytest.mark.parametrize(
    "document",
    [
        json.dumps({"objectId": ANA, "perUserMfaState": "enforced"}),
        json.dumps([{"Id": ANA, "PerUserMfaState": "ENFORCED"}]),
        json.dumps(
            {"value": [{"ObjectId": ANA, "StrongAuthenticationRequirements": [{"State": "Enforced"}]}], "Count": 1}
        ),
        json.dumps(
            {"ObjectId": ANA, "StrongAuthenticationRequirements": {"value": [{"State": "Enforced"}], "Count": 1}}
        ),
        json.dumps({"ObjectId": ANA, "StrongAuthenticationRequirements": {"State": "Enforced"}}),
        json.dumps({"ObjectId": ANA, "StrongAuthenticationRequirements": "@{RelyingParty=*; State=Enforced}"}),
        json.dumps({"ObjectId": ANA, "StrongAuthenticationRequirements": ["@{State=Enforced; RelyingParty=*}"]}),
        json.dumps({"@odata.context": "x", "value": [{"id": ANA, "perUserMfaState": "enforced"}]}),
    ],
)
def test_json_is_read_in_the_shapes_that_powershell_and_graph_write(document: str) -> None:
    file = read(document)
    assert states(file) == ["enforced"]
    assert file.claims[0].object_id == ANA


@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "utf-8-sig"])
def test_one_object_a_line_is_read_with_its_line_number(codec: str) -> None:
    lines = (
        f'{{"objectId":"{ANA}","perUserMfaState":"enabled"}}\r\n\r\n{{"objectId":"{BOB}","perUserMfaState":null}}\r\n'
    )
    file = read(lines, codec)
    assert file.format == "ndjson"
    assert [(claim.row, claim.mfa_state) for claim in file.claims] == [(1, "enabled"), (3, None)]


def test_objects_that_simply_follow_each_other_are_read() -> None:
    documents = "\n".join(json.dumps({"ObjectId": who, "perUserMfaState": "enforced"}, indent=2) for who in (ANA, BOB))
    assert states(read(documents)) == ["enforced", "enforced"]


@pytest.mark.parametrize("form", ["[{}]", "{}", "{}\n{{}}", "\n{}\n{}"])
@pytest.mark.parametrize(
    ("said", "state"),
    [
        ('"perUserMfaState":"enforced","perUserMfaState":"disabled"', None),
        ('"perUserMfaState":"enforced","perUserMfaState" : "enforced"', "enforced"),
        ('"StrongAuthenticationRequirements":[{"State":"Enforced","State":"Disabled"}]', None),
        ('"note":"\\"a\\": b","perUserMfaState":"enabled"', "enabled"),
    ],
)
def test_a_member_that_stands_in_an_object_twice_is_known_only_where_both_agree(
    form: str, said: str, state: str | None
) -> None:
    person = f'{{"ObjectId":"{ANA}",{said}}}'
    file = read(form.format(person, person))
    assert {claim.mfa_state for claim in file.claims} == {state}


def test_one_page_of_a_longer_answer_says_that_it_is_one() -> None:
    page = {"@odata.nextLink": "more", "value": [{"id": ANA, "perUserMfaState": "enforced"}]}
    assert any("one page of a longer answer" in note for note in read(json.dumps(page)).notes)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("[1, 2]", "row 1: 1 is no object"),
        ('{"a": ', "is no JSON"),
        ("[" * 5000, "nested too deeply"),
        (f'{{"objectId":"{ANA}"}}\n{{"objectId":\n', "row 2: this line is no JSON"),
        ("DisplayName,MFAStatus\nAna,Enforced\n", "no column that says whom a row is about"),
        ("ObjectId,MFAStatus\n12,Enforced\n", "row 2, column ObjectId: '12' is neither an object id"),
        ("UPN,MFAStatus\nana,Enforced\n", "row 2, column UPN: 'ana' is neither"),
        ("UPN,MFAStatus\n,Enforced\n", "row 2: it names nobody"),
        ("UPN,UPN\na@contoso.example,b\n", "row 1: the column 'UPN' stands there twice"),
        ("UPN,MFAStatus\na@contoso.example\n", "row 2: it has 1 cell, but the header has 2"),
        ("UPN,MFAStatus\na@contoso.example,Enforced,x\n", "row 2: it has 3 cells"),
        ('UPN,MFAStatus\n"a@contoso.example,Enforced\n', "the table is broken"),
        ("UPN,MFAStatus\na@contoso.example,\0\n", "NUL"),
        ("ObjectId : 1\nUserPrincipalName : a@contoso.example\nMFAStatus : Enforced\n", "was printed by Format-List"),
        ("<html><body/></html>", "is an HTML page"),
        ("<feed><body/></feed>", "is XML, but not what Export-Clixml writes"),
        ("<Objs", "is broken XML"),
        (b"\xd0\xcf\x11\xe0" + b"x" * 600, "old Excel"),
        (b"PK\x03\x04" + b"x" * 600, "is no workbook"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(document: str | bytes, said: str) -> None:
    assert said in refusal(document)


def column(name: str, *values: str, beside: str = "") -> str:
    head = f"UserPrincipalName,{name}" + (f",{beside}" if beside else "")
    rows = [f"u{n}@contoso.example,{value}" + (",x" if beside else "") for n, value in enumerate(values)]
    return "\n".join([head, *rows]) + "\n"


@pytest.mark.parametrize(
    "name",
    [
        "perUserMfaState",
        "Per-user MFA Status",
        "Per User MFA Status",
        "PER_USER_MFA_STATE",
        "Requirement State",
        "StrongAuthenticationRequirements.State",
        "StrongAuthenticationRequirements",
    ],
)
def test_a_strong_name_is_taken_whatever_its_values_are(name: str) -> None:
    assert states(read(column(name, "Enabled", "Disabled"))) == ["enabled", "disabled"]


def test_what_the_proposed_export_writes_is_read_without_a_question_though_nobody_is_enforced() -> None:
    name = re.findall(r"@\{n='(\w+)'", REEXPORT)
    assert len(name) == 1
    assert states(read(column(name[0], "Enabled", "Disabled"))) == ["enabled", "disabled"]
    assert "--trust-disabled" in refusal(column(name[0], "Disabled", "Disabled"))


@pytest.mark.parametrize("name", ["MFAStatus", "MFA Status", "MFA State", "MfaState", "MFAUsed"])
def test_a_weak_name_is_taken_only_where_somebody_is_enforced(name: str) -> None:
    assert states(read(column(name, "Enforced", "Not Enabled", "-"))) == ["enforced", "disabled", None]
    assert f"--state-column '{name}'" in refusal(column(name, "Enabled", "Disabled"))
    assert states(read(column(name, "Enabled", "Disabled"), state_column=name)) == ["enabled", "disabled"]


@pytest.mark.parametrize("beside", ["Fido2", "SoftwareOath", "HelloBusiness", "Authenticator App", "Passwordless"])
def test_a_weak_name_beside_columns_of_methods_is_refused(beside: str) -> None:
    assert f"stands beside {beside}" in refusal(column("MFAStatus", "Enforced", "Disabled", beside=beside))


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("MFA Enabled", "True", "says whether the user has methods"),
        ("MFAEnforced", "True", "not which of Enabled and Enforced it is"),
        ("isMfaRegistered", "True", "says whether methods are registered"),
        ("Multifactor authentication capable", "Capable", "methods are registered that the policy allows"),
        ("methodsRegistered", "mobilePhone", "which methods are registered"),
        ("MFAStatus", "Good", "'Good' is no per-user MFA state"),
        ("MFA Status", "Weak", "'Weak' is no per-user MFA state"),
        ("State", "Enforced", "is the province in MSOnline"),
    ],
)
def test_a_false_friend_is_refused_with_the_reason(name: str, value: str, reason: str) -> None:
    assert reason in refusal(column(name, value))


def test_the_province_is_never_read_as_the_state() -> None:
    file = read("ObjectId,state\n" + f"{ANA},WA\n")
    assert (states(file), file.state_from) == ([None], None)
    assert "province" in file.notes[0]


def test_a_file_of_names_alone_is_a_list_of_users_without_states() -> None:
    file = with_states(read("UPN\nana@contoso.example\n"))
    assert (file.state_from, file.no_state_because, file.claims[0].mfa_state) == (None, None, None)


def test_blank_is_disabled_only_where_the_source_makes_it_so() -> None:
    assert states(read(column("perUserMfaState", "enforced", ""))) == ["enforced", None]
    assert states(read(column("Requirement State", "Enforced", ""))) == ["enforced", None]
    assert states(read(column("Requirement State", "Enforced", "", beside="IsLicensed"))) == ["enforced", "disabled"]
    assert states(read(column("StrongAuthenticationRequirements.State", "Enforced", ""))) == ["enforced", "disabled"]
    assert states(read(column("Mine", "Enforced", ""), state_column="mine")) == ["enforced", None]
    assert states(read(json.dumps([{"id": ANA, "StrongAuthenticationRequirements": []}]), trust_disabled=True)) == [
        "disabled"
    ]


def test_a_blank_with_which_a_file_ends_within_its_last_row_says_nothing() -> None:
    header = "ObjectId,UserPrincipalName,IsLicensed,MFAStatus"
    whole = f"{header}\n{ANA},ana@contoso.example,True,Enforced\n{BOB},bob@contoso.example,True,"
    assert states(read(whole + "\n")) == ["enforced", "disabled"]
    file = read(whole)
    assert states(file) == ["enforced", None]
    assert "the file ends in this cell" in (file.claims[1].problem or "")
    assert states(read(whole + "Enabled")) == ["enforced", "enabled"]


@pytest.mark.parametrize("form", ["{}", '"{}"', "@{{RelyingParty=*; State={}}}"])
def test_no_beginning_of_a_file_gives_anybody_another_state_than_the_whole(form: str) -> None:
    column = "StrongAuthenticationRequirements" if "State" in form else "MFAStatus"
    told = [("a", "Enforced"), ("b", ""), ("c", "Enabled"), ("d", "Enforced")]
    rows = [f"{who}@contoso.example,True,{form.format(state) if state else ''}" for who, state in told]
    whole = "\n".join((f"UserPrincipalName,IsLicensed,{column}", *rows, ""))
    known = {claim.user_principal_name: claim.mfa_state for claim in read(whole).claims}
    assert list(known.values()) == ["enforced", "disabled", "enabled", "enforced"]
    for end in range(len(whole)):
        try:
            file = read(whole[:end])
        except BadInput:
            continue
        if file.no_state_because is None:
            assert all(claim.mfa_state in (None, known[claim.user_principal_name]) for claim in file.claims), whole[
                :end
            ]


def test_a_blank_that_was_read_as_disabled_is_marked() -> None:
    file = read(column("MFAStatus", "Enforced", "", beside="IsLicensed"))
    assert [claim.inferred for claim in file.claims] == [False, True]
    assert any(
        "Read as Disabled, as reports of that kind mean it: 1 blank cell of MFAStatus." in note for note in file.notes
    )


def test_a_column_of_requirements_that_is_blank_throughout_says_nothing() -> None:
    assert "is blank in every row" in refusal(column("StrongAuthenticationRequirements", "", ""))


def test_a_file_in_which_everybody_is_disabled_wants_the_operators_word() -> None:
    document = column("Requirement State", "Disabled", "")
    assert "--trust-disabled" in refusal(document)
    assert states(read(document, trust_disabled=True)) == ["disabled", None]
    assert states(read(column("perUserMfaState", "disabled"))) == ["disabled"]


def test_a_file_without_the_disabled_users_says_that_it_is_half_of_the_truth() -> None:
    assert any("half of the truth" in note for note in read(column("MFAStatus", "Enforced", "Enabled")).notes)
    assert not any("half of the truth" in note for note in read(column("MFAStatus", "Enforced", "Disabled")).notes)


def test_an_unknown_word_in_a_sure_column_is_a_row_without_a_state() -> None:
    file = read(column("perUserMfaState", "enforced", "unknownFutureValue"))
    assert states(file) == ["enforced", None]
    assert "row 3, column perUserMfaState: 'unknownFutureValue' is no per-user MFA state" in file.claims[1].problem


@pytest.mark.parametrize(
    "requirements",
    [
        2,
        [2],
        [{"State": 2}],
        [{"State": None}],
        [{"State": ""}],
        [{"RelyingParty": "*"}],
        [None],
        [{"State": "Enforced"}, {"State": "Enabled"}],
        [{"State": "Enforced", "state": "Disabled"}],
        {"value": [{"value": [{"State": "Enforced"}], "Count": 1}], "Count": 1},
        "@{RelyingParty=*}",
        "@{State=Disabled; RelyingParty=*} @{State=Enforced; RelyingParty=*}",
        "@{State=Disabled; RelyingParty=*; State=Enforced}",
    ],
)
def test_a_requirement_without_a_readable_word_is_never_a_state(requirements: object) -> None:
    people = [
        {"ObjectId": ANA, "StrongAuthenticationRequirements": [{"State": "Enforced"}]},
        {"ObjectId": BOB, "StrongAuthenticationRequirements": requirements},
    ]
    file = read(json.dumps(people))
    assert states(file) == ["enforced", None]
    assert file.claims[1].problem


def test_rows_about_one_user_that_disagree_are_named() -> None:
    table = "UPN,perUserMfaState\nAna@contoso.example,enabled\nana@contoso.example,enforced\n"
    assert any("rows 2 and 3 both speak of ana@contoso.example and disagree" in note for note in read(table).notes)


def test_user_id_is_an_object_id_or_a_name_by_its_look() -> None:
    file = read(f"UserId,perUserMfaState\n{ANA.upper()},enabled\nbob@contoso.example,enforced\n")
    assert [(claim.object_id, claim.user_principal_name) for claim in file.claims] == [
        (ANA, None),
        (None, "bob@contoso.example"),
    ]


def test_names_of_guests_and_apostrophes_are_kept() -> None:
    table = "UPN,perUserMfaState\nd.o'neil_fabrikam.example#EXT#@contoso.example,enabled\n'+x@contoso.example,enabled\n"
    assert [claim.user_principal_name for claim in read(table).claims] == [
        "d.o'neil_fabrikam.example#EXT#@contoso.example",
        "+x@contoso.example",
    ]


def test_our_own_rollback_file_says_the_former_state_and_its_plan() -> None:
    table = (
        "ObjectId,UserPrincipalName,PreviousState,TargetState,Wave,TenantId,PlanDigest\n"
        f"{ANA},a@contoso.example,enforced,disabled,1,t,abc\n"
    )
    (claim,) = read(table).claims
    assert (claim.mfa_state, claim.previous_state, claim.plan_digest) == ("enforced", "enforced", "abc")


def test_a_state_column_that_is_not_there_is_refused() -> None:
    assert "has no column 'Foo' (found: UPN, X)" in refusal("UPN,X\na@contoso.example,1\n", state_column="Foo")


CLIXML = '<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">{}</Objs>'


def test_clixml_reads_note_properties_references_and_escapes() -> None:
    document = CLIXML.format(
        f'<Obj RefId="0"><MS><S N="ObjectId">{ANA}</S><S N="DisplayName">a_x000D__x000A_b</S>'
        '<Obj N="StrongAuthenticationRequirements" RefId="1"><LST><Obj RefId="2"><Props><S N="State">Enforced</S>'
        "</Props></Obj></LST></Obj></MS></Obj>"
        f'<Obj RefId="3"><MS><S N="ObjectId">{BOB}</S><Ref N="StrongAuthenticationRequirements" RefId="1"/></MS></Obj>'
    )
    for codec in ("utf-8", "utf-16", "utf-16-le"):
        file = read(document, codec)
        assert states(file) == ["enforced", "enforced"]
        assert file.claims[0].display_name == "a\r\nb"


def test_a_sign_that_clixml_spells_as_two_surrogates_is_one() -> None:
    user = '<Obj RefId="0"><MS><S N="UserPrincipalName">{}@contoso.example</S></MS></Obj>'
    whole = read(CLIXML.format(user.format("a_xD83D__xDE00_")))
    assert whole.claims[0].user_principal_name == "a\N{GRINNING FACE}@contoso.example"
    half = read(CLIXML.format(user.format("a_xD83D_")))
    (half.claims[0].user_principal_name or "").encode()


def test_clixml_reads_an_array_that_was_exported_as_a_whole_and_hashtables() -> None:
    document = CLIXML.format(
        f'<Obj RefId="0"><LST><Obj RefId="1"><MS><S N="ObjectId">{ANA}</S><S N="perUserMfaState">enabled</S></MS></Obj>'
        f'<Obj RefId="2"><DCT><En><S N="Key">ObjectId</S><S N="Value">{BOB}</S></En>'
        '<En><S N="Key">perUserMfaState</S><S N="Value">disabled</S></En></DCT></Obj></LST></Obj>'
    )
    assert states(read(document)) == ["enabled", "disabled"]


def test_clixml_of_depth_1_has_lost_the_state() -> None:
    document = CLIXML.format(
        f'<Obj RefId="0"><Props><S N="ObjectId">{ANA}</S><Obj N="StrongAuthenticationRequirements" RefId="1"><LST>'
        "<S>Microsoft.Online.Administration.StrongAuthenticationRequirement</S></LST></Obj></Props></Obj>"
    )
    assert "the state was lost in the export" in refusal(document)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (CLIXML.format('<Obj><MS><Ref N="ObjectId" RefId="9"/></MS></Obj>'), "refers to object '9'"),
        (CLIXML.format("<S>just text</S>"), "object 1: it is no object that describes a user"),
        (CLIXML.format("<Obj><LST>" * 150 + "</LST></Obj>" * 150), "nested too deeply"),
        ('<!DOCTYPE x [<!ENTITY a "b">]>' + CLIXML.format("&a;"), "declares a DTD"),
        ('<!DOCTYPE x SYSTEM "file:///nowhere">' + CLIXML.format(""), "declares a DTD"),
    ],
)
def test_hostile_or_broken_clixml_is_refused(document: str, said: str) -> None:
    assert said in refusal(document)


def test_a_property_that_clixml_holds_twice_is_not_known() -> None:
    twice = "".join(f'<S N="perUserMfaState">{state}</S>' for state in ("enforced", "disabled"))
    same = '<S N="perUserMfaState">enabled</S>' * 2
    people = "".join(
        f'<Obj RefId="{number}"><MS><S N="UserPrincipalName">{number}@contoso.example</S>{state}</MS></Obj>'
        for number, state in enumerate((twice, same))
    )
    file = read(CLIXML.format(people))
    assert states(file) == [None, "enabled"]
    assert "it stands there twice" in (file.claims[0].problem or "")


def test_objects_that_refer_to_each_other_twice_are_refused_before_they_unfold() -> None:
    """Each holds the one before it twice: 40 of them are ten thousand bytes, and a million million values."""

    def holder(number: int) -> str:
        inside = f'<Ref RefId="r{number - 1}"/>' * 2 if number else "<S>Enforced</S>"
        return (
            f'<Obj><MS><S N="UserPrincipalName">{number}@contoso.example</S><Obj N="StrongAuthenticationRequirements" '
            f'RefId="r{number}"><DCT><En><S N="Key">value</S><Obj N="Value"><LST>{inside}</LST></Obj></En><En>'
            '<S N="Key">Count</S><I32 N="Value">2</I32></En></DCT></Obj></MS></Obj>'
        )

    assert "holds too much" in refusal(CLIXML.format("".join(map(holder, range(40)))))


@pytest.mark.parametrize("nested", [100, 300])
def test_lists_in_lists_of_requirements_are_no_state_however_deep(nested: int) -> None:
    inside = '{"State":"Enforced"}'
    for _ in range(nested):
        inside = f'{{"value":[{inside}],"Count":1}}'
    people = f'[{{"ObjectId":"{ANA}","StrongAuthenticationRequirements":{inside}}}]'
    assert [claim.mfa_state for claim in read(people).claims] == [None]


@pytest.mark.parametrize("row", ["Total" + " " * 20_000 + "x", "." * 20_000 + "x", "1" + " " * 20_000 + "x"])
def test_a_row_that_is_nearly_a_total_is_looked_at_once(row: str) -> None:
    file = read(f"UserPrincipalName,perUserMfaState\nana@contoso.example,enforced\n{row},\n")
    assert [each.row for each in file.unread] == [3]


def test_a_first_line_padded_with_blanks_is_looked_at_once() -> None:
    padded = "UserPrincipalName" + " " * 60_000
    assert read(f"{padded}\nana@contoso.example\n").claims[0].user_principal_name == "ana@contoso.example"


def test_an_entity_bomb_is_refused_before_it_unfolds() -> None:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "ha">{entities}]>' + CLIXML.format("<S>&a11;</S>")
    assert "declares a DTD" in refusal(bomb)


def workbook(*sheets: tuple[str, list[list[object]]]) -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets:
        page = book.create_sheet(title)
        for row in rows:
            page.append(row)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


USERS = [
    ["UserPrincipalName", "MFAStatus", "IsLicensed"],
    ["ana@contoso.example", "Enforced", True],
    ["bob@contoso.example"],
]


def test_a_workbook_is_read_and_cells_that_end_a_row_early_are_blank() -> None:
    assert states(read(workbook(("Info", [["Made", "2026"]]), ("Users", USERS)))) == ["enforced", "disabled"]


def test_cells_of_a_workbook_that_show_no_value_of_their_own_are_unknown_and_say_why() -> None:
    from openpyxl import Workbook

    book = Workbook()
    page = book.active
    page.append(["UserPrincipalName", "MFAStatus", "IsLicensed"])
    for name, state in (("a", "Enforced"), ("b", None), ("c", "=VLOOKUP(A4,X!A:B,2)"), ("d", "Enabled"), ("e", None)):
        page.append([f"{name}@contoso.example", state, True])
    page.merge_cells("B5:B6")
    made = io.BytesIO()
    book.save(made)
    file = read(made.getvalue())
    assert states(file) == ["enforced", "disabled", None, "enabled", None]
    assert "row 4, column MFAStatus: it holds a formula whose value was never calculated" in (
        file.claims[2].problem or ""
    )
    assert "row 6, column MFAStatus: it is merged with another cell" in (file.claims[4].problem or "")


def rewritten(book: bytes, change: Callable[[str], str], part_name: str = "sheet1.xml") -> bytes:
    """Return a workbook of one sheet with other XML of the sheet, or of another part."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as before, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            part = before.read(name)
            after.writestr(name, change(part.decode()).encode() if name.endswith(part_name) else part)
    return made.getvalue()


@pytest.mark.parametrize(
    ("part", "end", "one"),
    [("styles.xml", "</cellXfs>", "<xf/>"), ("xl/workbook.xml", "</sheets>", '<sheet name="a" sheetId="1"/>')],
)
def test_a_workbook_of_formats_or_sheets_without_end_is_refused_before_it_is_opened(
    part: str, end: str, one: str
) -> None:
    """Five letters of each become an object: a quarter of a megabyte would take thirty gigabytes of memory."""
    book = rewritten(workbook(("Users", USERS)), lambda xml: xml.replace(end, one * 500_000 + end), part)
    assert len(book) < 100_000
    assert "more than 500,000 formats, names or sheets" in refusal(book)


def cell_twice(sheet: str) -> str:
    one, other = (re.search(rf'<c r="B{number}".*?</c>', sheet) for number in (2, 3))
    assert one is not None
    assert other is not None
    return sheet.replace(one[0], one[0] + other[0].replace("B3", "B2"))


def row_twice(sheet: str) -> str:
    return sheet.replace('<row r="3"', '<row r="2"')


@pytest.mark.parametrize(
    ("change", "said"), [(cell_twice, "two cells of row 2"), (row_twice, "row 2 comes after row 2")]
)
def test_a_workbook_in_which_a_cell_or_row_stands_twice_is_refused(change: Callable[[str], str], said: str) -> None:
    rows: list[list[object]] = [["UserPrincipalName", "perUserMfaState"]]
    rows += [["ana@contoso.example", "enforced"], ["bob@contoso.example", "disabled"]]
    assert said in refusal(rewritten(workbook(("Users", rows)), change))


def test_a_heading_that_is_merged_over_two_columns_gives_nobody_a_state() -> None:
    from openpyxl import Workbook

    book = Workbook()
    for row in (
        ["UPN", "PerUserMfaState", None],
        [None, "before", "after"],
        ["ana@contoso.example", "disabled", "enforced"],
    ):
        book.active.append(row)
    book.active.merge_cells("B1:C1")
    made = io.BytesIO()
    book.save(made)
    (claim,) = read(made.getvalue()).claims
    assert claim.mfa_state is None
    assert "its heading is merged over several columns" in refusal(made.getvalue())
    book.active.unmerge_cells("B1:C1")
    book.active.merge_cells("A1:A2")
    book.save(made := io.BytesIO())
    assert [claim.mfa_state for claim in read(made.getvalue()).claims] == ["disabled"]


def test_merged_areas_without_end_are_looked_up_in_the_rows_that_there_are() -> None:
    areas = "".join(f'<mergeCell ref="B{number}:C1048576"/>' for number in range(4, 2_004))
    merged = f'</sheetData><mergeCells count="2000">{areas}</mergeCells>'
    rows: list[list[object]] = [["UserPrincipalName", "perUserMfaState"]]
    rows += [[f"{number}@contoso.example", "enforced"] for number in range(5)]
    file = read(rewritten(workbook(("Users", rows)), lambda sheet: sheet.replace("</sheetData>", merged)))
    assert states(file) == ["enforced", "enforced", "enforced", None, None]


def test_a_workbook_with_two_sheets_of_users_wants_to_be_told_which() -> None:
    book = workbook(("Old", USERS), ("New", USERS))
    assert "--sheet NAME" in refusal(book)
    assert states(read(book, sheet="new")) == ["enforced", "disabled"]
    assert "has no sheet 'Other'; it has 'Old', 'New'" in refusal(book, sheet="Other")


def test_a_sheet_is_asked_of_a_workbook_only() -> None:
    assert "is no Excel workbook" in refusal(TABLE, sheet="Users")


def rezipped(book: bytes, part: str, content: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            new.writestr(info.filename, content if info.filename == part else old.read(info))
    return made.getvalue()


def test_a_zip_bomb_is_refused_from_its_table_of_contents() -> None:
    made = io.BytesIO()
    with (
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w") as part,
    ):
        for _ in range(300):
            part.write(bytes(1 << 20))
    assert "would unpack to 300 MiB" in refusal(made.getvalue())


def test_a_part_that_lies_about_its_size_is_refused() -> None:
    book = rezipped(workbook(("Users", USERS)), "xl/worksheets/sheet1.xml", b"<x>" + b" " * 1_000_000 + b"</x>")
    place = book.rindex(b"xl/worksheets/sheet1.xml") - 46
    lying = book[: place + 24] + (100).to_bytes(4, "little") + book[place + 28 :]
    assert "is no workbook that can be read" in refusal(lying)


def test_an_entity_in_a_workbook_is_refused() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "ha">]><worksheet><sheetData><row><c><v>&a;</v></c></row></sheetData></worksheet>'
    said = refusal(rezipped(workbook(("Users", USERS)), "xl/worksheets/sheet1.xml", bomb))
    assert "declares a DTD" in said or "is no workbook that can be read" in said
