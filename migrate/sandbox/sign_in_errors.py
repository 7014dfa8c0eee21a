"""The sign-in service's refusals: AADSTS codes with their OAuth words and what Microsoft's page says of them."""

from dataclasses import dataclass

INTERACTION, GRANT, CLIENT = "interaction_required", "invalid_grant", "invalid_client"
UNAUTHORIZED, REQUEST, DENIED = "unauthorized_client", "invalid_request", "access_denied"

CODES: dict[int, tuple[str, str]] = {
    53003: (INTERACTION, "Access has been blocked by Conditional Access policies."),
    53000: (INTERACTION, "Device is not in required device state: compliant."),
    53001: (INTERACTION, "Device is not in required device state: domain joined."),
    50097: (INTERACTION, "Device authentication is required."),
    530084: (INTERACTION, "Access has been blocked by the Conditional Access policy for token protection."),
    530032: (INTERACTION, "Access has been blocked by a policy of the tenant."),
    530035: (INTERACTION, "Access has been blocked by security defaults."),
    65001: (GRANT, "The user or administrator has not consented to use the application."),
    90094: (DENIED, "An administrator of the tenant has to consent to what the application asks for."),
    90095: (DENIED, "The consent of an administrator has been asked for."),
    65004: (DENIED, "The user declined to consent to access the app."),
    65002: (REQUEST, "Consent between first party application and first party resource must be configured."),
    700016: (UNAUTHORIZED, "The application was not found in the directory."),
    700011: (UNAUTHORIZED, "The application was not found in the directory and is not there for all tenants."),
    500011: ("invalid_resource", "The resource principal was not found in the tenant."),
    7000218: (CLIENT, "The request body must contain 'client_assertion' or 'client_secret': no public client."),
    50011: (REQUEST, "The redirect URI does not match those configured for the application."),
    7000215: (CLIENT, "Invalid client secret provided. Send the secret's value, not its id."),
    7000222: (CLIENT, "The provided client secret keys are expired."),
    700027: (CLIENT, "Client assertion failed signature validation: the key was not found."),
    50020: (GRANT, "The user account from another identity provider does not exist in the tenant."),
    50034: (GRANT, "The user account does not exist in the directory."),
    90072: (GRANT, "The account needs to be added as an external user in the tenant first."),
    16000: (INTERACTION, "The user account does not exist in the tenant and cannot access the application in it."),
    51004: (GRANT, "The user account does not exist in the directory. It has to be added first."),
    90099: (REQUEST, "The application has not been authorized in the customer's tenant."),
    530034: (INTERACTION, "Access of a delegated administrator has been blocked for risk in the home tenant."),
    53011: (INTERACTION, "The user has been blocked for risk in the home tenant."),
    50105: (GRANT, "The signed in user is not assigned to a role for the application."),
    50072: (INTERACTION, "The user must enroll for multifactor authentication."),
    50074: (INTERACTION, "Strong authentication is required."),
    50076: (INTERACTION, "The user must use multifactor authentication to access this."),
    50079: (INTERACTION, "The user must register for multifactor authentication."),
    53004: (INTERACTION, "The user must register for multifactor authentication, which is risky here."),
    53010: (INTERACTION, "The user must register security information from a trusted place."),
    90002: (REQUEST, "The tenant was not found."),
    90038: (REQUEST, "The tenant belongs to another national cloud."),
    50057: (GRANT, "The user account is disabled."),
    50053: (GRANT, "The account is locked: too many wrong attempts."),
    50126: (GRANT, "Invalid username or password."),
    500021: (DENIED, "Access to the tenant is denied by tenant restrictions."),
    500022: (DENIED, "Access to the tenant is denied by tenant restrictions version 2."),
    500212: (DENIED, "An administrator of the home tenant does not let the user out to this tenant."),
    500213: (DENIED, "An administrator of this tenant does not let users of the home tenant in."),
    70016: ("authorization_pending", "Authorization is pending. Continue polling."),
    70019: ("expired_token", "The verification code has expired."),
    50199: (INTERACTION, "For security reasons, the user has to confirm: is this the app?"),
    50058: ("login_required", "A silent sign-in was asked for, but nobody is signed in."),
}
"""Those of first-contact 1.3: the OAuth error, and the meaning of reference-error-codes (entra-docs) in our words."""

ON_A_PAGE = frozenset({50011, 700016, 700011, 90002, 90038, 50105, 53000, 53001, 53003, 530032, 530035})
"""What a browser shows to the person: the application that waits for the answer hears nothing."""


class Refused(Exception):
    """An answer in the sign-in service's error shape."""

    def __init__(self, error: str, code: int, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.error, self.code, self.text, self.status = error, code, text, status
        self.suberror = "consent_required" if code == 65001 else ""


def refused(code: int) -> Refused:
    """Return the refusal that a code stands for; one without a row is a general one."""
    error, text = CODES.get(code, (GRANT, "The sandbox was told to refuse this sign-in."))
    return Refused(error, code, text, 401 if error == CLIENT else 400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who can sign in: a user of the tenant, or a partner's operator, who is none."""

    id: str
    name: str
    display_name: str
    roles: tuple[str, ...]
    """Template ids of the directory roles held in the whole directory."""
    home: str | None = None
    """The tenant that a partner's operator comes from."""
