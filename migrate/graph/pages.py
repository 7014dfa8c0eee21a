"""Read a collection to its end: links followed as Graph wrote them, and nothing half-read passes for whole."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

import msgspec

from migrate.errors import GraphRefused, IncompleteRead
from migrate.graph.answers import BadAnswer
from migrate.graph.channel import Call, Channel
from migrate.model.record import JsonObject

T = TypeVar("T")

MOST_EMPTY = 20
"""Pages that bring nothing new, one after the other, after which more are not to be expected: without an object, as
happens with filters, or saying what an earlier one said, under another link each time."""


class _Page(msgspec.Struct, frozen=True):
    value: list[msgspec.Raw]
    error: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    next_link: str | None = msgspec.field(name="@odata.nextLink", default=None)


class _Spliced(msgspec.Struct, frozen=True):
    error: dict[str, object] | msgspec.UnsetType = msgspec.UNSET


def page_of(body: bytes, decode: Callable[[msgspec.Raw], T]) -> tuple[list[T], str | None]:
    """Return the decoded objects of a page and the link to the next one; raise for anything but a whole page."""
    page = msgspec.json.decode(body, type=_Page)
    if page.error is not msgspec.UNSET:
        raise BadAnswer("an error stands beside the objects of the page")
    return [_object(raw, decode) for raw in page.value], page.next_link


def _object(raw: msgspec.Raw, decode: Callable[[msgspec.Raw], T]) -> T:
    try:
        return decode(raw)
    except msgspec.ValidationError as problem:
        # Seen in the wild: an error object in the place of an object, inside a page with status 200.
        if msgspec.json.decode(raw, type=_Spliced).error is not msgspec.UNSET:
            raise BadAnswer("an error stands in the place of an object") from problem
        raise


async def pages(channel: Channel, call: Call, decode: Callable[[msgspec.Raw], T]) -> AsyncIterator[list[T]]:
    """Yield the pages of a collection, decoded.

    Raises `IncompleteRead` for a link that comes back, a link that Graph does not know any more, a page without its
    list or with an error in it, and for whatever goes on failing.
    """
    seen = {call.path}
    said: set[bytes] = set()
    first, empty = True, 0

    def new_page(body: bytes) -> tuple[list[T], str | None, bytes]:
        return *page_of(body, decode), _digest(body)

    while True:
        try:
            objects, link, digest = await channel.read(call, new_page)
        except GraphRefused as problem:
            if first:
                raise
            raise IncompleteRead(
                f"Graph does not know a later page any more while {call.doing}: {problem.what}",
                hint="Run the command again; it reads from the start.",
            ) from problem
        yield objects
        empty = 0 if objects and digest not in said else empty + 1
        said.add(digest)
        if link is None:
            return
        if empty == MOST_EMPTY:
            raise IncompleteRead(
                f"Graph sent {MOST_EMPTY} pages in a row with nothing new, and more to come, while {call.doing}.",
                hint="Run the command again; if it stays, report it to Microsoft.",
            )
        if link in seen:
            raise IncompleteRead(
                f"Graph's pages lead in a circle while {call.doing}: a link came twice.",
                hint="Run the command again; if it stays, report it to Microsoft.",
            )
        seen.add(link)
        call = dataclasses.replace(call, path=link)
        first = False


def _digest(body: bytes) -> bytes:
    """Return a digest of the objects of a page, whatever its link says."""
    hashed = hashlib.blake2b(digest_size=16)
    for raw in msgspec.json.decode(body, type=_Page).value:
        hashed.update(bytes(raw))
    return hashed.digest()


async def whole(channel: Channel, call: Call, decode: Callable[[msgspec.Raw], T]) -> list[T]:
    """Read a collection whole into a list."""
    return [item async for page in pages(channel, call, decode) for item in page]


_MOST_LOOKS = 3


async def whole_once(
    channel: Channel, call: Call, decode: Callable[[msgspec.Raw], T], *, said: Callable[[T], JsonObject]
) -> list[T]:
    """Read a collection whole, each object once: Graph may repeat one on the next page when the collection changes.

    A list that says two things about one object is read again. Raises `IncompleteRead` where it goes on doing so.

    Args:
        said: Returns the object as Graph sent it, with its id.
        channel, call, decode: As `pages` takes them.
    """
    twice = ""
    for _ in range(_MOST_LOOKS):
        found: dict[str, T] = {}
        twice = ""
        for number, item in enumerate(await whole(channel, call, decode)):
            known = said(item).get("id")
            # Without an id nobody can say whether two are one, so each keeps its place.
            id_ = known.lower() if isinstance(known, str) else f"{number} without an id"
            if said(found.setdefault(id_, item)) != said(item):
                twice = id_
        if not twice:
            return list(found.values())
    raise IncompleteRead(
        f"Graph says two things about {twice} in one list, {_MOST_LOOKS} times, while {call.doing}.",
        hint="Somebody may be changing it; run the command again in a few minutes.",
    )
