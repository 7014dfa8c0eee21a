"""Finds the steps that may close gaps, and those that are never proposed. Whether a step helps is judged elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import assert_never

from migrate.decide import policy_steps
from migrate.decide.advice.taking import excluded_in, ours
from migrate.decide.coverage.context import context_of
from migrate.decide.coverage.locations import ALL_TRUSTED
from migrate.decide.coverage.policy import Kind, PolicyReading
from migrate.decide.coverage.vocabulary import (
    APP_NAMES,
    COMPLIANT_NETWORK,
    LEGACY_CLIENTS,
    MFA_TRUSTED_IPS,
    Axis,
)
from migrate.decide.directory_sync import are_unknown, sync_accounts
from migrate.decide.own_policies import MARKER_PREFIX
from migrate.model.advice import AllClientApps, CreateOurs, Ended, EndExclusion, Never, Remedy, SwitchOn, WidenOurs
from migrate.model.evidence import ConditionalAccessPolicy, Evidence, PolicyState, ReadStatus
from migrate.model.managed import is_for_per_user_mfa, is_managed
from migrate.model.rules import Rules

SINGLE_PEOPLE = 20
"""Exclusions of single people are proposed for so many at most: those whom the most policies name."""

_FLOWS_APART = frozenset({"deviceCodeFlow", "authenticationTransfer"})


def candidates_of(tenant_id: str, evidence: Evidence, rules: Rules) -> tuple[Remedy, ...]:
    """Return every step there is, in a stable order, those that must never be proposed included.

    `evidence` is the tenant as it will be once the policies of the configuration are on.
    """
    found: list[Remedy] = [remedy for remedy, _ in ours(tenant_id, evidence, rules)]
    readings = [reading for reading in context_of(evidence).readings if counts(reading)]
    people = _most_excluded(readings, frozenset(rules.emergency_access) | sync_accounts(evidence))
    names = Names(evidence)
    for reading in readings:
        policy = reading.policy
        # One of ours that is only planned is no policy of the tenant yet: the configuration says whether it comes on.
        if policy.policy_state is PolicyState.REPORT_ONLY and not policy.id.startswith(MARKER_PREFIX):
            found.append(SwitchOn(policy_id=policy.id, policy=policy.display_name, managed=is_managed(policy)))
        if not _is_blocking_widely(reading):
            found += (
                one
                for one in ends_of(policy, names)
                if one.what.is_proposed and (one.what is not Ended.PERSON or one.target.casefold() in people)
            )
        if reading.demand.kind is Kind.MFA and reading.limits.get(Axis.CLIENT) is not None:
            found.append(AllClientApps(policy_id=policy.id, policy=policy.display_name))
    return tuple(found)


def counts(reading: PolicyReading) -> bool:
    """Tell whether a policy could demand anything of a person's sign-in, today or after a step."""
    if reading.policy.policy_state is PolicyState.DISABLED or reading.set_aside is not None:
        return False
    return reading.demand.kind is not Kind.NOTHING


def _is_blocking_widely(reading: PolicyReading) -> bool:
    """Tell whether a policy blocks ordinary clients: what it leaves out, it leaves out so that people can work."""
    clients, flows = reading.limits.get(Axis.CLIENT), reading.limits.get(Axis.FLOW)
    narrow = (clients is not None and clients <= LEGACY_CLIENTS) or (flows is not None and flows <= _FLOWS_APART)
    return reading.demand.kind is Kind.BLOCK and not narrow


def ends_of(policy: ConditionalAccessPolicy, names: Names) -> Iterator[EndExclusion]:
    """Yield the end of each exclusion of a policy, proposed or not."""
    for what in Ended:
        for target in excluded_in(policy.raw, what):
            if target.casefold() == "none" or names.is_gone(what, target):
                continue
            yield EndExclusion(
                policy_id=policy.id,
                policy=policy.display_name,
                what=what,
                target=target,
                target_name=names.of(what, target),
            )


def _most_excluded(readings: Iterable[PolicyReading], spared: frozenset[str]) -> frozenset[str]:
    """Return the single people whom the most policies exclude by name, and those who have to be excluded.

    The latter are excluded from nearly every policy and are never proposed: they take nobody's place.
    """
    times = Counter(user_id for reading in readings for user_id in sorted(reading.exclude.users))
    others = sorted(times.keys() - spared, key=lambda user_id: (-times[user_id], user_id))
    return frozenset(others[:SINGLE_PEOPLE]) | (times.keys() & spared)


