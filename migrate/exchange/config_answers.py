"""Writes the answers of `init` into mfa-migrate.toml; comments, order and everything else of the file stay."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Set
from datetime import date
from typing import Any

from migrate.errors import ConfigProblem
from migrate.model.questions import QUESTIONS, Question

AnswerValue = str | int | bool | tuple[str, ...] | date

_APART = "answered_apart"
_SETTINGS = frozenset(one.key for one in QUESTIONS if one.table == "tenant_settings") - {"baseline_scopes"}
"""What is answered under [tenant_settings] and signed as a whole; baseline scopes have a signature of their own."""
_HEADER = (
    "What mfa-migrate has to know about this tenant and no API tells.",
    "Made by `mfa-migrate init`, which may be run again: comments stay. All keys: `mfa-migrate help configuration`.",
)


def answers_in(text: str) -> dict[tuple[str, str], Any]:
    """Return the values of a configuration by table and key; those of no table have an empty one."""
    document = _parsed(text)
    found: dict[tuple[str, str], Any] = {}
    for name, value in document.unwrap().items():
        if isinstance(value, dict):
            found |= {(name, key): inner for key, inner in value.items()}
        else:
            found[("", name)] = value
    return found


def with_answers(text: str, answers: Mapping[Question, AnswerValue], *, by: str, on: date) -> str:
    """Return the configuration with these answers, and who gave them when.

    Raises ConfigProblem where the file cannot be read, or a table is something else.
    """
    import tomlkit

    document = _parsed(text)
    if not text.strip():
        for line in _HEADER:
            document.add(tomlkit.comment(line))
        document.add(tomlkit.nl())
    above = tomlkit.document()
    for question, value in answers.items():
        if not question.table and question.key not in document and _has_tables(document):
            # Behind a table it would be a key of that table, or its comment would stand alone at the end.
            above.add(tomlkit.comment(_comment(question)))
            above.add(question.key, value)
            continue
        table = document if not question.table else _table(document, question.table)
        if question.key not in table and hasattr(table, "add"):
            table.add(tomlkit.comment(_comment(question)))
        table[question.key] = list(value) if isinstance(value, tuple) else value
    _sign(document, answers, by=by, on=on)
    head = tomlkit.dumps(above)
    return f"{head}\n{tomlkit.dumps(document)}" if head else tomlkit.dumps(document)


def _comment(question: Question) -> str:
    return f"{question.asks} Look at: {question.where}"


def _has_tables(document: Any) -> bool:
    return any(isinstance(value, MutableMapping) for value in document.values())


def _sign(document: Any, answers: Mapping[Question, AnswerValue], *, by: str, on: date) -> None:
    """Write who and when beside what was answered."""
    names = {(question.table, question.key) for question in answers}
    if ("emergency_access", "accounts") in names:
        _table(document, "emergency_access").update({"decided_by": by, "since": on})
    if ("tenant_settings", "baseline_scopes") in names:
        _table(document, "tenant_settings").update({"baseline_scopes_by": by, "baseline_scopes_on": on})
    given = {key for table, key in names if table == "tenant_settings" and key != "baseline_scopes"}
    if given:
        _sign_settings(_table(document, "tenant_settings"), given, by=by, on=on)


def _sign_settings(table: Any, given: Set[str], *, by: str, on: date) -> None:
    """Write who and when for the whole table; where others gave the other answers, beside these alone."""
    import tomlkit

    kept = [dict(one) for one in table.get(_APART, ()) if one.get("key") not in given]
    others = _SETTINGS & set(table) - given - {one["key"] for one in kept}
    if others and (table.get("answered_by"), table.get("answered_on")) != (by, on):
        kept += [{"key": key, "by": by, "on": on} for key in sorted(given)]
    else:
        table.update({"answered_by": by, "answered_on": on})
    if not kept:
        table.pop(_APART, None)
        return
    rows = tomlkit.array()
    for one in kept:
        row = tomlkit.inline_table()
        row.update(one)
        rows.append(row)
    table[_APART] = rows.multiline(multiline=len(kept) > 1)


def _parsed(text: str) -> Any:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        return tomlkit.parse(text)
    except TOMLKitError as problem:
        raise ConfigProblem(
            f"The configuration could not be read: {problem}.", hint="Mend the line and run it again."
        ) from problem


def _table(document: Any, name: str) -> Any:
    import tomlkit

    if name not in document:
        document[name] = tomlkit.table()
    if not isinstance(document[name], MutableMapping):
        raise ConfigProblem(f"The configuration cannot be changed: its {name} is no table.", hint="Write it by hand.")
    return document[name]
