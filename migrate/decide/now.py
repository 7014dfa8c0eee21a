"""Folds what the journal knows into what an export says. For screens: nothing that decides may rest on it.

Only what was read back as asked, after the export began, takes the place of the export's own reading. What is under
way, or was accepted and never seen, makes a state unknown; so does a later reading that says something else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from migrate.decide.own_policies import MARKER_PREFIX
from migrate.model.evidence import PolicyState
from migrate.model.instants import iso_utc, moment_of
from migrate.model.journal import DONE, JournalEntry, Operation, Outcome
from migrate.model.now import LastChange, Moment, Now, PolicyNow, UserNow
from migrate.model.reasons import Reason, Why, reason_of
from migrate.model.record import JsonObject
from migrate.model.users import MfaState

_REFUSED = frozenset({Why.SIGN_IN_REFUSED, Why.PERMISSION_REFUSED, Why.NOT_FOUND, Why.THROTTLED, Why.REFUSED})
"""Graph said that it did not do it."""
_STATES = frozenset(MfaState)
_POLICY_STATES = frozenset(PolicyState)

Documents = Callable[[str], bytes]
"""Gives a document of the journal by its name."""


def now_of(entries: Iterable[JournalEntry], exported_at: str, document: Documents) -> Now:
    """Return what the entries of a journal make of an export.

    Args:
        entries: All of them, in order.
        exported_at: When the export began, by the server's clock.
        document: Gives what a policy was created from.
    """
    fold = _Fold(exported_at, document)
    for entry in entries:
        fold.take(entry)
    return fold.now()


class NowByUser:
    """Folds a journal for whoever goes through everybody: first all but the users, then one after the other.

    It comes to what `now_of` says, and holds no user.
    """

    def __init__(self, exported_at: str, document: Documents) -> None:
        """Take when the export began, and what gives a document of the journal."""
        self._fold = _Fold(exported_at, document)
        self._doubts = 0

    def passing(self, entries: Iterable[JournalEntry]) -> Iterator[JournalEntry]:
        """Pass all entries of the journal on, in their order, and note what they tell of everything but users."""
        for entry in entries:
            self._fold.take(entry, users=False)
            yield entry

    def user(self, entries: Iterable[JournalEntry]) -> UserNow:
        """Return what became of a user: all entries about one, in their order, after `passing` is through."""
        user = self._fold.user_after_all(entries)
        self._doubts += user.doubt is not None
        return user

    def now(self) -> Now:
        """Return what is true now without its users; the moment counts those who were asked for so far."""
        now = self._fold.now()
        moment = msgspec.structs.replace(now.moment, in_doubt=now.moment.in_doubt + self._doubts)
        return msgspec.structs.replace(now, moment=moment)


def nothing_since(exported_at: str) -> Now:
    """Return what an export says where nothing was applied."""
    return Now(moment=Moment(exported_at=exported_at), users={}, policies={})


class _Fold:
    """Goes through the entries once."""

    def __init__(self, exported_at: str, document: Documents) -> None:
        self._exported_at = exported_at
        self._from = moment_of(exported_at)
        self._document = document
        self._users: dict[str, UserNow] = {}
        self._sent: dict[str, Reason | None] = {}
        """Of whom an intent is the latest entry, with what was in doubt before it."""
        self._policies: dict[str, PolicyNow] = {}
        self._bodies: dict[str, str] = {}
        """The name of the document of what was sent for a policy, by its display name."""
        self._before = 0
        """The last entry that is older than the export by the server's clock; one without a date goes by its place."""
        self._doubt_at: dict[str, int] = {}
        """Which entry left a user or policy in doubt; not those under way."""
        self._seen_at: dict[str, int] = {}
        self._changes = 0
        self._until = ""

    def take(self, entry: JournalEntry, *, users: bool = True) -> None:
        """Take in the next entry, or only its time where it is about a user and `users` are left out."""
        if entry.server_date and not self._is_after(entry):
            self._before = entry.sequence
        match entry.operation:
            case Operation.SET_MFA_STATE:
                if users:
                    self._take_user(entry)
            case (
                Operation.CREATE_POLICY
                | Operation.SET_POLICY_STATE
                | Operation.SET_POLICY_SCOPE
                | Operation.DELETE_POLICY
            ):
                self._take_policy(entry)
            case _:
                pass

    def now(self) -> Now:
        """Return what came of it. What was unclear before the export is not any more: the export looked."""
        users = {key: self._since_export(key, user) for key, user in self._users.items()}
        policies = {key: self._policy_since_export(key, policy) for key, policy in self._policies.items()}
        doubts = sum(user.doubt is not None for user in users.values())
        doubts += sum(policy.doubt is not None for policy in policies.values())
        moment = Moment(exported_at=self._exported_at, changes=self._changes, until=self._until, in_doubt=doubts)
        return Now(moment=moment, users=users, policies=policies)

    def user_after_all(self, entries: Iterable[JournalEntry]) -> UserNow:
        """Take in all that there is about one user, return what came of it, and forget the user."""
        key = ""
        for entry in entries:
            key = entry.object_id
            self._take_user(entry)
        user = self._since_export(key, self._users.pop(key))
        for kept in (self._sent, self._doubt_at, self._seen_at):
            kept.pop(key, None)
        return user

    def _since_export(self, key: str, user: UserNow) -> UserNow:
        if key not in self._sent and not self._is_since(self._doubt_at.get(key)):
            user = msgspec.structs.replace(user, doubt=None)
        if not self._is_since(self._seen_at.get(key)):
            user = msgspec.structs.replace(user, seen=None, seen_at="")
        return user

    def _policy_since_export(self, key: str, policy: PolicyNow) -> PolicyNow:
        return policy if self._is_since(self._doubt_at.get(key)) else msgspec.structs.replace(policy, doubt=None)

    def _is_since(self, number: int | None) -> bool:
        return number is None or number > self._before

    def _is_after(self, entry: JournalEntry) -> bool:
        """Tell whether something that was read back is younger than the export."""
        dated = moment_of(entry.server_date or entry.time_utc)
        return dated is None or self._from is None or dated >= self._from

    # Users

    def _take_user(self, entry: JournalEntry) -> None:
        user = self._users.get(entry.object_id, UserNow())
        self._users[entry.object_id] = self._user_after(entry, user)

    def _user_after(self, entry: JournalEntry, user: UserNow) -> UserNow:
        at = _time_of(entry)
        if entry.outcome in DONE:
            self._sent.pop(entry.object_id, None)
            change = LastChange(requested=entry.requested, outcome=entry.outcome, time_utc=at)
            if not self._is_after(entry):
                return UserNow(last_change=change)
            self._note_change(at)
            state = entry.observed if entry.observed in _STATES else entry.requested
            return UserNow(mfa_state=MfaState(state), as_of=at, request_id=entry.request_id, last_change=change)
        match entry.outcome:
            case Outcome.INTENT:
                # Until an outcome follows, whatever its age, nobody knows.
                self._sent[entry.object_id] = user.doubt
                return msgspec.structs.replace(user, doubt=_under_way(entry))
            case Outcome.UNCONFIRMED:
                self._sent.pop(entry.object_id, None)
                self._doubt_at[entry.object_id] = entry.sequence
                return msgspec.structs.replace(user, doubt=entry.reason)
            case _:
                return self._user_left(entry, user)

    def _user_left(self, entry: JournalEntry, user: UserNow) -> UserNow:
        """Return a user after an entry that changed nothing, or of which that is not clear."""
        if entry.object_id in self._sent:
            earlier = self._sent.pop(entry.object_id)
            if entry.reason.why in _REFUSED and entry.observed in _STATES:
                # Nothing came of this one; of the one before it there may yet.
                user = msgspec.structs.replace(user, doubt=earlier)
            else:
                self._doubt_at[entry.object_id] = entry.sequence
                user = msgspec.structs.replace(user, doubt=_unclear(entry))
        if entry.observed not in _STATES:
            return user
        known, seen = user.mfa_state, MfaState(entry.observed)
        if known is None:
            self._seen_at[entry.object_id] = entry.sequence
            return msgspec.structs.replace(user, seen=seen, seen_at=entry.time_utc)
        # Enabled may be found as enforced: that is a promotion, and the newer reading says it.
        if known.is_found_as(seen):
            return msgspec.structs.replace(user, mfa_state=seen)
        doubt = seen_otherwise("set to", known, seen, entry.time_utc)
        return msgspec.structs.replace(user, doubt=user.doubt or doubt)

    # Policies

    def _take_policy(self, entry: JournalEntry) -> None:
        name = entry.user_principal_name
        if entry.operation is Operation.CREATE_POLICY and entry.requested.startswith("sha256:"):
            self._bodies[name] = entry.requested
        earlier = self._policies.get(entry.object_id)
        if earlier is None and entry.operation is Operation.CREATE_POLICY:
            # Before Graph has given it an id, a policy goes by our marker.
            marker = next(
                (key for key, one in self._policies.items() if is_marked(key) and one.display_name == name), ""
            )
            earlier = self._policies.pop(marker, None)
        if earlier is None and entry.outcome is Outcome.SKIPPED:
            return  # somebody else's doing
        before = entry.before if entry.operation is Operation.SET_POLICY_STATE else ""
        policy = earlier or PolicyNow(id=entry.object_id, display_name=name, policy_state=None, before=before)
        self._policies[entry.object_id] = self._policy_after(entry, msgspec.structs.replace(policy, id=entry.object_id))

    def _policy_after(self, entry: JournalEntry, policy: PolicyNow) -> PolicyNow:
        match entry.outcome:
            case Outcome.CONFIRMED | Outcome.RECOVERED:
                at = _time_of(entry)
                is_after = self._is_after(entry)
                if is_after:
                    self._note_change(at)
                return msgspec.structs.replace(
                    policy,
                    policy_state=_policy_state(entry),
                    deleted=entry.operation is Operation.DELETE_POLICY,
                    since=at,
                    body=self._created(entry) or policy.body,
                    rescoped=self._rescoped(entry, policy) if is_after else policy.rescoped,
                    doubt=None,
                    changed_after_export=policy.changed_after_export or is_after,
                )
            case Outcome.INTENT:
                return msgspec.structs.replace(policy, doubt=_under_way(entry))
            case Outcome.FAILED if entry.reason.why is Why.NO_ANSWER:
                self._doubt_at[entry.object_id] = entry.sequence
                return msgspec.structs.replace(policy, doubt=entry.reason)
            case _:
                # Refused, or left as it was: what was known before is so still.
                return msgspec.structs.replace(policy, doubt=None)

    def _created(self, entry: JournalEntry) -> JsonObject | None:
        ref = self._bodies.get(entry.user_principal_name)
        if entry.operation is not Operation.CREATE_POLICY or ref is None:
            return None
        body: JsonObject = msgspec.json.decode(self._document(ref))
        return body

    def _rescoped(self, entry: JournalEntry, policy: PolicyNow) -> JsonObject | None:
        if entry.operation is not Operation.SET_POLICY_SCOPE:
            return policy.rescoped
        after: JsonObject = msgspec.json.decode(self._document(entry.requested))
        return after

    def _note_change(self, at: str) -> None:
        self._changes += 1
        self._until = max(self._until, at, key=_seconds_of)


