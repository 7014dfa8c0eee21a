"""An anonymised report names nobody and nothing of the tenant: every name of the tenant is looked for in the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrate.sandbox.company import company
from tests.e2e.laboratory import Lab, ask, lab_in

LETTERS = re.compile(r"[^\W\d_]")
GUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
SECRET = "Zwiebelfisch"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Return a lab with exceptions of every kind, a wave of a name of its own, and a first wave that is through."""
    with lab_in(tmp_path_factory.mktemp("anonymised"), company(1, 60)) as made:
        more = (
            f'[[exclude]]\nuser = "alma.berg@contoso.example"\nreason = "{SECRET} says so"\nexpires = 2099-01-01\n'
            f'decided_by = "{SECRET}, security"\nsince = 2026-01-01\n'
            f'[[accept_partial]]\ngap = "clientAppType:other"\nreason = "{SECRET}"\nexpires = 2099-01-01\n'
        )
        made.configure(more=more)
        made.go("export")
        made.go("plan")
        made.go("apply", "--until", "wave:1", "--yes", "--max-users", "100%")
        made.go("verify")
        yield made


def page(lab: Lab, *words: str) -> str:
    path = lab.folder / "report.html"
    lab.go("report", "--to", str(path), *words)
    return path.read_text(encoding="utf-8")


def names_of(lab: Lab) -> set[str]:
    """Return every string that names somebody or something of the tenant, of four or more letters."""
    found = {lab.tenant.domain, lab.tenant.id, SECRET}
    people = ask(f"{lab.url}/v1.0/users?$top=999&$select=id,userPrincipalName,displayName")["value"]
    for user in people:
        name = user["userPrincipalName"]
        found |= {user["id"], name, name.partition("@")[0], user["displayName"]}
    for path in (
        "v1.0/identity/conditionalAccess/policies",
        "v1.0/identity/conditionalAccess/namedLocations",
        "v1.0/groups?$top=999",
    ):
        for one in ask(f"{lab.url}/{path}")["value"]:
            found |= {one["id"], one["displayName"]}
    return {name for name in found if name and (len(LETTERS.findall(name)) >= 4 or GUID.fullmatch(name))}


@pytest.mark.parametrize("language", ["en", "de"])
def test_no_name_of_the_tenant_stands_in_it(lab: Lab, language: str) -> None:
    plain, hidden = page(lab), page(lab, "--anonymise", "--language", language)
    names = names_of(lab)
    assert sum(name in plain for name in names) > 60  # the search finds what is there
    assert [name for name in names if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", hidden)] == []
    assert GUID.findall(hidden) == []


def test_digests_stay_and_two_of_them_agree(lab: Lab) -> None:
    digest = lab.plan_header()["digest"]
    first = page(lab, "--anonymise")
    assert digest in first
    assert first == page(lab, "--anonymise")


def test_another_key_gives_other_numbers(lab: Lab) -> None:
    first = page(lab, "--anonymise")
    key = lab.workspace / "report.key"
    assert key.stat().st_mode & 0o077 == 0
    key.unlink()
    assert page(lab, "--anonymise") != first


def test_a_damaged_key_is_said(lab: Lab) -> None:
    Path(lab.workspace / "report.key").write_bytes(b"short")
    ran = lab.go("report", "--anonymise", code=5)
    assert "report.key" in ran.err
    (lab.workspace / "report.key").unlink()
