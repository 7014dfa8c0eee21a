"""Templates against the sandbox: it takes each body, and each stands as planned until a person decides otherwise."""

from __future__ import annotations

from typing import Any

from tests.e2e.laboratory import Lab, ask

WISHES = """mode = "create"
strength = "Multifactor authentication"
report_only_days = 0
policy_settle = "0s"

[[policy.template]]
name = "legacy-authentication"
{legacy}
[[policy.template]]
name = "security-information"
{registering}
[[policy.template]]
name = "emergency-access"
"""
LIMITS = 'max_newly_required = 1000\nmax_not_mfa_capable = 1000\nmax_newly_blocked = 1000\nreadback_timeout = "2s"'
LEGACY, REGISTERING, EMERGENCY = (
    "Block legacy authentication (mfa-migrate)",
    "Secure registration of security information (mfa-migrate)",
    "Phishing-resistant MFA for emergency access (mfa-migrate)",
)


def policies(lab: Lab) -> dict[str, dict[str, Any]]:
    listed = ask(f"{lab.url}/v1.0/identity/conditionalAccess/policies")["value"]
    return {policy["displayName"]: policy for policy in listed}


def test_templates_are_created_shown_switched_on_by_decision_and_go_back(lab: Lab) -> None:
    former = policies(lab)
    lab.configure(policy=WISHES.format(legacy="", registering=""), limits=LIMITS)
    lab.go("export")
    shown = lab.go("plan", "--policies").out
    for said in (
        '"urn:user:registersecurityinfo"',
        '"exchangeActiveSync"',
        '"authenticationStrength"',
        "disabled (",
    ):
        assert said in shown
    lab.go("apply", "--yes", "--max-users", "100%", "--skip-report-only", "lab")
    made = policies(lab)
    assert {name: made[name]["state"] for name in (LEGACY, REGISTERING, EMERGENCY)} == {
        LEGACY: "enabledForReportingButNotEnforced",
        REGISTERING: "disabled",
        EMERGENCY: "enabledForReportingButNotEnforced",
    }
    everybody = made["Require MFA for all users (mfa-migrate)"]
    assert everybody["grantControls"]["authenticationStrength"]["displayName"] == "Multifactor authentication"
    lab.go("verify")

    lab.configure(policy=WISHES.format(legacy="switch_on = true", registering="switch_on = true"), limits=LIMITS)
    lab.go("export")
    assert "BLOCKER [security-information-not-capable]" in lab.go("plan").out
    lab.go("apply", "--yes", "--max-users", "100%", code=3)
    assert policies(lab)[REGISTERING]["state"] == "disabled"

    process = 'switch_on = true\ntemporary_access_pass = "at the counter"'
    lab.configure(policy=WISHES.format(legacy="switch_on = true", registering=process), limits=LIMITS)
    lab.go("plan")
    lab.go("apply", "--yes", "--max-users", "100%", "--skip-report-only", "lab")
    made = policies(lab)
    assert (made[LEGACY]["state"], made[REGISTERING]["state"]) == ("enabled", "enabled")
    assert len(made) == len(former) + 4, "nothing is made twice"

    lab.go("rollback", "--yes")
    assert policies(lab).keys() == former.keys()
