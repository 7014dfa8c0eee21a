"""Files in the shapes that people have, outside this project: each comes out as is written down beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from migrate.errors import BadInput
from migrate.exchange.reading import read_claims, with_states
from migrate.model.claims import ClaimFile

pytestmark = pytest.mark.shared

ABOUT = {
    "header": ("header",),
    "html": ("HTML",),
    "localized": ("German",),
    "quoted line": ("whole line", "quote"),
    "hidden rows": ("hidden row",),
}
"""What a sentence has to speak of, for each reason that is written down."""


def outcome(path: Path) -> tuple[ClaimFile | None, str]:
    """Return what a file says, None where it is refused, and all sentences about it."""
    try:
        file = with_states(read_claims(path))
    except BadInput as refused:
        return None, f"{refused.what} {refused.hint}"
    return file, " ".join(file.notes)


def check(expected: dict[str, Any], file: ClaimFile | None, said: str) -> None:
    """Compare an outcome with what was expected of it."""
    states = {claim.user_principal_name: claim.mfa_state for claim in file.claims} if file is not None else {}
    kinds = {"read", "readOrRefuse", "refuseOrRead"}
    for kind in kinds & expected.keys():
        if file is None:
            assert kind != "read", said
        else:
            assert {name: state for name, state in states.items() if state} == expected[kind]
    if expected.get("refuse"):
        assert file is None
    if expected.get("noState"):
        assert file is not None
        assert set(states.values()) == {None}
        assert "this file holds no state" in said
        assert len(file.claims) == expected.get("users", len(file.claims))
    for name in [*expected.get("unknown", ()), *expected.get("unknownOrRefuse", ())]:
        assert states.get(name) is None, name
    if expected.get("warnOrRefuse"):
        assert said
    for reason in filter(None, (expected.get("reason"), expected.get("warn"))):
        assert any(word in said for word in ABOUT[reason]), (reason, said)


def test_every_file_comes_out_as_is_written_down(shared: Path) -> None:
    folder = shared / "wild"
    expectations = json.loads((folder / "expect.json").read_bytes())
    known = {"read", "noState", "users", "refuse", "refuseOrRead", "readOrRefuse", "warnOrRefuse"}
    known |= {"unknownOrRefuse", "unknown", "reason", "warn"}
    files = {path.name for path in folder.iterdir()} - {"expect.json"}
    assert expectations.keys() == {name for name in files if not name.endswith(".faults.json")}
    for name, expected in expectations.items():
        assert expected.keys() <= known
        check(expected, *outcome(folder / name))
