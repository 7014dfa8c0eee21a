"""Letters to the people of the lists that `people` shows: one to each, whichever of its lists they stand in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from migrate.commands.risk_lists import at_risk, risk_lists_of
from migrate.commands.wiring import now_utc
from migrate.config import Config
from migrate.model.capability import SMS_VOICE_END
from migrate.model.people import PersonAtRisk, RiskList
from migrate.store.folder import Workspace
from migrate.store.snapshot import Snapshot
from migrate.views.notices.notice import Facts, Notice, NoticeKind, NoticeWriter


def letters_at_risk(
    what: NoticeKind, writer: NoticeWriter, facts: Facts, workspace: Workspace, snapshot: Snapshot, config: Config
) -> Iterator[Notice]:
    """Yield one letter to each person of the lists that a letter is for."""
    from migrate.views.people import days_left

    before: PersonAtRisk | None = None
    clients: list[str] = []
    common = {**facts, "sms_voice_end": SMS_VOICE_END, "days_left": days_left(now_utc().date())}
    for one in at_risk(snapshot, risk_lists_of(workspace, snapshot, config), _lists_of(what)):
        if before is not None and before.user_id != one.user_id:
            yield _letter(before, clients, writer, common)
            clients = []
        clients += [used.client for used in one.used if used.client not in clients]
        before = one
    if before is not None:
        yield _letter(before, clients, writer, common)


def _letter(person: PersonAtRisk, clients: list[str], writer: NoticeWriter, common: Facts) -> Notice:
    about: Facts = {
        "clients": clients,
        "guest": person.is_guest,
        "not_capable": person.list is RiskList.NOT_MFA_CAPABLE,
    }
    to = mail_address_of(person.user_principal_name)
    return writer.notice(to, person.display_name or "", {**common, **about})


def _lists_of(what: NoticeKind) -> list[RiskList]:
    match what:
        case NoticeKind.SMS_VOICE_ONLY:
            return [RiskList.SMS_VOICE_ONLY, RiskList.GUESTS_SMS_VOICE_ONLY]
        case NoticeKind.LEGACY:
            return [RiskList.LEGACY_CLIENTS, RiskList.SMTP_AUTH, RiskList.APP_PASSWORDS]
        case NoticeKind.NOT_MFA_CAPABLE:
            return [RiskList.NOT_MFA_CAPABLE, RiskList.MUST_REGISTER]
        case NoticeKind.BEFORE_WAVE | NoticeKind.AFTER_ENABLING | NoticeKind.HELP_DESK | NoticeKind.SECURITY_TEAM:
            return []
        case _:
            assert_never(what)


def mail_address_of(user_principal_name: str) -> str:
    """Return the mail address behind a user principal name: a guest's stands before #EXT#, `_` for the last @."""
    home, marker, _ = user_principal_name.partition("#EXT#")
    local, underscore, domain = home.rpartition("_")
    return f"{local}@{domain}" if marker and underscore else user_principal_name
