"""Evaluates simple filters for devices against what was stated of the device of one sign-in; others stay open.

Source: Entra page "Conditional Access: Filter for devices": operators, and that negative operators also hold for
devices that are not registered, on which the attributes are null.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

Truth = bool | None
"""None: not known."""

_CLAUSE = re.compile(
    r"\s*\(?\s*device\.(?P<name>\w+)\s+-(?P<operator>eq|ne)\s+(?P<value>\"[^\"]*\"|'[^']*'|\w+)\s*\)?\s*", re.IGNORECASE
)
_GLUE = re.compile(r"\s-(and|or)\s", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedDevice:
    """What was stated of a device."""

    compliant: Truth
    hybrid_joined: Truth


def matches(rule: str, device: StatedDevice) -> Truth:
    """Return whether a device matches a rule: clauses about `isCompliant` and `trustType`, all -and or all -or.

    None where the rule says anything else, or where what was stated does not decide it.
    """
    glues = {glue.casefold() for glue in _GLUE.findall(rule)}
    if len(glues) > 1:
        return None
    clauses = [_CLAUSE.fullmatch(part) for part in re.split(r"\s-(?:and|or)\s", rule, flags=re.IGNORECASE)]
    found = [None if clause is None else _holds(clause, device) for clause in clauses]
    decisive = "or" in glues
    if decisive in found:
        return decisive
    return None if None in found else not decisive


def _holds(clause: re.Match[str], device: StatedDevice) -> Truth:
    value = clause["value"].strip("\"'").casefold()
    match clause["name"].casefold():
        case "iscompliant" if value in ("true", "false"):
            # A device that is not compliant may also be one of which nothing is known: then the attribute is null.
            equal = (value == "true") if device.compliant else _unless_unknown(device.compliant, value == "true")
        case "trusttype":
            named = value == "serverad"
            equal = named if device.hybrid_joined else _unless_unknown(device.hybrid_joined, named)
        case _:
            return None
    return equal if equal is None or clause["operator"].casefold() == "eq" else not equal


def _unless_unknown(stated: Truth, is_named: bool) -> Truth:
    """Return that a device is not what the clause names, where it was stated that it is not."""
    return False if stated is False and is_named else None
