"""What of the sign-in log a caller gets to see, and the sign-ins that the sandbox invents."""

from __future__ import annotations

import json
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from migrate.sandbox.company import company
from migrate.sandbox.generated_sign_ins import seed_sign_ins
from tests.e2e.laboratory import Lab, ask, lab_in
from tests.e2e.test_sign_ins import sign_in


@pytest.fixture
def lab(tmp_path: Path) -> Any:
    with lab_in(tmp_path / "lab", company(1, 60), signin_lag_seconds=0.0) as lab:
        yield lab


def rows(lab: Lab, *, prefer: bool, version: str = "beta") -> list[dict[str, Any]]:
    """Read both kinds of events, with or without the header."""
    found = []
    for kind in ("interactiveUser", "nonInteractiveUser"):
        path = f"{lab.url}/{version}/auditLogs/signIns?$filter=signInEventTypes/any(t:%20t%20eq%20'{kind}')"
        headers = {"Authorization": "Bearer a-test", **({"Prefer": "include-unknown-enum-members"} if prefer else {})}
        with urllib.request.urlopen(urllib.request.Request(path, headers=headers), timeout=240) as answer:
            found += json.loads(answer.read())["value"]
    return found


def test_later_words_have_a_name_only_with_the_prefer_header(lab: Lab) -> None:
    for policy in lab.tenant.policies.values():
        policy["state"] = "enabledForReportingButNotEnforced"
    sign_in(lab, "alma.berg", interactive=False, transfer="authenticationTransfer")
    (named,), (nameless,) = rows(lab, prefer=True), rows(lab, prefer=False)
    assert (named["authenticationProtocol"], named["incomingTokenType"]) == ("authenticationTransfer", "refreshToken")
    assert (nameless["authenticationProtocol"], nameless["incomingTokenType"]) == ("unknownFutureValue",) * 2
    assert {each["result"][:10] for each in named["appliedConditionalAccessPolicies"]} == {"reportOnly"}
    assert {each["result"] for each in nameless["appliedConditionalAccessPolicies"]} == {"unknownFutureValue"}


def test_a_refresh_keeps_the_transfer_method_and_the_resource_is_not_the_client(lab: Lab) -> None:
    entry = sign_in(lab, "alma.berg", transfer="deviceCodeFlow", clientApp="d3590ed6-52b3-4102-aeff-aad2292ab01c")
    assert (entry["originalTransferMethod"], entry["authenticationProtocol"]) == ("deviceCodeFlow", "deviceCode")
    assert entry["appId"] == "d3590ed6-52b3-4102-aeff-aad2292ab01c"
    assert entry["resourceId"] == entry["conditionalAccessAudiences"][0] != entry["appId"]
    assert entry["deviceDetail"]["operatingSystem"] == "Windows11"


def test_a_sign_in_with_mfa_may_be_two_rows_under_one_correlation(lab: Lab) -> None:
    sign_in(lab, "alma.berg", interruptFirst=True)
    wanted, done = ask(f"{lab.url}/_sandbox/signins")["value"][::-1]
    assert (wanted["status"]["errorCode"], done["status"]["errorCode"]) == (50074, 0)
    assert wanted["correlationId"] == done["correlationId"]
    assert wanted["id"] != done["id"]


def test_a_program_that_hands_the_password_over_fails_where_mfa_is_asked(lab: Lab) -> None:
    assert sign_in(lab, "alma.berg", protocol="ropc")["status"]["errorCode"] == 50076
    lab.set_state("alma.berg", "disabled")
    for policy in lab.tenant.policies.values():
        policy["state"] = "disabled"
    entry = sign_in(lab, "alma.berg", protocol="ropc")
    assert (entry["status"]["errorCode"], entry["authenticationProtocol"]) == (0, "ropc")


def test_an_app_password_passes_per_user_mfa_and_no_policy(lab: Lab) -> None:
    for policy in lab.tenant.policies.values():
        policy["state"] = "disabled"
    lab.set_state("alma.berg", "enforced")
    assert sign_in(lab, "alma.berg", client="imap")["status"]["errorCode"] == 50126
    assert sign_in(lab, "alma.berg", client="imap", appPassword=True)["status"]["errorCode"] == 0


def test_a_sign_in_to_another_tenant_names_it(lab: Lab) -> None:
    other = "99999999-0000-4000-8000-000000000001"
    assert sign_in(lab, "alma.berg", resourceTenantId=other)["resourceTenantId"] == other


