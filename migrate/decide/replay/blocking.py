"""Whom one policy would newly block, as far as the sign-in log shows: what succeeded and would be refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum, auto

from migrate.decide.replay.judging import Judged, KindJudge
from migrate.decide.sign_ins.words import ways_of
from migrate.model.evidence import ConditionalAccessPolicy, Evidence, PolicyState
from migrate.model.explanation import SignInOutcome
from migrate.model.instants import moment_of
from migrate.model.sign_ins import SeenAs, SignInClass, SignInSource, WayIn
from migrate.model.users import UserProfile


class InLog(Enum):
    """What the log says of one person under one policy."""

    NOT_SEEN = auto()
    """No sign-in of the person that reached a decision: nothing is known, which never means safe."""
    PASSES = auto()
    DEPENDS = auto()
    """Some sign-in might be refused; the log does not say enough."""
    BLOCKED = auto()


class SignInLog:
    """The sign-ins of the past by person, kept as kinds. Everybody may ask; nobody changes it."""

    def __init__(self, sources: Iterable[SignInSource], people: Iterable[SeenAs]) -> None:
        self._seen: set[str] = set()
        self._succeeded: dict[str, list[SeenAs]] = {}
        self.sources = tuple(sources)
        for one in people:
            if one.kind.outcome.reached_a_decision:
                self._seen.add(one.user_id)
            if one.kind.outcome is SignInClass.OK:
                self._succeeded.setdefault(one.user_id, []).append(one)

    def has(self, profile: UserProfile) -> bool:
        """Tell whether the log has a sign-in of this person that reached a decision."""
        return profile.id.lower() in self._seen

    def successes_of(self, profile: UserProfile) -> list[SeenAs]:
        """Return the sign-ins of this person that succeeded."""
        return self._succeeded.get(profile.id.lower(), [])


ReadLog = Callable[[], SignInLog | None]
"""Returns what the folder holds of the log; None where no log was read."""


class PolicyBlocks:
    """Judges the sign-ins of the past under one policy."""

    def __init__(
        self, log: SignInLog, policy: ConditionalAccessPolicy, *, today: Evidence, after: Evidence, alone: Evidence
    ) -> None:
        """Take in what is known.

        Args:
            log: The sign-ins of the past.
            policy: As it will be.
            today: The evidence as it is now: what is refused already is not newly blocked.
            after: The evidence as it will be, other policies of the plan included.
            alone: The same with this policy alone.
        """
        self._log, self._policy = log, policy
        self._now, self._then, self._alone = KindJudge(today), KindJudge(after), KindJudge(alone)
        self._changed = _last_change(today)

    def of(self, profile: UserProfile) -> InLog:
        """Return what the log says of one person."""
        if not self._log.has(profile):
            return InLog.NOT_SEEN
        worst = InLog.PASSES
        for one in self._log.successes_of(profile):
            said = self._of_one(profile, one)
            if said is InLog.BLOCKED:
                return said
            if said is InLog.DEPENDS:
                worst = said
        return worst

    def _of_one(self, profile: UserProfile, one: SeenAs) -> InLog:
        alone = self._alone.judge(self._alone.class_of(profile), one.kind)
        may, must = _refusal(alone, one)
        if not may or self._is_refused_already(profile, one):
            return InLog.PASSES
        # Two policies together may refuse what each alone leaves open: the whole plan has the last word.
        _, surely = _refusal(self._then.judge(self._then.class_of(profile), one.kind), one)
        return InLog.BLOCKED if must or surely else InLog.DEPENDS

    def _is_refused_already(self, profile: UserProfile, one: SeenAs) -> bool:
        """Tell whether today's policies refuse it. A success since their last change proves that they do not."""
        if self._changed is None or one.seen.last > self._changed:
            return False
        return _refusal(self._now.judge(self._now.class_of(profile), one.kind), one)[1]


def _refusal(judged: Judged, one: SeenAs) -> tuple[bool, bool]:
    """Tell whether a sign-in may be refused, and whether it surely is. What the evaluator does not know may be."""
    refused = {SignInOutcome.BLOCK}
    if WayIn.ROPC in ways_of(one.kind) and one.kind.was_asked is not True:
        refused.add(SignInOutcome.MFA)  # a program that hands over a password cannot answer
    return bool(judged.outcomes & (refused | {SignInOutcome.UNKNOWN})), judged.outcomes <= refused


def _last_change(evidence: Evidence) -> float | None:
    """Return when an enabled policy was last changed (seconds since 1970); None where that is not known of all."""
    moments = [
        None if policy.last_changed is None else moment_of(policy.last_changed)
        for policy in evidence.policies
        if policy.policy_state is PolicyState.ENABLED
    ]
    known = [moment.timestamp() for moment in moments if moment is not None]
    return max(known) if known and len(known) == len(moments) else None
