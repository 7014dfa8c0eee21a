"""Resolve `[[policy.exclude]]` and `from_policy` against the snapshot: who exactly our policy leaves out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migrate.commands.listed_people import people_listed
from migrate.config_policy import PolicyExclude
from migrate.model.policy_exclusions import ExcludedBy, ExcludedKind, Nobody, PolicyExclusion
from migrate.model.users import MfaState, UserRecord
from migrate.settings import Settings
from migrate.store.snapshot import Snapshot

if TYPE_CHECKING:
    from migrate.decide.config_names import Names

_NO_GUESS = "Correct the row, or take it out: nobody is left out of a policy by guessing."
_LIKE = {ExcludedKind.ROOMS: Nobody.ROOM, ExcludedKind.SERVICE_ACCOUNTS: Nobody.SERVICE_ACCOUNT}


def policy_exclusions(settings: Settings, snapshot: Snapshot, names: Names) -> tuple[PolicyExclusion, ...]:
    """Return every exclusion, those whose day has come too: expiry never edits a policy.

    Args:
        settings: With the configuration.
        snapshot: What names are looked up in.
        names: Resolves the names of the configuration.

    Raises:
        ConfigProblem: A name is nobody's, or a group was not read.
        BadInput: A list cannot be read.
    """
    found: dict[tuple[ExcludedBy, str], PolicyExclusion] = {}
    for entry in settings.config.policy.exclude:
        for one in _of_entry(entry, settings, snapshot, names):
            found.setdefault((one.by, one.id), one)
    for one in _who_keep_mfa(settings, snapshot):
        found.setdefault((one.by, one.id), one)
    return tuple(found.values())


def _of_entry(entry: PolicyExclude, settings: Settings, snapshot: Snapshot, names: Names) -> Iterator[PolicyExclusion]:
    if entry.user is not None:
        yield _exclusion(ExcludedBy.USER, names.user(entry.user, "policy.exclude.user"), entry.user, entry)
    elif entry.group is not None:
        yield _exclusion(ExcludedBy.GROUP, names.group(entry.group, "policy.exclude.group"), entry.group, entry)
    elif entry.file is not None:
        listed = people_listed(entry.file, settings, snapshot, key="policy.exclude.file", hint=_NO_GUESS)
        for one in listed:
            yield _exclusion(ExcludedBy.USER, one.id, one.user_principal_name, entry)
    elif entry.kind is ExcludedKind.GUESTS:
        yield _exclusion(ExcludedBy.KIND, entry.kind.value, entry.kind.value, entry)
    elif entry.kind is not None:
        for id_, name in _of_kind(_LIKE[entry.kind], snapshot):
            yield _exclusion(ExcludedBy.KIND, id_, name, entry)


def _exclusion(by: ExcludedBy, id_: str, name: str, entry: PolicyExclude) -> PolicyExclusion:
    return PolicyExclusion(
        by=by,
        id=id_,
        name=name,
        reason=entry.reason,
        expires=entry.expires.isoformat(),
        decided_by=entry.decided_by or "",
        since="" if entry.since is None else entry.since.isoformat(),
        accepted=entry.accepted,
    )


def _of_kind(kind: Nobody, snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    from migrate.decide.accounts_of_nobody import guess_at, role_holders, room_licences

    rooms, holders = room_licences(snapshot.header.skus), role_holders(snapshot.evidence())
    for user in snapshot.users():
        guess = guess_at(user, rooms, holders)
        if guess is not None and guess.is_like is kind:
            yield user.profile.id, user.profile.user_principal_name


def _who_keep_mfa(settings: Settings, snapshot: Snapshot) -> Iterator[PolicyExclusion]:
    """Yield those of `[[exclude]]` who are to be left out as well: only while they are read as enforced."""
    for entry in settings.config.exclude:
        user = snapshot.user(entry.user) if entry.from_policy else None
        if isinstance(user, UserRecord) and user.mfa_state is MfaState.ENFORCED:
            yield PolicyExclusion(
                by=ExcludedBy.KEEPS_MFA,
                id=user.profile.id,
                name=user.profile.user_principal_name,
                reason=entry.reason,
                expires=entry.expires.isoformat(),
                decided_by=entry.decided_by or "",
                since="" if entry.since is None else entry.since.isoformat(),
            )
