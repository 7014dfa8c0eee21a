"""Weeks of invented sign-ins from a seed; what really happened stands in the control plane, without lag or gaps."""

import random
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from migrate.sandbox.clock import iso
from migrate.sandbox.messages import Json
from migrate.sandbox.sign_ins import sign_in

if TYPE_CHECKING:
    from migrate.sandbox.service import Sandbox

_RESOURCES = (
    "00000002-0000-0ff1-ce00-000000000000",
    "00000003-0000-0ff1-ce00-000000000000",
    "c44b4083-3bb0-49c1-b47d-974e53cbdf3c",
)
_CLIENT_APPS = ("5e3ce6c0-2b1f-4285-8d4b-75ee78787346", "d3590ed6-52b3-4102-aeff-aad2292ab01c")
_PLATFORMS = ("windows", "windows", "windows", "macOS", "iOS", "android")
_OTHER_TENANT = "99999999-0000-4000-8000-000000000001"
DAY = 86_400


def seed_sign_ins(sandbox: "Sandbox", number: int, days: int, seed: int) -> int:
    """Let people sign in so many times in the days before now; return how many rows the log holds of it.

    Each person keeps to a few habits. One in forty hands its password over by a program or an old client, one in a
    hundred goes to another tenant, and one in three sign-ins with MFA is logged as an interrupt and a success.
    """
    rng = random.Random(f"sign-ins {seed}")  # noqa: S311 - invented people
    now = sandbox.clock.now()
    moments = sorted(now - rng.random() * days * DAY for _ in range(number))
    entries = sandbox.tenant.sign_ins
    begin = len(entries)
    for moment in moments:
        before = len(entries)
        sign_in(sandbox, _body(sandbox, rng))
        for late, entry in enumerate(_made_at(entries[before:], moment)):
            entries[before + late] = entry
    entries.sort(key=lambda entry: str(entry["createdDateTime"]))
    return len(entries) - begin


def _made_at(entries: list[Json], moment: float) -> Iterator[Json]:
    """Yield entries as of another time; an interrupt comes half a minute before its success."""
    for place, entry in enumerate(entries):
        at = iso(moment - 30 * (len(entries) - 1 - place))
        steps = [{**step, "authenticationStepDateTime": at} for step in entry["authenticationDetails"]]
        yield {**entry, "createdDateTime": at, "authenticationDetails": steps}


def _body(sandbox: "Sandbox", rng: random.Random) -> Json:
    place = rng.randrange(len(sandbox.tenant.people))
    habit = random.Random(place)  # noqa: S311
    modern = habit.choice(("browser", "mobileAppsAndDesktopClients"))
    body: dict[str, Any] = {
        "user": sandbox.tenant.people.user_id(place),
        "app": _RESOURCES[habit.randrange(3)],
        "clientApp": _CLIENT_APPS[habit.randrange(2)],
        "client": modern,
        "platform": habit.choice(_PLATFORMS),
        "ip": f"203.0.113.{habit.randrange(1, 250)}",
        "country": "SE",
        "device": {},
        "interactive": rng.random() < 0.6,
        "interruptFirst": rng.random() < 0.33,
    }
    kind = rng.random()
    if kind < 0.015:
        body["client"] = habit.choice(("imap", "smtp", "pop"))
        body["appPassword"] = True
    elif kind < 0.025:
        body["protocol"] = "ropc"
        body["interactive"] = False
    elif kind < 0.035:
        body["resourceTenantId"] = _OTHER_TENANT
    return body
