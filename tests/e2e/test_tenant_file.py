"""A rehearsal with one's own tenant: export writes a tenant file, and the sandbox that serves it plans the same."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from migrate.sandbox.company import company
from migrate.sandbox.tenant_file import load_tenant_file
from tests.e2e.laboratory import Lab, environment

REHEARSAL = {"emergency_access": 'none = "a rehearsal knows no names"', "waves": ""}
"""A configuration that names nobody, so that it fits the tenant under any names."""


def prepare(lab: Lab) -> None:
    """Make the company hold one of everything that decides."""
    for group in lab.tenant.groups:
        if group.json["displayName"] == "Field Workers Without Phones":
            # Its members are hidden from the export: whoever a policy excludes by it is unknown.
            group.json["visibility"] = "HiddenMembership"
    everybody = next(p for p in lab.tenant.policies.values() if p["displayName"] == "Require MFA for all users")
    hidden = next(g for g in lab.tenant.groups if g.json["displayName"] == "Board")
    everybody["conditions"]["users"]["excludeRoles"].append("729827e3-9c14-49f7-bb1b-9608f156bbb8")
    office = next(iter(lab.tenant.named_locations.values()))
    office["ipRanges"].append({"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "198.51.100.64/26"})
    some_apps = next(p for p in lab.tenant.policies.values() if "Office 365" in p["displayName"])
    some_apps["conditions"]["users"]["excludeGroups"].append(hidden.id)
    # Who could answer a request for MFA: as no tenant has it by default.
    for method in lab.tenant.methods_policy["authenticationMethodConfigurations"]:
        if method["id"] in ("Sms", "Voice"):
            method["state"] = "disabled"
    lab.tenant.cross_tenant_default = {"inboundTrust": {"isMfaAccepted": True}}
    lab.tenant.partners = [{"tenantId": "5b7f5a3e-0000-4000-8000-00000000000a", "inboundTrust": None}]


def counts(lab: Lab) -> dict[str, Any]:
    """Return what a plan says without naming anybody."""
    header = lab.plan_header()
    return {
        "counts": header["counts"],
        "waves": sum(wave["users"] for wave in header["waves"]),
        "last wave": header["waves"][-1]["users"],
        "notes": sorted(note["code"] for note in header["notes"]),
        "total": header["totalUsers"],
    }


def capable(lab: Lab) -> Counter[str]:
    """Return how many users stand how to what the policies ask."""
    return Counter(row["MfaCapable"] for row in lab.plan_rows().values())


@pytest.mark.parametrize("disguise", [(), ("--anonymise",)])
def test_the_sandbox_that_serves_the_file_plans_the_same(
    make_lab: Callable[..., Lab], tmp_path: Path, disguise: tuple[str, ...]
) -> None:
    lab = make_lab(company(3, 200))
    prepare(lab)
    lab.configure(**REHEARSAL)
    file = tmp_path / "rehearsal.json"
    before = lab.go("export", "--tenant-file", str(file), *disguise, "-o", "json").document
    lab.go("plan")

    rehearsal = make_lab(load_tenant_file(file))
    rehearsal.configure(**REHEARSAL)
    after = rehearsal.go("export", "-o", "json").document
    rehearsal.go("plan")
    assert after["counts"] == before["counts"]
    assert counts(rehearsal) == counts(lab)
    assert capable(rehearsal) == capable(lab)
    assert "passes at home" in capable(lab)
    assert not any(people.startswith("must register here") for people in capable(lab))
    assert len({key for key in counts(lab)["counts"] if key.startswith("hold/")}) >= 2
    if not disguise:
        assert rehearsal.plan_rows() == lab.plan_rows()
    rehearsal.go("apply", "--yes", "--max-users", "100%", "--skip-settle", "lab")
    rehearsal.go("verify")


def test_nothing_of_the_tenant_is_left_in_an_anonymised_file(make_lab: Callable[..., Lab], tmp_path: Path) -> None:
    lab = make_lab(company(3, 200))
    prepare(lab)
    file = tmp_path / "rehearsal.json"
    lab.go("export", "--tenant-file", str(file), "--anonymise")
    written = file.read_text(encoding="utf-8").lower()
    people, tenant = lab.tenant.people, lab.tenant
    names = {"contoso", "198.51.100.64", tenant.id, *(location for location in tenant.named_locations)}
    for place in range(len(people)):
        user = people.user(place)
        names |= {user["id"], user["userPrincipalName"].lower()}
        # Microsoft's own name of the synchronization account is the same everywhere and stays.
        if not str(user["displayName"]).startswith("On-Premises Directory Sync"):
            names.add(user["displayName"].lower())
    for group in tenant.groups:
        names |= {group.id, group.json["displayName"].lower()}
    for policy in tenant.policies.values():
        names |= {policy["id"], policy["displayName"].lower()}
    names |= {location["displayName"].lower() for location in tenant.named_locations.values()}
    assert [name for name in sorted(names) if name in written] == []
    assert len(json.loads(written)["users"]) == 200


def test_a_file_can_be_written_from_the_snapshot_without_asking_the_tenant_again(exported: Lab, tmp_path: Path) -> None:
    exported.requests()
    file = tmp_path / "rehearsal.json"
    exported.go("export", "--offline", "--tenant-file", str(file))
    assert exported.requests() == []
    assert len(json.loads(file.read_bytes())["users"]) == 60


def test_the_sandbox_command_serves_the_file_and_writes_a_configuration_for_it(exported: Lab, tmp_path: Path) -> None:
    file, config = tmp_path / "rehearsal.json", tmp_path / "lab.toml"
    exported.go("export", "--offline", "--tenant-file", str(file))
    words = ["sandbox", "--port", "0", "--tenant-file", str(file), "--write-config", str(config), "-o", "ndjson"]
    process = subprocess.Popen(
        [sys.executable, "-m", "migrate", *words],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout as out:
        served = json.loads(out.readline())
        try:
            assert (served["type"], served["domain"], served["users"]) == ("row", "contoso.example", "60")
            text = config.read_text(encoding="utf-8")
            assert f'endpoint = "{served["url"]}"' in text
            assert "emergency1@contoso.example" in text
        finally:
            process.terminate()
            process.wait(timeout=20)
