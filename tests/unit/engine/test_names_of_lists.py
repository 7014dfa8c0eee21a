"""Whom a request of a list names, where a table has put an apostrophe before the name, or has not."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from migrate.engine.state_requests import resolve
from migrate.exchange.claims import claims_of
from migrate.exchange.sheets import Sheet
from migrate.exchange.state_requests import requests_of
from migrate.model.reasons import Why, reason_of
from migrate.model.set_state import RefusedRequest, ResolvedRequest
from tests.unit.engine.world import World

PLAIN, QUOTED = "-ada@contoso.example", "'-ada@contoso.example"


def answered(form: str, written: str, *there: str, with_id: bool = False) -> str:
    """Return the name of whom a row is found to mean, or the refusal's code, in a tenant where `there` are."""
    tenant = World().tenant
    first = next(iter(tenant.profiles.values()))
    people = [msgspec.structs.replace(first, user_principal_name=name) for name in there]
    profiles = {person.user_principal_name: person for person in people} | {first.id: people[0] if people else first}

    async def read_profiles(keys):  # type: ignore[no-untyped-def]
        return {key: profiles.get(key, reason_of(Why.NO_SUCH_USER)) for key in keys}

    tenant.read_profiles = read_profiles  # type: ignore[method-assign]
    row = {"ObjectId": first.id if with_id else "", "UserPrincipalName": written, "PerUserMfaState": "enforced"}
    sheet = Sheet(name="a list", format=form, columns=tuple(row), rows=[(2, dict(row))])
    requests, _ = requests_of(claims_of(sheet, state_column=None, trust_disabled=False))
    (answer,) = asyncio.run(resolve(tenant, requests))
    if isinstance(answer, ResolvedRequest):
        return answer.profile.user_principal_name
    assert isinstance(answer, RefusedRequest)
    return answer.code.value


@pytest.mark.parametrize("with_id", [True, False])
@pytest.mark.parametrize(
    ("form", "written", "there"),
    [
        ("csv", PLAIN, PLAIN),
        # Import-Csv hands the apostrophe on.
        ("ndjson", QUOTED, PLAIN),
        ("ndjson", QUOTED, QUOTED),
        ("ndjson", PLAIN, PLAIN),
        # A table of somebody else, whose apostrophe is the name's own and was taken off.
        ("csv", PLAIN, QUOTED),
    ],
)
def test_a_name_is_found_whether_the_apostrophe_is_the_tables_or_its_own(
    form: str, written: str, there: str, with_id: bool
) -> None:
    assert answered(form, written, there, with_id=with_id) == there


def test_where_both_names_are_somebodys_nobody_is_chosen() -> None:
    assert answered("ndjson", QUOTED, PLAIN, QUOTED) == "Ambiguous"


def test_another_name_beside_the_id_is_still_a_mismatch() -> None:
    assert answered("ndjson", "'-eva@contoso.example", PLAIN, with_id=True) == "IdentityMismatch"
    assert answered("ndjson", "'ada@contoso.example", "ada@contoso.example") == "NotFound"
