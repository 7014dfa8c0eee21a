"""Users stored one by one, as a tenant file gives them."""

from collections.abc import Iterable

from migrate.sandbox.messages import Json
from migrate.sandbox.method_kinds import kind_called, new_method, password_method
from migrate.sandbox.people import is_strong


class ListedPeople:
    """Keep every user's JSON in memory, in the order given."""

    def __init__(self, users: Iterable[Json]) -> None:
        self._users = [dict(user) for user in users]
        self._requirements: list[Json | None] = [None] * len(self._users)
        self._methods: dict[int, list[Json]] = {}
        self._registration: dict[int, Json] = {}
        self._preferences: dict[int, Json] = {}
        self._places: dict[str, int] = {}
        self.amendments = 0
        names: set[str] = set()
        for place, user in enumerate(self._users):
            names.update(user)
            # A file made from an export with the undocumented property carries the state on the user itself.
            if (state := user.pop("perUserMfaState", None)) is not None:
                self._requirements[place] = {"perUserMfaState": state}
            self._places[str(user["id"]).lower()] = place
        for place, user in enumerate(self._users):
            if name := user.get("userPrincipalName"):
                self._places.setdefault(str(name).lower(), place)
        self._names = frozenset(name for name in names if not name.startswith("@"))

    def __len__(self) -> int:
        return len(self._users)

    def find(self, key: str) -> int | None:
        """Return the place of the user with this object id or user principal name."""
        return self._places.get(key.lower())

    def user_id(self, place: int) -> str:
        """Return the object id."""
        return str(self._users[place]["id"])

    def user(self, place: int) -> Json:
        """Return the user object, without the per-user state."""
        return self._users[place]

    def account_enabled(self, place: int) -> bool:
        """Tell whether the account may sign in."""
        return self._users[place].get("accountEnabled") is not False

    def amend(self, place: int, members: Json) -> None:
        """Set members of the user object; under another name it is found, under the former one no more."""
        if "userPrincipalName" in members:
            former = str(self._users[place].get("userPrincipalName")).lower()
            if self._places.get(former) == place:
                del self._places[former]
            self._places[str(members["userPrincipalName"]).lower()] = place
        self._users[place] = {**self._users[place], **members}
        self.amendments += 1
        self._names |= set(members)

    def mfa_state(self, place: int) -> str:
        """Return the per-user MFA state; one that was never given is disabled."""
        found = self._requirements[place]
        return "disabled" if found is None else str(found.get("perUserMfaState"))

    def set_mfa_state(self, place: int, state: str) -> None:
        """Set the per-user MFA state."""
        self._requirements[place] = {**(self._requirements[place] or {}), "perUserMfaState": state}

    def requirements(self, place: int) -> Json:
        """Return the whole requirements object, as given: it may lack the state, or hold more."""
        found = self._requirements[place]
        return {"perUserMfaState": "disabled"} if found is None else found

    def set_requirements(self, place: int, requirements: Json) -> None:
        """Serve a requirements object as it stands."""
        self._requirements[place] = dict(requirements)

    def methods(self, place: int) -> list[Json]:
        """Return the registered methods; without any given they follow from the registration report."""
        if place in self._methods:
            return self._methods[place]
        created = self._users[place].get("createdDateTime") or "2020-01-01T00:00:00Z"
        methods = [password_method(created)]
        names = self._registration.get(place, {}).get("methodsRegistered")
        known = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
        kinds = [kind for name in known if (kind := kind_called(name))]
        return methods + [new_method(kind, self.user_id(place), created) for kind in kinds]

    def set_methods(self, place: int, methods: list[Json]) -> None:
        """Replace the registered methods; a report row that was given no longer holds."""
        self._methods[place] = list(methods)
        if self._registration.pop(place, None) is not None:
            self.amendments += 1

    def has_strong_method(self, place: int) -> bool:
        """Tell whether a multifactor method is registered."""
        row = self._registration.get(place)
        if row is not None and place not in self._methods and "isMfaRegistered" in row:
            return bool(row["isMfaRegistered"])
        return any(is_strong(method) for method in self.methods(place))

    def registration(self, place: int) -> Json | None:
        """Return the given row of the registration report, if any."""
        return self._registration.get(place)

    def set_registration(self, place: int, row: Json) -> None:
        """Serve a row of the registration report as it stands."""
        self._registration[place] = dict(row)

    def preferences(self, place: int) -> Json | None:
        """Return stored sign-in preferences, if any."""
        return self._preferences.get(place)

    def set_preferences(self, place: int, preferences: Json) -> None:
        """Store sign-in preferences."""
        self._preferences[place] = preferences

    def property_names(self) -> frozenset[str]:
        """Return the names of all members that user objects have."""
        return self._names
