"""Every sample of what PowerShell and the report scripts write is read right or refused for the right reason."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from migrate.errors import BadInput
from migrate.exchange.reading import Asked, read_claims, with_states

pytestmark = pytest.mark.shared


@pytest.fixture
def samples(shared: Path) -> Path:
    """Return the folder of the samples."""
    return shared / "powershell-samples"


ANA, BOB, CHEN = (f"{digit * 8}-{digit * 4}-4{digit * 3}-8{digit * 3}-{digit * 12}" for digit in "123")
ALL_THREE = [(ANA, "enforced"), (BOB, "enabled"), (CHEN, "disabled")]

READ = {
    "admindroid-graph-per-user.csv": [
        ("ana.lopez@contoso.example", "enforced"),
        ("bob@contoso.example", "enabled"),
        ("chen@contoso.example", "disabled"),
        ("dora@contoso.example", "disabled"),
    ],
    "export-excel.xlsx": ALL_THREE,
    "ps51-depth4-date.json": [(ANA, "enforced"), (CHEN, "disabled")],
    "selected-ps7-asneeded.csv": ALL_THREE,
    "selected-semicolon-utf8bom.csv": ALL_THREE,
    "users-depth2.json": [(ANA, None), (BOB, None), (CHEN, "disabled")],
    "users.clixml.xml": ALL_THREE,
}
REFUSED = {
    "admindroid-graph-strength-FALSE-FRIEND.csv": "row 2, column MFA Status: 'Strong' is no per-user MFA state",
    "portal-bulk-update.csv": "looks like the portal's bulk-update file",
    "raw-ps7.csv": "row 2, column StrongAuthenticationRequirements: 'System.Collections",
    "raw-type-quoted.csv": "row 3, column StrongAuthenticationRequirements: 'System.Collections",
    "table.txt": "was printed by Format-Table",
    "user-depth1-single.json": "is the name of a type or a cut object; the state was lost in the export",
}


def test_every_sample_has_its_expectation(samples: Path) -> None:
    assert {path.name for path in samples.iterdir()} - {"SOURCES.md"} == READ.keys() | REFUSED.keys()


@pytest.mark.parametrize("name", sorted(READ))
def test_a_sample_with_states_is_read(samples: Path, name: str) -> None:
    file = with_states(read_claims(samples / name))
    assert [(claim.object_id or claim.user_principal_name, claim.mfa_state) for claim in file.claims] == READ[name]


@pytest.mark.parametrize("name", sorted(READ))
def test_a_sample_is_read_the_same_from_a_stream(samples: Path, name: str) -> None:
    from_stream = read_claims(io.BytesIO((samples / name).read_bytes()))
    assert [claim.mfa_state for claim in from_stream.claims] == [state for _, state in READ[name]]


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_sample_without_states_is_refused_with_the_reason(samples: Path, name: str) -> None:
    with pytest.raises(BadInput) as refused:
        with_states(read_claims(samples / name))
    assert name in refused.value.what
    assert REFUSED[name] in refused.value.what
    assert refused.value.hint


@pytest.mark.parametrize("name", sorted(REFUSED.keys() - {"table.txt"}))
def test_a_sample_without_states_is_still_a_list_of_users(samples: Path, name: str) -> None:
    claims = read_claims(samples / name).claims
    assert claims
    assert all(claim.mfa_state is None for claim in claims)


def test_the_portals_file_is_read_when_the_operator_says_what_it_is(samples: Path) -> None:
    file = read_claims(samples / "portal-bulk-update.csv", Asked(state_column="mfa status"))
    assert [claim.mfa_state for claim in file.claims] == ["enabled", "disabled"]


def test_the_strength_of_methods_is_refused_even_when_the_operator_insists(samples: Path) -> None:
    with pytest.raises(BadInput, match="so the column does not hold it"):
        with_states(
            read_claims(samples / "admindroid-graph-strength-FALSE-FRIEND.csv", Asked(state_column="MFA Status"))
        )


def test_states_lost_in_some_rows_name_the_rows_and_the_right_export(samples: Path) -> None:
    notes = "\n".join(read_claims(samples / "users-depth2.json").notes)
    assert "row 1, column StrongAuthenticationRequirements" in notes
    assert "row 2, column StrongAuthenticationRequirements" in notes
    assert "Select-Object ObjectId,UserPrincipalName" in notes
