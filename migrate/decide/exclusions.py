"""What it means for people that our policy leaves them out, or does not: told by the plan, and by `verify` later."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from migrate.decide.accounts_of_nobody import guess_at, role_holders, room_licences
from migrate.decide.coverage.judge import Judge
from migrate.decide.policy_steps import with_policies
from migrate.model.coverage import Verdict
from migrate.model.evidence import ConditionalAccessPolicy, Evidence, ReadStatus
from migrate.model.plan import NotePart, PlanNote, warning
from migrate.model.policy_exclusions import ExcludedBy, ExcludedKind, Nobody, PolicyExclusion, Proposal
from migrate.model.rules import Rules
from migrate.model.sign_ins import WaysSeen
from migrate.model.snapshot import SubscribedSku
from migrate.model.users import AnyUser, MfaState, UserProfile, UserRecord
from migrate.model.words import counted, some_of

SHOWN = 10
MANY = 50
"""More single people than this are better kept in a group."""
MAKE_A_GROUP = (
    "New-MgGroup -DisplayName 'CA - left out of MFA' -MailEnabled:$false -MailNickname ca-left-out -SecurityEnabled "
    "-IsAssignableToRole; then for each: New-MgGroupMember -GroupId <id> -DirectoryObjectId <user id>"
)


class Excluded:
    """Tells whom exclusions name."""

    def __init__(self, exclusions: Iterable[PolicyExclusion], evidence: Evidence) -> None:
        self._groups: list[PolicyExclusion] = []
        self._guests: PolicyExclusion | None = None
        self._people: dict[str, PolicyExclusion] = {}
        self._evidence = evidence
        for one in exclusions:
            if one.by is ExcludedBy.GROUP:
                self._groups.append(one)
            elif one.by is ExcludedBy.KIND and one.id == ExcludedKind.GUESTS:
                self._guests = one
            elif one.by is ExcludedBy.USER or one.id not in self._people:
                self._people[one.id] = one

    def by(self, profile: UserProfile) -> PolicyExclusion | None:
        """Return what leaves a user out; somebody named by name counts as that, whatever else names them."""
        if (one := self._people.get(profile.id)) is not None:
            return one
        if self._guests is not None and profile.is_guest:
            return self._guests
        return next((one for one in self._groups if self._is_in(one.id, profile.id)), None)

    def _is_in(self, group_id: str, user_id: str) -> bool:
        group = self._evidence.groups.get(group_id)
        return group is not None and group.status is ReadStatus.READ and user_id in group.members


class ExclusionTally:
    """Goes through the users of a plan once and gathers what has to be said of our policy's exclusions."""

    def __init__(
        self,
        own: ConditionalAccessPolicy,
        evidence: Evidence,
        judge: Judge,
        rules: Rules,
        skus: Iterable[SubscribedSku],
        today: str,
    ) -> None:
        """Begin with nobody.

        Args:
            own: Our policy, as it will be.
            evidence: As it will be.
            judge: Judges by it.
            rules: Of the plan.
            skus: They tell which licences rooms have.
            today: The day of the plan (ISO 8601).
        """
        self._name, self._rules, self._judge, self._today = own.display_name, rules, judge, today
        self._alone = Judge(with_policies(evidence, (own,)))
        self._excluded = Excluded(rules.policy_exclusions, evidence)
        self._rooms, self._holders = room_licences(skus), role_holders(evidence)
        self._knows_roles = evidence.administrators is not None
        self._seen: WaysSeen | None = None
        self._hit: list[tuple[str, bool]] = []
        self._not_enforced: list[str] = []
        self._neither: list[str] = []
        self._accepted = 0
        """Of them, those who are accepted by name."""
        self._administrators: list[str] = []
        self._by_kind: list[str] = []
        """Left out as a room or a service account, by no one's name, and able to sign in."""
        self._outside: list[str] = []
        """Those of them who were seen outside the named locations."""
        self._proposals: list[Proposal] = []

    def know_sign_ins(self, seen: WaysSeen | None) -> None:
        """Take in what the sign-in log shows, where one was read. Call it before `count`."""
        self._seen = seen

    def count(self, user: AnyUser) -> None:
        """Take in one user."""
        profile = user.profile
        if profile.is_agent or profile.id in self._rules.emergency_access:
            return
        can_sign_in = profile.account_enabled is not False
        is_enforced = isinstance(user, UserRecord) and user.mfa_state is MfaState.ENFORCED
        keeps = self._rules.exclusions.get(profile.id)
        if keeps is not None and keeps.from_policy and not is_enforced:
            self._not_enforced.append(profile.user_principal_name)
        # Whoever sits at a keyboard outside the office may be a person, or somebody who has the password.
        is_outside = self._seen is not None and profile.id in self._seen.outside
        if (exclusion := self._excluded.by(profile)) is not None:
            if profile.id in self._holders:
                self._administrators.append(profile.user_principal_name)
            if can_sign_in and _is_guessed(exclusion):
                self._by_kind.append(profile.user_principal_name)
                self._outside += [profile.user_principal_name] if is_outside else []
            if can_sign_in and not is_enforced and not self._is_covered(profile):
                self._neither.append(profile.user_principal_name)
                self._accepted += exclusion.accepted
            return
        if self._alone.coverage_of(profile).verdict is Verdict.UNCOVERED:
            return
        if keeps is not None and keeps.expires:
            self._hit.append((profile.user_principal_name, is_enforced))
        guess = guess_at(user, self._rooms, self._holders)
        if guess is not None and can_sign_in and not is_outside:
            self._proposals.append(
                Proposal(
                    user_id=profile.id,
                    user_principal_name=profile.user_principal_name,
                    is_like=guess.is_like,
                    signs=guess.signs,
                )
            )

    def _is_covered(self, profile: UserProfile) -> bool:
        return self._judge.coverage_of(profile).verdict is Verdict.COVERED

    @property
    def neither(self) -> tuple[str, ...]:
        """Return the names of those who are left out and of whom neither way requires MFA."""
        return tuple(self._neither)

    @property
    def proposals(self) -> tuple[Proposal, ...]:
        """Return the accounts that may be no persons."""
        return tuple(self._proposals)

    def notes(self) -> Iterator[PlanNote]:
        """Yield what the plan says of it."""
        if self._hit:
            enforced = [name for name, is_enforced in self._hit if is_enforced]
            others = len(self._hit) - len(enforced)
            rest = f" The other {others} are not enforced, so nothing else would require MFA of them." if others else ""
            yield warning(
                "excluded-people-caught",
                f"{self._name!r} catches {counted(len(self._hit), 'person', 'people')} of [[exclude]]: "
                f"{_named([name for name, _ in self._hit])}. `from_policy = true` beside them leaves out the "
                f"{len(enforced)} who are enforced, for as long as they are.{rest}",
                policy=self._name,
                enforced=len(enforced),
                others=others,
                **_names([name for name, _ in self._hit]),
            )
        if self._not_enforced:
            yield warning(
                "from-policy-not-enforced",
                f"from_policy = true does not hold for {_named(self._not_enforced)}: their per-user MFA is not read as "
                f"enforced, so {self._name!r} is for them too.",
                policy=self._name,
                **_names(self._not_enforced),
            )
        if self._neither:
            yield warning(
                "mfa-by-neither-way",
                f"MFA by neither way: {counted(len(self._neither), 'person', 'people')} are left out of "
                f"{self._name!r} and nothing else requires MFA of them: {_named(self._neither)}. "
                f"{_accepted(self._accepted, len(self._neither))} Each is an open door: "
                "block their sign-ins outside named locations.",
                policy=self._name,
                accepted=self._accepted,
                also=("all-accepted" if self._accepted == len(self._neither) else "not-all-accepted",),
                **_names(self._neither),
            )
        if self._administrators:
            yield warning(
                "excluded-role-holder",
                f"{_named(self._administrators)}: {'holds' if len(self._administrators) == 1 else 'hold'} a role, and "
                f"{self._name!r} leaves them out. Exclude no administrator but the emergency access accounts.",
                policy=self._name,
                **_names(self._administrators),
            )
        yield from _guessed(self._by_kind, self._outside, self._seen)
        yield from _expired(self._rules.policy_exclusions, self._today)
        yield from _too_many(self._rules.policy_exclusions)
        looked = ("roles-looked-at" if self._knows_roles else "some-roles-looked-at", "sign-ins-not-read")
        if self._seen is not None:
            looked = (looked[0], "sign-ins-looked-at")
        since = "" if self._seen is None else self._seen.since[:10]
        yield from _proposed(self._proposals, self._looked_at(), looked, since)

    def _looked_at(self) -> str:
        """Return in words what else was looked at."""
        signed_in = "no sign-ins" if self._seen is None else f"sign-ins since {self._seen.since[:10]}"
        if self._knows_roles and self._seen is None:
            return "Nothing is assumed; roles were looked at, sign-ins were not read."
        if self._knows_roles:
            return f"Nothing is assumed; roles and {signed_in} were looked at."
        return f"Nothing is assumed; {signed_in}, and no roles besides those that policies name, were looked at."


