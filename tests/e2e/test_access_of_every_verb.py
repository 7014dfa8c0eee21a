"""Each verb that asks a tenant, with each permission and each role taken away: exit 4 with its name before any write.

Where a permission only makes things unknown, it is named as what could not be read; nobody is better covered for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from migrate.model.permissions import (
    GROUP_ELIGIBILITY,
    GROUPS,
    HIDDEN,
    LICENCES,
    POLICIES,
    READ_SET,
    REPORTS,
    ROLES,
    SIGN_INS,
    STATE_WRITES,
    USERS,
    WRITE_STATES,
    DirectoryRole,
)
from tests.e2e.contact import ContactLab, contact_lab

ALMA = "alma.berg@contoso.example"
READER, WRITER = DirectoryRole.GLOBAL_READER, DirectoryRole.AUTHENTICATION_POLICY_ADMINISTRATOR
APPLY = ("apply", "--yes", "--max-users", "100%", "--skip-settle", "lab", "--until", "wave:1")
SWITCH_OFF = ("set-state", "--user-principal-name", "cleo.nair@contoso.example", "--state", "Disabled", "--yes")
ENFORCE = ("set-state", "--user-principal-name", "ben.frost@contoso.example", "--state", "Enforced")
WHAT_IF = ("what-if", "--user", "cleo.nair@contoso.example", "--app", "Office 365", "--live")
CANARY = 'canary = ["alma.berg@contoso.example", "ben.frost@contoso.example"]'
READS = {USERS, POLICIES, GROUPS, ROLES, GROUP_ELIGIBILITY}

REFUSED: dict[str, tuple[Sequence[str], set[object]]] = {
    "export": (("export",), {USERS, POLICIES, REPORTS, LICENCES}),
    "verify": (("verify",), {USERS, POLICIES, REPORTS, LICENCES}),
    "apply": (APPLY, READS | {STATE_WRITES}),
    "rollback": (("rollback", "--yes"), {USERS, STATE_WRITES}),
    "set-state": (SWITCH_OFF, READS | {REPORTS, STATE_WRITES}),
    "set-state to enforced": ((*ENFORCE, "--allow-unregistered", "--yes"), READS | {REPORTS, STATE_WRITES}),
    "status of one": (("status", "cleo.nair@contoso.example", "--live"), {USERS}),
    "status": (("status", "--live"), {USERS, POLICIES, REPORTS, LICENCES}),
    "coverage": (("coverage", "--live"), {USERS, POLICIES, REPORTS, LICENCES}),
    "people": (("people", "--live"), {USERS, POLICIES, REPORTS, LICENCES}),
    "what-if": (WHAT_IF, {USERS, POLICIES}),
    "sign-ins": (("sign-ins", "read"), {USERS, SIGN_INS}),
    "whoami": (("whoami",), {USERS}),
}
"""Of each command what it cannot do without; the permission of each is taken away by itself."""
NAMED = {"export": {GROUPS, ROLES, GROUP_ELIGIBILITY}, "verify": {GROUPS, ROLES, GROUP_ELIGIBILITY}}
"""Without these the command runs, and says of what it could not read what it would take."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContactLab]:
    """Yield a lab with a run that can go on and be rolled back: its first wave is through."""
    with pytest.MonkeyPatch.context() as patch, contact_lab(tmp_path_factory.mktemp("verbs")) as lab:
        patch.setenv("MFA_MIGRATE_CLIENT_SECRET", "right")
        lab.signs_in(waves=CANARY)
        lab.grant([*READ_SET, *WRITE_STATES])
        lab.go("export")
        lab.go("plan")
        lab.go(*APPLY)
        yield lab


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MFA_MIGRATE_CLIENT_SECRET", "right")
    monkeypatch.setenv("DISPLAY", ":0")


def further(words: Sequence[str]) -> tuple[str, ...]:
    """Return the command; `apply` has to have something left to do."""
    return tuple(word.replace("wave:1", "wave:2") for word in words)


