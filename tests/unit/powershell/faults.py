"""What a real PowerShell found wrong in the module once, as rules that need none. Each returns the faults of a source.

`test_faults.py` plants each fault and sees it found, and finds none in the module.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from tree_sitter import Node

from tests.unit.powershell.scripts import (
    below,
    block_of,
    calls_of,
    commands_in,
    declarations_of,
    functions_in,
    is_caught,
    text_of,
    tree_of,
)

REFUSAL = "$MyInvocation.ExpectingInput"


def asks_outside_of_a_try(source: bytes) -> list[str]:
    """Find questions whose error would end one statement, and let the next one write.

    Where nobody can be asked, ShouldProcess throws. Outside of a `try` that ends the statement and not the function.
    """
    root = tree_of(source)
    asked = [call for method in ("ShouldProcess", "ShouldContinue") for call in calls_of(root, method)]
    return [text_of(call) for call in asked if not is_caught(call)]


def takes_everybody_from_a_pipeline(source: bytes) -> list[str]:
    """Find functions whose body would run for everybody after objects of a pipeline could not be bound."""
    return [
        name
        for name, function in functions_in(tree_of(source)).items()
        if not _binds_or_refuses(function, declarations_of(function))
    ]


def _binds_or_refuses(function: Node, parameters: dict[str, str]) -> bool:
    if not any("ValueFromPipeline" in attributes for attributes in parameters.values()):
        return _refuses(block_of(function, "begin"))
    # Objects are bound one by one in `process`; without that block only the last of them counts.
    if block_of(function, "process") is None:
        return False
    mandatory = any("ValueFromPipeline" in given and "Mandatory" in given for given in parameters.values())
    needs_to_ask = not mandatory and {"Force", "All"} & parameters.keys()
    return not needs_to_ask or REFUSAL in text_of(block_of(function, "begin"))


def _refuses(begin: Node | None) -> bool:
    if begin is None:
        return False
    for node in below(begin):
        if node.type == "if_statement":
            condition = next(child for child in node.children if child.type == "pipeline")
            if text_of(condition) == REFUSAL and next(calls_of(node, "ThrowTerminatingError"), None) is not None:
                return True
    return False


def mixed_output_types(source: bytes) -> list[str]:
    """Find `[OutputType([bool], 'Name')]`: a type and a text in one attribute throw when the attribute is read.

    Get-Help, Get-Command -Syntax, Tab and the call itself read it.
    """
    found = []
    for node in below(tree_of(source)):
        if node.type == "attribute" and text_of(node).casefold().startswith("[outputtype"):
            kinds = {inner.type for inner in below(node)} & {"type_literal", "string_literal"}
            if len(kinds) > 1:
                found.append(text_of(node))
    return found


def warnings_that_get_lost(source: bytes) -> list[str]:
    """Find `Write-Warning`: it runs in a pipeline of its own, and the caller's -WarningVariable stays empty.

    `$Cmdlet.WriteWarning` of the function that the user called is what fills it.
    """
    return [text_of(node) for name, _, node in commands_in(tree_of(source)) if name.casefold() == "write-warning"]


OF_OTHERS = {"NonInteractive", "Full"}
"""Parameters of PowerShell's own that sentences name."""


def parameters_that_do_not_exist(sentence: str, known: Mapping[str, set[str]], own: str | None = None) -> list[str]:
    """Find parameters that a sentence names and that its functions lack.

    Args:
        sentence: a message or a text of help.
        known: the parameters of each function of the module.
        own: the function that says it; a parameter without a function before it is one of its own.
    """
    named = re.findall(r"[A-Z][a-z]+-Mfa[A-Z]\w*", sentence)
    allowed = set(OF_OTHERS)
    for function in [*named, *([own] if own else [])]:
        allowed |= known.get(function, set())
    return [word for word in re.findall(r"(?<![\w-])-([A-Z]\w+)", sentence) if word not in allowed] + [
        function for function in named if function not in known
    ]


def options_of_the_command_line(sentence: str) -> list[str]:
    """Find options of the command line in a text of the module, whose readers cannot type them."""
    return re.findall(r"(?<![\w-])--[a-z][\w-]+", sentence)


def pipelines_that_cannot_bind(text: str, known: Mapping[str, set[str]]) -> list[str]:
    """Find calls of the module's functions in a pipeline with parameters that the functions lack."""
    root = tree_of(text.encode())
    found = [f"does not parse: {text}"] if root.has_error else []
    for name, given, _ in commands_in(root):
        if re.fullmatch(r"[A-Z][a-z]+-Mfa\w+", name):
            if name not in known:
                found.append(f"{name} does not exist")
            else:
                found += [f"{name} has no -{word}" for word in given if word not in known[name]]
    return found


def broken_headers(columns: Sequence[tuple[str, str | None]], width: int = 80) -> list[str]:
    """Find headers of a table that do not fit: columns without a width share what the others leave."""
    fixed = sum(int(given) for _, given in columns if given)
    free = [label for label, given in columns if not given]
    share = (width - fixed - (len(columns) - 1)) // max(1, len(free))
    return [label for label, given in columns if len(label) > (int(given) if given else share)]
