"""The sign-in log over Graph: beta, with the header without which four results have no name, one kind of event a time.

Sources: Graph beta "List signIns" and resource signIn. Both ends of a window belong to it, so that neighbouring windows
repeat rows; whoever counts drops them by id.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from urllib.parse import quote

import msgspec

from migrate.graph.answers import BadAnswer
from migrate.graph.channel import Call, Channel
from migrate.graph.in_part import decoded_in_part
from migrate.graph.pace import Bucket
from migrate.graph.pages import pages
from migrate.model.instants import iso_utc
from migrate.model.permissions import SIGN_INS
from migrate.model.sign_in_rows import GraphRows, GraphSignIn, Row
from migrate.model.sign_ins import Form

_EVENT_TYPES = {Form.INTERACTIVE: "interactiveUser", Form.NON_INTERACTIVE: "nonInteractiveUser"}


class _Applied(msgspec.Struct, frozen=True, rename="camel"):
    applied_conditional_access_policies: msgspec.Raw = msgspec.Raw()


class _Spliced(msgspec.Struct, frozen=True):
    error: dict[str, object] | None = None


_DECODE = msgspec.json.Decoder(GraphSignIn).decode
_PREFER = {"Prefer": "include-unknown-enum-members"}
_PAGE = 1000


async def sign_ins(channel: Channel, form: Form, since: datetime, until: datetime) -> AsyncIterator[list[Row]]:
    """Yield the pages of one window of the log.

    Raises `PermissionMissing`, `LicenceRefused`, `IncompleteRead` and whatever else `pages` raises.
    """
    rows, interactive = GraphRows(), form is Form.INTERACTIVE
    async for page in pages(channel, call_for(form, since, until), lambda raw: _row(rows, raw, interactive)):
        yield page


def _row(rows: GraphRows, raw: msgspec.Raw, interactive: bool) -> Row:
    """Return a row; of what is null, missing or of another type it says nothing, as of what the source leaves out."""
    try:
        one = _DECODE(raw)
    except msgspec.ValidationError:
        applied = (msgspec.json.decode(raw, type=_Applied | None) or _Applied()).applied_conditional_access_policies
        one = msgspec.structs.replace(
            decoded_in_part(raw, GraphSignIn, {})[0], applied_conditional_access_policies=applied
        )
    if not one.id and msgspec.json.decode(raw, type=_Spliced | None) not in (None, _Spliced()):
        raise BadAnswer("an error stands in the place of a sign-in")
    return rows.row_of(one, interactive=interactive)


def call_for(form: Form, since: datetime, until: datetime) -> Call:
    """Return the request for one window."""
    wanted = (
        f"createdDateTime ge {iso_utc(since)} and createdDateTime le {iso_utc(until)}"
        f" and signInEventTypes/any(t: t eq '{_EVENT_TYPES[form]}')"
    )
    return Call(
        path=f"/beta/auditLogs/signIns?$filter={quote(wanted, safe='')}&$top={_PAGE}",
        bucket=Bucket.REPORTS,
        cost=1,
        doing=f"reading {form.words} sign-ins of {iso_utc(since)}",
        needs=SIGN_INS,
        headers=_PREFER,
    )
