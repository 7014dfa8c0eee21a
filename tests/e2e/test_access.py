"""Exactly the documented permissions are enough, and each that is missing is named before anything is written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrate.model.permissions import (
    GROUP_ELIGIBILITY,
    HIDDEN,
    METHODS,
    POLICY_WRITES,
    READ_SET,
    ROLES,
    STATE_WRITES,
    WRITE_STATES,
    DirectoryRole,
    needs_of,
)
from migrate.sandbox.faults import read_script
from migrate.sandbox.sign_in_people import SignInPeople
from tests.e2e.contact import CLIENT, ContactLab, contact_lab

HOME = "99999999-1111-2222-3333-444444444444"
ALMA = "alma.berg@contoso.example"
READER, WRITER = DirectoryRole.GLOBAL_READER, DirectoryRole.AUTHENTICATION_POLICY_ADMINISTRATOR


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContactLab]:
    """Yield a lab that an application with the read set alone has exported and planned."""
    with pytest.MonkeyPatch.context() as patch, contact_lab(tmp_path_factory.mktemp("access")) as lab:
        patch.setenv("MFA_MIGRATE_CLIENT_SECRET", "right")
        lab.grant(READ_SET)
        lab.go("export")
        lab.go("plan")
        yield lab


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MFA_MIGRATE_CLIENT_SECRET", "right")
    monkeypatch.setenv("DISPLAY", ":0")


APPLY = ("apply", "--yes", "--max-users", "100%", "--skip-settle", "lab", "--until", "wave:1")
NEEDED = [need for need in needs_of("apply", states=True) if need.refuses]


@pytest.mark.parametrize("permission", sorted({need.permission for need in NEEDED}))
def test_each_permission_removed_is_named_before_any_write(planned: ContactLab, permission: str) -> None:
    planned.grant({*READ_SET, *WRITE_STATES} - {permission})
    ran = planned.go(*APPLY, code=4)
    assert f"token lacks the permission {permission}" in ran.err
    assert "adminconsent?client_id=" in ran.err
    assert "Privileged Role Administrator" in ran.err
    assert "Nothing was changed." in ran.err
    assert planned.writes() == []


def test_policy_steps_need_the_permission_for_policies(tmp_path: Path) -> None:
    with contact_lab(tmp_path / "create") as lab:
        lab.signs_in(policy='mode = "create"\nreport_only_days = 0', limits="max_newly_required = 100")
        lab.grant(READ_SET)
        lab.go("export")
        lab.go("plan")
        lab.grant([*READ_SET, *WRITE_STATES])
        ran = lab.go("apply", "--yes", "--max-users", "100%", code=4)
        assert f"lacks the permission {POLICY_WRITES.permission} together with Policy.Read.All" in ran.err
        assert lab.writes() == []


@pytest.mark.parametrize("missing", sorted(set(READ_SET) - {HIDDEN.permission}))
def test_an_export_names_the_permission_that_it_lacks(planned: ContactLab, missing: str) -> None:
    planned.grant(set(READ_SET) - {missing})
    ran = planned.elsewhere("other", "export")
    assert missing in ran.err
    quiet = {GROUP_ELIGIBILITY.permission, ROLES.permission, METHODS.permission, "GroupMember.Read.All"}
    assert ran.code == (4 if missing not in quiet or missing == "Policy.Read.All" else 0)


def test_a_wider_permission_does_as_well_and_its_surplus_is_told(planned: ContactLab) -> None:
    wide = {*READ_SET, "Directory.ReadWrite.All", "UserAuthenticationMethod.ReadWrite.All"} - {"User.Read.All"}
    planned.grant(wide)
    ran = planned.go("whoami", "-o", "json")
    assert ran.document["missing"] == []
    assert ran.document["surplus"] == ["Directory.ReadWrite.All", "UserAuthenticationMethod.ReadWrite.All"]
    assert "holds more than this program ever needs" in ran.err
    assert "anybody's authentication methods could be taken away" in ran.err


def test_whoami_tells_an_application_from_a_person(planned: ContactLab) -> None:
    planned.grant(READ_SET)
    found = planned.go("whoami", "-o", "json").document
    assert (found["kind"], found["clientId"], found["signedInBy"]) == ("application", CLIENT, "client-secret")
    assert found["tenantId"] == planned.tenant.id
    assert (found["missing"], found["surplus"]) == ([], [])
    assert set(found["missingForWriting"]) == {STATE_WRITES.permission, POLICY_WRITES.permission}
    assert found["ageSeconds"] >= 0
    shown = planned.go("whoami").out
    for words in (
        "Tenant:",
        "Cloud:     global, a sandbox at ",
        "(application)",
        "an application needs none",
        "User.Read.All",
    ):
        assert words in shown
    assert "missing, for apply only" in shown


# --- people ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def person(planned: ContactLab) -> Iterator[ContactLab]:
    """Yield the same lab with a browser in place of the secret; roles and grants are taken back at the end."""
    planned.signs_in("browser")
    planned.grant([*READ_SET, *WRITE_STATES])
    held = list(planned.tenant.roles.assignments), list(planned.tenant.roles.eligibility)
    yield planned
    planned.tenant.roles.assignments[:], planned.tenant.roles.eligibility[:] = held
    planned.signs_in()


def assign(lab: ContactLab, *roles: DirectoryRole) -> None:
    with lab.web() as client:
        for role in roles:
            client.post("/_sandbox/change", json={"user": ALMA, "assign": role.value}).raise_for_status()


def test_a_person_sees_the_address_the_roles_and_what_is_missing(person: ContactLab) -> None:
    assign(person, READER)
    ran = person.as_person(ALMA, "whoami")
    assert ran.code == 0, ran.said
    assert "To sign in, open https://" in ran.err
    assert f"{ALMA} (person)" in ran.out
    assert "Roles:     Global Reader" in ran.out


def test_a_missing_role_is_named_before_any_write(person: ContactLab) -> None:
    assign(person, READER)
    ran = person.as_person(ALMA, *APPLY)
    assert ran.code == 4, ran.said
    assert "no role that allows it: Authentication Policy Administrator" in ran.err
    assert person.writes() == []


def test_an_eligible_role_is_told_to_be_activated(person: ContactLab) -> None:
    assign(person, READER)
    person.tenant.roles.eligibility.append(
        {
            "id": "e",
            "principalId": person.id_of("alma.berg"),
            "roleDefinitionId": WRITER.value,
            "directoryScopeId": "/",
            "startDateTime": "2026-01-01T00:00:00Z",
            "scheduleInfo": {"startDateTime": "2026-01-01T00:00:00Z", "expiration": {"type": "noExpiration"}},
            "status": "Provisioned",
            "memberType": "Direct",
        }
    )
    ran = person.as_person(ALMA, *APPLY)
    assert ran.code == 4, ran.said
    assert "Activate Authentication Policy Administrator in PIM" in ran.err
    shown = person.as_person(ALMA, "whoami").out
    assert "Eligible:  Authentication Policy Administrator" in shown


def test_without_a_role_to_read_the_refusal_names_it(person: ContactLab) -> None:
    assign(person, WRITER)
    ran = person.as_person(ALMA, "export")
    assert ran.code == 4, ran.said
    assert "Global Reader" in ran.err
    assert person.writes() == []


def test_a_partners_operator_is_recognised_by_the_tenants_own_settings(person: ContactLab) -> None:
    people: SignInPeople = person.sign_in.people
    people.add_partner({"user": "op@partner.example", "homeTenantId": HOME, "roles": [READER.value]})
    ran = person.as_person("op@partner.example", "whoami", "-o", "json")
    assert ran.code == 0, ran.said
    assert (ran.document["kind"], ran.document["homeTenant"]) == ("person", HOME)
    assert ran.document["homeIsServiceProvider"] is None


def test_a_partner_is_named_with_its_home_in_plan_and_audit(tmp_path: Path) -> None:
    with contact_lab(tmp_path / "partner") as lab:
        lab.signs_in("browser")
        lab.tenant.partners.append({"tenantId": HOME, "isServiceProvider": True})
        partner = {"user": "op@partner.example", "homeTenantId": HOME, "roles": [READER.value, WRITER.value]}
        lab.sign_in.people.add_partner(partner)
        name = "op@partner.example"
        assert lab.as_person(name, "whoami", "-o", "json").document["kind"] == "partner"
        found = lab.as_person(name, "doctor", "--only", "operator", "-o", "json").document["results"][0]
        assert found["standing"] in ("pass", "warn")
        assert HOME in " ".join(found["evidence"])
        assert lab.as_person(name, "export").code == 0
        assert lab.as_person(name, "plan").code == 0
        assert "operator-not-judged" in {note["code"] for note in lab.plan_header()["notes"]}
        user = lab.name_of("cleo.nair")
        asked = ("set-state", "--user-principal-name", user, "--state", "Enforced", "--allow-unregistered", "--yes")
        assert lab.as_person(name, *asked).code == 0
        audit = lab.go("audit", "export", "-o", "csv").out
        assert f"op@partner.example of {HOME}, service provider" in audit


def test_a_sign_in_that_runs_out_pauses_the_run_and_nobody_is_asked_meanwhile(tmp_path: Path) -> None:
    with contact_lab(tmp_path / "mid-run") as lab:
        lab.signs_in("browser")
        admin = f"admin@{lab.tenant.domain}"
        assert lab.as_person(admin, "export").code == 0
        assert lab.as_person(admin, "plan").code == 0
        faults = [
            {"match": {"path": "*/oauth2/v2.0/token", "nth": list(range(2, 40))}, "do": {"aadsts": 50076}},
            {"match": {"path": "*batch", "method": "POST", "item": False, "nth": 4}, "do": {"expireToken": True}},
        ]
        lab.server.sandbox.faults.load(read_script(json.dumps({"faults": faults}).encode()), 0)
        paused = lab.as_person(admin, "apply", "--yes", "--max-users", "100%", "--skip-settle", "lab")
        assert paused.code == 4, paused.said
        assert paused.err.count("To sign in, open") == 1
        assert "without a person, who is never asked in mid-run" in paused.err
        assert "Run the same command again" in paused.err
        lab.server.sandbox.faults.clear()
        again = lab.as_person(admin, "apply", "--yes", "--max-users", "100%", "--skip-settle", "lab")
        assert again.code == 0, again.said


# --- the end: it does succeed ----------------------------------------------------------------------------------------


def test_exactly_the_documented_permissions_and_roles_are_enough(person: ContactLab) -> None:
    assign(person, READER, WRITER)
    applied = person.as_person(ALMA, *APPLY)
    assert applied.code == 0, applied.said
    assert person.writes()
    person.signs_in()
    person.grant(WRITE_STATES)
    refused = person.go("rollback", "--yes", code=4)
    assert "User.Read.All" in refused.err or "Policy.Read.All" in refused.err
    person.grant([*READ_SET, *WRITE_STATES])
    person.go("rollback", "--yes")
    person.grant(READ_SET)
    person.go("verify", code=1)
    refused = person.go("set-state", "--user-principal-name", ALMA, "--state", "Disabled", "--yes", code=4)
    assert STATE_WRITES.permission in refused.err
