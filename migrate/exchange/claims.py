"""From named columns to claims: whom a row is about, which column holds the state, and what its values say."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from typing import assert_never

from migrate.errors import BadInput
from migrate.exchange.columns import Meaning, columns_for
from migrate.exchange.identities import GUID, identity_of
from migrate.exchange.invisible import invisible_in, trimmed
from migrate.exchange.sheets import REEXPORT_HINT, Sheet
from migrate.exchange.statecolumn import StateColumn, state_column_of
from migrate.exchange.tables import neutralised, original
from migrate.exchange.words import Blank, Foreign, Gap, Known, Lost, NoRequirement, Said, Strange, Value, said_by
from migrate.model.claims import Claim, ClaimFile, UnreadRow
from migrate.model.users import MfaState
from migrate.model.words import counted

_SHOWN_ROWS = 5
_UNREAD_HINT = "Is the file cut off, or does a value hold the separator without quotes?"


def claims_of(sheet: Sheet, *, state_column: str | None, trust_disabled: bool) -> ClaimFile:
    """Return what a sheet says about users.

    `state_column` is the operator's word for where the state is; `trust_disabled` is the operator's word that a
    file in which nobody is anything but Disabled is right. A row that names nobody is one row that was not read;
    raises `BadInput` where that is so of all rows.
    """
    people, unread = _named_rows(sheet)
    chosen = state_column_of(sheet, asked=state_column, trust_disabled=trust_disabled)
    source = f"{sheet.name}: {chosen.name}" if chosen.name and chosen.refusal is None else sheet.name
    claims = [_claim(sheet, people, chosen, source, number, row) for number, row in sheet.rows]
    about_rows = [*sheet.notes, *_unread_notes(sheet.name, unread)]
    notes = [*about_rows, *chosen.notes, *_notes_about(sheet.name, claims, chosen)]
    return ClaimFile(
        name=sheet.name,
        format=sheet.format,
        state_from=chosen.name,
        claims=tuple(claims),
        unread=tuple(unread),
        notes=tuple(notes),
        notes_about_rows=tuple(about_rows),
        no_state_because=chosen.refusal,
    )


class _People:
    """Finds out whom a row is about. Never by display name: exports lose letters of it."""

    def __init__(self, sheet: Sheet) -> None:
        self._name = sheet.name
        self.format = sheet.format
        self.found: deque[tuple[str | None, str | None]] = deque()
        """Object id and user principal name of each row that names somebody, in their order."""
        self._id_columns = columns_for(Meaning.OBJECT_ID, sheet.columns)
        self._name_columns = columns_for(Meaning.USER_PRINCIPAL_NAME, sheet.columns)
        self._display_columns = columns_for(Meaning.DISPLAY_NAME, sheet.columns)
        self._digest_columns = columns_for(Meaning.PLAN_DIGEST, sheet.columns)
        if not self._id_columns and not self._name_columns:
            if not sheet.columns:
                raise BadInput(f"{sheet.name} names nobody.", hint="Needed is a row for each user.")
            found = ", ".join(sheet.columns[:12])
            raise BadInput(
                f"{sheet.name} has no column that says whom a row is about (found: {found}).",
                hint="Needed is ObjectId or UserPrincipalName. A display name is not enough: names are not unique.",
            )

    def find(self, number: int, row: dict[str, Value]) -> UnreadRow | None:
        """Find out object id and user principal name of a row, at least one of them, or return why it has none."""
        object_id = user_principal_name = None
        strange: tuple[str, str] | None = None
        for column in self._id_columns:
            text = _text(row.get(column))
            if not text or object_id is not None:
                continue
            if found := GUID.fullmatch(text):
                object_id = found.group(1).lower()
            elif "@" not in text:
                strange = strange or (column, text)
        for column in self._name_columns:
            text = _text(row.get(column))
            if not text or user_principal_name is not None:
                continue
            as_id, as_name = identity_of(text)
            object_id, user_principal_name = object_id or as_id, as_name
            if as_id is None and as_name is None:
                strange = strange or (column, text)
        if object_id is not None or user_principal_name is not None:
            self.found.append((object_id, user_principal_name))
            return None
        if strange is None:
            return UnreadRow(row=number, reason="it names nobody.")
        column, text = strange
        reason = f"{text[:80]!r} is neither an object id (a GUID) nor a user principal name (it has an @)."
        return UnreadRow(row=number, column=column, reason=f"{reason} {invisible_in(text)}".rstrip())

    def display_name(self, row: dict[str, Value]) -> str | None:
        """Return the display name of a row, for reading only."""
        return next((text for column in self._display_columns if (text := _text(row.get(column)))), None)

    def plan_digest(self, row: dict[str, Value]) -> str | None:
        """Return the PlanDigest of a row of one of our rollback files."""
        return next((text for column in self._digest_columns if (text := _text(row.get(column)))), None)


def _named_rows(sheet: Sheet) -> tuple[_People, list[UnreadRow]]:
    """Leave the rows in a sheet that name somebody, and return whom with the others: these do not tell about columns.

    Raises `BadInput` where no row names anybody.
    """
    people = _People(sheet)
    unread = [UnreadRow(row=number, reason=reason) for number, reason in sheet.unread]
    named: list[tuple[int, dict[str, Value]]] = []
    for number, row in sheet.rows:
        if (nobody := people.find(number, row)) is not None:
            unread.append(nobody)
        else:
            named.append((number, row))
    if len(named) < len(sheet.rows):
        sheet.rows = named
    unread.sort(key=lambda each: each.row)
    if unread and not named:
        raise BadInput(f"{sheet.name}, {unread[0].place}: {unread[0].reason}", hint=_UNREAD_HINT)
    return people, unread


def _claim(
    sheet: Sheet, people: _People, chosen: StateColumn, source: str, number: int, row: dict[str, Value]
) -> Claim:
    object_id, user_principal_name = people.found.popleft()
    state: MfaState | None = None
    inferred, lost, problem = False, False, None
    if chosen.name is not None and chosen.refusal is None:
        said = said_by(row.get(chosen.name, Gap.ABSENT))
        state = _state(said, chosen)
        if state is None:
            lost = isinstance(said, Lost)
            problem = f"{sheet.name}, row {number}, column {chosen.name}: {_why_unknown(said)}"
        elif (other := _disagreeing(row, state, chosen)) is not None:
            problem = (
                f"{sheet.name}, row {number}: column {chosen.name} says {state} and column {other} something else, "
                "so neither is believed."
            )
            state = None
        inferred = state is not None and isinstance(said, Blank)
    return Claim(
        object_id=object_id,
        user_principal_name=user_principal_name,
        also_named=_other_spelling(people.format, user_principal_name),
        display_name=people.display_name(row),
        mfa_state=state,
        inferred=inferred,
        problem=problem,
        lost=lost,
        previous_state=state if chosen.is_previous_state else None,
        plan_digest=people.plan_digest(row),
        source=source,
        row=number,
    )


def _disagreeing(row: dict[str, Value], state: MfaState, chosen: StateColumn) -> str | None:
    """Return another state column that says another state; a blank there says nothing against it."""
    for column in chosen.others:
        match said_by(row.get(column, Gap.ABSENT)):
            case Known() as said if said.state is not state:
                return column
            case NoRequirement() if state is not MfaState.DISABLED:
                return column
            case Foreign() as said if all(meant is not state for _, meant in said.readings):
                return column
            case _:
                pass
    return None


def _state(said: Said, chosen: StateColumn) -> MfaState | None:
    match said:
        case Known():
            return said.state
        case NoRequirement():
            return MfaState.DISABLED
        case Blank():
            return MfaState.DISABLED if chosen.blank_is_disabled else None
        case Foreign():
            return said.state_in(chosen.language)
        case Lost() | Strange() | Gap():
            return None
        case _:
            assert_never(said)


def _why_unknown(said: Said) -> str:
    match said:
        case Lost():
            return f"{said.text[:80]!r} stands for an object that was not written; the state was lost in the export."
        case Strange() | Foreign():
            return f"{said.text[:80]!r} is no per-user MFA state."
        case Blank():
            return "it is blank, which says nothing in this file."
        case Gap():
            return f"{said.value}, so it says nothing."
        case Known() | NoRequirement():
            raise AssertionError("a known state needs no reason")
        case _:
            assert_never(said)


def _unread_notes(name: str, unread: Sequence[UnreadRow]) -> Iterable[str]:
    """Yield a sentence for each of the first rows that were not read, and how many more there are."""
    for each in unread[:_SHOWN_ROWS]:
        yield f"{name}, {each.place} was not read: {each.reason}"
    if len(unread) > _SHOWN_ROWS:
        yield f"… and {counted(len(unread) - _SHOWN_ROWS, 'more row')} that could not be read."


def _notes_about(name: str, claims: Sequence[Claim], chosen: StateColumn) -> Iterable[str]:
    """Yield what is half of the truth in the file."""
    if chosen.refusal is not None:
        return
    if chosen.name is None:
        yield f"{name}: this file holds no state; no column or property of it is the per-user MFA state."
        return
    if chosen.language is not None:
        yield f"{name}: the states are read in {chosen.language.value}."
    states = Counter(claim.mfa_state for claim in claims)
    if states and not states[MfaState.DISABLED] and not states[None]:
        yield (
            f"{name} lists only users with MFA on and nobody who is Disabled, so it is half of the truth: "
            "whoever is not in it is not known to be Disabled."
        )
    inferred = sum(claim.inferred for claim in claims)
    if inferred:
        yield f"Read as Disabled, as reports of that kind mean it: {counted(inferred, 'blank cell')} of {chosen.name}."
    problems = [claim.problem for claim in claims if claim.problem is not None]
    yield from problems[:_SHOWN_ROWS]
    if len(problems) > _SHOWN_ROWS:
        yield f"… and {counted(len(problems) - _SHOWN_ROWS, 'more row')} whose state is not known."
    if any(claim.lost for claim in claims):
        yield REEXPORT_HINT
    yield from _contradictions(name, claims)


def _contradictions(name: str, claims: Sequence[Claim]) -> Iterable[str]:
    first: dict[str, Claim] = {}
    for claim in claims:
        key = claim.object_id or (claim.user_principal_name or "").casefold()
        before = first.setdefault(key, claim)
        if before.mfa_state is not claim.mfa_state:
            who = claim.user_principal_name or claim.object_id
            yield f"{name}: rows {before.row} and {claim.row} both speak of {who} and disagree."


def _text(value: Value) -> str:
    return trimmed(value) if isinstance(value, str) else ""


def _other_spelling(form: str, name: str | None) -> str | None:
    """Return the other name that a text may stand for, where an apostrophe of a table was or was not taken off.

    Import-Csv hands on a name that begins with `-` with the apostrophe that keeps spreadsheets from running it.
    """
    other = name and (neutralised(name) if form in ("csv", "xlsx") else original(name))
    return other if other != name else None
