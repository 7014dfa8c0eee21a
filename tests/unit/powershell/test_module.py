"""The PowerShell module, as far as it can be checked without PowerShell: syntax, exports, help, names, encodings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
import tree_sitter_pwsh
from tree_sitter import Language, Node, Parser

from migrate import __version__, errors
from migrate.powershell.installation import module_source
from migrate.views.events import PROTOCOL, LogLevel, ResultCode, ResultOutcome
from migrate.views.screen import EVENT_VERSION

MODULE = module_source()
PESTER = Path(__file__).parents[2] / "powershell"
SOURCES = sorted(path for path in MODULE.rglob("*") if path.suffix in {".ps1", ".psm1", ".psd1"})
SCRIPTS = [*SOURCES, *sorted(PESTER.rglob("*.ps1"))]
PUBLIC = sorted((MODULE / "Public").glob("*.ps1"))
APPROVED_VERBS = {
    "Compare",
    "ConvertTo",
    "Export",
    "Find",
    "Get",
    "Import",
    "Invoke",
    "New",
    "Resolve",
    "Restore",
    "Send",
    "Set",
    "Start",
    "Test",
    "Write",
}
"""Those that are used here, from the list of approved verbs in PowerShell's documentation."""
RESERVED = {"confirm", "debug", "erroraction", "errorvariable", "outbuffer", "outvariable", "usetransaction"} | {
    "verbose",
    "warningaction",
    "warningvariable",
    "whatif",
}

PARSER = Parser(Language(tree_sitter_pwsh.language()))


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8-sig")


