"""What the codes of the sign-in service mean, as a table of values: for each code its own sentence and the next step.

Source: Microsoft Entra authentication and authorization error codes. Microsoft warns that codes change, so one that the
table lacks is shown as it is, with its page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


class Next(Enum):
    """What to do about a refusal."""

    BROWSER = "Sign in with `--sign-in browser`, which shows what is asked for and why."
    IN_THIS_BROWSER = (
        "Sign in to https://aka.ms/mysecurityinfo in that browser and do what is asked for there, then run the command "
        "again."
    )
    DEVICE = (
        "Sign in with `--sign-in browser` on a device that meets the policy, or have the operator excluded for as long "
        "as this takes."
    )
    POLICY = "Ask whoever looks after Conditional Access which policy it was; the sign-in log in the portal names it."
    CONSENT = "An administrator has to agree once. Send this to a {who}: {link}"
    AGAIN = "Run the command again and sign in."
    APPLICATION = "Check --tenant, --cloud and --client-id: application and tenant do not belong together."
    OWN_CLIENT = (
        "Sign in with `--sign-in browser`. `az login` serves applications only: with --service-principal or --identity."
    )
    PUBLIC_CLIENT = "Allow public client flows for the application (Authentication > Settings), or use a certificate."
    REDIRECT = "Add the redirect address http://localhost to the application, under mobile and desktop applications."
    SECRET = "Set MFA_MIGRATE_CLIENT_SECRET to the secret's value, not its id."  # noqa: S105 - a sentence
    NEW_SECRET = "Make a new secret or, better, use a certificate with `--sign-in certificate`."  # noqa: S105
    CERTIFICATE = "Upload the certificate's public part to the application, and compare this machine's clock."
    ACCOUNT = (
        "Sign in with an account of the tenant that --tenant names. A partner's operator must be in a group of the "
        "GDAP relationship, and must not be a guest of the tenant besides."
    )
    PARTNER_CONSENT = "Have the application agreed to in the customer's own tenant first: {link}"
    HOME = "Ask the security team of the account's home tenant."
    ASSIGN = "Assign the operator to the application: Enterprise applications > Users and groups."
    TENANT = "Check --tenant: it takes the tenant's id or one of its domains."
    CLOUD = "Name the tenant's cloud with --cloud."
    UNLOCK = "Have the account looked at in the portal, or sign in with another one."
    RESTRICTION = "Ask the network's or the home tenant's administrators to let this sign-in through."
    UNKNOWN = "Its page: {page}"


@dataclass(frozen=True)
class Meaning:
    """One code in our words."""

    sentence: str
    next: Next


CODES: dict[int, Meaning] = {
    53003: Meaning("A Conditional Access policy blocked the sign-in", Next.POLICY),
    53000: Meaning("A policy asks for a device that is compliant, and this one is not", Next.DEVICE),
    53001: Meaning("A policy asks for a device that is joined to the domain, and this one is not", Next.DEVICE),
    50097: Meaning("A policy asks that the device is known, and this one is not", Next.DEVICE),
    530084: Meaning("A policy asks for a token that is bound to the device (token protection)", Next.DEVICE),
    530032: Meaning("A policy of the tenant blocked the sign-in", Next.POLICY),
    530035: Meaning("Security defaults blocked the sign-in", Next.BROWSER),
    65001: Meaning("Nobody has consented yet to what this program asks for", Next.CONSENT),
    90094: Meaning("Only an administrator may consent to what this program asks for", Next.CONSENT),
    90095: Meaning("An administrator's consent was asked for and is not given yet", Next.CONSENT),
    65004: Meaning("The consent was declined", Next.CONSENT),
    65002: Meaning("The Azure CLI's own application can never get what this program needs", Next.OWN_CLIENT),
    700016: Meaning("The tenant does not know the application", Next.APPLICATION),
    700011: Meaning("The tenant does not know the application, which is not there for all tenants", Next.APPLICATION),
    500011: Meaning("The tenant does not know Microsoft Graph by this address", Next.APPLICATION),
    7000218: Meaning("The application is no public client, so it would have to show a secret", Next.PUBLIC_CLIENT),
    50011: Meaning("The application does not allow the address to come back to", Next.REDIRECT),
    7000215: Meaning("The client secret is wrong", Next.SECRET),
    7000222: Meaning("The client secret has expired", Next.NEW_SECRET),
    700027: Meaning("The application does not know the certificate, or the clock is wrong", Next.CERTIFICATE),
    50020: Meaning("The account comes from elsewhere and is not in this tenant", Next.ACCOUNT),
    50034: Meaning("There is no such account in this tenant", Next.ACCOUNT),
    90072: Meaning("The account would have to be a guest of this tenant first", Next.ACCOUNT),
    16000: Meaning("The account that is signed in is not in this tenant", Next.ACCOUNT),
    51004: Meaning("The account is not in this tenant's directory", Next.ACCOUNT),
    90099: Meaning("The application has not been agreed to in the customer's tenant", Next.PARTNER_CONSENT),
    530034: Meaning("The delegated administrator was blocked for risk in the home tenant", Next.HOME),
    53011: Meaning("The account was blocked for risk in its home tenant", Next.HOME),
    50105: Meaning("The application takes assigned people only, and this account is not assigned", Next.ASSIGN),
    50072: Meaning("The account has to register for MFA first", Next.BROWSER),
    50074: Meaning("MFA is asked for, which only a browser can show", Next.BROWSER),
    50076: Meaning("MFA is asked for by a policy, which only a browser can show", Next.BROWSER),
    50079: Meaning("The account has to register for MFA, which a policy asks of it", Next.BROWSER),
    53004: Meaning("The account has to register for MFA, and the sign-in looks too risky for that", Next.BROWSER),
    53010: Meaning("The account has to register for MFA from a place that the tenant trusts", Next.BROWSER),
    90002: Meaning("There is no such tenant", Next.TENANT),
    90038: Meaning("The tenant is in another Microsoft cloud", Next.CLOUD),
    50057: Meaning("The account is switched off", Next.UNLOCK),
    50053: Meaning("The account is locked after too many attempts", Next.UNLOCK),
    50126: Meaning("The name or the password is wrong", Next.AGAIN),
    500021: Meaning("The network lets nobody sign in to this tenant (tenant restrictions)", Next.RESTRICTION),
    500022: Meaning("The network lets nobody sign in to this tenant (tenant restrictions v2)", Next.RESTRICTION),
    500212: Meaning("The home tenant does not let the account out to this tenant", Next.RESTRICTION),
    500213: Meaning("This tenant does not let accounts of the home tenant in", Next.RESTRICTION),
    70016: Meaning("The device code was not entered yet", Next.AGAIN),
    70019: Meaning("The device code has expired, which is also all that is seen of a block", Next.BROWSER),
    50199: Meaning("The question whether this is the right application was not answered", Next.AGAIN),
    50058: Meaning("Nobody is signed in in the browser", Next.AGAIN),
}
"""The codes that a first contact meets."""

DEVICE_CODE_BLOCKED = "The tenant blocks signing in with a device code, as Microsoft advises"
"""What 53003 most likely means where a device code was used."""


def code_in(text: str) -> int | None:
    """Return the first code in a message of the sign-in service; None where there is none."""
    found = re.search(r"AADSTS(\d{4,9})\b", text)
    return int(found[1]) if found else None
