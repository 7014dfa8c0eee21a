"""The directory audit log over Graph, for the windows in which this program wrote.

Source: Graph reference "List directoryAudits"; `activityDateTime` takes `ge` and `le`, newest first, 1,000 on a page.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from urllib.parse import quote

import msgspec

from migrate.graph.channel import Call, Channel
from migrate.graph.in_part import decoded_in_part
from migrate.graph.pace import Bucket
from migrate.graph.pages import pages
from migrate.model.directory_audit import AuditEvent, AuditTarget
from migrate.model.instants import iso_utc, moment_of
from migrate.model.permissions import AUDITS

_PAGE = 1000


class _Party(msgspec.Struct, frozen=True, rename="camel"):
    """A user or an application; either has some of the names."""

    id: str | None = None
    user_principal_name: str | None = None
    display_name: str | None = None
    app_id: str | None = None
    service_principal_id: str | None = None
    service_principal_name: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Return all of them, the best to be shown first."""
        told = (
            self.user_principal_name,
            self.display_name,
            self.service_principal_name,
            self.app_id,
            self.id,
            self.service_principal_id,
        )
        return tuple(name for name in told if name)


class _Initiator(msgspec.Struct, frozen=True):
    user: _Party | None = None
    app: _Party | None = None


class _Target(msgspec.Struct, frozen=True, rename="camel"):
    id: str | None = None
    display_name: str | None = None
    user_principal_name: str | None = None


class _Event(msgspec.Struct, frozen=True, rename="camel"):
    activity_date_time: str
    activity_display_name: str = ""
    initiated_by: _Initiator | None = None
    target_resources: tuple[_Target, ...] = ()


def _decoded(raw: msgspec.Raw) -> _Event:
    """Return an event; one that is null or lacks its time has none, and is left out as every undated one."""
    return decoded_in_part(raw, _Event, {"activityDateTime": ""})[0]


async def directory_audits(channel: Channel, since: datetime, until: datetime) -> AsyncIterator[list[AuditEvent]]:
    """Yield the pages of one window of the log, both ends in it, newest first. Raises as `pages`."""
    wanted = f"activityDateTime ge {iso_utc(since)} and activityDateTime le {iso_utc(until)}"
    call = Call(
        path=f"/v1.0/auditLogs/directoryAudits?$filter={quote(wanted, safe='')}&$top={_PAGE}",
        bucket=Bucket.REPORTS,
        cost=1,
        doing=f"reading directory audit events of {iso_utc(since)}",
        needs=AUDITS,
    )
    async for page in pages(channel, call, _decoded):
        yield [event for one in page if (event := _event(one)) is not None]


def _event(one: _Event) -> AuditEvent | None:
    moment = moment_of(one.activity_date_time)
    if moment is None:
        return None
    who = one.initiated_by
    party = None if who is None else who.user or who.app
    names = () if party is None else party.names
    return AuditEvent(
        at=int(moment.timestamp()),
        activity=one.activity_display_name,
        initiator=names[0] if names else "",
        initiator_names=tuple(name.lower() for name in names),
        targets=tuple(
            AuditTarget(id=target.id.lower(), name=target.user_principal_name or target.display_name or target.id)
            for target in one.target_resources
            if target.id
        ),
    )
