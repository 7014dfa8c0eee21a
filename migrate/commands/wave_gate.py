"""What the sign-in log says of the waves that were carried out from this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrate.commands.sign_in_evidence import checked_sources
from migrate.commands.wiring import journal_to_read
from migrate.config import Config
from migrate.errors import NothingHere
from migrate.model.instants import moment_of
from migrate.model.journal import DONE, Operation
from migrate.model.plan import PlanHeader, PlanKind
from migrate.model.users import MfaState
from migrate.store.folder import Workspace
from migrate.store.sign_ins import SignInBook

if TYPE_CHECKING:
    from migrate.model.wave_gate import WaveProof


def wave_proofs(workspace: Workspace, config: Config) -> tuple[WaveProof, ...]:
    """Return the proof of each wave in which somebody's per-user MFA was confirmed as disabled, in order.

    Raises:
        FolderDamaged: What was read of the log is not what was written.
    """
    from migrate.decide.sign_ins.wave_gate import wave_proofs as proofs_of

    waves = _written(workspace)
    if not waves:
        return ()
    limits = config.sign_ins.wave_gate.limits
    try:
        book = SignInBook(workspace)
    except NothingHere:
        return proofs_of(waves, (), (), limits)
    with book:
        sources = checked_sources(book)
        people = (one for number in sources for one in book.people(number))
        return proofs_of(waves, people, tuple(sources.values()), limits)


def proofs_for(plan: PlanHeader, workspace: Workspace, config: Config) -> tuple[WaveProof, ...]:
    """Return the proofs that a run waits for: none unless the configuration asks for them, none for a way back.

    Raises as `wave_proofs`.
    """
    return wave_proofs(workspace, config) if config.waves.gate and plan.kind is PlanKind.MIGRATE else ()


def _written(workspace: Workspace) -> dict[int, dict[str, int]]:
    """Return by wave whose disabling was confirmed, and when; whoever was changed again later belongs to none."""
    journal = journal_to_read(workspace)
    if journal is None:
        return {}
    with journal:
        latest = {
            entry.object_id.lower(): entry
            for entry in journal.entries(operation=Operation.SET_MFA_STATE, outcomes=DONE)
        }
    found: dict[int, dict[str, int]] = {}
    for user_id, entry in latest.items():
        moment = moment_of(entry.server_date) or moment_of(entry.time_utc)
        if entry.requested == MfaState.DISABLED and moment is not None:
            found.setdefault(entry.wave or 0, {})[user_id] = int(moment.timestamp())
    return found
