"""Look up in the snapshot the people whom a file beside the configuration lists; nobody is taken by guessing."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.errors import ConfigProblem
from migrate.model.users import UserProfile
from migrate.settings import Settings
from migrate.store.snapshot import Snapshot


def people_listed(file: str, settings: Settings, snapshot: Snapshot, *, key: str, hint: str) -> Iterator[UserProfile]:
    """Yield everybody in a list.

    Args:
        file: Its path, from the folder of the configuration.
        settings: With the configuration's path.
        snapshot: What names are looked up in.
        key: The key of the configuration that names the file, for messages.
        hint: What to do about a row that fits nobody.

    Raises:
        ConfigProblem: A row is nobody's, or cannot be read.
        BadInput: The file cannot be read.
    """
    from migrate.exchange.reading import read_claims

    beside = settings.started_in if settings.config_path is None else settings.config_path.parent
    listed = read_claims(beside / file)
    missing = []
    for claim in listed.claims:
        named = [name for name in (claim.object_id, claim.user_principal_name, claim.also_named) if name]
        user = next((user for name in named if (user := snapshot.user(name)) is not None), None)
        if user is None:
            missing.append(claim.user_principal_name or claim.object_id or "")
        else:
            yield user.profile
    if missing or listed.unread:
        what = ", ".join(missing) or listed.unread[0].reason
        raise ConfigProblem(f"{key} {file}: not in the snapshot, or not readable: {what}.", hint=hint)
