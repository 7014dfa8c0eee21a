"""An old export beside the tenant: matched by id, then by name, and every disagreement told once."""

from __future__ import annotations

import io
from collections import Counter

import pytest

from migrate.errors import UsageProblem
from migrate.exchange.comparing import comparison_of
from migrate.exchange.reading import read_claims
from migrate.exchange.state_requests import requests_from, requests_named
from migrate.model.claims import Comparison, DifferenceKind
from migrate.model.reasons import why_of
from migrate.model.users import AnyUser, MfaState, UnreadableUser, UserProfile, UserRecord


def guid(number: int) -> str:
    return f"{number:08x}-1111-4111-8111-111111111111"


def profile(number: int, name: str) -> UserProfile:
    return UserProfile(
        id=guid(number),
        user_principal_name=f"{name}@contoso.example",
        display_name=name,
        user_type="Member",
        creation_type=None,
        external_user_state=None,
        identities=(),
        account_enabled=True,
        on_premises_sync_enabled=False,
        assigned_licenses=(),
        created_date_time=None,
    )


def user(number: int, name: str, state: MfaState) -> UserRecord:
    return UserRecord(profile=profile(number, name), mfa_state=state, registration=None)


TENANT: list[AnyUser] = [
    user(1, "ana", MfaState.ENFORCED),
    user(2, "bob", MfaState.DISABLED),
    user(3, "chen", MfaState.ENFORCED),
    user(4, "dora-new", MfaState.ENABLED),
    UnreadableUser(profile=profile(5, "eve"), reason=why_of("403"), request_id=None, registration=None),
    user(6, "fay", MfaState.DISABLED),
]

FILE = f"""ObjectId,UserPrincipalName,perUserMfaState
{guid(1)},ana@contoso.example,Enforced
{guid(2)},bob@contoso.example,Enforced
,Chen@contoso.example,Enabled
{guid(4)},dora@contoso.example,Enabled
{guid(5)},eve@contoso.example,Enabled
{guid(9)},gone@contoso.example,Enabled
,nobody@contoso.example,Disabled
,other@contoso.example,Disabled
"""


def compared(document: str, tenant: list[AnyUser]) -> Comparison:
    return comparison_of(read_claims(io.BytesIO(document.encode())), tenant)


def test_each_disagreement_is_told_once_in_the_order_of_the_file() -> None:
    comparison = compared(FILE, TENANT)
    assert [(each.kind.value, each.row, each.user_principal_name) for each in comparison.differences] == [
        ("state", 3, "bob@contoso.example"),
        ("promoted", 4, "chen@contoso.example"),
        ("renamed", 5, "dora-new@contoso.example"),
        ("unreadable", 6, "eve@contoso.example"),
        ("deleted", 7, "gone@contoso.example"),
        ("missing", 8, "nobody@contoso.example"),
        ("missing", 9, "other@contoso.example"),
        ("new", None, "fay@contoso.example"),
    ]
    assert comparison.agree == 1
    assert comparison.states == {
        "enforced": {"disabled": 1, "enforced": 1},
        "enabled": {"enabled": 1, "enforced": 1, "none": 1},
    }


def test_a_difference_says_both_states_and_the_row() -> None:
    bob = compared(FILE, TENANT).differences[0]
    assert (bob.claimed, bob.found) == (MfaState.ENFORCED, MfaState.DISABLED)
    assert bob.sentence == "bob@contoso.example is enforced in row 3 and disabled in the tenant"


def test_the_same_file_and_tenant_in_another_order_disagree_the_same() -> None:
    head, *rows = FILE.splitlines(keepends=True)
    there = Counter((each.kind, each.object_id) for each in compared(FILE, TENANT).differences)
    back = Counter(
        (each.kind, each.object_id) for each in compared(head + "".join(rows[::-1]), TENANT[::-1]).differences
    )
    assert there == back


def test_a_file_without_states_is_compared_by_who_is_in_it() -> None:
    comparison = compared("UserPrincipalName\nana@contoso.example\n", TENANT[:2])
    assert [each.kind for each in comparison.differences] == [DifferenceKind.NEW]
    assert (comparison.agree, comparison.states) == (1, {})


def test_a_file_that_agrees_has_no_differences() -> None:
    document = "UserPrincipalName,perUserMfaState\nana@contoso.example,ENFORCED\n"
    assert compared(document, TENANT[:1]) == Comparison(differences=(), agree=1, states={"enforced": {"enforced": 1}})


def test_a_row_without_a_readable_state_is_not_counted_as_agreeing() -> None:
    document = "UserPrincipalName,perUserMfaState\nana@contoso.example,\nbob@contoso.example,disabled\n"
    comparison = compared(document, TENANT[:2])
    assert [(each.kind.value, each.row) for each in comparison.differences] == [("not-stated", 2)]


def test_everybody_is_new_to_an_empty_list_and_nobody_is_found_in_an_empty_tenant() -> None:
    assert [each.kind.value for each in compared("UPN\n", TENANT[:2]).differences] == ["new", "new"]
    assert [each.kind.value for each in compared("UPN\na@contoso.example\n", []).differences] == ["missing"]


def test_a_list_of_users_becomes_requests_in_its_order(tmp_path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(FILE)
    requests = requests_from(str(path)).requests
    assert [request.index for request in requests] == list(range(8))
    assert (requests[0].object_id, requests[0].recorded_state) == (guid(1), None)
    assert (requests[2].object_id, requests[2].user_principal_name) == ("", "Chen@contoso.example")


def test_a_name_that_the_terminal_sent_in_another_encoding_is_refused() -> None:
    """Python decodes such bytes to halves of surrogate pairs, which can stand in no request."""
    assert requests_named([], ["zoë@contoso.example"])[0].user_principal_name == "zoë@contoso.example"
    with pytest.raises(UsageProblem, match="neither an object id"):
        requests_named([], ["zo\udceb@contoso.example"])


@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "utf-16-le"])
def test_requests_come_from_stdin_in_any_encoding(monkeypatch: pytest.MonkeyPatch, codec: str) -> None:
    line = f'{{"objectId":"{guid(1)}","previousState":"Enforced","planDigest":"ab"}}\r\n'
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(line.encode(codec))))
    (request,) = requests_from("-").requests
    assert (request.object_id, request.recorded_state, request.plan_digest) == (guid(1), MfaState.ENFORCED, "ab")
