"""The authentication methods that the sandbox can register, and what the report calls them."""

from dataclasses import dataclass
from uuid import UUID, uuid5

from migrate.sandbox.messages import Json
from migrate.sandbox.people import PASSWORD_METHOD_ID, is_strong, method_type

_IDS = UUID("6f1d2a53-58c1-4d0e-9b0a-1f0d5a4f6f3c")
"""Namespace of derived method ids."""

MOBILE_ID = "3179e48a-750b-4051-897c-87b9720928f7"
ALTERNATE_MOBILE_ID = "b6332ec1-7057-4abe-9331-3d72feddfe41"
OFFICE_ID = "e37fc753-ff3b-4958-9484-eaa9425c82bc"
EMAIL_ID = "3ddfcfc8-9383-446f-83cc-3ab9be4be18f"


@dataclass(frozen=True, slots=True)
class MethodKind:
    """One kind of method: its Graph type, its name in the report, the policy configuration that allows it."""

    type_name: str
    report_name: str
    policy: str
    fixed_id: str | None = None
    phone_type: str | None = None


KINDS: dict[str, MethodKind] = {
    "microsoftAuthenticator": MethodKind(
        "microsoftAuthenticatorAuthenticationMethod", "microsoftAuthenticatorPush", "MicrosoftAuthenticator"
    ),
    "mobilePhone": MethodKind("phoneAuthenticationMethod", "mobilePhone", "Sms", MOBILE_ID, "mobile"),
    "alternateMobilePhone": MethodKind(
        "phoneAuthenticationMethod", "alternateMobilePhone", "Voice", ALTERNATE_MOBILE_ID, "alternateMobile"
    ),
    "officePhone": MethodKind("phoneAuthenticationMethod", "officePhone", "Voice", OFFICE_ID, "office"),
    "fido2": MethodKind("fido2AuthenticationMethod", "fido2", "Fido2"),
    "softwareOath": MethodKind("softwareOathAuthenticationMethod", "softwareOneTimePasscode", "SoftwareOath"),
    "windowsHello": MethodKind("windowsHelloForBusinessAuthenticationMethod", "windowsHelloForBusiness", "Fido2"),
    "temporaryAccessPass": MethodKind(
        "temporaryAccessPassAuthenticationMethod", "temporaryAccessPass", "TemporaryAccessPass"
    ),
    "email": MethodKind("emailAuthenticationMethod", "email", "Email", EMAIL_ID),
}
"""Kinds by the name that the control plane uses."""


def new_method(kind: str, owner: str, created: str, phone: str = "+1 5550100") -> Json:
    """Build a registered method; its id follows from the owner and the kind.

    Raises KeyError for a kind that is not modelled.
    """
    each = KINDS[kind]
    method: Json = {
        "@odata.type": f"#microsoft.graph.{each.type_name}",
        "id": each.fixed_id or str(uuid5(_IDS, f"{owner}/{kind}")),
    }
    match each.type_name:
        case "phoneAuthenticationMethod":
            method |= {"phoneNumber": phone, "phoneType": each.phone_type, "smsSignInState": "notAllowedByPolicy"}
        case "emailAuthenticationMethod":
            method["emailAddress"] = "reset@example.com"
        case "microsoftAuthenticatorAuthenticationMethod":
            method |= {
                "displayName": "Phone",
                "deviceTag": "SoftwareTokenActivated",
                "phoneAppVersion": "6.2401.617",
                "createdDateTime": created,
            }
        case "fido2AuthenticationMethod":
            method |= {
                "displayName": "Security key",
                "createdDateTime": created,
                "model": "Security key",
                "aaGuid": "2fc0579f-8113-47ea-b116-bb5a8db9202a",
                "attestationCertificates": [],
                "attestationLevel": "attested",
            }
        case "windowsHelloForBusinessAuthenticationMethod":
            method |= {"displayName": "Laptop", "createdDateTime": created, "keyStrength": "normal"}
        case "temporaryAccessPassAuthenticationMethod":
            method |= {
                "createdDateTime": created,
                "startDateTime": created,
                "lifetimeInMinutes": 60,
                "isUsableOnce": False,
                "isUsable": True,
                "methodUsabilityReason": "EnabledByPolicy",
                "temporaryAccessPass": None,
            }
        case "softwareOathAuthenticationMethod":
            method["secretKey"] = None
    return method


def password_method(created: str) -> Json:
    """Build the method that every user has."""
    return {
        "@odata.type": "#microsoft.graph.passwordAuthenticationMethod",
        "id": PASSWORD_METHOD_ID,
        "password": None,
        "createdDateTime": created,
    }


def report_names(methods: list[Json]) -> list[str]:
    """Return the registration report's names of these methods, in a stable order."""
    return [each.report_name for each in KINDS.values() if any(_is_of(method, each) for method in methods)]


def kinds_of(methods: list[Json]) -> list[MethodKind]:
    """Return the kinds of the strong methods among these."""
    strong = [method for method in methods if is_strong(method)]
    return [each for each in KINDS.values() if any(_is_of(method, each) for method in strong)]


def kind_called(report_name: str) -> str | None:
    """Return our name of what the report calls so, or None."""
    aliases = {
        "passKeyDeviceBound": "fido2",
        "passKeyDeviceBoundAuthenticator": "fido2",
        "passKeyDeviceBoundWindowsHello": "windowsHello",
        "microsoftAuthenticatorPasswordless": "microsoftAuthenticator",
    }
    return aliases.get(report_name) or next(
        (name for name, each in KINDS.items() if each.report_name == report_name), None
    )


def _is_of(method: Json, kind: MethodKind) -> bool:
    if method_type(method) != kind.type_name:
        return False
    return kind.phone_type is None or method.get("phoneType", "mobile") == kind.phone_type
