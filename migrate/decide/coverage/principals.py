"""Answers whom a policy is assigned to: yes, no, or not known, always with the path that leads there.

An exclusion always wins. Eligible and scoped holders, and those of roles that are not built in, never
count for an inclusion and always for an exclusion.
A group that could not be read is not known; it is never taken for empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from migrate.decide.coverage.policy import Guests, People, PolicyReading, SetAside
from migrate.decide.coverage.projection import PEOPLE
from migrate.decide.coverage.this_moment import Moment, as_guest
from migrate.decide.coverage.vocabulary import (
    EXTERNAL_KINDS,
    SURELY_GUEST_OR_EXTERNAL,
    UserKind,
)
from migrate.decide.coverage.ways_in import WaysIn, member_words
from migrate.model.evidence import Evidence, ReadStatus, RoleEvidence
from migrate.model.users import UserProfile


class Match(Enum):
    """Whether a policy is assigned to a user."""

    YES = "yes"
    NO = "no"
    NOT_KNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Assignment:
    """The answer for one user and one policy."""

    match: Match
    excluded: bool
    """An exclusion is why the answer is no."""
    paths: tuple[str, ...]
    """How the user comes in, or is left out, or what is not known."""


Entrances = tuple[tuple[str, tuple[str, ...]], ...]
"""For each group (by id) that a user is in, and whose nesting is known: the ways in, in words."""

_EXTERNAL_CREATION = frozenset({"invitation", "selfservicesignup"})
_OWN_CREATION = frozenset({"", "localaccount", "emailverified"})
_EXTERNAL_SIGN_IN = frozenset({"federated", "emailaddress"})
_OWN_SIGN_IN = frozenset({"userprincipalname", "username"})


def kinds_of(profile: UserProfile) -> frozenset[UserKind]:
    """Return what the user can be to a policy; more than one where the directory's signs disagree or are not known.

    Source: Graph user properties userType, creationType, externalUserState and identities; Entra page "Conditional
    Access: users and groups" for the meaning of the kinds.
    """
    if profile.lacks:
        return frozenset(UserKind)
    if profile.is_agent:
        return frozenset({UserKind.AGENT})
    created = (profile.creation_type or "").casefold()
    sign_ins = frozenset((identity.sign_in_type or "").casefold() for identity in profile.identities)
    signs = [
        created in _EXTERNAL_CREATION,
        profile.external_user_state is not None,
        "#ext#" in profile.user_principal_name.casefold(),
        not sign_ins.isdisjoint(_EXTERNAL_SIGN_IN),
    ]
    external, internal = _by_user_type(profile.user_type)
    if signs[0] or sum(signs) > 1:
        return external
    # A word that is not known may be one for an account of elsewhere, and makes nobody surely external.
    if any(signs) or created not in _EXTERNAL_CREATION | _OWN_CREATION or sign_ins - _EXTERNAL_SIGN_IN - _OWN_SIGN_IN:
        return external | internal | {UserKind.OTHER_EXTERNAL}
    return internal


def _by_user_type(user_type: str | None) -> tuple[frozenset[UserKind], frozenset[UserKind]]:
    """Return what an account of elsewhere and one of this tenant can be; both where the type is none that is known."""
    match (user_type or "").casefold():
        case "guest":
            return frozenset({UserKind.B2B_GUEST}), frozenset({UserKind.INTERNAL_GUEST})
        case "member":
            return frozenset({UserKind.B2B_MEMBER}), frozenset({UserKind.INTERNAL_MEMBER})
        case _:
            return (
                frozenset({UserKind.B2B_GUEST, UserKind.B2B_MEMBER}),
                frozenset({UserKind.INTERNAL_GUEST, UserKind.INTERNAL_MEMBER}),
            )


_Ways = Mapping[str, tuple[str, ...]]


class Facts:
    """What is known about users apart from their own profile: memberships, roles, and being named in a policy.

    One pass over the memberships; a user's facts are one integer, a bit for each fact.
    """

    def __init__(self, evidence: Evidence, named: frozenset[str]) -> None:
        self._bits: dict[str, int] = {}
        self._facts: list[tuple[str, str]] = []
        for group_id, group in evidence.groups.items():
            self._note(("member", group_id), group.members)
            self._note(("eligible member", group_id), group.eligible)
        for role_id, role in evidence.roles.items():
            self._note(("holder", role_id), role.holders)
            self._note(("eligible holder", role_id), role.eligible)
            self._note(("scoped holder", role_id), role.scoped)
        for user_id in sorted(named):
            self._note(("named", user_id), frozenset({user_id}))

    def _note(self, fact: tuple[str, str], user_ids: frozenset[str]) -> None:
        if not user_ids:
            return
        bit = 1 << len(self._facts)
        self._facts.append(fact)
        bits = self._bits
        for user_id in user_ids:
            bits[user_id] = bits.get(user_id, 0) | bit

    def of(self, user_id: str) -> int:
        """Return the facts about a user, as bits."""
        return self._bits.get(user_id, 0)

    def spelled_out(self, bits: int) -> frozenset[tuple[str, str]]:
        """Return the facts that the bits stand for."""
        return frozenset(fact for index, fact in enumerate(self._facts) if bits >> index & 1)


_MATCHES = {True: Match.YES, False: Match.NO, None: Match.NOT_KNOWN}


class Directory:
    """Answers assignment questions from the evidence."""

    def __init__(self, evidence: Evidence) -> None:
        self._groups = evidence.groups
        self._roles = evidence.roles
        self._ways_in: dict[str, WaysIn] = {}

    def nested_among(self, facts: frozenset[tuple[str, str]]) -> tuple[str, ...]:
        """Return the ids of the groups of which these facts are a membership, and whose nesting is known."""
        return tuple(sorted(id_ for fact, id_ in facts if fact == "member" and self._groups[id_].nested))

    def entrances_of(self, user_id: str, group_ids: Iterable[str]) -> Entrances:
        """Return how a member of these groups comes in: what tells apart users with the same facts."""
        return tuple((group_id, ways) for group_id in group_ids if (ways := self._into(group_id).of(user_id)))

    def _into(self, group_id: str) -> WaysIn:
        known = self._ways_in.get(group_id)
        if known is None:
            known = self._ways_in[group_id] = WaysIn(self._groups[group_id])
        return known

    def assignment_of(
        self,
        reading: PolicyReading,
        facts: frozenset[tuple[str, str]],
        kinds: frozenset[UserKind],
        entrances: Entrances = (),
        moment: Moment | None = None,
    ) -> Assignment:
        """Return whether the policy is assigned to a user with these facts and possible kinds.

        Without `entrances` the paths say what is true of everybody with these facts; the match is the same. With
        `moment` the question is about one sign-in, not about every sign-in to come.
        """
        ways = dict(entrances)
        if reading.set_aside is not None and reading.set_aside is not SetAside.USER_ACTIONS:
            return Assignment(Match.NO, False, (reading.set_aside.value,))
        if UserKind.AGENT in kinds and len(kinds) > 1:
            return Assignment(Match.NOT_KNOWN, False, ("Graph did not show all of this account",))
        if UserKind.AGENT in kinds:
            return Assignment(Match.NO, False, ("an agent's account, which policies for people do not reach",))
        inside = list(self._included(reading.include, facts, kinds, ways, moment))
        if reading.is_doubtful(PEOPLE):
            inside.append((Match.NOT_KNOWN, "its assignment is not understood"))
        if all(match is Match.NO for match, _ in inside):
            return Assignment(Match.NO, False, tuple(path for _, path in inside) or ("not included",))
        out = list(self._excluded(reading.exclude, facts, kinds, ways, moment))
        if any(match is Match.YES for match, _ in out):
            return Assignment(Match.NO, True, tuple(path for match, path in out if match is Match.YES))
        doubts = tuple(path for match, path in out if match is Match.NOT_KNOWN)
        sure = tuple(path for match, path in inside if match is Match.YES)
        if sure and not doubts:
            return Assignment(Match.YES, False, sure)
        return Assignment(
            Match.NOT_KNOWN, False, doubts or tuple(path for match, path in inside if match is Match.NOT_KNOWN)
        )

    def _included(
        self,
        people: People,
        facts: frozenset[tuple[str, str]],
        kinds: frozenset[UserKind],
        ways: _Ways,
        moment: Moment | None,
    ) -> Iterator[tuple[Match, str]]:
        if people.everybody:
            yield Match.YES, "all users"
        if moment is not None:
            yield from self._now(people, facts, kinds, ways, moment)
            return
        if people.old_guests and kinds <= SURELY_GUEST_OR_EXTERNAL:
            yield Match.YES, "all guests and external users"
        if people.guests is not None and people.guests.any_tenant and kinds <= people.guests.kinds:
            yield Match.YES, _guest_words(people.guests)
        yield from self._by_name(people, facts)
        yield from self._by_object(people, facts, ways, including=True)

    def _excluded(
        self,
        people: People,
        facts: frozenset[tuple[str, str]],
        kinds: frozenset[UserKind],
        ways: _Ways,
        moment: Moment | None,
    ) -> Iterator[tuple[Match, str]]:
        if people.everybody:
            yield Match.YES, "all users"
        if moment is not None:
            yield from self._now(people, facts, kinds, ways, moment)
            return
        if people.old_guests and kinds & EXTERNAL_KINDS:
            yield Match.YES, "all guests and external users"
        if people.guests is not None and kinds & people.guests.kinds:
            yield Match.YES, _guest_words(people.guests)
        yield from self._by_name(people, facts)
        yield from self._by_object(people, facts, ways, including=False)

    def _now(
        self,
        people: People,
        facts: frozenset[tuple[str, str]],
        kinds: frozenset[UserKind],
        ways: _Ways,
        moment: Moment,
    ) -> Iterator[tuple[Match, str]]:
        """Yield how one side of an assignment names the person at the moment of a sign-in: the same way on both."""
        yield from ((_MATCHES[holds], words) for holds, words in as_guest(people, kinds, moment))
        yield from self._by_name(people, facts)
        yield from self._by_object(people, facts, ways, including=True)
        for group_id in people.groups:
            if (
                (group := self._groups.get(group_id)) is not None
                and group.unnamed
                and ("member", group_id) not in facts
            ):
                yield Match.NOT_KNOWN, f"group {group.display_name or group_id!r} has a member whom Graph does not name"

    @staticmethod
    def _by_name(people: People, facts: frozenset[tuple[str, str]]) -> Iterator[tuple[Match, str]]:
        if any(("named", user_id) in facts for user_id in people.users):
            yield Match.YES, "named user"

    def _by_object(
        self, people: People, facts: frozenset[tuple[str, str]], ways: _Ways, *, including: bool
    ) -> Iterator[tuple[Match, str]]:
        for group_id in people.groups:
            group = self._groups.get(group_id)
            if group is None:
                yield Match.NOT_KNOWN, f"the members of group {group_id} were not read"
                continue
            name = f"group {group.display_name or group_id!r}"
            unread = _unread(group.status, name, group.problem)
            if unread:
                yield Match.NOT_KNOWN, unread
            elif group.status is ReadStatus.VANISHED:
                if facts & {("member", group_id), ("eligible member", group_id)}:
                    yield Match.NOT_KNOWN, f"was in {name}, which is not found any more"
            elif ("member", group_id) in facts:
                for words in ways.get(group_id) or (member_words(group),):
                    yield Match.YES, words
            elif not including and ("eligible member", group_id) in facts:
                yield Match.YES, f"eligible member of {name}, who could activate it"
            elif not including and group.unnamed:
                yield Match.NOT_KNOWN, f"{name} has a member whom Graph does not name"
        for role_id in people.roles:
            role = self._roles.get(role_id)
            if role is None:
                yield Match.NOT_KNOWN, f"the holders of role {role_id} were not read"
                continue
            name = f"role {role.display_name or role_id!r}"
            unread = _unread(role.status, name, role.problem)
            if unread:
                yield Match.NOT_KNOWN, unread
            elif role.status is ReadStatus.VANISHED:
                if facts & {(fact, role_id) for fact in ("holder", "eligible holder", "scoped holder")}:
                    yield Match.NOT_KNOWN, f"held {name}, which is not found any more"
            elif ("holder", role_id) in facts:
                yield _as_holder(role, name, including=including)
            elif not including and ("eligible holder", role_id) in facts:
                yield Match.YES, f"eligible for {name}, who could activate it"
            elif not including and ("scoped holder", role_id) in facts:
                yield Match.YES, f"holder of {name} for a part of the directory"
            elif not including and role.unnamed:
                yield Match.NOT_KNOWN, f"{name} is held by somebody whom Graph does not name"


def _as_holder(role: RoleEvidence, name: str, *, including: bool) -> tuple[Match, str]:
    """Return what holding a role means. Policies know built-in roles only; an exclusion is taken at its word.

    Source: Entra page "Conditional Access: Users, groups, agents, and workload identities".
    """
    if role.built_in:
        return Match.YES, f"holder of {name}"
    if not including:
        return Match.YES, f"holder of {name}, which is not known to be a built-in role"
    if role.built_in is None:
        return Match.NOT_KNOWN, f"whether {name} is a built-in role was not read; export again"
    return Match.NO, f"holder of {name}, and policies reach built-in roles only"


def _unread(status: ReadStatus, name: str, problem: str | None) -> str | None:
    match status:
        case ReadStatus.READ | ReadStatus.GONE | ReadStatus.VANISHED:
            return None
        case ReadStatus.HIDDEN:
            return f"the members of {name} are hidden and the token may not see them"
        case ReadStatus.UNREADABLE:
            return f"the members of {name} could not be read" + (f": {problem}" if problem else "")
        case _:
            assert_never(status)


def _guest_words(guests: Guests) -> str:
    kinds = ", ".join(sorted(guests.kinds))
    return f"guest or external user ({kinds})" + ("" if guests.any_tenant else " of listed home tenants")


def named_users(readings: Iterable[PolicyReading]) -> frozenset[str]:
    """Return the ids of all users whom a policy names, included or excluded."""
    return frozenset[str]().union(*(reading.include.users | reading.exclude.users for reading in readings))
