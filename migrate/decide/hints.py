"""What is worth a look besides the checks: it stops nothing, and no permission of ours shows it to its end."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from migrate.decide.checks import methods_policy
from migrate.decide.coverage.context import context_of
from migrate.decide.coverage.policy import Kind, PolicyReading
from migrate.model.doctor import Hint, HintCode, Standing, TenantFacts
from migrate.model.evidence import Evidence, PolicyState
from migrate.model.plan import NotePart, PlanNote, warning

SUBSCRIPTION_ACTIVATION = "45a330b1-b1ec-4cc1-9161-9f03992aa49f"
"""Application id by which Windows asks for its subscription (Windows Store for Business)."""
_FEDERATION = "https://learn.microsoft.com/graph/api/resources/internaldomainfederation"
_BEHAVIOURS: dict[str | None, tuple[str, str]] = {
    "acceptIfMfaDoneByFederatedIdp": (
        "MFA at the identity provider counts, and without its claim Entra asks by itself.",
        "Have people register a method here before their wave, unless the provider does MFA for all of them.",
    ),
    "enforceMfaByFederatedIdp": (
        "whoever comes without the claim is sent back to the identity provider; methods here are not asked.",
        "Make sure before the first wave that the provider can do MFA for everybody: else a policy shuts them out.",
    ),
    "rejectMfaByFederatedIdp": (
        "MFA at the identity provider does not count, and Entra always asks by itself.",
        "Have people register a method here before their wave, whatever they use at the provider.",
    ),
    None: (
        "the older switch SupportsMfa still decides, which Graph does not show; "
        "where that is not set either, a claim counts.",
        "Set federatedIdpMfaBehavior before the first wave, so that it is known who asks.",
    ),
}
"""What each value of federatedIdpMfaBehavior means once a policy asks for MFA, and what to do."""
_UNKNOWN_BEHAVIOUR = (
    "this version does not know that value, so it is not known whether the identity provider's claim counts.",
    "Read what it means before the first wave.",
)
_LOOK_AT_IT = "Look at it with `mfa-migrate doctor --with federation` (Domain.Read.All) before the first wave."
_LOOK_AGAIN = "Then run `mfa-migrate doctor --with federation` again, before the first wave."
_ACTIVATION = "https://learn.microsoft.com/entra/identity/conditional-access/policy-all-users-mfa-strength"


def hints_of(facts: TenantFacts) -> tuple[Hint, ...]:
    """Return what is worth a look in this tenant, with policies that are enabled or to be switched on.

    The migration of the methods policy is a check of its own, so it is a hint of the plan alone.
    """
    wanted = {name.casefold() for name in facts.switch_on}
    found = list(_federated(facts))
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
    hints = [*_federated(facts), *_activation(planned, taking_effect), *_methods(facts)]
    for hint in hints:
        sentence = f"{hint.says} {hint.fix}" if not hint.evidence else f"{hint.says} {_listed(hint)} {hint.fix}"
        is_told = hint.code is HintCode.SUBSCRIPTION_ACTIVATION
        parts: dict[str, NotePart] = {"policies": hint.evidence, "app": SUBSCRIPTION_ACTIVATION} if is_told else {}
        yield warning(hint.code.value, sentence, **parts)


def _listed(hint: Hint) -> str:
    return f"({', '.join(hint.evidence)})"


def _federated(facts: TenantFacts) -> Iterable[Hint]:
    organization = facts.organization
    if organization is None or not organization.federated_domains:
        return
    if facts.federation is None:
        yield Hint(
            code=HintCode.FEDERATED_DOMAINS,
            says="Domains are federated: federatedIdpMfaBehavior of each says whether the identity provider's claim "
            f"counts as MFA; it was not read. {facts.federation_problem}".rstrip(),
            evidence=organization.federated_domains,
            fix=_LOOK_AGAIN if facts.federation_problem else _LOOK_AT_IT,
            page=_FEDERATION,
        )
        return
    for value in sorted(set(facts.federation.values()), key=str):
        says, fix = _BEHAVIOURS.get(value, _UNKNOWN_BEHAVIOUR)
        yield Hint(
            code=HintCode.FEDERATED_DOMAINS,
            says=f"federatedIdpMfaBehavior is {value or 'not set'}: {says}",
            evidence=tuple(domain for domain, found in facts.federation.items() if found == value),
            fix=fix,
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
