"""`people`: who will struggle, by what evidence, and what to do about it."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from migrate.commands.call import Call
from migrate.commands.completing import offer_risk_lists
from migrate.commands.live import tenant_as_now
from migrate.commands.options import verb
from migrate.commands.people import named_user
from migrate.commands.sign_in_evidence import checked_sources
from migrate.commands.wiring import now_utc, workspace_of
from migrate.config import Config
from migrate.errors import ExitCode, NothingHere, UsageProblem
from migrate.model.now import Now
from migrate.model.people import PersonAtRisk, RiskList
from migrate.store.folder import Workspace
from migrate.store.sign_ins import SignInBook
from migrate.store.snapshot import Snapshot

if TYPE_CHECKING:
    from migrate.decide.people.lists import PeopleSeen, RiskLists


@verb
def people(
    call: Call,
    which: Annotated[
        str | None,
        typer.Argument(
            metavar="LIST",
            autocompletion=offer_risk_lists,
            help="One list, whole, such as sms-voice-only or legacy-clients.",
        ),
    ] = None,
    why: Annotated[
        str | None, typer.Option("--why", metavar="USER", help="Every list of one person, with the evidence.")
    ] = None,
    live: Annotated[
        bool, typer.Option("--live", help="Read the whole tenant now, for this answer; keeps nothing of it.")
    ] = False,
) -> ExitCode:
    """List the people who will struggle: who, by what evidence, what will happen, what to do, which letter.

    From the last export and from what was read of the sign-in log (`mfa-migrate sign-ins read`); with --live from the
    tenant as it is now, and from what was read of the log before. SMS and voice only,
    not MFA capable, must register first, legacy clients, SMTP AUTH, app passwords, ROPC, device code, accounts that
    look like a service, rooms and shared mailboxes. Somebody whom the log does not show was not seen; that never means
    safe.

    \b
    Examples:
        mfa-migrate people
        mfa-migrate people sms-voice-only
        mfa-migrate people --why ada@contoso.example
        mfa-migrate people --live
        mfa-migrate people -o csv > people.csv
    """
    from migrate.views.people import people_answer, why_answer

    lists = [_named(which)] if which is not None else list(RiskList)
    workspace, today = workspace_of(call), now_utc().date()
    from migrate.decide.as_now import user_as_now

    with tenant_as_now(call, workspace, live=live) as (snapshot, now):
        seen = people_seen(workspace, even_without_export=live)
        if why is not None:
            user = user_as_now(named_user(call, why, snapshot, otherwise="Check the spelling."), now)
            found = list(_risk_lists(snapshot, seen, call.settings.config).of(user))
            name, known = user.profile.user_principal_name, bool(seen.sources)
            call.answer(why_answer(name, found, known, today=today, moment=now.moment))
            return ExitCode.OK
        teller = _risk_lists(snapshot, seen, call.settings.config)
        counts = Counter(one.list for one in at_risk(snapshot, teller, lists, now))
        call.answer(
            people_answer(
                [teller.standing_of(one, counts[one]) for one in lists],
                lambda: at_risk(snapshot, teller, lists, now),
                seen.sources,
                today=today,
                moment=now.moment,
                whole=which is not None,
            )
        )
    return ExitCode.OK


def at_risk(
    snapshot: Snapshot, teller: RiskLists, lists: list[RiskList], now: Now | None = None
) -> Iterator[PersonAtRisk]:
    """Yield the people of these lists, ordered by their ids; with `now` as they are since what this tool did."""
    from migrate.decide.as_now import users_as_now

    for user in snapshot.users() if now is None else users_as_now(snapshot.users(), now):
        for one in teller.of(user):
            if one.list in lists:
                yield one


def people_seen(workspace: Workspace, *, even_without_export: bool = False) -> PeopleSeen:
    """Return what was read of the sign-in log, by person; nothing, if that is allowed, in a folder without an export.

    Raises:
        NothingHere: The folder holds no export.
        FolderDamaged: It is not what was written.
    """
    from migrate.decide.people.lists import PeopleSeen

    try:
        opened = SignInBook(workspace)
    except NothingHere:
        if not even_without_export:
            raise
        return PeopleSeen.gathered((), ())
    with opened as book:
        sources = checked_sources(book)
        return PeopleSeen.gathered(sources.values(), (one for number in sources for one in book.people(number)))


def risk_lists_of(workspace: Workspace, snapshot: Snapshot, config: Config) -> RiskLists:
    """Return what tells who belongs to which list. Raises as `people_seen`."""
    return _risk_lists(snapshot, people_seen(workspace), config)


def _risk_lists(snapshot: Snapshot, seen: PeopleSeen, config: Config) -> RiskLists:
    from migrate.decide.capability import capabilities_today
    from migrate.decide.people.lists import RiskLists

    return RiskLists(capabilities_today(snapshot.evidence()), seen, config.sign_ins.service_accounts.limits)


def _named(text: str) -> RiskList:
    from migrate.views.people import slug_of

    known = {slug_of(one): one for one in RiskList}
    found = known.get(text.casefold())
    if found is None:
        near = difflib.get_close_matches(text.casefold(), known, n=1)
        raise UsageProblem(
            f"There is no list {text!r}.",
            hint=f"Did you mean {near[0]}?"
            if near
            else f"There are: {', '.join(known)}. For one person: `mfa-migrate people --why USER`.",
        )
    return found
