"""What the journal says about the run as a whole: opened, waiting, approved, closed, and how its users stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from migrate.engine.history import begun_plans, plans_rolled_back, policies_touched
from migrate.engine.run_parts import RunParts
from migrate.errors import MfaMigrateError, StalePlan
from migrate.model.instants import iso_utc
from migrate.model.journal import Draft, Operation, Outcome, TargetType
from migrate.model.plan import PlanKind
from migrate.model.reasons import Parts, Reason, Why, reason_of
from migrate.model.waits import Waiting

NOTHING_TO_DO = "already so"
"""How users are counted who were found as asked without our doing."""


class RunLog:
    """Entries about the run, and what follows from all its entries."""

    def __init__(self, parts: RunParts) -> None:
        self._plan, self._journal, self._tenant = parts.plan, parts.journal, parts.tenant
        self._digest, self._steps = parts.plan.digest, parts.steps

    # What is written

    def opened(self) -> None:
        """Begin the run; the plan itself goes into the journal, and the users of a migration with it."""
        document = self._journal.put_document(self._plan)
        reason = self._about_the_plan(Why.BEGUN)
        if self._plan.kind is PlanKind.MIGRATE:
            self._with_steps(Outcome.OPENED, reason, document)
        else:
            self._note(Operation.OPEN_RUN, Outcome.OPENED, reason, requested=document)

    def keeping_steps(self) -> None:
        """Take the users of a migration into the journal that an older version began without them."""
        self._with_steps(Outcome.RECORDED, self._about_the_plan(Why.KEEPING_STEPS), "")

    def _with_steps(self, outcome: Outcome, reason: Reason, document: str) -> None:
        self._journal.open_run(self._draft(Operation.OPEN_RUN, outcome, reason, requested=document), self._steps())

    def approved(self, option: str, words: str) -> None:
        """Note a wait that the operator skipped by name, in the operator's words."""
        self._note(Operation.APPROVE, Outcome.APPROVED, reason_of(Why.APPROVED, f"{option}: {words}"))

    def note_wait(self, waiting: Waiting) -> None:
        """Note what the run waits for."""
        self._note(Operation.WAIT, Outcome.WAITING, waiting.reason)

    def note_stop(self, why: Why, words: str = "") -> None:
        """Note why the run ended rather than waited."""
        self._note(Operation.WAIT, Outcome.WAITING, reason_of(why, words))

    def closed(self, undone: Sequence[str]) -> None:
        """End the run, once; with a rollback end also the runs that it put back as a whole."""
        if not any(self._journal.entries(plan_digest=self._digest, operation=Operation.CLOSE_RUN)):
            self._note(Operation.CLOSE_RUN, Outcome.CLOSED, self._about_the_plan(Why.THROUGH))
        for digest in sorted(set(undone) - plans_rolled_back(self._journal)):
            reason = reason_of(Why.ROLLED_BACK, parts=Parts(run=self._digest))
            self._note(Operation.CLOSE_RUN, Outcome.CLOSED, reason, plan_digest=digest)

    def _about_the_plan(self, why: Why) -> Reason:
        return reason_of(why, parts=Parts(kind=self._plan.kind))

    def _note(
        self, operation: Operation, outcome: Outcome, reason: Reason, requested: str = "", plan_digest: str = ""
    ) -> None:
        self._journal.append([self._draft(operation, outcome, reason, requested, plan_digest)])

    def _draft(
        self, operation: Operation, outcome: Outcome, reason: Reason, requested: str = "", plan_digest: str = ""
    ) -> Draft:
        return Draft(
            operation=operation,
            target_type=TargetType.RUN,
            outcome=outcome,
            requested=requested,
            reason=reason,
            server_date=iso_utc(self._tenant.server_now()),
            plan_digest=plan_digest,
        )

    # What is read

    @property
    def is_begun(self) -> bool:
        """Tell whether the run was opened before."""
        return any(self._journal.entries(plan_digest=self._digest, operation=Operation.OPEN_RUN))

    @property
    def has_open_users(self) -> bool:
        """Tell whether somebody's outcome is not final."""
        outcomes = self._journal.latest_user_outcomes(self._digest).values()
        return any(outcome in (Outcome.FAILED, Outcome.UNCONFIRMED, Outcome.INTENT) for outcome in outcomes)

    def refuse_rolled_back(self) -> None:
        """Raise StalePlan for a plan that was rolled back as a whole: to go on with it would undo that half-way."""
        if self._digest in plans_rolled_back(self._journal):
            raise StalePlan(
                "This plan was rolled back as a whole; it cannot be applied again.",
                hint="Run `mfa-migrate export` and `mfa-migrate plan` to make a new one.",
            )

    def refuse_foreign_folder(self) -> None:
        """Raise StalePlan in a folder whose journal is about another tenant, or about a sandbox of the same one."""
        here = (self._plan.tenant_id, self._plan.cloud, self._plan.endpoint is not None)
        for _, plan in begun_plans(self._journal):
            if (plan.tenant_id, plan.cloud, plan.endpoint is not None) != here:
                where = f"{plan.tenant_name} ({plan.tenant_id}, {plan.cloud})"
                raise StalePlan(
                    f"This working folder holds runs against {where}{', a sandbox' if plan.endpoint else ''}.",
                    hint="Give each tenant, and each rehearsal, a --workspace of its own.",
                )

    def counts(self) -> Counter[str]:
        """Return the users of the run by latest outcome; who was found as asked already is no failure."""
        latest = self._journal.latest_user_outcomes(self._digest)
        counts = Counter(outcome.value for outcome in latest.values())
        skipped = {
            entry.object_id: entry.is_as_asked
            for entry in self._journal.entries(
                plan_digest=self._digest, operation=Operation.SET_MFA_STATE, outcomes=[Outcome.SKIPPED]
            )
            if latest.get(entry.object_id) is Outcome.SKIPPED
        }
        already = sum(skipped.values())
        counts[Outcome.SKIPPED.value] -= already
        counts[NOTHING_TO_DO] = already
        return +counts

    def unchanged_after(self, problem: MfaMigrateError) -> str:
        """Return what an error says about what was changed: all of this run counts, not only this process."""
        states = Counter(self._journal.latest_user_outcomes(self._digest).values())
        changed = states[Outcome.CONFIRMED] + states[Outcome.RECOVERED]
        doubtful = states[Outcome.INTENT] + states[Outcome.UNCONFIRMED]
        policies = len({entry.object_id for entry in policies_touched(self._journal, [self._digest])})
        parts = [
            f"{number} {what}"
            for number, what in (
                (changed, "users changed and read back"),
                (doubtful, "in doubt, to be read again first"),
                (policies, "policies touched"),
            )
            if number
        ]
        if not parts:
            return problem.unchanged
        so_far = f"This run so far: {', '.join(parts)}; all of it is in the journal."
        return so_far if problem.changed_nothing else f"{problem.unchanged} {so_far}"
