"""Names in the configuration: which object each stands for in an export, and which name means another one by now.

Only an id, a user principal name and an exact, unique name count: what writes is never steered by a part of a name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from itertools import islice

from migrate.errors import ConfigProblem, StalePlan
from migrate.model.evidence import Evidence
from migrate.model.named import Named, NamedKind, id_or_name, is_id
from migrate.model.stand_in import is_stand_in
from migrate.model.users import AnyUser
from migrate.model.words import counted

_NEAR = 3
EXPORT = "Run `mfa-migrate export` with this configuration, then `mfa-migrate plan` again."


class Names:
    """Resolves the names of one configuration against one export, and keeps which stood for what."""

    def __init__(
        self,
        evidence: Evidence,
        group_names: Mapping[str, tuple[str, ...]],
        find: Callable[[str], AnyUser | None],
        everybody: Callable[[], Iterable[AnyUser]],
        unseen_in: Callable[[str], str],
    ) -> None:
        """Begin with no name.

        Args:
            evidence: Of the export.
            group_names: What the export found of the names of groups that it was asked for.
            find: Returns the user with an id or user principal name.
            everybody: Yields all users.
            unseen_in: Says what cannot be seen in a name, such as a blank of no width; empty where there is none.
        """
        self._evidence, self._group_names = evidence, group_names
        self._find, self._everybody, self._unseen_in = find, everybody, unseen_in
        self._found: dict[tuple[str, str], Named] = {}
        self._displayed: dict[str, list[str]] | None = None

    @property
    def found(self) -> tuple[Named, ...]:
        """Return each name with its id, in one stable order; what was an id already is left out."""
        return tuple(sorted(self._found.values(), key=lambda one: (one.key, one.name)))

    def user(self, name: str, key: str) -> str:
        """Return the id of the user who is called so; raise ConfigProblem that names the key."""
        user = self._find(name)
        if user is not None:
            return self._keep(key, NamedKind.USER, name, user.profile.id)
        ids = [] if "@" in name or is_id(name) else self._by_display_name(name)
        if len(ids) > 1:
            raise _several(key, "users", name, ids)
        if not ids:
            raise ConfigProblem(
                f"{key}: there is no user {name!r} in the snapshot.",
                hint=self._unseen_in(name)
                or f"{self._near(name)}{self._without_a_name()}Check the spelling, or run "
                "`mfa-migrate export` again if the account is new.",
            )
        return self._keep(key, NamedKind.USER, name, ids[0])

    def _without_a_name(self) -> str:
        """Say that somebody of the export, whom Graph did not show whole, may be the one; empty where all were."""
        ids = [user.profile.id for user in self._everybody() if not user.profile.user_principal_name]
        if not ids:
            return ""
        shown = ", ".join(islice(ids, _NEAR))
        return (
            f"Graph showed {counted(len(ids), 'user')} without a user name, who may be the one: {shown}. Run "
            "`mfa-migrate export` again; if it stays, write the object id in the place of the name. Or: "
        )

    def group(self, text: str, key: str) -> str:
        """Return the id of the group with this id or exact name; raise ConfigProblem that names the key."""
        groups = self._evidence.groups
        if is_id(text):
            ids = [text.lower()] if text.lower() in groups else []
        else:
            # That the export holds one of this name proves nothing: only the tenant knows whether there is another.
            ids = list(self._group_names.get(text, ()))
        if len(ids) > 1:
            raise _several(key, "groups", text, ids)
        if not ids or ids[0] not in groups:
            asked = not is_id(text) and text in self._group_names
            why = f"no group of the tenant is called {text!r}" if asked else f"the group {text} is not in the snapshot"
            near = get_close_matches(text, [one.display_name or "" for one in groups.values()], n=3)
            near = [name for name in near if name != text]  # it was read for a policy, and its name not looked up
            spelled = f"Near: {', '.join(map(repr, near))}. " if near and not is_id(text) else ""
            raise ConfigProblem(f"{key}: {why}.", hint=spelled + EXPORT)
        return self._keep(key, NamedKind.GROUP, text, ids[0])

    def policy(self, text: str, key: str) -> str:
        """Return the id of the policy with this id or exact name; raise ConfigProblem that names the key."""
        policies = self._evidence.policies
        ids = [policy.id for policy in policies if text in (policy.id, policy.display_name)]
        if len(ids) > 1:
            raise _several(key, "policies", text, ids)
        if not ids:
            near = get_close_matches(text, [policy.display_name for policy in policies], n=3, cutoff=0.4)
            raise ConfigProblem(
                f"{key}: no policy is named {text!r} in the export; a part of a name does not do here.",
                hint=f"Near: {', '.join(map(repr, near))}."
                if near
                else "Write the id or the exact name of the policy.",
            )
        return self._keep(key, NamedKind.POLICY, text, ids[0])

    def strength(self, text: str, key: str) -> str:
        """Return the id of the authentication strength with this id or exact name; raise ConfigProblem."""
        strengths = self._evidence.authentication_strengths
        ids = [str(raw.get("id")) for raw in strengths if text in (raw.get("id"), raw.get("displayName"))]
        if len(ids) != 1:
            known = ", ".join(sorted(repr(raw.get("displayName")) for raw in strengths)) or "none"
            raise ConfigProblem(
                f"{key}: {'no' if not ids else len(ids)} authentication strength named {text!r} in the snapshot.",
                hint=f"Known are {known}.",
            )
        return self._keep(key, NamedKind.STRENGTH, text, ids[0])

    def _near(self, name: str) -> str:
        """Return up to three whose user name begins so, or is the same in another domain; empty where nobody's does."""
        begins = name.partition("@")[0].strip().casefold()
        names = (user.profile.user_principal_name for user in self._everybody())
        near = islice((one for one in names if begins and one.partition("@")[0].casefold().startswith(begins)), _NEAR)
        told = ", ".join(near)
        return f"Near: {told}. " if told else ""

    def _by_display_name(self, name: str) -> list[str]:
        if self._displayed is None:
            self._displayed = {}
            for user in self._everybody():
                self._displayed.setdefault((user.profile.display_name or "").casefold(), []).append(user.profile.id)
        return self._displayed.get(name.casefold(), []) if name else []

    def _keep(self, key: str, kind: NamedKind, name: str, id_: str) -> str:
        if is_stand_in(id_):
            raise ConfigProblem(
                f"{key}: Graph showed the {kind} {name!r} without its id, so nothing can rest on it.",
                hint=f"{EXPORT} If it stays, write the object id in the place of the name.",
            )
        if id_or_name(name) != id_.lower():
            self._found[(key, name)] = Named(key=key, kind=kind, name=name, id=id_)
        return id_


def _several(key: str, what: str, name: str, ids: Sequence[str]) -> ConfigProblem:
    return ConfigProblem(
        f"{key}: {len(ids)} {what} are named {name!r}: {', '.join(ids)}.", hint="Write the id of the one that is meant."
    )


def refuse_moved(named: Iterable[Named], now: dict[str, frozenset[str]]) -> None:
    """Raise StalePlan for the names that somebody else bears now, alone or too."""
    moved = [one for one in named if now[one.name] - {one.id.lower()}]
    if moved:
        said = "; ".join(
            f"{one.key}: {one.name!r} is {one.kind} {', '.join(sorted(now[one.name]))} now, and was {one.id} when the "
            "plan was made"
            for one in moved
        )
        raise StalePlan(
            f"A name of the configuration means something else than in the plan: {said}.",
            hint="Write the id that is meant, then `mfa-migrate export` and `mfa-migrate plan`, with --supersede where "
            "the run is begun.",
        )
