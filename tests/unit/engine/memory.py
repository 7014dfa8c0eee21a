"""Other implementations of the engine's ports, in memory: a tenant, a journal, rollback files, a screen.

They can break at any call, but they are no mocks: state goes in and comes out as in the real ones.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import msgspec

from migrate.errors import FolderDamaged, PermissionMissing
from migrate.model.evidence import ConditionalAccessPolicy, Evidence
from migrate.model.instants import iso_utc
from migrate.model.journal import GENESIS, Draft, JournalEntry, Operation, Outcome, Touched, columns_of, entry_of
from migrate.model.named import NamedKind
from migrate.model.reasons import Reason, Why, reason_of, why_of
from migrate.model.record import JsonObject, canonical_json, sha256_of
from migrate.model.replies import PolicyReply, StateReading, WriteFate, WriteReply, WriteRequest
from migrate.model.rollback import RollbackHeader, RollbackRow
from migrate.model.snapshot import Actor, Organization, SubscribedSku
from migrate.model.steps import SetMfaState
from migrate.model.users import MfaState, Registration, UserProfile
from migrate.model.waits import Waiting
from tests.unit.decide.records import ORGANIZATION, TENANT, evidence, group, object_id, policy_of, profile

EXCLUDED = "Excluded"
"""The group that every policy here excludes."""
PILOT = "Pilot"
"""The group that a policy of ours may be for."""

T = TypeVar("T")


class Crash(BaseException):
    """The process dies here."""


class Breaker:
    """Counts calls, and dies or fails at one of them."""

    def __init__(self) -> None:
        self.calls = 0
        self.dies_at: int | None = None
        self.fails_at: int | None = None

    def passed(self) -> None:
        """Note a call; raise at the one that was named."""
        self.calls += 1
        if self.calls == self.dies_at:
            raise Crash
        if self.calls == self.fails_at:
            raise PermissionMissing("The role lapsed.", hint="Activate it.")


class MemoryTenant:
    """A tenant whose users rest on policies that exclude one group."""

    def __init__(
        self, states: dict[str, MfaState], policies: Iterable[ConditionalAccessPolicy], start: datetime
    ) -> None:
        self.profiles = {object_id(name): profile(name) for name in states}
        self.states = {object_id(name): state for name, state in states.items()}
        self.registered = set(self.states)
        self.skus: tuple[SubscribedSku, ...] = ()
        self.unreadable: set[str] = set()
        """Users whose state the service refuses to tell."""
        self.policies = {policy.id: copy.deepcopy(policy.raw) for policy in policies}
        self.excluded: set[str] = set()
        self.pilot: set[str] = set()
        """Members of the pilot group."""
        self.strengths: dict[str, JsonObject] = {}
        """Authentication strengths by id; policies show them whole, as Graph does."""
        self.now = start
        self.breaker = Breaker()
        self.before_leaving: Callable[[], None] = lambda: None
        """Called when a batch has waited for everything that it has to wait for."""
        self.before_policy_leaves: Callable[[], None] = lambda: None
        """The same of a policy's write."""
        self.before_write: Callable[[WriteRequest], None] = lambda _: None
        self.before_weakening: Callable[[str], None] = lambda _: None
        self.before_rescoping: Callable[[str, JsonObject], None] = lambda _, __: None
        self.fates: list[str] = []
        """What happens to the coming writes: `lost` (applied, no answer), `dropped` (not applied, no answer),
        `unanswered` (not applied, and nothing came back), `throttled`, `expired`, `forbidden`, `missing`, `refused`,
        `conflict`, `ignored` (accepted, nothing changes), `held` (not sent: Graph throttles); anything else is
        `fine`."""
        self.writes: list[tuple[str, MfaState]] = []
        self.unclear_changes = 0
        """How many of the coming changes of policies get lost, and nothing comes back."""
        self.clock_ahead = timedelta(0)
        """So far is the latest answer's clock ahead of what the answers before it said."""
        self._made = 0

    def server_now(self) -> datetime:
        return self.now

    def server_at_least(self) -> datetime:
        return self.now - self.clock_ahead

    def server_at_most(self) -> datetime:
        return self.now

    async def read_organization(self) -> Organization:
        self.breaker.passed()
        return ORGANIZATION

    async def read_actor(self) -> Actor:
        return Actor(object_id=None, name="operator", is_user=True)

    async def read_skus(self) -> tuple[SubscribedSku, ...]:
        return self.skus

    async def iter_users(self) -> AsyncIterator[UserProfile]:
        for found in self.profiles.values():
            yield found

    async def read_profiles(self, user_ids: Sequence[str]) -> dict[str, UserProfile | Reason]:
        self.breaker.passed()
        return {user_id: self.profiles.get(user_id, reason_of(Why.NO_SUCH_USER)) for user_id in user_ids}

    async def iter_registrations(self) -> AsyncIterator[tuple[str, Registration | None]]:
        for _ in ():
            yield _

    async def read_mfa_states(self, user_ids: Sequence[str]) -> list[StateReading]:
        self.breaker.passed()
        return [self._reading(user_id) for user_id in user_ids]

    def _reading(self, user_id: str) -> StateReading:
        state = None if user_id in self.unreadable else self.states.get(user_id)
        return StateReading(
            user_id=user_id,
            mfa_state=state,
            problem=None if state is not None else why_of("refused, or no such user"),
            status=200 if state is not None else 404 if user_id not in self.states else 403,
            request_id="r",
            server_date=iso_utc(self.now),
        )

    async def iter_mfa_states_by_select(self) -> AsyncIterator[tuple[str, str | None]]:
        for _ in ():
            yield _

    async def read_evidence(
        self, *, groups: Sequence[str] = (), roles: Sequence[str] = (), paths: bool = False
    ) -> Evidence:
        self.breaker.passed()
        return self.evidence()

    async def find_called(self, kind: NamedKind, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
        self.breaker.passed()
        assert kind is NamedKind.USER, "nothing else is named by these tests"
        people = self.profiles.values()
        return {
            name: tuple(one.id for one in people if name in (one.user_principal_name, one.display_name))
            for name in names
        }

    def evidence(self) -> Evidence:
        """Return the evidence as it is now."""
        members = msgspec.structs.replace(group(EXCLUDED), members=frozenset(self.excluded))
        pilot = msgspec.structs.replace(group(PILOT), members=frozenset(self.pilot))
        return evidence(
            *map(policy_of, map(self._shown, self.policies.values())),
            groups=(members, pilot),
            authentication_strengths=tuple(self.strengths.values()),
        )

    def _shown(self, raw: JsonObject) -> JsonObject:
        shown = copy.deepcopy(raw)
        named = (shown.get("grantControls") or {}).get("authenticationStrength")
        if named:
            shown["grantControls"]["authenticationStrength"] = copy.deepcopy(self.strengths[named["id"]])
        return shown

    async def renew_evidence(self, evidence: Evidence) -> Evidence:
        self.breaker.passed()
        now = self.evidence()
        return msgspec.structs.replace(now, groups=now.groups | evidence.groups, roles=now.roles | evidence.roles)

    async def write_mfa_states(
        self, requests: Sequence[WriteRequest], *, may_leave: Callable[[], bool], is_wanted: Callable[[], bool]
    ) -> list[WriteReply]:
        self.breaker.passed()
        self.before_leaving()
        if not is_wanted():
            return [self._reply(request, "stale", WriteFate.STALE, 0) for request in requests]
        if self.fates[:1] == ["held"]:
            self.fates.pop(0)
            return [self._reply(request, "held", WriteFate.HELD, 0) for request in requests]
        if not (may_leave() and may_leave()):
            return [self._reply(request, "stale", WriteFate.STALE, 0) for request in requests]
        replies = [self._write(request) for request in requests]
        self.breaker.passed()
        return replies

    def _write(self, request: WriteRequest) -> WriteReply:
        self.before_write(request)
        fate = self.fates.pop(0) if self.fates else "fine"
        self.writes.append((request.user_id, request.mfa_state))
        if fate in ("fine", "lost"):
            self.set_state(request.user_id, request.mfa_state)
        known = {
            "lost": (WriteFate.UNCLEAR, 0),
            "dropped": (WriteFate.UNCLEAR, 504),
            "unanswered": (WriteFate.UNCLEAR, 0),
            "throttled": (WriteFate.UNCLEAR, 429),
            "expired": (WriteFate.REFUSED, 401),
            "forbidden": (WriteFate.REFUSED, 403),
            "missing": (WriteFate.REFUSED, 404),
            "refused": (WriteFate.REFUSED, 400),
            "conflict": (WriteFate.REFUSED, 409),
        }
        outcome, status = known.get(fate, (WriteFate.ACCEPTED, 204))
        return self._reply(request, fate, outcome, status)

    def _reply(self, request: WriteRequest, fate: str, outcome: WriteFate, status: int) -> WriteReply:
        return WriteReply(
            user_id=request.user_id,
            fate=outcome,
            status=status,
            code=fate,
            message=fate,
            request_id="r",
            client_request_id=request.client_request_id,
            server_date=iso_utc(self.now),
            retry_after=100.0 if fate == "held" else None,
        )

    def set_state(self, user_id: str, state: MfaState) -> None:
        """Set a state as the service does: enabled becomes enforced for whoever is registered."""
        promoted = state is MfaState.ENABLED and user_id in self.registered
        self.states[user_id] = MfaState.ENFORCED if promoted else state

    async def list_policies(self) -> tuple[ConditionalAccessPolicy, ...]:
        self.breaker.passed()
        return self.evidence().policies

    async def read_policy(self, policy_id: str) -> ConditionalAccessPolicy | None:
        self.breaker.passed()
        raw = self.policies.get(policy_id)
        return None if raw is None else policy_of(copy.deepcopy(raw))

    async def create_policy(
        self, body: JsonObject, *, client_request_id: str, may_leave: Callable[[], bool], is_wanted: Callable[[], bool]
    ) -> PolicyReply:
        self.breaker.passed()
        if not self._leaves(may_leave, is_wanted):
            return PolicyReply(fate=WriteFate.STALE)
        self._made += 1
        policy_id = object_id(f"made {self._made}")
        self.policies[policy_id] = {**copy.deepcopy(body), "id": policy_id, "createdDateTime": iso_utc(self.now)}
        self.breaker.passed()
        return PolicyReply(fate=WriteFate.ACCEPTED, policy=policy_of(copy.deepcopy(self.policies[policy_id])))

    async def update_policy(
        self,
        policy_id: str,
        body: JsonObject,
        *,
        client_request_id: str,
        may_leave: Callable[[], bool],
        is_wanted: Callable[[], bool],
    ) -> WriteFate:
        self.breaker.passed()
        if not self._leaves(may_leave, is_wanted):
            return WriteFate.STALE
        if body.get("state", "enabled") != "enabled":
            self.before_weakening(policy_id)
        if "conditions" in body:
            self.before_rescoping(policy_id, body)
        if self.unclear_changes:
            self.unclear_changes -= 1
            return WriteFate.UNCLEAR
        self.policies[policy_id] |= {**body, "modifiedDateTime": iso_utc(self.now)}
        self.breaker.passed()
        return WriteFate.ACCEPTED

    async def delete_policy(
        self, policy_id: str, *, client_request_id: str, may_leave: Callable[[], bool], is_wanted: Callable[[], bool]
    ) -> WriteFate:
        self.breaker.passed()
        if not self._leaves(may_leave, is_wanted):
            return WriteFate.STALE
        self.before_weakening(policy_id)
        del self.policies[policy_id]
        self.breaker.passed()
        return WriteFate.ACCEPTED

    def _leaves(self, may_leave: Callable[[], bool], is_wanted: Callable[[], bool]) -> bool:
        self.before_policy_leaves()
        return is_wanted() and may_leave() and may_leave()


class MemoryJournal:
    """A journal in a list."""

    def __init__(self, breaker: Breaker) -> None:
        self.kept: list[tuple[JournalEntry, int | None]] = []
        self.documents: dict[str, bytes] = {}
        self.kept_steps: dict[str, list[SetMfaState]] = {}
        self.run = ""
        self._breaker = breaker

    def append(self, drafts: Sequence[Draft]) -> list[JournalEntry]:
        self._breaker.passed()
        made = []
        for draft in drafts:
            count, previous = self.head
            columns = {name: getattr(draft, name) for name in draft.__struct_fields__}
            columns["plan_digest"] = draft.plan_digest or self.run
            unsealed = JournalEntry(
                **columns,
                sequence=count + 1,
                time_utc="",
                actor="operator",
                tenant_id=TENANT,
                previous_hash=previous,
                hash="",
            )
            sealed = msgspec.structs.replace(unsealed, hash=unsealed.expected_hash())
            # As from disk: a reason is what its text says there.
            entry = entry_of(columns_of(sealed))
            self.kept.append((entry, draft.wave))
            made.append(entry)
        self._breaker.passed()
        return made

    def entries(
        self,
        *,
        plan_digest: str | None = None,
        operation: Operation | None = None,
        outcomes: Iterable[Outcome] = (),
    ) -> Iterator[JournalEntry]:
        wanted = set(outcomes)
        for entry, _ in list(self.kept):
            if (
                plan_digest in (None, entry.plan_digest)
                and operation in (None, entry.operation)
                and (not wanted or entry.outcome in wanted)
            ):
                yield entry

    def latest_user_outcomes(self, plan_digest: str) -> dict[str, Outcome]:
        found = self.entries(plan_digest=plan_digest, operation=Operation.SET_MFA_STATE)
        return {entry.object_id: entry.outcome for entry in found}

    def outcome_counts(self, plan_digest: str) -> dict[Outcome, int]:
        return dict(Counter(self.latest_user_outcomes(plan_digest).values()))

    def in_effect(self, plan_digest: str) -> dict[str, int]:
        done = [Outcome.CONFIRMED, Outcome.RECOVERED]
        found = list(self.entries(operation=Operation.SET_MFA_STATE, outcomes=done))
        latest = {entry.object_id: entry.requested for entry in found}
        return dict(Counter(latest[user] for user in {e.object_id for e in found if e.plan_digest == plan_digest}))

    def last_of(self, plan_digest: str) -> JournalEntry | None:
        return next(reversed(list(self.entries(plan_digest=plan_digest))), None)

    def in_doubt(self) -> Iterator[JournalEntry]:
        latest = {entry.object_id: entry for entry in self.entries(operation=Operation.SET_MFA_STATE)}
        yield from (entry for entry in latest.values() if entry.outcome is Outcome.INTENT)

    def touched(self, plan_digests: Sequence[str]) -> Iterator[Touched]:
        users: dict[str, Touched] = {}
        for entry, wave in self.kept:
            if entry.operation is not Operation.SET_MFA_STATE or entry.plan_digest not in plan_digests:
                continue
            known = users.get(entry.object_id)
            if entry.outcome is Outcome.INTENT:
                same_run = known is not None and known.plan_digest == entry.plan_digest
                users[entry.object_id] = Touched(
                    user_id=entry.object_id,
                    user_principal_name=entry.user_principal_name,
                    before=known.before if known is not None and same_run else MfaState(entry.before),
                    requested=MfaState(entry.requested),
                    wave=wave or 0,
                    plan_digest=entry.plan_digest,
                    outcome=entry.outcome,
                )
            elif known is not None and known.plan_digest == entry.plan_digest:
                users[entry.object_id] = msgspec.structs.replace(known, outcome=entry.outcome)
        yield from sorted(users.values(), key=lambda user: (user.wave, user.user_id))

    def document(self, ref: str) -> bytes:
        return self.documents[ref]

    def document_as(self, ref: str, kind: type[T]) -> T:
        return msgspec.json.decode(self.documents[ref], type=kind)

    def put_document(self, value: object) -> str:
        self._breaker.passed()
        ref = f"sha256:{sha256_of(value)}"
        self.documents[ref] = canonical_json(value)
        return ref

    def open_run(self, opening: Draft, steps: Iterable[SetMfaState]) -> JournalEntry:
        kept = list(steps)
        parts = msgspec.structs.replace(opening.reason.parts, steps=sha256_of(kept))
        reason = msgspec.structs.replace(opening.reason, parts=parts)
        self.kept_steps[self.run] = kept
        return self.append([msgspec.structs.replace(opening, reason=reason)])[0]

    def steps(self, plan_digest: str, digest: str) -> Iterator[SetMfaState]:
        kept = self.kept_steps.get(plan_digest, [])
        if sha256_of(kept) != digest:
            raise FolderDamaged("The steps are not those that the run was opened with.", hint="Restore the journal.")
        yield from kept

    @property
    def head(self) -> tuple[int, str]:
        return (self.kept[-1][0].sequence, self.kept[-1][0].hash) if self.kept else (0, GENESIS)


class MemoryFiles:
    """rollback.csv and rollback.json as they were last written whole."""

    def __init__(self, breaker: Breaker) -> None:
        self.header: RollbackHeader | None = None
        self.rows: list[RollbackRow] = []
        self._breaker = breaker

    def kept_rows(self) -> Iterator[RollbackRow]:
        yield from self.rows

    def write(self, header: RollbackHeader, rows: Iterable[RollbackRow]) -> None:
        self._breaker.passed()
        self.header, self.rows = header, list(rows)
        self._breaker.passed()


class Said:
    """Everything that was said."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.waits: list[Waiting] = []

    def advance(self, done: int, total: int | None, what: str) -> None:
        assert total is None or done <= total

    def waiting(self, waiting: Waiting, seconds: float) -> None:
        self.waits.append(waiting)

    def note(self, sentence: str) -> None:
        self.notes.append(sentence)


START = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
