"""Counts whom a policy catches once it is switched on: newly required to use MFA, not MFA capable, newly blocked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from migrate.decide import policy_steps
from migrate.decide.accounts_of_nobody import room_licences
from migrate.decide.capability import Capabilities
from migrate.decide.coverage.judge import Judge
from migrate.decide.coverage.policy import Kind
from migrate.decide.directory_sync import sync_accounts
from migrate.decide.replay.blocking import InLog, PolicyBlocks, SignInLog
from migrate.model.capability import Capability, MfaCapable
from migrate.model.coverage import Verdict
from migrate.model.evidence import ConditionalAccessPolicy, Evidence
from migrate.model.impact import AcceptedPerson, Caught, PolicyImpact
from migrate.model.plan import Limits, NotePart, PlanNote, blocker, warning
from migrate.model.rules import DIRECTORY_SYNC_NAME
from migrate.model.snapshot import SubscribedSku
from migrate.model.users import AnyUser, MfaState, UnreadableUser, UserProfile
from migrate.model.words import FIRST, counted

SAMPLE = 5
"""How many user principal names a count shows."""


class Standing:
    """What holds of one user now and once the plan's policies are on; made once, asked by every policy."""

    def __init__(
        self, user: AnyUser, *, is_covered: bool, now: Capability, then: Capability, cannot_answer: bool
    ) -> None:
        """Take in what is known.

        Args:
            user: The user, read or not.
            is_covered: Whether enabled policies require MFA of every sign-in today.
            now: How the user stands to what policies ask today.
            then: How, once the plan's policies are on.
            cannot_answer: Whether nobody stands behind the account who could answer: a synchronization, a room.
        """
        self.user, self.is_covered, self.now, self.then = user, is_covered, now, then
        self.cannot_answer = cannot_answer

    @property
    def profile(self) -> UserProfile:
        """Return the user's profile."""
        return self.user.profile

    @property
    def is_newly_incapable(self) -> bool:
        """Tell whether the user could not answer once the policies are on, and is not in that trouble today."""
        return self.then.value is MfaCapable.NOT_CAPABLE and not (
            self.is_covered and self.now.value is MfaCapable.NOT_CAPABLE
        )

    def required(self) -> Caught:
        """Return what kind of number the user belongs to."""
        return required_of(self.user, is_covered=self.is_covered)


def required_of(user: AnyUser, *, is_covered: bool) -> Caught:
    """Return what kind of number a user belongs to. Unread and unknown never count as required already."""
    if is_covered:
        return Caught.REQUIRED_ALREADY
    if not isinstance(user, UnreadableUser) and user.mfa_state is MfaState.ENFORCED:
        return Caught.REQUIRED_ALREADY
    if not isinstance(user, UnreadableUser) and user.mfa_state is MfaState.ENABLED:
        registered = user.registration is not None and user.registration.is_mfa_registered
        return Caught.REQUIRED_ALREADY if registered else Caught.ENABLED_WITHOUT_METHOD
    return Caught.GUEST if user.profile.is_guest else Caught.NEWLY_REQUIRED


class Standings:
    """Tells how users stand now and once a plan's policies are on."""

    def __init__(
        self,
        *,
        today: Judge,
        now: Capabilities,
        then: Capabilities,
        evidence: Evidence,
        skus: Iterable[SubscribedSku],
    ) -> None:
        """Take in what is known of the tenant.

        Args:
            today: Judges by the policies that are enabled now.
            now: How people stand to what these ask.
            then: How, once the plan's policies are on.
            evidence: As it is now; it tells the accounts of the directory synchronization.
            skus: The subscriptions; they tell which accounts are rooms.
        """
        self._today, self._now, self._then = today, now, then
        self._sync_holders = sync_accounts(evidence)
        self._room_skus = room_licences(skus)

    def is_covered(self, profile: UserProfile) -> bool:
        """Tell whether enabled policies require MFA of every sign-in of a user today."""
        return self._today.coverage_of(profile).verdict is Verdict.COVERED

    def of(self, user: AnyUser) -> Standing:
        """Return how one user stands."""
        profile = user.profile
        is_room = bool(self._room_skus & set(profile.assigned_licenses or ()))
        return Standing(
            user,
            is_covered=self.is_covered(profile),
            now=self._now.of(profile, user.registration),
            then=self._then.of(profile, user.registration),
            cannot_answer=is_room or profile.id in self._sync_holders or profile.display_name == DIRECTORY_SYNC_NAME,
        )


