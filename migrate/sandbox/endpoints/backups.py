"""Snapshots of Entra Backup and Recovery: one a day, kept for five days, unless a tenant file says otherwise."""

from base64 import b64encode
from typing import TYPE_CHECKING

from migrate.sandbox.messages import Answer, Call, GraphError, Json, words
from migrate.sandbox.odata.paging import Collection, listing
from migrate.sandbox.routing import Route, needs

if TYPE_CHECKING:
    from migrate.sandbox.service import Sandbox

_PATH = "directory/recovery/snapshots"
_SNAPSHOTS = Collection(
    context=_PATH,
    type_name="entraRecoveryServices.snapshot",
    known=words("createdDateTime id totalChangedObjects"),
)
_KEPT_DAYS = 5
_DAY = 86_400
_MADE_AT = 2.5 * 3600
"""Seconds after midnight. When Microsoft makes them is not documented; its example has one at half past two."""


def list_snapshots(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /directory/recovery/snapshots."""
    if not sandbox.tenant.has_premium():
        raise GraphError(403, "Forbidden", "The tenant has no licence of Microsoft Entra ID P1 or P2.")
    given = sandbox.tenant.backups
    return listing(call, _SNAPSHOTS, _daily(sandbox) if given is None else given, lambda each: each)


def _daily(sandbox: "Sandbox") -> list[Json]:
    now = sandbox.clock.now()
    latest = now - (now - _MADE_AT) % _DAY
    made = [sandbox.clock.iso(latest - day * _DAY) for day in reversed(range(_KEPT_DAYS))]
    # An id is its moment, encoded, in Microsoft's example.
    return [
        {"id": b64encode(moment.encode()).decode(), "createdDateTime": moment, "totalChangedObjects": 0}
        for moment in made
    ]


def routes() -> tuple[Route, ...]:
    """Return the calls of this file."""
    return (
        Route(
            method="GET",
            path=_PATH,
            answer=list_snapshots,
            needs=needs("EntraBackup.Read.All"),
            shape={"id": "string", "createdDateTime": "string"},
            summary="the backups of the directory that Microsoft keeps",
        ),
    )
