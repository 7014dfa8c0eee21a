"""Accounts planted in a company, one for each rule by which somebody belongs to a list of people at risk, or just not.

The last accounts of the company become these; what was invented of their sign-ins before is taken away.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from migrate.sandbox.clock import iso
from migrate.sandbox.generated_people import LICENCE_SKU
from migrate.sandbox.generated_sign_ins import DAY
from migrate.sandbox.method_kinds import new_method, password_method
from migrate.sandbox.people import People
from migrate.sandbox.service import Sandbox
from migrate.sandbox.sign_ins import sign_in
from migrate.sandbox.tenant import Tenant

OUTSIDE, OFFICE, WAREHOUSE, BRANCH = "203.0.113.7", "198.51.100.7", "192.0.2.7", "192.0.2.207"
"""An address in no named location, and one in each; the company has the office already."""
EXCHANGE = "00000002-0000-0ff1-ce00-000000000000"
"""No policy names it, and nobody doubts that it is of Office 365."""
ENTRA, GOOGLE = "ExternalAzureAD", "google.com"
WITH_WEEKEND, FOUR_DAYS, WORKING_DAYS = (1, 4), (1, 3), (0, 5)
"""So many days of a weekend and so many others."""
APP: dict[str, Any] = {"client": "mobileAppsAndDesktopClients"}
_LICENSED = {"assignedLicenses": [{"skuId": LICENCE_SKU, "disabledPlans": []}]}
OTHER_TENANT = "99999999-0000-4000-8000-000000000002"


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What an account does several times a day."""

    body: dict[str, Any]
    days: tuple[int, int] = WITH_WEEKEND
    times: int = 4
    state: str = "disabled"
    """Per-user MFA while it does so."""
    off: bool = False
    """It tries while it is switched off, in vain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """One account."""

    name: str
    lists: str = ""
    """The lists that it belongs to where nobody's MFA at home is trusted."""
    trusted: str | None = None
    """The same where it is, if that differs."""
    methods: tuple[str, ...] = ()
    home: str | None = None
    """Issuer of the identity of somebody invited."""
    user: dict[str, Any] | None = None
    uses: tuple[Use, ...] = ()
    state: str = "disabled"
    """Per-user MFA in the end."""
    off: bool = False
    """Switched off after all this."""


def _program(*uses: Use, name: str, lists: str = "mustRegister", **more: Any) -> Planted:
    return Planted(name=name, lists=lists, uses=uses, **more)


def _once(body: dict[str, Any], *, name: str, lists: str = "", **more: Any) -> Planted:
    use = Use(body=body, days=(0, 1), times=1, state=more.pop("while_", "disabled"))
    return Planted(name=name, lists=lists, uses=(use,), methods=("microsoftAuthenticator",), **more)


