"""Users computed from a seed: one byte each for kind and state, and what was changed since."""

import random
import re

from migrate.sandbox.clock import iso
from migrate.sandbox.messages import Json, words
from migrate.sandbox.method_kinds import new_method, password_method
from migrate.sandbox.names import DEPARTMENTS, FAMILY, GIVEN, TITLES
from migrate.sandbox.people import STATES, is_strong
from migrate.sandbox.profiles import CAST, PROFILES, SMALLEST, Profile

PARTNER_DOMAIN = "partner.example.com"
LICENCE_SKU = "05e9a617-0261-4cee-bb44-138d3ef5d965"
P1_PLAN = "41781fb2-bc02-4b7c-bd55-b576c07bb09d"

_MASK = (1 << 64) - 1
_ODD = 0x9E3779B97F4A7C15
_INVERSE = pow(_ODD, -1, 1 << 64)
_FIRST_DAY = 1_420_070_400  # 2015-01-01
_DAYS = 3_900
_NUMBER = re.compile(r"(\d+)(?=[@_])")
_NAMES = words(
    "id userPrincipalName displayName givenName surname mail jobTitle department userType creationType "
    "externalUserState externalUserStateChangeDateTime identities accountEnabled onPremisesSyncEnabled "
    "assignedLicenses assignedPlans createdDateTime businessPhones mobilePhone officeLocation "
    "preferredLanguage usageLocation"
)


