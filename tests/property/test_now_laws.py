"""What a screen says of now: true as far as this folder can know, and never more than that."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import migrate
from migrate.decide.as_now import as_of, evidence_as_now, user_as_now
from migrate.decide.now import NowByUser, nothing_since, now_of
from migrate.decide.report.followed import Followed
from migrate.model.evidence import PolicyState
from migrate.model.instants import iso_utc
from migrate.model.journal import JournalEntry, Operation, Outcome, TargetType
from migrate.model.now import Now
from migrate.model.reasons import NO_REASON, Parts, Reason, Why, reason_of
from migrate.model.record import JsonObject, canonical_json
from migrate.model.users import MfaState, UnreadableUser, UserRecord
from tests.unit.decide.records import evidence, object_id, policy, user

START = datetime(2026, 11, 24, 8, tzinfo=UTC)
NAMES = ("ada", "bob", "eve")
BODY: JsonObject = {"displayName": "Ours", "description": "mfa-migrate:0123", "state": PolicyState.REPORT_ONLY.value}


@dataclass
class World:
    """A tenant, and the journal that a run leaves behind; nobody else changes anybody."""

    states: dict[str, MfaState]
    now: datetime = START
    entries: list[JournalEntry] = field(default_factory=list)
    exported: dict[str, MfaState] = field(default_factory=dict)
    exported_at: str = ""
    late: dict[str, MfaState] = field(default_factory=dict)
    """Changes that Graph accepted and does not show yet."""
    real: dict[str, JournalEntry] = field(default_factory=dict)
    """The last real change of each user."""

    def write(self, name: str, outcome: Outcome, reason: Reason = NO_REASON, **others: Any) -> JournalEntry:
        # No answer came, so there is no date either.
        dated = outcome not in (Outcome.INTENT, Outcome.SKIPPED) and reason.why is not Why.NO_ANSWER
        entry = entry_of(
            len(self.entries) + 1,
            self.now,
            object_id=object_id(name),
            outcome=outcome,
            reason=reason,
            dated=dated,
            **others,
        )
        self.entries.append(entry)
        return entry

    def export(self) -> None:
        self.exported_at, self.exported = iso_utc(self.now), dict(self.states)

    def read_now(self) -> Now:
        return now_of(self.entries, self.exported_at, lambda ref: canonical_json(BODY))

    def shown(self, name: str) -> MfaState | None:
        """Return what a screen says of somebody; None where it says that nobody knows."""
        found = user_as_now(user(name, self.exported[name]), self.read_now())
        return found.mfa_state if isinstance(found, UserRecord) else None


def entry_of(
    sequence: int, at: datetime, *, operation: Operation = Operation.SET_MFA_STATE, dated: bool = True, **others: Any
) -> JournalEntry:
    fields: dict[str, Any] = {
        "sequence": sequence,
        # This machine's clock is hours wrong: nothing may rest on it.
        "time_utc": iso_utc(at - timedelta(hours=7)),
        "server_date": iso_utc(at) if dated else "",
        "actor": "operator",
        "tenant_id": "t",
        "operation": operation,
        "target_type": TargetType.USER,
        "object_id": "",
        "user_principal_name": "",
        "before": "",
        "requested": "",
        "observed": "",
        "outcome": Outcome.INTENT,
        "reason": NO_REASON,
        "attempt": 1,
        "request_id": "",
        "client_request_id": "",
        "plan_digest": "ab" * 32,
        "previous_hash": "",
        "hash": "",
    }
    return JournalEntry(**{**fields, **others})


ENDINGS = ("confirmed", "recovered", "refused", "ignored", "late", "lost", "dropped", "killed")


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Return a world in which runs set people, crashed, looked again, and an export came somewhere in between."""
    world = World({name: draw(st.sampled_from(list(MfaState))) for name in NAMES})
    world.export()
    for _ in range(draw(st.integers(0, 8))):
        world.now += timedelta(seconds=draw(st.integers(1, 600)))
        match draw(st.sampled_from(["change", "change", "change", "look", "export"])):
            case "change":
                change(
                    world,
                    draw(st.sampled_from(NAMES)),
                    draw(st.sampled_from(list(MfaState))),
                    draw(st.sampled_from(ENDINGS)),
                )
            case "look":
                look(world, draw(st.sampled_from(NAMES)))
            case _:
                # Whatever was late shows before the next export, which waits for nobody.
                world.states |= world.late
                world.late.clear()
                world.export()
    return world


