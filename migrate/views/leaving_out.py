"""Whom the configuration could leave out: the accounts by name, and the entry that does it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from migrate.model.leaving_out import LeaveOut, LeftOutBy
from migrate.model.people import RiskList
from migrate.model.words import counted, some_of

SHOWN = 5

_LIKE = {RiskList.SERVICE_ACCOUNTS: "service accounts", RiskList.SHARED_MAILBOXES: "rooms or shared mailboxes"}
_WORDS = {
    LeftOutBy.OF_THE_POLICY: "our policy would ask them",
    LeftOutBy.OF_THE_WAVES: "they are on per-user MFA, and a wave would take them",
    LeftOutBy.OF_BOTH: "enforced, and our policy would ask them besides",
}


def left_out_lines(found: Sequence[LeaveOut]) -> Iterator[str]:
    """Yield the accounts by list and by what would leave them out; nothing where there are none."""
    if not found:
        return
    yield ""
    yield "May have nobody who answers; nothing leaves them out unless you write it, with a reason and an end"
    for (which, by), group in groupby(found, key=lambda one: (one.list, one.by)):
        names = [one.user_principal_name for one in group]
        all_of_them = " (`-o json` has all)" if len(names) > SHOWN else ""
        yield f"  {counted(len(names), 'account')} like {_LIKE[which]}: {some_of(names, SHOWN)}{all_of_them}"
        yield f"    {_WORDS[by]}: {_entry(by, names[0])}"
    yield "  `mfa-migrate people --why USER` shows what speaks for it."


def _entry(by: LeftOutBy, name: str) -> str:
    table = "policy.exclude" if by is LeftOutBy.OF_THE_POLICY else "exclude"
    both = " with from_policy = true" if by is LeftOutBy.OF_BOTH else ""
    return f'[[{table}]] user = "{name}"{both}'
