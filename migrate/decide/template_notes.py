"""Who stands in the way of switching on a policy whose effect report-only cannot show, or that must never lock out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrate.decide.exclusions import Excluded
from migrate.model.capability import Capability
from migrate.model.evidence import Evidence
from migrate.model.plan import NotePart, PlanNote, blocker
from migrate.model.rules import Rules
from migrate.model.templates import Template
from migrate.model.users import UserProfile
from migrate.model.words import counted, some_of

SHOWN = 5


class TemplateTally:
    """Goes through the users of a plan once, for the policies of ours that it switches on."""

    def __init__(self, switched_on: Sequence[Template], evidence: Evidence, rules: Rules) -> None:
        self._registration = Template.SECURITY_INFORMATION in switched_on and not any(
            wish.temporary_access_pass for wish in rules.wishes if wish.template is Template.SECURITY_INFORMATION
        )
        self._emergency = Template.EMERGENCY_ACCESS in switched_on
        self._excluded, self._accounts = Excluded(rules.policy_exclusions, evidence), frozenset(rules.emergency_access)
        self._cannot_register: list[str] = []
        self._locked_out: list[str] = []

    @property
    def is_asked(self) -> bool:
        """Tell whether anything is switched on that people could stand in the way of."""
        return self._registration or self._emergency

    def count(self, profile: UserProfile, capability: Capability) -> None:
        """Take in one user; `capability` is how the user stands once the plan's policies are on."""
        if profile.id in self._accounts:
            if self._emergency and not capability.value.can_pass:
                self._locked_out.append(profile.user_principal_name)
            return
        if not self._registration or profile.is_guest or profile.is_agent or profile.account_enabled is False:
            return
        if self._excluded.by(profile) is None and (not capability.value.can_pass or capability.sms_voice_only):
            self._cannot_register.append(profile.user_principal_name)

    def blockers(self) -> Iterator[PlanNote]:
        """Yield what keeps a policy from being switched on."""
        if self._cannot_register:
            number = counted(len(self._cannot_register), "person", "people")
            yield blocker(
                "security-information-not-capable",
                f"The policy for registering security information asks for MFA, and {number} could not answer, or by "
                f"SMS or voice only ({_named(self._cannot_register)}): they could never register anything. Have them "
                "register first, or name the process by which they get a Temporary Access Pass: "
                "temporary_access_pass beside the entry of [[policy.template]].",
                **_names(self._cannot_register),
            )
        if self._locked_out:
            yield blocker(
                "emergency-access-not-phishing-resistant",
                f"{_named(self._locked_out)} are not known to have a phishing-resistant method, and the policy would "
                "lock the emergency access accounts out. Register a passkey or a certificate for each, sign in with it "
                "once, then export and plan again.",
                **_names(self._locked_out),
            )


def _named(names: Sequence[str]) -> str:
    return some_of(names, SHOWN)


def _names(names: Sequence[str]) -> dict[str, NotePart]:
    return {"n": len(names), "names": tuple(names[:SHOWN])}
