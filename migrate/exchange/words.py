"""What the value of a state column says: a state, nothing, or something that was lost in the export."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from migrate.exchange.invisible import trimmed
from migrate.exchange.localized import Language, readings_of
from migrate.model.users import MfaState


class Gap(Enum):
    """Why there is no value where one should be; a gap is never a state. Its value says so of the cell or property."""

    ABSENT = "the property is not there"
    FORMULA = "it holds a formula whose value was never calculated"
    MERGED = "it is merged with another cell"
    HEADING = "its heading is merged over several columns, so nobody knows which of them it is about"
    TWICE = "it stands there twice, with two values"
    CUT = "the file ends in this cell, so nobody knows what was to stand in it"


Value = str | int | float | bool | list["Value"] | dict[str, "Value"] | Gap | None
"""A value of a foreign file; tables have texts, gaps and None only, JSON and CLIXML also structure."""

_STATES = {
    "disabled": MfaState.DISABLED,
    "enabled": MfaState.ENABLED,
    "enforced": MfaState.ENFORCED,
    "not enabled": MfaState.DISABLED,
}
_BLANK = frozenset({"", "-", "none", "null", "[]"})

# `System.Object[]`, `System.Collections.Generic.List`1[…]`, `Microsoft.Online.Administration.…Requirement`
_TYPE_NAME = re.compile(r"(?:\{)?(?:System|Microsoft|Deserialized|Selected)\.[\w.`+]+.*", re.DOTALL)
_CUT_OBJECT = re.compile(r"@\{(.*)\}", re.DOTALL)
_FAILURE = re.compile(
    r"(?:error|failed|failure|unknown|not found|no data|not available|n/?a|#[a-z/0!?]+)(?:\W.*)?",
    re.IGNORECASE | re.DOTALL,
)
_CUT_STATE = re.compile(r"(?:^|[;{])\s*State\s*=\s*([^;}]*)", re.IGNORECASE)
_DISAGREE = "several requirements that disagree"


@dataclass(frozen=True, slots=True)
class Known:
    """The value names a state."""

    state: MfaState


@dataclass(frozen=True, slots=True)
class Blank:
    """There is nothing; what that means depends on the column."""


@dataclass(frozen=True, slots=True)
class NoRequirement:
    """An empty list of requirements: Disabled, as MSOnline stores it."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A type name or a cut object: the state was there and the export did not write it."""

    text: str


@dataclass(frozen=True, slots=True)
class Strange:
    """A value that is no state."""

    text: str
    is_failure: bool = False
    """A script wrote it because it could not read the state: it says nothing about what the column holds."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """A state in another language than English; which one, the whole column has to tell."""

    text: str
    readings: tuple[tuple[Language, MfaState], ...]

    def state_in(self, language: Language | None) -> MfaState | None:
        """Return the state that the word is in a language; None where it is no word of it."""
        return next((state for spoken, state in self.readings if spoken is language), None)


Said = Known | Blank | NoRequirement | Lost | Strange | Foreign | Gap


def said_by(value: Value) -> Said:
    """Return what a value says about the per-user MFA state."""
    match value:
        case list():
            return _said_by_all(value)
        case dict():
            return _said_by_requirement(value)
        case Gap():
            return value
        case _:
            return _said_by_scalar(value)


@lru_cache(maxsize=256)
def _said_by_text(text: str) -> Said:
    word = trimmed(text)
    if state := _STATES.get(word.casefold()):
        return Known(state)
    if word.casefold() in _BLANK:
        return Blank()
    if cut := _CUT_OBJECT.fullmatch(word):
        states = {_STATES.get(state.strip().casefold()) for state in _CUT_STATE.findall(cut.group(1))}
        if len(states) > 1:
            return Strange(_DISAGREE)
        state = states.pop() if states else None
        return Known(state) if state else Lost(word)
    if _TYPE_NAME.fullmatch(word):
        return Lost(word)
    if readings := readings_of(word):
        return Foreign(word, tuple(readings.items()))
    return Strange(word, is_failure=_FAILURE.fullmatch(word) is not None)


def _said_by_all(requirements: list[Value]) -> Said:
    """Return what a list of requirements says; MSOnline never has more than one."""
    if not requirements:
        return NoRequirement()
    answers = {_said_by_item(requirement) for requirement in requirements}
    return answers.pop() if len(answers) == 1 else Strange(_DISAGREE)


def _said_by_item(item: Value) -> Said:
    if isinstance(item, dict) and _wrapped(item) is not None:
        return Strange("a list of requirements within a list")
    answer = _said_by_requirement(item) if isinstance(item, dict) else _said_by_scalar(item)
    # A requirement without a word in it is not the same as no requirement.
    return Strange("a requirement without a state") if isinstance(answer, Blank | NoRequirement | Gap) else answer


def _said_by_requirement(requirement: dict[str, Value]) -> Said:
    if (inner := _wrapped(requirement)) is not None:
        return _said_by_all(inner)
    answers = {_said_by_scalar(value) for name, value in requirement.items() if name.casefold() == "state"}
    if not answers:
        return Lost("an object without State")
    if len(answers) > 1:
        return Strange(_DISAGREE)
    answer = answers.pop()
    return Strange("a requirement without a state") if isinstance(answer, Blank | Gap) else answer


def _wrapped(requirement: dict[str, Value]) -> list[Value] | None:
    """Return the array that Windows PowerShell sometimes writes as {"value": […], "Count": n}; None for all else."""
    by_name = {name.casefold(): value for name, value in requirement.items()}
    inner = by_name.get("value")
    return inner if set(by_name) == {"value", "count"} and isinstance(inner, list) else None


def _said_by_scalar(value: Value) -> Said:
    match value:
        case None:
            return Blank()
        case str():
            return _said_by_text(value)
        case Gap():
            return value
        case list() | dict():
            return Strange("a structure where a word should be")
        case _:
            # MSOnline's and Graph's states are texts; a number or a truth value is something else.
            return Strange(str(value))
