"""Make a plan: who is switched off in which wave, who is held back and why, and what stands in the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from datetime import timedelta

import msgspec

from migrate.decide import policy_steps
from migrate.decide.assumption_notes import about_baseline, about_managed, undated_answer
from migrate.decide.capability import Capabilities, not_yet
from migrate.decide.check_notes import check_notes
from migrate.decide.coverage.explaining import BASELINE_TAG
from migrate.decide.coverage.judge import Judge
from migrate.decide.exceptions import undecided
from migrate.decide.exclusions import ExclusionTally
from migrate.decide.guards import dependents
from migrate.decide.hints import hint_notes
from migrate.decide.idle_settings import idle_settings
from migrate.decide.impact import ImpactTally, Standings, beyond_limits, impact_warnings
from migrate.decide.kept_out import kept_out
from migrate.decide.lost_objects import lost_objects
from migrate.decide.plan_rows import hold_for, parts_of, row_of
from migrate.decide.policy_steps import OwnPast
from migrate.decide.replay.blocking import SignInLog
from migrate.decide.scope_notes import edited_warnings, scope_blockers, scope_warnings
from migrate.decide.settling import Settling, SettlingTally
from migrate.decide.template_notes import TemplateTally
from migrate.decide.wave_order import Moves, WaveOrder
from migrate.model.coverage import Assumption
from migrate.model.doctor import TenantFacts
from migrate.model.evidence import ConditionalAccessPolicy, Evidence, ReadStatus, evidence_digest
from migrate.model.impact import PolicyImpact
from migrate.model.instants import moment_of
from migrate.model.plan import (
    PLAN_FORMAT,
    HoldReason,
    PlanAction,
    PlanHeader,
    PlanKind,
    PlanNote,
    PlanRow,
    Severity,
    blocker,
    warning,
)
from migrate.model.readings import Readings
from migrate.model.rules import Rules
from migrate.model.sign_ins import WaysSeen
from migrate.model.snapshot import SnapshotHeader
from migrate.model.steps import weakens
from migrate.model.users import AnyUser, MfaState, UserProfile, UserRecord
from migrate.model.words import counted


class Planner:
    """Turns the users of a snapshot into plan rows, one at a time, and then into the plan's header.

    Pure: `rows` must be read to its end before `header` is asked for.
    """

    def __init__(
        self, snapshot: SnapshotHeader, evidence: Evidence, rules: Rules, past: OwnPast = policy_steps.NO_PAST
    ) -> None:
        self._snapshot, self._past = snapshot, past
        self._evidence = evidence
        self._rules = rules
        self._today = self._judge_of(evidence)
        prepared = policy_steps.prepare(snapshot.organization.tenant_id, evidence, rules, past)
        self.policy_steps, self._planned_evidence = prepared.steps, prepared.evidence
        self._judge = self._judge_of(self._planned_evidence)
        self._capable = Capabilities(self._planned_evidence, self._judge)
        self._standings = Standings(
            today=self._today,
            now=Capabilities(evidence, self._today),
            then=self._capable,
            evidence=evidence,
            skus=snapshot.skus,
        )
        accepted_people = {person.user_id: person for person in rules.accepted_caught}
        self._switched = tuple(
            ImpactTally(policy, self._planned_evidence, accepted_people, key=key, widens=key in prepared.widened)
            for key, policy in prepared.taking_effect.items()
        )
        self._taking_effect = frozenset(policy.id for policy in prepared.taking_effect.values())
        self._facts: TenantFacts | None = None
        self._templates = TemplateTally(prepared.kinds, self._planned_evidence, rules)
        self._exclusions = None if prepared.own is None else self._tally_of(prepared.own)
        self._accepted = frozenset(gap.tag for gap in rules.accepted_gaps)
        self._licensed_skus = frozenset(sku.sku_id for sku in snapshot.skus if sku.allows_conditional_access)
        self._settling: SettlingTally | None = None
        self._counts: Counter[str] = Counter()
        self._in_wave: Counter[int] = Counter()
        self._order = WaveOrder(rules, snapshot.organization.tenant_id)
        self._wave_names = {wave.number: wave.name for wave in self._order.waves({})}
        self._moves = Moves({})
        self._rests_on: set[str] = set()
        self._unlicensed = 0
        self._gaps_used: set[str] = set()
        self._assumed: Counter[Assumption] = Counter()
        """Planned users whose proof rests on something besides what was read."""
        self._waiting_for_answer = 0
        self._objections: dict[Hashable, str] = {}
        self._operator: UserProfile | None = None
        self._emergency_off: list[str] = []
        """Emergency access accounts that nobody can sign in with."""
        self._sync_accounts: dict[str, str] = {}
        """User principal names by id."""
        self._ways_in: dict[str, str] = {}
        """The same of the emergency access accounts."""
        self._lose: list[str] = []
        """People whose per-user MFA we disabled and of whom the plan's policies would require less."""

    def _tally_of(self, own: ConditionalAccessPolicy) -> ExclusionTally:
        today = self._snapshot.taken_on.isoformat()
        return ExclusionTally(own, self._planned_evidence, self._judge, self._rules, self._snapshot.skus, today)

    @property
    def planned_evidence(self) -> Evidence:
        """Return the evidence as it will be once the plan's own policies are on."""
        return self._planned_evidence

    def know_facts(self, facts: TenantFacts) -> None:
        """Take in what the checks of `doctor` look at, as far as the export tells it. Call it before `header`."""
        self._facts = facts

    def know_waves(self, before: Mapping[str, str]) -> None:
        """Take in the waves in which the plan before had people, by id. Call it before `rows`."""
        self._moves = Moves(before)

    def know_sign_ins(self, seen: WaysSeen | None) -> None:
        """Take in what the sign-in log shows, where one was read. Call it before `rows`."""
        if self._exclusions is not None:
            self._exclusions.know_sign_ins(seen)

    def know_log(self, log: SignInLog | None) -> None:
        """Take in the sign-ins of the past, where a log was read: whom policies newly block. Call it before `rows`."""
        for tally in self._switched:
            tally.know_log(log, self._evidence)

    def know_readings(self, readings: Readings | None) -> None:
        """Take in what the folder has seen, so that the plan says who has to settle. Call it before `rows`."""
        now = moment_of(self._snapshot.taken_at)
        if now is None:
            return
        settle = timedelta(seconds=self._rules.limits.policy_settle_seconds)
        settling = Settling(readings, self._planned_evidence, self._judge_of, now=now, settle=settle)
        self._settling = SettlingTally(settling, now)

    def _judge_of(self, evidence: Evidence) -> Judge:
        return Judge(evidence, apps_that_matter=self._rules.apps_that_matter, baseline=self._rules.baseline)

    def samples(self, users: Iterable[AnyUser]) -> dict[Hashable, UserProfile]:
        """Return one user of each class of those who would be planned: whom a second opinion is asked about."""
        found: dict[Hashable, UserProfile] = {}
        for user in users:
            if isinstance(user, UserRecord) and user.mfa_state is MfaState.DISABLED:
                continue
            if kept_out(user, self._evidence, self._rules) is not None:
                continue
            if self._judge.coverage_of(user.profile).is_proven(self._accepted):
                found.setdefault(self._judge.class_of(user.profile), user.profile)
        return found

    def object_to(self, objections: Mapping[Hashable, str]) -> None:
        """Hold back everybody of these classes, with the reason. Call it before `rows`."""
        self._objections.update(objections)

    def rows(self, users: Iterable[AnyUser]) -> Iterator[PlanRow]:
        """Yield one row for every user, in the order given."""
        for user in users:
            row = self._row(user)
            if not user.profile.is_agent:
                capability = self._capable.of(user.profile, user.registration)
                row = msgspec.structs.replace(row, mfa_capable=capability.cell)
            self._tally(user, row)
            if row.hold_reason is HoldReason.DIRECTORY_SYNC:
                self._sync_accounts[user.profile.id] = user.profile.user_principal_name
            if user.profile.id == self._rules.operator:
                self._operator = user.profile
            if user.profile.id in self._rules.emergency_access:
                self._ways_in[user.profile.id] = user.profile.user_principal_name
                if user.profile.account_enabled is False:
                    self._emergency_off.append(user.profile.user_principal_name)
            yield row

    def header(self, rows_sha256: str, *, tool_version: str) -> PlanHeader:
        """Return the plan's header. `rows_sha256` is the digest of plan.csv."""
        organization = self._snapshot.organization
        impacts = tuple(tally.result() for tally in self._switched)
        return PlanHeader(
            format=PLAN_FORMAT,
            kind=PlanKind.MIGRATE,
            tool_version=tool_version,
            created_at=self._snapshot.taken_at,
            tenant_id=organization.tenant_id,
            tenant_name=organization.display_name,
            tenant_domain=organization.default_domain,
            cloud=self._snapshot.cloud,
            endpoint=self._snapshot.endpoint,
            snapshot_id=self._snapshot.id,
            snapshot_taken_at=self._snapshot.taken_at,
            evidence_digest=evidence_digest(self._evidence),
            policy_steps=self.policy_steps,
            rests_on=tuple(sorted(self._rests_on)),
            waves=self._order.waves(self._in_wave),
            counts=dict(sorted(self._counts.items())),
            total_users=self._snapshot.users,
            notes=self._notes(impacts),
            newly_prompted=(),
            impacts=impacts,
            accepted_caught=self._rules.accepted_caught,
            policy_exclusions=self._rules.policy_exclusions,
            mfa_by_neither=() if self._exclusions is None else self._exclusions.neither,
            proposals=() if self._exclusions is None else self._exclusions.proposals,
            accepted_gaps=self._rules.accepted_gaps,
            apps_that_matter=None
            if self._rules.apps_that_matter is None
            else tuple(sorted(self._rules.apps_that_matter)),
            emergency_access=self._rules.emergency_access,
            baseline_scopes=self._rules.baseline if self._rules.baseline.is_answer else None,
            limits=self._rules.limits,
            rows_sha256=rows_sha256,
            # A list of --exclude may hold a hundred thousand people: who is in it stands in plan.csv.
            exclusions=tuple(one for _, one in sorted(self._rules.exclusions.items()) if one.expires),
            emergency_decision=self._rules.emergency_decision,
        )

    # One user

    def _row(self, user: AnyUser) -> PlanRow:
        profile = user.profile
        if isinstance(user, UserRecord) and user.mfa_state is MfaState.DISABLED:
            if profile.id in self._past.disabled and any(map(weakens, self.policy_steps)):
                found = dependents([profile], self._today, self._judge, self._accepted)
                self._lose += [each.user_principal_name for each in found]
            return row_of(user, PlanAction.NONE, None, "per-user MFA is off already")
        held = kept_out(user, self._evidence, self._rules)
        if held is not None:
            return row_of(user, PlanAction.HOLD, *held)
        coverage = self._judge.coverage_of(profile)
        if not coverage.is_proven(self._accepted):
            self._waiting_for_answer += any(gap.tag == BASELINE_TAG for gap in coverage.gaps)
            return row_of(user, PlanAction.HOLD, hold_for(coverage), coverage.reason, parts_of(coverage))
        objection = self._objections.get(self._judge.class_of(profile))
        if objection is not None:
            return row_of(user, PlanAction.HOLD, HoldReason.UNKNOWN, objection)
        self._rests_on.update(coverage.covered_by_ids)
        self._gaps_used.update(coverage.leans_on(self._accepted))
        self._assumed.update(coverage.assumes)
        if self._settling is not None:
            self._settling.count(profile, self._accepted)
        assert isinstance(user, UserRecord)
        capability = self._capable.of(profile, user.registration)
        wave = self._order.of(profile.id, is_capable=not not_yet(capability, profile))
        reason = coverage.summary if capability.value.can_pass else f"{coverage.summary}; {capability.sentence}"
        return row_of(user, PlanAction.DISABLE, None, reason, parts_of(coverage), wave, coverage.covered_by)

    def _tally(self, user: AnyUser, row: PlanRow) -> None:
        key = f"hold/{row.hold_reason}" if row.hold_reason is not None else row.action.value
        self._counts[key] += 1
        if row.action is PlanAction.DISABLE and row.wave is not None:
            self._in_wave[row.wave] += 1
            self._moves.count(user.profile.id, user.profile.user_principal_name, self._wave_names[row.wave])
            licences = user.profile.assigned_licenses
            if licences is not None and not self._licensed_skus & set(licences):
                self._unlicensed += 1
        if self._templates.is_asked:
            self._templates.count(user.profile, self._capable.of(user.profile, user.registration))
        if self._exclusions is not None:
            self._exclusions.count(user)
        if self._switched:
            standing = self._standings.of(user)
            for tally in self._switched:
                tally.count(standing)

    # The whole

    def _notes(self, impacts: tuple[PolicyImpact, ...]) -> tuple[PlanNote, ...]:
        notes = [*self._blockers(impacts), *self._warnings(), *impact_warnings(impacts)]
        if self._facts is not None:
            said = {note.code for note in notes}
            notes += check_notes(self._facts, said=said, planned=sum(self._in_wave.values()))
            notes += hint_notes(self._facts, self._planned_evidence, self._taking_effect)
        # Blockers first, whoever found them.
        return tuple(sorted(notes, key=lambda note: note.severity is not Severity.BLOCKER))

    def _blockers(self, impacts: tuple[PolicyImpact, ...]) -> Iterator[PlanNote]:
        if not self._licensed_skus:
            yield blocker(
                "no-licence",
                "The tenant has no Entra ID P1 or P2 licence, so Conditional Access is not available. "
                "Security defaults are the way for this tenant; keep per-user MFA until then.",
            )
        if self._evidence.security_defaults_enabled:
            yield blocker(
                "security-defaults",
                "Security defaults are on. Conditional Access policies cannot be enabled beside them, and they do "
                "not count as coverage. Turn them off and the policies on in one sitting, then export again.",
            )
        if self._emergency_off:
            yield blocker(
                "emergency-access-disabled",
                f"Disabled, so no way in: the emergency access accounts {', '.join(sorted(self._emergency_off))}. "
                "Enable them and sign in with each once, or name others under [emergency_access].",
                n=len(self._emergency_off),
                names=tuple(sorted(self._emergency_off)),
            )
        if self._assumed[Assumption.BASELINE_ANSWER]:
            yield from undated_answer(self._rules.baseline)
        yield from scope_blockers(self.policy_steps, self._lose)
        yield from self._templates.blockers()
        yield from policy_steps.blockers(
            self._evidence,
            self._rules,
            self.policy_steps,
            frozenset(self._sync_accounts),
            names=self._sync_accounts | self._ways_in,
        )
        if self._operator is not None and self._operator.id not in self._rules.emergency_access:
            coverage = self._judge.coverage_of(self._operator)
            if not coverage.is_proven(self._accepted):
                yield blocker(
                    "operator-not-covered",
                    f"{self._operator.user_principal_name}, the account that is signed in, is not covered itself: "
                    f"{coverage.reason}. Have it covered first, or sign in with an account that is.",
                )
        for impact in impacts:
            yield from beyond_limits(impact, self._rules.limits)

    def _warnings(self) -> Iterator[PlanNote]:
        rules = self._rules
        yield from undecided(rules)
        yield from idle_settings(rules)
        if rules.operator is not None and self._operator is None:
            yield warning(
                "operator-not-judged",
                f"{self._snapshot.actor.name}, who made the export, is no user of this tenant; a partner's operator is "
                "none. Whether it stays covered is not judged: see `mfa-migrate doctor --only operator`.",
                who=self._snapshot.actor.name,
            )
        if self._settling is not None:
            yield from self._settling.notes()
        yield from self._moves.notes()
        yield from edited_warnings(self._past.written, self._evidence)
        yield from scope_warnings(self.policy_steps, rules.limits)
        if self._exclusions is not None:
            yield from self._exclusions.notes()
        if rules.emergency_none is not None:
            yield warning("no-emergency-access", f"No emergency access account is configured: {rules.emergency_none}")
        elif len(rules.emergency_access) == 1:
            yield warning("one-emergency-access", "Only one emergency access account is configured; two are advised.")
        if self._unlicensed:
            yield warning(
                "unlicensed-users",
                f"{counted(self._unlicensed, 'user')} of the plan without an Entra ID P1 or P2 licence. "
                "Conditional Access works all the same; each is a licence to be had.",
                n=self._unlicensed,
            )
        yield from about_baseline(
            self._assumed[Assumption.BASELINE_ANSWER], self._waiting_for_answer, self._rules.baseline
        )
        used = [policy for policy in self._planned_evidence.policies if policy.id in self._rests_on]
        held = self._counts[f"hold/{HoldReason.MANAGED_POLICY}"]
        yield from about_managed(self._assumed[Assumption.MANAGED_SCOPE], held, used)
        for code, sentence in (self._evidence.beta.notes if self._evidence.beta is not None else {}).items():
            yield warning(code, sentence)
        for code, sentence in (
            self._evidence.capability.notes if self._evidence.capability is not None else {}
        ).items():
            yield warning(code, sentence)
        for objection in self._objections.values():
            yield warning("what-if-disagrees", objection)
        unread = self._counts[f"hold/{HoldReason.UNREADABLE}"]
        if unread:
            said = f"{counted(unread, 'user')} could not be read and will not be planned."
            yield warning("unreadable-users", said, n=unread)
        for gap in rules.accepted_gaps:
            if gap.tag in self._gaps_used:
                said = f"Accepted until {gap.expires}: {gap.tag} stays open ({gap.reason})."
                yield warning("accepted-gap", said, until=gap.expires, gap=gap.tag, because=gap.reason)
            else:
                yield warning(
                    "unused-acceptance",
                    f"accept_partial names {gap.tag!r}, and no planned user needs it: the region is closed, or the tag "
                    "is misspelt. `mfa-migrate coverage` prints the tags of what is open.",
                    gap=gap.tag,
                )
        for lost in lost_objects(self._evidence):
            unread = lost.status in (ReadStatus.HIDDEN, ReadStatus.UNREADABLE)
            yield warning(
                f"unread-{lost.kind.value}" if unread else f"{lost.status.value}-{lost.kind.value}", lost.sentence
            )