def _is_guessed(exclusion: PolicyExclusion) -> bool:
    """Tell whether an exclusion picks an account by what it is like, and nobody decided about it by name."""
    return exclusion.by is ExcludedBy.KIND and exclusion.id != ExcludedKind.GUESTS


def _accepted(accepted: int, of: int) -> str:
    """Say what `verify` makes of people of whom neither way requires MFA."""
    if accepted == of:
        return "`verify` does not fail on them: each is accepted by name."
    others = of - accepted
    those = "the other one" if accepted and others == 1 else f"the other {others}" if accepted else "them"
    first = f"{accepted} of them {'is' if accepted == 1 else 'are'} accepted by name. " if accepted else ""
    return f"{first}`verify` fails on {those} unless each is accepted by name, with `accepted = true` beside the entry."


def _guessed(by_kind: Sequence[str], outside: Sequence[str], seen: WaysSeen | None) -> Iterator[PlanNote]:
    """Yield who is left out by kind and was seen outside, or that nobody looked."""
    if seen is None and by_kind:
        yield warning(
            "kind-without-sign-ins",
            f"{counted(len(by_kind), 'account')} left out by `kind` in [[policy.exclude]] ({_named(by_kind)}), and no "
            "sign-ins were read: whether somebody signs in with them at a keyboard outside the named locations is "
            "unknown. `mfa-migrate sign-ins read`, then `mfa-migrate plan`, names whoever does.",
            **_names(by_kind),
        )
    if seen is not None and outside:
        yield warning(
            "kind-seen-outside",
            f"Left out by `kind` in [[policy.exclude]], and seen at a keyboard outside the named locations since "
            f"{seen.since[:10]}: {_named(outside)}. Somebody stands behind each, or has its password; they stay left "
            'out. Find out who it is. To have them in the policy, write the others one by one as user = "name" in '
            "place of kind, then `mfa-migrate plan`.",
            since=seen.since[:10],
            **_names(outside),
        )


