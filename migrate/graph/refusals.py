"""Turn a definite no of Graph into the error that says what is missing and what to do about it."""

from __future__ import annotations

from migrate.errors import GraphRefused, PermissionMissing, RemoteProblem, SignInFailed
from migrate.graph.answers import Answer
from migrate.model.permissions import Need


class AccessRefused(PermissionMissing):
    """403, with what the call takes, so that whoever knows the token can tell which part of it is missing."""

    def __init__(self, what: str, need: Need, *, hint: str) -> None:
        super().__init__(what, hint=hint)
        self.need = need


class LicenceRefused(GraphRefused):
    """The tenant lacks the licence for this call."""


class NotFound(GraphRefused):
    """404: there is no such object."""


_NO_LICENCE = (
    "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
    "AadPremiumLicenseRequired",
    "not licensed for this feature",
    "premium license",
    "license is required",
    # PIM: "The tenant needs an AAD Premium 2 license." (microsoft/EntraExporter issue 61); later product names too.
    "premium 2 license",
    "p2 license",
    "governance license",
    "needs to have microsoft entra id p2",
    # PIM was never set up: "The tenant has not onboarded to PIM." (EntraExporter issue 61, cloudquery PR 12557).
    "not onboarded to pim",
    "not been onboarded to pim",
    "tenantnotonboarded",
)
"""What Graph says, in codes or messages, where the licence is missing or PIM was never set up. In any case."""


def is_licence_refusal(answer: Answer) -> bool:
    """Tell whether Graph says that the tenant lacks the licence for this call."""
    return answer.status in (400, 403) and answer.error.says(*_NO_LICENCE)


def refusal_of(answer: Answer, *, doing: str, needs: Need) -> RemoteProblem:
    """Return the error for a definite no; `doing` continues the words "while", such as "reading users"."""
    error = answer.error
    said = f"{answer.status} {error.words}".strip()
    trace = f" (request-id {answer.request_id})" if answer.request_id else ""
    if answer.status == 401:
        return SignInFailed(
            f"Graph did not accept the sign-in while {doing}: {said}{trace}.",
            hint="Sign in again and run the command again; what was done is kept.",
        )
    if is_licence_refusal(answer):
        return LicenceRefused(
            f"Graph says that this tenant lacks the licence while {doing}: {said}{trace}.",
            hint="Conditional Access and its reports need Microsoft Entra ID P1; check the tenant's subscriptions.",
        )
    if answer.status == 403:
        return AccessRefused(
            f"Graph refused access while {doing}: {said}{trace}.",
            needs,
            hint=f"Needed: the permission {needs.permissions_told}; for a signed-in person also the role "
            f"{needs.roles_told}. `mfa-migrate whoami` shows which of the two the token lacks.",
        )
    kind = NotFound if answer.status == 404 else GraphRefused
    return kind(f"Graph refused the request while {doing}: {said}{trace}.", hint=_hint(answer))


def _hint(answer: Answer) -> str:
    error = answer.error
    if error.says("Security Defaults is enabled"):
        return "Switch security defaults off in the Entra admin center before a policy is enabled."
    if error.says("1007:"):
        return "The policy's JSON is not what Graph expects; see the message above for the member it names."
    if error.says("1012:"):
        return "The policy combines conditions that exclude each other; see the message above."
    if answer.status == 404:
        return "The object does not exist, or not in this tenant; run `mfa-migrate export` again."
    return "Run the command again; if it stays, give the request id to Microsoft support."