def change(world: World, name: str, after: MfaState, ending: str) -> None:
    before = world.states[name]
    if before is after:
        look(world, name)
        return
    asked = {"before": before, "requested": after}
    world.write(name, Outcome.INTENT, reason_of(Why.PLANNED, "x"), **asked)
    world.now += timedelta(seconds=1)
    match ending:
        case "confirmed" | "recovered":
            world.states[name] = after
            world.late.pop(name, None)  # the later write counts
            world.real[name] = world.write(name, Outcome(ending), observed=after, **asked)
        case "refused":
            world.write(
                name,
                Outcome.FAILED,
                reason_of(Why.PERMISSION_REFUSED, "x", Parts(status=403)),
                observed=before,
                **asked,
            )
        case "ignored" | "late":
            if ending == "late":
                world.late[name] = after
            world.write(name, Outcome.UNCONFIRMED, reason_of(Why.UNCONFIRMED), observed=before, **asked)
        case "lost" | "dropped":
            if ending == "lost":
                world.late[name] = after
            world.write(name, Outcome.FAILED, reason_of(Why.NO_ANSWER), observed=before, **asked)
        case _:
            world.late[name] = after


def look(world: World, name: str) -> None:
    """A later run finds nothing to do, or leaves the user alone: it reads, and sends nothing."""
    found = world.states[name]
    reason = reason_of(Why.NOTHING_TO_DO, parts=Parts(found=found))
    world.write(name, Outcome.SKIPPED, reason, before=found, requested=found, observed=found)


@given(worlds())
def test_whatever_is_said_to_be_known_is_true_now_or_known_to_come(world: World) -> None:
    for name in NAMES:
        shown = world.shown(name)
        assert shown in (None, world.states[name]), name
        if name in world.late:
            assert shown is None, "somebody may be changed at any moment"


@given(worlds())
def test_the_last_real_change_is_told_whatever_came_after_it(world: World) -> None:
    now = world.read_now()
    for name in NAMES:
        found = now.users.get(object_id(name))
        change = None if found is None else found.last_change
        real = world.real.get(name)
        assert (None if change is None else (change.requested, change.time_utc)) == (
            None if real is None else (real.requested, real.server_date)
        )


@given(worlds(), st.sampled_from(NAMES))
def test_a_later_no_op_hides_nothing(world: World, name: str) -> None:
    before, known = world.read_now(), world.shown(name)
    world.now += timedelta(seconds=30)
    look(world, name)
    after = world.read_now()
    assert (
        after.users[object_id(name)].last_change
        == before.users.get(object_id(name), after.users[object_id(name)]).last_change
    )
    # It may settle a doubt of an earlier reading; what was known stays known.
    assert known in (None, world.shown(name))
    assert (after.moment.changes, after.moment.until) == (before.moment.changes, before.moment.until)


@given(worlds(), st.sampled_from(NAMES))
def test_an_open_intent_makes_the_state_unknown(world: World, name: str) -> None:
    world.now += timedelta(seconds=30)
    change(world, name, next(state for state in MfaState if state is not world.states[name]), "killed")
    assert world.shown(name) is None
    assert world.read_now().moment.in_doubt >= 1


@given(worlds())
def test_the_moment_counts_what_was_confirmed_since_the_export(world: World) -> None:
    done = [entry for entry in world.entries if entry.outcome in (Outcome.CONFIRMED, Outcome.RECOVERED)]
    since = [entry for entry in done if entry.server_date >= world.exported_at]
    moment = world.read_now().moment
    assert (moment.exported_at, moment.changes) == (world.exported_at, len(since))
    assert moment.until == (since[-1].server_date if since else "")


@given(worlds(), st.permutations(NAMES), st.integers(0, len(NAMES)))
def test_a_user_at_a_time_comes_to_the_same(world: World, names: list[str], asked: int) -> None:
    whole = world.read_now()
    since = NowByUser(world.exported_at, lambda ref: canonical_json(BODY))
    assert list(since.passing(world.entries)) == world.entries
    by_user = sorted(world.entries, key=lambda entry: (entry.object_id, entry.sequence))
    followed = Followed(since, by_user)
    for user_id in sorted(map(object_id, names[:asked])):
        told = followed.of(user_id)
        assert (None if told is None else told.now) == whole.users.get(user_id)
    # Those whom nobody asked for count all the same.
    followed.rest()
    assert (since.now().moment, since.now().policies) == (whole.moment, whole.policies)


def test_without_a_journal_the_export_speaks() -> None:
    now = nothing_since("2026-11-24T08:00:00Z")
    assert user_as_now(user("ada"), now) == user("ada")
    assert as_of(object_id("ada"), now) == "2026-11-24T08:00:00Z"
    assert evidence_as_now(evidence(), now) == evidence()