class ImpactTally:
    """Counts whom one policy catches that a plan creates, switches on or widens."""

    def __init__(
        self,
        policy: ConditionalAccessPolicy,
        evidence: Evidence,
        accepted: Mapping[str, AcceptedPerson],
        *,
        key: str | None = None,
        widens: bool = False,
        told: Callable[[Caught, UserProfile], None] = lambda _, __: None,
    ) -> None:
        """Start with nobody.

        Args:
            policy: As it will be.
            evidence: As it will be.
            accepted: People by id whom the operator accepts by name as caught.
            key: What the plan's steps call the policy, where that is not its id.
            widens: Whether the policy is enabled already and will be for more people.
            told: Hears of everybody who is counted, and how.
        """
        self._policy, self._accepted, self._key, self._widens = policy, accepted, key or policy.id, widens
        self._alone = Judge(policy_steps.with_policies(evidence, (policy,)))
        self._blocks = any(reading.demand.kind is Kind.BLOCK for reading in self._alone.readings)
        self._numbers: Counter[Caught] = Counter()
        self._samples: dict[Caught, list[str]] = {}
        self._blocks_somewhere = False
        self._told = told
        self._evidence = evidence
        self._in_log: PolicyBlocks | None = None

    def know_log(self, log: SignInLog | None, today: Evidence) -> None:
        """Take in what was read of the sign-in log, and the evidence as it is now. Call it before `count`."""
        if log is not None:
            alone = policy_steps.with_policies(self._evidence, (self._policy,))
            self._in_log = PolicyBlocks(log, self._policy, today=today, after=self._evidence, alone=alone)

    def count(self, standing: Standing) -> None:
        """Take in one user."""
        profile = standing.profile
        if profile.is_agent:
            return
        verdict = self._alone.coverage_of(profile).verdict
        demands = verdict is not Verdict.UNCOVERED
        if not demands and not self._alone.asked_of(profile).policies:
            return
        if profile.account_enabled is False:
            self._add(Caught.DISABLED, profile)
            return
        self._count_blocked(standing, verdict)
        if demands and not self._blocks:
            self._add(standing.required(), profile)
        # Somebody who is blocked is asked for no method.
        if standing.is_newly_incapable and not (self._blocks and demands):
            self._add(Caught.NOT_CAPABLE, profile)
        elif demands and not self._blocks and standing.then.value is MfaCapable.UNKNOWN:
            self._add(Caught.CAPABLE_UNKNOWN, profile)

    def _count_blocked(self, standing: Standing, verdict: Verdict) -> None:
        """Count somebody once who is known to be blocked: by what the account is, or by what the log shows."""
        profile = standing.profile
        if self._blocks:
            known = verdict is Verdict.COVERED
            self._blocks_somewhere |= not known and verdict is not Verdict.UNCOVERED
        else:
            known = verdict is not Verdict.UNCOVERED and standing.cannot_answer and not standing.is_covered
        said = None if self._in_log is None else self._in_log.of(profile)
        if said is not None:
            self._add(Caught.NOT_SEEN if said is InLog.NOT_SEEN else Caught.SEEN, profile)
        if said is InLog.BLOCKED:
            self._add(Caught.BLOCKED_IN_LOG, profile)
        if known or said is InLog.BLOCKED:
            self._add(Caught.NEWLY_BLOCKED, profile)
        elif said is InLog.DEPENDS:
            self._add(Caught.MAYBE_BLOCKED, profile)

    def _add(self, caught: Caught, profile: UserProfile) -> None:
        if caught.is_accepted_by_name and profile.id in self._accepted:
            caught = Caught.ACCEPTED
        self._numbers[caught] += 1
        self._told(caught, profile)
        sample = self._samples.setdefault(caught, [])
        if len(sample) < SAMPLE:
            sample.append(profile.user_principal_name)

    def result(self) -> PolicyImpact:
        """Return the numbers."""
        return PolicyImpact(
            key=self._key,
            policy=self._policy.display_name,
            numbers={caught.value: self._numbers[caught] for caught in Caught if self._numbers[caught]},
            samples={caught.value: tuple(self._samples[caught]) for caught in Caught if caught in self._samples},
            blocks_some_sign_ins=self._blocks_somewhere,
            widens=self._widens,
        )