def test_what_policies_did_is_silently_absent_without_the_permission(tmp_path: Path) -> None:
    with lab_in(tmp_path / "strict", company(1, 60), signin_lag_seconds=0.0, enforce_permissions=True) as lab:
        sign_in(lab, "alma.berg")
        entry = lab.server.sandbox.tenant.sign_ins[0]
        from migrate.sandbox.messages import Call, Caller
        from migrate.sandbox.shown_sign_ins import shown_sign_in

        def shown(*permissions: str, roles: frozenset[str] = frozenset(), app_only: bool = True) -> dict[str, Any]:
            caller = Caller(
                app_id="a",
                tenant_id=None,
                user_id=None,
                app_only=app_only,
                permissions=frozenset(permissions),
                roles=roles,
            )
            call = Call(
                method="GET",
                version="beta",
                segments=["auditLogs", "signIns"],
                query={},
                headers={},
                body=b"",
                origin=lab.url,
                request_id="r",
                caller=caller,
            )
            return dict(shown_sign_in(lab.server.sandbox, call, entry))

        assert "appliedConditionalAccessPolicies" not in shown("AuditLog.Read.All")
        assert "appliedConditionalAccessPolicies" in shown("AuditLog.Read.All", "Policy.Read.All")
        reports_reader = frozenset({"4a5d8f65-41da-4de4-8968-e035b65339cf"})
        global_reader = frozenset({"f2ef992c-3afb-46b9-b7cf-a126ee74c451"})
        assert "appliedConditionalAccessPolicies" not in shown(roles=reports_reader, app_only=False)
        assert "appliedConditionalAccessPolicies" in shown(roles=global_reader, app_only=False)


def test_invented_sign_ins_are_the_same_for_a_seed_and_lie_in_their_days(lab: Lab, tmp_path: Path) -> None:
    number = seed_sign_ins(lab.server.sandbox, 300, 7, 5)
    first = list(lab.server.sandbox.tenant.sign_ins)
    assert number == len(first) >= 300
    with lab_in(tmp_path / "other", company(1, 60)) as other:
        seed_sign_ins(other.server.sandbox, 300, 7, 5)
        second = other.server.sandbox.tenant.sign_ins

    def facts(entries: list[Any]) -> Counter[Any]:
        return Counter((each["userId"], each["clientAppUsed"], each["status"]["errorCode"]) for each in entries)

    assert facts(first) == facts(second)
    times = [each["createdDateTime"] for each in first]
    assert times == sorted(times)


@pytest.mark.parametrize("members", [{"protocol": "magic"}, {"interruptFirst": 1}])
def test_a_sign_in_with_a_wrong_field_is_refused(lab: Lab, members: dict[str, Any]) -> None:
    with pytest.raises(Exception, match="400"):
        sign_in(lab, "alma.berg", **members)


def test_a_reading_of_invented_sign_ins_agrees_with_the_truth(lab: Lab) -> None:
    seed_sign_ins(lab.server.sandbox, 400, 2, 9)
    lab.advance(3600)
    lab.go("export")
    ran = lab.go("sign-ins", "read", "--days", "3", "-o", "json")
    entries = ask(f"{lab.url}/_sandbox/signins")["value"]
    (reading,) = ran.document["readings"]
    assert reading["source"]["rows"] == len(entries)
    outbound = [each for each in entries if each["resourceTenantId"] != lab.tenant.id]
    assert reading["source"]["setAside"] == {"outbound": len(outbound)}
    kept = [each for each in entries if each["resourceTenantId"] == lab.tenant.id]
    succeeded = Counter(each["isInteractive"] for each in kept if each["status"]["errorCode"] == 0)
    read = {one["form"]: one["rows"] for one in reading["summary"]["outcomes"] if one["outcome"] == "ok"}
    assert read == {"interactive": succeeded[True], "nonInteractive": succeeded[False]}
    ropc = {
        each["userId"] for each in kept if each["authenticationProtocol"] == "ropc" and not each["status"]["errorCode"]
    }
    assert set(ran.document["waysSeen"]["ropc"]) == ropc
    replay = lab.go("sign-ins", "replay", "-o", "json").document["replay"]
    assert [one["displayName"] for one in replay["calibration"] if one["disagreed"]] == []
