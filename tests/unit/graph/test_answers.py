"""What an answer says: errors in any shape, times to wait, and states and rows off the wire."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrate.errors import GraphRefused, IncompleteRead, SignInFailed
from migrate.graph import wire
from migrate.graph.answers import Answer, error_in, http_date, seconds_to_wait, without_nul
from migrate.graph.refusals import AccessRefused, LicenceRefused, NotFound, is_licence_refusal, refusal_of
from migrate.model.permissions import DirectoryRole, Need

NEEDS = Need(
    what="something",
    method="GET",
    paths=(),
    permission="Some.Permission",
    roles=(DirectoryRole.GLOBAL_READER,),
    verbs=(),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "code", "message", "innerError", "innererror", "request-id", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def answer(status: int, body: Any = None, **headers: str) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status=status, headers=headers, body=raw, client_request_id="c")


@settings(suppress_health_check=[HealthCheck.too_slow])  # it measures the neighbours of a shared machine
@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_body_is_too_odd_to_be_looked_at_for_an_error(body: bytes) -> None:
    error = error_in(body)
    assert all(isinstance(text, str) for text in (error.code, error.message, error.inner_message, error.words))


def test_the_words_of_an_error_are_cut_where_no_cell_could_hold_them() -> None:
    error = error_in(json.dumps({"error": {"code": "c" * 300_000, "message": "m" * 300_000}}).encode())
    assert error.code == "c" * 2_000 + "…"
    assert error.message == "m" * 2_000 + "…"


@pytest.mark.parametrize("name", ["id", "displayName"])
def test_a_location_whose_name_is_no_name_is_shown_without_it(name: str) -> None:
    shown = {"id": "one", "displayName": "Berlin", "isTrusted": True}
    beyond = json.dumps({**shown, name: "x" * (wire.LONGEST_TEXT + 1)}).encode()
    assert wire.listed_object(beyond) == {key: value for key, value in shown.items() if key != name}
    assert wire.listed_object(json.dumps(shown).encode()) == shown


def test_json_without_end_is_no_error_that_anybody_can_read() -> None:
    assert error_in(b"[" * 100_000).words == ""


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.text('\0\\u02a"', max_size=12) | st.text(max_size=12))
def test_a_nul_is_shown_as_its_symbol_and_nothing_else_is_touched(text: str) -> None:
    body = without_nul(json.dumps({text: [text]}).encode())
    shown = text.replace("\0", "\u2400")
    assert json.loads(body) == {shown: [shown]}


@pytest.mark.parametrize("key", ["innerError", "innererror"])
def test_the_inner_message_is_read_under_either_name(key: str) -> None:
    body = {"error": {"code": "BadRequest", "message": "Malformed.", key: {"message": "1007: x", "request-id": "r"}}}
    error = error_in(json.dumps(body).encode())
    assert error.words == "BadRequest: Malformed. (1007: x)"
    assert error.request_id == "r"
    assert answer(400, body).request_id == "r"


def test_an_unknown_error_is_named_by_its_inner_code_where_there_is_one() -> None:
    body = {"error": {"code": "UnknownError", "message": "", "innerError": {"code": "429", "message": "Please wait"}}}
    assert error_in(json.dumps(body).encode()).words == "429: Please wait"
    assert error_in(b'{"error": {"code": "UnknownError", "message": ""}}').words == "UnknownError"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("10", 10.0),
        ("2.128", 2.128),
        ("0", None),
        ("-3", None),
        ("1e300", 30 * 86_400.0),
        ("Tue, 24 Nov 2026 10:00:30 GMT", 30.0),
        ("Tue, 24 Nov 2026 09:00:00 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 30 * 86_400.0),
        ("Tue, 24 Nov 99999999999999999999 10:00:00 GMT", None),
        ("Tue, 24 Nov 2026 10:00:00 +99999999999999999999", None),
        ("soon", None),
        ("", None),
        ("inf", None),
        ("nan", None),
        (None, None),
    ],
)
def test_retry_after_is_an_integer_a_decimal_or_a_date(header: str | None, seconds: float | None) -> None:
    assert seconds_to_wait(header, "Tue, 24 Nov 2026 10:00:00 GMT") == seconds


def test_a_date_without_the_servers_own_says_nothing() -> None:
    assert seconds_to_wait("Tue, 24 Nov 2026 10:00:30 GMT", None) is None
    assert http_date("24 Nov 2026 10:00:30 -0000") is None, "a date without a zone is no time"


@given(st.text(max_size=40), st.none() | st.text(max_size=40))
def test_no_header_is_too_odd_to_be_looked_at_for_a_time(header: str, date: str | None) -> None:
    seconds = seconds_to_wait(header, date)
    assert seconds is None or 0 < seconds < float("inf")


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (401, {"code": "InvalidAuthenticationToken"}, SignInFailed),
        (403, {"code": "Authorization_RequestDenied"}, AccessRefused),
        (403, {"code": "Authentication_RequestFromNonPremiumTenantOrB2CTenant"}, LicenceRefused),
        (400, {"code": "AadPremiumLicenseRequired"}, LicenceRefused),
        (403, {"code": "AccessDenied", "message": "Your tenant is not licensed for this feature."}, LicenceRefused),
        (404, {"code": "Request_ResourceNotFound"}, NotFound),
        (400, {"code": "BadRequest"}, GraphRefused),
        (405, {}, GraphRefused),
        (501, {}, GraphRefused),
    ],
)
def test_each_no_becomes_the_error_that_fits_it(status: int, error: dict[str, str], kind: type[Exception]) -> None:
    problem = refusal_of(answer(status, {"error": error}, **{"request-id": "r-1"}), doing="trying", needs=NEEDS)
    assert type(problem) is kind
    assert "while trying" in problem.what
    assert "(request-id r-1)" in problem.what
    assert problem.hint
    if kind is AccessRefused:
        assert "Some.Permission" in problem.hint
        assert "Global Reader" in problem.hint


def test_a_licence_is_not_missed_because_of_any_other_status() -> None:
    assert not is_licence_refusal(answer(500, {"error": {"code": "AadPremiumLicenseRequired"}}))


@given(st.text(max_size=12))
def test_only_the_three_states_are_states(text: str) -> None:
    body = json.dumps({"perUserMfaState": text}).encode()
    state, problem = wire.mfa_state(body)
    assert (state is None) == (text not in {"disabled", "enabled", "enforced"})
    assert (problem is None) == (state is not None)


def test_a_policy_in_a_state_that_we_do_not_know_is_kept_without_one() -> None:
    body = {"id": "p", "displayName": "P", "state": "unknownFutureValue", "conditions": {"x": [{"a@odata.context": 1}]}}
    policy = wire.policy(json.dumps(body).encode())
    assert policy.policy_state is None
    assert policy.raw == {**body, "conditions": {"x": [{}]}}


def test_a_plan_of_a_subscription_that_was_not_provisioned_is_no_licence() -> None:
    plans = [
        {"servicePlanId": "p1", "provisioningStatus": "Success"},
        {"servicePlanId": "p2", "provisioningStatus": "Disabled"},
        {"servicePlanId": "p3"},
    ]
    body = {"skuId": "s", "skuPartNumber": "S", "capabilityStatus": "Enabled", "servicePlans": plans}
    sku = wire.subscribed_sku(json.dumps({**body, "prepaidUnits": {"enabled": 5}}).encode())
    assert (sku.service_plan_ids, sku.enabled_units) == (("p1",), 5)


@pytest.mark.parametrize("missing", ["skuId", "skuPartNumber", "capabilityStatus", "servicePlans", "prepaidUnits"])
def test_a_subscription_shown_in_part_says_what_it_lacks_and_never_allows_more(missing: str) -> None:
    plans = [{"servicePlanId": "41781fb2-bc02-4b7c-bd55-b576c07bb09d", "provisioningStatus": "Success"}, None, {}]
    body = {
        "skuId": "s",
        "skuPartNumber": "S",
        "capabilityStatus": "Enabled",
        "servicePlans": plans,
        "prepaidUnits": {"enabled": 5},
    }
    whole = wire.subscribed_sku(json.dumps(body).encode())
    assert whole.allows_conditional_access
    assert not whole.lacks
    part = wire.subscribed_sku(json.dumps({key: value for key, value in body.items() if key != missing}).encode())
    assert part.lacks == (missing,)
    assert part.allows_conditional_access == (missing not in ("capabilityStatus", "servicePlans"))
    assert part.enabled_units <= whole.enabled_units
    null = wire.subscribed_sku(b"null")
    assert (null.allows_conditional_access, null.lacks) == (False, tuple(body))


@pytest.mark.parametrize("row", [{}, {"id": "1"}, {"id": 1, "isMfaRegistered": True}, [], None, "x"])
def test_a_row_of_the_report_that_is_not_whole_is_refused(row: Any) -> None:
    with pytest.raises(msgspec.DecodeError):
        wire.registration(json.dumps(row).encode())
    with pytest.raises(IncompleteRead):
        wire.registration_or_none(answer(200, row))


def test_registrations_of_a_few_are_asked_one_by_one_and_of_many_from_the_whole_report(
    opened: Any, ids: Any, reply: Any
) -> None:
    def made(id_: str) -> dict[str, Any]:
        return {"id": id_, "isMfaRegistered": True, "isMfaCapable": False, "methodsRegistered": ["mobilePhone"]}

    def answering(seen: Any) -> Any:
        if seen.method == "GET":
            return reply(200, {"value": [made(id_) for id_ in ids(40)]})
        responses = []
        for item in seen.items:
            id_ = item["url"].rpartition("/")[2]
            missing = {"status": 404, "body": {"error": {"code": "ResourceNotFound"}}}
            responses.append(
                {"id": item["id"], **(missing if id_ == ids(3)[1] else {"status": 200, "body": made(id_)})}
            )
        return reply(200, {"responses": responses})

    async def run() -> None:
        async with opened(answering) as o:
            few = await o.tenant.read_registrations(ids(12))
            assert [len(seen.items) for seen in o.graph.seen] == [5, 5, 2]
            assert list(few) == ids(12)
            assert few[ids(3)[1]] is None
            assert sum(row is not None for row in few.values()) == 11
            many = await o.tenant.read_registrations([*ids(30), "nobody"])
            assert [seen.method for seen in o.graph.seen[3:]] == ["GET"]
            assert many["nobody"] is None
            assert len(many) == 31

    asyncio.run(run())


def test_a_registration_that_could_not_be_read_is_not_taken_for_none(opened: Any, ids: Any, reply: Any) -> None:
    def answering(seen: Any) -> Any:
        return reply(200, {"responses": [{"id": i["id"], "status": 403, "body": {}} for i in seen.items]})

    async def run() -> None:
        async with opened(answering) as o:
            with pytest.raises(IncompleteRead, match="403"):
                await o.tenant.read_registrations(ids(1))

    asyncio.run(run())
