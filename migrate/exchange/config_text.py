"""Changes single keys of mfa-migrate.toml and keeps everything else of it: comments, order, blank lines."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

from migrate.errors import ConfigProblem

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

_HINT = "Write it by hand: see `mfa-migrate help configuration`."


def with_policy_created(text: str) -> str:
    """Return the configuration with `policy.mode = "create"` for all users. Raises ConfigProblem."""
    document, policy = _policy_of(text)
    policy["mode"] = "create"
    if policy.get("scope", "all") != "all":
        policy["scope"] = "all"
    return _written(document)


def with_policy_switched_on(text: str, name: str) -> str:
    """Return the configuration with one more policy under `policy.switch_on`. Raises ConfigProblem."""
    document, policy = _policy_of(text)
    listed = policy.get("switch_on")
    if listed is None:
        policy["switch_on"] = [name]
    elif name not in listed:
        listed.append(name)
    return _written(document)


def with_template_switched_on(text: str, name: str) -> str:
    """Return the configuration with a template under `policy.template` that is switched on. Raises ConfigProblem."""
    import tomlkit
    from tomlkit.items import AoT

    document, policy = _policy_of(text)
    listed = policy.get("template")
    if listed is None:
        listed = policy["template"] = tomlkit.aot()
    if not isinstance(listed, list):
        raise ConfigProblem("The configuration could not be changed: its policy.template is no list.", hint=_HINT)
    there = next((one for one in listed if isinstance(one, MutableMapping) and one.get("name") == name), None)
    if there is not None:
        there["switch_on"] = True
    else:
        entry = tomlkit.table() if isinstance(listed, AoT) else tomlkit.inline_table()
        entry.update({"name": name, "switch_on": True})
        listed.append(entry)
    return _written(document)


def _policy_of(text: str) -> tuple[TOMLDocument, Any]:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(text)
    except TOMLKitError as problem:
        raise ConfigProblem(f"The configuration could not be changed: {problem}.", hint=_HINT) from problem
    if "policy" not in document:
        document["policy"] = tomlkit.table()
    policy = document["policy"]
    if not isinstance(policy, MutableMapping):
        raise ConfigProblem("The configuration could not be changed: its policy is no table.", hint=_HINT)
    return document, policy


def _written(document: TOMLDocument) -> str:
    import tomlkit

    return tomlkit.dumps(document)
