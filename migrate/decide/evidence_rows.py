"""Make the rows of the evidence folder from an export and from what this tool did since; one account at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from migrate.decide.as_now import as_of, user_as_now
from migrate.decide.cis import StateTally
from migrate.model.cis import AccountState
from migrate.model.evidence import Evidence
from migrate.model.evidence_folder import SampleRow, StateRow, UnreadableRow
from migrate.model.now import Now
from migrate.model.record import JsonObject
from migrate.model.report import AccountKind
from migrate.model.snapshot import SnapshotHeader
from migrate.model.users import AnyUser, UnreadableUser, UserProfile, UserRecord

WithRequests = Iterable[tuple[AnyUser, str]]
"""Users of an export, each with the id of the request that read the state."""


def kind_of(profile: UserProfile) -> AccountKind:
    """Return the kind of an account."""
    if profile.is_agent:
        return AccountKind.AGENT
    return AccountKind.GUEST if profile.is_guest else AccountKind.MEMBER


def state_rows(users: WithRequests, now: Now, tally: StateTally) -> Iterator[StateRow]:
    """Yield the row of each account as it is now, and count it."""
    for exported, request_id in users:
        user = user_as_now(exported, now)
        profile, known = user.profile, now.users.get(user.profile.id)
        state = user.mfa_state if isinstance(user, UserRecord) else None
        account = AccountState.of(profile.account_enabled)
        tally.take(kind_of(profile), account, state)
        changed = known is not None and known.mfa_state is not None
        yield StateRow(
            user_id=profile.id,
            user_principal_name=profile.user_principal_name,
            user_type=kind_of(profile),
            account=account,
            mfa_state=state,
            read_at=as_of(profile.id, now),
            request_id=_request(user, known.request_id if changed and known is not None else request_id),
        )


def unreadable_rows(users: WithRequests, now: Now) -> Iterator[UnreadableRow]:
    """Yield whoever has no state now: not read by the export, or in doubt since."""
    for exported, request_id in users:
        user = user_as_now(exported, now)
        if isinstance(user, UnreadableUser):
            profile, known = user.profile, now.users.get(user.profile.id)
            changed = known is not None and known.mfa_state is not None
            yield UnreadableRow(
                user_id=profile.id,
                user_principal_name=profile.user_principal_name,
                user_type=kind_of(profile),
                account=AccountState.of(profile.account_enabled),
                reason=str(user.reason),
                request_id=_request(user, known.request_id if changed and known is not None else request_id),
            )


def sample_rows(header: SnapshotHeader) -> Iterator[SampleRow]:
    """Yield what a second way of reading said of each account of its sample."""
    check = header.cross_check
    for one in () if check is None else check.sample:
        yield SampleRow(
            user_id=one.user_id,
            first=one.first,
            second=one.second,
            agree=one.first == one.second,
            size=check.asked if check is not None else 0,
            seed=check.seed if check is not None else "",
        )


def policies_document(evidence: Evidence, now: Now) -> JsonObject:
    """Return policies.json: everything but people that coverage rests on, as Graph sent it.

    Args:
        evidence: With what this tool did since.
        now: What it did.
    """
    return {
        "readAt": now.moment.exported_at,
        "changedSince": sorted(
            policy.id for policy in now.policies.values() if policy.changed_after_export or policy.doubt is not None
        ),
        "securityDefaultsEnabled": evidence.security_defaults_enabled,
        "policies": [policy.raw for policy in evidence.policies],
        "namedLocations": list(evidence.named_locations),
        "authenticationStrengths": list(evidence.authentication_strengths),
        "groups": [
            {
                "id": group.id,
                "displayName": group.display_name,
                "status": group.status.value,
                "members": len(group.members),
                "eligible": len(group.eligible),
                "unnamed": group.unnamed,
            }
            for _, group in sorted(evidence.groups.items())
        ],
        "roles": [
            {
                "templateId": role.template_id,
                "displayName": role.display_name,
                "status": role.status.value,
                "holders": len(role.holders),
                "eligible": len(role.eligible),
            }
            for _, role in sorted(evidence.roles.items())
        ],
    }


def _request(user: AnyUser, request_id: str) -> str:
    return (user.request_id or request_id) if isinstance(user, UnreadableUser) else request_id
