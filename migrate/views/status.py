"""What `status USER` prints: the state of users, with what it means for their clients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from migrate.model.capability import Capability
from migrate.model.cells import joined
from migrate.model.instants import minute_utc, moment_of
from migrate.model.now import LastChange, Moment
from migrate.model.record import Record
from migrate.model.set_state import RefusalCode
from migrate.model.users import AnyUser, MfaState, UnreadableUser, UserRecord
from migrate.model.words import counted
from migrate.views.moments import said_moment
from migrate.views.screen import Answer

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

FEW = 10
"""So many people were named; whoever asks for everybody asks `coverage` what protects them."""

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


class People(Record, frozen=True, kw_only=True):
    """Users with the moment for which their states are true."""

    users: Sequence[AnyUser]
    missing: Sequence[MissingUser]
    moment: Moment
    """For which moment their states are true; with --live, when the reading of them began."""
    live: bool
    as_of: Mapping[str, str] = {}
    """Whose state is younger than the export, by id: when it was read back (ISO 8601)."""
    changes: Mapping[str, LastChange] = {}
    """The last real change of users by this tool, by their ids."""
    capable: Mapping[str, Capability] = {}
    """Who could answer a request for MFA, by id; empty with --live, which does not read it, and without agents."""

    def moment_for(self, user: AnyUser) -> str:
        """Return the moment for which one user's state is true."""
        return self.as_of.get(user.profile.id, self.moment.exported_at)


def ages_told(people: People, now: datetime, longest: timedelta) -> Iterator[str]:
    """Yield what one should know about the age of states that come from an export."""
    as_of = moment_of(people.moment.exported_at)
    if people.live or not people.users or as_of is None:
        return
    if now - as_of > longest:
        hours = int((now - as_of).total_seconds() // 3600)
        yield f"The export is {counted(hours, 'hour')} old. Use --live, or run `mfa-migrate export` again."


def users_answer(people: People) -> Answer:
    """Return the answer for named users, or for everybody."""
    taken_at = None if people.live else people.moment.exported_at

    def rows() -> Iterator[tuple[str, ...]]:
        for user in people.users:
            change = people.changes.get(user.profile.id)
            capable = people.capable.get(user.profile.id)
            yield (
                *_cells(user),
                people.moment_for(user),
                "" if change is None else change.time_utc,
                "" if capable is None else capable.cell,
            )

    def lines() -> Iterator[Any]:
        for user in people.users:
            yield from _user_lines(user, people)
        if people.users and not people.live:
            yield f"As of: {said_moment(people.moment)}. --live reads what is so now."
        off = [one for one in people.users if isinstance(one, UserRecord) and one.mfa_state is MfaState.DISABLED]
        if off and len(people.users) <= FEW:
            who = off[0].profile.user_principal_name if len(off) == 1 else "USER"
            yield f"Whether Conditional Access requires MFA instead: `mfa-migrate explain {who}`."
        for missing in people.missing:
            yield f"{missing.message} {missing.hint}"

    return Answer(
        kind="status",
        document={
            "live": people.live,
            "asOf": people.moment.exported_at,
            "changesSince": people.moment.changes,
            "changedUntil": people.moment.until or None,
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
        "asOf": people.moment_for(user),
        "lastChange": people.changes.get(user.profile.id),
    }


def _user_lines(user: AnyUser, people: People) -> Iterator[Any]:
    profile, registration = user.profile, user.registration
    change, capable = people.changes.get(profile.id), people.capable.get(profile.id)
    yield f"{profile.user_principal_name}  ({profile.display_name or 'no display name'}, {profile.id})"
    if isinstance(user, UnreadableUser):
        yield f"  Per-user MFA:   not known: {user.reason}"
    else:
        short, browser, modern, other = MEANING[user.mfa_state]
        yield f"  Per-user MFA:   {user.mfa_state} - {short}"
        yield f"  Browser:        {browser}"
        yield f"  Modern apps:    {modern}"
        yield f"  Other apps:     {other}"
    if people.live:
        yield "  Registration:   not read with --live"
    elif registration is None:
        yield "  Registration:   not in the report (it leaves out accounts that are switched off)"
    else:
        able = "capable" if registration.is_mfa_capable else "not capable"
        state = "registered" if registration.is_mfa_registered else "not registered"
        yield f"  Registration:   {state}, {able}: {', '.join(registration.methods_registered) or 'no method'}"
    if capable is not None:
        yield f"  MFA capable:    {capable.sentence}"
    if profile.id in people.as_of:
        yield f"  Read back at:   {minute_utc(people.as_of[profile.id])}, after the export"
    if change is not None:
        done = f"{change.requested} by this tool at {minute_utc(change.time_utc)}: {change.outcome}"
        yield f"  Last change:    {done}"
    yield ""
