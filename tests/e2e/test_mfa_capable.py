"""Who is MFA capable, from the tenant over the export to the plan; each limit is hit and met through the command."""

from __future__ import annotations

import csv
import io
from typing import Any

from tests.e2e.laboratory import Lab

ROOMS = "6af4b3d6-14bb-4a2a-960c-6c902aad34f3"
CREATE = 'mode = "create"'
OPEN = "max_newly_required = 1000\nmax_not_mfa_capable = 1000\nmax_newly_blocked = 1000"
WHY = 'reason = "gets a new telephone on Monday"\nexpires = 2099-01-01'


def without_policies(lab: Lab) -> None:
    """Leave nobody under a policy, so that the plan's own policy is what catches people."""
    for policy in lab.tenant.policies.values():
        policy["state"] = "disabled"


def blockers(lab: Lab) -> set[str]:
    return {note["code"] for note in lab.plan_header()["notes"] if note["severity"] == "blocker"}


def not_allowed(lab: Lab) -> list[str]:
    """Return the names of those who are registered with what the tenant does not allow, as the export tells."""
    text = (lab.workspace / "snapshot.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(io.StringIO(text))
    return [row["UserPrincipalName"] for row in rows if row["MfaCapable"].startswith("not MFA capable")]


def only_authenticator(lab: Lab) -> None:
    """Let the tenant allow nothing but the Authenticator app."""
    for one in lab.tenant.methods_policy["authenticationMethodConfigurations"]:
        one["state"] = "enabled" if one["id"] == "MicrosoftAuthenticator" else "disabled"


def test_each_limit_blocks_alone_and_people_are_accepted_by_name(lab: Lab) -> None:
    without_policies(lab)
    only_authenticator(lab)
    lab.configure(policy=CREATE)
    lab.go("export")
    named = not_allowed(lab)
    assert named, "the company has people with text messages only"
    lab.go("plan", "--exit-code", code=1)
    assert {"newly-required", "not-mfa-capable"} <= blockers(lab)
    (impact,) = lab.plan_header()["impacts"]
    numbers = impact["numbers"]

    lab.configure(policy=CREATE, limits=f"max_newly_required = {numbers['newlyRequired']}")
    lab.go("plan")
    assert blockers(lab) == {"not-mfa-capable"}, "raising one limit satisfies no other"
    refused = lab.go("apply", "--yes", "--max-users", "100%", code=3)
    assert "not-mfa-capable" in refused.err

    lab.configure(policy=CREATE, limits=f"max_not_mfa_capable = {numbers['notMfaCapable']}")
    lab.go("plan")
    assert blockers(lab) == {"newly-required"}

    accepted = "\n".join(f'[[accept_caught]]\nuser = "{name}"\n{WHY}\n' for name in named)
    lab.configure(accepted, policy=CREATE, limits="max_newly_required = 1000")
    lab.go("plan")
    assert blockers(lab) == set()
    assert {person["userPrincipalName"] for person in lab.plan_header()["acceptedCaught"]} == set(named)


def test_a_room_that_can_sign_in_would_be_blocked(lab: Lab) -> None:
    without_policies(lab)
    place = lab.tenant.people.find(lab.name_of("room.aurora"))
    assert place is not None
    rooms = {**lab.tenant.skus[0], "skuPartNumber": "Microsoft_Teams_Rooms_Basic", "skuId": ROOMS, "id": f"t_{ROOMS}"}
    lab.tenant.skus.append(rooms)
    licence = {"skuId": ROOMS, "disabledPlans": []}
    lab.tenant.people.amend(place, {"accountEnabled": True, "assignedLicenses": [licence]})
    lab.configure(policy=CREATE, limits="max_newly_required = 1000\nmax_not_mfa_capable = 1000")
    lab.go("export")
    lab.go("plan", "--exit-code", code=1)
    assert blockers(lab) == {"newly-blocked"}
    lab.configure(policy=CREATE, limits=OPEN)
    planned = lab.go("plan")
    assert blockers(lab) == set()
    assert "unknown" in planned.said
    assert "newly-blocked-unknown" in {note["code"] for note in lab.plan_header()["notes"]}


def test_the_former_name_of_the_limit_works_with_a_hint(lab: Lab) -> None:
    without_policies(lab)
    lab.configure(policy=CREATE, limits="max_newly_prompted = 1000\nmax_not_mfa_capable = 1000")
    lab.go("export")
    planned = lab.go("plan")
    assert "max_newly_prompted is called max_newly_required now" in " ".join(planned.err.split())
    assert "newly-required" not in blockers(lab)
    lab.configure(policy=CREATE, limits="max_newly_prompted = 1\nmax_newly_required = 1")
    assert "both are there" in lab.go("plan", code=2).err


def test_somebody_who_is_not_capable_is_told_so_everywhere_and_stays_covered(lab: Lab) -> None:
    only_authenticator(lab)
    lab.configure()
    lab.go("export")
    lab.go("plan")
    named = [name for name in not_allowed(lab) if lab.plan_rows()[name]["Action"] == "disable"]
    assert named
    last = str(lab.plan_header()["waves"][-1]["number"])
    for name in named:
        row = lab.plan_rows()[name]
        assert (row["Wave"] in ("1", last), row["Reason"].startswith("covered")) == (True, True)
        assert "not MFA capable: registered only with what the tenant does not allow" in row["Reason"]
    explained = lab.go("explain", named[0]).out
    assert "Coverage:      covered" in explained
    assert "MFA capable:   not MFA capable" in explained
    assert "MFA capable:    not MFA capable" in lab.go("status", named[0]).out
    told = lab.go("notify", "before-wave").out
    assert "What you registered is not accepted here." in told


def guest_said(lab: Lab) -> str:
    lab.go("export")
    name = next(each for each in lab.states() if each.startswith("hana.lowe"))
    lines = lab.go("explain", name).out.splitlines()
    return next(line for line in lines if "MFA capable:" in line)


def test_a_guest_passes_at_home_where_the_home_tenant_is_trusted(lab: Lab) -> None:
    lab.configure()
    trust: dict[str, Any] = {"isMfaAccepted": True, "isCompliantDeviceAccepted": False}
    assert "passes at home" not in guest_said(lab)
    lab.tenant.cross_tenant_default = {"inboundTrust": trust}
    assert "passes at home: MFA of the home tenant is trusted here" in guest_said(lab)
    lab.tenant.partners = [
        {"tenantId": "5f0c6b1e-6f0e-4f5d-9a30-3d2f5d0f9b11", "inboundTrust": {"isMfaAccepted": False}}
    ]
    assert "passes at home" not in guest_said(lab), "whose tenant is a guest's home cannot be read"
