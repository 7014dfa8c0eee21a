"""What `sandbox` prints: where it serves which tenant, and how a simulated sign-in went."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from migrate.model.record import JsonObject
from migrate.model.words import counted
from migrate.views.screen import Answer


def sandbox_answer(url: str, tenant_id: str, domain: str, users: int) -> Answer:
    """Return the answer for a sandbox that accepts connections."""
    return Answer(
        kind="sandbox",
        document={"url": url, "tenantId": tenant_id, "domain": domain, "users": users},
        columns=("Url", "TenantId", "Domain", "Users"),
        rows=lambda: [(url, tenant_id, domain, str(users))],
        lines=lambda: [f"SANDBOX {url} serves {domain} with {counted(users, 'user')}; Ctrl-C ends it"],
    )


def signin_answer(entry: JsonObject) -> Answer:
    """Return the answer for a simulated sign-in, from its log entry in beta's shape."""
    code, reason = entry["status"]["errorCode"], entry["status"].get("failureReason")
    asked = [policy["detail"] for policy in entry["authenticationRequirementPolicies"]]
    outcome = "succeeds" if code == 0 else f"fails with {code}: {reason}"
    applied = [(p["displayName"], p["result"]) for p in entry["appliedConditionalAccessPolicies"]]

    def lines() -> Iterator[str]:
        app, client = entry["appDisplayName"], entry["clientAppUsed"]
        yield f"{entry['userPrincipalName']} signs in to {app} ({client}): {outcome}"
        yield f"MFA is asked for by: {', '.join(asked) or 'nobody'}"
        yield from (f"  {name}: {result}" for name, result in applied)

    return Answer(
        kind="signin",
        document=entry,
        columns=("UserPrincipalName", "App", "Client", "ErrorCode", "MfaAskedBy"),
        rows=lambda: [
            (entry["userPrincipalName"], entry["appDisplayName"], entry["clientAppUsed"], str(code), "; ".join(asked))
        ],
        lines=lines,
    )


def ways_answer(ways: Sequence[Mapping[str, Any]], command: str) -> Answer:
    """Return the answer with the command for each way to sign in to a sandbox.

    Args:
        ways: Each with kind, environment, before, after and note.
        command: What is typed, without the option that chooses the way.
    """
    rows = [(way["kind"], way["before"], _typed(way, command), way["note"]) for way in ways]

    def lines() -> Iterator[str]:
        for kind, before, typed, note in rows:
            yield f"# {kind}: {note}" if note else f"# {kind}"
            yield from ([before] if before else [])
            yield typed

    return Answer(
        kind="ways",
        document={"ways": [dict(zip(("kind", "before", "command", "note"), row, strict=True)) for row in rows]},
        columns=("Kind", "Before", "Command", "Note"),
        rows=lambda: rows,
        lines=lines,
    )


def _typed(way: Mapping[str, Any], command: str) -> str:
    environment = [f'{name}="{value}"' for name, value in way["environment"].items()]
    return " ".join([*environment, f"mfa-migrate {command} --sign-in {way['kind']}", *filter(None, [way["after"]])])
