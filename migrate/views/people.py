"""What `people` shows: lists of people at risk with evidence, what will happen, what to do next, and which letter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from migrate.model.capability import SMS_VOICE_END, CapableWhy
from migrate.model.instants import iso_of, minute_utc
from migrate.model.now import Moment
from migrate.model.people import Certainty, ListStanding, PersonAtRisk, RiskList
from migrate.model.sign_ins import Coordinate, SignInSource
from migrate.model.words import counted
from migrate.views.moments import said_moment
from migrate.views.screen import Answer
from migrate.views.sign_ins import missing_words, source_words
from migrate.views.tables import table

COLUMNS = (
    "List",
    "ObjectId",
    "UserPrincipalName",
    "DisplayName",
    "IsGuest",
    "Certainty",
    "Evidence",
    "Client",
    "Application",
    "Attempts",
    "LastUsed",
    "LastSeen",
    "WhatWillHappen",
    "NextStep",
    "Letter",
)
MOST_SHOWN = 20
"""So many people of a list are shown where all lists are; whoever names a list gets all of it."""

TITLES = {
    RiskList.SMS_VOICE_ONLY: "SMS or voice only",
    RiskList.GUESTS_SMS_VOICE_ONLY: "Guests with SMS or voice only",
    RiskList.NOT_MFA_CAPABLE: "Not MFA capable",
    RiskList.MUST_REGISTER: "Must register first",
    RiskList.LEGACY_CLIENTS: "Legacy clients",
    RiskList.SMTP_AUTH: "SMTP AUTH",
    RiskList.APP_PASSWORDS: "App passwords",
    RiskList.ROPC: "Password handed over by a program (ROPC)",
    RiskList.DEVICE_CODE: "Device code",
    RiskList.SERVICE_ACCOUNTS: "Looks like a service account",
    RiskList.SHARED_MAILBOXES: "Looks like a room or a shared mailbox",
}
_WILL_HAPPEN = {
    RiskList.SMS_VOICE_ONLY: "works until {end} ({days}); from then on the sign-in stops until a passkey is registered",
    RiskList.GUESTS_SMS_VOICE_ONLY: (
        "works until {end} ({days}); then the sign-in stops, with no passkey until Microsoft ships it for guests"
    ),
    RiskList.NOT_MFA_CAPABLE: "stopped at the first sign-in that asks for MFA: what is registered is not accepted",
    RiskList.MUST_REGISTER: "asked to register a method at the next sign-in that asks for MFA",
    RiskList.LEGACY_CLIENTS: "refused once Conditional Access asks for MFA: such a client cannot answer",
    RiskList.SMTP_AUTH: (
        "refused once Conditional Access asks for MFA; Microsoft switches basic authentication for SMTP AUTH off by "
        "default at the end of December 2026"
    ),
    RiskList.APP_PASSWORDS: "refused once Conditional Access blocks legacy clients or asks them for MFA",
    RiskList.ROPC: "fails once MFA is asked for: a program cannot answer",
    RiskList.DEVICE_CODE: "refused where a policy blocks device code flow, as Microsoft's own does",
    RiskList.SERVICE_ACCOUNTS: "stops at the first sign-in that asks for MFA: nobody is there to answer",
    RiskList.SHARED_MAILBOXES: "nothing, as long as nobody signs in as the mailbox itself",
}
_NEXT_STEP = {
    RiskList.SMS_VOICE_ONLY: "add Microsoft Authenticator or a passkey at https://aka.ms/mfasetup",
    RiskList.GUESTS_SMS_VOICE_ONLY: "add Microsoft Authenticator, or trust the home tenant's MFA (cross-tenant access)",
    RiskList.NOT_MFA_CAPABLE: "register a method that the tenant allows, or allow the one that is registered",
    RiskList.MUST_REGISTER: "register beforehand, with a Temporary Access Pass or a registration campaign",
    RiskList.LEGACY_CLIENTS: "replace the program by one with modern authentication, or remove the account from it",
    RiskList.SMTP_AUTH: "move the device to OAuth, to a relay, or to High Volume Email",
    RiskList.APP_PASSWORDS: "replace the program, then delete the app password at https://aka.ms/mfasetup",
    RiskList.ROPC: "give the program a service principal or a managed identity",
    RiskList.DEVICE_CODE: "sign in with a browser instead, or exclude this one use by name",
    RiskList.SERVICE_ACCOUNTS: "make it a service principal or a managed identity; exclude it by name until then",
    RiskList.SHARED_MAILBOXES: "keep sign-in blocked and delegate; leave it out of the waves",
}
_REGISTER_HERE = "register at a sign-in here (a Temporary Access Pass does not work for guests)"
_REGISTER_OR_TRUST = f"{_REGISTER_HERE}, or trust the home tenant's MFA (cross-tenant access)"
LETTERS = {
    RiskList.SMS_VOICE_ONLY: "sms-voice-only",
    RiskList.GUESTS_SMS_VOICE_ONLY: "sms-voice-only",
    RiskList.NOT_MFA_CAPABLE: "not-mfa-capable",
    RiskList.MUST_REGISTER: "not-mfa-capable",
    RiskList.LEGACY_CLIENTS: "legacy",
    RiskList.SMTP_AUTH: "legacy",
    RiskList.APP_PASSWORDS: "legacy",
}
_EVIDENCE: dict[str, str] = {
    CapableWhy.NEVER_REGISTERED: "never registered",
    CapableWhy.NOT_TRUSTED: "MFA of the home tenant is not trusted here",
    CapableWhy.TRUST_UNKNOWN: "whether MFA of the home tenant is trusted is not known",
    CapableWhy.REGISTRATION_BARRED: "the registration is barred",
    CapableWhy.HAS_PASS: "has a Temporary Access Pass",
    CapableWhy.NOT_IN_REPORT: "not in the registration report",
}
"""Codes as they are told; files and JSON keep them."""
_CERTAINTY = {
    Certainty.SURE: "",
    Certainty.INFERRED: "inferred: a legacy client succeeded although the password alone is refused",
    Certainty.LOOKS_LIKE: "looks like it, by a rule of ours",
    Certainty.AT_LEAST: "these at least: the log does not always tell the protocol",
}
_LOST = {
    Coordinate.PROTOCOL: "the log that was read does not tell the protocol",
    Coordinate.FLOW: "the log that was read does not tell the transfer method",
}


def days_left(today: date) -> int:
    """Return the days until Microsoft ends SMS and voice; 0 from that day on."""
    return max(0, (date.fromisoformat(SMS_VOICE_END) - today).days)


def will_happen(which: RiskList, today: date) -> str:
    """Return what will happen to the people of a list."""
    return _WILL_HAPPEN[which].format(end=SMS_VOICE_END, days=f"{counted(days_left(today), 'day')} left")


def next_step(one: PersonAtRisk) -> str:
    """Return what to do next about one person of a list."""
    if one.list is not RiskList.MUST_REGISTER or _takes_pass(one):
        return _NEXT_STEP[one.list]
    return _REGISTER_OR_TRUST if CapableWhy.NOT_TRUSTED in one.evidence else _REGISTER_HERE


def _takes_pass(one: PersonAtRisk) -> bool:
    """Tell whether a Temporary Access Pass is for somebody: for no guest, and for nobody who is at home elsewhere."""
    return not one.is_guest and CapableWhy.NOT_TRUSTED not in one.evidence


def people_answer(
    standings: Sequence[ListStanding],
    people: Callable[[], Iterable[PersonAtRisk]],
    sources: Sequence[SignInSource],
    *,
    today: date,
    moment: Moment,
    whole: bool,
) -> Answer:
    """Return the answer of `people`.

    Args:
        standings: The lists that are shown, each as a whole.
        people: Yields the people of these lists, as often as it is called.
        sources: The readings of the sign-in log behind them.
        today: The day from which days are counted.
        moment: For which moment it is true.
        whole: Show everybody on a terminal, too.
    """

    def rows() -> Iterator[tuple[str, ...]]:
        for one in people():
            yield _cells(one, today)

    def lines() -> Iterator[Any]:
        by_list: dict[RiskList, list[PersonAtRisk]] = {}
        for one in people():
            shown = by_list.setdefault(one.list, [])
            if whole or len(shown) < MOST_SHOWN:
                shown.append(one)
        for standing in standings:
            yield from _section(standing, by_list.get(standing.list, []), today)
        yield from _beside(sources, moment)

    return Answer(
        kind="people",
        document={
            "snapshotTakenAt": moment.exported_at,
            "asOf": moment,
            "smsVoiceEnd": SMS_VOICE_END,
            "daysLeft": days_left(today),
            "sources": [{"source": source_words(one), "missing": list(missing_words(one))} for one in sources],
            "lists": [
                {
                    "list": one.list,
                    "people": one.people,
                    "isKnown": one.is_known,
                    "lost": one.lost,
                    "whatWillHappen": will_happen(one.list, today),
                    "nextStep": _NEXT_STEP[one.list],
                    "letter": LETTERS.get(one.list),
                }
                for one in standings
            ],
            "people": list(people()),
        },
        columns=COLUMNS,
        rows=rows,
        lines=lines,
        long_lists=("people",),
    )


def why_answer(name: str, found: Sequence[PersonAtRisk], known: bool, *, today: date, moment: Moment) -> Answer:
    """Return the answer of `people --why`: every list of one person, with everything that it rests on."""

    def lines() -> Iterator[Any]:
        if not found:
            yield f"{name} stands in no list." + (
                "" if known else " No sign-in log was read, so that legacy clients and the like are not known."
            )
        for one in found:
            yield f"{name}: {TITLES[one.list]}"
            yield f"  Why: {_why(one)}"
            yield f"  What will happen: {will_happen(one.list, today)}"
            yield f"  Next: {next_step(one)}"
            letter = LETTERS.get(one.list)
            if letter is not None:
                yield f"  Letter: mfa-migrate notify {letter}"
        if known:
            last = max((one.last_seen or 0 for one in found), default=0)
            yield f"Last sign-in that was read: {_shown_moment(last or None)}"
        yield f"As of: {said_moment(moment)}"

    return Answer(
        kind="people",
        document={"user": name, "asOf": moment, "signInsRead": known, "lists": list(found)},
        columns=COLUMNS,
        rows=lambda: [_cells(one, today) for one in found],
        lines=lines,
    )


def _section(standing: ListStanding, shown: list[PersonAtRisk], today: date) -> Iterator[Any]:
    which = standing.list
    if not standing.is_known:
        yield f"{TITLES[which]}: not known, because no sign-in log was read."
        return
    doubts = "".join(f"; {_LOST[one]}, so that nobody is seen here" for one in standing.lost)
    if not standing.people:
        safe = " (not seen, which does not mean safe)" if which.needs_sign_ins else ""
        yield f"{TITLES[which]}: nobody{safe}{doubts}"
        return
    yield f"{TITLES[which]}: {counted(standing.people, 'person', 'people')}{doubts}"
    yield f"  What will happen: {will_happen(which, today)}"
    yield f"  Next: {_NEXT_STEP[which]}"
    if which in LETTERS:
        yield f"  Letter: mfa-migrate notify {LETTERS[which]}"
    yield table(
        ("Name", "Evidence", "Last used", "Last seen"),
        [
            (one.user_principal_name, _why(one), _shown_moment(one.last_used), _shown_moment(one.last_seen))
            for one in shown
        ],
    )
    if len(shown) < standing.people:
        yield f"  and {standing.people - len(shown)} more: mfa-migrate people {slug_of(which)}"
    if which is RiskList.MUST_REGISTER:
        yield from _registration_commands(shown)


def _registration_commands(shown: list[PersonAtRisk]) -> Iterator[str]:
    """Yield what an administrator may type elsewhere; this program never touches a method."""
    members = (one.user_principal_name for one in shown if _takes_pass(one))
    example = next(members, "USER@contoso.example")
    yield "  In Graph PowerShell, by an administrator (this program never touches a method):"
    yield (
        f"    New-MgUserAuthenticationTemporaryAccessPassMethod -UserId '{example}' -LifetimeInMinutes 60 -IsUsableOnce"
    )
    yield (
        "    Update-MgPolicyAuthenticationMethodPolicy -RegistrationEnforcement @{ "
        "authenticationMethodsRegistrationCampaign = @{ state = 'enabled'; snoozeDurationInDays = 1; "
        "includeTargets = @(@{ id = 'all_users'; targetType = 'group'; "
        "targetedAuthenticationMethod = 'microsoftAuthenticator' }) } }"
    )


def _beside(sources: Sequence[SignInSource], moment: Moment) -> Iterator[str]:
    yield ""
    yield f"As of: {said_moment(moment)}."
    for source in sources:
        yield f"Sign-ins: {source_words(source)}"
        yield from missing_words(source)
    if not sources:
        yield "No sign-in log was read: mfa-migrate sign-ins read, or mfa-migrate sign-ins import FILE."


def _why(one: PersonAtRisk) -> str:
    uses = "; ".join(
        f"{used.client or 'a client without a name'}"
        + (f" of {used.application}" if used.application else "")
        + f", {counted(used.attempts, 'time')}"
        for used in one.used[:3]
    )
    said = (", ".join(_EVIDENCE.get(each, each) for each in one.evidence), uses, _CERTAINTY[one.certainty])
    return "; ".join(filter(None, said)) or "registered methods"


def _cells(one: PersonAtRisk, today: date) -> tuple[str, ...]:
    return (
        one.list.value,
        one.user_id,
        one.user_principal_name,
        one.display_name or "",
        str(one.is_guest),
        one.certainty.value,
        "; ".join(one.evidence),
        "; ".join(used.client for used in one.used),
        "; ".join(used.application for used in one.used if used.application),
        str(sum(used.attempts for used in one.used)) if one.used else "",
        _moment(one.last_used) if one.used else "",
        _moment(one.last_seen),
        will_happen(one.list, today),
        next_step(one),
        LETTERS.get(one.list, ""),
    )


def _moment(seconds: int | None) -> str:
    return "not seen" if seconds is None else iso_of(seconds)


def _shown_moment(seconds: int | None) -> str:
    return "not seen" if seconds is None else minute_utc(iso_of(seconds))


def slug_of(which: RiskList) -> str:
    """Return the name of a list as it is typed."""
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in which.value)