def _expired(exclusions: Sequence[PolicyExclusion], today: str) -> Iterator[PlanNote]:
    over = [one.name for one in exclusions if one.expires and one.expires <= today]
    if over:
        yield warning(
            "policy-exclusion-expired",
            f"The day has come for {_named(over)} in [[policy.exclude]]. The policy stays as it is: take the entry "
            "out, export and plan, and the exclusion ends before the wave of whoever it was about.",
            **_names(over),
        )


def _too_many(exclusions: Sequence[PolicyExclusion]) -> Iterator[PlanNote]:
    single = sum(one.by is not ExcludedBy.GROUP and one.id != ExcludedKind.GUESTS for one in exclusions)
    if single > MANY:
        yield warning(
            "many-excluded-people",
            f"{single} single people are left out; a group that nobody but administrators can change is easier to "
            f'watch. We write no groups: {MAKE_A_GROUP}; then [[policy.exclude]] group = "<id>".',
        )


def _proposed(proposals: Sequence[Proposal], looked_at: str, looked: tuple[str, str], since: str) -> Iterator[PlanNote]:
    """Yield whom to leave out; `looked` are the sentences that say what was looked at in other languages."""
    for kind in Nobody:
        found = [one for one in proposals if one.is_like is kind]
        if not found:
            continue
        said = some_of(found, SHOWN, lambda one: f"{one.user_principal_name} ({', '.join(one.signs)})")
        if kind is Nobody.SHARED_MAILBOX:
            yield warning(
                "block-sign-in-advised",
                f"{counted(len(found), 'account')} like shared mailboxes may sign in and have no licence: "
                f"{said}. Block their sign-in in the Microsoft 365 admin center rather than leave "
                "them out: people open a shared mailbox with their own account.",
                **_names([one.user_principal_name for one in found]),
            )
        else:
            yield warning(
                "exclusion-proposed",
                f"{counted(len(found), 'account')} like a {kind} would be asked for MFA and may have nobody who "
                f"answers: {said}. {looked_at} If they are, leave them out by name with a reason and a day: "
                f"{_snippet(found[0])}",
                since=since,
                entry=_snippet(found[0]),
                also=(f"like-{kind.replace(' ', '-')}", *looked, "leave-out-by-name"),
                **_names([one.user_principal_name for one in found]),
            )


def _snippet(one: Proposal) -> str:
    return f'[[policy.exclude]] user = "{one.user_principal_name}"'


def _named(names: Sequence[str]) -> str:
    return some_of(names, SHOWN)


def _names(names: Sequence[str]) -> dict[str, NotePart]:
    return {"n": len(names), "names": tuple(names[:SHOWN])}
