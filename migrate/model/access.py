"""How a tenant is reached: the clouds, the ways to sign in, and which addresses are a sandbox on this machine."""

from __future__ import annotations

from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import urlsplit

from migrate.errors import UsageProblem


class Cloud(StrEnum):
    """The Microsoft clouds that have a Graph of their own."""

    GLOBAL = "global"
    USGOV = "usgov"
    USGOV_DOD = "usgov-dod"
    CHINA = "china"
    BLEU = "bleu"
    DELOS = "delos"
    GOVSG = "govsg"

    @property
    def is_untried(self) -> bool:
        """Tell whether no document says that the cloud has per-user MFA states; nobody has run this there."""
        return self in (Cloud.BLEU, Cloud.DELOS, Cloud.GOVSG)


class SignInMethod(StrEnum):
    """How azure-identity gets a token."""

    AUTO = "auto"
    """The browser where one can open; else nothing, with the choices named."""
    BROWSER = "browser"
    DEVICE_CODE = "device-code"
    CERTIFICATE = "certificate"
    CLIENT_SECRET = "client-secret"  # noqa: S105 - the name of a method, not a secret
    MANAGED_IDENTITY = "managed-identity"
    WORKLOAD_IDENTITY = "workload-identity"
    """Federation: another identity provider's token, in a file that is read again for each sign-in."""
    GITHUB = "github"
    """Federation: the token of a job of GitHub Actions."""
    AZURE_CLI = "azure-cli"

    @classmethod
    def _missing_(cls, value: object) -> SignInMethod | None:
        return cls.BROWSER if value == "interactive" else None  # its former name

    @property
    def is_for_people(self) -> bool:
        """Tell whether a person signs in, so that permissions are asked for one by one."""
        return self in (SignInMethod.AUTO, SignInMethod.BROWSER, SignInMethod.DEVICE_CODE)

    @property
    def takes_claims(self) -> bool:
        """Tell whether a new token can be asked for with claims; the Azure CLI refuses them."""
        return self is not SignInMethod.AZURE_CLI

    @property
    def asks_the_authority(self) -> bool:
        """Tell whether the token comes from the sign-in service itself; a managed identity has its own endpoint."""
        return self is not SignInMethod.MANAGED_IDENTITY


def sandbox_address(address: str) -> str:
    """Return the address without a trailing slash.

    Raises UsageProblem unless it is scheme, host and port of this machine, and nothing else.
    """
    if not is_here(address):
        raise UsageProblem(
            f"--endpoint takes the address of a sandbox on this machine, not {address!r}.",
            hint="Use http://127.0.0.1:PORT as `mfa-migrate sandbox` prints it, or --cloud for a real tenant.",
        )
    return address.rstrip("/")


def is_here(address: str) -> bool:
    """Tell whether this is the address of a program on this machine, and of nothing below it."""
    # The clients behind this parse addresses more strictly than urlsplit: no scope of IPv6, no blanks, no other script.
    if not (address.isascii() and address.isprintable()) or set(address) & set(" %\\"):
        return False
    try:
        parts = urlsplit(address)
        host, _port = parts.hostname or "", parts.port
        local = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
    says_more = parts.username is not None or parts.path not in ("", "/") or parts.query or parts.fragment
    return local and parts.scheme in ("http", "https") and not says_more
