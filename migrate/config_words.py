"""What is wrong with a value of the configuration, in the words of whoever wrote it and not of the decoder."""

from __future__ import annotations

import json
import re
import types
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Union, get_args, get_origin, get_type_hints

from migrate.model.record import Record

LONGEST_VALUE = 60
"""Signs of a wrong value that a message shows."""

_EXAMPLES = {
    "percentages": "[10, 50, 100]",
    "max_users": '25 or "5%"',
    "max_failures": '25 or "5%"',
    "apps": '["00000002-0000-0ff1-ce00-000000000000"]',
    "switch_on": '["Require MFA for all users"]',
}


def wrong_value(keys: Sequence[str], whole: type[Record], value: object) -> str:
    """Return `waves.percentages must be a list of numbers, such as [10, 50, 100], not "10%"`."""
    return f"{'.'.join(keys)} must be {_what_fits(keys, whole)}, not {_shown(value)}."


def missing_key(keys: Sequence[str], missing: str) -> str:
    """Return what to say where a table lacks a key that it needs."""
    return f"{'.'.join([*keys, missing])} is missing; every [[{'.'.join(keys)}]] needs it."


def value_at(data: Any, path: str) -> Any:
    """Return what stands at a path of the decoder, such as `$.exclude[0].expires`; None where nothing does."""
    for name, index in re.findall(r"\.([A-Za-z_]+)|\[(\d+)\]", path):
        try:
            data = data[name] if name else data[int(index)]
        except (LookupError, TypeError):
            return None
    return data


def unquoted_text(problem: str, text: str) -> str:
    """Return how a line is written with quotes where TOML stumbled over a text without; empty where it did not."""
    place = re.search(r"^Invalid value \(at line (\d+), column (\d+)\)", problem)
    if place is None:
        return ""
    line = text.splitlines()[int(place[1]) - 1]
    before, value = line[: int(place[2]) - 1], line[int(place[2]) - 1 :].partition("#")[0].strip()
    key = re.fullmatch(r"\s*([\w.\-]+)\s*=\s*", before)
    if key is None or not re.match(r"[^\W\d_]", value) or len(value) > LONGEST_VALUE or '"' in value:
        return ""
    return f"{key[1]} = {json.dumps(value, ensure_ascii=False)}"


def homes_of(key: str, whole: type[Record]) -> list[str]:
    """Return where a key may stand, as headers of TOML; an empty text is the top of the file."""
    homes = [""] if key in get_type_hints(whole) else []
    for name, kind in get_type_hints(whole).items():
        table = _record_in(kind)
        if table is not None and key in get_type_hints(table):
            homes.append(f"[[{name}]]" if get_origin(kind) is tuple else f"[{name}]")
    return homes


def belongs(key: str, whole: type[Record]) -> str:
    """Return where a key belongs that stands in the wrong table; empty for one that belongs nowhere."""
    homes = [home or "the top of the file, above the first table" for home in homes_of(key, whole)]
    if not homes:
        return ""
    return f"{key} belongs {'at' if homes[0].startswith('the top') else 'under'} {' or '.join(homes)}."


def _what_fits(keys: Sequence[str], whole: type[Record]) -> str:
    kind: Any = whole
    for key in keys:
        table = _record_in(kind)
        kind = None if table is None else get_type_hints(table).get(key)
    example = _EXAMPLES.get(keys[-1] if keys else "")
    words = _words_for(kind, keys[-1] if keys else "")
    return f"{words}, such as {example}" if example else words


def _words_for(kind: Any, key: str) -> str:
    """Return what a value of this type looks like in TOML."""
    if get_origin(kind) in (Union, types.UnionType):
        arms = [arm for arm in get_args(kind) if arm is not type(None)]
        return "a number, or a share in quotes" if set(arms) == {str, int} else _words_for(arms[0], key)
    if get_origin(kind) is tuple:
        inner = get_args(kind)[0]
        if _record_in(inner) is not None:
            return f"a list of tables, each under [[{key}]]"
        return "a list of numbers" if inner is float else 'a list of texts in quotes: ["one", "two"]'
    if _record_in(kind) is not None:
        return f"a table, under [{key}]"
    plain = {
        bool: "true or false, without quotes",
        int: "a whole number, without quotes",
        float: "a number, without quotes",
        date: "a date without quotes, such as 2027-06-30",
    }
    return plain.get(kind, "a text in quotes")


def _record_in(kind: Any) -> type[Record] | None:
    """Return the table behind a type: the type itself, what it is optional of, or what it is a list of."""
    arms = (kind, *get_args(kind))
    return next((arm for arm in arms if isinstance(arm, type) and issubclass(arm, Record)), None)


def _shown(value: object) -> str:
    """Return a value as TOML has it, cut where it is long."""
    if isinstance(value, date | datetime):
        text = value.isoformat()
    elif isinstance(value, Mapping):
        text = "a table"
    else:
        text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 3]}..."
