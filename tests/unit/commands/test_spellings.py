"""PowerShell's spellings of set-state become our options; whatever is not in the table stays as typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.commands.spellings import in_our_spelling, refuse_function_as_verb
from migrate.errors import UsageProblem

ID = "11111111-1111-4111-8111-111111111111"
UPN = "ana.lopez@contoso.example"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["-ObjectId", ID, "-State", "Disabled"], ["--object-id", ID, "--state", "Disabled"]),
        (["-objectid", ID, "-STATE", "disabled"], ["--object-id", ID, "--state", "disabled"]),
        (["-ObjectId:" + ID, "-State:Enforced"], ["--object-id", ID, "--state", "Enforced"]),
        (["-UserPrincipalName", UPN], ["--user-principal-name", UPN]),
        (
            ["-UserPrincipalName", "a@contoso.example,b@contoso.example"],
            ["--user-principal-name", "a@contoso.example", "--user-principal-name", "b@contoso.example"],
        ),
        (
            ["-UserPrincipalName", "a@contoso.example,", "b@contoso.example", "-WhatIf"],
            ["--user-principal-name", "a@contoso.example", "--user-principal-name", "b@contoso.example", "--what-if"],
        ),
        (
            ["-UserPrincipalName", "a@contoso.example", ",", "b@contoso.example", "-WhatIf"],
            ["--user-principal-name", "a@contoso.example", "--user-principal-name", "b@contoso.example", "--what-if"],
        ),
        (["-WhatIf"], ["--what-if"]),
        (["-whatif:$true"], ["--what-if"]),
        (["-WhatIf:$false"], []),
        (["-Verbose"], ["--verbose"]),
        (["-Confirm"], ["--confirm"]),
        (["-Confirm:$true"], ["--confirm"]),
        (["-Confirm:$false"], ["--yes"]),
        (["-Confirm:False"], ["--yes"]),
        (["-Confirm:"], ["--yes"]),
        (["-Confirm:", "False", "-Verbose"], ["--yes", "--verbose"]),
        (["-Confirm:", "-State", "Disabled"], ["--yes", "--state", "Disabled"]),
        (["-Confirm:", "-WhatIf"], ["--yes", "--what-if"]),
        (["–State", "Disabled"], ["--state", "Disabled"]),
        (["-Confirm:maybe"], ["-Confirm:maybe"]),
    ],
)
def test_a_spelling_of_set_mfastate_becomes_ours(typed: list[str], meant: list[str]) -> None:
    assert in_our_spelling(["set-state", *typed]) == ["set-state", *meant]


@pytest.mark.parametrize(
    "token", ["-whatiff", "-Foo", "-StateX", "-ObjectIds", "-w", "-o", "--state", "--what-if", "x", ""]
)
def test_anything_else_stays_as_typed(token: str) -> None:
    assert in_our_spelling(["set-state", token]) == ["set-state", token]


def test_nothing_is_translated_on_another_command() -> None:
    assert in_our_spelling(["apply", "-WhatIf"]) == ["apply", "-WhatIf"]


def test_nothing_is_translated_before_the_verb_or_after_two_dashes() -> None:
    typed = ["-Verbose", "set-state", "--", "-WhatIf"]
    assert in_our_spelling(typed) == typed


@pytest.mark.parametrize("name", ["-ObjectId", "-UserPrincipalName", "-State", "-State:"])
@pytest.mark.parametrize("following", [[], ["-WhatIf"], ["--what-if"]])
def test_a_parameter_without_its_value_is_a_usage_problem_and_eats_no_option(name: str, following: list[str]) -> None:
    with pytest.raises(UsageProblem, match="needs a value"):
        in_our_spelling(["set-state", name, *following])


@pytest.mark.parametrize("token", ["-WhatIf:", "-whatif:", "-Verbose:"])
@pytest.mark.parametrize("following", [[], ["-State", "Disabled"], ["-Confirm:"]])
def test_a_switch_whose_value_the_shell_lost_is_refused_rather_than_taken_for_false(
    token: str, following: list[str]
) -> None:
    """In a POSIX shell `-WhatIf:$true` arrives as `-WhatIf:`; it must not run the write."""
    with pytest.raises(UsageProblem, match="lost its value"):
        in_our_spelling(["set-state", token, *following])


TOKENS = st.text(max_size=12) | st.sampled_from(
    ["-WhatIf", "-WhatIf:", "-Confirm:", "-ObjectId", "-State", "a,", ",", "--", "set-state"]
)


@given(st.lists(TOKENS))
def test_every_command_line_is_translated_or_refused_as_usage(typed: list[str]) -> None:
    try:
        assert in_our_spelling(["set-state", *typed])[0] == "set-state"
    except UsageProblem:
        assert any(token.casefold().startswith(("-objectid", "-state", "-whatif:")) for token in typed)


@given(st.sampled_from(["-WhatIf", "-whatif", "-WHATIF", "-WhatIf:$true", "-WhatIf:true"]), st.integers(0, 3))
def test_a_what_if_in_the_table_is_never_lost(token: str, position: int) -> None:
    typed = ["-ObjectId", ID, "-State:Disabled", "-Confirm:$false"]
    # Not between a parameter and its value.
    place = {0: 0, 1: 2, 2: 3, 3: 4}[position]
    typed.insert(place, token)
    assert "--what-if" in in_our_spelling(["set-state", *typed])


VERBS = {"set-state", "status", "apply", "plan", "rollback", "show"}


@pytest.mark.parametrize(
    ("typed", "verb"),
    [
        (["Set-MfaState", "-ObjectId", ID], "set-state"),
        (["set-mfastate"], "set-state"),
        (["-o", "json", "Get-MfaState", UPN], "status"),
        (["Restore-MfaState"], "rollback"),
        (["Invoke-MfaMigration"], "plan"),
    ],
)
def test_a_function_typed_as_a_verb_is_told_its_verb(typed: list[str], verb: str) -> None:
    with pytest.raises(UsageProblem) as refused:
        refuse_function_as_verb(typed, VERBS)
    assert f"`mfa-migrate {verb}`" in refused.value.hint
    assert "in PowerShell" in refused.value.hint


@pytest.mark.parametrize("typed", [[], ["show", "Set-MfaState"], ["--", "Set-MfaState"], ["Set-Mfa"], ["status"]])
def test_what_is_no_function_in_the_place_of_the_verb_passes(typed: list[str]) -> None:
    refuse_function_as_verb(typed, VERBS)
