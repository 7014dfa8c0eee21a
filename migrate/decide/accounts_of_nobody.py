"""Which accounts may have nobody behind them who could answer: rooms, shared mailboxes, service accounts.

Each is a guess with its signs. Nothing here ever excludes anybody: the plan proposes, the operator decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from migrate.model.evidence import Evidence
from migrate.model.policy_exclusions import Nobody, Sign
from migrate.model.snapshot import SubscribedSku
from migrate.model.users import AnyUser, UserProfile

_ROOM_SKUS = ("ROOM", "MCOCAP")
_ROOM = re.compile(r"(?:^|[._-])(?:room|raum|meeting|conf(?:erence)?|board ?room|huddle|saal)\w*", re.IGNORECASE)
_MACHINE = re.compile(
    r"(?:^|[^a-z])(?:svc|srv|service|serviceaccount|app|api|bot|scan|scanner|scan2mail|print|printer|copier|fax|mfp|"
    r"no-?reply|donotreply|backup|sql|erp|crm|sap|smtp|relay|automation|integration|batch|job|monitor|monitoring|sync)"
    r"(?:[^a-z]|$)"
)
_SHARED = re.compile(
    r"^(?:info|office|sales|support|contact|hr|billing|invoices?|accounting|team|shared|helpdesk|jobs|marketing|press|"
    r"reception|orders?|mail|post|kontakt|rechnung(?:en)?|buchhaltung|vertrieb)(?:$|[._\d-])",
    re.IGNORECASE,
)


class Guess(NamedTuple):
    """What an account is like, and why."""

    is_like: Nobody
    signs: tuple[Sign, ...]


def room_licences(skus: Iterable[SubscribedSku]) -> frozenset[str]:
    """Return the ids of the licences that rooms have."""
    return frozenset(sku.sku_id for sku in skus if any(word in sku.sku_part_number.upper() for word in _ROOM_SKUS))


def role_holders(evidence: Evidence) -> frozenset[str]:
    """Return everybody who holds or may activate any role; where that was not read, one of those that policies name."""
    named = (role.holders | role.eligible | role.scoped for role in evidence.roles.values())
    return (evidence.administrators or frozenset()).union(*named)


def is_named_like_a_machine(profile: UserProfile) -> bool:
    """Tell whether the name of an account has a word that people give to machines. A sign, no proof."""
    names = (profile.user_principal_name.partition("@")[0], profile.display_name or "")
    return any(_MACHINE.search(name.casefold()) for name in names)


def guess_at(user: AnyUser, rooms: frozenset[str], holders: frozenset[str]) -> Guess | None:
    """Return what a user's account is like; None for whoever may well be a person.

    A name alone is no sign: something else has to speak for it. Nothing that was not read speaks for anything.

    Args:
        user: As it was read.
        rooms: Ids of licences for rooms.
        holders: Whoever holds a role is a person, or has to be treated like one.
    """
    profile, registration = user.profile, user.registration
    if profile.is_guest or profile.is_agent or profile.id in holders:
        return None
    name = profile.user_principal_name.partition("@")[0]
    licences = profile.assigned_licenses
    signs = [
        sign
        for sign, holds in (
            (Sign.ROOM_LICENCE, bool(rooms & set(licences or ()))),
            (Sign.NO_LICENCE, licences == ()),
            (Sign.ACCOUNT_DISABLED, profile.account_enabled is False),
            (Sign.NEVER_REGISTERED, registration is not None and not registration.is_mfa_registered),
        )
        if holds
    ]
    if Sign.ROOM_LICENCE in signs:
        return Guess(Nobody.ROOM, tuple(signs))
    named = (*signs, Sign.NAME_PATTERN)
    speaks = Sign.NEVER_REGISTERED in signs or Sign.ACCOUNT_DISABLED in signs
    if speaks and Sign.NO_LICENCE in signs and _ROOM.search(name):
        return Guess(Nobody.ROOM, named)
    if speaks and _MACHINE.search(name.casefold()):
        return Guess(Nobody.SERVICE_ACCOUNT, named)
    if speaks and Sign.NO_LICENCE in signs and _SHARED.search(name):
        return Guess(Nobody.SHARED_MAILBOX, named)
    return None
