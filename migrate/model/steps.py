"""What a plan does, one change at a time: each step knows what was before it, and the step that undoes it."""

from __future__ import annotations

from typing import assert_never

from migrate.model.evidence import PolicyState
from migrate.model.plan_part import PlanPart
from migrate.model.policy_scope import SetPolicyScope
from migrate.model.record import JsonObject
from migrate.model.users import MfaState


class SetMfaState(PlanPart, frozen=True, kw_only=True, tag_field="step", tag="SetMfaState"):
    """Set one user's per-user MFA state."""

    user_id: str
    user_principal_name: str
    before: MfaState
    after: MfaState
    wave: int
    because: str
    uncovered_accepted: str = ""
    """The reason why this one user may be switched off without proof; `--accept-uncovered`, or a restore."""

    def reverse(self) -> SetMfaState:
        """Return the step that puts the user back."""
        return SetMfaState(
            user_id=self.user_id,
            user_principal_name=self.user_principal_name,
            before=self.after,
            after=self.before,
            wave=self.wave,
            because=f"undoes: {self.because}",
        )


class CreatePolicy(PlanPart, frozen=True, kw_only=True, tag_field="step", tag="CreatePolicy"):
    """Create a Conditional Access policy, report-only."""

    key: str
    """Marker that stands in the policy's description: it is found again by it and never created twice."""
    display_name: str
    body: JsonObject
    because: str

    def reverse(self) -> DeletePolicy:
        """Return the step that removes the policy again."""
        return DeletePolicy(
            key=self.key, display_name=self.display_name, body=self.body, because=f"undoes: {self.because}"
        )


class SetPolicyState(PlanPart, frozen=True, kw_only=True, tag_field="step", tag="SetPolicyState"):
    """Move a Conditional Access policy from one state to another; every other member stays as it is."""

    key: str
    """The policy's id, or the marker of one that the plan creates."""
    display_name: str
    before: PolicyState
    after: PolicyState
    because: str

    def reverse(self) -> SetPolicyState:
        """Return the step that moves the policy back."""
        return SetPolicyState(
            key=self.key,
            display_name=self.display_name,
            before=self.after,
            after=self.before,
            because=f"undoes: {self.because}",
        )

    @property
    def weakens(self) -> bool:
        """Tell whether the policy stops demanding anything."""
        return self.before is PolicyState.ENABLED and self.after is not PolicyState.ENABLED

    @property
    def switches_on(self) -> bool:
        """Tell whether the policy is enabled afterwards."""
        return self.after is PolicyState.ENABLED


class DeletePolicy(PlanPart, frozen=True, kw_only=True, tag_field="step", tag="DeletePolicy"):
    """Delete a policy that this workspace created and that nobody has edited since."""

    key: str
    display_name: str
    body: JsonObject
    """What was created; the policy must still say the same, its state aside."""
    because: str

    def reverse(self) -> CreatePolicy:
        """Return the step that creates the policy again."""
        return CreatePolicy(
            key=self.key, display_name=self.display_name, body=self.body, because=f"undoes: {self.because}"
        )


PolicyStep = CreatePolicy | SetPolicyState | SetPolicyScope | DeletePolicy


def weakens(step: PolicyStep) -> bool:
    """Tell whether a step may take protection away from somebody (design rule 7)."""
    match step:
        case CreatePolicy():
            return False
        case SetPolicyState() | SetPolicyScope():
            return step.weakens
        case DeletePolicy():
            return True
        case _:
            assert_never(step)
