"""Microsoft's own examples, as its pages show them, go through our decoders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from migrate.graph import wire
from migrate.graph.answers import Answer
from migrate.graph.batch import Item, answers_of
from migrate.graph.pages import page_of
from migrate.graph.session import check_request, graph_host
from migrate.model.access import Cloud
from migrate.model.evidence import PolicyState
from migrate.model.users import MfaState

pytestmark = pytest.mark.shared


@pytest.fixture
def examples(shared: Path) -> Any:
    """Return a function that yields (request, response body) of one page of Microsoft's documentation."""

    def of(name: str) -> list[tuple[dict[str, Any], Any]]:
        path = shared / "graph" / "examples" / f"{name}.json"
        if not path.is_file():
            pytest.skip(f"no example {path.name} among the reference data")
        found = json.loads(path.read_text(encoding="utf-8"))["examples"]
        return [(one["request"] or {}, one["response"]["body"]) for one in found]

    return of


def raw(value: Any) -> bytes:
    return json.dumps(value).encode()


def test_a_per_user_state_is_read_from_the_documented_answer(examples: Any) -> None:
    found = [
        wire.mfa_state(raw(body))
        for request, body in examples("beta_authentication-get")
        if request["url"].endswith("/requirements")
    ]
    assert found
    assert all(state in set(MfaState) and problem is None for state, problem in found)


def test_our_write_is_the_documented_one(examples: Any) -> None:
    documented = [
        request
        for request, _ in examples("beta_authentication-update")
        if request["url"].endswith("/authentication/requirements")
    ]
    assert documented
    origin = f"https://{graph_host(Cloud.GLOBAL)}"
    for request in documented:
        assert set(request["body"]) == {"perUserMfaState"}
        MfaState(request["body"]["perUserMfaState"])
        check_request(origin, request["method"], request["url"], raw(request["body"]))


def test_rows_of_the_registration_report_are_read(examples: Any) -> None:
    for _, body in examples("v1.0_authenticationmethodsroot-list-userregistrationdetails"):
        rows, _ = page_of(raw(body), wire.registration)
        assert rows
        assert [list(row.methods_registered) for _, row in rows] == [one["methodsRegistered"] for one in body["value"]]


def test_named_locations_and_security_defaults_are_read(examples: Any) -> None:
    for _, body in examples("v1.0_conditionalaccessroot-list-namedlocations"):
        locations, _ = page_of(raw(body), wire.json_object)
        assert locations == body["value"]
    for _, body in examples("v1.0_identitysecuritydefaultsenforcementpolicy-get"):
        assert wire.security_defaults_enabled(raw(body)) is body["isEnabled"]


def test_policies_are_read_with_every_member(examples: Any) -> None:
    read = 0
    for request, body in examples("v1.0_conditionalaccessroot-post-policies"):
        if not isinstance(body, dict) or "id" not in body:
            continue
        policy = wire.policy(raw(body))
        assert policy.policy_state in set(PolicyState)
        assert {key for key in body if not key.endswith("@odata.context")} == set(policy.raw)
        assert policy.raw["conditions"].keys() >= request["body"]["conditions"].keys()
        read += 1
    assert read


def test_members_of_a_group_are_read(examples: Any) -> None:
    pages = [body for _, body in examples("v1.0_group-list-transitivemembers") if isinstance(body, dict)]
    assert pages
    for body in pages:
        if all("id" in member for member in body["value"]):
            ids, link = page_of(raw(body), wire.member_id)
            assert len(ids) == len(body["value"])
            assert link is None


def test_batches_are_written_and_read_as_documented(examples: Any) -> None:
    outer = Answer(status=200, headers={}, body=b"", client_request_id="c")
    read = 0
    for request, body in examples("concepts_json-batching"):
        for item in (request.get("body") or {}).get("requests", ()):
            ours = Item(id=item["id"], method=item["method"], path=item["url"], body=item.get("body")).as_json()
            assert ours.keys() <= {"id", "method", "url", "headers", "body"}
            assert ours["id"] == item["id"]
            if "body" in item:
                assert ours["headers"]["Content-Type"] == "application/json"
        if isinstance(body, dict) and "responses" in body:
            answers = answers_of(raw(body), outer)
            assert {id_: answer.status for id_, answer in answers.items()} == {
                one["id"]: one["status"] for one in body["responses"]
            }
            assert all(answer.error.words for answer in answers.values() if answer.status >= 400)
            read += len(answers)
    assert read
