"""What `status` prints: the state of users with what it means for their clients, or a summary of the tenant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from migrate.model.capability import Capability
from migrate.model.cells import joined
from migrate.model.instants import moment_of
from migrate.model.reasons import Why
from migrate.model.record import Record
from migrate.model.run import RunStanding
from migrate.model.set_state import RefusalCode
from migrate.model.snapshot import SnapshotHeader
from migrate.model.users import AnyUser, MfaState, UnreadableUser
from migrate.model.words import counted
from migrate.views.export import STATES
from migrate.views.screen import Answer, table

MEANING = {
    MfaState.DISABLED: (
        "Per-user MFA asks for nothing. Normal for users under Conditional Access.",
        "password only, unless Conditional Access or security defaults ask for more",
        "password only, unless Conditional Access or security defaults ask for more",
        "password only, unless Conditional Access blocks them",
    ),
    MfaState.ENABLED: (
        "Enrolled, not registered yet: asked to register at the next sign-in.",
        "asked to register, then MFA",
        "asked to register once the present token expires",
        "password only until registration; after it an app password",
    ),
    MfaState.ENFORCED: (
        "Enrolled: MFA is asked for at every sign-in.",
        "MFA",
        "MFA",
        "blocked without an app password",
    ),
}
"""What each state means: in short, then for browsers, modern apps and non-browser apps."""

COLUMNS = (
    "ObjectId",
    "UserPrincipalName",
    "PerUserMfaState",
    "AccountEnabled",
    "IsMfaRegistered",
    "IsMfaCapable",
    "MethodsRegistered",
    "Problem",
    "AsOf",
    "LastChange",
    "MfaCapable",
)


class MissingUser(Record, frozen=True, kw_only=True):
    """A name that stands for nobody, or for somebody who could not be read."""

    name: str
    """As it was given."""
    code: RefusalCode
    message: str
    hint: str


class LastChange(Record, frozen=True, kw_only=True):
    """What this tool did last to a user."""

    requested: str
    outcome: str
    time_utc: str


class People(Record, frozen=True, kw_only=True):
    """Users with the moment for which their states are true."""

    users: Sequence[AnyUser]
    missing: Sequence[MissingUser]
    as_of: str
    """When the snapshot was taken, or when the reading of their states began."""
    live: bool
    changes: Mapping[str, LastChange] = {}
    """What this tool did last to users, by their ids."""
    capable: Mapping[str, Capability] = {}
    """Who could answer a request for MFA, by id; empty with --live, which does not read it, and without agents."""

    def changed_since(self) -> int:
        """Return how many of the users this tool changed after the moment for which their states are true."""
        as_of = moment_of(self.as_of)
        last = (self.changes.get(user.profile.id) for user in self.users)
        times = (moment_of(change.time_utc) for change in last if change is not None)
        return sum(as_of is not None and time is not None and time > as_of for time in times)


def ages_told(people: People, now: datetime, longest: timedelta) -> Iterator[str]:
    """Yield what one should know about the age of states that come from an export."""
    if people.live or not people.users:
        return
    changed, as_of = people.changed_since(), moment_of(people.as_of)
    if changed:
        were = "was" if changed == 1 else "were"
        yield (
            f"{counted(changed, 'user')} of these {were} changed by this tool since the export of {people.as_of}: "
            "what is shown is how it was then. Use --live to read what is now."
        )
    if as_of is not None and now - as_of > longest:
        hours = int((now - as_of).total_seconds() // 3600)
        yield f"The export is {counted(hours, 'hour')} old. Use --live, or run `mfa-migrate export` again."


def users_answer(people: People) -> Answer:
    """Return the answer for named users, or for everybody."""
    taken_at = None if people.live else people.as_of

    def rows() -> Iterator[tuple[str, ...]]:
        for user in people.users:
            change = people.changes.get(user.profile.id)
            capable = people.capable.get(user.profile.id)
            yield (
                *_cells(user),
                people.as_of,
                "" if change is None else change.time_utc,
                "" if capable is None else capable.cell,
            )

    def lines() -> Iterator[Any]:
        for user in people.users:
            yield from _user_lines(user, people)
        for missing in people.missing:
            yield f"{missing.message} {missing.hint}"

    return Answer(
        kind="status",
        document={
            "live": people.live,
            "asOf": people.as_of,
            "snapshotTakenAt": taken_at,
            "users": [_document(user, people) for user in people.users],
            "missing": people.missing,
        },
        columns=COLUMNS,
        rows=rows,
        lines=lines,
        long_lists=("users", "missing"),
    )


def _cells(user: AnyUser) -> tuple[str, ...]:
    registration = user.registration
    return (
        user.profile.id,
        user.profile.user_principal_name,
        "" if isinstance(user, UnreadableUser) else user.mfa_state,
        str(user.profile.account_enabled),
        "" if registration is None else str(registration.is_mfa_registered),
        "" if registration is None else str(registration.is_mfa_capable),
        "" if registration is None else joined(registration.methods_registered),
        str(user.reason) if isinstance(user, UnreadableUser) else "",
    )


def _document(user: AnyUser, people: People) -> dict[str, Any]:
    unreadable = isinstance(user, UnreadableUser)
    return {
        "objectId": user.profile.id,
        "userPrincipalName": user.profile.user_principal_name,
        "displayName": user.profile.display_name,
        "userType": user.profile.user_type,
        "accountEnabled": user.profile.account_enabled,
        "perUserMfaState": None if isinstance(user, UnreadableUser) else user.mfa_state,
        "problem": str(user.reason) if isinstance(user, UnreadableUser) else None,
        "registration": user.registration,
        "meaning": None if unreadable else MEANING[user.mfa_state][0],  # type: ignore[union-attr]
        "mfaCapable": people.capable.get(user.profile.id),
        "asOf": people.as_of,
        "lastChange": people.changes.get(user.profile.id),
    }


def _user_lines(user: AnyUser, people: People) -> Iterator[Any]:
    taken_at = None if people.live else people.as_of
    profile, registration = user.profile, user.registration
    change, capable = people.changes.get(profile.id), people.capable.get(profile.id)
    yield f"{profile.user_principal_name}  ({profile.display_name or 'no display name'}, {profile.id})"
    if isinstance(user, UnreadableUser):
        yield f"  Per-user MFA:   unreadable: {user.reason}"
    else:
        short, browser, modern, other = MEANING[user.mfa_state]
        yield f"  Per-user MFA:   {user.mfa_state} - {short}"
        yield f"  Browser:        {browser}"
        yield f"  Modern apps:    {modern}"
        yield f"  Other apps:     {other}"
    if taken_at is None:
        yield "  Registration:   not read with --live"
    elif registration is None:
        yield "  Registration:   not in the report (it leaves out accounts that are switched off)"
    else:
        able = "capable" if registration.is_mfa_capable else "not capable"
        state = "registered" if registration.is_mfa_registered else "not registered"
        yield f"  Registration:   {state}, {able}: {', '.join(registration.methods_registered) or 'no method'}"
    if capable is not None:
        yield f"  MFA capable:    {capable.sentence}"
    if taken_at is not None:
        yield f"  As exported at: {taken_at}; --live reads the state of now"
    if change is not None:
        yield f"  Last change:    {change.requested} by this tool at {change.time_utc}: {change.outcome}"
    yield ""


def _standing_document(standing: RunStanding) -> dict[str, Any]:
    waiting_for = None if standing.waiting_for is None else str(standing.waiting_for)
    return {**msgspec.to_builtins(standing), "waitingFor": waiting_for}


def status_answer(header: SnapshotHeader, standing: RunStanding | None) -> Answer:
    """Return the answer for the tenant as a whole."""
    kinds = sorted({key.partition("/")[2] for key in header.counts})

    def rows() -> Iterator[tuple[str, ...]]:
        for state in STATES:
            numbers = [header.counts.get(f"{state}/{kind}", 0) for kind in kinds]
            if any(numbers):
                yield (state, *(str(number) for number in numbers), str(sum(numbers)))

    def lines() -> Iterator[Any]:
        organization = header.organization
        yield f"{organization.display_name} ({organization.default_domain}), from the export of {header.taken_at}"
        yield table(["Per-user MFA", *kinds, "Users"], rows())
        if standing is None:
            yield "No run has been begun here. Next: `mfa-migrate plan`, then `mfa-migrate apply --what-if`."
            return
        yield f"Run {standing.plan_digest[:12]}: {standing.sentence}"
        if standing.outcomes:
            yield "  " + ", ".join(f"{count} {name}" for name, count in standing.outcomes.items())
        if standing.paused:
            yield "  Paused by the file `pause` in the working folder."
        if standing.next_plan is not None:
            yield f"  Plan {standing.next_plan[:12]} was made since and is not begun; `mfa-migrate apply` begins it."
        elif standing.waiting_for is not None:
            stopped = standing.waiting_for.why is Why.STOPPED
            said = f"Stopped: {standing.waiting_for.words}" if stopped else f"Waiting: {standing.waiting_for}"
            yield f"  {said.removesuffix('.')}. Go on with `mfa-migrate apply`."
        elif not standing.closed:
            yield "  Not finished; go on with `mfa-migrate apply`."

    return Answer(
        kind="status",
        document={"snapshot": header, "run": None if standing is None else _standing_document(standing)},
        columns=("PerUserMfaState", *(kind.capitalize() for kind in kinds), "Users"),
        rows=rows,
        lines=lines,
    )
