"""Names that are no ordinary path segments are asked for so that Graph takes them for names."""

from __future__ import annotations

import pytest

from migrate.graph.tenant import GraphTenant
from migrate.model.reasons import Reason
from migrate.model.users import UserProfile
from migrate.sandbox.company import company
from migrate.sandbox.server import SandboxServer
from migrate.sandbox.settings import SandboxSettings
from tests.unit.graph.test_against_sandbox import use


@pytest.mark.parametrize("name", ["$ales@contoso.example", "$o'neil@contoso.example", "d.o'neil#x@contoso.example"])
def test_a_user_of_any_name_is_found_by_name(name: str) -> None:
    tenant = company(3, 30)
    tenant.people.amend(4, {"userPrincipalName": name})
    found: list[UserProfile | Reason] = []

    async def work(graph: GraphTenant) -> None:
        found.extend((await graph.read_profiles([name])).values())

    with SandboxServer(tenant, settings=SandboxSettings(throttle=False)) as sandbox:
        use(sandbox, work)
    (profile,) = found
    assert isinstance(profile, UserProfile)
    assert profile.user_principal_name == name
