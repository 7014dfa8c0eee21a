"""The tenant behind Graph: the port of the engine, over real HTTP."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from migrate.errors import GraphRefused, PermissionMissing
from migrate.graph import what_if, wire
from migrate.graph.absence import APART_SECONDS
from migrate.graph.channel import Call, Channel, read_of
from migrate.graph.directory_audits import directory_audits
from migrate.graph.evidence import EvidenceReader
from migrate.graph.in_part import NeverShown
from migrate.graph.leaving import IsWanted, MayLeave
from migrate.graph.names import ids_called
from migrate.graph.pace import Bucket, Clock, Pacers
from migrate.graph.pages import whole
from migrate.graph.policies import PolicyAccess
from migrate.graph.retry import Patience, Persistence
from migrate.graph.sign_ins import sign_ins
from migrate.graph.states import StateReader, write_states
from migrate.graph.users import UserReader
from migrate.model.access import SignInMethod
from migrate.model.directory_audit import AuditEvent
from migrate.model.evidence import ConditionalAccessPolicy, Evidence
from migrate.model.explanation import EvaluatedPolicy
from migrate.model.instants import moment_of
from migrate.model.named import NamedKind
from migrate.model.permissions import BACKUPS, FEDERATION, LICENCES, POLICIES, ROLES, USERS
from migrate.model.reasons import Reason
from migrate.model.record import JsonObject
from migrate.model.replies import PolicyReply, StateReading, WriteFate, WriteReply, WriteRequest
from migrate.model.sign_in_rows import Row
from migrate.model.sign_ins import Form
from migrate.model.snapshot import UNTOLD_ACTOR, Actor, Organization, SubscribedSku, TokenPermissions
from migrate.model.token import TokenFacts
from migrate.model.users import Registration, UserProfile

if TYPE_CHECKING:
    from migrate.graph.credentials import SignedIn
    from migrate.graph.session import Connection, OnWait
    from migrate.graph.transport import Sender

_AGREEMENT_PAUSE = 2.0
"""Seconds between the reads of one policy that have to agree."""


def tenant_over(
    sender: Sender, connection: Connection, signed_in: SignedIn, *, on_wait: OnWait, clock: Clock
) -> GraphTenant:
    """Wire a tenant over an open connection."""
    pacers = Pacers(clock=clock, on_wait=on_wait, paced=connection.pacing)
    patience = Patience(attempts=connection.patience_attempts, seconds=connection.patience_seconds)
    persistence = Persistence(patience, clock=clock, on_wait=on_wait, unit_random=random.random)
    channel = Channel(sender, pacers, persistence, origin=connection.origin, clock=clock)
    return GraphTenant(channel, connection, signed_in)


class GraphTenant:
    """Implements `migrate.engine.ports.Tenant`."""

    def __init__(self, channel: Channel, connection: Connection, signed_in: SignedIn) -> None:
        self._channel = channel
        self._connection = connection
        self._signed_in = signed_in
        self._policies = PolicyAccess(channel, pause=_AGREEMENT_PAUSE if connection.pacing else 0.05)
        self._users = UserReader(channel, batches_at_once=connection.concurrency)
        self._states = StateReader(channel, batches_at_once=connection.concurrency)
        self._evidence = EvidenceReader(
            channel,
            self._policies,
            sees_hidden=signed_in.grants("Member.Read.Hidden"),
            objects_at_once=max(1, connection.concurrency // 2),
            apart=APART_SECONDS if connection.pacing else 0.05,
        )

    def server_now(self) -> datetime:
        """Return the server's time: the Date header of the latest answer, plus the time since (UTC)."""
        return self._channel.sender.server_now()

    def server_at_least(self) -> datetime:
        """Return the earliest that it may be by the server (UTC): a wait or an exclusion must not end too early."""
        return self._channel.sender.server_at_least()

    def server_at_most(self) -> datetime:
        """Return the latest that it may be by the server (UTC): nothing accepted for a time must last too long."""
        return self._channel.sender.server_at_most()

    async def read_organization(self) -> Organization:
        """Read `/organization`."""
        call = read_of("organization?$select=id,displayName,verifiedDomains", "the organization", USERS)
        return _only(await whole(self._channel, call, wire.organization))

    async def read_actor(self) -> Actor:
        """Return who is signed in: from the token where it says so, else from `/me`."""
        if self._connection.has_constant_token:
            return Actor(object_id=None, name=UNTOLD_ACTOR, is_user=True)
        actor = self._signed_in.actor()
        if actor is not None:
            return actor
        return await self._channel.read(read_of("me?$select=id,userPrincipalName", "who is signed in", USERS), wire.me)

    @property
    def permissions(self) -> TokenPermissions | None:
        """What the token says that it allows; None where it is opaque."""
        return self._signed_in.permissions()

    @property
    def traffic(self) -> tuple[int, int]:
        """How many answers came so far, and how often something was asked for again."""
        return self._channel.sender.answers, self._channel.persistence.repeated

    @property
    def token(self) -> TokenFacts | None:
        """What the token says of whoever is signed in; None where it is opaque."""
        return self._signed_in.facts()

    @property
    def signed_in_by(self) -> SignInMethod:
        """How the sign-in was done."""
        return self._signed_in.auth

    async def read_own_eligibility(self) -> frozenset[str] | None:
        """Return the template ids of the roles that the signed-in person could activate (PIM); None where it is untold.

        Source: Graph reference, unifiedRoleEligibilityScheduleInstance: filterByCurrentUser.
        """
        try:
            rows = await whole(self._channel, _OWN_ELIGIBILITY, wire.listed_object)
        except (GraphRefused, PermissionMissing):
            return None
        return frozenset(str(row["roleDefinitionId"]).lower() for row in rows if row.get("roleDefinitionId"))

    async def read_is_service_provider(self, home_tenant: str) -> bool | None:
        """Tell whether the tenant's partner settings know another tenant as its service provider; None where unread.

        Source: Graph reference, crossTenantAccessPolicyConfigurationPartner.
        """
        call = read_of(f"policies/crossTenantAccessPolicy/partners/{home_tenant}", "a partner's settings", POLICIES)
        try:
            found = await self._channel.read(call, wire.object_without_id)
        except (GraphRefused, PermissionMissing):
            return None
        return bool(found.get("isServiceProvider"))

    async def read_backup_age(self) -> timedelta | None:
        """Return how old the newest snapshot of Entra Backup is; None where there is none.

        Source: Graph beta reference, recoverySnapshot (2026-03-19); global cloud only.
        """
        rows = await whole(self._channel, _BACKUPS, wire.listed_object)
        made = [moment for row in rows if (moment := moment_of(str(row.get("createdDateTime")))) is not None]
        return self.server_now() - max(made) if made else None

    async def read_federation(self, domains: Sequence[str]) -> dict[str, str | None]:
        """Return federatedIdpMfaBehavior of each federated domain; None where it was never set.

        Source: Graph reference, "List internalDomainFederations"; one object at most for a domain.
        """
        found: dict[str, str | None] = {}
        for domain in domains:
            call = read_of(f"domains/{domain}/federationConfiguration", f"the federation of {domain}", FEDERATION)
            rows = await whole(self._channel, call, wire.json_object)
            told = [row["federatedIdpMfaBehavior"] for row in rows if row.get("federatedIdpMfaBehavior")]
            found[domain] = str(told[0]) if told else None
        return found

    async def read_skus(self) -> tuple[SubscribedSku, ...]:
        """Read `/subscribedSkus`; one that Graph does not show whole allows nothing."""
        found = await whole(self._channel, _SKUS, wire.subscribed_sku)
        shown = NeverShown("subscription", wire.SKU_NEEDS)
        for sku in found:
            shown.note(sku.lacks or ())
        shown.end()
        return tuple(found)

    def iter_users(self) -> AsyncIterator[UserProfile]:
        """Yield every user once. See `users.UserReader.everybody`."""
        return self._users.everybody()

    async def read_profiles(self, user_ids: Sequence[str]) -> dict[str, UserProfile | Reason]:
        """Read these users in batches; the value is the reason where one could not be read."""
        return await self._users.profiles(user_ids)

    def iter_registrations(self) -> AsyncIterator[tuple[str, Registration | None]]:
        """Yield the rows of the registration report. See `users.UserReader.all_registrations`."""
        return self._users.all_registrations()

    async def read_registrations(self, user_ids: Sequence[str]) -> dict[str, Registration | None]:
        """Read the rows of the registration report for these users; None where the report has none."""
        return await self._users.registrations(user_ids)

    def iter_mfa_states_by_select(self) -> AsyncIterator[tuple[str, str | None]]:
        """Yield (user id, raw state or None when the property is missing) by the undocumented `$select`."""
        return self._users.states_by_select()

    async def read_mfa_states(self, user_ids: Sequence[str]) -> list[StateReading]:
        """Read per-user MFA states in batches of 20, several at once; answers in the order asked."""
        return await self._states.read(user_ids)

    async def read_evidence(
        self, *, groups: Sequence[str] = (), roles: Sequence[str] = (), paths: bool = False
    ) -> Evidence:
        """Read policies, locations, strengths, security defaults, and every group and role that a policy names."""
        return await self._evidence.read(groups=groups, roles=roles, paths=paths)

    async def find_called(self, kind: NamedKind, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Return by name the ids of all objects that are called exactly so. See `names.ids_called`."""
        return await ids_called(self._channel, kind, names)

    async def renew_evidence(self, evidence: Evidence) -> Evidence:
        """Return evidence with policies, locations, strengths and security defaults read again, the people kept."""
        return await self._evidence.renew(evidence)

    def remember_evidence(self, evidence: Evidence) -> None:
        """Take in the evidence of the plan: what was there then is not taken for empty when it cannot be found now."""
        self._evidence.remember(evidence)

    async def write_mfa_states(
        self, requests: Sequence[WriteRequest], *, may_leave: MayLeave, is_wanted: IsWanted
    ) -> list[WriteReply]:
        """Send at most 20 writes in one batch, once; replies in the order asked. See `states.write_states`."""
        return await write_states(self._channel, requests, may_leave=may_leave, is_wanted=is_wanted)

    def changes_on_the_wire(self) -> int:
        """Return how many changes have left this machine and are not answered yet."""
        return self._channel.on_the_wire

    async def list_policies(self) -> tuple[ConditionalAccessPolicy, ...]:
        """Read all Conditional Access policies."""
        return await self._policies.list()

    async def read_policy(self, policy_id: str) -> ConditionalAccessPolicy | None:
        """Read one policy until several reads agree; None when it does not exist (any more)."""
        return await self._policies.read(policy_id)

    async def create_policy(
        self, body: JsonObject, *, client_request_id: str, may_leave: MayLeave, is_wanted: IsWanted
    ) -> PolicyReply:
        """Create a policy, sent once at most."""
        return await self._policies.create(
            body, client_request_id=client_request_id, may_leave=may_leave, is_wanted=is_wanted
        )

    async def update_policy(
        self,
        policy_id: str,
        body: JsonObject,
        *,
        client_request_id: str,
        may_leave: MayLeave,
        is_wanted: IsWanted,
    ) -> WriteFate:
        """Patch a policy, sent once at most."""
        return await self._policies.update(
            policy_id, body, client_request_id=client_request_id, may_leave=may_leave, is_wanted=is_wanted
        )

    async def delete_policy(
        self, policy_id: str, *, client_request_id: str, may_leave: MayLeave, is_wanted: IsWanted
    ) -> WriteFate:
        """Delete a policy, sent once at most; accepted also when it is gone already."""
        return await self._policies.delete(
            policy_id, client_request_id=client_request_id, may_leave=may_leave, is_wanted=is_wanted
        )

    async def evaluate(self, body: JsonObject) -> tuple[EvaluatedPolicy, ...]:
        """Ask Microsoft's What If which policies would apply to a sign-in. Reads only."""
        return await what_if.evaluate(self._channel, body)

    def iter_sign_ins(self, form: Form, since: datetime, until: datetime) -> AsyncIterator[list[Row]]:
        """Yield the pages of one window of the sign-in log, both ends in it. See `sign_ins.sign_ins`."""
        return sign_ins(self._channel, form, since, until)

    def iter_directory_audits(self, since: datetime, until: datetime) -> AsyncIterator[list[AuditEvent]]:
        """Yield the pages of one window of the directory audit log. See `directory_audits.directory_audits`."""
        return directory_audits(self._channel, since, until)


def _only(found: list[Organization]) -> Organization:
    if len(found) != 1:
        raise GraphRefused(f"Graph described {len(found)} organizations instead of one.", hint="Run the command again.")
    return found[0]


_OWN_ELIGIBILITY = read_of(
    "roleManagement/directory/roleEligibilityScheduleInstances/filterByCurrentUser(on='principal')",
    "which roles could be activated",
    ROLES,
)
_BACKUPS = Call(
    path="/beta/directory/recovery/snapshots",
    bucket=Bucket.READS,
    cost=1,
    doing="reading snapshots of Entra Backup",
    needs=BACKUPS,
)
_SKUS = read_of("subscribedSkus", "subscriptions", LICENCES, cost=3)
