"""Makes one row of a plan from what was decided about a user."""

from __future__ import annotations

from migrate.model.coverage import Assumption, Coverage, Verdict
from migrate.model.plan import NO_HOLD_PARTS, HoldParts, HoldReason, PlanAction, PlanRow
from migrate.model.users import AnyUser, MfaState, UserRecord

_HOLD_FOR = {
    Verdict.UNCOVERED: HoldReason.UNCOVERED,
    Verdict.PARTLY: HoldReason.PARTLY,
    Verdict.UNKNOWN: HoldReason.UNKNOWN,
}


def hold_for(coverage: Coverage) -> HoldReason:
    """Return why somebody is held back whose coverage is not proven."""
    if Assumption.PER_USER_MFA_POLICY in coverage.assumes:
        return HoldReason.MANAGED_POLICY
    return _HOLD_FOR[coverage.verdict]


def row_of(
    user: AnyUser,
    action: PlanAction,
    hold: HoldReason | None,
    reason: str,
    parts: HoldParts = NO_HOLD_PARTS,
    wave: int | None = None,
    covered_by: tuple[str, ...] = (),
) -> PlanRow:
    """Return the row of a user; whoever is disabled has a wave and what covers them."""
    return PlanRow(
        user_id=user.profile.id,
        user_principal_name=user.profile.user_principal_name,
        current_state=user.mfa_state if isinstance(user, UserRecord) else None,
        target_state=MfaState.DISABLED if action is PlanAction.DISABLE else None,
        wave=wave,
        action=action,
        hold_reason=hold,
        reason=reason,
        covered_by=covered_by,
        parts=parts,
    )


def parts_of(coverage: Coverage) -> HoldParts:
    """Return what keeps the verdict from being `covered`, as values."""
    policies = [one.policy for one in coverage.left_out] or list(coverage.in_doubt)
    return HoldParts(
        policies=tuple(policies),
        path=tuple(way for one in coverage.left_out for way in one.path),
        open_gaps=tuple(dict.fromkeys(gap.tag for gap in coverage.gaps)),
    )
