"""Read a whole tenant into a snapshot. Nothing half-read passes for whole: a failed page ends the export."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import TypeVar

from migrate.engine.ports import Progress, SnapshotSink, Tenant
from migrate.errors import RemoteProblem
from migrate.model.instants import iso_utc
from migrate.model.named import NamedKind, is_id
from migrate.model.reasons import Reason, Why, reason_of
from migrate.model.replies import StateReading
from migrate.model.snapshot import Actor, Compared, CrossCheck, Organization, SubscribedSku
from migrate.model.users import MfaState
from migrate.model.words import counted

T = TypeVar("T")

CHUNK = 2_000
"""Users whose states are asked for in one go; the client splits them into batches of 20."""
SMALLEST_CHUNK = 200
"""The same in small tenants, where progress would otherwise jump from nothing to all."""
SAMPLE = 200
"""Users whose accelerated state is compared with the documented read."""


@dataclass(frozen=True, kw_only=True)
class ExportFacts:
    """What an export knows about the tenant besides what it put into the sink."""

    taken_at: datetime
    organization: Organization
    skus: tuple[SubscribedSku, ...]
    actor: Actor
    states_read_by: str
    """`requirements` or `select`."""
    cross_check: CrossCheck | None
    group_names: dict[str, tuple[str, ...]]
    """Names of groups that were asked for, with the ids of all that are called so."""


async def export_tenant(
    tenant: Tenant,
    sink: SnapshotSink,
    progress: Progress,
    *,
    fast: bool,
    rng: random.Random,
    groups: Sequence[str] = (),
    roles: Sequence[str] = (),
) -> ExportFacts:
    """Read everything that planning needs.

    Args:
        tenant: The tenant to read.
        sink: Where it goes; the caller finishes or discards it.
        progress: Told how far the reading is.
        fast: Read states by the undocumented `$select` first, cross-checked on a sample.
        rng: Chooses the sample.
        groups: Groups to read although no policy names them yet, by id, or by name: then all that are called so.
        roles: Role template ids to read likewise.

    Raises:
        RemoteProblem: Something could not be read to its end.
    """
    organization = await tenant.read_organization()
    actor = await tenant.read_actor()
    skus = await tenant.read_skus()
    for sku in (one for one in skus if one.lacks):
        progress.note(
            f"Graph did not show {', '.join(sku.lacks or ())} of the subscription {sku.sku_part_number}: it counts as "
            "far as it was shown. Run `export` again."
        )
    taken_at = tenant.server_at_least()
    listed = await _read_users(tenant, sink, progress)
    group_names = await _group_names(tenant, groups)
    called = (*(each for each in groups if is_id(each)), *chain.from_iterable(group_names.values()))
    sink.set_evidence(await tenant.read_evidence(groups=called, roles=roles, paths=True))
    if any(sku.allows_conditional_access for sku in skus):
        await _read_registrations(tenant, sink, progress)
    else:
        progress.note("the registration report is not read: it needs Entra ID P1, which this tenant has not")
    check = await _read_states_by_select(tenant, sink, progress, listed.users, rng) if fast else None
    by_select = check is not None and not check.given_up
    if not by_select:
        await _read_states(tenant, sink, progress, listed.users)
    _set_aside(listed, tenant.server_now(), sink, progress)
    return ExportFacts(
        taken_at=taken_at,
        organization=organization,
        skus=skus,
        actor=actor,
        states_read_by="select" if by_select else "requirements",
        cross_check=check,
        group_names=group_names,
    )


@dataclass(kw_only=True)
class _Listed:
    """What the list of users held."""

    users: int = 0
    nameless: list[str] = field(default_factory=list)
    """Ids of those without a user principal name."""
    lacking: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By id, what Graph did not show of somebody."""


async def _read_users(tenant: Tenant, sink: SnapshotSink, progress: Progress) -> _Listed:
    listed = _Listed()
    async for chunk in _chunks(tenant.iter_users(), CHUNK):
        sink.add_users(chunk)
        listed.lacking |= {user.id: user.lacks for user in chunk if user.lacks}
        listed.nameless += [user.id for user in chunk if not user.user_principal_name and not user.lacks]
        listed.users += len(chunk)
        progress.advance(listed.users, None, "Reading users")
    progress.note(f"{listed.users} users read")
    return listed


def _set_aside(listed: _Listed, now: datetime, sink: SnapshotSink, progress: Progress) -> None:
    """Make those unreadable of whom too little is known: each costs its own certainty, not the export.

    It comes after the states were read: the last reading of a user counts.
    """
    if listed.nameless:
        sink.add_readings(_unusable(user_id, reason_of(Why.NAMELESS), now) for user_id in listed.nameless)
        shown = ", ".join(listed.nameless[:3])
        progress.note(f"{counted(len(listed.nameless), 'user')} without a user principal name, never planned: {shown}")
    if listed.lacking:
        sink.add_readings(_not_whole(user_id, lacks, now) for user_id, lacks in listed.lacking.items())
        progress.note(_shown_in_part(listed.lacking))


async def _group_names(tenant: Tenant, groups: Sequence[str]) -> dict[str, tuple[str, ...]]:
    names = [each for each in groups if not is_id(each)]
    return await tenant.find_called(NamedKind.GROUP, names) if names else {}


