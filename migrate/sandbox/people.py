"""What the sandbox knows of users, whether they are stored one by one or computed from a seed."""

from typing import Protocol

from migrate.sandbox.messages import Json

PASSWORD_METHOD_ID = "28c10230-6103-485e-b985-444c60001490"  # noqa: S105 - the fixed id of the method type
WEAK_METHODS = frozenset({"passwordAuthenticationMethod", "emailAuthenticationMethod"})
"""Methods that do not count as multifactor."""

STATES = ("disabled", "enabled", "enforced")

DEFAULT_USER_PROPERTIES = (
    "businessPhones",
    "displayName",
    "givenName",
    "id",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
)
"""What v1.0 sends when nothing is selected."""


class People(Protocol):
    """The users of a tenant, each with a fixed place in the list."""

    amendments: int
    """Counts the changes after which lists made from the users have to be made again."""

    def __len__(self) -> int:
        """Return how many users there are."""

    def find(self, key: str) -> int | None:
        """Return the place of the user with this object id or user principal name."""

    def user_id(self, place: int) -> str:
        """Return the object id."""

    def user(self, place: int) -> Json:
        """Return the user object, without the per-user state."""

    def account_enabled(self, place: int) -> bool:
        """Tell whether the account may sign in; cheaper than building the user."""

    def amend(self, place: int, members: Json) -> None:
        """Set members of the user object."""

    def mfa_state(self, place: int) -> str:
        """Return the per-user MFA state."""

    def set_mfa_state(self, place: int, state: str) -> None:
        """Set the per-user MFA state."""

    def requirements(self, place: int) -> Json:
        """Return the whole requirements object."""

    def methods(self, place: int) -> list[Json]:
        """Return the registered methods, the password among them."""

    def set_methods(self, place: int, methods: list[Json]) -> None:
        """Replace the registered methods."""

    def has_strong_method(self, place: int) -> bool:
        """Tell whether a multifactor method is registered."""

    def registration(self, place: int) -> Json | None:
        """Return a row of the registration report that was given as it is to be served, if any."""

    def preferences(self, place: int) -> Json | None:
        """Return stored sign-in preferences, if any."""

    def set_preferences(self, place: int, preferences: Json) -> None:
        """Store sign-in preferences."""

    def property_names(self) -> frozenset[str]:
        """Return the names of all members that user objects have."""


def is_strong(method: Json) -> bool:
    """Tell whether a method counts as multifactor."""
    return method_type(method) not in WEAK_METHODS


def method_type(method: Json) -> str:
    """Return the type name without its namespace."""
    return str(method.get("@odata.type", "")).rsplit(".", 1)[-1]
