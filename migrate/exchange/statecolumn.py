"""Which column holds the per-user MFA state: sure ones, ones whose values have to tell, and false friends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import assert_never

from migrate.errors import BadInput
from migrate.exchange.columns import (
    GRAPH_STATES,
    OTHER_PROPERTIES,
    OUR_STATES,
    REQUIREMENTS,
    Meaning,
    columns_for,
    false_friend_says,
    folded,
    is_msonline,
)
from migrate.exchange.localized import WORDS, Language
from migrate.exchange.sheets import REEXPORT_HINT, Sheet
from migrate.exchange.words import Blank, Foreign, Gap, Known, Lost, NoRequirement, Said, Strange, Value, said_by
from migrate.model.users import MfaState

_PORTAL_TEMPLATE = frozenset({"username", "mfastatus"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StateColumn:
    """The choice of a column, or why there is none."""

    name: str | None
    """None: the file holds no state."""
    blank_is_disabled: bool = False
    """The source leaves a blank for users without a requirement."""
    language: Language | None = None
    """The language that all states are written in, where it is not English."""
    others: tuple[str, ...] = ()
    """Further columns that hold states: a row in which one of them says another state is not known."""
    refusal: str | None = None
    """A sentence, then a line with what to do; None where the column can be used, or where there is none at all."""
    notes: tuple[str, ...] = ()

    @property
    def is_previous_state(self) -> bool:
        """Tell whether it is the PreviousState of one of our rollback files."""
        return self.name is not None and folded(self.name) == "previousstate"


@dataclass(slots=True, kw_only=True)
class _Tally:
    """What the values of one column say, with an example of each kind."""

    rows: int
    states: set[MfaState] = field(default_factory=set)
    known: int = 0
    no_requirement: int = 0
    of_requirements: int = 0
    """Known states that stand in a requirement, `@{…; State=Enforced}`, and not alone."""
    spelled_by_graph: bool = False
    """A state is spelled as Graph spells it, in lower case; MSOnline writes Enabled and Enforced."""
    lost: tuple[int, Lost] | None = None
    gap: tuple[int, Gap] | None = None
    """A cell or property that shows no value of its own, and is no blank."""
    strange: tuple[int, Strange] | None = None
    strange_rows: int = 0
    foreign: tuple[int, Foreign] | None = None
    foreign_rows: int = 0
    languages: set[Language] = field(default_factory=lambda: set(Language))
    """The languages in which all foreign words are states."""
    language: Language | None = None
    """The one language of all states; None where they are English, or not all of one language."""


def state_column_of(sheet: Sheet, *, asked: str | None, trust_disabled: bool) -> StateColumn:
    """Return which column of a sheet holds the state.

    `asked` is what the operator named; raises `BadInput` when there is no such column. `trust_disabled` is
    the operator's word that a file in which everybody is Disabled is right.
    """
    if asked is not None:
        return _if_not_all_disabled(sheet, _named(sheet, asked), trust_disabled)
    sure = columns_for(Meaning.STATE, sheet.columns)
    maybe = columns_for(Meaning.MAYBE_STATE, sheet.columns)
    if sure:
        chosen = _if_not_all_disabled(sheet, _sure(sheet, sure), trust_disabled)
    elif maybe:
        chosen = _maybe(sheet, maybe[0])
    else:
        return _none(sheet)
    if chosen.refusal is not None or len(sure) + len(maybe) == 1:
        return chosen
    others = tuple(column for column in (*sure, *maybe) if column != chosen.name and _holds_states(sheet, column))
    return replace(chosen, others=others)


def _holds_states(sheet: Sheet, column: str) -> bool:
    """Tell whether a column beside the chosen one may speak of the per-user state as well.

    One that need not, such as MFA Status, counts where most values are states and no column about methods is there.
    """
    tally = _tally(sheet, column)
    says_something = tally.known > 0 or tally.no_requirement > 0 or tally.foreign is not None
    if not columns_for(Meaning.MAYBE_STATE, [column]):
        return says_something
    is_mostly_strange = tally.strange_rows > max(tally.known, tally.foreign_rows)
    return says_something and not is_mostly_strange and not columns_for(Meaning.METHODS, sheet.columns)


def _tally(sheet: Sheet, column: str) -> _Tally:
    tally = _counted(sheet, column)
    if tally.foreign is None or tally.known or tally.strange or tally.lost or not tally.languages:
        return tally
    # Spanish and Portuguese share a word; what two languages share means the same in both.
    tally.language = min(tally.languages, key=list(Language).index)
    for _, _, said in _said(sheet, column):
        if isinstance(said, Foreign) and (state := said.state_in(tally.language)) is not None:
            tally.states.add(state)
            tally.known += 1
    return tally


def _counted(sheet: Sheet, column: str) -> _Tally:
    tally = _Tally(rows=len(sheet.rows))
    for number, value, said in _said(sheet, column):
        match said:
            case Known():
                tally.states.add(said.state)
                tally.known += 1
                text = value.lstrip() if isinstance(value, str) else "@{"
                tally.of_requirements += text.startswith("@{")
                tally.spelled_by_graph |= text[:1].islower()
            case NoRequirement():
                tally.no_requirement += 1
            case Lost():
                tally.lost = tally.lost or (number, said)
            case Strange() if not said.is_failure:
                tally.strange = tally.strange or (number, said)
                tally.strange_rows += 1
            case Foreign():
                tally.foreign = tally.foreign or (number, said)
                tally.foreign_rows += 1
                tally.languages &= {language for language, _ in said.readings}
            case Gap() if said is not Gap.ABSENT:
                tally.gap = tally.gap or (number, said)
            case Blank() | Gap() | Strange():
                pass
            case _:
                assert_never(said)
    return tally


def _said(sheet: Sheet, column: str) -> Iterator[tuple[int, Value, Said]]:
    for number, row in sheet.rows:
        value = row.get(column, Gap.ABSENT)
        yield number, value, said_by(value)


def _not_one_language(sheet: Sheet, column: str, tally: _Tally) -> StateColumn | None:
    """Return the refusal of a column that mixes a language with something else; None where it does not."""
    if tally.foreign is None or tally.language is not None:
        return None
    number, foreign = tally.foreign
    language, _ = foreign.readings[0]
    words = ", ".join(word for words in WORDS[language].values() for word in words)
    return StateColumn(
        name=column,
        refusal=f"{sheet.name}, row {number}, column {column}: this file speaks {language.value} ({foreign.text!r}), "
        f"and not all values of the column are {language.value} states.\nKnown in {language.value} are {words}; "
        "write the states of all rows in one language.",
    )


def _named(sheet: Sheet, asked: str) -> StateColumn:
    """Return the column that the operator named; its values still have to be states."""
    found = [column for column in sheet.columns if folded(column) == folded(asked)]
    if not found:
        raise BadInput(f"{sheet.name} has no column {asked!r} (found: {', '.join(sheet.columns)}).")
    column = found[0]
    tally = _tally(sheet, column)
    if (refused := _not_one_language(sheet, column, tally)) is not None:
        return refused
    if tally.strange is not None:
        number, strange = tally.strange
        return StateColumn(
            name=column,
            refusal=f"{sheet.name}, row {number}, column {column}: {strange.text[:80]!r} is no per-user MFA state, "
            "so the column does not hold it.\nKnown are Disabled, Enabled and Enforced.",
        )
    if not tally.known and not tally.no_requirement:
        return _lost_or_blank(sheet, column, tally)
    return _taken(sheet, column, tally)


def _taken(sheet: Sheet, column: str, tally: _Tally) -> StateColumn:
    blank_is_disabled = _blank_is_disabled(sheet, column, tally)
    return StateColumn(name=column, blank_is_disabled=blank_is_disabled, language=tally.language)


def _sure(sheet: Sheet, columns: list[str]) -> StateColumn:
    """Return the most trusted column that says anything."""
    tallies = {column: _tally(sheet, column) for column in columns}
    for column, tally in tallies.items():
        if (refused := _not_one_language(sheet, column, tally)) is not None:
            return refused
        if tally.known or tally.no_requirement:
            return _taken(sheet, column, tally)
    column, tally = next(iter(tallies.items()))
    if not tally.rows:
        return StateColumn(name=column)
    return _lost_or_blank(sheet, column, tally)


def _lost_or_blank(sheet: Sheet, column: str, tally: _Tally) -> StateColumn:
    if tally.lost is not None:
        number, lost = tally.lost
        return StateColumn(
            name=column,
            refusal=f"{sheet.name}, row {number}, column {column}: {lost.text[:80]!r} is the name of a type or a cut "
            f"object; the state was lost in the export.\n{REEXPORT_HINT}",
        )
    if tally.strange is not None:
        number, strange = tally.strange
        return StateColumn(
            name=column,
            refusal=f"{sheet.name}, row {number}, column {column}: {strange.text[:80]!r} is no per-user MFA state.\n"
            "Known are Disabled, Enabled and Enforced.",
        )
    if tally.gap is not None:
        number, gap = tally.gap
        return StateColumn(
            name=column,
            refusal=f"{sheet.name}, row {number}, column {column}: {gap.value}; no row holds a state.\n"
            "Mend the file, or export it again.",
        )
    return StateColumn(
        name=column,
        refusal=f"{sheet.name}: the column {column} is blank in every row, and that says nothing: Graph's users have "
        f"no such property and always export a blank.\n{REEXPORT_HINT}",
    )


def _blank_is_disabled(sheet: Sheet, column: str, tally: _Tally) -> bool:
    """Tell whether a blank in this column means that the user has no requirement.

    Only tables of MSOnline's own objects are known to leave one, and only where nobody is written out as Disabled
    and every state is spelled as MSOnline does. Structure has the empty list for it: null says nothing there.
    """
    if sheet.format not in ("csv", "xlsx") or not tally.known:
        return False
    if MfaState.DISABLED in tally.states or tally.spelled_by_graph or tally.language is not None:
        return False
    key = folded(column)
    if tally.of_requirements == tally.known and key == REQUIREMENTS:
        return True
    if _stands_before_names(sheet, column):
        return False
    if key.startswith(REQUIREMENTS):
        return True
    is_word_of_script = key == "requirementstate" or bool(columns_for(Meaning.MAYBE_STATE, [column]))
    return is_word_of_script and any(is_msonline(name) for name in sheet.columns)


def _stands_before_names(sheet: Sheet, column: str) -> bool:
    """Tell whether a column may hold the labels of a pivot table: each stands once, above those whom it is about."""
    names = {*columns_for(Meaning.OBJECT_ID, sheet.columns), *columns_for(Meaning.USER_PRINCIPAL_NAME, sheet.columns)}
    return not names.intersection(sheet.columns[: sheet.columns.index(column)])


def _maybe(sheet: Sheet, column: str) -> StateColumn:
    """Return a column named like `MFA Status` when its values can only be the per-user state."""
    tally = _tally(sheet, column)
    if not tally.rows:
        return StateColumn(name=column)
    if (refused := _not_one_language(sheet, column, tally)) is not None:
        return refused
    if tally.lost is not None and not tally.known:
        return _lost_or_blank(sheet, column, tally)
    ask = f"If it is the per-user state all the same, say so: --state-column '{column}'."
    if tally.strange is not None:
        number, strange = tally.strange
        return StateColumn(
            name=column,
            refusal=f"{sheet.name}, row {number}, column {column}: {strange.text[:80]!r} is no per-user MFA state; "
            "the column says how strong or complete the registered methods are.\n"
            "mfa-migrate export reads the state from the tenant.",
        )
    methods = columns_for(Meaning.METHODS, sheet.columns)
    if methods:
        return StateColumn(
            name=column,
            refusal=f"{sheet.name}: the column {column} stands beside {', '.join(methods[:3])}, so the file is a "
            f"report about methods, and there it says whether somebody has one.\n{ask}",
        )
    if MfaState.ENFORCED in tally.states:
        return _taken(sheet, column, tally)
    if {folded(name) for name in sheet.columns} == _PORTAL_TEMPLATE:
        return StateColumn(
            name=column,
            refusal=f"{sheet.name} looks like the portal's bulk-update file: the column {column} holds what somebody "
            f"asked for, and nobody is Enforced in it, so it need not be what the users' state was.\n{ask}",
        )
    return StateColumn(
        name=column,
        refusal=f"{sheet.name}: nobody is Enforced in the column {column}, as in reports that call a user Enabled who "
        f"has a method registered; it need not be the per-user state.\n{ask}",
    )


def _none(sheet: Sheet) -> StateColumn:
    """Return that there is no state, and refuse where something passes itself off as one."""
    false_friends = columns_for(Meaning.FALSE_FRIEND, sheet.columns)
    states_alone = [column for column in sheet.columns if folded(column) == "state"]
    for column in states_alone:
        tally = _tally(sheet, column)
        if tally.known and tally.strange is None:
            return StateColumn(
                name=column,
                refusal=f"{sheet.name}: the column {column} holds words that are MFA states, but a property of that "
                "name is the province in MSOnline and in the portal.\n"
                f"If it is the per-user state all the same, say so: --state-column '{column}'.",
            )
    if false_friends:
        column = false_friends[0]
        return StateColumn(
            name=None,
            refusal=f"{sheet.name}: the column {column} says {false_friend_says(column)}, not the per-user MFA state, "
            "and no other column holds it.\n"
            "mfa-migrate export reads the state from the tenant.",
        )
    notes = [
        f"{sheet.name}: the column {column} is the state or province of the address, not the MFA state."
        for column in states_alone
    ]
    for column in sheet.columns:
        lost = _tally(sheet, column).lost if folded(column) == OTHER_PROPERTIES else None
        if lost is not None:
            number, value = lost
            notes.append(
                f"{sheet.name}, row {number}: {column} holds {value.text[:60]!r} and not what was in it; if the state "
                "was there, the export has lost it. ConvertTo-Json keeps it."
            )
    return StateColumn(name=None, notes=tuple(notes))


def _if_not_all_disabled(sheet: Sheet, chosen: StateColumn, trusted: bool) -> StateColumn:
    """Refuse a file in which nobody is anything but Disabled, unless the operator vouches for it.

    Under PowerShell 7's compatibility layer the old report scripts call everybody Disabled: the requirement
    arrives as a text without a State. What Graph says itself is not under that suspicion.
    """
    if chosen.name is None or chosen.refusal is not None or trusted or not sheet.rows:
        return chosen
    tally = _tally(sheet, chosen.name)
    if tally.states - {MfaState.DISABLED} or tally.lost is not None or tally.strange is not None:
        return chosen
    if folded(chosen.name) in (GRAPH_STATES | OUR_STATES):
        return chosen
    return StateColumn(
        name=chosen.name,
        refusal=f"{sheet.name}: nobody is anything but Disabled in the column {chosen.name}. Report scripts that ran "
        "in PowerShell 7 say so of everybody, because the requirement does not survive the way there.\n"
        "If it is true, say so with --trust-disabled; mfa-migrate export reads the state from the tenant.",
    )
