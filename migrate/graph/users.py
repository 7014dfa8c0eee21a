"""Who is in the tenant, and each user's row of the registration report: whole lists, each user once, or a few by id.

What Graph does not show of one user costs that user alone; what it shows of nobody fails the reading.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import TypeVar
from urllib.parse import quote

import msgspec

from migrate.graph import wire
from migrate.graph.batch import LARGEST_BATCH, BatchOfReads, Item
from migrate.graph.channel import Call, Channel, read_of
from migrate.graph.in_part import NeverShown
from migrate.graph.pace import Bucket
from migrate.graph.pages import pages
from migrate.graph.seen import SeenIds
from migrate.graph.states import chunks_of
from migrate.graph.together import all_of
from migrate.model.permissions import REPORTS, STATES, USERS
from migrate.model.reasons import Reason, Why, reason_of
from migrate.model.stand_in import stand_in_id
from migrate.model.users import Registration, UserProfile

T = TypeVar("T")

_PAGE = 999
"""The largest page that Graph documents for users."""
_REPORTS_AT_ONCE = 5


class UserReader:
    """Reads the users of one tenant."""

    def __init__(self, channel: Channel, *, batches_at_once: int) -> None:
        self._channel = channel
        self._at_once = batches_at_once

    async def everybody(self) -> AsyncIterator[UserProfile]:
        """Yield every user once; raise `IncompleteRead` when a page cannot be read or all users lack a property.

        One user who lacks some is yielded with their names: that is about this user, not about the answer. Without
        an id the user has one that stands for it.
        """
        call = read_of(f"users?$select={wire.USER_SELECT}&$top={_PAGE}", "users", USERS)
        users, without, shown = 0, 0, NeverShown("user", wire.USER_SELECT.split(","))
        async for profile in self._each_once(call, wire.listed_user, lambda user: user.id):
            users += 1
            shown.note(profile.lacks or ())
            if profile.id:
                yield profile
            else:
                without += 1
                yield msgspec.structs.replace(profile, id=stand_in_id(without))
        shown.end()
        self._channel.pacers.know_size(users)

    async def profiles(self, user_ids: Sequence[str]) -> dict[str, UserProfile | Reason]:
        """Read these users in batches; the value is the reason where one could not be read."""
        parts = await all_of((self._profiles_of(chunk) for chunk in chunks_of(user_ids)), at_once=self._at_once)
        return {user_id: profile for part in parts for user_id, profile in part.items()}

    async def _profiles_of(self, user_ids: Sequence[str]) -> dict[str, UserProfile | Reason]:
        items = [
            Item(id=str(number), method="GET", path=f"{_path_of(user_id)}?$select={wire.USER_SELECT}")
            for number, user_id in enumerate(user_ids)
        ]
        answers = await BatchOfReads(self._channel, _PROFILES, items).read()
        return {
            user_id: _of_whom_was_asked(user_id, wire.profile_or_reason(answers[str(number)]))
            for number, user_id in enumerate(user_ids)
        }

    async def registrations(self, user_ids: Sequence[str]) -> dict[str, Registration | None]:
        """Read the rows of the registration report for these users; None where the report has none.

        The report's limit is 5 requests in 10 seconds and each item of a batch counts as one, so more than 20 users
        are read from the whole report, which shows 999 in one request.
        """
        if len(user_ids) > LARGEST_BATCH:
            wanted = set(user_ids)
            rows = {user_id: row async for user_id, row in self.all_registrations() if user_id in wanted}
            return {user_id: rows.get(user_id) for user_id in user_ids}
        found: dict[str, Registration | None] = {}
        for start in range(0, len(user_ids), _REPORTS_AT_ONCE):
            found |= await self._registrations_of(user_ids[start : start + _REPORTS_AT_ONCE])
        return found

    async def _registrations_of(self, user_ids: Sequence[str]) -> dict[str, Registration | None]:
        path = "/reports/authenticationMethods/userRegistrationDetails"
        items = [
            Item(id=str(number), method="GET", path=f"{path}/{user_id}") for number, user_id in enumerate(user_ids)
        ]
        answers = await BatchOfReads(self._channel, _REGISTRATION, items).read()
        return {user_id: wire.registration_or_none(answers[str(number)]) for number, user_id in enumerate(user_ids)}

    async def all_registrations(self) -> AsyncIterator[tuple[str, Registration | None]]:
        """Yield the rows of the registration report as (user id, registration), each user once.

        None where Graph does not show the row whole, the id then empty where it has none: about this user, not about
        the answer. Raises `IncompleteRead` as `everybody`.
        """
        shown = NeverShown("row of the registration report", wire.REGISTRATION_NEEDS)
        async for user_id, row, lacks in self._each_once(
            _REGISTRATIONS, wire.listed_registration, lambda found: found[0]
        ):
            shown.note(lacks)
            yield user_id, row
        shown.end()

    async def states_by_select(self) -> AsyncIterator[tuple[str, str | None]]:
        """Yield (user id, raw state or None when the property is missing) by the undocumented `$select`."""
        call = read_of(f"users?$select=id,perUserMfaState&$top={_PAGE}", "states by $select", STATES)
        async for row in self._each_once(call, wire.selected_state, lambda row: row[0]):
            yield row

    async def _each_once(
        self, call: Call, decode: Callable[[msgspec.Raw], T], key: Callable[[T], str]
    ) -> AsyncIterator[T]:
        """Yield the objects of a collection, leaving out what an earlier page already had.

        Graph may repeat an object when the collection changes while it is read. What has no key is yielded each time.
        """
        seen = SeenIds()
        async for page in pages(self._channel, call, decode):
            for item in page:
                if not (known := key(item)) or seen.add(known):
                    yield item


_PROFILES = read_of("$batch", "user profiles", USERS)
_REGISTRATIONS = read_of(
    f"reports/authenticationMethods/userRegistrationDetails?$top={_PAGE}",
    "the registration report",
    REPORTS,
    bucket=Bucket.REPORTS,
)
_REGISTRATION = read_of("$batch", "the registration of users", REPORTS, bucket=Bucket.REPORTS)


def _of_whom_was_asked(user_id: str, found: UserProfile | Reason) -> UserProfile | Reason:
    """Return the profile, or that it is somebody else's than the one who was asked for by id."""
    if isinstance(found, UserProfile) and "@" not in user_id and found.id != user_id.lower():
        return reason_of(Why.NOT_UNDERSTOOD, "for this user is about another one.")
    return found


def _path_of(user_id: str) -> str:
    """Return the path of a user by id or name.

    A name that begins with `$` would be taken for a word of OData; between quotes it is a key (learn.microsoft.com,
    graph/api/user-get: "URL violates OData URL convention").
    """
    if user_id.startswith("$"):
        key = quote(user_id.replace("'", "''"), safe="@$'")
        return f"/users('{key}')"
    return f"/users/{quote(user_id, safe='@')}"
