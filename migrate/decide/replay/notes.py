"""What a replay of the sign-in log adds to a plan: a blocker where somebody would lose MFA, warnings for the rest."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.model.plan import PlanNote, blocker, warning
from migrate.model.replay import Change, Replay
from migrate.model.words import counted


def notes_of(replay: Replay) -> Iterator[PlanNote]:
    """Yield the notes, the blocker first."""
    where = "`mfa-migrate sign-ins replay` names them."
    losing = replay.people_of(Change.LOSES_MFA)
    if losing:
        yield blocker(
            "replay-loses-mfa",
            f"{counted(len(losing), 'person', 'people')} signed in with MFA in a way in which nobody would ask for it "
            f"after this plan. {where}",
            n=len(losing),
        )
    for change, code, what in (
        (Change.NEWLY_BLOCKED, "replay-newly-blocked", "signed in in a way that would be refused after this plan"),
        (Change.DEPENDS, "replay-depends", "signed in in a way of which the log does not tell enough to judge it"),
    ):
        people = replay.people_of(change)
        if people:
            yield warning(code, f"{counted(len(people), 'person', 'people')} {what}. {where}", n=len(people))
    stopped = {user_id for one in replay.changed for user_id in one.cannot_pass}
    if stopped:
        yield warning(
            "replay-cannot-pass",
            f"{counted(len(stopped), 'person', 'people')} signed in without MFA, would be asked for it, and cannot "
            f"answer. {where}",
            n=len(stopped),
        )
    if replay.not_proven:
        yield warning(
            "replay-not-proven",
            f"The replay is not proven for {counted(len(replay.not_proven), 'policy', 'policies')}: what the log says "
            f"that they did could not be compared, or differs too often. {where}",
            n=len(replay.not_proven),
        )
