"""Make the lists of people at risk. Whom the log does not show was not seen, and stands in no list for that reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from migrate.decide.capability import Capabilities
from migrate.decide.sign_ins.words import ways_of
from migrate.model.capability import Capability, MfaCapable
from migrate.model.people import Certainty, ListStanding, PersonAtRisk, RiskList, ServiceAccountLimits, Used
from migrate.model.record import Record
from migrate.model.sign_ins import Coordinate, SeenAs, SignInClass, SignInSource, WayIn
from migrate.model.users import AnyUser, MfaState, UserRecord

_BY_WAY = {
    RiskList.LEGACY_CLIENTS: WayIn.LEGACY_CLIENT,
    RiskList.SMTP_AUTH: WayIn.SMTP_AUTH,
    RiskList.ROPC: WayIn.ROPC,
    RiskList.DEVICE_CODE: WayIn.DEVICE_CODE,
}
_NEEDS = {RiskList.ROPC: Coordinate.PROTOCOL, RiskList.DEVICE_CODE: Coordinate.FLOW}
_WORKDAYS = 5
_USUAL_PROGRAMS = ServiceAccountLimits()


class PeopleSeen(Record, frozen=True, kw_only=True):
    """What the log shows, by object id in lower case."""

    sources: tuple[SignInSource, ...]
    of: Mapping[str, tuple[SeenAs, ...]]

    @classmethod
    def gathered(cls, sources: Iterable[SignInSource], people: Iterable[SeenAs]) -> PeopleSeen:
        """Put what was read together by person."""
        found: dict[str, list[SeenAs]] = {}
        for one in people:
            found.setdefault(one.user_id, []).append(one)
        return cls(sources=tuple(sources), of={user_id: tuple(rows) for user_id, rows in found.items()})


class RiskLists:
    """Tells of one person after the other which lists they belong to."""

    def __init__(
        self, capabilities: Capabilities, seen: PeopleSeen, programs: ServiceAccountLimits = _USUAL_PROGRAMS
    ) -> None:
        self._capabilities = capabilities
        self._seen = seen
        self._programs = programs

    def of(self, user: AnyUser) -> Iterator[PersonAtRisk]:
        """Yield the lists of a person; agents' accounts are no people."""
        profile = user.profile
        if profile.is_agent:
            return
        rows = self._seen.of.get(profile.id.lower(), ())
        capability = self._capabilities.of(profile, user.registration)
        for which, certainty, evidence, used in _found(user, capability, rows, self._programs):
            yield PersonAtRisk(
                list=which,
                user_id=profile.id,
                user_principal_name=profile.user_principal_name,
                display_name=profile.display_name,
                is_guest=profile.is_guest,
                certainty=certainty,
                evidence=evidence,
                used=used,
                last_seen=max((one.seen.last for one in rows), default=None),
            )

    def standing_of(self, which: RiskList, people: int) -> ListStanding:
        """Return what can be said of a list as a whole."""
        lost: tuple[Coordinate, ...] = ()
        wanted = _NEEDS.get(which)
        if wanted is not None and any(wanted in source.lost for source in self._seen.sources):
            lost = (wanted,)
        known = bool(self._seen.sources) or not which.needs_sign_ins
        return ListStanding(list=which, people=people, is_known=known, lost=lost)


Found = tuple[RiskList, Certainty, tuple[str, ...], tuple[Used, ...]]


def _found(
    user: AnyUser, capability: Capability, rows: tuple[SeenAs, ...], programs: ServiceAccountLimits
) -> Iterator[Found]:
    methods = () if user.registration is None else user.registration.methods_registered
    enabled = user.profile.account_enabled is not False
    if capability.sms_voice_only and enabled:
        guest = user.profile.is_guest
        yield RiskList.GUESTS_SMS_VOICE_ONLY if guest else RiskList.SMS_VOICE_ONLY, Certainty.SURE, methods, ()
    if enabled and capability.value is MfaCapable.NOT_CAPABLE:
        yield RiskList.NOT_MFA_CAPABLE, Certainty.SURE, methods, ()
    if enabled and capability.value in (MfaCapable.MUST_REGISTER, MfaCapable.MUST_REGISTER_HERE):
        yield RiskList.MUST_REGISTER, Certainty.SURE, (capability.why.value,), ()
    succeeded = [one for one in rows if one.kind.outcome is SignInClass.OK]
    for which, way in _BY_WAY.items():
        if used := _used(one for one in succeeded if way in ways_of(one.kind)):
            yield which, Certainty.AT_LEAST if way is WayIn.ROPC else Certainty.SURE, (), used
    legacy = _used(one for one in succeeded if WayIn.LEGACY_CLIENT in ways_of(one.kind))
    if legacy and isinstance(user, UserRecord) and user.mfa_state is MfaState.ENFORCED:
        # The password alone is refused there, so something else was given; or the address counts as trusted.
        yield RiskList.APP_PASSWORDS, Certainty.INFERRED, (user.mfa_state.value,), legacy
    if enabled and not capability.value.can_pass and _looks_like_a_program(succeeded, programs):
        yield RiskList.SERVICE_ACCOUNTS, Certainty.LOOKS_LIKE, (), _used(succeeded)
    if _looks_like_a_mailbox(user):
        yield RiskList.SHARED_MAILBOXES, Certainty.LOOKS_LIKE, (), _used(succeeded)


def _used(rows: Iterable[SeenAs]) -> tuple[Used, ...]:
    together: dict[tuple[str, str], tuple[int, int]] = {}
    for one in rows:
        key = (one.kind.client, one.kind.application)
        attempts, last = together.get(key, (0, 0))
        together[key] = (attempts + one.seen.attempts, max(last, one.seen.last))
    found = [
        Used(client=client, application=application, attempts=attempts, last=last)
        for (client, application), (attempts, last) in together.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.last, one.client, one.application)))


def _looks_like_a_program(succeeded: list[SeenAs], limits: ServiceAccountLimits) -> bool:
    attempts = sum(one.seen.attempts for one in succeeded)
    if attempts < limits.successes or any(one.kind.multifactor or one.kind.was_asked for one in succeeded):
        return False
    browsing = sum(one.seen.attempts for one in succeeded if one.kind.client.casefold() == "browser")
    if attempts - browsing < limits.share * attempts:
        return False
    # Addresses are not kept; the named locations and the country are what is left of them.
    places = {(one.kind.places, one.kind.country) for one in succeeded}
    days = {hour // 24 for one in succeeded for hour, _ in one.seen.hours}
    weekend = any(datetime.fromtimestamp(day * 86_400, UTC).weekday() >= _WORKDAYS for day in days)
    return len(places) <= limits.places and len(days) >= limits.days and weekend


def _looks_like_a_mailbox(user: AnyUser) -> bool:
    """Tell whether an account is like those that Exchange makes for rooms and shared mailboxes: off and unlicensed."""
    profile = user.profile
    return (
        profile.account_enabled is False
        and profile.assigned_licenses == ()
        and not profile.is_guest
        and profile.creation_type is None
        and user.registration is None
    )