LIKE = "serviceAccounts mustRegister"
_ROPC = {"protocol": "ropc", "interactive": False}
SERVICES = (
    _program(Use(body=APP), name="svc-usual", lists=LIKE),
    _program(
        Use(body={**APP, "ip": OFFICE, "interactive": False}, days=(1, 2), times=3),
        Use(body={**APP, "ip": WAREHOUSE}, days=(0, 5), times=2),
        Use(body={"client": "browser", "ip": OUTSIDE}, days=(1, 0), times=1),
        name="svc-of-3-places-1-in-20-in-a-browser",
        lists=LIKE,
    ),
    _program(Use(body={"client": "imap"}), name="svc-mail", lists=f"{LIKE} legacyClients"),
    _program(Use(body=_ROPC | APP), name="svc-password", lists=f"{LIKE} ropc"),
    _program(
        Use(body=APP),
        name="svc-forbidden-phone",
        lists="serviceAccounts notMfaCapable smsVoiceOnly",
        methods=("officePhone",),
    ),
    # From here on something is missing of what makes a program.
    _program(Use(body=APP, times=3), Use(body=APP, days=(0, 4), times=1), name="just-19-times"),
    _program(Use(body=APP, days=FOUR_DAYS, times=6), name="just-4-days"),
    _program(Use(body=APP, days=WORKING_DAYS, times=5), name="no-weekend"),
    _program(Use(body=APP), Use(body={}, days=(0, 2), times=1), name="2-in-22-in-a-browser"),
    _program(
        *(Use(body={**APP, "ip": ip}, times=2) for ip in (OUTSIDE, OFFICE, WAREHOUSE, BRANCH)),
        name="from-4-places",
    ),
    _program(Use(body=APP, times=5), name="could-answer", lists="", methods=("microsoftAuthenticator",)),
    _program(
        Use(body=APP, times=5),
        Use(body=APP, days=(0, 1), times=1, state="enforced"),
        name="mfa-once",
        lists="notMfaCapable smsVoiceOnly",
        methods=("officePhone",),
    ),
    _program(
        Use(body=APP, times=3),
        Use(body=APP, days=(0, 5), times=2, off=True),
        Use(body={**APP, "resourceTenantId": OTHER_TENANT}, days=(0, 5), times=2),
        name="failures-and-elsewhere",
    ),
    _program(Use(body=APP), name="switched-off-since", lists="", off=True, user=_LICENSED),
)
_CODE = {"transfer": "deviceCodeFlow"}
CLIENTS = (
    _once(_CODE, name="typed-a-code", lists="deviceCode"),
    _once({**_CODE, "mfa": False}, name="typed-a-code-in-vain", while_="enforced"),
    _once({"transfer": "authenticationTransfer"}, name="moved-a-session"),
    _once(_ROPC, name="handed-the-password-over", lists="ropc"),
    _once(_ROPC, name="handed-it-over-in-vain", while_="enforced"),
    _once({"client": "smtp"}, name="sent", lists="legacyClients smtpAuth"),
    _once({"client": "smtp"}, name="sent-in-vain", while_="enforced"),
    _once({"client": "pop"}, name="fetched", lists="legacyClients"),
    _once(
        {"client": "smtp", "appPassword": True},
        name="sent-with-an-app-password",
        lists="legacyClients smtpAuth appPasswords",
        while_="enforced",
        state="enforced",
    ),
)
_ROOM, _SHARED = {"jobTitle": "Meeting room"}, {"jobTitle": "Shared mailbox"}
MAILBOXES = (
    Planted(name="room-1", lists="sharedMailboxes", user=_ROOM, off=True),
    Planted(name="shared-1", lists="sharedMailboxes", user=_SHARED, off=True),
    Planted(
        name="shared-2", lists="sharedMailboxes", user=_SHARED, off=True, state="enforced", methods=("mobilePhone",)
    ),
    Planted(name="room-that-signs-in", lists="mustRegister", user=_ROOM),
    Planted(name="left-with-a-licence", off=True, user=_LICENSED),
    Planted(name="invited-and-off", off=True, home=ENTRA),
    Planted(name="invited-as-a-member-and-off", off=True, home=ENTRA, user={"userType": "Member"}),
    Planted(name="guest-of-ours-and-off", off=True, user={"userType": "Guest"}),
)
_GUEST = {"userType": "Guest"}
_PHONES = "guestsSmsVoiceOnly"
GUESTS = (
    Planted(name="entra-nothing", lists="mustRegister", trusted="", home=ENTRA),
    Planted(name="entra-app", home=ENTRA, methods=("microsoftAuthenticator",)),
    Planted(name="entra-phone", lists=_PHONES, trusted="", home=ENTRA, methods=("mobilePhone",)),
    Planted(
        name="entra-forbidden-phone", lists=f"mustRegister {_PHONES}", trusted="", home=ENTRA, methods=("officePhone",)
    ),
    Planted(name="entra-member", lists="mustRegister", trusted="", home=ENTRA, user={"userType": "Member"}),
    Planted(name="google-nothing", lists="mustRegister", home=GOOGLE),
    Planted(name="google-app", home=GOOGLE, methods=("microsoftAuthenticator",)),
    Planted(name="google-forbidden-phone", lists=f"mustRegister {_PHONES}", home=GOOGLE, methods=("officePhone",)),
    Planted(name="ours-nothing", lists="mustRegister", user=_GUEST),
    Planted(name="ours-app", user=_GUEST, methods=("microsoftAuthenticator",)),
    Planted(name="ours-forbidden-phone", lists=f"notMfaCapable {_PHONES}", user=_GUEST, methods=("officePhone",)),
)
ALL = (*SERVICES, *CLIENTS, *MAILBOXES, *GUESTS)


