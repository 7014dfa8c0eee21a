"""`doctor` as a person runs it: with all permissions, with each one missing, without a sign-in, and from an export."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from migrate.decide.checks.every_check import CHECKS
from migrate.model.doctor import CheckName
from migrate.model.permissions import FEDERATION, HIDDEN, READ_SET
from tests.e2e.contact import ContactLab, contact_lab


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContactLab]:
    with pytest.MonkeyPatch.context() as patch, contact_lab(tmp_path_factory.mktemp("doctor")) as lab:
        patch.setenv("MFA_MIGRATE_CLIENT_SECRET", "right")
        lab.grant(READ_SET)
        lab.go("export")
        yield lab


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MFA_MIGRATE_CLIENT_SECRET", "right")


def results(document: Any) -> dict[str, dict[str, Any]]:
    return {result["check"]: result for result in document["results"]}


def test_every_check_is_made_and_only_reads(lab: ContactLab) -> None:
    lab.grant(READ_SET)
    found = results(lab.go("doctor", "-o", "json").document)
    assert list(found) == [name.value for name in CheckName]
    standing = {name: result["standing"] for name, result in found.items()}
    assert standing["sign-in"] == "warn"  # with a secret
    assert standing["role"] == "skipped"
    assert standing["backup"] == "skipped"
    for name in ("permissions", "licence", "security-defaults", "methods-policy", "clock"):
        assert standing[name] == "pass", found[name]
    assert lab.writes() == []


@pytest.mark.parametrize("missing", sorted(set(READ_SET) - {HIDDEN.permission}))
def test_a_missing_permission_fails_one_check_and_skips_its_readers_by_name(lab: ContactLab, missing: str) -> None:
    lab.grant(set(READ_SET) - {missing})
    ran = lab.run("doctor", "-o", "json")
    assert ran.code == 1
    found = results(ran.document)
    assert found["permissions"]["standing"] == "fail"
    assert found["permissions"]["evidence"] == [missing]
    assert "adminconsent?client_id=" in ran.document["consentLink"]
    skipped = [result for result in found.values() if result["standing"] == "skipped" and missing in result["says"]]
    readers = {"Policy.Read.All": 7, "LicenseAssignment.Read.All": 1, "User.Read.All": 1}
    assert len(skipped) >= readers.get(missing, 0)


def test_no_sign_in_skips_the_rest_and_ends_with_4(lab: ContactLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MFA_MIGRATE_CLIENT_SECRET", "wrong-secret")
    ran = lab.go("doctor", code=4)
    assert "fail     sign-in: The client secret is wrong" in ran.out
    assert len(re.findall(r"^skipped  \S+: because nobody could sign in$", ran.out, re.MULTILINE)) == 13


def test_an_export_can_be_looked_at_alone(lab: ContactLab) -> None:
    before = len(lab.requests_seen())
    found = results(lab.run("doctor", "--from-export", "-o", "json").document)
    skipped = {name for name, result in found.items() if result["standing"] == "skipped"}
    assert {"sign-in", "permissions", "role", "backup", "clock"} <= skipped
    assert found["licence"]["standing"] == "pass"
    assert len(lab.requests_seen()) == before


def test_checks_are_chosen_and_listed(lab: ContactLab) -> None:
    lab.grant(READ_SET)
    chosen = lab.go("doctor", "--only", "licence,clock", "--skip", "clock", "-o", "json").document
    assert list(results(chosen)) == ["licence"]
    listed = lab.go("doctor", "--list", "-o", "json").document
    assert [(row["check"], row["stops"]) for row in listed] == [
        (name.value, CHECKS[name][1].value) for name in CheckName
    ]
    ran = lab.go("doctor", "--only", "licences", code=2)
    assert "--only does not know 'licences'" in ran.err


def test_permissions_alone_print_how_to_make_an_application(lab: ContactLab) -> None:
    lab.grant(READ_SET[1:])
    ran = lab.go("doctor", "--only", "permissions", code=1)
    for words in (READ_SET[0], "az ad app create", "Connect-MgGraph", "Send this to a Privileged Role Administrator"):
        assert words in ran.out
    assert "UserAuthenticationMethod" not in ran.out


def test_the_backup_is_looked_at_when_it_is_asked_for(lab: ContactLab) -> None:
    lab.grant([*READ_SET, "EntraBackup.Read.All"])
    found = results(lab.run("doctor", "--only", "backup", "--with", "backup", "-o", "json").document)
    assert found["backup"]["standing"] == "pass"
    assert "hours old" in found["backup"]["says"]
    lab.grant(READ_SET)
    found = results(lab.run("doctor", "--only", "backup", "--with", "backup", "-o", "json").document)
    assert found["backup"]["standing"] == "skipped"
    assert "The token lacks the permission EntraBackup.Read.All" in found["backup"]["says"]
    assert lab.go("doctor", "--with", "more", code=2)


def test_what_federated_domains_do_with_mfa_is_read_when_it_is_asked_for(lab: ContactLab) -> None:
    tenant, name = lab.tenant, "corp.contoso.example"
    tenant.domains.append({"id": name, "authenticationType": "Federated", "isVerified": True})
    tenant.federations[name] = [{"id": "f1", "federatedIdpMfaBehavior": "rejectMfaByFederatedIdp"}]
    verified = tenant.organization["verifiedDomains"]
    verified.append({"name": name, "type": "Federated", "isDefault": False})
    try:
        lab.grant([*READ_SET, FEDERATION.permission])
        assert "rejectMfaByFederatedIdp: MFA at the identity provider does not count" in said_of_domains(lab)
        lab.grant([*READ_SET, *FEDERATION.narrower])
        assert "rejectMfaByFederatedIdp" in said_of_domains(lab)
        assert lab.go("whoami", "-o", "json").document["surplus"] == []
        lab.grant(READ_SET)
        said = said_of_domains(lab)
        for words in (
            "it was not read",
            "403",
            "The token lacks the permission Domain.Read.All",
            "adminconsent?client_id=",
        ):
            assert words in said
        assert "signed-in person" not in said, "an application is signed in"
    finally:
        tenant.domains.pop()
        verified.pop()
        del tenant.federations[name]


def said_of_domains(lab: ContactLab) -> str:
    hints = lab.go("doctor", "--with", "federation", "-o", "json").document["hints"]
    (hint,) = (each for each in hints if each["code"] == "federated-domains")
    assert hint["evidence"] == ["corp.contoso.example"]
    return str(hint["says"])


def test_a_test_sign_in_is_recorded_with_its_day(lab: ContactLab) -> None:
    lab.grant(READ_SET)
    name = lab.name_of("emergency1")
    before = results(lab.run("doctor", "--only", "emergency-accounts", "-o", "json").document)["emergency-accounts"]
    assert any(f"{name}: nobody recorded a test sign-in" in line for line in before["evidence"])
    assert "Recorded" in lab.go("doctor", "--tested", name).err
    after = results(lab.run("doctor", "--only", "emergency-accounts", "-o", "json").document)["emergency-accounts"]
    assert not any(f"{name}: nobody recorded" in line for line in after["evidence"])
    assert lab.go("doctor", "--tested", "somebody@contoso.example", code=2)
