"""The table of permissions: what it says of itself, and whether Microsoft's own list says the same."""

from __future__ import annotations

import json
import re
from pathlib import Path

from migrate.model.permissions import HIDDEN, READ_SET, TABLE, DirectoryRole, Need, Use, needs_of
from migrate.sandbox.roles import BUILT_IN


def test_eight_permissions_read_everything_and_none_of_them_writes() -> None:
    assert len(READ_SET) == 8
    assert not [name for name in READ_SET if "Write" in name]
    assert "Organization.Read.All" not in READ_SET


def test_no_row_is_about_the_methods_of_people() -> None:
    every = [name for need in TABLE for name in (need.permission, *need.together, *need.instead)]
    assert not [name for name in every if name.startswith("UserAuthenticationMethod")]


def test_a_row_is_met_by_the_least_permission_or_a_wider_one_with_what_stands_beside_it() -> None:
    for need in TABLE:
        beside = frozenset(need.together)
        assert not need.is_met(frozenset())
        for name in (need.permission, *need.instead):
            assert need.is_met(frozenset({name}) | beside)
        assert not beside or not need.is_met(frozenset({need.permission}))


def test_each_verb_that_writes_needs_a_writing_row_and_reading_verbs_none() -> None:
    for verb in ("apply", "rollback", "set-state"):
        assert any(need.use is Use.WRITE_STATES for need in needs_of(verb, states=True))
        assert not any(need.is_write for need in needs_of(verb))
    for verb in ("export", "verify", "whoami", "doctor"):
        assert not any(need.is_write for need in needs_of(verb, states=True, policies=True))


def test_role_names_are_microsofts() -> None:
    for role in DirectoryRole:
        assert BUILT_IN.get(role.value, role.label) == role.label


def test_the_table_agrees_with_microsofts_list_of_permissions(shared: Path) -> None:
    endpoints = json.loads((shared / "graph" / "permissions.json").read_text(encoding="utf-8"))["endpoints"]
    known = {key.casefold(): value for key, value in endpoints.items()}
    compared = 0
    for need in TABLE:
        for path in need.paths:
            listed = known.get(f"{need.method} {path}".casefold())
            if listed is None:
                assert _is_known_gap(need, path), f"{need.method} {path} is not in the list"
                continue
            for kind in ("DelegatedWork", "Application"):
                assert need.permission in listed[kind]["any"], f"{need.method} {path} ({kind})"
                wider = set(need.instead) - set(listed[kind]["any"])
                # A wider permission of one row may do for one of its calls and not for another that needs less.
                assert len(wider) < max(1, len(need.instead)), f"{need.method} {path}: {wider}"
                compared += 1
    assert compared >= 30


def _is_known_gap(need: Need, path: str) -> bool:
    """Return whether the list is known to lack a call: beta, PIM for Groups, owners, audits, federations.

    What the last three take stands on the pages "List group owners", "List directoryAudits" and "List
    internalDomainFederations".
    """
    lacking = (
        r"privilegedAccess/group|recovery/snapshots|/owners$|directoryAudits$|/federationConfiguration$|"
        r"conditionalAccess/(plans|settings)"
    )
    return bool(re.search(lacking, path)) or need is HIDDEN
