"""Let `set-state` be typed as `Set-MfaState` was: one small table from PowerShell's spellings to our options.

Nothing else is translated. Any other single-dash token longer than two characters stays as it is, so that the
command line refuses it: a mistyped `-whatif` must never run the write.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Sequence

from migrate.errors import UsageProblem
from migrate.views.module_words import FUNCTIONS

VERB = "set-state"

LISTS = {"objectid": "--object-id", "userprincipalname": "--user-principal-name"}
"""Parameters that take several values, separated by commas."""
VALUES = {"state": "--state"}
"""Parameters that take one value."""
SWITCHES = {
    "whatif": ("--what-if", None),
    "verbose": ("--verbose", None),
    # PowerShell's -Confirm asks; what scripts write is -Confirm:$false, which is our --yes.
    "confirm": ("--confirm", "--yes"),
}
"""Switches: the option for true and, if there is one, the option for false."""

# What a shell makes of $true and $false: PowerShell hands on True and False, a POSIX shell expands $false to nothing.
_TRUE = frozenset({"$true", "true", "1"})
_FALSE = frozenset({"$false", "false", "0", ""})
# PowerShell takes these for a dash too; they come with text pasted from a word processor.
_DASHES = "-–—―"


def in_our_spelling(arguments: Sequence[str]) -> list[str]:
    """Return the command line with PowerShell's spellings after `set-state` replaced by our options.

    `arguments` is the command line without the program's name. Names are taken in any case, values after a blank
    or a colon, lists split at commas. Other commands, and everything after `--`, come back unchanged. Raises
    `UsageProblem` for a parameter without its value.
    """
    if VERB not in arguments:
        return list(arguments)
    start = list(arguments).index(VERB) + 1
    return [*arguments[:start], *_translated_tokens(list(arguments[start:]))]


def refuse_function_as_verb(arguments: Sequence[str], verbs: Collection[str]) -> None:
    """Raise UsageProblem where a function of the PowerShell module is typed in the place of the verb.

    `arguments` is the command line without the program's name; `verbs` are the commands that there are.
    """
    by_function = {
        function.partition(" ")[0].casefold(): verb for verb, (function, _) in reversed(list(FUNCTIONS.items()))
    }
    for token in arguments:
        if token == "--" or token in verbs:  # noqa: S105 - the end of the options, no password
            return
        verb = by_function.get(token.casefold())
        if verb is not None:
            function = FUNCTIONS[verb][0].partition(" ")[0]
            raise UsageProblem(
                f"{token} is a function of the PowerShell module and no verb of the command line.",
                hint=f"Type `mfa-migrate {verb}`, or {function} in PowerShell with the module.",
            )


def _translated_tokens(tokens: list[str]) -> Iterator[str]:
    rest = deque(tokens)
    while rest:
        token = rest.popleft()
        name, colon, attached = token[1:].partition(":")
        name = name.casefold()
        if token == "--":  # noqa: S105 - the end of the options, no password
            yield token
            yield from rest
            return
        if not _is_single_dash(token):
            yield token
        elif name in SWITCHES:
            said = attached if colon else "$true"
            # Windows PowerShell hands `-Confirm:$false` on as two arguments.
            if colon and not attached and rest and rest[0].casefold() in _TRUE | _FALSE:
                said = rest.popleft()
            yield from _switch(token, name, said)
        elif name in VALUES:
            yield from (VALUES[name], attached or _value(token, rest))
        elif name in LISTS:
            value = attached or _value(token, rest)
            # `-ObjectId a, b` reaches us as two arguments, `-ObjectId a , b` as three.
            while rest and (rest[0] == "," or (value.endswith(",") and not rest[0].startswith(tuple(_DASHES)))):
                value += rest.popleft()
            yield from _list(LISTS[name], value)
        else:
            yield token


def _is_single_dash(token: str) -> bool:
    return token.startswith(tuple(_DASHES)) and not token.startswith("--")


def _value(token: str, rest: deque[str]) -> str:
    """Take the value of a parameter; a following option is none, or `-ObjectId -WhatIf` would lose the rehearsal."""
    if not rest or rest[0].startswith(tuple(_DASHES)):
        raise UsageProblem(f"{token} needs a value after it.", hint="See `mfa-migrate set-state --help`.")
    return rest.popleft()


def _switch(token: str, name: str, said: str) -> Iterator[str]:
    """Yield the option for a switch; an unknown value leaves the token as typed, for the command line to refuse."""
    if_true, if_false = SWITCHES[name]
    if not said and if_false is None:
        raise UsageProblem(
            f"{token} has lost its value: a POSIX shell turns $true and $false into nothing.",
            hint=f"Write {token[:-1]} alone, or leave it out.",
        )
    if said.casefold() in _TRUE:
        yield if_true
    elif said.casefold() not in _FALSE:
        yield token
    elif if_false:
        yield if_false


def _list(option: str, value: str) -> Iterator[str]:
    for item in value.split(","):
        if item.strip():
            yield from (option, item.strip())
