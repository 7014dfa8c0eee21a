"""Each rule finds the fault that it was written for, and none in the module."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.powershell import faults
from tests.unit.powershell.scripts import FUNCTIONS, MODULE, PUBLIC


def source_of(name: str) -> str:
    return (MODULE / "Public" / f"{name}.ps1").read_text(encoding="ascii")


def planted(source: str, old: str, new: str) -> bytes:
    """Return a source with a fault in it; fail where the place for it is gone."""
    assert source.count(old) >= 1, f"{old!r} is not there any more: plant the fault elsewhere"
    return source.replace(old, new).encode()


def short(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", FUNCTIONS, ids=short)
def test_no_function_asks_outside_of_a_try(path: Path) -> None:
    assert faults.asks_outside_of_a_try(path.read_bytes()) == []


@pytest.mark.parametrize("name", ["Invoke-MfaMigration", "Restore-MfaState", "Set-MfaState"])
def test_a_question_outside_of_a_try_is_found(name: str) -> None:
    source = source_of(name)
    assert source.count(".ShouldProcess(") == 1
    rethrown = planted(source, "$PSCmdlet.ThrowTerminatingError($_)", "Write-Verbose -Message $_")
    assert len(faults.asks_outside_of_a_try(rethrown)) == 1, "a catch that goes on is no help"
    bare = b"function Set-A { param() if ($PSCmdlet.ShouldProcess('a', 'b')) { 1 } $PSCmdlet.ShouldContinue('a', 'b') }"
    assert len(faults.asks_outside_of_a_try(bare)) == 2


def test_what_a_question_answers_is_no_until_it_was_answered() -> None:
    for name in ("Invoke-MfaMigration", "Restore-MfaState", "Set-MfaState"):
        before, _, _ = source_of(name).partition(".ShouldProcess(")
        assert before.rsplit("try {", 1)[0].rstrip().endswith("$agreed = $false"), name


@pytest.mark.parametrize("path", PUBLIC, ids=short)
def test_no_function_takes_everybody_where_a_pipeline_could_not_be_bound(path: Path) -> None:
    assert faults.takes_everybody_from_a_pipeline(path.read_bytes()) == []


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("Invoke-MfaMigration", "if ($MyInvocation.ExpectingInput)", "if ($Force)"),
        ("Test-MfaMigration", "if ($MyInvocation.ExpectingInput)", "if ($Detailed)"),
        ("Invoke-MfaMigration", "begin {", "process {"),
        ("Restore-MfaState", "ValueFromPipeline", "HelpMessage"),
        ("Restore-MfaState", "$named = $MyInvocation.ExpectingInput", "$named = $false"),
        ("Restore-MfaState", "    process {", "    if ($true) {"),
        ("Set-MfaState", "    process {", "    if ($true) {"),
    ],
)
def test_a_pipeline_that_nobody_binds_is_found(name: str, old: str, new: str) -> None:
    assert faults.takes_everybody_from_a_pipeline(planted(source_of(name), old, new)) == [name]


@pytest.mark.parametrize("path", FUNCTIONS, ids=short)
def test_no_attribute_mixes_types_and_texts(path: Path) -> None:
    assert faults.mixed_output_types(path.read_bytes()) == []


def test_an_attribute_that_mixes_types_and_texts_is_found() -> None:
    source = planted(
        source_of("Test-MfaMigration"), "[OutputType([bool])]", "[OutputType([bool], 'MfaMigrate.Finding')]"
    )
    assert faults.mixed_output_types(source) == ["[OutputType([bool], 'MfaMigrate.Finding')]"]