class Names:
    """What excluded objects are called."""

    def __init__(self, evidence: Evidence) -> None:
        self._groups, self._roles = evidence.groups, evidence.roles
        self._places = {
            str(raw.get("id")).casefold(): str(raw.get("displayName") or raw.get("id"))
            for raw in evidence.named_locations
        } | {
            ALL_TRUSTED: "all trusted locations",
            COMPLIANT_NETWORK: "the compliant network",
            MFA_TRUSTED_IPS: "the MFA trusted IPs",
        }

    def is_gone(self, what: Ended, target: str) -> bool:
        """Tell whether nobody is in it, so that its exclusion means nothing."""
        group = self._groups.get(target.casefold()) if what is Ended.GROUP else None
        return group is not None and group.status is ReadStatus.GONE

    def of(self, what: Ended, target: str) -> str:
        """Return the name of what is excluded, or how it stands in the policy."""
        key = target.casefold()
        match what:
            case Ended.GROUP:
                group = self._groups.get(key)
                return target if group is None else group.display_name or target
            case Ended.LOCATION:
                return self._places.get(key, target)
            case Ended.APPLICATION:
                return APP_NAMES.get(key, target)
            case Ended.ROLE:
                role = self._roles.get(key)
                return target if role is None else role.display_name or target
            case Ended.GUESTS:
                return "guests and external users"
            case Ended.PERSON | Ended.PLATFORM:
                return target
            case _:
                assert_never(what)


class Bans:
    """Says which steps must never be proposed, whatever they would close."""

    def __init__(self, evidence: Evidence, rules: Rules, known_sync_accounts: frozenset[str]) -> None:
        """Take in who must never be caught.

        `known_sync_accounts` are ids of accounts of the directory synchronization that no role shows.
        """
        self._evidence, self._rules = evidence, rules
        self._emergency = frozenset(rules.emergency_access)
        self._known_sync = known_sync_accounts
        self._sync = sync_accounts(evidence) | known_sync_accounts
        self._readings: Mapping[str, PolicyReading] = {one.id: one for one in context_of(evidence).readings}

    def why_never(self, remedy: Remedy) -> Never | None:
        """Return why a step is not proposed, or None."""
        reading = self._readings.get(remedy.policy_id)
        if reading is not None and is_for_per_user_mfa(reading.policy):
            return Never.PER_USER_MFA_POLICY
        if reading is not None and reading.problems:
            return Never.NOT_UNDERSTOOD
        match remedy:
            case SwitchOn():
                return self._switching_on(remedy)
            case EndExclusion():
                return self._ending(remedy) or self._decided(remedy)
            case CreateOurs() | WidenOurs() | AllClientApps():
                return None
            case _:
                assert_never(remedy)

    def _decided(self, remedy: EndExclusion) -> Never | None:
        """Return why what the configuration leaves out is not ended by hand: the next plan would leave it out again."""
        policy = self._evidence.policy(remedy.policy_id)
        ours = policy is not None and MARKER_PREFIX in (policy.description or "")
        named = any(one.id.casefold() == remedy.target.casefold() for one in self._rules.policy_exclusions)
        return Never.CONFIGURED if ours and named else None

    def _switching_on(self, remedy: SwitchOn) -> Never | None:
        policy = self._evidence.policy(remedy.policy_id)
        assert policy is not None
        if self._rules.emergency_none is not None:
            return Never.NO_EMERGENCY_ACCESS
        notes = policy_steps.missing_exclusions(
            policy, self._evidence, self._rules.emergency_access, frozenset(self._known_sync)
        )
        codes = {note.code for note in notes}
        if "emergency-access-not-excluded" in codes:
            return Never.EMERGENCY_ACCESS
        return Never.DIRECTORY_SYNC if codes else None

    def _ending(self, remedy: EndExclusion) -> Never | None:
        if not remedy.what.is_of_people:
            return None
        if remedy.what is Ended.PERSON:
            inside: frozenset[str] = frozenset({remedy.target.casefold()})
        else:
            group = self._evidence.groups.get(remedy.target.casefold())
            if group is None or group.status is not ReadStatus.READ or group.unnamed:
                return Never.MEMBERS_UNKNOWN
            inside = group.members | group.eligible
        return self.why_not_reach(inside)

    def why_not_reach(self, inside: frozenset[str]) -> Never | None:
        """Return why these people must stay where a policy does not reach them, or None."""
        if inside & self._emergency:
            return Never.EMERGENCY_ACCESS
        # Where nobody knows which accounts these are, anybody who is excluded may be one.
        return Never.DIRECTORY_SYNC if inside & self._sync or are_unknown(self._evidence) else None
