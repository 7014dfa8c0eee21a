"""Bring files of sign-ins into the working folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from migrate.commands.call import Call
from migrate.commands.sign_in_evidence import checked_sources
from migrate.commands.wiring import now_utc
from migrate.errors import BadInput
from migrate.model.instants import iso_of, iso_utc
from migrate.model.sign_ins import Coordinate, Form, Hole, HoleWhy, SetAside, SignInSource, SourceFormat
from migrate.model.words import counted as told
from migrate.store.folder import Workspace
from migrate.store.sign_ins import SignInBook
from migrate.store.snapshot import open_snapshot

if TYPE_CHECKING:
    from migrate.decide.sign_ins.reduction import Reducer
    from migrate.exchange.sign_in_columns import Counted, SignInColumns
    from migrate.exchange.sign_in_files import SignInFile


def imported(call: Call, workspace: Workspace, book: SignInBook, paths: list[Path], *, reduced: bool) -> int:
    """Read files as one reading and return its number; `reduced` ones are answers to our own query.

    Raises:
        BadInput: One of them cannot be used. Nothing is kept of any.
        UsageProblem: The same window was read before.
    """
    from migrate.decide.sign_ins.reduction import Reducer
    from migrate.decide.sign_ins.sources import refuse_twice
    from migrate.exchange.sign_in_columns import SignInColumns
    from migrate.exchange.sign_in_files import recognised

    with open_snapshot(workspace) as snapshot:
        reducer = Reducer(snapshot.evidence(), snapshot.header.organization.tenant_id)
    if reduced:
        return _reduced(book, paths, reducer)
    files = [recognised(path) for path in paths]
    columns = SignInColumns(reducer, attempt_seconds=call.settings.config.sign_ins.attempt_minutes * 60)
    cut_off = _filled(call, columns, files)
    counted = columns.settle()
    named = tuple(file.path.name for file in files)
    source = _source(files[0].form, named, counted, columns.lost(), cut_off)
    refuse_twice(source, checked_sources(book))
    number = book.begin(source)
    book.add(number, source, counted.kinds, counted.people())
    return number


def _reduced(book: SignInBook, paths: list[Path], reducer: Reducer) -> int:
    from migrate.decide.sign_ins.sources import refuse_twice
    from migrate.exchange.sign_in_columns import lost_in
    from migrate.exchange.sign_in_kql import counted_from, shapes_of
    from migrate.exchange.sign_in_policy_kql import counts_policies, policy_counts_in

    beside = [path for path in paths if counts_policies(path)]
    kinds = [path for path in paths if path not in beside]
    if not kinds:
        raise BadInput(
            f"{', '.join(path.name for path in beside)} counts what policies did and holds no sign-ins of anybody.",
            hint="Bring it in one command with the answer of the other query: mfa-migrate sign-ins import --reduced "
            "KINDS_FILE POLICIES_FILE",
        )
    counted = counted_from(kinds, reducer)
    counts = tuple(one for path in beside for one in policy_counts_in(path))
    lost = lost_in(set(shapes_of(kinds)))
    source = _source(SourceFormat.REDUCED, tuple(path.name for path in paths), counted, lost, [])
    unnamed = any(one.result.casefold() == "unknownfuturevalue" for one in counts)
    source = msgspec.structs.replace(source, policy_counts=counts, unknown_results=source.unknown_results or unnamed)
    refuse_twice(source, checked_sources(book))
    number = book.begin(source)
    book.add(number, source, counted.kinds, counted.people())
    return number


def _filled(call: Call, columns: SignInColumns, files: list[SignInFile]) -> list[str]:
    """Read the files into the columns; return the names of those that the portal may have cut off."""
    from migrate.exchange.sign_in_files import PORTAL_ROWS, read_into
    from migrate.views.sign_ins import timeless_words

    cut_off = []
    for file in files:
        before = columns.rows
        what = f"Reading {file.path.name}"
        rows = read_into(columns, file, advance=lambda number, what=what: call.screen.advance(number, None, what))  # type: ignore[misc]
        call.screen.say(f"{file.path.name}: {file.form.value}, {rows:,} rows")
        if columns.timeless:
            call.screen.warn(timeless_words(file.path.name, columns.timeless, before))
            columns.timeless.clear()
        if rows == PORTAL_ROWS and file.form in (SourceFormat.PORTAL_CSV, SourceFormat.PORTAL_JSON):
            cut_off.append(file.path.name)
    return cut_off


def _source(
    form: SourceFormat, files: tuple[str, ...], counted: Counted, lost: tuple[Coordinate, ...], cut_off: list[str]
) -> SignInSource:
    from migrate.engine.sign_in_reading import has_unknown_results

    forms = tuple(one for one in Form if any(kind.form is one for kind in counted.kinds))
    if counted.first is None or counted.last is None or not forms:
        if unread := counted.set_aside.get(SetAside.UNREADABLE, 0):
            raise BadInput(
                f"Nothing in {', '.join(files)} counts: of {told(counted.rows, 'row')} {unread} without a person, a "
                "time or a code.",
                hint="Export the sign-ins again, with times like 2026-11-26T08:00:00Z.",
            )
        raise BadInput(
            "These files hold no sign-in of a person to this tenant.",
            hint="Check that they come from this tenant: mfa-migrate export names it.",
        )
    since, until = iso_of(counted.first), iso_of(counted.last)
    return SignInSource(
        form=form,
        files=files,
        read_at=iso_utc(now_utc()),
        since=since,
        until=until,
        forms=forms,
        complete=True,
        rows=counted.rows,
        repeated=counted.repeated,
        set_aside=counted.set_aside,
        holes=tuple(
            Hole(form=one, since=since, until=until, why=HoleWhy.CUT_OFF, said=name)
            for name in cut_off
            for one in forms
        ),
        lost=lost,
        unknown_results=has_unknown_results(counted.kinds),
    )