def is_marked(key: str) -> bool:
    """Tell whether a policy still goes by our marker: Graph has not given it an id, as far as the journal knows."""
    return key.startswith(MARKER_PREFIX)


def _seconds_of(text: str) -> float:
    moment = moment_of(text)
    return 0.0 if moment is None else moment.timestamp()


def _time_of(entry: JournalEntry) -> str:
    """Return when an outcome was read, in one form: Graph's Date header is another."""
    moment = moment_of(entry.server_date or entry.time_utc)
    return entry.time_utc if moment is None else iso_utc(moment)


def _policy_state(entry: JournalEntry) -> PolicyState | None:
    found = entry.observed or entry.requested
    return PolicyState(found) if found in _POLICY_STATES else None


def _under_way(entry: JournalEntry) -> Reason:
    return reason_of(Why.NO_ANSWER, f" yet to what was sent at {entry.time_utc}")


def _unclear(entry: JournalEntry) -> Reason:
    return entry.reason if entry.reason.why is Why.NO_ANSWER else reason_of(Why.NO_ANSWER, f": {entry.reason}")


def seen_otherwise(how: str, known: str, seen: str, at: str) -> Reason:
    """Return the doubt about a user whom a later reading shows otherwise than expected."""
    return reason_of(Why.NO_ANSWER, f": {how} {known}, and seen as {seen} at {at}")