class GeneratedPeople:
    """Compute any user of a company on demand; memory grows with changes, not with users."""

    def __init__(self, seed: int, users: int, domain: str) -> None:
        count = max(users, SMALLEST)
        self._seed = seed & _MASK
        self._domain = domain
        self._cast = CAST[:count]
        chance = random.Random(seed)  # noqa: S311 - a reproducible company, not a secret
        common = [number for number, profile in enumerate(PROFILES) if profile.share]
        shares = [PROFILES[number].share for number in common]
        self._profiles = bytearray(PROFILES.index(part.profile) for part in self._cast)
        self._profiles += bytes(chance.choices(common, shares, k=count - len(self._cast)))
        state_of_profile = bytes(STATES.index(profile.state) for profile in PROFILES).ljust(256, b"\0")
        self._states = self._profiles.translate(state_of_profile)
        self._strong = bytes(
            any(is_strong(new_method(kind, "", "")) for kind in profile.methods) for profile in PROFILES
        )
        self._named = {self._address(part.local, part.profile).lower(): place for place, part in enumerate(self._cast)}
        self._changes: dict[int, Json] = {}
        self._methods: dict[int, list[Json]] = {}
        self._preferences: dict[int, Json] = {}
        self._names = _NAMES
        self.amendments = 0

    def __len__(self) -> int:
        return len(self._profiles)

    def profile(self, place: int) -> Profile:
        """Return what the user was generated as."""
        return PROFILES[self._profiles[place]]

    def user_id(self, place: int) -> str:
        """Return the object id: a mixed number that can be unmixed, in the shape of a GUID."""
        high = ((place + 1) * _ODD ^ self._seed * 0xD1B54A32D192ED03) & _MASK
        low = _mixed(high ^ self._seed)
        text = f"{high:016x}{low:016x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-a{text[17:20]}-{text[20:]}"

    def find(self, key: str) -> int | None:
        """Return the place of the user with this object id or user principal name."""
        key = key.lower()
        if len(key) == 36 and key[8] == key[13] == key[18] == key[23] == "-":
            try:
                high = int(key[:8] + key[9:13] + key[14:18], 16)
            except ValueError:
                return None
            place = ((high ^ self._seed * 0xD1B54A32D192ED03) & _MASK) * _INVERSE - 1 & _MASK
            return place if place < len(self) and self.user_id(place) == key else None
        found = self._place_named(key)
        changed = self._changes.get(found, {}) if found is not None else {}
        return found if str(changed.get("userPrincipalName", key)).lower() == key else None

    def _place_named(self, key: str) -> int | None:
        if (place := self._named.get(key)) is not None:
            return place
        for number in _NUMBER.findall(key)[:1]:
            place = int(number)
            if len(self._cast) <= place < len(self) and self._name(place, self.profile(place))[3].lower() == key:
                return place
        return None

    def user(self, place: int) -> Json:
        """Compute the user object."""
        profile = PROFILES[self._profiles[place]]
        given, family, display, upn = self._name(place, profile)
        bits = _mixed(place * 0xA24BAED4963EE407 ^ self._seed)
        created = iso(_FIRST_DAY + (bits >> 8) % _DAYS * 86_400 + bits % 86_400)
        external = profile.creation == "Invitation"
        mail = f"{given}.{family}@{PARTNER_DOMAIN}".lower() if external else upn
        identities: list[Json] = [
            {"signInType": "userPrincipalName", "issuer": f"initial.{self._domain}", "issuerAssignedId": upn}
        ]
        if external:
            identities.insert(0, {"signInType": "federated", "issuer": "ExternalAzureAD", "issuerAssignedId": None})
        found: Json = {
            "id": self.user_id(place),
            "userPrincipalName": upn,
            "displayName": display,
            "givenName": given or None,
            "surname": family or None,
            "mail": mail,
            "jobTitle": profile.title or (TITLES[bits >> 20 & 7] if given and not external else None),
            "department": DEPARTMENTS[place % len(DEPARTMENTS)] if given and not external else None,
            "userType": profile.user_type,
            "creationType": profile.creation,
            "externalUserState": profile.external_state,
            "externalUserStateChangeDateTime": created if external else None,
            "identities": identities,
            "accountEnabled": profile.enabled,
            "onPremisesSyncEnabled": True if profile.synced else None,
            "assignedLicenses": [{"skuId": LICENCE_SKU, "disabledPlans": []}] if profile.licensed else [],
            "assignedPlans": [
                {
                    "assignedDateTime": created,
                    "capabilityStatus": "Enabled",
                    "service": "AADPremiumService",
                    "servicePlanId": P1_PLAN,
                }
            ]
            if profile.licensed
            else [],
            "createdDateTime": created,
            "businessPhones": [],
            "mobilePhone": None,
            "officeLocation": None,
            "preferredLanguage": None,
            "usageLocation": "US" if profile.licensed else None,
        }
        if place in self._changes:
            found |= self._changes[place]
        return found

    def account_enabled(self, place: int) -> bool:
        """Tell whether the account may sign in."""
        if place in self._changes and "accountEnabled" in self._changes[place]:
            return bool(self._changes[place]["accountEnabled"])
        return PROFILES[self._profiles[place]].enabled

    def amend(self, place: int, members: Json) -> None:
        """Set members of the user object."""
        self._changes.setdefault(place, {}).update(members)
        self.amendments += 1
        self._names |= set(members)
        if "userPrincipalName" in members:
            self._named[str(members["userPrincipalName"]).lower()] = place

    def mfa_state(self, place: int) -> str:
        """Return the per-user MFA state."""
        return STATES[self._states[place]]

    def set_mfa_state(self, place: int, state: str) -> None:
        """Set the per-user MFA state."""
        self._states[place] = STATES.index(state)

    def requirements(self, place: int) -> Json:
        """Return the whole requirements object."""
        return {"perUserMfaState": STATES[self._states[place]]}

    def methods(self, place: int) -> list[Json]:
        """Return the registered methods, the password among them."""
        if place in self._methods:
            return self._methods[place]
        owner, profile = self.user_id(place), self.profile(place)
        created = iso(_FIRST_DAY + _mixed(place ^ self._seed) % _DAYS * 86_400)
        phone = f"+1 555{place % 10_000_000:07d}"
        return [password_method(created), *(new_method(kind, owner, created, phone) for kind in profile.methods)]

    def set_methods(self, place: int, methods: list[Json]) -> None:
        """Replace the registered methods."""
        self._methods[place] = list(methods)

    def has_strong_method(self, place: int) -> bool:
        """Tell whether a multifactor method is registered."""
        if place in self._methods:
            return any(is_strong(method) for method in self._methods[place])
        return bool(self._strong[self._profiles[place]])

    def registration(self, place: int) -> Json | None:  # noqa: ARG002 - the generated report is always derived
        """Return nothing: rows of the registration report are always derived."""
        return None

    def preferences(self, place: int) -> Json | None:
        """Return stored sign-in preferences, if any."""
        return self._preferences.get(place)

    def set_preferences(self, place: int, preferences: Json) -> None:
        """Store sign-in preferences."""
        self._preferences[place] = preferences

    def property_names(self) -> frozenset[str]:
        """Return the names of all members that user objects have."""
        return self._names

    def _name(self, place: int, profile: Profile) -> tuple[str, str, str, str]:
        """Return given name, surname, display name and user principal name."""
        if place < len(self._cast):
            part = self._cast[place]
            given, _, family = part.name.partition(" ") if "." in part.local and not profile.title else ("", "", "")
            return given, family, part.name, self._address(part.local, profile)
        bits = _mixed(place ^ self._seed << 1)
        if profile.title == "Meeting room":
            return "", "", f"Room {FAMILY[bits % len(FAMILY)]} {place}", f"room{place}@{self._domain}"
        given, family = GIVEN[bits % len(GIVEN)], FAMILY[(bits >> 16) % len(FAMILY)]
        return given, family, f"{given} {family}", self._address(f"{given}.{family}{place}".lower(), profile)

    def _address(self, local: str, profile: Profile) -> str:
        if profile.creation == "Invitation":
            return f"{local}_{PARTNER_DOMAIN}#EXT#@initial.{self._domain}"
        return f"{local}@{self._domain}"


def _mixed(number: int) -> int:
    """Scatter a number over 64 bits (the finaliser of splitmix64)."""
    number &= _MASK
    number = (number ^ number >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    number = (number ^ number >> 27) * 0x94D049BB133111EB & _MASK
    return number ^ number >> 31
