"""Lay past sign-ins under today's policies, to see how far our judgement holds, and under the planned ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import assert_never

from migrate.decide.coverage.policy import PolicyReading
from migrate.decide.replay.judging import Judged, KindJudge, Risk
from migrate.decide.sign_ins.words import ways_of
from migrate.model.evidence import Evidence, PolicyState
from migrate.model.explanation import SignInOutcome
from migrate.model.instants import moment_of
from migrate.model.replay import Calibration, Change, ChangeCount, ChangedKind, IfRisky, Replay
from migrate.model.sign_ins import Form, SeenAs, SignInClass, SignInKind, WayIn
from migrate.model.users import UserProfile

MOST_DISAGREEING = 5
"""So many kinds stand for a disagreement."""
_WHOLE = 2**40
_NO_PROOF = frozenset({"unknown", "unknownfuturevalue", "notenoughinformation"})
"""Results that say neither that a policy applied nor that it did not."""
_PER_USER = "user"


def replayed(
    people: Iterable[SeenAs],
    profiles: Mapping[str, UserProfile],
    *,
    today: Evidence,
    planned: Evidence,
    switched_off: frozenset[str],
    cannot_answer: frozenset[str],
    agreement_limit: float,
) -> Replay:
    """Return what the sign-ins of the past would have met.

    Args:
        people: Who signed in in which kind, every form of the log.
        profiles: The users of the last export, by object id in lower case.
        today: The policies as they are.
        planned: The policies as they will be.
        switched_off: Object ids (lower case) of those whose per-user MFA the plan switches off; the others keep it.
        cannot_answer: Object ids of those who could not answer a request for MFA.
        agreement_limit: Share of attempts of a policy on which judgement and log must agree.
    """
    now, then = KindJudge(today), KindJudge(planned)
    compared = [_Compared(reading.id.lower()) for reading in now.readings]
    since = [_since(reading.policy.last_changed) for reading in now.readings]
    tally = _Tally(cannot_answer)
    strangers: set[str] = set()
    for one in people:
        profile = profiles.get(one.user_id)
        if profile is None:
            strangers.add(one.user_id)
            continue
        if not one.kind.outcome.reached_a_decision:
            continue
        _compare(one, now.judge(now.class_of(profile), one.kind), compared, since)
        user_class = then.class_of(profile)
        change, depends = _change(one, then.judge(user_class, one.kind), switched_off)
        tally.count(one, change, depends)
        for risk in then.risks_of(user_class):
            otherwise, _ = _change(one, then.judge(user_class, one.kind, risk), switched_off)
            if otherwise is not change:
                tally.count_risky(one, risk, otherwise)
    calibration = tuple(
        found.calibration(reading)
        for reading, found in zip(now.readings, compared, strict=True)
        if reading.policy.policy_state is not PolicyState.DISABLED
    )
    return Replay(
        counts=tally.counts(),
        changed=tally.changed(),
        calibration=calibration,
        not_proven=tuple(one.policy_id for one in calibration if one.share is None or one.share < agreement_limit),
        agreement_limit=agreement_limit,
        unknown_people=len(strangers),
        if_risky=tally.if_risky(),
        judged=now.judged + then.judged,
    )


# Calibration


@dataclass
class _Compared:
    policy_id: str
    agreed: int = 0
    disagreed: int = 0
    not_known: int = 0
    kinds: Counter[SignInKind] = field(default_factory=Counter)

    def calibration(self, reading: PolicyReading) -> Calibration:
        return Calibration(
            policy_id=reading.id,
            display_name=reading.name,
            agreed=self.agreed,
            disagreed=self.disagreed,
            not_known=self.not_known,
            disagreeing=tuple(kind for kind, _ in self.kinds.most_common(MOST_DISAGREEING)),
        )


def _compare(one: SeenAs, judged: Judged, compared: list[_Compared], since: list[int]) -> None:
    """Hold what we say of each policy against what the log says that it did."""
    if one.kind.results is None:
        return
    told = dict(one.kind.results)
    for found, ours, begin in zip(compared, judged.applies, since, strict=True):
        # Rows of before a policy's last change tell of another policy.
        attempts = one.seen.attempts_between(begin, _WHOLE)
        if attempts:
            _hold_against(one, found, ours, told, attempts)


def _hold_against(one: SeenAs, found: _Compared, ours: bool | None, told: Mapping[str, str], attempts: int) -> None:
    result = told.get(found.policy_id, "")
    if ours is None or result.casefold() in _NO_PROOF:
        found.not_known += attempts
    elif ours is bool(result):
        found.agreed += attempts
    else:
        found.disagreed += attempts
        found.kinds[one.kind] += attempts


def _since(changed: str | None) -> int:
    moment = None if changed is None else moment_of(changed)
    return 0 if moment is None else int(moment.timestamp())


# Replay


def _change(one: SeenAs, judged: Judged, switched_off: frozenset[str]) -> tuple[Change, tuple[str, ...]]:
    """Return what becomes of a sign-in, and on what it depends."""
    kind = one.kind
    asked = kind.multifactor is True if kind.was_asked is None else kind.was_asked
    asked_by = kind.asked_by or ()
    keeps_per_user = _PER_USER in asked_by and one.user_id not in switched_off
    if judged.outcome is None or judged.outcome is SignInOutcome.UNKNOWN:
        return Change.DEPENDS, judged.depends_on
    succeeded = kind.outcome is SignInClass.OK
    match judged.outcome:
        case SignInOutcome.NO_MFA:
            return (Change.LOSES_MFA if asked and not keeps_per_user else Change.SAME), ()
        case SignInOutcome.BLOCK:
            return (Change.NEWLY_BLOCKED if succeeded else Change.SAME), ()
        case SignInOutcome.MFA:
            if succeeded and not asked:
                # A program that hands over a password cannot answer.
                refused = WayIn.ROPC in ways_of(kind)
                return (Change.NEWLY_BLOCKED if refused else Change.NEWLY_REQUIRED), ()
            moves = asked_by == (_PER_USER,) and not kind.enforced_mfa and not keeps_per_user
            return (Change.MOVES_OVER if moves else Change.SAME), ()
    assert_never(judged.outcome)


class _Tally:
    """Counts attempts and people by change."""

    def __init__(self, cannot_answer: frozenset[str]) -> None:
        self._cannot_answer = cannot_answer
        self._attempts: Counter[tuple[Form, Change]] = Counter()
        self._people: dict[tuple[Form, Change], set[str]] = {}
        self._risky: dict[tuple[Risk, Change], list[SeenAs]] = {}
        self._kinds: dict[tuple[Change, tuple[str, ...], SignInKind], list[SeenAs]] = {}

    def count(self, one: SeenAs, change: Change, depends: tuple[str, ...]) -> None:
        place = (one.kind.form, change)
        self._attempts[place] += one.seen.attempts
        self._people.setdefault(place, set()).add(one.user_id)
        if change.needs_a_look:
            self._kinds.setdefault((change, depends, one.kind), []).append(one)

    def count_risky(self, one: SeenAs, risk: Risk, change: Change) -> None:
        self._risky.setdefault((risk, change), []).append(one)

    def if_risky(self) -> tuple[IfRisky, ...]:
        return tuple(
            IfRisky(
                risk=risk[0].value,
                level=risk[1],
                change=change,
                attempts=sum(one.seen.attempts for one in rows),
                people=tuple(sorted({one.user_id for one in rows})),
            )
            for (risk, change), rows in sorted(self._risky.items(), key=lambda item: repr(item[0]))
        )

    def counts(self) -> tuple[ChangeCount, ...]:
        return tuple(
            ChangeCount(form=form, change=change, attempts=self._attempts[form, change], people=len(found))
            for form in Form
            for change in Change
            if (found := self._people.get((form, change)))
        )

    def changed(self) -> tuple[ChangedKind, ...]:
        found = [
            ChangedKind(
                change=change,
                kind=kind,
                depends_on=depends,
                attempts=sum(one.seen.attempts for one in rows),
                last=max(one.seen.last for one in rows),
                people=tuple(sorted({one.user_id for one in rows})),
                silent=change is Change.NEWLY_REQUIRED and kind.silent,
                cannot_pass=tuple(
                    sorted({one.user_id for one in rows if one.user_id in self._cannot_answer})
                    if change is Change.NEWLY_REQUIRED
                    else ()
                ),
            )
            for (change, depends, kind), rows in self._kinds.items()
        ]
        order = list(Change)
        return tuple(sorted(found, key=lambda one: (order.index(one.change), -one.attempts, repr(one.kind))))
