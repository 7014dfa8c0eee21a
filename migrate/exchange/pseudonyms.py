"""Replace whatever names a tenant or a person, the same thing always by the same, and keep what decides.

A text that is not known to be a word of Graph's own is replaced: what this file does not know is never let through.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterable
from typing import Any, Protocol

from migrate.exchange.documentation_ranges import documentation_ranges
from migrate.model.record import JsonObject
from migrate.model.rules import DIRECTORY_SYNC_NAME
from migrate.model.snapshot import Organization
from migrate.model.users import UserProfile

_GUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_WELL_KNOWN = "00000000-0000-0000-0000-"
"""Built-in authentication strengths, the MFA trusted IPs and other ids that are the same in every tenant."""

_WORDS = frozenset(
    [
        "all",
        "none",
        "alltrusted",
        "guestsorexternalusers",
        "serviceprincipalsinmyorganization",
    ]
)
"""Words that stand among ids."""

_KEPT = frozenset(
    [
        "@odata.type",
        "agentIdRiskLevels",
        "allowedAAGUIDs",
        "allowedCombinations",
        "appliesToCombinations",
        "authenticationType",
        "builtInControls",
        "clientAppTypes",
        "cloudAppSecurityType",
        "countriesAndRegions",
        "countryLookupMethod",
        "excludeApplications",
        "excludePlatforms",
        "excludeRoles",
        "frequencyInterval",
        "guestOrExternalUserTypes",
        "includeApplications",
        "includeAuthenticationContextClassReferences",
        "includePlatforms",
        "includeRoles",
        "includeUserActions",
        "insiderRiskLevels",
        "membershipKind",
        "mode",
        "operator",
        "policyType",
        "requirementsSatisfied",
        "servicePrincipalRiskLevels",
        "signInRiskLevels",
        "state",
        "templateId",
        "transferMethods",
        "type",
        "userRiskLevels",
    ]
)
"""Members of policies, locations and strengths that hold Graph's own words, or ids that every tenant shares."""


class Disguise(Protocol):
    """How a tenant file shows what an export read."""

    def identifier(self, object_id: str) -> str:
        """Return the id to write for an object or tenant."""
        ...

    def organization(self, organization: Organization) -> Organization:
        """Return the tenant to write."""
        ...

    def profile(self, profile: UserProfile, number: int) -> UserProfile:
        """Return the user to write; `number` counts users from 1."""
        ...

    def name(self, kind: str, name: str | None, object_id: str) -> str | None:
        """Return the display name to write for a thing of some kind."""
        ...

    def json(self, kind: str, raw: JsonObject) -> JsonObject:
        """Return the raw JSON to write for a policy, a location or a strength."""
        ...


class AsItIs:
    """Show everything as it is."""

    def identifier(self, object_id: str) -> str:
        """Return the id."""
        return object_id

    def organization(self, organization: Organization) -> Organization:
        """Return the tenant."""
        return organization

    def profile(self, profile: UserProfile, number: int) -> UserProfile:  # noqa: ARG002 - as Disguise says
        """Return the user."""
        return profile

    def name(self, kind: str, name: str | None, object_id: str) -> str | None:  # noqa: ARG002 - as Disguise says
        """Return the name."""
        return name

    def json(self, kind: str, raw: JsonObject) -> JsonObject:  # noqa: ARG002 - as Disguise says
        """Return the JSON without the addresses of the service that served it."""
        plain: JsonObject = _without_context(raw)
        return plain


_PROVIDERS = frozenset({"externalazuread", "microsoftaccount", "mail", "google.com", "facebook.com"})
"""Issuers that name no tenant (Graph reference, objectIdentity)."""


