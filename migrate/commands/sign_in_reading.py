"""Read the sign-in log from Graph into the working folder, and say how it goes on."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import structs

from migrate.commands.call import Call
from migrate.commands.sign_in_evidence import checked_sources
from migrate.commands.wiring import open_tenant
from migrate.errors import PermissionMissing
from migrate.model.instants import iso_utc
from migrate.store.folder import Workspace
from migrate.store.sign_ins import SignInBook
from migrate.store.snapshot import open_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrate.engine.sign_in_reading import Standing
    from migrate.model.sign_ins import SignInSource

TOLD_EVERY = 15.0
"""Seconds between two sentences on how a reading goes on."""


@dataclass(frozen=True, kw_only=True)
class AskedWindow:
    """What was typed about the window."""

    days: int | None
    since: str | None
    until: str | None


def _begun(call: Call, book: SignInBook, asked: AskedWindow, now: datetime) -> int:
    """Return the number of the reading that goes on, or of a new one."""
    from migrate.decide.sign_ins.sources import after_earlier, begun_before, window_for
    from migrate.model.sign_ins import Form, SignInSource, SourceFormat

    sources = checked_sources(book)
    window = window_for(days=asked.days, since=asked.since, until=asked.until, now=now)
    before = begun_before(sources)
    if before is not None:
        call.screen.say(f"Going on with reading {before}, {sources[before].since} to {sources[before].until}.")
        return before
    window = after_earlier(window, Form, sources)
    return book.begin(
        SignInSource(
            form=SourceFormat.GRAPH,
            files=(),
            read_at=iso_utc(now),
            since=iso_utc(window.since),
            until=iso_utc(window.until),
            forms=tuple(Form),
            complete=False,
        )
    )


async def read(call: Call, workspace: Workspace, book: SignInBook, asked: AskedWindow, most_rows: int) -> int:
    """Read what is missing of a window, and return the number of the reading.

    Raises:
        RemoteProblem: Graph does not give it. For want of a licence or a permission that is kept, too.
    """
    from migrate.commands.exported_tenant import refuse_other_tenant
    from migrate.decide.sign_ins.reduction import Reducer
    from migrate.engine.sign_in_reading import LogReading
    from migrate.exchange.sign_in_columns import SignInColumns, digest
    from migrate.graph.refusals import LicenceRefused
    from migrate.model.sign_ins import Refusal

    attempt = call.settings.config.sign_ins.attempt_minutes * 60
    async with open_tenant(call) as tenant:
        with open_snapshot(workspace) as snapshot:
            await refuse_other_tenant(tenant, snapshot)
            reducer = Reducer(snapshot.evidence(), snapshot.header.organization.tenant_id)
        number = _begun(call, book, asked, tenant.server_now())
        source = book.sources()[number]
        reading = LogReading(
            tenant,
            lambda: SignInColumns(reducer, hashed=digest, attempt_seconds=attempt),
            book,
            number,
            source,
            most_rows=most_rows,
            tell=_teller(call, source),
        )
        try:
            await reading.run()
        except (LicenceRefused, PermissionMissing) as problem:
            refused = Refusal.LICENCE if isinstance(problem, LicenceRefused) else Refusal.PERMISSION
            book.add(number, structs.replace(book.sources()[number], refused=refused), (), ())
            raise
    return number


def _teller(call: Call, source: SignInSource) -> Callable[[Standing], None]:
    """Return what says how a reading goes on: a line on a terminal, a sentence now and then elsewhere."""
    from migrate.engine.sign_in_reading import standing_of
    from migrate.views.sign_ins import standing_words

    began = told = time.monotonic()
    before = standing_of(source).hours

    def tell(standing: Standing) -> None:
        nonlocal told
        call.screen.advance(standing.hours, standing.of_hours, "Reading the sign-in log (hours)")
        now = time.monotonic()
        if now - told >= TOLD_EVERY or standing.hours >= standing.of_hours:
            told = now
            call.screen.say(
                standing_words(standing.rows, standing.hours, standing.of_hours, now - began, hours_before=before)
            )

    return tell
