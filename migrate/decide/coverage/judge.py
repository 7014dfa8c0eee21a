"""Gives the verdict: do the enabled Conditional Access policies demand MFA of this user on every sign-in?

Proves or says what is open; what it does not understand never counts as protection.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass

from migrate.decide.coverage.context import context_of, is_beta_unread
from migrate.decide.coverage.gaps import GapNames
from migrate.decide.coverage.policy import Kind, PolicyReading
from migrate.decide.coverage.principals import Assignment, Directory, Entrances, Facts, Match, kinds_of, named_users
from migrate.decide.coverage.solver import TOO_MANY, Solution, Solver
from migrate.decide.coverage.space import Space
from migrate.decide.coverage.vocabulary import Axis, UserKind
from migrate.model.coverage import Coverage, Gap, GapKind, LeftOut, Verdict
from migrate.model.evidence import Evidence, PolicyState
from migrate.model.tenant_settings import UNANSWERED, BaselineScopes
from migrate.model.users import UserProfile

BETA_UNREAD = Gap(
    tag=f"{GapKind.POLICY.value}:betaUnread",
    words="whatever only Graph's beta version says about the policies, which could not be read",
)
TOO_MANY_PLACES = "too many combinations of named locations to tell places apart"

WORK_LIMIT = 200_000
"""Steps for one class of users: about a second. Beyond it the verdict is unknown."""


@dataclass(frozen=True, slots=True, eq=False)
class UserClass:
    """Users with the same answer to every policy question. A judge makes one object for each class."""

    answers: tuple[Assignment, ...]
    """In the order of `Judge.weighed`."""


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """Which policies ask something of some users, beyond what coverage is about; compared by identity."""

    kinds: frozenset[UserKind]
    policies: tuple[tuple[PolicyReading, Match], ...]
    """Every policy in force that is or may be assigned to them, those set aside for user actions included."""


Sort = tuple[int, frozenset[UserKind]]
"""What is known of users apart from each other: their facts, as bits, and what they can be to a policy."""


class Judge:
    """Answers coverage questions about the users of one tenant, from one reading of its evidence. Pure."""

    def __init__(
        self,
        evidence: Evidence,
        *,
        apps_that_matter: frozenset[str] | None = None,
        baseline: BaselineScopes = UNANSWERED,
        work_limit: int = WORK_LIMIT,
    ) -> None:
        """Read the policies.

        `apps_that_matter` limits what has to be covered to these application ids; `baseline` is the operator's answer
        about baseline scopes.
        """
        context = context_of(evidence)
        locations = context.locations
        self.readings: tuple[PolicyReading, ...] = context.readings
        """Every policy, the oldest first."""
        self.weighed: tuple[PolicyReading, ...] = tuple(reading for reading in self.readings if may_matter(reading))
        """The ones that could demand anything of a sign-in to an application, in the order of a class's answers."""
        self._beta_unread = is_beta_unread(evidence)
        self._directory = Directory(evidence)
        self._facts = Facts(evidence, named_users(self.readings))
        space = Space(self.weighed, locations, apps_that_matter, baseline)
        self._space = space
        self._names = GapNames(space, locations)
        self._solver = Solver(space, self.weighed, self._names, work_limit)
        self._kinds: dict[Hashable, frozenset[UserKind]] = {}
        self._by_key: dict[tuple[int, frozenset[UserKind]], UserClass] = {}
        self._by_answers: dict[tuple[Assignment, ...], UserClass] = {}
        self._coverages: dict[UserClass, Coverage] = {}
        self._of_sorts: dict[Sort, Coverage] = {}
        self._asked: dict[tuple[int, frozenset[UserKind]], Asked] = {}
        self._nested_among: dict[int, tuple[str, ...]] = {}
        self._with_paths: dict[tuple[UserClass, Entrances], Coverage] = {}

    def coverage_of(self, profile: UserProfile) -> Coverage:
        """Return the verdict on a user, exclusions named with the user's own path. Classes share one evaluation."""
        sort = self.sort_of(profile)
        coverage = self._of_sorts.get(sort)
        if coverage is None:
            coverage = self._of_sorts[sort] = self.coverage_of_sort(sort)
        if not coverage.exclusions:
            return coverage
        entrances = self._entrances_of(profile.id)
        if not entrances:
            return coverage
        key = (self.class_of_sort(sort), entrances)
        if key not in self._with_paths:
            facts = self._facts.spelled_out(self._facts.of(profile.id))
            self._with_paths[key] = self._judged(self._answers(self.weighed, facts, self._kinds_of(profile), entrances))
        return self._with_paths[key]

    def coverage_of_class(self, user_class: UserClass) -> Coverage:
        """Return the verdict on a class, in words that are true of everybody in it."""
        coverage = self._coverages.get(user_class)
        if coverage is None:
            coverage = self._coverages[user_class] = self._judged(user_class.answers)
        return coverage

    def class_of(self, profile: UserProfile) -> UserClass:
        """Return the user's class; it is compared and hashed by identity."""
        return self.class_of_sort(self.sort_of(profile))

    @property
    def evaluations(self) -> int:
        """Return how many different combinations of policies were solved so far."""
        return self._solver.solved

    def answers_for(self, profile: UserProfile) -> tuple[Assignment, ...]:
        """Return for each of `readings`, weighed or not, whether it is assigned to the user and how."""
        facts, kinds = self._facts.spelled_out(self._facts.of(profile.id)), self._kinds_of(profile)
        return self._answers(self.readings, facts, kinds, self._entrances_of(profile.id))

    def asked_of(self, profile: UserProfile) -> Asked:
        """Return which policies in force are or may be assigned to a user; users with the same facts share one."""
        key = (self._facts.of(profile.id), self._kinds_of(profile))
        asked = self._asked.get(key)
        if asked is None:
            answers = self._answers(self.readings, self._facts.spelled_out(key[0]), key[1])
            found = (
                (reading, answer.match)
                for reading, answer in zip(self.readings, answers, strict=True)
                if answer.match is not Match.NO
                and reading.policy.policy_state not in (PolicyState.DISABLED, PolicyState.REPORT_ONLY)
            )
            asked = self._asked[key] = Asked(key[1], tuple(found))
        return asked

    # Of policies as they would be after a step: advice

    def sort_of(self, profile: UserProfile) -> Sort:
        """Return what all assignments of policies to a user follow from: users who share it are as one to policies."""
        return self._facts.of(profile.id), self._kinds_of(profile)

    def facts_of(self, sort: Sort) -> frozenset[tuple[str, str]]:
        """Return the facts of a sort: what kind of fact, and the id of the group, role or user that it is about."""
        return self._facts.spelled_out(sort[0])

    def class_of_sort(self, sort: Sort) -> UserClass:
        """Return the class of users of a sort."""
        user_class = self._by_key.get(sort)
        if user_class is None:
            answers = self._answers(self.weighed, self.facts_of(sort), sort[1])
            user_class = self._by_key[sort] = self._by_answers.setdefault(answers, UserClass(answers))
        return user_class

    def match_of(self, reading: PolicyReading, sort: Sort) -> Match:
        """Return whether a policy is assigned to users of a sort. It may name nobody whom no policy read named."""
        return self._directory.assignment_of(reading, self.facts_of(sort), sort[1]).match

    def coverage_of_sort(self, sort: Sort) -> Coverage:
        """Return the verdict on users of a sort, in words that are true of all of them."""
        return self.coverage_of_class(self.class_of_sort(sort))

    def verdict_with(self, assigned: tuple[int, ...], perhaps: tuple[int, ...]) -> Coverage:
        """Return the verdict when policies are assigned, named by their place in the solver; without any words."""
        solution = self._solver.solution_for(assigned, perhaps)
        verdict, gaps = self._with_beta(solution.verdict), solution.gaps
        if self._beta_unread and verdict is Verdict.PARTLY:
            gaps = (*gaps, BETA_UNREAD)
        return Coverage(
            verdict=verdict,
            gaps=gaps,
            covered_by=(),
            covered_by_ids=(),
            not_understood=(),
            assumes=solution.assumes,
        )

    @property
    def solver(self) -> Solver:
        """Return what solves; it may be told of more policies, after those of `weighed`."""
        return self._solver

    @property
    def is_beta_unread(self) -> bool:
        """Tell whether members that only beta shows are not known, so that nothing is covered."""
        return self._beta_unread

    def _entrances_of(self, user_id: str) -> Entrances:
        bits = self._facts.of(user_id)
        if bits not in self._nested_among:
            self._nested_among[bits] = self._directory.nested_among(self._facts.spelled_out(bits))
        return self._directory.entrances_of(user_id, self._nested_among[bits])

    def _answers(
        self,
        readings: Iterable[PolicyReading],
        facts: frozenset[tuple[str, str]],
        kinds: frozenset[UserKind],
        entrances: Entrances = (),
    ) -> tuple[Assignment, ...]:
        return tuple(self._directory.assignment_of(reading, facts, kinds, entrances) for reading in readings)

    def where(self, reading: PolicyReading) -> str:
        """Return the sign-ins that a policy demands something of, in words; empty when there are none."""
        box = self._space.demanded_by(reading) if reading in self.weighed else None
        return "" if box is None else self._names.words_of(box)

    def _kinds_of(self, profile: UserProfile) -> frozenset[UserKind]:
        signs = (
            profile.is_agent,
            bool(profile.lacks),
            profile.user_type,
            profile.creation_type,
            profile.external_user_state,
            profile.identities,
            "#ext#" in profile.user_principal_name.casefold(),
        )
        kinds = self._kinds.get(signs)
        if kinds is None:
            kinds = self._kinds[signs] = kinds_of(profile)
        return kinds

    def _judged(self, answers: tuple[Assignment, ...]) -> Coverage:
        assigned = tuple(self._assigned(answers, report_only=False))
        perhaps = tuple(self._perhaps_assigned(answers))
        solution = self._solver.solution_for(assigned, perhaps)
        left_out: tuple[LeftOut, ...] = ()
        reported: tuple[int, ...] = ()
        if solution.verdict is not Verdict.COVERED:
            left_out = tuple(self._exclusions(answers, assigned))
            reported = tuple(
                index
                for index in self._assigned(answers, report_only=True)
                if self._solver.closes_something(index, assigned)
            )
        excluded = tuple(one.sentence for one in left_out)
        would_be = self._solver.solution_for((*assigned, *reported), perhaps).verdict if reported else None
        verdict, gaps = self._with_beta(solution.verdict), solution.gaps
        if not (solution.proof or solution.exhausted):
            gaps = self._nothing_applies(excluded)
        elif self._beta_unread and verdict is Verdict.PARTLY:
            gaps = tuple(sorted((*gaps, BETA_UNREAD), key=lambda gap: (gap.tag, gap.words)))
        return Coverage(
            verdict=verdict,
            gaps=gaps,
            covered_by=tuple(self.weighed[index].name for index in solution.proof),
            covered_by_ids=tuple(self.weighed[index].id for index in solution.proof),
            not_understood=tuple(self._doubts(answers, solution)),
            exclusions=excluded,
            left_out=left_out,
            in_doubt=tuple(dict.fromkeys(self.weighed[index].name for index in solution.closers)),
            would_cover=tuple(self.weighed[index].name for index in reported),
            would_be=None if would_be is None else self._with_beta(would_be),
            assumes=solution.assumes,
        )

    def _with_beta(self, verdict: Verdict) -> Verdict:
        """Return the verdict as far as it holds while members that only beta shows are not known."""
        return Verdict.PARTLY if verdict is Verdict.COVERED and self._beta_unread else verdict

    def _assigned(self, answers: tuple[Assignment, ...], *, report_only: bool) -> Iterator[int]:
        for index, (reading, answer) in enumerate(zip(self.weighed, answers, strict=True)):
            if answer.match is Match.YES and not reading.problems and _is_report_only(reading) is report_only:
                yield index

    def _perhaps_assigned(self, answers: tuple[Assignment, ...]) -> Iterator[int]:
        for index, (reading, answer) in enumerate(zip(self.weighed, answers, strict=True)):
            doubtful = bool(reading.problems) or self._space.is_too_much(reading)
            unsure = answer.match is Match.NOT_KNOWN or (answer.match is Match.YES and doubtful)
            if unsure and not _is_report_only(reading):
                yield index

    def _exclusions(self, answers: tuple[Assignment, ...], assigned: tuple[int, ...]) -> Iterator[LeftOut]:
        for index, (reading, answer) in enumerate(zip(self.weighed, answers, strict=True)):
            if answer.excluded and not _is_report_only(reading) and self._solver.closes_something(index, assigned):
                yield LeftOut(policy=reading.name, path=answer.paths)

    def _nothing_applies(self, excluded: tuple[str, ...]) -> tuple[Gap, ...]:
        if excluded:
            return tuple(Gap(tag=GapKind.EXCLUDED.value, words=words) for words in excluded)
        if all(_is_report_only(reading) for reading in self.weighed):
            return (Gap(tag=GapKind.NO_POLICY.value, words="no enabled policy demands MFA or blocks"),)
        return (
            Gap(
                tag=GapKind.NOT_INCLUDED.value,
                words="no enabled policy that demands MFA applies to the user's sign-ins",
            ),
        )

    def _doubts(self, answers: tuple[Assignment, ...], solution: Solution) -> Iterator[str]:
        if solution.exhausted:
            yield TOO_MANY
        for index in solution.closers:
            reading, answer = self.weighed[index], answers[index]
            for problem in reading.problems:
                yield f"policy {reading.name!r}: {problem.sentence}"
            if self._space.is_too_much(reading):
                yield f"policy {reading.name!r}: {TOO_MANY_PLACES}"
            if answer.match is Match.NOT_KNOWN and not reading.problems:
                yield f"policy {reading.name!r}: {'; '.join(answer.paths)}"


def _is_report_only(reading: PolicyReading) -> bool:
    return reading.policy.policy_state is PolicyState.REPORT_ONLY


def may_matter(reading: PolicyReading) -> bool:
    """Tell whether a policy could demand anything of a user's sign-in to an application, enabled or report-only."""
    if reading.policy.policy_state is PolicyState.DISABLED or reading.set_aside is not None:
        return False
    targets_apps = reading.targets.every_app or reading.targets.apps or reading.is_doubtful(Axis.APP)
    demands = reading.demand.kind is not Kind.NOTHING or reading.is_doubtful("demand")
    return bool(targets_apps) and demands