def nodes(path: Path) -> Iterator[Node]:
    waiting = [PARSER.parse(text_of(path).encode()).root_node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(node.children)


def functions_in(path: Path) -> list[str]:
    return re.findall(r"^function ([\w-]+)", text_of(path), re.MULTILINE)


def listed(text: str, key: str) -> list[str]:
    found = re.search(rf"{key}\s*=?\s*@\((.*?)\)", text, re.DOTALL)
    assert found, key
    return re.findall(r"'([^']+)'", found.group(1))


def short(path: Path) -> str:
    return path.name


def test_there_is_something_to_check() -> None:
    assert len(PUBLIC) == 8
    assert len(SOURCES) >= 16
    assert list(PESTER.glob("*.Tests.ps1"))


@pytest.mark.parametrize("path", SCRIPTS, ids=short)
def test_a_script_parses(path: Path) -> None:
    wrong = [node for node in nodes(path) if node.type == "ERROR" or node.is_missing]
    assert [(node.start_point, node.text) for node in wrong] == []


def test_the_parser_sees_a_missing_brace() -> None:
    assert PARSER.parse(b"function A { if ($x) { 1 }").root_node.has_error


@pytest.mark.parametrize("path", SCRIPTS, ids=short)
def test_a_script_is_ascii_or_carries_a_mark(path: Path) -> None:
    data = path.read_bytes()
    assert data.isascii() or data.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in data


@pytest.mark.parametrize("path", SOURCES, ids=short)
def test_a_script_uses_nothing_that_windows_powershell_does_not_know(path: Path) -> None:
    code = re.sub(r"<#.*?#>|(?m:^\s*#.*$)|'[^'\n]*'|\"[^\"\n]*\"", "", text_of(path), flags=re.DOTALL)
    assert not re.search(r"\?\?|\?\.|&&|\|\||\bclean\s*\{|-Parallel\b|-AsHashtable\b|\$IsWindows\b", code)
    assert not re.search(r"\?\s*[^\s:]+\s*:\s", code), "a ternary"


@pytest.mark.parametrize("path", SOURCES, ids=short)
def test_no_automatic_variable_is_assigned_to(path: Path) -> None:
    assert not re.search(
        r"\$(event|args|input|matches|error|host|home|pid|sender)\s*=[^=]", text_of(path), re.IGNORECASE
    )


def test_the_manifest_fits_the_package() -> None:
    manifest = text_of(MODULE / "MfaMigrate.psd1")
    assert re.search(r"ModuleVersion\s*=\s*'([^']+)'", manifest).group(1) == __version__
    assert re.search(r"PowerShellVersion\s*=\s*'5\.1'", manifest)
    assert listed(manifest, "CompatiblePSEditions") == ["Desktop", "Core"]
    assert re.search(r"GUID\s*=\s*'6f1d0a52-5f0e-4c47-9b7e-2d6b8b1f3c94'", manifest), "the GUID never changes"
    for empty in ("CmdletsToExport", "VariablesToExport", "AliasesToExport"):
        assert re.search(rf"{empty}\s*=\s*@\(\)", manifest)
    for file in listed(manifest, "FormatsToProcess"):
        assert (MODULE / file).is_file()


def test_exports_are_the_public_functions_one_file_each() -> None:
    public = [path.stem for path in PUBLIC]
    assert [functions_in(path) for path in PUBLIC] == [[name] for name in public]
    assert listed(text_of(MODULE / "MfaMigrate.psd1"), "FunctionsToExport") == public
    assert listed(text_of(MODULE / "MfaMigrate.psm1"), "Export-ModuleMember -Function") == public


def test_the_protocol_of_module_and_command_is_the_same() -> None:
    assert re.search(rf"\$script:Protocol = {PROTOCOL}$", text_of(MODULE / "MfaMigrate.psm1"), re.MULTILINE)
    assert EVENT_VERSION == PROTOCOL, "the module checks the version of every line that it reads"


@pytest.mark.parametrize("path", SOURCES, ids=short)
def test_every_function_has_an_approved_verb_and_a_noun_in_the_singular(path: Path) -> None:
    for name in functions_in(path):
        verb, noun = name.split("-")
        assert verb in APPROVED_VERBS
        assert re.fullmatch(r"(?:[A-Z][a-z]+)+", noun)
        assert not noun.endswith("s")


@pytest.mark.parametrize("path", PUBLIC, ids=short)
def test_a_public_function_explains_itself_and_each_parameter(path: Path) -> None:
    text = text_of(path)
    help_text = re.search(r"<#(.*?)#>", text, re.DOTALL).group(1)
    for section in (".SYNOPSIS", ".DESCRIPTION", ".EXAMPLE", ".OUTPUTS"):
        assert section in help_text
    assert "[OutputType(" in text
    assert "[CmdletBinding(" in text
    documented = re.findall(r"^\s*\.PARAMETER (\w+)", help_text, re.MULTILINE)
    declared = parameters_of(text)
    assert documented == declared
    assert not {name.casefold() for name in declared} & RESERVED


def parameters_of(text: str) -> list[str]:
    after = text[text.index("    param(") :]
    block = after[: after.index("\n    )")]
    return re.findall(r"^        \[[\w.\[\]]+\] \$(\w+)", block, re.MULTILINE)


def test_set_mfastate_keeps_the_documented_positions_and_never_takes_state_from_the_pipeline() -> None:
    text = text_of(MODULE / "Public" / "Set-MfaState.ps1")
    block = text[text.index("    param(") : text.index("    begin {")]
    by_name = {
        found.group(2): found.group(1)
        for found in re.finditer(r"((?:^        \[[^$\n]*\n)*^        \[\w+\] )\$(\w+)", block, re.MULTILINE)
    }
    assert [
        re.search(r"Position = (\d)", by_name[name]).group(1) for name in ("ObjectId", "UserPrincipalName", "State")
    ] == [
        "0",
        "1",
        "2",
    ]
    assert "[Alias('Id', 'UserId')]" in by_name["ObjectId"]
    assert "[Alias('UPN', 'Username', 'SignInName')]" in by_name["UserPrincipalName"]
    for name in ("ObjectId", "UserPrincipalName"):
        assert "ValueFromPipelineByPropertyName" in by_name[name]
        assert "AllowEmptyString" in by_name[name]
    assert "Mandatory" in by_name["State"]
    assert "[ValidateSet('Disabled', 'Enabled', 'Enforced')]" in by_name["State"]
    assert "ValueFromPipeline" not in by_name["State"]
    assert "SupportsShouldProcess, ConfirmImpact = 'Medium'" in text


@pytest.mark.parametrize("name", ["Restore-MfaState", "Invoke-MfaMigration"])
def test_functions_over_the_whole_tenant_ask_unless_forced(name: str) -> None:
    text = text_of(MODULE / "Public" / f"{name}.ps1")
    assert "SupportsShouldProcess, ConfirmImpact = 'High'" in text
    assert "[switch] $Force" in text


def test_no_object_has_a_property_that_msonline_takes_for_the_province() -> None:
    for path in SOURCES:
        objects = re.findall(r"\[pscustomobject\] @\{(.*?)\}", text_of(path), re.DOTALL)
        assert not any(re.search(r"^\s*State\s*=", made, re.MULTILINE) for made in objects)


def test_views_name_properties_that_the_objects_have() -> None:
    made: dict[str, set[str]] = {}
    for path in SOURCES:
        for body in re.findall(r"\[pscustomobject\] @\{\n(.*?)\n\s*\}", text_of(path), re.DOTALL):
            members = re.findall(r"^\s*(\w+)\s*=", body, re.MULTILINE)
            (kind,) = re.findall(r"PSTypeName\s*=\s*'([^']+)'", body)
            made[kind] = set(members)
    document = ElementTree.parse(MODULE / "MfaMigrate.Format.ps1xml")
    shown = {
        view.findtext("ViewSelectedBy/TypeName"): [
            *(node.text for node in view.iter("PropertyName")),
            *(name for node in view.iter("ScriptBlock") for name in re.findall(r"\$_\.(\w+)", node.text or "")),
        ]
        for view in document.iter("View")
    }
    assert shown.keys() == made.keys()
    for kind, properties in shown.items():
        assert set(properties) <= made[kind]


CATEGORIES = {
    "AuthenticationError",
    "ConnectionError",
    "InvalidArgument",
    "InvalidData",
    "InvalidOperation",
    "InvalidResult",
    "LimitsExceeded",
    "NotInstalled",
    "NotSpecified",
    "ObjectNotFound",
    "OperationStopped",
    "PermissionDenied",
    "ProtocolError",
    "ReadError",
    "ResourceBusy",
    "ResourceUnavailable",
    "SecurityError",
    "WriteError",
}
"""Those that are used here, from System.Management.Automation.ErrorCategory, all in 5.1 and 7."""


def table_of_errors() -> dict[str, str]:
    rows = re.findall(
        r"^        (\w+)\s+= '(\w+)'$", text_of(MODULE / "Private" / "New-MfaMigrateError.ps1"), re.MULTILINE
    )
    assert len({code for code, _ in rows}) == len(rows), "one place for each id"
    return dict(rows)


def classes_below(kind: type) -> Iterator[type]:
    yield kind
    for each in kind.__subclasses__():
        yield from classes_below(each)


def test_the_table_of_errors_has_every_class_every_code_and_every_ending() -> None:
    table = table_of_errors()
    classes = {kind.__name__ for kind in classes_below(errors.MfaMigrateError) if kind.__module__ == errors.__name__}
    codes = {code.value for code in ResultCode} - {""}
    endings = {f"Exit{int(code)}" for code in errors.ExitCode}
    assert classes | codes | endings | {"CliNotFound", "Protocol", "NotAll"} == table.keys()
    assert set(table.values()) <= CATEGORIES
    assert table["FolderLocked"] == "ResourceBusy"
    assert table["NotFound"] == "ObjectNotFound"


def test_every_id_that_the_module_makes_itself_stands_in_the_table() -> None:
    made = {code for path in SOURCES for code in re.findall(r"New-MfaMigrateError -Code '(\w+)'", text_of(path))}
    assert made <= table_of_errors().keys()
    assert {"BadInput", "CliNotFound", "NotAll", "Protocol"} <= made


def test_every_outcome_and_level_of_the_protocol_has_its_place_in_the_module() -> None:
    messages = text_of(MODULE / "Private" / "Write-MfaStateMessage.ps1")
    for outcome in ResultOutcome:
        assert (f"'{outcome}'" in messages) is (outcome.is_error or outcome is ResultOutcome.PLANNED)
    assert f"'{LogLevel.WARNING}'" in messages


def test_what_the_functions_return_is_single_values_that_export_csv_keeps() -> None:
    for path in SOURCES:
        for body in re.findall(r"\[pscustomobject\] @\{\n(.*?)\n\s*\}", text_of(path), re.DOTALL):
            for value in re.findall(r"^\s*\w+\s*= (.*)$", body, re.MULTILINE):
                assert not value.startswith(("@(", "@{")), value
                assert "ToArray()" not in value or "-join" in value, value


def test_the_module_names_the_licence_and_no_address_that_leads_nowhere() -> None:
    """The project has no published address: a ProjectUri or HelpUri would send people to somebody else's page."""
    manifest = text_of(MODULE / "MfaMigrate.psd1")
    assert re.search(r"LicenseUri\s*= 'https://opensource.org/license/mit'", manifest)
    assert "ProjectUri" not in manifest
    for path in (*MODULE.rglob("*.ps1"), *MODULE.rglob("*.txt"), *MODULE.rglob("*.ps1xml"), *MODULE.rglob("*.psm1")):
        assert "HelpUri" not in text_of(path), path
        assert "https://example.com" not in text_of(path), path
    for path in PUBLIC:
        assert ".LINK\n    about_MfaMigrate\n" in text_of(path)
    # Pester, which runs elsewhere, must not wait for an address either.
    for path in (Path(__file__).parents[2] / "powershell").glob("*.Tests.ps1"):
        for line in re.findall(r"^.*(?:ProjectUri|HelpUri).*$", text_of(path), re.MULTILINE):
            assert line.endswith("Should -BeNullOrEmpty"), line


def test_the_about_topic_is_where_get_help_looks_and_names_every_function() -> None:
    about = MODULE / "en-US" / "about_MfaMigrate.help.txt"
    text = about.read_bytes().decode("ascii")
    assert text.startswith("TOPIC\n    about_MfaMigrate\n\nSHORT DESCRIPTION\n")
    assert max(map(len, text.splitlines())) <= 130
    for path in PUBLIC:
        assert path.stem in text
        assert "about_MfaMigrate" in text_of(path)


def test_completion_offers_the_places_where_apply_can_stop() -> None:
    text = text_of(MODULE / "Public" / "Invoke-MfaMigration.ps1")
    completer = text[text.index("[ArgumentCompleter({") : text.index("})]")]
    offered = re.findall(r"'([\w:-]+)'", completer)
    assert offered[:3] == ["report-only", "policies-on", "wave:1"]
    assert all(re.fullmatch(r"report-only|policies-on|wave:\d+", place) for place in offered)
    assert "ArgumentCompletions(" not in text, "Windows PowerShell does not know it"


def test_the_command_line_of_the_child_process_never_holds_a_value() -> None:
    text = text_of(MODULE / "Private" / "Invoke-MfaMigrateCli.ps1")
    assert re.findall(r"\.Arguments = (.*)", text) == ["$cli.Prefix + 'powershell call'"]
    assert "ProviderPath" in text
    assert "Get-Location -PSProvider FileSystem" in text
    others = [path for path in SOURCES if path.name != "Invoke-MfaMigrateCli.ps1"]
    assert not any("ProcessStartInfo" in text_of(path) or "Start-Process" in text_of(path) for path in others)


def test_the_readme_of_the_module_shows_pipelines_that_parse() -> None:
    readme = (MODULE / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```powershell\n(.*?)```", readme, re.DOTALL)
    assert len(blocks) >= 5
    for block in blocks:
        assert not PARSER.parse(block.encode()).root_node.has_error, block
    assert "Restore-MfaState mfa-migration/rollback.csv" in readme
    assert "Import-Csv mfa-migration/rollback.csv | Group-Object PreviousState" in readme


def test_the_wheel_carries_the_module_and_the_templates_of_messages() -> None:
    from hatchling.builders.wheel import WheelBuilder

    root = Path(__file__).parents[3]
    shipped = {file.distribution_path for file in WheelBuilder(str(root)).recurse_included_files()}
    for path in [*MODULE.rglob("*"), *(root / "migrate" / "views" / "notices" / "templates").iterdir()]:
        if path.is_file():
            assert path.relative_to(root).as_posix() in shipped
