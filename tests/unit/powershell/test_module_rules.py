"""Rules that PowerShell itself would enforce only while the module runs: what is called, named and caught."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unit.powershell.scripts import (
    FUNCTIONS,
    MODULE,
    PUBLIC,
    below,
    block_of,
    commands_in,
    functions_of,
    is_caught,
    parameters_of,
    text_of,
    tree,
)

CMDLETS = {
    "ConvertFrom-Json",
    "ConvertTo-Json",
    "Export-Csv",
    "ForEach-Object",
    "Get-Command",
    "Get-Item",
    "Get-Location",
    "Join-Path",
    "New-Object",
    "Select-Object",
    "Set-Variable",
    "Sort-Object",
    "Where-Object",
    "Write-Debug",
    "Write-Verbose",
}
"""What the module uses of PowerShell, all in 5.1 and 7. No alias, no Write-Host."""
AUTOMATIC = {"_", "true", "false", "null", "PSCmdlet", "PSBoundParameters", "MyInvocation", "Matches", "Host"} | {
    "ExecutionContext",
    "WhatIfPreference",
    "ConfirmPreference",
}
CALLS_THE_COMMAND = {"Invoke-MfaMigrateCli", "Get-MfaMigrateItem", "Send-MfaStateBatch", "Resolve-MfaPath"}

OWN = {name: parameters_of(node) for path in FUNCTIONS for name, node in functions_of(path).items()}
COMMON = {"ErrorAction"}


def short(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", FUNCTIONS, ids=short)
def test_every_command_is_a_known_cmdlet_or_a_function_of_the_module(path: Path) -> None:
    assert {name for name, _, _ in commands_in(tree(path))} <= CMDLETS | OWN.keys()


@pytest.mark.parametrize("path", FUNCTIONS, ids=short)
def test_every_parameter_that_is_given_to_a_function_of_the_module_exists(path: Path) -> None:
    for name, given, _ in commands_in(tree(path)):
        if name in OWN:
            assert set(given) <= OWN[name] | COMMON, name


@pytest.mark.parametrize("path", FUNCTIONS, ids=short)
def test_every_variable_that_is_read_was_given_a_value(path: Path) -> None:
    for name, function in functions_of(path).items():
        body = re.sub(r"<#.*?#>", "", text_of(function), flags=re.DOTALL)
        # Script blocks with parameters of their own read those, and what the function around them has.
        known = set(re.findall(r"\$(\w+)\s*(?:\+)?=(?!=)", body)) | set(re.findall(r"foreach \(\$(\w+) in", body))
        nested = re.findall(r"\bparam\(((?:\$\w+(?:, )?)+)\)", body)
        known |= {word for words in nested for word in re.findall(r"\$(\w+)", words)} | OWN[name] | AUTOMATIC
        read = {
            text_of(node).strip("${}")
            for node in below(function)
            if node.type == "variable" and not re.match(r"\$\{?(env|script):", text_of(node))
        }
        assert {variable.lstrip("@") for variable in read} <= known, name


@pytest.mark.parametrize("path", PUBLIC, ids=short)
def test_nothing_goes_on_after_the_command_broke_off_whatever_erroraction_says(path: Path) -> None:
    # With -ErrorAction SilentlyContinue PowerShell steps over a throw, and over every other error that ends a
    # statement, unless a try stands around it. A migration would then go on with a plan that is not the one meant.
    text = path.read_text(encoding="ascii")
    assert not re.search(r"^\s*throw\b", text, re.MULTILINE)
    calls = [(name, node) for name, _, node in commands_in(tree(path)) if name in CALLS_THE_COMMAND]
    assert calls or "Invoke-MfaMigrateRun" in text
    for name, node in calls:
        assert is_caught(node), name


def test_a_run_is_caught_where_it_is_called() -> None:
    run = MODULE / "Private" / "Invoke-MfaMigrateRun.ps1"
    calls = [node for name, _, node in commands_in(tree(run)) if name in CALLS_THE_COMMAND]
    assert [is_caught(node) for node in calls] == [True]


@pytest.mark.parametrize("path", PUBLIC, ids=short)
def test_a_function_takes_the_preferences_of_its_caller_before_anything_else(path: Path) -> None:
    (function,) = functions_of(path).values()
    first, *_ = [name for name, _, _ in commands_in(function)]
    assert first == "Import-MfaCallerPreference"


def test_whatif_of_the_caller_is_imported_and_stops_the_sending() -> None:
    imported = (MODULE / "Private" / "Import-MfaCallerPreference.ps1").read_text(encoding="ascii")
    assert re.search(r"\bWhatIf\s+= 'WhatIfPreference'", imported)
    # Under -WhatIf Set-Variable itself would only say what it would do.
    assert "-WhatIf:$false -Confirm:$false" in imported
    sending = (MODULE / "Public" / "Set-MfaState.ps1").read_text(encoding="ascii")
    assert "$rehearsal = [bool] $WhatIfPreference" in sending
    batch = (MODULE / "Private" / "Send-MfaStateBatch.ps1").read_text(encoding="ascii")
    assert re.search(
        r"if \(\$Rehearsal\) \{\s+\$arguments \+= '--what-if'\s+\}\s+else \{\s+\$arguments \+= '--yes'", batch
    )


@pytest.mark.parametrize("name", ["Path", "User", "Run"])
def test_a_restore_of_nothing_is_refused_before_it_becomes_a_restore_of_everybody(name: str) -> None:
    text = (MODULE / "Public" / "Restore-MfaState.ps1").read_text(encoding="ascii")
    assert re.search(rf"\[ValidateNotNullOrEmpty\(\)\]\s+\[string(\[\])?\] \${name},", text)
    assert f"$PSBoundParameters.ContainsKey('{name}')" in text


def test_a_reason_for_somebody_uncovered_is_never_counted_batch_by_batch() -> None:
    text = (MODULE / "Public" / "Set-MfaState.ps1").read_text(encoding="ascii")
    begin = block_of(functions_of(MODULE / "Public" / "Set-MfaState.ps1")["Set-MfaState"], "begin")
    assert "if ($AcceptUncovered -and $BatchSize -gt 0) {\n            $PSCmdlet.ThrowTerminatingError(" in text_of(
        begin
    )
    assert "MaxUsers          = $MaxUsers" in text


def test_no_wait_is_longer_than_ctrl_c_may_take() -> None:
    text = (MODULE / "Private" / "Invoke-MfaMigrateCli.ps1").read_text(encoding="ascii")
    # PowerShell notices Ctrl+C between statements: a blocking read would hold it until the command says something.
    assert not re.search(r"\.(ReadToEnd|ReadLine|Wait)\(", text)
    assert re.search(r"WaitAny\(\$pending, 200\)", text)


def test_the_command_is_looked_for_outside_of_the_current_folder_and_drive() -> None:
    text = (MODULE / "Private" / "Find-MfaMigrateCli.ps1").read_text(encoding="ascii")
    assert re.findall(r"Get-Item -Path (\S+)", text) == ['"FileSystem::$pattern"']
    assert re.findall(r"Prefix = '([^']*)'", text) == ["", "", "", "-P -m migrate "]
