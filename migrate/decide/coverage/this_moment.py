"""Answers whom a policy is assigned to at the moment of one sign-in, where the proof asks about all moments.

Who is only eligible does not hold a role or membership now, and a role held for a part of the directory, or a custom
one, is none to a policy. A guest's home tenant and kind count as stated; what was not stated is not known.
Sources: Entra pages "Conditional Access: Users, groups, agents, and workload identities" and "What If".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from migrate.decide.coverage.policy import Guests, People
from migrate.decide.coverage.vocabulary import EXTERNAL_KINDS, SURELY_GUEST_OR_EXTERNAL, UserKind

_LOCAL_KINDS = frozenset({UserKind.INTERNAL_MEMBER, UserKind.INTERNAL_GUEST})
"""Kinds that have no home tenant but this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What was stated of the person who signs in."""

    external_tenant_id: str | None = None
    """Home tenant of a guest, lower case; None where it was not stated."""


Answer = bool | None
"""None: not known."""


def as_guest(people: People, kinds: frozenset[UserKind], moment: Moment) -> Iterator[tuple[Answer, str]]:
    """Yield whether the guests whom one side of an assignment names are this person, with words for it."""
    if people.old_guests and kinds & EXTERNAL_KINDS:
        yield (True if kinds <= SURELY_GUEST_OR_EXTERNAL else None), "all guests and external users"
    if people.guests is not None and kinds & people.guests.kinds:
        yield _of_kind_and_tenant(people.guests, kinds, moment)


def _of_kind_and_tenant(guests: Guests, kinds: frozenset[UserKind], moment: Moment) -> tuple[Answer, str]:
    words = f"guest or external user ({', '.join(sorted(guests.kinds))})"
    of_kind = True if kinds <= guests.kinds else None
    if guests.any_tenant:
        return of_kind, words if of_kind else f"perhaps {words}; --external-user-type settles it"
    if kinds <= _LOCAL_KINDS:
        return None, f"{words} of listed home tenants, and this account has no other home"
    if moment.external_tenant_id is None:
        return None, f"{words} of listed home tenants; --external-tenant-id settles it"
    if moment.external_tenant_id not in guests.tenants:
        return False, f"a guest of another home tenant than the listed ones ({moment.external_tenant_id})"
    return of_kind, f"{words} of the listed home tenant {moment.external_tenant_id}"
