"""Replay what was read of the sign-in log under a plan's policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrate.commands.sign_in_evidence import LogInFolder
from migrate.config_sign_ins import SignInConfig
from migrate.model.evidence import Evidence
from migrate.model.sign_ins import SignInSource
from migrate.store.snapshot import Snapshot

if TYPE_CHECKING:
    from migrate.model.replay import Replay


def replay_of(
    log: LogInFolder, snapshot: Snapshot, planned: Evidence, switched_off: frozenset[str], config: SignInConfig
) -> tuple[Replay, tuple[SignInSource, ...]] | None:
    """Return the replay with the readings that it rests on; None where no log was read.

    Args:
        log: What the folder holds of the log.
        snapshot: Where the users are.
        planned: The policies as they will be.
        switched_off: Object ids of those whose per-user MFA goes off.
        config: How far judgement and log must agree.
    """
    from migrate.decide.capability import capabilities_today
    from migrate.decide.replay.replaying import replayed

    if not log.sources:
        return None
    ids = {one.user_id for one in log.people}
    users = [user for user in snapshot.users() if user.profile.id.lower() in ids]
    capable = capabilities_today(planned)
    replay = replayed(
        log.people,
        {user.profile.id.lower(): user.profile for user in users},
        today=snapshot.evidence(),
        planned=planned,
        switched_off=frozenset(user_id.lower() for user_id in switched_off),
        cannot_answer=frozenset(
            user.profile.id.lower()
            for user in users
            if not user.profile.is_agent and not capable.of(user.profile, user.registration).value.can_pass
        ),
        agreement_limit=config.replay_agreement,
    )
    return replay, log.sources
