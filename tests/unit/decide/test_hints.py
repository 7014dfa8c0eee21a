"""Hints are given where they may matter, and only there; failed checks become notes of a plan, each said once."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from migrate.decide.check_notes import SAID_BY_THE_PLAN, check_notes
from migrate.decide.hints import SUBSCRIPTION_ACTIVATION, hint_notes, hints_of
from migrate.model.capability import MethodsPolicy
from migrate.model.doctor import HintCode, TenantFacts
from migrate.model.plan import Severity
from tests.unit.decide.checks.test_checks import EXCLUDED, METHODS, account, facts, person
from tests.unit.decide.coverage.tenants import object_id, policy

ROOT = Path(__file__).resolve().parents[3]


def codes(given: TenantFacts) -> set[HintCode]:
    return {hint.code for hint in hints_of(given)}


def federated(*names: str) -> TenantFacts:
    given = facts()
    assert given.organization is not None
    return msgspec.structs.replace(
        given, organization=msgspec.structs.replace(given.organization, federated_domains=names)
    )


def test_federated_domains_are_named_and_others_are_not() -> None:
    assert HintCode.FEDERATED_DOMAINS not in codes(facts())
    found = {hint.code: hint for hint in hints_of(federated("corp.contoso.example"))}
    assert found[HintCode.FEDERATED_DOMAINS].evidence == ("corp.contoso.example",)
    assert "federatedIdpMfaBehavior" in found[HintCode.FEDERATED_DOMAINS].says


def test_a_refusal_is_told_and_the_step_after_it_is_another_one() -> None:
    unread = federated("corp.contoso.example")
    refused = msgspec.structs.replace(unread, federation_problem="Graph refused access.")
    (before,), (after,) = (
        [hint for hint in hints_of(given) if hint.code is HintCode.FEDERATED_DOMAINS] for given in (unread, refused)
    )
    assert after.says.endswith("it was not read. Graph refused access.")
    assert after.fix.startswith("Then run `mfa-migrate doctor --with federation` again")
    assert "(Domain.Read.All)" in before.fix


@pytest.mark.parametrize(
    ("value", "means"),
    [
        ("acceptIfMfaDoneByFederatedIdp", "without its claim Entra asks by itself"),
        ("enforceMfaByFederatedIdp", "sent back to the identity provider"),
        ("rejectMfaByFederatedIdp", "does not count"),
        (None, "SupportsMfa still decides"),
        ("ofTomorrow", "does not know that value"),
    ],
)
def test_what_a_federated_domain_does_with_mfa_is_told_by_its_value(value: str | None, means: str) -> None:
    given = msgspec.structs.replace(federated("a.example", "b.example"), federation={"a.example": value})
    (hint,) = (each for each in hints_of(given) if each.code is HintCode.FEDERATED_DOMAINS)
    assert means in hint.says
    assert (value or "not set") in hint.says
    assert hint.evidence == ("a.example",)


@pytest.mark.parametrize(
    ("apps", "state", "switch_on", "told"),
    [
        (None, "enabled", (), True),
        ({"excludeApplications": [object_id("app payroll")]}, "enabled", (), True),
        ({"excludeApplications": [SUBSCRIPTION_ACTIVATION]}, "enabled", (), False),
        ({"includeApplications": ["Office365"]}, "enabled", (), False),
        (None, "enabledForReportingButNotEnforced", (), False),
        (None, "enabledForReportingButNotEnforced", ("mfa for all",), True),
        (None, "disabled", (), False),
    ],
)
def test_subscription_activation_is_told_where_mfa_is_asked_for_everything(
    apps: dict[str, object] | None, state: str, switch_on: tuple[str, ...], *, told: bool
) -> None:
    asked = policy(users=EXCLUDED, state=state, **({} if apps is None else {"apps": apps}))
    given = facts(policies=(asked,), switch_on=switch_on)
    assert (HintCode.SUBSCRIPTION_ACTIVATION in codes(given)) is told


def test_a_plan_speaks_only_of_policies_that_it_brings_into_effect() -> None:
    given = federated("corp.contoso.example")
    assert given.evidence is not None
    quiet = [note.code for note in hint_notes(given, given.evidence, ())]
    assert quiet == [HintCode.FEDERATED_DOMAINS.value]
    everything = [one.id for one in given.evidence.policies]
    loud = list(hint_notes(given, given.evidence, everything))
    assert [note.code for note in loud] == [HintCode.FEDERATED_DOMAINS.value, HintCode.SUBSCRIPTION_ACTIVATION.value]
    assert {note.severity for note in loud} == {Severity.WARNING}
    unfinished = msgspec.structs.replace(METHODS, methods=MethodsPolicy(migration_complete=False, states={}))
    slow = facts(evidence={"capability": unfinished})
    assert slow.evidence is not None
    assert [note.code for note in hint_notes(slow, slow.evidence, ())] == [HintCode.METHODS_POLICY.value]
    assert HintCode.METHODS_POLICY not in codes(slow), "in doctor it is a check"


def test_what_the_plan_says_itself_is_not_said_twice() -> None:
    without = facts(evidence={"security_defaults_enabled": True}, from_export=True)
    assert [note.code for note in check_notes(without, said=(), planned=1)] == ["doctor-security-defaults"]
    assert list(check_notes(without, said={"security-defaults"}, planned=1)) == []
    off = (account("red", profile=person("red", account_enabled=False)), account("blue"))
    dead = facts(emergency=off, from_export=True)
    assert [note.code for note in check_notes(dead, said=(), planned=1)] == ["doctor-emergency-accounts"]
    assert list(check_notes(dead, said={"emergency-access-disabled"}, planned=1)) == []
    worse = facts(emergency=(*off[:1], account("blue", is_administrator=False)), from_export=True)
    (note,) = check_notes(worse, said={"emergency-access-disabled"}, planned=1)
    assert note.severity is Severity.BLOCKER
    assert "blue@contoso.example: is no active Global Administrator" in note.sentence
    assert "switched off" not in note.sentence


def test_a_healthy_export_adds_nothing_to_a_plan() -> None:
    assert list(check_notes(facts(from_export=True), said=(), planned=3)) == []


def test_the_tables_of_the_docs_name_the_notes_and_the_hints() -> None:
    text = (ROOT / "docs" / "doctor.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| `")]
    notes = {cells[0].strip("`"): cells[5] for cells in rows if len(cells) == 6}
    for check, said in SAID_BY_THE_PLAN.items():
        assert all(f"`{code}`" in notes[check.value] for code in said)
    hints = {cells[0].strip("`") for cells in rows if len(cells) == 3}
    assert hints == {code.value for code in HintCode}
