"""`notify`: write the messages that people should get. It never sends any."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from email.utils import parseaddr
from enum import StrEnum
from itertools import chain, count
from pathlib import Path
from typing import Annotated, assert_never

import typer

from migrate.commands.call import Call, dialect_of
from migrate.commands.completing import offer_waves, offers
from migrate.commands.letters_at_risk import letters_at_risk, mail_address_of
from migrate.commands.options import verb
from migrate.commands.wiring import journal_to_read, workspace_of
from migrate.config import Config, OutputFormat
from migrate.errors import ExitCode, FolderProblem, NothingHere, UsageProblem
from migrate.exchange.tables import Dialect, csv_chunks
from migrate.model.capability import SMS_VOICE_END, MfaCapable
from migrate.model.journal import DONE
from migrate.model.plan import PlanAction, PlanHeader
from migrate.model.policy_scope import SetPolicyScope
from migrate.model.steps import CreatePolicy, SetPolicyState
from migrate.model.users import MfaState
from migrate.named_files import refuse_no_folder
from migrate.settings import TextEncoding
from migrate.store.files import OWNER_ONLY_FOLDER, write_atomically
from migrate.store.folder import Workspace
from migrate.store.plan_files import plan_rows_of, read_plan
from migrate.store.snapshot import Snapshot, open_snapshot
from migrate.views.notices.notice import Facts, Notice, NoticeKind, NoticeWriter, eml_of
from migrate.views.notices.preview import preview_answer
from migrate.views.notices.wave_words import in_language

COLUMNS = ("To", "DisplayName", "Language", "Subject", "Text", "Html")


class MessageFormat(StrEnum):
    """How messages are written."""

    CSV = "csv"
    """One table for mail merge."""
    EML = "eml"
    """One file a message, opened as a draft."""
    TEXT = "text"


@verb
def notify(
    call: Call,
    what: Annotated[
        NoticeKind,
        typer.Argument(
            metavar="WHAT",
            help="before-wave, after-enabling, help-desk, security-team, sms-voice-only, legacy or not-mfa-capable.",
        ),
    ],
    wave: Annotated[
        str | None,
        typer.Option("--wave", metavar="N|NAME", autocompletion=offer_waves, help="Only the users of this wave."),
    ] = None,
    language: Annotated[
        str,
        typer.Option(
            "--language",
            metavar="CODE",
            autocompletion=offers(("en", "de", "fr", "es")),
            help="en, de, fr or es, or one of your own.",
        ),
    ] = "en",
    form: Annotated[
        MessageFormat | None,
        typer.Option("--format", help="csv for mail merge, eml drafts, or text. [default: csv for users, else text]"),
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="PATH", help="File to write, or the folder for eml.")
    ] = None,
    sender: Annotated[str | None, typer.Option("--from", metavar="ADDRESS", help="Sender of eml drafts.")] = None,
    support: Annotated[
        str, typer.Option("--support", metavar="TEXT", help="Whom to contact: an address, a number, a name.")
    ] = "",
    templates: Annotated[
        Path | None, typer.Option("--templates", metavar="DIR", help="Your own templates; looked at first.")
    ] = None,
) -> ExitCode:
    """Write the messages that people should get. Nothing is sent.

    before-wave tells the users of the plan what is coming, after-enabling tells users who were enabled or enforced
    that they have to register, help-desk is a sheet for the people on the phone, security-team says what the
    directory audit will show. sms-voice-only, legacy and not-mfa-capable go to the people of the lists that
    `mfa-migrate people` shows, one letter to each. Mail addresses are the user principal names. On a terminal and
    without --to it shows one message and says how many there are.

    \b
    Examples:
        mfa-migrate notify before-wave --wave 1 --to wave1.csv
        mfa-migrate notify after-enabling --format eml --to drafts --from it@contoso.example
        mfa-migrate notify help-desk --language de
        mfa-migrate notify sms-voice-only --to sms.csv
    """
    dialect = dialect_of(call.settings, TextEncoding.UTF8_BOM)
    if wave is not None and what is not NoticeKind.BEFORE_WAVE:
        raise UsageProblem("--wave goes with before-wave only.", hint="mfa-migrate notify before-wave --wave N")
    form = form or _usual_format(what, call.settings.output)
    if form is MessageFormat.EML and to is None:
        raise UsageProblem("eml drafts need a folder.", hint="Add --to DIR.")
    if sender is not None and form is not MessageFormat.EML:
        raise UsageProblem("--from goes with --format eml only.", hint="Add --format eml --to DIR.")
    if sender is not None and "@" not in parseaddr(sender)[1]:
        raise UsageProblem(f"{sender!r} is no mail address.", hint="Such as --from it@contoso.example")
    if templates is not None:
        refuse_no_folder(templates, hint="It is the folder with your own templates.")
    writer = NoticeWriter(what, language, templates)
    workspace = workspace_of(call)
    with open_snapshot(workspace) as snapshot:
        notices = _notices(what, writer, workspace, snapshot, wave, support, call.settings.config)
        if to is None and call.screen.stdout.isatty() and (what.is_for_users or form is MessageFormat.CSV):
            return _previewed(call, notices, what, form)
        written = _written(call, notices, form, to, sender, dialect)
    if written == 0:
        raise NothingHere("There is nobody to write to.", hint=_where_people_come_from(what))
    call.screen.say(f"{written} {'message' if written == 1 else 'messages'} written; nothing was sent")
    return ExitCode.OK


def _previewed(call: Call, notices: Iterator[Notice], what: NoticeKind, form: MessageFormat) -> ExitCode:
    """Show one message, as text, and say how many there are: nobody reads thousands of them on a terminal."""
    first = next(notices, None)
    if first is None:
        raise NothingHere("There is nobody to write to.", hint=_where_people_come_from(what))
    call.screen.show(preview_answer(first, 1 + sum(1 for _ in notices)))
    call.screen.say(f"Nothing was written yet. Add --to FILE for all of them as {form}, or --format eml --to DIR.")
    return ExitCode.OK


def _usual_format(what: NoticeKind, output: OutputFormat) -> MessageFormat:
    """Return the format of messages where --format names none."""
    if output in (OutputFormat.JSON, OutputFormat.NDJSON):
        raise UsageProblem(f"Messages are not written as {output.value}.", hint="See --format: csv, eml or text.")
    return MessageFormat.CSV if what.is_for_users or output is OutputFormat.CSV else MessageFormat.TEXT


def _notices(
    what: NoticeKind,
    writer: NoticeWriter,
    workspace: Workspace,
    snapshot: Snapshot,
    wave: str | None,
    support: str,
    config: Config,
) -> Iterator[Notice]:
    facts: dict[str, object] = {
        "tenant_name": snapshot.header.organization.display_name,
        "tenant_id": snapshot.header.organization.tenant_id,
        "support": support,
    }
    match what:
        case NoticeKind.BEFORE_WAVE:
            yield from _to_users(writer, facts, snapshot, _users_of_plan(workspace, wave))
        case NoticeKind.AFTER_ENABLING:
            yield from _to_users(writer, facts, snapshot, _users_enabled(workspace))
        case NoticeKind.SMS_VOICE_ONLY | NoticeKind.LEGACY | NoticeKind.NOT_MFA_CAPABLE:
            yield from letters_at_risk(what, writer, facts, workspace, snapshot, config)
        case NoticeKind.HELP_DESK | NoticeKind.SECURITY_TEAM:
            plan, _ = read_plan(workspace)
            yield writer.notice("", "", {**facts, **_facts_of(plan, workspace, writer.language)})


def _to_users(
    writer: NoticeWriter, facts: Facts, snapshot: Snapshot, users: Iterator[tuple[str, str]]
) -> Iterator[Notice]:
    from migrate.decide.capability import capabilities_today

    capabilities = capabilities_today(snapshot.evidence())
    for user_id, name in users:
        user = snapshot.user(user_id)
        display_name = user.profile.display_name if user is not None else None
        registration = user.registration if user is not None else None
        registered = registration is not None and registration.is_mfa_registered
        found = capabilities.of(user.profile, registration) if user is not None else None
        passes_at_home = found is not None and found.value is MfaCapable.PASSES_AT_HOME
        about: Facts = {
            # Whoever passes by MFA at home has nothing to register here.
            "registered": registered or passes_at_home,
            "not_capable": found is not None and found.value is MfaCapable.NOT_CAPABLE,
            "sms_voice_end": SMS_VOICE_END if found is not None and found.sms_voice_only else "",
        }
        yield writer.notice(mail_address_of(name), display_name or "", {**facts, **about})


def _users_of_plan(workspace: Workspace, wave: str | None) -> Iterator[tuple[str, str]]:
    from migrate.decide.naming import wave_number

    plan, rows = read_plan(workspace)
    only = None if wave is None else wave_number(plan.waves, wave)
    for row in plan_rows_of(rows):
        if row.action is PlanAction.DISABLE and only in (None, row.wave):
            yield row.user_id, row.user_principal_name


def _users_enabled(workspace: Workspace) -> Iterator[tuple[str, str]]:
    """Yield whom the journal shows as enabled or enforced by the latest change."""
    from migrate.engine.history import latest_entries

    journal = journal_to_read(workspace)
    if journal is None:
        return
    with journal:
        entries = latest_entries(journal)
    for entry in entries.values():
        done = entry.outcome in DONE
        if done and entry.requested in (MfaState.ENABLED, MfaState.ENFORCED):
            yield entry.object_id, entry.user_principal_name


def _facts_of(plan: PlanHeader, workspace: Workspace, language: str) -> Facts:
    steps = plan.policy_steps
    invented = "ada@contoso.example"
    example = next((name for _, name in _users_of_plan(workspace, None)), invented)
    rows = plan_rows_of(read_plan(workspace)[1])
    return {
        "users": plan.users_to_change,
        "waves": in_language(plan.waves, language),
        "policies": sorted(
            {s.display_name for s in steps if isinstance(s, CreatePolicy | SetPolicyState | SetPolicyScope)}
        ),
        "held": plan.users_held_back,
        "plan_digest": plan.digest,
        "example": example,
        "held_example": next((row.user_principal_name for row in rows if row.action is PlanAction.HOLD), invented),
    }


def _written(
    call: Call, notices: Iterator[Notice], form: MessageFormat, to: Path | None, sender: str | None, dialect: Dialect
) -> int:
    """Write the messages as they are made and return how many there were; write nothing where there are none."""
    first = next(notices, None)
    if first is None:
        return 0
    numbers = count()
    counted = (notice for notice, _ in zip(chain([first], notices), numbers, strict=False))
    match form:
        case MessageFormat.EML:
            assert to is not None, "checked when the options were read"
            _write_drafts(to, counted, sender)
            return next(numbers)
        case MessageFormat.CSV:
            chunks = csv_chunks(COLUMNS, map(_cells, counted), dialect)
        case MessageFormat.TEXT:
            chunks = (f"{notice.subject}\n\n{notice.text}\n".encode() for notice in counted)
        case _:
            assert_never(form)
    if to is not None:
        write_atomically(to, chunks)
    else:
        call.screen.write_bytes(chunks)
    return next(numbers)


def _write_drafts(folder: Path, notices: Iterable[Notice], sender: str | None) -> None:
    try:
        folder.mkdir(mode=OWNER_ONLY_FOLDER, parents=True, exist_ok=True)
    except OSError as problem:
        raise FolderProblem(
            f"The folder {folder} cannot be made: {problem.strerror}.", hint="Choose another --to."
        ) from (problem)
    used: set[str] = set()
    for notice in notices:
        stem = re.sub(r"[^\w.@+-]", "_", notice.to or "notice")
        name, number = stem, 1
        while name.casefold() in used:
            number += 1
            name = f"{stem}-{number}"
        used.add(name.casefold())
        write_atomically(folder / f"{name}.eml", [eml_of(notice, sender)])


def _cells(notice: Notice) -> tuple[str, ...]:
    return (notice.to, notice.display_name, notice.language, notice.subject, notice.text, notice.html)


def _where_people_come_from(what: NoticeKind) -> str:
    if what.is_for_people_at_risk:
        return "`mfa-migrate people` shows the lists; legacy clients are known after `mfa-migrate sign-ins read`."
    if what is NoticeKind.AFTER_ENABLING:
        return "The journal shows nobody whom `mfa-migrate set-state` or `rollback` enabled or enforced."
    return "The plan switches nobody off; see `mfa-migrate show`."
