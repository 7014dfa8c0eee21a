"""What steps do to the people of a cell, as the numbers they are counted in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from migrate.decide.advice.people import Cell, People
from migrate.decide.advice.reach import Hit, Hits
from migrate.decide.advice.taking import evidence_after, rules_after
from migrate.decide.advice.worlds import Steps, Worlds
from migrate.decide.capability import Capabilities
from migrate.decide.coverage.judge import Judge
from migrate.decide.policy_steps import prepare
from migrate.model.advice import Effect, Ended, EndExclusion, InExclusion, Number
from migrate.model.capability import Capability, MfaCapable
from migrate.model.evidence import Evidence, PolicyState
from migrate.model.impact import Caught
from migrate.model.record import JsonObject
from migrate.model.rules import Rules
from migrate.model.sign_ins import WayIn

_KIND = {
    Caught.NEWLY_REQUIRED: Number.NEWLY_REQUIRED,
    Caught.GUEST: Number.GUEST,
    Caught.ENABLED_WITHOUT_METHOD: Number.WITHOUT_METHOD,
}
_WORST_FIRST = (
    MfaCapable.NOT_CAPABLE,
    MfaCapable.UNKNOWN,
    MfaCapable.MUST_REGISTER_HERE,
    MfaCapable.MUST_REGISTER,
    MfaCapable.PASSES_AT_HOME,
    MfaCapable.CAPABLE,
)


_CANNOT_ANSWER_NOW = (MfaCapable.NOT_CAPABLE, MfaCapable.MUST_REGISTER, MfaCapable.MUST_REGISTER_HERE)
"""How people stand who could not answer the next sign-in as they are."""


class Costs:
    """Tells whom steps concern, and how."""

    def __init__(self, tenant_id: str, evidence: Evidence, rules: Rules, worlds: Worlds, people: People) -> None:
        self._tenant_id, self._evidence, self._rules = tenant_id, evidence, rules
        self._worlds, self._people = worlds, people
        self._asking_more = sum(
            1 << place for place, remedy in enumerate(worlds.remedies) if self._may_ask_more(remedy.policy_id)
        )
        self._then: dict[Steps, Capabilities] = {}
        self._hits: dict[tuple[int, Steps], Hits] = {}
        self._gained: dict[tuple[int, Steps], Number | None] = {}
        self._by_sort: dict[tuple[int, Steps], tuple[int, int, int, int]] = {}

    def numbers_of(self, cell: Cell, steps: Steps) -> tuple[Number, ...]:
        """Return the numbers that people of a cell are counted in. Disabled accounts are in none of the costs."""
        found = [*self._gains(cell, steps)]
        if not cell.is_disabled:
            found += self._costs(cell, steps)
        return tuple(found)

    def _gains(self, cell: Cell, steps: Steps) -> Iterator[Number]:
        if not cell.waits or self._people.is_proven(cell):
            return
        key = (cell.sort, steps & self._worlds.touching(cell.sort))
        if key not in self._gained:
            self._gained[key] = self._gained_by(*key)
        found = self._gained[key]
        if found is not None:
            yield found

    def _gained_by(self, sort: int, steps: Steps) -> Number | None:
        if self._worlds.is_proven(sort, steps):
            return Number.COVERED
        return Number.PARTLY if self._worlds.closes(sort, steps) else None

    def _costs(self, cell: Cell, steps: Steps) -> Iterator[Number]:
        hits = self._hits_of(cell.sort, steps)
        then = self._capability_of(cell, steps)
        newly = _KIND.get(cell.required) if hits & Hit.ASKS else None
        if newly is not None:
            yield newly
            match then.value:
                case MfaCapable.MUST_REGISTER | MfaCapable.MUST_REGISTER_HERE:
                    yield Number.MUST_REGISTER
                case MfaCapable.UNKNOWN:
                    yield Number.CAPABLE_UNKNOWN
                case MfaCapable.CAPABLE | MfaCapable.NOT_CAPABLE | MfaCapable.PASSES_AT_HOME:
                    pass
            if then.sms_voice_only:
                yield Number.SMS_VOICE_ONLY
            if cell.looks_like_service and not cell.cannot_answer:
                yield Number.SERVICE_ACCOUNT
        if hits & Hit.ASKS and cell.seen is not None and WayIn.ROPC in cell.seen:
            yield Number.PASSWORD_ONLY_SEEN
        if _is_newly_incapable(cell, then, hits):
            yield Number.NOT_CAPABLE
        if hits & Hit.BLOCKS_ALL or (hits & Hit.ASKS and cell.cannot_answer and not cell.is_covered):
            yield Number.BLOCKED
        if not hits & Hit.BLOCKS_ALL:
            yield from _of_ways(cell, hits)

    def _hits_of(self, sort: int, steps: Steps) -> Hits:
        key = (sort, steps & self._worlds.touching(sort))
        known = self._hits.get(key)
        if known is None:
            known = self._hits[key] = self._worlds.hits(*key)
        return known

    # Who could answer

    def _may_ask_more(self, policy_id: str) -> bool:
        """Tell whether a policy asks more than MFA: a strength, or something about the registration of methods."""
        policy = self._evidence.policy(policy_id)
        if policy is None or policy.policy_state is not PolicyState.REPORT_ONLY:
            # A policy that is enabled may come to reach more people, with all that it asks.
            return policy is not None and _has_strength(policy.raw)
        applications = (policy.raw.get("conditions") or {}).get("applications") or {}
        return _has_strength(policy.raw) or bool(applications.get("includeUserActions"))

    def _capability_of(self, cell: Cell, steps: Steps) -> Capability:
        """Return how people of a cell stand after the steps; with several strengths, to the one they stand worst to."""
        asking = steps & self._asking_more
        if not asking:
            return cell.capability
        counted = self._people.cells[cell]
        found = [cell.capability]
        for place in range(asking.bit_length()):
            if asking >> place & 1:
                # An exclusion that ends counts with all that the policy then asks, switched on or not.
                about = self._about(place) & steps
                found.append(self._capabilities(about).of(counted.profile, counted.registration))
        return min(found, key=lambda one: _WORST_FIRST.index(one.value))

    def _about(self, place: int) -> Steps:
        policy_id = self._worlds.remedies[place].policy_id
        return sum(1 << at for at, one in enumerate(self._worlds.remedies) if one.policy_id == policy_id)

    def _capabilities(self, steps: Steps) -> Capabilities:
        known = self._then.get(steps)
        if known is None:
            taken = [one for place, one in enumerate(self._worlds.remedies) if steps >> place & 1]
            evidence = evidence_after(self._evidence, taken)
            evidence = prepare(self._tenant_id, evidence, rules_after(self._rules, taken)).evidence
            judge = Judge(evidence, apps_that_matter=self._rules.apps_that_matter, baseline=self._rules.baseline)
            known = self._then[steps] = Capabilities(evidence, judge)
        return known

    # Sums

    def effect_of(self, steps: Steps) -> Effect:
        """Return what steps do, as numbers of people."""
        numbers: Counter[str] = Counter()
        people: Counter[tuple[Number, ...]] = Counter()
        unknown = blocked = newly = 0
        for cell, counted in self._people.cells.items():
            if not steps & self._worlds.touching(cell.sort):
                continue
            people[self.numbers_of(cell, steps)] += counted.people
        for found, number_of_people in people.items():
            for number in found:
                numbers[number.value] += number_of_people
            unknown += number_of_people * any(number.may_be_blocked for number in found)
            blocked += number_of_people * any(number.is_blocked for number in found)
            newly += number_of_people * any(number.is_newly_required for number in found)
        return Effect(
            numbers={number.value: numbers[number.value] for number in Number if numbers[number.value]},
            may_be_blocked=unknown,
            blocked=blocked,
            newly_required=newly,
        )

    def cost_of(self, steps: Steps) -> tuple[int, int, int, int]:
        """Return `Effect.cost` of steps, without the rest of the effect."""
        unknown = blocked = not_capable = newly = 0
        for sort in self._people.sorts:
            of_sort = self._cost_of_sort(sort, steps & self._worlds.touching(sort))
            unknown, blocked = unknown + of_sort[0], blocked + of_sort[1]
            not_capable, newly = not_capable + of_sort[2], newly + of_sort[3]
        return unknown, blocked, not_capable, newly

    def _cost_of_sort(self, sort: int, steps: Steps) -> tuple[int, int, int, int]:
        if not steps:
            return 0, 0, 0, 0
        known = self._by_sort.get((sort, steps))
        if known is None:
            unknown = blocked = not_capable = newly = 0
            for cell, counted in self._people.of_sort(sort):
                found = () if cell.is_disabled else tuple(self._costs(cell, steps))
                unknown += counted.people * any(number.may_be_blocked for number in found)
                blocked += counted.people * any(number.is_blocked for number in found)
                not_capable += counted.people * (Number.NOT_CAPABLE in found)
                newly += counted.people * any(number.is_newly_required for number in found)
            known = self._by_sort[sort, steps] = (unknown, blocked, not_capable, newly)
        return known

    def inside(self, remedy: EndExclusion) -> InExclusion | None:
        """Return who is in an exclusion of people, as far as their accounts are enabled; None for one of sign-ins."""
        if not remedy.what.is_of_people:
            return None
        target = remedy.target.casefold()
        is_in = self._worlds.is_named if remedy.what is Ended.PERSON else self._worlds.is_inside
        people: Counter[MfaCapable] = Counter()
        for cell, counted in self._people.cells.items():
            if not cell.is_disabled and is_in(cell.sort, target):
                people[cell.capability.value] += counted.people
        return InExclusion(
            people=people.total(),
            not_mfa_capable=sum(number for value, number in people.items() if value in _CANNOT_ANSWER_NOW),
            capable_unknown=people[MfaCapable.UNKNOWN],
        )


def _of_ways(cell: Cell, hits: Hits) -> Iterator[Number]:
    """Yield what becomes of ways to sign in: who was seen with one is blocked; where none were read, it is unknown."""
    seen = cell.seen
    if hits & Hit.LEGACY:
        if seen is None:
            yield Number.LEGACY_CLIENTS
        elif seen & {WayIn.LEGACY_CLIENT, WayIn.SMTP_AUTH}:
            yield Number.LEGACY_SEEN
    if hits & Hit.DEVICE_CODE:
        if seen is None:
            yield Number.DEVICE_CODE
        elif WayIn.DEVICE_CODE in seen:
            yield Number.DEVICE_CODE_SEEN
    if hits & Hit.BLOCKS:
        yield Number.OTHER_SIGN_INS


def _is_newly_incapable(cell: Cell, then: Capability, hits: Hits) -> bool:
    """Tell whether people could not answer what is asked of them then, and are not in that trouble today."""
    if then.value is not MfaCapable.NOT_CAPABLE or hits & Hit.BLOCKS_ALL:
        return False
    if cell.is_covered and cell.capability.value is MfaCapable.NOT_CAPABLE:
        return False
    return bool(hits & Hit.ASKS) or cell.capability.value is not MfaCapable.NOT_CAPABLE


def _has_strength(raw: JsonObject) -> bool:
    return bool((raw.get("grantControls") or {}).get("authenticationStrength"))
