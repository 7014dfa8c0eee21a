"""Who belongs to which list of people at risk, told by the sandbox's own data and the reference's rules alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from migrate.sandbox.endpoints.methods import registration_row
from migrate.sandbox.service import Sandbox
from migrate.sandbox.tenant import Tenant

Entry = dict[str, Any]
NOISE = {50126, 50053, 50055, 50057, 50034, 50140, 50058}
PHONES = {"mobilePhone", "alternateMobilePhone", "officePhone"}
SMTP = {"authenticated smtp", "smtp"}
LEGACY = SMTP | {
    "autodiscover",
    "exchange activesync",
    "exchange online powershell",
    "exchange web services",
    "imap",
    "imap4",
    "mapi",
    "mapi over http",
    "offline address book",
    "other clients",
    "outlook anywhere (rpc over http)",
    "outlook service",
    "pop",
    "pop3",
    "reporting web services",
}
NOBODY_AT_THE_KEYBOARD = {"Meeting room", "Shared mailbox"}
"""What the sandbox writes into jobTitle of accounts that are no person's."""

Listed = dict[str, dict[str, Counter[str]]]
"""By list and person: in which clients how many attempts put the person there; none for lists without the log."""


def ours(tenant: Tenant) -> list[Entry]:
    """Return what happened in this tenant, oldest first."""
    return [each for each in tenant.sign_ins if each["resourceTenantId"] == tenant.id]


def attempts(entries: Iterable[Entry]) -> list[Entry]:
    """Return the last row of each attempt: an interrupt and what follows are one; none of noise."""
    last = {(each["userId"], each["correlationId"]): each for each in entries}
    return [each for each in last.values() if each["status"]["errorCode"] not in NOISE]


def listed_in_truth(sandbox: Sandbox, *, home_is_trusted: bool) -> Listed:
    """Return everybody who belongs to a list, and by what."""
    tenant, people = sandbox.tenant, sandbox.tenant.people
    passed: dict[str, list[Entry]] = {}
    for each in attempts(ours(tenant)):
        if each["status"]["errorCode"] == 0:
            passed.setdefault(each["userId"], []).append(each)
    found: Listed = {}
    for place in range(len(people)):
        user = people.user(place)
        done = passed.get(user["id"], [])
        row = registration_row(sandbox, place, "beta", set()) if user["accountEnabled"] else None
        passes_at_home = home_is_trusted and _is_external(user) and _is_of_an_entra_tenant(user)
        of = [*_by_methods(user, row, passes_at_home), *_by_sign_ins(people.mfa_state(place), done)]
        if row is not None and not row["isMfaCapable"] and not passes_at_home and _is_like_a_program(done):
            of.append(("serviceAccounts", done))
        if row is None and user["jobTitle"] in NOBODY_AT_THE_KEYBOARD:
            of.append(("sharedMailboxes", done))
        for which, entries in of:
            found.setdefault(which, {})[user["id"]] = Counter(each["clientAppUsed"] for each in entries)
    return found


def _is_external(user: Entry) -> bool:
    return user["creationType"] == "Invitation"


def _is_of_an_entra_tenant(user: Entry) -> bool:
    return any(each["issuer"] == "ExternalAzureAD" for each in user["identities"])


def _by_methods(user: Entry, row: Entry | None, passes_at_home: bool) -> Iterator[tuple[str, list[Entry]]]:
    """Yield the lists that the registration report tells; it leaves out whoever is switched off."""
    if row is None or passes_at_home:
        return
    methods = set(row["methodsRegistered"]) - {"email"}
    if methods and methods <= PHONES:
        yield "guestsSmsVoiceOnly" if user["userType"] == "Guest" else "smsVoiceOnly", []
    if _is_external(user):
        # By this tenant's report alone nobody from elsewhere is called not MFA capable.
        if not row["isMfaCapable"]:
            yield "mustRegister", []
    elif not row["isMfaRegistered"]:
        yield "mustRegister", []
    elif not row["isMfaCapable"]:
        yield "notMfaCapable", []


def _by_sign_ins(state: str, done: list[Entry]) -> Iterator[tuple[str, list[Entry]]]:
    legacy = [each for each in done if each["clientAppUsed"].casefold() in LEGACY]
    found = {
        "legacyClients": legacy,
        "smtpAuth": [each for each in legacy if each["clientAppUsed"].casefold() in SMTP],
        "appPasswords": legacy if state == "enforced" else [],
        "ropc": [each for each in done if each["authenticationProtocol"] == "ropc"],
        "deviceCode": [
            each
            for each in done
            if each["originalTransferMethod"] == "deviceCodeFlow" or each["authenticationProtocol"] == "deviceCode"
        ],
    }
    yield from ((which, entries) for which, entries in found.items() if entries)


def _is_like_a_program(done: list[Entry]) -> bool:
    days = {datetime.fromisoformat(each["createdDateTime"]).date() for each in done}
    return (
        len(done) >= 20
        and all(each["authenticationRequirement"] == "singleFactorAuthentication" for each in done)
        and 100 * sum(each["clientAppUsed"] == "Browser" for each in done) <= 5 * len(done)
        and len({each["ipAddress"] for each in done}) <= 3
        and len(days) >= 5
        and any(day.isoweekday() > 5 for day in days)
    )
