"""The order of things in a run: read, prove, keep, write, read back; and where it must stop."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from migrate.engine.history import begun_plans
from migrate.engine.refusals import Refusals
from migrate.engine.wait_log import WaitLog
from migrate.engine.who_is_left import back_in_part, who_is_left
from migrate.errors import Guarded, LimitReached, PermissionMissing, StalePlan
from migrate.model.journal import Operation, Outcome
from migrate.model.reasons import why_of
from migrate.model.replies import StateReading, WriteFate, WriteReply, WriteRequest
from migrate.model.run import Ending
from migrate.model.steps import CreatePolicy, SetPolicyState
from migrate.model.users import MfaState
from migrate.model.waits import Waiting, WaitKind
from migrate.model.who_is_left import BackInPart, WhoIsLeft
from tests.unit.decide.records import object_id
from tests.unit.engine.memory import Breaker, Crash, MemoryJournal, Said
from tests.unit.engine.world import PEOPLE, World


def outcomes_of(world: World, name: str) -> list[Outcome]:
    entries = world.journal.entries(operation=Operation.SET_MFA_STATE)
    return [entry.outcome for entry in entries if entry.object_id == object_id(name)]


def test_the_way_back_names_everybody_of_the_wave_before_the_first_write_and_only_the_written_after_it() -> None:
    world = World()
    seen: list[set[str]] = []
    world.tenant.before_write = lambda _: seen.append({row.user_id for row in world.files.rows})
    world.tenant.states[object_id("ben")] = MfaState.ENABLED  # drift: somebody changed it since the plan
    world.apply_to_the_end()
    for written, (user, _) in zip(seen, world.tenant.writes, strict=True):
        assert user in written
    touched = {user for user, _ in world.tenant.writes}
    assert {row.user_id for row in world.files.rows} == touched
    assert object_id("ben") not in touched
    assert outcomes_of(world, "ben") == [Outcome.SKIPPED]


@pytest.mark.parametrize(
    ("fates", "said"),
    [
        (["lost"], [Outcome.INTENT, Outcome.CONFIRMED]),
        (["dropped"], [Outcome.INTENT, Outcome.INTENT, Outcome.CONFIRMED]),
        (["conflict"], [Outcome.INTENT, Outcome.INTENT, Outcome.CONFIRMED]),
        (["conflict", "conflict"], [Outcome.INTENT, Outcome.INTENT, Outcome.FAILED]),
        (["refused"], [Outcome.INTENT, Outcome.FAILED]),
        (["ignored"], [Outcome.INTENT, Outcome.UNCONFIRMED]),
        (["dropped"] * 5, [*[Outcome.INTENT] * 5, Outcome.FAILED]),
        (["held"] * 7, [Outcome.INTENT, Outcome.CONFIRMED]),  # what never left has no intent
        (["held", *["dropped"] * 5], [*[Outcome.INTENT] * 5, Outcome.FAILED]),
    ],
)
def test_what_an_answer_leads_to(fates: list[str], said: list[Outcome]) -> None:
    world = World(states={"ada": MfaState.ENFORCED})
    world.tenant.fates = list(fates)
    world.apply_to_the_end()
    assert outcomes_of(world, "ada") == said


@pytest.mark.parametrize(
    ("fate", "registered", "said", "found"),
    [
        ("fine", False, Outcome.CONFIRMED, MfaState.ENABLED),
        ("fine", True, Outcome.CONFIRMED, MfaState.ENFORCED),  # accepted, and promoted again
        ("refused", True, Outcome.FAILED, MfaState.ENFORCED),  # what was enforced before is no promotion
    ],
)
def test_from_enforced_to_enabled_is_sent_and_only_an_accepted_write_may_be_found_promoted(
    fate: str, registered: bool, said: Outcome, found: MfaState
) -> None:
    world = World(states={"ada": MfaState.ENFORCED})
    world.steps = tuple(msgspec.structs.replace(step, after=MfaState.ENABLED) for step in world.steps)
    world.tenant.registered = set(world.tenant.states) if registered else set()
    world.tenant.fates = [fate]
    world.apply_to_the_end()
    assert outcomes_of(world, "ada") == [Outcome.INTENT, said]
    assert world.tenant.states[object_id("ada")] is found


def test_after_a_crash_enforced_does_not_pass_for_enabled_where_that_is_what_the_step_takes_back() -> None:
    world = World(states={"ada": MfaState.ENFORCED})
    world.steps = tuple(msgspec.structs.replace(step, after=MfaState.ENABLED) for step in world.steps)
    world.tenant.registered = set()

    def die(_: WriteRequest) -> None:
        world.tenant.before_write = lambda _: None
        raise Crash

    world.tenant.before_write = die
    with pytest.raises(Crash):
        world.apply_to_the_end()
    world.apply_to_the_end()
    assert outcomes_of(world, "ada") == [Outcome.INTENT, Outcome.FAILED, Outcome.INTENT, Outcome.CONFIRMED]


@pytest.mark.parametrize(("fate", "sent"), [("dropped", [Outcome.INTENT]), ("held", [])])
def test_before_it_is_sent_again_it_is_proven_again(fate: str, sent: list[Outcome]) -> None:
    world = World(states={"ada": MfaState.ENFORCED})
    world.tenant.fates = [fate]
    # The proof may be five minutes old: the group is read again only then, and the wait is made that long.
    sleeps = world.tenant.now

    def now_later(*_: object) -> None:
        world.tenant.excluded.add(object_id("ada"))
        world.tenant.now = sleeps + timedelta(seconds=400)

    if fate == "held":
        world.tenant.before_leaving = now_later
    world.tenant.before_write = now_later
    world.apply_to_the_end()
    assert outcomes_of(world, "ada") == [*sent, Outcome.SKIPPED]
    assert world.tenant.states[object_id("ada")] is MfaState.ENFORCED


def test_whoever_is_changed_by_somebody_else_while_a_write_is_held_is_left_alone() -> None:
    world = World(states={"ada": MfaState.ENFORCED})
    world.tenant.fates = ["held"]
    world.tenant.before_leaving = lambda: world.tenant.states.update({object_id("ada"): MfaState.DISABLED})
    world.apply_to_the_end()
    assert outcomes_of(world, "ada") == [Outcome.SKIPPED]
    assert world.tenant.writes == []


@pytest.mark.parametrize(("fate", "said"), [("dropped", [Outcome.INTENT, Outcome.FAILED]), ("held", [])])
def test_an_interrupt_ends_the_wait_before_sending_again_and_the_next_run_goes_on(
    fate: str, said: list[Outcome]
) -> None:
    world = World(states={"ada": MfaState.ENFORCED}, max_failures="0")
    world.tenant.fates = [fate]

    def interrupt(*_: object) -> None:
        world.stops_after = 0

    if fate == "held":
        world.tenant.before_leaving = interrupt
    world.tenant.before_write = interrupt
    began = world.tenant.now
    assert world.apply().ending is Ending.INTERRUPTED
    assert outcomes_of(world, "ada") == said
    assert (world.tenant.now - began).total_seconds() < 5
    world.stops_after, world.tenant.before_write, world.tenant.before_leaving = None, lambda _: None, lambda: None
    world.apply_to_the_end()
    assert world.tenant.states[object_id("ada")] is MfaState.DISABLED


def test_whoever_was_skipped_as_not_covered_is_asked_about_again_by_the_next_run() -> None:
    world = World()
    world.tenant.excluded = {object_id("ben")}
    first = world.apply()
    assert first.outcomes["skipped"] == 1
    world.tenant.excluded = set()
    second = world.apply_to_the_end()  # ben was seen to become covered, so he settles first
    assert second.outcomes == {"confirmed": len(PEOPLE)}
    assert second.exit_code == 0


@pytest.mark.parametrize(("fate", "code"), [("refused", 1), ("fine", 0)])
def test_stopped_where_asked_it_says_by_its_exit_code_whether_users_failed(fate: str, code: int) -> None:
    world = World(max_failures="100%")
    world.tenant.fates = [fate]
    result = world.apply(until="wave:1")
    assert result.ending is Ending.STOPPED_HERE
    assert result.outcomes["failed"] == code
    assert result.exit_code == code


def test_more_failures_than_allowed_stop_the_wave_and_say_so_in_the_journal() -> None:
    world = World(max_failures="0")
    world.tenant.fates = ["refused"]
    result = world.apply()
    assert result.ending is Ending.LIMIT
    assert result.exit_code == 1
    assert {world.tenant.states[step.user_id] for step in world.steps} == {MfaState.ENFORCED}
    waits = [str(entry.reason) for entry in world.journal.entries(operation=Operation.WAIT)]
    assert waits == [f"stopped: {result.sentence}"]


def test_an_error_says_what_the_run_had_changed_before() -> None:
    world = World()
    world.apply(until="wave:1")
    world.tenant.breaker.fails_at = world.tenant.breaker.calls + 12
    with pytest.raises(PermissionMissing) as caught:
        world.apply()
    changed = sum(state is MfaState.DISABLED for state in world.tenant.states.values())
    assert 0 < changed < len(PEOPLE)
    assert f"{changed} users changed and read back" in caught.value.unchanged


def test_a_folder_with_runs_of_a_sandbox_is_not_used_for_the_tenant_itself() -> None:
    world = World()
    world.apply(until="wave:1")
    entry, _ = world.journal.kept[0]
    ref = entry.requested
    world.journal.documents[ref] = world.journal.documents[ref].replace(
        b'"endpoint":null', b'"endpoint":"http://127.0.0.1:1"'
    )
    with pytest.raises(StalePlan, match="a sandbox"):
        world.apply()


def test_time_between_waves_is_measured_from_the_last_change_of_the_waves_before() -> None:
    world = World(wave_wait_seconds=3600)
    began = world.tenant.now
    result = world.apply()
    assert result.ending is Ending.WAITING
    assert result.waiting_until == began + timedelta(seconds=3600)
    assert world.tenant.states[object_id("ada")] is MfaState.DISABLED
    assert list(world.tenant.states.values()).count(MfaState.DISABLED) == 1
    assert world.apply_to_the_end().ending is Ending.DONE
    assert world.tenant.now >= began + timedelta(seconds=7200)


def test_a_wave_waits_for_the_moment_before_which_it_must_not_begin() -> None:
    world = World()
    begin = world.tenant.now + timedelta(hours=5)
    waves = tuple(
        msgspec.structs.replace(wave, not_before=begin.isoformat() if wave.number == 2 else "")
        for wave in world.plan.waves
    )
    world.plan = msgspec.structs.replace(world.plan, waves=waves)
    result = world.apply()
    assert (result.ending, result.waiting_until) == (Ending.WAITING, begin)
    assert list(world.tenant.states.values()).count(MfaState.DISABLED) == 1
    assert result.waiting is not None
    assert result.waiting.kind is WaitKind.WAVE_BEGINS
    assert world.apply().ending is Ending.WAITING
    assert world.apply_to_the_end().ending is Ending.DONE
    assert world.tenant.now >= begin


def test_a_wave_waits_for_the_hours_in_which_it_may_begin() -> None:
    world = World()
    waves = tuple(
        msgspec.structs.replace(wave, hours="20:00-22:00Z" if wave.number == 2 else "") for wave in world.plan.waves
    )
    world.plan = msgspec.structs.replace(world.plan, waves=waves)
    opens = world.tenant.now.replace(hour=20, minute=0, second=0, microsecond=0)
    result = world.apply()
    assert (result.ending, result.waiting_until) == (Ending.WAITING, opens)
    assert result.waiting is not None
    assert result.waiting.kind is WaitKind.WAVE_HOURS
    assert "20:00-22:00Z" in str(result.waiting)
    world.tenant.now = opens + timedelta(hours=3)
    assert world.apply().waiting_until == opens + timedelta(days=1), "too late today"
    assert world.apply_to_the_end().ending is Ending.DONE
    assert opens + timedelta(days=1) <= world.tenant.now < opens + timedelta(days=1, hours=2)


def test_a_rehearsal_of_a_plan_that_makes_its_policy_proves_as_if_it_were_on() -> None:
    world = World(create=True)
    result = world.apply(what_if=True)
    assert result.outcomes["would be sent"] == len(PEOPLE)
    assert world.tenant.writes == []
    assert world.tenant.policies == {}
    assert world.journal.kept == []


@pytest.mark.parametrize(
    ("until", "steps", "waves"),
    [
        ("report-only", [CreatePolicy], []),
        ("policies-on", [CreatePolicy, SetPolicyState], []),
        ("wave:1", [CreatePolicy, SetPolicyState], [1]),
    ],
)
def test_a_rehearsal_stops_where_the_run_would_stop(until: str, steps: list[type], waves: list[int]) -> None:
    world = World(create=True)
    rehearsal = world.apply(what_if=True, until=until).rehearsal
    assert rehearsal is not None
    assert [type(each.step) for each in rehearsal.steps] == steps
    assert not any(each.is_done for each in rehearsal.steps)
    assert [wave.number for wave in rehearsal.waves] == waves


def test_whoever_is_done_or_rolled_back_is_not_counted_as_to_do_and_a_rehearsal_says_so() -> None:
    world = World(max_failures="100%")
    assert world.apply(until="wave:1").outcomes == {"confirmed": 1}
    waves = {wave.number for wave in world.plan.waves}
    left = who_is_left(world.journal, world.plan.digest, world.steps, waves)
    assert (left.to_do, left.done, left.put_back, left.left) == (len(PEOPLE) - 1, 1, 0, 0)
    assert "ada@contoso.example" not in left.first
    world.roll_back(wave=1)
    back = who_is_left(world.journal, world.plan.digest, world.steps, waves)
    assert (back.to_do, back.done, back.put_back, back.left) == (len(PEOPLE) - 1, 0, 1, 0)
    rehearsal = world.apply(what_if=True, until="wave:1")
    rolled = begun_plans(world.journal)[-1][0]
    assert back_in_part(world.journal, rolled, world.plan.digest) == BackInPart(stay=1, tried_again=0)
    assert back_in_part(world.journal, rolled, "ef" * 32) == BackInPart(stay=0, tried_again=1)
    assert rehearsal.rehearsal is not None
    (wave,) = rehearsal.rehearsal.waves
    assert (wave.sent, wave.left_alone, wave.before) == ((), (), WhoIsLeft(to_do=0, put_back=1))
    assert rehearsal.outcomes == {"rolled back": 1}
    world.apply(most_users=len(PEOPLE) - 1)
    assert world.tenant.states[object_id("ada")] is MfaState.ENFORCED
    assert [user for user, _ in world.tenant.writes].count(object_id("ada")) == 2, "once off, once back"


def test_whoever_failed_or_lost_the_proof_is_counted_as_to_do_again() -> None:
    world = World(max_failures="100%")
    world.tenant.fates = ["refused"]
    world.tenant.excluded = {object_id("ben")}
    world.apply()
    outcomes = world.journal.latest_user_outcomes(world.plan.digest)
    open_ = {user for user, outcome in outcomes.items() if outcome is not Outcome.CONFIRMED}
    left = who_is_left(world.journal, world.plan.digest, world.steps, {wave.number for wave in world.plan.waves})
    assert (left.to_do, left.done) == (len(open_), len(PEOPLE) - len(open_)) == (2, len(PEOPLE) - 2)


@pytest.mark.parametrize("most", [0, 3])
def test_a_run_never_sends_more_users_than_were_counted(most: int) -> None:
    world = World()
    with pytest.raises(LimitReached, match=f"{len(PEOPLE)} users are still to do, and {most} were counted"):
        world.apply(most_users=most)
    assert world.tenant.writes == []
    assert world.apply(most_users=1, until="wave:1").outcomes == {"confirmed": 1}


def test_after_an_interrupt_the_progress_counts_only_whoever_was_sent() -> None:
    people = {f"user{number}": MfaState.ENFORCED for number in range(300)}
    world = World(states=people, max_failures="100%")
    shown: list[tuple[int, int | None]] = []
    world.said.advance = lambda done, total, what: shown.append((done, total)) if "writing" in what else None  # type: ignore[method-assign]

    def interrupt(*_: object) -> None:
        world.stops_after = 0

    world.tenant.before_write = interrupt
    assert world.apply().ending is Ending.INTERRUPTED
    final = [one for one in world.journal.latest_user_outcomes(world.plan.digest).values() if one is not Outcome.INTENT]
    assert shown
    assert shown[-1][0] == len(final) < (shown[-1][1] or 0)


def reading(status: int) -> StateReading:
    state = MfaState.ENFORCED if status == 200 else None
    return StateReading(
        user_id="u", mfa_state=state, problem=why_of("no"), status=status, request_id="", server_date=""
    )


def reply(status: int, code: str = "accessDenied") -> WriteReply:
    fate = WriteFate.ACCEPTED if status == 204 else WriteFate.REFUSED
    return WriteReply(
        user_id="u",
        fate=fate,
        status=status,
        code=code,
        message="no",
        request_id="",
        client_request_id="",
        server_date="",
        retry_after=None,
    )


@pytest.mark.parametrize(
    ("answers", "lapsed"),
    [
        ([403] * 5, True),
        ([403] * 4, False),
        ([403] * 4 + [204] + [403] * 4, False),
        ([403] * 3 + [401] * 2, False),
        ([400] * 9, False),
    ],
)
def test_five_refused_alike_in_a_row_are_a_failure_of_the_run(answers: list[int], lapsed: bool) -> None:
    writes, reads = Refusals(), Refusals()
    for status in answers:
        writes.note_reply(reply(status))
        reads.note_reading(reading(200 if status == 204 else status))
    assert (writes.lapse() is not None, reads.lapse() is not None) == (lapsed, lapsed)


def test_reads_that_succeed_do_not_hide_writes_that_are_refused() -> None:
    refusals = Refusals()
    for _ in range(5):
        refusals.note_reading(reading(200))
        refusals.note_reply(reply(403))
    problem = refusals.lapse()
    assert problem is not None
    assert "(403 no)" in problem.what


PAUSED = Waiting(kind=WaitKind.PAUSED)
BUSY = Waiting(kind=WaitKind.BUSY, name="writes", number=3)
THROTTLED = Waiting(kind=WaitKind.THROTTLED, name="writes", until=datetime(2026, 11, 24, 12, 3, 10, tzinfo=UTC))


def kept(journal: MemoryJournal) -> list[str]:
    return [entry.reason.parts.wait for entry in journal.entries()]


def test_a_longer_wait_is_kept_with_its_reason_once() -> None:
    world = World()
    journal, said = MemoryJournal(world.tenant.breaker), Said()
    waits = WaitLog(said)
    waits.waiting(PAUSED, 60)
    waits.keep_in(journal, server_date=lambda: "2026-11-24T08:00:00Z")
    for waiting, seconds in ((BUSY, 1.0), (THROTTLED, 45.0), (THROTTLED, 30.0)):
        waits.waiting(waiting, seconds)
    waits.note("something")
    (entry,) = journal.entries()
    assert str(entry.reason) == "throttled by Graph (writes) until 12:03:10 UTC"
    assert entry.reason.parts.until == "2026-11-24T12:03:10Z"
    assert said.waits == [PAUSED, BUSY, THROTTLED, THROTTLED]
    assert said.notes == ["something"]


def test_a_short_wait_again_and_again_is_kept_once_it_has_become_a_long_one() -> None:
    journal = MemoryJournal(Breaker())
    waits = WaitLog(Said())
    waits.keep_in(journal, server_date=lambda: "2026-11-24T08:00:00Z")
    for _ in range(2):
        waits.waiting(PAUSED, 2.0)
    waits.waiting(BUSY, 2.0)
    for _ in range(4):
        waits.waiting(PAUSED, 2.0)
    assert kept(journal) == ["Paused"]
    waits.waiting(THROTTLED, 30.0)
    waits.waiting(PAUSED, 30.0)
    assert kept(journal) == ["Paused", "Throttled", "Paused"]


def test_a_wait_goes_on_while_only_its_number_changes() -> None:
    journal = MemoryJournal(Breaker())
    waits = WaitLog(Said())
    waits.keep_in(journal, server_date=lambda: "2026-11-24T08:00:00Z")
    for late in (20, 11, 4):
        waits.waiting(Waiting(kind=WaitKind.USERS_SHOW, number=late), 2.0)
    assert kept(journal) == ["UsersShow"]


def test_a_policy_that_was_deleted_before_it_is_switched_on_is_told() -> None:
    world = World(create=True)
    world.apply(until="report-only")
    # The next plan finds the policy, and only switches it on.
    world.plan, world.steps = world.planned()
    world.apply(until="report-only")
    world.tenant.policies.clear()
    with pytest.raises(Guarded, match="does not exist any more"):
        world.apply(skip_report_only="a rehearsal")


@pytest.mark.parametrize("change", ["disabled", "enabledForReportingButNotEnforced", "deleted"])
def test_a_policy_that_goes_out_of_force_while_a_wave_is_written_ends_the_run_after_that_wave(change: str) -> None:
    """The proof is a minute old at most, and a small run takes less: nobody is told that all went well."""
    world = World()
    write = world.tenant.write_mfa_states

    async def writing(requests, **asked):  # type: ignore[no-untyped-def]
        replies = await write(requests, **asked)
        for policy_id in list(world.tenant.policies):
            if change == "deleted":
                del world.tenant.policies[policy_id]
            else:
                world.tenant.policies[policy_id]["state"] = change
        return replies

    world.tenant.write_mfa_states = writing  # type: ignore[method-assign]
    with pytest.raises(Guarded, match="MFA for everybody', which is not enabled any more") as stopped:
        world.apply()
    assert "No further wave is begun. This run so far: " in stopped.value.unchanged
    assert "`mfa-migrate rollback`, with --wave 1" in stopped.value.hint
    waves = {step.user_id: step.wave for step in world.steps}
    assert {waves[user] for user, _ in world.tenant.writes} == {1}
