"""What the answers of `init` mean for a plan, and whom it proposes."""

from __future__ import annotations

from datetime import date

import msgspec

from migrate.config import TenantSettings
from migrate.decide.emergency_proposals import proposed_accounts
from migrate.decide.tenant_answers import answer_notes
from migrate.model.plan import Severity
from migrate.model.questions import QUESTIONS, AnsweredApart, TenantAnswers
from tests.unit.decide.coverage.tenants import PEOPLE, evidence, person, policy

WHO = TenantAnswers(answered_by="Ada Lund", answered_on=date(2026, 11, 28))
ALL = msgspec.structs.replace(
    WHO,
    trusted_ips=("203.0.113.0/24",),
    offices_ipv6=("2001:db8:1::/48",),
    federated_intranet=True,
    remember_mfa_days=14,
    app_passwords=True,
    legacy_servers=True,
    telephony_provider=True,
)


def notes(answers: TenantAnswers) -> dict[str, str]:
    found = list(answer_notes(answers))
    assert all(note.severity is Severity.WARNING for note in found)
    return {note.code: note.sentence for note in found}


def test_each_answer_that_changes_something_says_what_to_make_or_do() -> None:
    found = notes(ALL)
    assert set(found) == {
        "answer-trusted-ips",
        "answer-federated-intranet",
        "answer-remember-mfa",
        "answer-app-passwords",
        "answer-legacy-servers",
        "answer-telephony-provider",
    }
    assert "203.0.113.0/24 and 2001:db8:1::/48" in found["answer-trusted-ips"]
    assert "said by Ada Lund on 2026-11-28" in found["answer-trusted-ips"]
    assert "signInFrequency of 14 days" in found["answer-remember-mfa"]
    assert "stated nowhere" in found["answer-app-passwords"]


def test_each_answer_is_told_with_whoever_gave_it() -> None:
    apart = AnsweredApart(key="legacy_servers", by="Ben Frost", on=date(2026, 12, 1))
    found = notes(msgspec.structs.replace(ALL, answered_apart=(apart,)))
    assert "MFA Server (said by Ben Frost on 2026-12-01)" in found.pop("answer-legacy-servers")
    assert found
    assert all("(said by Ada Lund on 2026-11-28)" in sentence for sentence in found.values())


def test_an_answer_of_no_changes_nothing() -> None:
    none = msgspec.structs.replace(
        ALL,
        trusted_ips=(),
        offices_ipv6=(),
        federated_intranet=False,
        remember_mfa_days=0,
        app_passwords=False,
        legacy_servers=False,
        telephony_provider=False,
    )
    assert notes(none) == {}


def test_what_is_not_known_is_told_with_the_line_to_write_once_somebody_has_answered() -> None:
    assert notes(TenantAnswers()) == {}
    partly = notes(msgspec.structs.replace(WHO, trusted_ips=("203.0.113.0/24",)))
    assert "offices' IPv6 ranges are not known" in partly["answer-trusted-ips"]
    assert "remember_mfa_days = …" in partly["answers-open"]
    assert "trusted_ips = …" not in partly["answers-open"]


def test_every_question_about_the_tenant_has_a_key_in_the_configuration() -> None:
    keys = {question.key for question in QUESTIONS if question.table == "tenant_settings"}
    assert keys <= set(TenantSettings.__struct_fields__)
    written = msgspec.convert({"trusted_ips": ["203.0.113.0/24"], "answered_by": "Ada"}, TenantSettings)
    assert (written.trusted_ips, written.answered_by) == (("203.0.113.0/24",), "Ada")
    assert {*written.unknown} == keys - {"trusted_ips", "baseline_scopes"}


def test_who_is_left_out_of_every_enabled_policy_and_comes_from_the_cloud_is_proposed() -> None:
    adam, synced = PEOPLE["adam"], person("auda", on_premises_sync_enabled=True)
    spared = {"includeUsers": ["All"], "excludeUsers": [adam.id, synced.id, PEOPLE["ada"].id]}
    first = policy("One", users=spared)
    second = policy("Two", users={"includeUsers": ["All"], "excludeUsers": [adam.id, synced.id]})
    people = [adam, synced, PEOPLE["ada"], PEOPLE["leo"]]
    assert proposed_accounts(evidence(first, second), people) == (adam.user_principal_name,)
    assert proposed_accounts(evidence(), people) == ()