@pytest.mark.parametrize("verb", list(REFUSED))
def test_each_permission_removed_ends_with_4_and_its_name_before_any_write(lab: ContactLab, verb: str) -> None:
    words, needed = REFUSED[verb]
    before = lab.writes()
    for need in needed:
        permission = need.permission  # type: ignore[attr-defined]
        lab.grant({*READ_SET, *WRITE_STATES} - {permission})
        ran = lab.run(*further(words))
        assert ran.code == 4, f"{verb} without {permission}: {ran.said}"
        assert permission in ran.err
        assert lab.writes() == before
    for need in NAMED.get(verb, set()):
        lab.grant({*READ_SET, *WRITE_STATES} - {need.permission})
        assert need.permission in lab.run(*words).said
        assert lab.writes() == before


def test_a_permission_that_one_page_names_besides_is_named_when_the_log_is_refused(lab: ContactLab) -> None:
    lab.grant(READ_SET)
    refused = lab.go("sign-ins", "read", code=4)
    assert "this tenant seems to ask for Directory.Read.All too" in refused.err
    assert "adminconsent?client_id=" in refused.err
    lab.grant([*READ_SET, "Directory.Read.All"])
    lab.go("sign-ins", "read")


def test_hidden_membership_alone_costs_nothing_where_no_policy_names_such_a_group(lab: ContactLab) -> None:
    lab.grant({*READ_SET, *WRITE_STATES} - {HIDDEN.permission})
    lab.go("export")


# --- roles ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def person(lab: ContactLab) -> Iterator[ContactLab]:
    """Yield the same lab with a person who signs in with a browser; the person's roles are taken back at the end."""
    lab.signs_in("browser", waves=CANARY)
    lab.grant([*READ_SET, *WRITE_STATES, "Directory.Read.All"])
    held = list(lab.tenant.roles.assignments)
    yield lab
    lab.tenant.roles.assignments[:] = held
    lab.signs_in(waves=CANARY)


def assign(lab: ContactLab, *roles: DirectoryRole) -> None:
    with lab.web() as client:
        for role in roles:
            client.post("/_sandbox/change", json={"user": ALMA, "assign": role.value}).raise_for_status()


WRITING = ("apply", "set-state", "set-state to enforced")
ANY_ROLE = ("rollback", "status of one", "what-if", "whoami", "sign-ins")
"""What the role that writes states reads as well, or a member without any role."""


@pytest.mark.parametrize("verb", [verb for verb in REFUSED if verb not in ANY_ROLE])
def test_each_role_removed_ends_with_4_and_its_name_before_any_write(person: ContactLab, verb: str) -> None:
    words, before = further(REFUSED[verb][0]), person.writes()
    lacking = [((WRITER,), "Global Reader")]
    lacking += [((READER,), "Authentication Policy Administrator")] if verb in WRITING else []
    for held, named in lacking:
        kept = list(person.tenant.roles.assignments)
        assign(person, *held)
        ran = person.as_person(ALMA, *words)
        assert ran.code == 4, f"{verb} with {held}: {ran.said}"
        assert named in ran.err
        assert person.writes() == before
        person.tenant.roles.assignments[:] = kept


def test_a_rollback_names_the_role_before_it_tries_all_the_same(person: ContactLab) -> None:
    assign(person, READER)
    ran = person.as_person(ALMA, "rollback", "--yes")
    assert ran.code in (1, 4), ran.said
    assert "no role that allows it: Authentication Policy Administrator" in ran.err


def test_with_both_roles_and_exactly_the_documented_permissions_each_verb_succeeds(person: ContactLab) -> None:
    assign(person, READER, WRITER)
    for verb, (words, _) in REFUSED.items():
        if verb not in ("rollback", "sign-ins"):  # the log was read above, by an application
            ran = person.as_person(ALMA, *further(words))
            # One-sided findings of a tenant are an answer, and no refusal.
            assert ran.code in (0, 1), f"{verb}: {ran.said}"
    ran = person.as_person(ALMA, "rollback", "--yes")
    assert ran.code == 0, ran.said
