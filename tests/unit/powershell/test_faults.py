"""Each rule finds the fault that it was written for, and none in the module."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.unit.powershell import faults
from tests.unit.powershell.scripts import FUNCTIONS, KNOWN, MODULE, PUBLIC, blocks_of, pipelines_of, sentences_of

PESTER = Path(__file__).parents[2] / "powershell"
VIEWS = ElementTree.parse(MODULE / "MfaMigrate.Format.ps1xml").findall(".//View")


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


@pytest.mark.parametrize("path", FUNCTIONS, ids=short)
def test_no_warning_is_lost_in_a_nested_pipeline(path: Path) -> None:
    assert faults.warnings_that_get_lost(path.read_bytes()) == []


def test_a_warning_that_gets_lost_is_found() -> None:
    source = (MODULE / "Private" / "Invoke-MfaMigrateCli.ps1").read_text(encoding="ascii")
    lost = planted(source, "$Cmdlet.WriteWarning($Matches[1])", "Write-Warning -Message $Matches[1]")
    assert faults.warnings_that_get_lost(lost) == ["Write-Warning -Message $Matches[1]"]


@pytest.mark.parametrize("path", FUNCTIONS, ids=short)
def test_sentences_name_parameters_that_exist_and_no_options_of_the_command_line(path: Path) -> None:
    own = path.stem if path.stem in KNOWN else None
    for sentence in sentences_of(path):
        assert faults.parameters_that_do_not_exist(sentence, KNOWN, own) == [], sentence
        assert faults.options_of_the_command_line(sentence) == [], sentence


def test_a_parameter_that_does_not_exist_is_found_in_a_sentence() -> None:
    find = faults.parameters_that_do_not_exist
    assert find("Add -MaxUser 5.", KNOWN, "Invoke-MfaMigration") == ["MaxUser"]
    assert find("Add -Live.", KNOWN, "Set-MfaState") == ["Live"]
    assert find("Add -Live to Get-MfaState, or -WhatIf to Get-MfaState.", KNOWN) == ["WhatIf"]
    assert find("Use Resume-MfaMigration.", KNOWN) == ["Resume-MfaMigration"]
    assert find("Run Invoke-MfaMigration -MaxUsers 5 -WhatIf.", KNOWN) == []
    assert faults.options_of_the_command_line("Use --max-users 5.") == ["--max-users"]


ABOUT = MODULE / "en-US" / "about_MfaMigrate.help.txt"
PAGES = [MODULE / "README.md", MODULE.parents[2] / "docs" / "powershell.md"]


def documented() -> list[str]:
    """Return every pipeline that is shown somewhere."""
    found = []
    for page in PAGES:
        markdown = page.read_text(encoding="utf-8")
        found += [*blocks_of(markdown), *pipelines_of(markdown)]
    for path in PUBLIC:
        examples = re.findall(r"\.EXAMPLE\n(.*?)\n\n", path.read_text(encoding="ascii"), re.DOTALL)
        assert examples, path.stem
        found += [textwrap.dedent(example) for example in examples]
    about = ABOUT.read_text(encoding="ascii")
    return found + re.findall(r"^ {8}((?:\w+-\w+ .*\|.*|try .*\n\s+catch .*))$", about, re.MULTILINE)


def test_every_documented_pipeline_has_parameters_that_exist() -> None:
    shown = documented()
    assert len(shown) > 40
    for pipeline in shown:
        assert faults.pipelines_that_cannot_bind(pipeline, KNOWN) == [], pipeline


def test_a_documented_pipeline_that_cannot_be_bound_is_found() -> None:
    find = faults.pipelines_that_cannot_bind
    assert find("Get-MfaState -Everybody | Set-MfaState -State Disabled", KNOWN) == ["Get-MfaState has no -Everybody"]
    assert find("Get-MfaState -All -WhatIf", KNOWN) == ["Get-MfaState has no -WhatIf"]
    assert find("Resume-MfaMigration", KNOWN) == ["Resume-MfaMigration does not exist"]
    assert len(find("Get-MfaState -All | Where-Object {", KNOWN)) == 1


def test_every_pipeline_of_the_page_and_the_readme_stands_in_the_pester_suite() -> None:
    suite = (PESTER / "Documented.Tests.ps1").read_text(encoding="ascii")
    tried = set(re.findall(r"^ {12}@\{ Line = '(.*)' \}$", suite, re.MULTILINE))
    shown = set()
    for page in PAGES:
        markdown = page.read_text(encoding="utf-8")
        lines = [line for block in blocks_of(markdown) for line in block.splitlines()]
        shown |= {line for line in [*lines, *pipelines_of(markdown)] if "-Mfa" in line}
    assert {line.replace("''", "'") for line in tried} == shown


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.findtext("Name"))
def test_no_header_of_a_view_is_broken_in_a_window_of_80_columns(view: ElementTree.Element) -> None:
    headers = [(header.findtext("Label"), header.findtext("Width")) for header in view.iter("TableColumnHeader")]
    assert faults.broken_headers(headers) == []


def test_a_header_that_would_be_broken_is_found() -> None:
    assert faults.broken_headers([("UserPrincipalName", None), ("Outcome", "6")]) == ["Outcome"]
    wide = [("UserPrincipalName", None), ("A", "30"), ("B", "30"), ("MethodsRegistered", None)]
    assert faults.broken_headers(wide) == ["UserPrincipalName", "MethodsRegistered"]
