"""The words of the sign-in log, and what they mean for us. Unknown words are kept as they are, never dropped.

Sources: Graph beta resource signIn and its parts; Entra pages "Customize and filter activity logs" and "Microsoft Entra
authentication and authorization error codes". Words are compared in any case.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from migrate.decide.coverage.vocabulary import EAS_OTHER_PLATFORMS
from migrate.model.sign_ins import SignInClass, SignInKind, WayIn

_CODES: Final = {
    SignInClass.OK: (0,),
    SignInClass.INTERRUPT: (50074, 50076, 50072, 50079, 50158),
    SignInClass.AFTER_CHANGE: (50078, 70043, 50173),
    SignInClass.MFA_FAILED: (500121,),
    SignInClass.BLOCKED: (53003, 530035),
    SignInClass.DEVICE: (53000, 53001, 53002, 50097, 50129),
    SignInClass.CANNOT_ENROL: (53004, 53010, 53011),
    SignInClass.NOT_OURS: (65001, 65004, 50105),
    SignInClass.NOISE: (50126, 50053, 50055, 50057, 50034, 50140, 50058),
}
_CLASS_OF: Final = MappingProxyType({code: which for which, codes in _CODES.items() for code in codes})


def class_of(code: int) -> SignInClass:
    """Return what an error code means; an unknown one is a failure of some other kind."""
    return _CLASS_OF.get(code, SignInClass.OTHER)


_ACTIVE_SYNC: Final = "exchange activesync"
_SMTP: Final = frozenset({"authenticated smtp", "smtp"})
_BROWSER: Final = "browser"
_APPS: Final = frozenset({"mobile apps and desktop clients", "modern clients"})
_LEGACY: Final = frozenset(
    [
        *_SMTP,
        _ACTIVE_SYNC,
        "autodiscover",
        "exchange online powershell",
        "exchange web services",
        "imap4",
        "imap",
        "mapi over http",
        "mapi",
        "offline address book",
        "outlook anywhere (rpc over http)",
        "outlook service",
        "pop3",
        "pop",
        "reporting web services",
        "other clients",
    ]
)
_SUPPORTED_BY_ACTIVE_SYNC: Final = frozenset({"android", "iOS", "windows"})
_OTHER, _MODERN = "other", "mobileAppsAndDesktopClients"


def client_types(client: str, platform: str | None) -> tuple[str, ...]:
    """Return the client types of policies that a client may be: several where the log does not settle it."""
    word = client.casefold()
    if word == _ACTIVE_SYNC:
        if platform is None:
            return ("easSupported", EAS_OTHER_PLATFORMS)
        return ("easSupported",) if platform in _SUPPORTED_BY_ACTIVE_SYNC else (EAS_OTHER_PLATFORMS,)
    if word in _LEGACY:
        return (_OTHER,)
    if word == _BROWSER:
        return ("browser",)
    return (_MODERN,) if word in _APPS else (_MODERN, _OTHER)


_PLATFORMS: Final = (
    # The longer beginning first.
    ("windows phone", "windowsPhone"),
    ("windowsphone", "windowsPhone"),
    ("windows", "windows"),
    ("mac", "macOS"),
    ("os x", "macOS"),
    ("ios", "iOS"),
    ("ipad", "iOS"),
    ("android", "android"),
    ("linux", "linux"),
    ("ubuntu", "linux"),
)


def platform_of(operating_system: str) -> str | None:
    """Return the platform of policies; None where the log tells no operating system, `unknown` for another word."""
    word = operating_system.strip().casefold()
    if not word:
        return None
    return next((name for beginning, name in _PLATFORMS if word.startswith(beginning)), "unknown")


def is_hybrid(trust: str | None) -> bool | None:
    """Tell whether a trust type means hybrid joined; None for a word that no page explains."""
    word = (trust or "").strip().casefold()
    if not word or word in _OTHER_TRUST:
        return False
    return True if "hybrid" in word or word in ("serverad", "domain joined") else None


_OTHER_TRUST: Final = frozenset(
    [
        "azuread",
        "workplace",
        "workplace joined",
        "azure ad joined",
        "azure ad registered",
        "microsoft entra joined",
        "microsoft entra registered",
    ]
)

_ROPC: Final = frozenset({"ropc", "directusergrant"})
_SILENT_METHODS: Final = ("windows hello", "passkey", "fido", "certificate", "x.509")
PRIMARY_REFRESH_TOKEN: Final = "primaryrefreshtoken"  # noqa: S105 - a word of the log


def is_silent(methods: tuple[str, ...], token: str | None) -> bool:
    """Tell whether whoever signed in would probably not notice a demand for MFA."""
    return (token or "").casefold() == PRIMARY_REFRESH_TOKEN or any(
        word in method.casefold() for method in methods for word in _SILENT_METHODS
    )


def ways_of(kind: SignInKind) -> frozenset[WayIn]:
    """Return the ways in which a kind of sign-in came that a demand for MFA ends, whether it succeeded or not."""
    found = set()
    word = kind.client.casefold()
    if word in _LEGACY:
        found.add(WayIn.LEGACY_CLIENT)
    if word in _SMTP:
        found.add(WayIn.SMTP_AUTH)
    if (kind.protocol or "").casefold() in _ROPC:
        found.add(WayIn.ROPC)
    if (kind.flow or "").casefold() == "devicecodeflow" or (kind.protocol or "").casefold() == "devicecode":
        found.add(WayIn.DEVICE_CODE)
    return frozenset(found)


SET_ASIDE: Final = MappingProxyType({"microsoftsupport": "support", "passthrough": "passthrough"})
"""Values of crossTenantAccessType that say nothing about this tenant's people."""
