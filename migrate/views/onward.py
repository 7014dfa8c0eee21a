"""What begins a migration, and what goes on with one that stopped between two waves, as somebody would type it."""

from __future__ import annotations

from migrate.model.plan import HoldReason, PlanHeader


def onward(next_wave: int | None) -> str:
    """Return the words after `mfa-migrate`: no further than the next wave; to the end where it is the last one."""
    return "apply" if next_wave is None else f"apply --until wave:{next_wave}"


def next_step(header: PlanHeader) -> str:
    """Return what follows from what the plan found."""
    not_covered = sum(header.held_by.get(kind, 0) for kind in (HoldReason.UNCOVERED, HoldReason.PARTLY))
    if header.blockers:
        return "mend the blockers, then `mfa-migrate plan`; until then this plan cannot be applied."
    if not header.users_to_change and not header.policy_steps:
        advise = "`mfa-migrate advise` names the steps that would cover people; "
        return f"{advise if not_covered else ''}nobody can be migrated now, so there is nothing to apply."
    first = next((wave.number for wave in header.waves if wave.users), 1)
    apply = f"`mfa-migrate apply --what-if`, then `mfa-migrate apply --until wave:{first}`."
    if not_covered > header.users_to_change:
        return f"`mfa-migrate advise`, since more people are not covered than are planned. Or go on with {apply}"
    return apply