async def _read_registrations(tenant: Tenant, sink: SnapshotSink, progress: Progress) -> None:
    rows = 0
    in_part = list[str]()
    async for chunk in _chunks(tenant.iter_registrations(), CHUNK):
        sink.add_registrations((user_id, row) for user_id, row in chunk if row is not None)
        in_part += [user_id or "one without an id" for user_id, row in chunk if row is None]
        rows += len(chunk)
        progress.advance(rows, None, "Reading the registration report")
    if in_part:
        shown = ", ".join(in_part[:3])
        progress.note(
            f"{counted(len(in_part), 'row')} of the registration report that Graph did not show whole, so that it is "
            f"not known whether these users are MFA capable: {shown}. Run `export` again."
        )


async def _read_states(tenant: Tenant, sink: SnapshotSink, progress: Progress, users: int) -> None:
    done = 0
    chunk: list[str] = []
    # Small tenants want to see progress too; the larger the chunk, the less the readers wait for each other.
    size = min(CHUNK, max(SMALLEST_CHUNK, users // 10))
    for user_id in sink.user_ids():
        chunk.append(user_id)
        if len(chunk) == size:
            sink.add_readings(await tenant.read_mfa_states(chunk))
            done += len(chunk)
            chunk = []
            progress.advance(done, users, "Reading per-user MFA states")
    if chunk:
        sink.add_readings(await tenant.read_mfa_states(chunk))
        progress.advance(done + len(chunk), users, "Reading per-user MFA states")


async def _read_states_by_select(
    tenant: Tenant, sink: SnapshotSink, progress: Progress, users: int, rng: random.Random
) -> CrossCheck:
    """Read states by `$select` and compare a sample; `given_up` says why that must not be trusted here."""
    sample: list[tuple[str, str]] = []
    seen = 0
    try:
        async for chunk in _chunks(tenant.iter_mfa_states_by_select(), CHUNK):
            readings = []
            for user_id, value in chunk:
                if value not in set(MfaState):
                    return _given_up(progress, f"the accelerator sent {value!r} for user {user_id}.")
                readings.append(_reading(user_id, MfaState(value), tenant.server_now()))
                _keep_in_sample(sample, (user_id, value), seen, rng)
                seen += 1
            sink.add_readings(readings)
            progress.advance(seen, users, "Reading per-user MFA states (--fast)")
    except RemoteProblem as problem:
        return _given_up(progress, problem.what)
    if seen != users:
        return _given_up(progress, f"it listed {seen} users of {users}.")
    claimed = dict(sample)
    readings = await tenant.read_mfa_states(list(claimed))
    compared = tuple(
        Compared(user_id=each.user_id, first=claimed[each.user_id], second=each.mfa_state or "") for each in readings
    )
    for reading in readings:
        if reading.mfa_state != claimed[reading.user_id]:
            said = reading.mfa_state or reading.problem
            why = f"for user {reading.user_id} it said {claimed[reading.user_id]}, the documented call says {said}."
            return _given_up(progress, why, compared)
    progress.note(f"--fast agreed with the documented call on {len(sample)} users drawn at random")
    return CrossCheck(asked=len(compared), agreed=len(compared), sample=compared)


def _given_up(progress: Progress, why: str, compared: tuple[Compared, ...] = ()) -> CrossCheck:
    progress.note(f"--fast is given up: {why} Reading every state by the documented call instead.")
    agreed = sum(one.first == one.second for one in compared)
    return CrossCheck(asked=len(compared), agreed=agreed, given_up=why, sample=compared)


def _keep_in_sample(sample: list[tuple[str, str]], item: tuple[str, str], seen: int, rng: random.Random) -> None:
    """Keep a uniform sample of a stream of unknown length (reservoir sampling, Algorithm R)."""
    if len(sample) < SAMPLE:
        sample.append(item)
    elif (place := rng.randrange(seen + 1)) < SAMPLE:
        sample[place] = item


def _reading(user_id: str, state: MfaState, now: datetime) -> StateReading:
    return StateReading(
        user_id=user_id, mfa_state=state, problem=None, status=200, request_id="", server_date=iso_utc(now)
    )


def _not_whole(user_id: str, lacks: tuple[str, ...], now: datetime) -> StateReading:
    return _unusable(user_id, reason_of(Why.NOT_UNDERSTOOD, f"for this user lacks {', '.join(lacks)}."), now)


def _shown_in_part(lacking: dict[str, tuple[str, ...]]) -> str:
    shown = "; ".join(f"{user_id} lacks {', '.join(lacks)}" for user_id, lacks in list(lacking.items())[:3])
    who = counted(len(lacking), "user")
    return (
        f"{who} of whom Graph did not show all that was asked for in a form that can be used, never planned: {shown}. "
        "Run `export` again; if it stays, look at them in the Entra admin center."
    )


def _unusable(user_id: str, problem: Reason, now: datetime) -> StateReading:
    return StateReading(
        user_id=user_id,
        mfa_state=None,
        problem=problem,
        status=200,
        request_id="",
        server_date=iso_utc(now),
    )


async def _chunks(source: AsyncIterator[T], size: int) -> AsyncIterator[list[T]]:
    chunk: list[T] = []
    async for item in source:
        chunk.append(item)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
