"""The scripts of the module as trees: functions, commands, parameters, and what stands in a `try`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import tree_sitter_pwsh
from tree_sitter import Language, Node, Parser

from migrate.powershell.installation import module_source

MODULE = module_source()
PUBLIC = sorted((MODULE / "Public").glob("*.ps1"))
PRIVATE = sorted((MODULE / "Private").glob("*.ps1"))
FUNCTIONS = [*PUBLIC, *PRIVATE]
PARSER = Parser(Language(tree_sitter_pwsh.language()))


def tree_of(source: bytes) -> Node:
    """Return the tree of a script."""
    return PARSER.parse(source.removeprefix(b"\xef\xbb\xbf")).root_node


def tree(path: Path) -> Node:
    """Return the tree of a file."""
    return tree_of(path.read_bytes())


def below(node: Node) -> Iterator[Node]:
    """Yield a node and all that it is made of."""
    yield node
    for child in node.children:
        yield from below(child)


def above(node: Node) -> Iterator[Node]:
    """Yield what a node stands in, the nearest first."""
    while node.parent is not None:
        node = node.parent
        yield node


def text_of(node: Node | None) -> str:
    """Return the source of a node; empty for none."""
    return "" if node is None or node.text is None else node.text.decode()


def functions_in(root: Node) -> dict[str, Node]:
    """Return the functions of a script by name."""
    found = (node for node in below(root) if node.type == "function_statement")
    return {text_of(next(c for c in node.children if c.type == "function_name")): node for node in found}


def functions_of(path: Path) -> dict[str, Node]:
    """Return the functions of a file by name."""
    return functions_in(tree(path))


def commands_in(node: Node) -> Iterator[tuple[str, list[str], Node]]:
    """Yield each command by name with the names of the parameters that are given to it."""
    for each in below(node):
        name = each.child_by_field_name("command_name") if each.type == "command" else None
        if name is not None and name.type == "command_name":
            elements = each.child_by_field_name("command_elements")
            given = [] if elements is None else [c for c in elements.children if c.type == "command_parameter"]
            yield text_of(name), [text_of(parameter).lstrip("-").rstrip(":") for parameter in given], each


def calls_of(node: Node, method: str) -> Iterator[Node]:
    """Yield each call of a method, such as `$PSCmdlet.ShouldProcess(...)`."""
    for each in below(node):
        if each.type == "invocation_expression" and any(
            child.type == "member_name" and text_of(child).casefold() == method.casefold() for child in each.children
        ):
            yield each


def declarations_of(function: Node) -> dict[str, str]:
    """Return the parameters of a function, each with its attributes and its type as they are written.

    From the text: the grammar takes what follows a default value for a part of it.
    """
    (block, *_) = [node for node in below(function) if node.type == "param_block"]
    text = re.sub(r"^\s*#.*$", "", text_of(block), flags=re.MULTILINE)
    inner = text[text.index("(", text.index("param")) + 1 : text.rindex(")")]
    found = {}
    for declaration in _divided(inner):
        attributes, name = re.fullmatch(r"\s*((?:\[.*\]\s*)?)\$(\w+)\s*(?:=.*)?", declaration, re.DOTALL).groups()
        found[name] = attributes.strip()
    return found


def _divided(inner: str) -> Iterator[str]:
    """Yield what stands between the commas that are in no bracket and in no text."""
    depth, quote, begun = 0, "", 0
    for position, sign in enumerate(inner):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth -= 1
        elif sign == "," and not depth:
            yield inner[begun:position]
            begun = position + 1
    if inner[begun:].strip():
        yield inner[begun:]


def parameters_of(function: Node) -> set[str]:
    """Return the names of a function's parameters."""
    return set(declarations_of(function))


def aliases_of(declaration: str) -> list[str]:
    """Return the aliases of a parameter."""
    found = re.search(r"\[Alias\(([^)]*)\)\]", declaration)
    return re.findall(r"'(\w+)'", found.group(1)) if found else []


def block_of(function: Node, name: str) -> Node | None:
    """Return the block begin, process or end of a function, where it has one."""
    for node in below(function):
        if node.type == "named_block" and text_of(node.children[0]).casefold() == name:
            return node
    return None


def is_caught(node: Node) -> bool:
    """Tell whether a node stands in the block of a try that hands what it catches to ThrowTerminatingError."""
    for outer in above(node):
        if outer.type == "try_statement":
            caught = next(child for child in outer.children if child.type == "catch_clauses")
            if "ThrowTerminatingError($_)" in text_of(caught) and node.end_byte <= caught.start_byte:
                return True
    return False


COMMON = {
    "Debug",
    "ErrorAction",
    "ErrorVariable",
    "InformationAction",
    "InformationVariable",
    "OutBuffer",
    "OutVariable",
    "PipelineVariable",
    "Verbose",
    "WarningAction",
    "WarningVariable",
}
"""Parameters of every advanced function."""


def all_parameters_of(function: Node) -> set[str]:
    """Return everything that can be given to a function: parameters, aliases, and what PowerShell adds."""
    declared = declarations_of(function)
    added = {"WhatIf", "Confirm"} if "SupportsShouldProcess" in text_of(function) else set()
    return declared.keys() | {alias for given in declared.values() for alias in aliases_of(given)} | COMMON | added


KNOWN = {name: all_parameters_of(node) for path in PUBLIC for name, node in functions_of(path).items()}
"""The functions that are exported, each with everything that can be given to it."""


def sentences_of(path: Path) -> list[str]:
    """Return what a file of the module says to people: the texts in it with a blank, and the paragraphs of its help."""
    root = tree(path)
    strings = [text_of(node)[1:-1] for node in below(root) if node.type == "string_literal"]
    help_text = re.search(r"<#(.*?)#>", path.read_text(encoding="ascii"), re.DOTALL)
    paragraphs = re.split(r"\n\s*\n", help_text.group(1)) if help_text else []
    said = [" ".join(paragraph.split()) for paragraph in paragraphs if ".EXAMPLE" not in paragraph]
    return [text for text in strings if " " in text] + said


def blocks_of(markdown: str) -> list[str]:
    """Return the PowerShell blocks of a page."""
    return re.findall(r"```powershell\n(.*?)```", markdown, re.DOTALL)


def pipelines_of(markdown: str) -> list[str]:
    """Return the calls of our functions that a page shows in its text and its tables, without bare names."""
    text = re.sub(r"```.*?```", "", markdown, flags=re.DOTALL)
    spans = [span.replace(r"\|", "|") for span in re.findall(r"`([^`\n]+)`", text)]
    return [span for span in spans if re.search(r"\b[A-Z][a-z]+-Mfa\w+", span) and " " in span]
