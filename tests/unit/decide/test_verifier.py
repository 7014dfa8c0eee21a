"""What should be is the journal folded over the snapshot; everything that differs is a finding with its evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.decide.coverage.judge import Judge
from migrate.decide.exclusions import Excluded
from migrate.decide.managed_scopes import managed_findings
from migrate.decide.verifier import (
    coverage_findings,
    exclusion_findings,
    expected_for,
    expired_exclusions,
    method_findings,
    policy_findings,
    state_findings,
)
from migrate.model.evidence import PolicyState
from migrate.model.findings import FindingCode
from migrate.model.journal import GENESIS, JournalEntry, Operation, Outcome, TargetType
from migrate.model.policy_exclusions import ExcludedBy, PolicyExclusion
from migrate.model.policy_scope import SetPolicyScope
from migrate.model.reasons import NO_REASON, Why, reason_of
from migrate.model.steps import CreatePolicy
from migrate.model.users import MfaState, Registration
from tests.unit.decide.records import (
    evidence,
    object_id,
    policy,
    policy_of,
    profile,
    reading,
    switch,
    sync_role,
    unreadable,
    user,
)

states = st.sampled_from(list(MfaState))


def entry(outcome: str, before: str = "enforced", requested: str = "disabled", observed: str = "") -> JournalEntry:
    """Return the latest entry of the journal for ada."""
    return JournalEntry(
        sequence=2,
        time_utc="2026-11-24T08:00:00.000Z",
        server_date="2026-11-24T08:00:00Z",
        actor="operator@contoso.example",
        tenant_id="t",
        operation=Operation.SET_MFA_STATE,
        target_type=TargetType.USER,
        object_id=object_id("ada"),
        user_principal_name="ada@contoso.example",
        before=before,
        requested=requested,
        observed=observed,
        outcome=Outcome(outcome),
        reason=NO_REASON,
        attempt=1,
        request_id="r",
        client_request_id="c",
        plan_digest="ab" * 32,
        previous_hash=GENESIS,
        hash="",
    )


def codes(findings: Any) -> list[FindingCode]:
    return [finding.code for finding in findings]


def state_codes(snapshot: str, latest: JournalEntry | None, found: str | None, **read: Any) -> list[FindingCode]:
    ada = user("ada", snapshot)
    return codes(state_findings(ada, expected_for(ada, latest), reading(state=found, **read)))


# --- states


@pytest.mark.parametrize(
    ("snapshot", "latest", "found", "fine"),
    [
        ("enforced", None, "enforced", True),
        ("enforced", None, "disabled", False),
        ("enabled", None, "enforced", True),  # Graph promotes by itself
        ("enforced", None, "enabled", False),
        ("enforced", entry("confirmed"), "disabled", True),
        ("enforced", entry("confirmed"), "enforced", False),
        ("enforced", entry("recovered"), "disabled", True),
        ("enforced", entry("unconfirmed"), "disabled", True),
        ("enforced", entry("unconfirmed"), "enforced", False),
        ("enforced", entry("failed"), "enforced", True),
        ("enforced", entry("failed"), "disabled", False),
        ("enforced", entry("skipped", observed="enforced"), "enforced", True),
        ("enforced", entry("skipped", observed="disabled"), "disabled", True),
        ("enforced", entry("confirmed", "disabled", "enforced"), "enforced", True),  # put back
        ("enforced", entry("confirmed", "disabled", "enforced"), "disabled", False),
        ("enabled", entry("confirmed", "disabled", "enabled"), "enforced", True),  # put back and promoted
    ],
)
def test_the_latest_entry_says_what_should_be_and_without_one_the_snapshot(
    snapshot: str, latest: JournalEntry | None, found: str, fine: bool
) -> None:
    assert state_codes(snapshot, latest, found) == ([] if fine else [FindingCode.STATE_DIFFERS])


@pytest.mark.parametrize("found", ["enforced", "disabled"])
def test_an_intent_without_an_outcome_is_in_doubt_whatever_is_found(found: str) -> None:
    assert state_codes("enforced", entry("intent"), found) == [FindingCode.IN_DOUBT]


def test_an_intent_in_doubt_with_a_third_state_is_both() -> None:
    assert state_codes("enforced", entry("intent"), "enabled") == [FindingCode.IN_DOUBT, FindingCode.STATE_DIFFERS]


@pytest.mark.parametrize(("status", "code"), [(404, FindingCode.USER_MISSING), (403, FindingCode.USER_UNREADABLE)])
def test_somebody_who_cannot_be_read_any_more(status: int, code: FindingCode) -> None:
    assert state_codes("enforced", None, None, status=status) == [code]


def test_nothing_is_expected_of_whom_the_export_could_not_read() -> None:
    nina = unreadable("nina")
    assert codes(state_findings(nina, expected_for(nina, None), reading("nina", "enforced"))) == []
    assert codes(state_findings(nina, expected_for(nina, None), reading("nina", None))) == []


@given(states, states)
def test_what_was_read_before_is_always_as_it_should_be(before: MfaState, other: MfaState) -> None:
    assert state_codes(before, None, before) == []
    assert state_codes(before, entry("confirmed", before, other), other) == []


@pytest.mark.parametrize(
    ("latest", "off"),
    [
        (None, False),
        (entry("confirmed"), True),
        (entry("unconfirmed"), True),
        (entry("failed"), False),
        (entry("confirmed", "disabled", "enforced"), False),
        (entry("skipped", observed="disabled"), True),
    ],
)
def test_whose_coverage_is_looked_at(latest: JournalEntry | None, off: bool) -> None:
    assert expected_for(user("ada"), latest).switched_off == off


# --- coverage


def test_coverage_of_those_switched_off() -> None:
    ada, covers = user("ada", "disabled"), Judge(evidence(policy()))
    no_more = Judge(evidence(policy(state="disabled")))
    nothing: frozenset[str] = frozenset()
    assert codes(coverage_findings(profile("ada"), ada, covers, nothing, nothing)) == []
    (finding,) = coverage_findings(profile("ada"), ada, no_more, nothing, nothing)
    assert (finding.code, finding.subject) == (FindingCode.NOT_COVERED, "ada@contoso.example")
    assert "does not provably require MFA" in finding.sentence
    assert codes(coverage_findings(reason_of(Why.USER_NOT_SHOWN, "404"), ada, covers, nothing, nothing)) == [
        FindingCode.USER_UNREADABLE
    ]


def test_an_accepted_gap_that_has_expired_is_a_finding_of_its_own() -> None:
    half = policy()
    half.raw["conditions"]["clientAppTypes"] = ["browser", "mobileAppsAndDesktopClients"]
    legacy = frozenset({"clientAppType:exchangeActiveSync", "clientAppType:easSupported", "clientAppType:other"})
    judge, ada = Judge(evidence(half)), user("ada", "disabled")
    assert codes(coverage_findings(profile("ada"), ada, judge, legacy, frozenset())) == []
    (finding,) = coverage_findings(profile("ada"), ada, judge, frozenset(), legacy)
    assert finding.code is FindingCode.ACCEPTED_GAP_EXPIRED
    assert "clientAppType:other" in finding.sentence


# --- methods


def methods(*names: str) -> Registration:
    return Registration(
        is_mfa_registered=bool(names), is_mfa_capable=True, methods_registered=names, last_updated_date_time="today"
    )


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (methods("mobilePhone"), methods("mobilePhone"), []),
        (methods("mobilePhone"), methods("fido2", "mobilePhone"), []),
        (methods("fido2", "mobilePhone"), methods("mobilePhone"), [FindingCode.METHOD_MISSING]),
        (methods("mobilePhone"), None, [FindingCode.REGISTRATION_MISSING]),
        (methods(), None, []),
        (None, methods("fido2"), []),
    ],
)
def test_methods_before_must_be_a_subset_of_methods_after(
    before: Registration | None, now: Registration | None, expected: list[FindingCode]
) -> None:
    found = list(method_findings(user("ada", registration=before), now))
    assert codes(found) == expected
    for finding in found:
        assert "lag" in finding.evidence


# --- policies

MARKER = "mfa-migrate:0123456789ab"
BODY = {
    **{key: value for key, value in policy("Ours", "enabledForReportingButNotEnforced").raw.items() if key != "id"},
    "description": f"marker {MARKER}",
}
CREATE = CreatePolicy(key=MARKER, display_name="Ours", body=BODY, because="create")


WIDER = SetPolicyScope(
    key=MARKER,
    display_name="Ours",
    before=BODY,
    after={**BODY, "displayName": "Wider"},
    policy_state=PolicyState.ENABLED,
    because="wider",
)


def ours(**changes: Any) -> Any:
    return policy_of({**BODY, "id": object_id("ours"), **changes})


def on(name: str = "Ours", key: str = MARKER) -> Any:
    import msgspec

    return msgspec.structs.replace(switch("enabledForReportingButNotEnforced", "enabled", name), key=key)


@pytest.mark.parametrize(
    ("done", "there", "expected"),
    [
        ([], [], []),
        ([CREATE], [ours()], []),
        ([CREATE], [], [FindingCode.POLICY_MISSING]),
        ([CREATE], [ours(state="enabled")], [FindingCode.POLICY_DIFFERS]),
        ([CREATE], [ours(displayName="Theirs")], [FindingCode.POLICY_DIFFERS]),
        ([CREATE, on()], [ours(state="enabled")], []),
        ([CREATE, on()], [ours()], [FindingCode.POLICY_DIFFERS]),
        ([CREATE, on()], [ours(state="enabled", grantControls=None)], [FindingCode.POLICY_DIFFERS]),
        ([CREATE, on(), on().reverse(), CREATE.reverse()], [], []),
        ([CREATE, CREATE.reverse()], [ours()], [FindingCode.POLICY_DIFFERS]),
        ([CREATE, CREATE.reverse()], [ours(displayName="Somebody's own")], []),
        ([CREATE, on(), WIDER], [ours(state="enabled", displayName="Wider")], []),
        ([CREATE, on(), WIDER], [ours(state="enabled")], [FindingCode.POLICY_DIFFERS]),
        ([CREATE, on(), WIDER, WIDER.reverse()], [ours(state="enabled")], []),
        ([WIDER], [ours(state="enabled", displayName="Wider")], []),
        ([WIDER], [ours(displayName="Wider")], [FindingCode.POLICY_DIFFERS]),
        ([WIDER], [], [FindingCode.POLICY_MISSING]),
        ([on("Adopted", object_id("adopted"))], [], [FindingCode.POLICY_MISSING]),
    ],
)
def test_the_last_step_for_a_policy_says_what_it_should_be(done: Any, there: Any, expected: list[FindingCode]) -> None:
    assert codes(policy_findings(done, evidence(*there))) == expected


def test_a_rebuilt_server_of_the_directory_synchronization_is_found() -> None:
    there = policy("Adopted", excludeUsers=[object_id("old sync")])
    done = [on("Adopted", there.id)]
    spared = evidence(there, roles=(sync_role("old sync"),))
    caught = evidence(there, roles=(sync_role("old sync", "new sync"),))
    assert codes(policy_findings(done, spared)) == []
    (finding,) = policy_findings(done, caught)
    assert finding.code is FindingCode.SYNC_NOT_EXCLUDED
    assert object_id("new sync") in finding.evidence


MANAGED = "Microsoft-managed: Multifactor authentication for all users"


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ([policy(MANAGED)], None),
        ([policy(MANAGED, state="enabledForReportingButNotEnforced")], "state: enabled -> enabledForReporting"),
        ([policy(MANAGED, excludeUsers=[object_id("ada"), object_id("ben")])], "excludeUsers: 0 fewer, 2 more"),
        ([policy(MANAGED, includeUsers=[object_id("cleo")])], "includeUsers: 1 fewer, 1 more"),
        ([], "it does not exist any more"),
    ],
)
@pytest.mark.parametrize(
    ("planned_on", "resting", "rests"),
    [(True, 0, True), (False, 3, True), (False, 0, False)],
    ids=["the plan's proofs", "today's proofs", "no proof"],
)
def test_a_policy_of_microsofts_that_is_not_what_it_was_is_found_where_a_proof_rests_on_it(
    now: list[Any], said: str | None, planned_on: bool, resting: int, rests: bool
) -> None:
    before = policy(MANAGED)
    on_it = frozenset({before.id.lower()} if planned_on else ())
    found = list(managed_findings(evidence(before), evidence(*now), on_it, {before.id.lower(): resting}))
    assert codes(found) == ([FindingCode.MANAGED_SCOPE_CHANGED] if rests and said else [])
    if found:
        assert said is not None
        assert said in found[0].evidence


def test_a_policy_of_the_tenants_own_may_be_edited_without_that_finding() -> None:
    before, now = policy("Ours"), policy("Ours", excludeUsers=[object_id("ada")])
    assert not list(managed_findings(evidence(before), evidence(now), frozenset({before.id.lower()}), {}))


LEFT_OUT = PolicyExclusion(
    by=ExcludedBy.USER, id=object_id("room"), name="room", reason="no person", expires="2027-06-30"
)


@pytest.mark.parametrize(
    ("state", "account", "accepted", "covered", "found"),
    [
        ("disabled", True, False, False, True),
        ("enabled", True, False, False, True),
        ("enforced", True, False, False, False),
        (None, True, False, False, False),
        ("disabled", False, False, False, False),
        ("disabled", True, True, False, False),
        ("disabled", True, False, True, False),
    ],
)
def test_whoever_is_left_out_needs_per_user_mfa_another_policy_or_a_name_beside_it(
    state: str | None, account: bool, accepted: bool, covered: bool, found: bool
) -> None:
    import msgspec

    room = user(profile("room", account_enabled=account), "disabled")
    proof = evidence(*([policy("Another")] if covered else [policy("Ours", excludeUsers=[object_id("room")])]))
    excluded = Excluded([msgspec.structs.replace(LEFT_OUT, accepted=accepted)], proof)
    there = codes(exclusion_findings(room, reading("room", state), excluded, Judge(proof)))
    assert there == ([FindingCode.EXCLUDED_WITHOUT_MFA] if found else [])
    assert codes(exclusion_findings(user("ada"), reading("ada", "disabled"), excluded, Judge(proof))) == []


def test_an_exclusion_whose_day_has_come_is_found() -> None:
    assert codes(expired_exclusions([LEFT_OUT], "2027-06-29")) == []
    assert codes(expired_exclusions([LEFT_OUT], "2027-06-30")) == [FindingCode.POLICY_EXCLUSION_EXPIRED]


def test_findings_name_subject_and_evidence() -> None:
    ada = user("ada")
    (finding,) = state_findings(ada, expected_for(ada, entry("confirmed")), reading(state="enforced"))
    assert (finding.subject, finding.subject_id) == ("ada@contoso.example", object_id("ada"))
    assert "expected disabled, read enforced, request r-2" in finding.evidence


def test_every_finding_is_asserted_here_or_with_the_whole_command() -> None:
    here = Path(__file__)
    source = here.read_text(encoding="utf-8")
    # What differs in the configuration is found beside the tenant, by the command.
    whole = (here.parents[2] / "faults" / "test_configuration.py").read_text(encoding="utf-8")
    left = [code for code in FindingCode if f"FindingCode.{code.name}" not in source and f'"{code.value}"' not in whole]
    assert left == []
