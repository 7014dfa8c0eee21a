"""Every row of the tables in cases.py and cases_2026.py comes out as it says."""

from __future__ import annotations

import msgspec
import pytest

from migrate.decide.coverage.explaining import closing_for
from migrate.decide.coverage.judge import Judge
from migrate.model.coverage import Assumption, GapKind, Verdict
from migrate.model.tenant_settings import UNANSWERED
from tests.unit.decide.coverage import cases, cases_2026
from tests.unit.decide.coverage.tenants import PEOPLE, evidence

OLD: list[cases.Case] = cases.CASES
CASES: list[cases.Case | cases_2026.Case] = [*OLD, *cases_2026.CASES]


def judge_of(case: cases.Case | cases_2026.Case, *, lacks: tuple[str, ...] = ()) -> Judge:
    facts = case.facts if isinstance(case, cases_2026.Case) else {}
    baseline = case.baseline if isinstance(case, cases_2026.Case) else UNANSWERED
    told = evidence(*case.policies, **facts)
    if lacks:
        in_part = tuple(msgspec.structs.replace(one, lacks=lacks) for one in told.policies)
        told = msgspec.structs.replace(told, policies=in_part)
    return Judge(told, apps_that_matter=case.apps, baseline=baseline)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_case_comes_out_as_the_table_says(case: cases.Case | cases_2026.Case) -> None:
    coverage = judge_of(case).coverage_of(PEOPLE[case.person])
    assert coverage.verdict.value == case.verdict, case.why
    assert tuple(sorted({gap.tag for gap in coverage.gaps})) == tuple(sorted(case.gaps))
    sentences = "\n".join(
        (coverage.reason, *coverage.not_understood, *coverage.exclusions, *(gap.words for gap in coverage.gaps))
    )
    assert case.says in sentences
    assert coverage.would_cover == case.would_cover
    if isinstance(case, cases_2026.Case):
        assert coverage.verdict is not Verdict.COVERED or tuple(coverage.assumes) == case.assumes


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_only_covered_is_proven_and_unknown_says_why(case: cases.Case | cases_2026.Case) -> None:
    coverage = judge_of(case).coverage_of(PEOPLE[case.person])
    leaves = Assumption.PER_USER_MFA_POLICY in coverage.assumes
    assert coverage.is_proven() is (case.verdict == "covered" and not leaves)
    match coverage.verdict:
        case Verdict.COVERED | Verdict.PARTLY:
            assert coverage.covered_by
        case Verdict.UNCOVERED:
            assert not coverage.covered_by
        case Verdict.UNKNOWN:
            assert coverage.not_understood
    for gap in coverage.gaps:
        assert closing_for(gap)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_nobody_whom_graph_showed_in_part_is_covered(case: cases.Case | cases_2026.Case) -> None:
    in_part = msgspec.structs.replace(PEOPLE[case.person], lacks=("userType",))
    judge = judge_of(case)
    assert judge.coverage_of(in_part).verdict in (Verdict.UNKNOWN, Verdict.UNCOVERED)
    assert judge.coverage_of(PEOPLE[case.person]).verdict.value == case.verdict, "only this account is in doubt"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_nobody_is_covered_by_policies_that_graph_showed_in_part(case: cases.Case | cases_2026.Case) -> None:
    coverage = judge_of(case, lacks=("conditions.users.excludeGroups",)).coverage_of(PEOPLE[case.person])
    assert coverage.verdict in (Verdict.UNKNOWN, Verdict.UNCOVERED)


def test_the_table_is_long_and_names_each_case_once() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len(set(names))
    assert len(names) >= 160
    assert len(cases_2026.CASES) >= 40
    assert all(case.why and case.page for case in CASES)


def test_every_kind_of_gap_comes_out_of_a_case() -> None:
    """Two are left out: `tooMany` is made in test_limits.py, and no tenant that was tried brings `everything` about."""
    made = {tag.partition(":")[0] for case in CASES for tag in case.gaps}
    assert made | {GapKind.TOO_MANY, GapKind.EVERYTHING} == {kind.value for kind in GapKind}
