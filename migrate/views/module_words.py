"""Say sentences in the words of the PowerShell module, for calls that come from it: `-MaxUsers` for `--max-users`.

Sentences name the options and commands that a person can type. Whoever uses the module types parameters and functions;
a command or an option that the module lacks stays as it is, since it can still be typed in a shell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

_READING = {
    "--state-column": "-StateColumn",
    "--input-encoding": "-InputEncoding",
    "--sheet": "-Sheet",
    "--trust-disabled": "-TrustDisabled",
    "--visible-only": "-VisibleOnly",
}
_PLAN = {"--supersede": "-Supersede"}
_APPLY = {
    "--max-users": "-MaxUsers",
    "--until": "-Until",
    "--wave": "-Wave",
    "--skip-report-only": "-SkipReportOnly",
    "--skip-settle": "-SkipSettle",
    "--wait": "-Wait",
    "--what-if": "-WhatIf",
    "--yes": "-Force",
}
FUNCTIONS: Mapping[str, tuple[str, Mapping[str, str]]] = MappingProxyType(
    {
        "export": ("Export-MfaState", {}),
        "status": ("Get-MfaState", {"--live": "-Live", "--all": "-All"}),
        "plan": ("Invoke-MfaMigration", _PLAN),
        "apply": ("Invoke-MfaMigration -Continue", _APPLY),
        "verify": ("Test-MfaMigration", {}),
        "rollback": (
            "Restore-MfaState",
            {
                "--file": "-Path",
                "--users": "-User",
                "--wave": "-Wave",
                "--run": "-Run",
                "--overwrite-drift": "-OverwriteDrift",
                "--what-if": "-WhatIf",
                "--yes": "-Force",
            },
        ),
        "set-state": (
            "Set-MfaState",
            {
                "--object-id": "-ObjectId",
                "--user-principal-name": "-UserPrincipalName",
                "--state": "-State",
                "--accept-uncovered": "-AcceptUncovered",
                "--max-users": "-MaxUsers",
                "--allow-unregistered": "-AllowUnregistered",
                "--what-if": "-WhatIf",
                "--confirm": "-Confirm",
            },
        ),
        "convert": ("Import-MfaState", _READING),
        "compare": ("Compare-MfaState", _READING),
    }
)
"""Each command that the module calls: its function, and the parameters that stand for its options."""
EVERYWHERE = {"--workspace": "-Workspace"}
WITHOUT_WORKSPACE = frozenset({"convert"})
"""Commands whose function takes no working folder."""

SENTENCES = frozenset({"what", "unchanged", "hint", "message", "note", "sentence"})
"""The members of events that are sentences."""

_verb: ContextVar[str | None] = ContextVar("verb that the module called", default=None)
_COMMAND = re.compile(r"mfa-migrate ([a-z-][^`\n]*?)(?=`|\n|[.,;:)\"'](?:\s|$)|$)")
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


@contextmanager
def called_by_the_module(verb: str | None) -> Iterator[None]:
    """Let every sentence in here be said in the module's words; `verb` is the command that its function calls."""
    token = _verb.set(verb)
    try:
        yield
    finally:
        _verb.reset(token)


def parameters_for(verb: str) -> Mapping[str, str]:
    """Return the options of a command that its function has a parameter for."""
    own = FUNCTIONS[verb][1]
    if verb in ("plan", "apply"):
        # One function makes the plan and carries it out.
        own = {**_PLAN, **_APPLY}
    return own if verb in WITHOUT_WORKSPACE else {**own, **EVERYWHERE}


def as_typed(sentence: str) -> str:
    """Return a sentence in the words of whoever called: unchanged on the command line."""
    verb = _verb.get()
    return sentence if verb is None else in_module_words(sentence, verb)


def in_module_words(sentence: str, verb: str) -> str:
    """Return a sentence about the command `verb` with functions and parameters of the module."""
    known = parameters_for(verb)
    begun, parts = 0, []
    for found in _COMMAND.finditer(sentence):
        parts.append(_with_parameters(sentence[begun : found.start()], known))
        parts.append(_function_call(found.group(1)) or found.group(0))
        begun = found.end()
    parts.append(_with_parameters(sentence[begun:], known))
    return "".join(parts)


def _with_parameters(text: str, known: Mapping[str, str]) -> str:
    return _OPTION.sub(lambda option: known.get(option.group(0), option.group(0)), text)


def _function_call(words: str) -> str | None:
    """Return a command line as a call of a function; None where the module cannot do the same."""
    tokens = words.split(" ")
    verb = next((token for token in tokens if token in FUNCTIONS), None)
    if verb is None:
        return None
    before, after = tokens[: tokens.index(verb)], tokens[tokens.index(verb) + 1 :]
    known = parameters_for(verb)
    if any(token.startswith("--") and token not in known for token in [*before, *after]):
        return None
    if before and not before[0].startswith("--"):
        return None
    return " ".join(known.get(token, token) for token in [FUNCTIONS[verb][0], *before, *after])


def with_typed_sentences(value: object) -> object:
    """Return an event of plain values with its sentences in the words of whoever called."""
    if _verb.get() is None:
        return value
    if isinstance(value, dict):
        return {
            key: as_typed(member) if key in SENTENCES and isinstance(member, str) else with_typed_sentences(member)
            for key, member in value.items()
        }
    if isinstance(value, list | tuple):
        return [with_typed_sentences(member) for member in value]
    return value
