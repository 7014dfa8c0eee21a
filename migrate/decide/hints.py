"""What is worth a look besides the checks: it stops nothing, and no permission of ours shows it to its end."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from migrate.decide.checks import methods_policy
from migrate.decide.coverage.context import context_of
from migrate.decide.coverage.policy import Kind, PolicyReading
from migrate.model.doctor import Hint, HintCode, Standing, TenantFacts
from migrate.model.evidence import Evidence, PolicyState
from migrate.model.plan import PlanNote, Severity
from migrate.model.snapshot import Organization

SUBSCRIPTION_ACTIVATION = "45a330b1-b1ec-4cc1-9161-9f03992aa49f"
"""Application id by which Windows asks for its subscription (Windows Store for Business)."""
_FEDERATION = "https://learn.microsoft.com/graph/api/resources/internaldomainfederation"
_ACTIVATION = "https://learn.microsoft.com/entra/identity/conditional-access/policy-all-users-mfa-strength"


def hints_of(facts: TenantFacts) -> tuple[Hint, ...]:
    """Return what is worth a look in this tenant, with policies that are enabled or to be switched on.

    The migration of the methods policy is a check of its own, so it is a hint of the plan alone.
    """
    wanted = {name.casefold() for name in facts.switch_on}
    found = list(_federated(facts.organization))
    if facts.evidence is not None:
        in_force = [
            policy.id
            for policy in facts.evidence.policies
            if policy.policy_state is PolicyState.ENABLED
            or {policy.id.casefold(), policy.display_name.casefold()} & wanted
        ]
        found += _activation(facts.evidence, in_force)
    return tuple(found)


def hint_notes(facts: TenantFacts, planned: Evidence, taking_effect: Collection[str]) -> Iterator[PlanNote]:
    """Yield the hints as warnings of a plan; of policies only those count that the plan itself brings into effect.

    Args:
        facts: What the export tells.
        planned: The evidence as it will be.
        taking_effect: Ids of the policies that are created, switched on or widened.
    """
    hints = [*_federated(facts.organization), *_activation(planned, taking_effect), *_methods(facts)]
    for hint in hints:
        sentence = f"{hint.says} {hint.fix}" if not hint.evidence else f"{hint.says} {_listed(hint)} {hint.fix}"
        yield PlanNote(severity=Severity.WARNING, code=hint.code.value, sentence=sentence)


def _listed(hint: Hint) -> str:
    return f"({', '.join(hint.evidence)})"


def _federated(organization: Organization | None) -> Iterable[Hint]:
    if organization is not None and organization.federated_domains:
        yield Hint(
            code=HintCode.FEDERATED_DOMAINS,
            says="Domains are federated: federatedIdpMfaBehavior of each says whether the identity provider's claim "
            "counts as MFA, and no permission of ours shows it.",
            evidence=organization.federated_domains,
            fix="Look at it with Get-MgDomainFederationConfiguration -DomainId DOMAIN (Domain.Read.All) before the "
            "first wave.",
            page=_FEDERATION,
        )


def _activation(evidence: Evidence, ids: Collection[str]) -> Iterable[Hint]:
    names = [one.name for one in context_of(evidence).readings if one.id in ids and _asks_of_windows(one)]
    if names:
        yield Hint(
            code=HintCode.SUBSCRIPTION_ACTIVATION,
            says="Subscription Activation fails under MFA for all resources on Windows before 11 23H2 with KB5034848.",
            evidence=tuple(names),
            fix=f"Update those machines first. Excluding its application ({SUBSCRIPTION_ACTIVATION}) from the policy "
            "would open the gap app:baselineScopes.",
            page=_ACTIVATION,
        )


def _asks_of_windows(reading: PolicyReading) -> bool:
    targets = reading.targets
    everywhere = targets.all_resources or targets.leaves_out
    return everywhere and reading.demand.kind is Kind.MFA and SUBSCRIPTION_ACTIVATION not in targets.excluded_apps


def _methods(facts: TenantFacts) -> Iterable[Hint]:
    found = methods_policy.check(facts)
    if found.standing is Standing.WARN:
        yield Hint(code=HintCode.METHODS_POLICY, says=found.says, fix=found.fix, page=found.page)