class Pseudonyms:
    """Show everything under other names.

    Ids follow from the original and a secret key, so that no table of a million users has to be held, and nobody
    without the key can tell whose id one was.
    """

    def __init__(self, key: bytes, organization: Organization, locations: Iterable[JsonObject]) -> None:
        if not key:
            raise ValueError("Pseudonyms need a key: without one the ids could be guessed back from the real ones.")
        self._key = key
        self._domains = {organization.default_domain.casefold(): "tenant.example"}
        for name in organization.verified_domains:
            self._domains.setdefault(name.casefold(), f"tenant-{len(self._domains) + 1}.example")
        self._ranges = documentation_ranges(
            str(entry.get("cidrAddress"))
            for location in locations
            for entry in location.get("ipRanges") or ()
            if isinstance(entry, dict)
        )

    def identifier(self, object_id: str) -> str:
        """Return another id of the same shape; ids that every tenant shares stay."""
        if object_id.startswith(_WELL_KNOWN):
            return object_id
        # Version 8 is the one for ids made in one's own way (RFC 9562).
        number = int.from_bytes(self._hash(object_id.casefold(), 16), "big")
        fixed = number & ~(0xF << 76) & ~(0x3 << 62) | (0x8 << 76) | (0x2 << 62)
        return str(uuid.UUID(int=fixed))

    def organization(self, organization: Organization) -> Organization:
        """Return a tenant of another name, id and domains."""
        return Organization(
            tenant_id=self.identifier(organization.tenant_id),
            display_name="Rehearsal tenant",
            default_domain=self._domain(organization.default_domain),
            verified_domains=tuple(self._domain(name) for name in organization.verified_domains),
            federated_domains=None
            if organization.federated_domains is None
            else tuple(self._domain(name) for name in organization.federated_domains),
        )

    def profile(self, profile: UserProfile, number: int) -> UserProfile:
        """Return a user of another id, name and address; everything that coverage depends on stays."""
        domain = self._domain(profile.user_principal_name.rpartition("@")[2])
        guest = "_partner.example#EXT#" if "#EXT#" in profile.user_principal_name.upper() else ""
        return UserProfile(
            id=self.identifier(profile.id),
            user_principal_name=f"user-{number:06}{guest}@{domain}",
            # Microsoft gives this account its name in every tenant, and it is recognised by it.
            display_name=profile.display_name if profile.display_name == DIRECTORY_SYNC_NAME else f"User {number:06}",
            user_type=profile.user_type,
            creation_type=profile.creation_type,
            external_user_state=profile.external_user_state,
            identities=tuple(
                type(identity)(
                    sign_in_type=identity.sign_in_type,
                    issuer=self._issuer(identity.issuer),
                )
                for identity in profile.identities
            ),
            account_enabled=profile.account_enabled,
            on_premises_sync_enabled=profile.on_premises_sync_enabled,
            assigned_licenses=profile.assigned_licenses,
            # To the second it would tell people apart, and nothing depends on it.
            created_date_time=None,
            is_agent=profile.is_agent,
            lacks=profile.lacks,
        )

    def _issuer(self, issuer: str | None) -> str | None:
        """Return who vouches for a guest: the providers that every tenant has stay, for they tell where home is."""
        return issuer if issuer is None or issuer.casefold() in _PROVIDERS else self._domain(issuer)

    def name(self, kind: str, name: str | None, object_id: str) -> str | None:
        """Return a name that says the kind only."""
        return None if name is None else f"{kind} {self._hash(object_id.casefold(), 4).hex()}"

    def json(self, kind: str, raw: JsonObject) -> JsonObject:
        """Return a policy, location or strength under other names, ids and addresses."""
        found: JsonObject = self._shown(_without_context(raw), "", kind)
        return found

    def _shown(self, value: Any, key: str, kind: str) -> Any:
        if isinstance(value, dict):
            shown = {name: self._shown(inner, name, kind) for name, inner in value.items()}
            if "cidrAddress" in shown:
                # An IPv4 range may have become an IPv6 one.
                version = 6 if ":" in str(shown["cidrAddress"]) else 4
                shown["@odata.type"] = f"#microsoft.graph.iPv{version}CidrRange"
            return shown
        if isinstance(value, list):
            return [self._shown(inner, key, kind) for inner in value]
        if not isinstance(value, str) or not value:
            return value
        return self._text(value, key, kind)

    def _text(self, text: str, key: str, kind: str) -> str:
        if key in _KEPT or key.endswith("DateTime") or text.casefold() in _WORDS:
            return text
        if _GUID.fullmatch(text):
            return self.identifier(text)
        if text in self._ranges:
            return self._ranges[text]
        mark = self._hash(text, 4).hex()
        # A filter rule stays a rule, another one; the proof compares rules and evaluates none.
        return f'device.displayName -eq "{mark}"' if key == "rule" else f"{kind} {mark}"

    def _domain(self, name: str) -> str:
        known = self._domains.get(name.casefold())
        return known if known is not None else f"external-{self._hash(name.casefold(), 4).hex()}.example"

    def _hash(self, text: str, size: int) -> bytes:
        return hashlib.blake2b(text.encode(), digest_size=size, key=self._key).digest()


def _without_context(value: Any) -> Any:
    """Return the JSON without `@odata.context` members: they hold the address of the service and ids."""
    if isinstance(value, dict):
        return {key: _without_context(inner) for key, inner in value.items() if not key.endswith("@odata.context")}
    if isinstance(value, list):
        return [_without_context(inner) for inner in value]
    return value