def name_places(tenant: Tenant) -> None:
    """Give the tenant two more named locations."""
    for name, addresses in (("Warehouse", "192.0.2.0/25"), ("Branch", "192.0.2.128/25")):
        tenant.named_locations[tenant.new_id("location", name)] = {
            "@odata.type": "#microsoft.graph.ipNamedLocation",
            "id": tenant.new_id("location", name),
            "displayName": name,
            "isTrusted": False,
            "ipRanges": [{"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": addresses}],
            "createdDateTime": "2024-02-01T08:00:00Z",
            "modifiedDateTime": "2024-02-01T08:00:00Z",
        }


def plant(sandbox: Sandbox) -> dict[str, Planted]:
    """Plant them all, with what they did in the eight days before today; return them by object id."""
    tenant, people = sandbox.tenant, sandbox.tenant.people
    places = {len(people) - 1 - number: each for number, each in enumerate(ALL)}
    planted = {people.user_id(place): each for place, each in places.items()}
    tenant.sign_ins[:] = [each for each in tenant.sign_ins if each["userId"] not in planted]
    for place, each in places.items():
        people.amend(place, _profile(tenant, each))
        owner = people.user_id(place)
        strong = (new_method(kind, owner, "2024-02-01T08:00:00Z") for kind in each.methods)
        people.set_methods(place, [password_method("2024-02-01T08:00:00Z"), *strong])
        _signs_in(sandbox, people, place, each)
        people.set_mfa_state(place, each.state)
        people.amend(place, {"accountEnabled": not each.off})
    tenant.sign_ins.sort(key=lambda entry: str(entry["createdDateTime"]))
    return planted


def _profile(tenant: Tenant, each: Planted) -> dict[str, Any]:
    domain, invited = tenant.domain, each.home is not None
    name = f"{each.name}_partner.example.com#EXT#@initial.{domain}" if invited else f"{each.name}@{domain}"
    identities = [{"signInType": "userPrincipalName", "issuer": f"initial.{domain}", "issuerAssignedId": name}]
    if invited:
        identities.insert(0, {"signInType": "federated", "issuer": str(each.home), "issuerAssignedId": ""})
    return {
        "userPrincipalName": name,
        "displayName": each.name,
        "jobTitle": None,
        "userType": "Guest" if invited else "Member",
        "creationType": "Invitation" if invited else None,
        "externalUserState": "Accepted" if invited else None,
        "externalUserStateChangeDateTime": "2024-02-01T08:00:00Z" if invited else None,
        "identities": identities,
        "accountEnabled": True,
        "onPremisesSyncEnabled": None,
        "assignedLicenses": [],
        "assignedPlans": [],
        **(each.user or {}),
    }


def _signs_in(sandbox: Sandbox, people: People, place: int, each: Planted) -> None:
    for number, use in enumerate(each.uses):
        people.set_mfa_state(place, use.state)
        people.amend(place, {"accountEnabled": not use.off})
        for moment in _moments(sandbox.clock.now(), use, number):
            whoever = {"user": people.user_id(place), "app": EXCHANGE, "ip": OUTSIDE, "country": "SE"}
            sign_in(sandbox, {**whoever, **use.body})
            sandbox.tenant.sign_ins[-1] = {**sandbox.tenant.sign_ins[-1], "createdDateTime": iso(moment)}


def _moments(now: float, use: Use, number: int) -> Iterator[float]:
    """Yield the times of a use: eight days hold three days of a weekend at most, and one at least."""
    today = now - now % DAY
    days = [today - ago * DAY for ago in range(1, 9)]
    weekend = [day for day in days if datetime.fromtimestamp(day, UTC).isoweekday() > 5]
    others = [day for day in days if day not in weekend]
    for day in (*weekend[: use.days[0]], *others[: use.days[1]]):
        yield from (day + (2 + hour) * 3600 + number * 60 for hour in range(use.times))