def beyond_limits(impact: PolicyImpact, limits: Limits) -> Iterator[PlanNote]:
    """Yield a blocker for each limit that one policy is beyond. Each limit is asked alone: none stands for another."""
    rows = (
        (
            Caught.NEWLY_REQUIRED,
            limits.max_newly_required,
            "max_newly_required",
            "would be newly required to use MFA",
            "Exclude them from the policy or narrow it",
        ),
        (
            Caught.NOT_CAPABLE,
            limits.max_not_mfa_capable,
            "max_not_mfa_capable",
            "would be asked for MFA and cannot answer: not MFA capable",
            "Exclude them from the policy, give each a Temporary Access Pass to register with, or accept them by name "
            "under [[accept_caught]]",
        ),
        (
            Caught.NEWLY_BLOCKED,
            limits.max_newly_blocked,
            "max_newly_blocked",
            "would be blocked",
            "`mfa-migrate show --newly-blocked` lists all. Exclude them from the policy, give each a Temporary Access "
            "Pass to register with and move them off what is refused, or accept them by name under [[accept_caught]]",
        ),
    )
    done = "Widening" if impact.widens else "Switching on"
    for caught, allowed, key, words, advice in rows:
        number = impact.number(caught)
        if number > allowed:
            yield blocker(
                caught.code,
                f"{done} {impact.policy!r}: {counted(number, 'person', 'people')} {words} (for example "
                f"{', '.join(impact.sample(caught)[:FIRST])}). {advice}, or raise limits.{key} from {allowed}.",
                policy=impact.policy,
                allowed=allowed,
                **_names(impact, caught),
            )


def impact_warnings(impacts: Sequence[PolicyImpact]) -> Iterator[PlanNote]:
    """Yield what has to be known of policies that are switched on, and what is not known."""
    for impact in impacts:
        policy = repr(impact.policy)
        if number := impact.number(Caught.ENABLED_WITHOUT_METHOD):
            yield warning(
                "enabled-without-method",
                f"{counted(number, 'person', 'people')} under {policy} with per-user MFA enabled and no method: legacy "
                "clients still take the password, and whoever signs in first registers. They are not protected today.",
                policy=impact.policy,
                n=number,
            )
        if number := impact.number(Caught.GUEST):
            yield warning(
                "guests-newly-required",
                f"{counted(number, 'guest')} would be newly required to use MFA by {policy}; limits do not count them.",
                policy=impact.policy,
                n=number,
            )
        if number := impact.number(Caught.CAPABLE_UNKNOWN):
            yield warning(
                "mfa-capable-unknown",
                f"Whether {counted(number, 'person', 'people')} could answer {policy} is unknown (for example "
                f"{', '.join(impact.sample(Caught.CAPABLE_UNKNOWN))}); `mfa-migrate explain USER` says why.",
                policy=impact.policy,
                **_names(impact, Caught.CAPABLE_UNKNOWN),
            )
        if number := impact.number(Caught.ACCEPTED):
            yield warning(
                "caught-accepted",
                f"{counted(number, 'person', 'people')} accepted by name although {policy} would catch them: "
                f"{', '.join(impact.sample(Caught.ACCEPTED))}.",
                policy=impact.policy,
                **_names(impact, Caught.ACCEPTED),
            )
        yield from _what_is_not_known(impact)


def _what_is_not_known(impact: PolicyImpact) -> Iterator[PlanNote]:
    """Yield what nobody can tell of whom a policy newly blocks: unread and unseen are never 0."""
    policy = repr(impact.policy)
    blocks = " It blocks some sign-ins by itself." if impact.blocks_some_sign_ins else ""
    look = "Look at its report-only results before it is switched on."
    also = ("blocks-some-sign-ins", "look-at-report-only") if blocks else ("look-at-report-only",)
    if not impact.log_was_read:
        yield warning(
            "newly-blocked-unknown",
            f"Whose sign-ins {policy} would newly block is unknown beyond the accounts that cannot answer: no sign-ins "
            f"were read (`mfa-migrate sign-ins read`).{blocks} {look}",
            policy=impact.policy,
            also=also,
        )
    elif unseen := impact.number(Caught.NOT_SEEN):
        yield warning(
            "newly-blocked-unknown",
            f"Whether {policy} would newly block {counted(unseen, 'person', 'people')} is unknown: the sign-ins that "
            f"were read have none of theirs (for example {_few(impact, Caught.NOT_SEEN)}).{blocks} {look}",
            policy=impact.policy,
            also=also,
            **_names(impact, Caught.NOT_SEEN),
        )
    if number := impact.number(Caught.MAYBE_BLOCKED):
        yield warning(
            "newly-blocked-depends",
            f"{policy} may newly block {counted(number, 'person', 'people')} (for example "
            f"{_few(impact, Caught.MAYBE_BLOCKED)}): the log does not say enough of their sign-ins; `mfa-migrate "
            "sign-ins replay` says what is missing.",
            policy=impact.policy,
            **_names(impact, Caught.MAYBE_BLOCKED),
        )


def _few(impact: PolicyImpact, caught: Caught) -> str:
    return ", ".join(impact.sample(caught)[:FIRST])


def _names(impact: PolicyImpact, caught: Caught) -> dict[str, NotePart]:
    return {"n": impact.number(caught), "names": impact.sample(caught)[:FIRST]}
