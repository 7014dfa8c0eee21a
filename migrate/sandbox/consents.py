"""Who may do what in whose name: permissions of applications, and what people and administrators have agreed to."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migrate.sandbox.messages import Json
from migrate.sandbox.roles import APPLICATION_ADMINISTRATOR, CLOUD_APPLICATION_ADMINISTRATOR, GLOBAL_ADMINISTRATOR
from migrate.sandbox.sign_in_errors import Person, refused

if TYPE_CHECKING:
    from migrate.sandbox.service import Sandbox

_PRIVILEGED_ROLE_ADMINISTRATOR = "e8611ab8-c189-46e8-94e1-60213ab1f814"
_MAY_CONSENT = frozenset(
    {
        GLOBAL_ADMINISTRATOR,
        APPLICATION_ADMINISTRATOR,
        CLOUD_APPLICATION_ADMINISTRATOR,
        _PRIVILEGED_ROLE_ADMINISTRATOR,
    }
)
_MAY_CONSENT_TO_ROLES = frozenset({GLOBAL_ADMINISTRATOR, _PRIVILEGED_ROLE_ADMINISTRATOR})
_FOR_ANYBODY = frozenset({"User.Read"})
"""What people may agree to for themselves, as tenants are set up by default."""
_OIDC = frozenset({"openid", "profile", "email", "offline_access"})
DEFAULT = ".default"


def names_of(scope: str) -> frozenset[str]:
    """Return the permissions that a scope parameter names, without OpenID's and without their resources."""
    return frozenset(each.rsplit("/", 1)[-1] for each in scope.split()) - _OIDC


@dataclass(slots=True)
class Consents:
    """The consents of one tenant.

    By default an application holds every permission that some call needs, as if all had been agreed to; with the
    setting `consent` on `asked` it holds what was granted to it by name, and what was agreed to when it asked.
    """

    grants: dict[str, frozenset[str]] = field(default_factory=dict)
    """Permissions of applications by client id, whether they act for themselves or for people."""
    _agreed: dict[tuple[str, str | None], frozenset[str]] = field(default_factory=dict)
    """Scopes by client and person; None stands for everybody."""

    def roles(self, sandbox: "Sandbox", client: str) -> frozenset[str]:
        """Return the permissions of an application that acts for itself."""
        named = self.grants.get(client.lower())
        if named is not None:
            return named
        return frozenset() if sandbox.settings.consent == "asked" else sandbox.all_permissions()

    def scopes(self, sandbox: "Sandbox", client: str, person: Person, scope: str) -> frozenset[str]:
        """Return the permissions in a token for a person. Raises 65001 for what was not agreed to."""
        asked = names_of(scope)
        if sandbox.settings.consent != "asked":
            held = self.roles(sandbox, client)
            return held if DEFAULT in asked else held & asked
        held = self._held(client, person)
        if not (held if DEFAULT in asked else asked <= held):
            raise refused(65001)
        return held  # the token holds whatever was ever agreed to, not only what was asked for

    def _held(self, client: str, person: Person) -> frozenset[str]:
        key = client.lower()
        mine, everybodys = (self._agreed.get((key, each), frozenset()) for each in (person.id, None))
        return self.grants.get(key, frozenset()) | mine | everybodys

    def agree(self, sandbox: "Sandbox", client: str, person: Person, scope: str) -> None:
        """Let a person agree to what is asked for, on the page of the sign-in; 90094 where that is not theirs to do."""
        missing = names_of(scope) - {DEFAULT} - self._held(client, person)
        if sandbox.settings.consent != "asked" or not missing:
            return
        if not missing <= _FOR_ANYBODY and not _MAY_CONSENT & set(person.roles):
            raise refused(90094)
        self.record(client, person.id, missing)

    def agree_for_all(self, client: str, person: Person, names: frozenset[str], *, roles: bool) -> None:
        """Let an administrator agree for the whole tenant. Raises 90094 where the administrator may not."""
        if not (_MAY_CONSENT_TO_ROLES if roles else _MAY_CONSENT) & set(person.roles):
            raise refused(90094)
        if roles:
            self.grants[client.lower()] = self.grants.get(client.lower(), frozenset()) | names
        else:
            self.record(client, None, names)

    def record(self, client: str, person_id: str | None, names: Iterable[str]) -> None:
        """Note scopes as agreed to, by a person or (None) for everybody."""
        key = (client.lower(), person_id)
        self._agreed[key] = self._agreed.get(key, frozenset()) | frozenset(names)

    def listed(self) -> list[Json]:
        """Return all that was agreed to."""
        return [
            {"appId": client, "userId": person, "scopes": sorted(names)}
            for (client, person), names in self._agreed.items()
        ]

    def clear(self) -> None:
        """Forget everything."""
        self.grants.clear()
        self._agreed.clear()
