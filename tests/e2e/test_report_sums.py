"""Every number of the report is that of the other commands: over several tenants, and at every stage of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from migrate.commands.call import Call
from migrate.commands.report_facts import report_facts
from migrate.model.report import Answer, Person, PersonOutcome, ReportFacts, Standing
from migrate.sandbox.company import company
from migrate.settings import GlobalOptions, settings_from
from migrate.store.folder import Workspace
from tests.e2e.laboratory import Lab, csv_of, lab_in

APPLY = ("apply", "--yes", "--max-users", "100%")
STAGES: dict[str, tuple[tuple[str, ...], ...]] = {
    "planned": (("export",), ("plan",)),
    "half": ((*APPLY, "--until", "wave:2"), ("verify",)),
    "exported in the middle": (("export",),),
    "through": (APPLY, ("verify",)),
    "one wave back": (("rollback", "--wave", "2", "--yes"),),
    "all back": (("rollback", "--yes"), ("verify",)),
}


@pytest.fixture(scope="module", params=[1, 7])
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Return a lab that the tests take through the stages in order."""
    with lab_in(tmp_path_factory.mktemp("sums"), company(request.param, 80)) as made:
        yield made


def facts_of(lab: Lab) -> tuple[ReportFacts, list[Person]]:
    options = GlobalOptions(workspace=str(lab.workspace), config=str(lab.config))
    people: list[Person] = []
    with Call.opened(settings_from(options, {}, lab.folder), "mfa-migrate report", lambda _: 0) as call:
        return report_facts(call, Workspace(lab.workspace), people.append), people


@pytest.mark.parametrize("stage", STAGES)
def test_numbers_are_those_of_the_other_commands(lab: Lab, stage: str) -> None:
    for words in STAGES[stage]:
        ran = lab.run(*words)
        assert ran.code in (0, 1), ran.said
    facts, people = facts_of(lab)
    _agrees_with_status(facts, lab.go("status", "-o", "json").document)
    _agrees_with_coverage(facts, lab.go("coverage", "-o", "json").document)
    _agrees_with_itself(facts, people)
    rows = Counter(row["Action"] for row in csv_of(lab.workspace / "plan.csv"))
    assert facts.plan is not None
    assert rows["hold"] == facts.plan.users_held_back == sum(group.people for group in facts.held)
    assert rows["disable"] == sum(wave.people for wave in facts.waves)
    if facts.verification is not None and facts.verification.journal_entries >= facts.digests.journal_entries - 1:
        assert facts.verification.switched_off == facts.totals.by_outcome.get(PersonOutcome.DONE, 0)
    if facts.migration.answer is Answer.SAFE:
        assert lab.run("verify", "-o", "json").document["findings"] == []


def _agrees_with_status(facts: ReportFacts, status: dict[str, Any]) -> None:
    states: Counter[str] = Counter()
    for key, people in status["countsNow"].items():
        states[key.partition("/")[0]] += people
    assert facts.totals.by_state == dict(sorted(states.items()))
    run = status["run"]
    assert (facts.standing is None) == (run is None)
    if run is not None:
        assert facts.standing is not None
        assert facts.totals.by_outcome.get(PersonOutcome.DONE, 0) == run["migrated"] == facts.standing.migrated
        assert facts.totals.by_outcome.get(PersonOutcome.ROLLED_BACK, 0) == run["putBack"]


def _agrees_with_coverage(facts: ReportFacts, coverage: dict[str, Any]) -> None:
    verdicts: Counter[str] = Counter()
    for each in coverage["classes"]:
        verdicts[each["coverage"]["verdict"] if "coverage" in each else each["verdict"]] += each["users"]
    assert facts.totals.by_verdict == dict(sorted(verdicts.items()))


def _agrees_with_itself(facts: ReportFacts, people: list[Person]) -> None:
    """The table, the totals, the ribbons and the waves count the same people."""
    totals = facts.totals
    assert len(people) == totals.people == facts.snapshot.users == sum(flow.people for flow in facts.flows)
    standings = [person.standing for person in people]
    by: list[tuple[Callable[[Standing], str], Any]] = [
        (lambda standing: standing.outcome.value, totals.by_outcome),
        (lambda standing: standing.verdict.value, totals.by_verdict),
        (lambda standing: standing.required_by.value, totals.by_required),
        (lambda standing: standing.kind.value, totals.by_kind),
    ]
    for key, numbers in by:
        assert dict(Counter(map(key, standings))) == dict(numbers)
    for wave in facts.waves:
        assert dict(Counter(one.outcome.value for one in standings if one.wave == wave.number)) == dict(wave.outcomes)
