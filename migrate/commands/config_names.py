"""Names in the configuration: what they are looked up in, and the question to the tenant whether they still mean it."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from migrate.commands.call import Call
from migrate.model.plan import PlanHeader
from migrate.store.snapshot import Snapshot

if TYPE_CHECKING:
    from migrate.decide.config_names import Names
    from migrate.graph.tenant import GraphTenant


def names_in(snapshot: Snapshot) -> Names:
    """Return what resolves the names of a configuration against an export."""
    from migrate.decide.config_names import Names
    from migrate.exchange.invisible import invisible_in

    return Names(snapshot.evidence(), snapshot.header.group_names, snapshot.user, snapshot.users, invisible_in)


async def refuse_other_meanings(call: Call, tenant: GraphTenant, plan: PlanHeader) -> None:
    """Raise StalePlan where a name of the plan's configuration means another object in the tenant than it did.

    A name that nobody bears any more is told: the plan goes by the id.
    """
    from migrate.decide.config_names import refuse_moved

    if not plan.names or (await tenant.read_organization()).tenant_id != plan.tenant_id:
        return  # in another tenant every name means something else, and that is what is told there
    for kind, some in groupby(sorted(plan.names, key=lambda one: one.kind), key=lambda one: one.kind):
        named = list(some)
        ids = await tenant.find_called(kind, [one.name for one in named])
        refuse_moved(named, {name: frozenset(found) for name, found in ids.items()})
        for one in named:
            if not ids[one.name]:
                call.screen.warn(
                    f"{one.key}: no {one.kind} is called {one.name!r} any more; the plan goes by the id {one.id}"
                )
