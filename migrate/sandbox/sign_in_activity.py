"""When somebody last signed in, as Graph serves it on users that it is selected for: from the sign-in log."""

from typing import TYPE_CHECKING

from migrate.sandbox.messages import Call, GraphError, Json

if TYPE_CHECKING:
    from migrate.sandbox.service import Sandbox

NAME = "signInActivity"
LARGEST_PAGE = 500
_PERMISSION = "AuditLog.Read.All"


def is_asked(call: Call) -> bool:
    """Tell whether a call selects the activity; it is never served unasked."""
    return NAME.lower() in [each.strip().lower() for each in call.query.get("$select", "").split(",")]


def check_asked(sandbox: "Sandbox", call: Call) -> None:
    """Refuse with 403 without a premium licence or, where permissions are enforced, without the log's permission."""
    if not sandbox.tenant.has_premium():
        raise GraphError(
            403,
            "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
            "Neither tenant is B2C or tenant doesn't have premium license",
        )
    if sandbox.settings.enforce_permissions and not sandbox.holds(call, _PERMISSION):
        raise GraphError(
            403,
            "Authentication_MSGraphPermissionMissing",
            f"Calling principal does not have required MSGraph permissions {_PERMISSION}",
        )


def activities(sandbox: "Sandbox") -> dict[str, Json]:
    """Return the activity of everybody in the sign-in log, by the user's id; failed attempts count as sign-ins."""
    found: dict[str, Json] = {}
    for entry in sandbox.tenant.sign_ins:  # oldest first
        names = ["lastSignIn" if entry.get("isInteractive", True) else "lastNonInteractiveSignIn"]
        if (entry.get("status") or {}).get("errorCode") == 0:
            names.append("lastSuccessfulSignIn")
        mine = found.setdefault(str(entry.get("userId")).lower(), {})
        for name in names:
            mine |= {f"{name}DateTime": entry.get("createdDateTime"), f"{name}RequestId": entry.get("id")}
    return found