def test_a_state_that_a_run_found_otherwise_than_exported_is_not_known() -> None:
    world = World(dict.fromkeys(NAMES, MfaState.ENFORCED))
    world.export()
    world.states["ada"] = MfaState.DISABLED
    look(world, "ada")
    found = user_as_now(user("ada", MfaState.ENFORCED), world.read_now())
    assert isinstance(found, UnreadableUser)
    assert "exported as enforced, and seen as disabled" in str(found.reason)


# Policies


def policies_of(*entries: tuple[Operation, Outcome, dict[str, Any]]) -> Now:
    made = [
        entry_of(
            number,
            START + timedelta(minutes=number),
            operation=operation,
            outcome=outcome,
            dated=True,
            **{"target_type": TargetType.POLICY, "user_principal_name": "Ours", **others},
        )
        for number, (operation, outcome, others) in enumerate(entries, start=1)
    ]
    return now_of(made, iso_utc(START), lambda ref: canonical_json(BODY))


CREATED = (
    (Operation.CREATE_POLICY, Outcome.INTENT, {"object_id": "mfa-migrate:0123", "requested": "sha256:00"}),
    (Operation.CREATE_POLICY, Outcome.CONFIRMED, {"object_id": object_id("made"), "observed": PolicyState.REPORT_ONLY}),
)
SWITCHED = {"object_id": object_id("made"), "before": PolicyState.REPORT_ONLY, "requested": PolicyState.ENABLED}


def test_a_policy_that_was_created_and_switched_on_is_there_and_enabled() -> None:
    on = (
        (Operation.SET_POLICY_STATE, Outcome.INTENT, SWITCHED),
        (Operation.SET_POLICY_STATE, Outcome.CONFIRMED, {**SWITCHED, "observed": PolicyState.ENABLED}),
    )
    now = policies_of(*CREATED, *on)
    (ours,) = now.policies.values()
    assert (ours.policy_state, ours.since) == (PolicyState.ENABLED, "2026-11-24T08:04:00Z")
    there = evidence_as_now(evidence(policy("Theirs")), now)
    made = there.policy(object_id("made"))
    assert made is not None
    assert made.raw["state"] == "enabled"
    assert len(there.policies) == 2
    assert there.beta is not None
    assert there.beta.policies is not None
    assert object_id("made") in there.beta.policies, "else beta would contradict"
    gone = policies_of(*CREATED, *on, (Operation.DELETE_POLICY, Outcome.CONFIRMED, {"object_id": object_id("made")}))
    assert evidence_as_now(there, gone).policy(object_id("made")) is None


def test_a_policy_that_is_for_others_since_says_so() -> None:
    theirs = policy("Theirs")
    asked = {"object_id": theirs.id, "before": "sha256:00", "requested": "sha256:01"}
    wider = (Operation.SET_POLICY_SCOPE, Outcome.CONFIRMED, {**asked, "observed": PolicyState.ENABLED})
    after = evidence_as_now(evidence(theirs), policies_of(wider))
    (changed,) = after.policies
    assert (changed.raw["description"], changed.policy_state) == (BODY["description"], PolicyState.ENABLED)
    assert after.beta is not None
    assert after.beta.policies is not None
    assert after.beta.policies[theirs.id]["description"] == BODY["description"], "else beta would contradict"


def test_a_policy_whose_change_is_in_doubt_proves_nothing_and_a_refused_one_is_as_it_was() -> None:
    theirs = policy("Theirs")
    asked = {**SWITCHED, "object_id": theirs.id}
    sent = (Operation.SET_POLICY_STATE, Outcome.INTENT, asked)
    doubtful = evidence_as_now(evidence(theirs), policies_of(sent)).policy(theirs.id)
    assert doubtful is not None
    assert doubtful.policy_state is None
    refused = policies_of(
        sent, (Operation.SET_POLICY_STATE, Outcome.FAILED, {**asked, "reason": reason_of(Why.ERROR, "403")})
    )
    assert evidence_as_now(evidence(theirs), refused).policy(theirs.id) == theirs


def test_what_somebody_else_had_done_already_is_not_ours() -> None:
    assert policies_of((Operation.SET_POLICY_STATE, Outcome.SKIPPED, SWITCHED)).policies == {}


# Who may rest on it


def test_no_decision_rests_on_it() -> None:
    package = Path(migrate.__file__).parent
    modules = ("migrate.decide.now", "migrate.decide.as_now", "migrate.commands.now")
    users = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module in modules
    }
    reading = (
        "now",
        "status",
        "live",
        "explain",
        "coverage",
        "what_if",
        "risk_lists",
        "report_facts",
        "evidence",
        "advise",
    )
    report = ("facts", "followed", "persons")
    shown = {*(f"decide/report/{name}.py" for name in report), "decide/evidence_rows.py", "decide/as_now.py"}
    assert users == {f"commands/{verb}.py" for verb in reading} | shown
