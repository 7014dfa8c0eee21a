"""What the engine needs of Graph, of the working folder and of a screen, as Protocols. No code."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from migrate.model.evidence import ConditionalAccessPolicy, Evidence
from migrate.model.explanation import EvaluatedPolicy
from migrate.model.journal import Draft, JournalEntry, Operation, Outcome, Touched
from migrate.model.named import NamedKind
from migrate.model.reasons import Reason
from migrate.model.record import JsonObject
from migrate.model.replies import PolicyReply, StateReading, WriteFate, WriteReply, WriteRequest
from migrate.model.rollback import RollbackHeader, RollbackRow
from migrate.model.snapshot import Actor, Organization, SubscribedSku
from migrate.model.steps import SetMfaState
from migrate.model.users import Registration, UserProfile
from migrate.model.waits import Waiting

T = TypeVar("T")


class Tenant(Protocol):
    """The tenant behind Graph. Reads retry by themselves; a read that fails in the end raises RemoteProblem."""

    def server_now(self) -> datetime:
        """Return the server's time, from the Date header of the latest answer (UTC)."""
        ...

    def server_at_least(self) -> datetime:
        """Return the earliest that it may be by the server (UTC): a wait or an exclusion must not end too early."""
        ...

    def server_at_most(self) -> datetime:
        """Return the latest that it may be by the server (UTC): nothing accepted for a time must last too long."""
        ...

    async def read_organization(self) -> Organization:
        """Read `/organization`."""
        ...

    async def read_actor(self) -> Actor:
        """Read who is signed in."""
        ...

    async def read_skus(self) -> tuple[SubscribedSku, ...]:
        """Read `/subscribedSkus`."""
        ...

    def iter_users(self) -> AsyncIterator[UserProfile]:
        """Yield every user once; raise IncompleteRead when a page cannot be read."""
        ...

    async def read_profiles(self, user_ids: Sequence[str]) -> dict[str, UserProfile | Reason]:
        """Read these users; the value is the reason where one could not be read (gone, refused)."""
        ...

    def iter_registrations(self) -> AsyncIterator[tuple[str, Registration | None]]:
        """Yield the rows of the registration report as (user id, registration); None for a row shown in part."""
        ...

    async def read_registrations(self, user_ids: Sequence[str]) -> dict[str, Registration | None]:
        """Read the rows of the registration report for these users; None where the report has none."""
        ...

    async def read_mfa_states(self, user_ids: Sequence[str]) -> list[StateReading]:
        """Read per-user MFA states in batches of 20, several at once; answers in the order asked."""
        ...

    def iter_mfa_states_by_select(self) -> AsyncIterator[tuple[str, str | None]]:
        """Yield (user id, raw state or None when the property is missing) by the undocumented `$select`."""
        ...

    async def read_evidence(
        self, *, groups: Sequence[str] = (), roles: Sequence[str] = (), paths: bool = False
    ) -> Evidence:
        """Read policies, locations, strengths, security defaults, and every group and role that a policy names.

        `groups` and `roles` (template ids) are read as well, although no policy may name them yet. With `paths` it is
        read also through which nested groups people come in, where that takes few requests; it changes no verdict.
        """
        ...

    async def find_called(self, kind: NamedKind, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Return by name the ids (lower case) of all objects that are called exactly so."""
        ...

    async def renew_evidence(self, evidence: Evidence) -> Evidence:
        """Return evidence with policies, locations, strengths and security defaults read again.

        Groups and roles stay as they were; one that a policy names only now is read too.
        """
        ...

    async def write_mfa_states(
        self, requests: Sequence[WriteRequest], *, may_leave: Callable[[], bool], is_wanted: Callable[[], bool]
    ) -> list[WriteReply]:
        """Send at most 20 writes in one batch, once. Throttled and unclear items come back as such.

        `may_leave` is asked at the last moment, after every queue: nothing is waited for between its yes and the
        sending. It is asked twice at most, writes the intents, and its no makes all replies `STALE`. So does that of
        `is_wanted`, which is asked while the batch waits for its turn and ends the wait.
        """
        ...

    async def list_policies(self) -> tuple[ConditionalAccessPolicy, ...]:
        """Read all Conditional Access policies."""
        ...

    async def read_policy(self, policy_id: str) -> ConditionalAccessPolicy | None:
        """Read one policy until several reads agree; None when it does not exist (any more)."""
        ...

    async def create_policy(
        self, body: JsonObject, *, client_request_id: str, may_leave: Callable[[], bool], is_wanted: Callable[[], bool]
    ) -> PolicyReply:
        """Create a policy, sent once at most; look for it after `UNCLEAR` before sending again.

        `may_leave` and `is_wanted` are asked as by `write_mfa_states`; a no makes the reply `STALE`. A definite no of
        Graph raises.
        """
        ...

    async def update_policy(
        self,
        policy_id: str,
        body: JsonObject,
        *,
        client_request_id: str,
        may_leave: Callable[[], bool],
        is_wanted: Callable[[], bool],
    ) -> WriteFate:
        """Patch a policy, sent once at most; read it after `UNCLEAR` before sending again. Otherwise as above."""
        ...

    async def delete_policy(
        self, policy_id: str, *, client_request_id: str, may_leave: Callable[[], bool], is_wanted: Callable[[], bool]
    ) -> WriteFate:
        """Delete a policy, sent once at most; `ACCEPTED` also when it is gone already. Otherwise as above."""
        ...


class Evaluates(Protocol):
    """Microsoft's own What If, apart from `Tenant`: nothing that writes depends on it."""

    async def evaluate(self, body: JsonObject) -> tuple[EvaluatedPolicy, ...]:
        """Ask which policies would apply to a sign-in. Reads only."""
        ...


class Journal(Protocol):
    """The record of truth. `append` returns only when the entries are on disk."""

    def append(self, drafts: Sequence[Draft]) -> list[JournalEntry]:
        """Number, date, chain and store the entries of the present run in one transaction."""
        ...

    def entries(
        self,
        *,
        plan_digest: str | None = None,
        operation: Operation | None = None,
        outcomes: Iterable[Outcome] = (),
    ) -> Iterator[JournalEntry]:
        """Yield entries in order, filtered."""
        ...

    def latest_user_outcomes(self, plan_digest: str) -> dict[str, Outcome]:
        """Return the latest outcome of every user of a run, by user id; intents count."""
        ...

    def outcome_counts(self, plan_digest: str) -> dict[Outcome, int]:
        """Return how many users of a run have which latest outcome; intents count."""
        ...

    def in_effect(self, plan_digest: str) -> dict[str, int]:
        """Count the users whom a run changed, read back, by what the last such change of any run asked for."""
        ...

    def last_of(self, plan_digest: str) -> JournalEntry | None:
        """Return the last entry of a run."""
        ...

    def in_doubt(self) -> Iterator[JournalEntry]:
        """Yield the intents for users, of all runs, that no outcome followed."""
        ...

    def touched(self, plan_digests: Sequence[str]) -> Iterator[Touched]:
        """Yield every user with an intent in these runs, by the latest such intent, ordered by wave and id."""
        ...

    def document(self, ref: str) -> bytes:
        """Return a stored document."""
        ...

    def document_as(self, ref: str, kind: type[T]) -> T:
        """Return a stored record; raise FolderDamaged where it is none of this kind."""
        ...

    def put_document(self, value: object) -> str:
        """Store a JSON document durably and return its name, `sha256:<hex>`."""
        ...

    def open_run(self, opening: Draft, steps: Iterable[SetMfaState]) -> JournalEntry:
        """Append the entry that opens a run, or takes it up, with its user steps and their SHA-256: all or nothing."""
        ...

    def steps(self, plan_digest: str, digest: str) -> Iterator[SetMfaState]:
        """Yield the user steps of a run; raise before the first one when their SHA-256 is another."""
        ...

    @property
    def head(self) -> tuple[int, str]:
        """Return how many entries there are and the last hash."""
        ...


class RollbackFiles(Protocol):
    """The way back on disk."""

    def kept_rows(self) -> Iterator[RollbackRow]:
        """Yield the rows that are there now; none where the files do not fit each other."""
        ...

    def write(self, header: RollbackHeader, rows: Iterable[RollbackRow]) -> None:
        """Replace rollback.csv and rollback.json atomically; the digest of the rows is filled in."""
        ...


class SnapshotSink(Protocol):
    """Takes in what an export reads; nothing counts before `finish`."""

    def add_users(self, users: Iterable[UserProfile]) -> None:
        """Take in users."""
        ...

    def add_readings(self, readings: Iterable[StateReading]) -> None:
        """Take in states, or why they could not be read."""
        ...

    def add_registrations(self, rows: Iterable[tuple[str, Registration]]) -> None:
        """Take in rows of the registration report."""
        ...

    def set_evidence(self, evidence: Evidence) -> None:
        """Take in the evidence."""
        ...

    def user_ids(self) -> Iterator[str]:
        """Yield the ids of the users taken in so far."""
        ...


class Progress(Protocol):
    """Where the engine says how far it is and why it waits."""

    def advance(self, done: int, total: int | None, what: str) -> None:
        """Report that `done` of `total` (None when unknown) are through."""
        ...

    def waiting(self, waiting: Waiting, seconds: float) -> None:
        """Report a wait with its reason, and how long it takes at least."""
        ...

    def note(self, sentence: str) -> None:
        """Say one sentence."""
        ...
