"""Sentences for people in PowerShell: functions and parameters that exist, and nothing else is touched."""

from __future__ import annotations

import pytest

from migrate.cli import commands
from migrate.commands.options import GLOBALS
from migrate.views.module_words import (
    FUNCTIONS,
    as_typed,
    called_by_the_module,
    in_module_words,
    parameters_for,
    with_typed_sentences,
)
from tests.unit.powershell.scripts import KNOWN


@pytest.mark.parametrize("verb", sorted(FUNCTIONS))
def test_every_word_exists_on_both_sides(verb: str) -> None:
    function, *given = FUNCTIONS[verb][0].split()
    command = commands().commands[verb]
    options = {option for parameter in command.params for option in parameter.opts}
    if verb in ("plan", "apply"):
        options |= {
            option
            for other in ("plan", "apply")
            for parameter in commands().commands[other].params
            for option in parameter.opts
        }
    for option, parameter in parameters_for(verb).items():
        assert option in options, option
        assert parameter.startswith("-")
        assert parameter[1:] in KNOWN[function], parameter
    assert {parameter[1:] for parameter in given} <= KNOWN[function]


LEFT_OUT = {
    "export": {"--fast", "--tenant-file", "--anonymise", "--offline"},
    "status": {"--exit-code", "--watch"},
    "plan": {"--exit-code", "--confirm-with-what-if", "--only", "--exclude", "--policies"},
    "apply": {"--plan", "--max-failures", "--dry-run"},
    "verify": set(),
    "rollback": {"--dry-run", "--skip-settle"},
    "set-state": {"--dry-run", "--yes", "--input", "--user", *parameters_for("convert")},
    "convert": {"--to", "--workspace"},
    "compare": set(),
}
"""Options that the functions do not offer, on purpose: what objects of a pipeline do better, or a shell."""


@pytest.mark.parametrize("verb", sorted(FUNCTIONS))
def test_an_option_has_a_parameter_or_is_left_out_on_purpose(verb: str) -> None:
    command = commands().commands[verb]
    own = {option for parameter in command.params for option in parameter.opts if option.startswith("--")}
    everywhere = {f"--{name.replace('_', '-')}" for name in GLOBALS} - {"--workspace"}
    assert own - everywhere - {"--help"} - parameters_for(verb).keys() == LEFT_OUT[verb] & own
    assert LEFT_OUT[verb] <= own


@pytest.mark.parametrize(
    ("verb", "sentence", "said"),
    [
        ("apply", "Use `--max-users 25`.", "Use `-MaxUsers 25`."),
        ("apply", "Type `mfa-migrate plan --supersede`.", "Type `Invoke-MfaMigration -Supersede`."),
        (
            "apply",
            "Go on with: mfa-migrate apply --yes --max-users 5",
            "Go on with: Invoke-MfaMigration -Continue -Force -MaxUsers 5",
        ),
        ("status", "Run `mfa-migrate export` and look again.", "Run `Export-MfaState` and look again."),
        ("status", "Try mfa-migrate status USER --live.", "Try Get-MfaState USER -Live."),
        (
            "set-state",
            "Way back: mfa-migrate --workspace w rollback --run ab12",
            "Way back: Restore-MfaState -Workspace w -Run ab12",
        ),
        (
            "rollback",
            "Each is in `mfa-migrate audit export --to FILE`.",
            "Each is in `mfa-migrate audit export --to FILE`.",
        ),
        ("apply", "Or `mfa-migrate apply --plan FILE`.", "Or `mfa-migrate apply --plan FILE`."),
        ("convert", "Give --state-column NAME, not --workspace.", "Give -StateColumn NAME, not --workspace."),
        ("verify", "A policy -- named so, well--known.", "A policy -- named so, well--known."),
    ],
)
def test_a_sentence_names_what_can_be_typed(verb: str, sentence: str, said: str) -> None:
    assert in_module_words(sentence, verb) == said
    assert as_typed(sentence) == sentence, "on the command line nothing is changed"
    with called_by_the_module(verb):
        assert as_typed(sentence) == said
    assert as_typed(sentence) == sentence


def test_only_sentences_of_an_event_are_touched() -> None:
    event = {
        "userPrincipalName": "--live@contoso.example",
        "error": {"hint": "Use --live.", "code": "--live"},
        "list": ["--live"],
    }
    with called_by_the_module("status"):
        said = with_typed_sentences(event)
    assert said == {**event, "error": {"hint": "Use -Live.", "code": "--live"}}
    assert with_typed_sentences(event) is event
