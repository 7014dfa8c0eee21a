"""Say of one account what it was, what it is, what requires MFA of it, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from migrate.decide.as_now import user_after
from migrate.decide.capability import METHODS, NO_MFA
from migrate.decide.report.followed import Told
from migrate.model.coverage import Verdict
from migrate.model.journal import Outcome
from migrate.model.plan import PlanAction, PlanRow
from migrate.model.report import AccountKind, Person, PersonOutcome, RequiredBy, Standing, Strongest
from migrate.model.users import AnyUser, MfaState, Registration, UserRecord

_WITHOUT_SUCCESS = frozenset({Outcome.FAILED, Outcome.SKIPPED, Outcome.UNCONFIRMED})
_APP = frozenset({"microsoftauthenticatorpush", "microsoftauthenticatorpasswordless"})
_CODE = frozenset({"softwareonetimepasscode", "hardwareonetimepasscode"})
_PASSKEY = frozenset(name for name, method in METHODS.items() if method.modes & {"fido2", "windowshelloforbusiness"})
_PHONE = frozenset(name for name, method in METHODS.items() if method.is_phone)


_KEPT = 4096
"""How many sorts of accounts are kept: what they take stays bounded in any tenant."""


class Persons:
    """Says it of everybody of a folder. Accounts that nothing was done to differ in few things, so each sort is judged
    once."""

    def __init__(self, told: Callable[[str], Told | None]) -> None:
        """Take what gives what the journal tells of a user; None where it does not mention the user."""
        self._told = told
        self._known: dict[Hashable, Standing] = {}

    def of(self, user: AnyUser, row: PlanRow | None, verdict: Verdict) -> Person:
        """Return one account. `row` and `verdict` are as for `standing_of`."""
        profile, registration = user.profile, user.registration
        told = self._told(profile.id)
        if told is not None:
            standing = standing_of(user, told, row, verdict)
        else:
            sort = (
                user.mfa_state if isinstance(user, UserRecord) else None,
                profile.is_agent,
                profile.user_type,
                profile.account_enabled,
                None if registration is None else (registration.is_mfa_registered, registration.methods_registered),
                None if row is None else (row.action, row.wave, row.hold_reason),
                verdict,
            )
            known = self._known.get(sort)
            standing = standing_of(user, None, row, verdict) if known is None else known
            if known is None and len(self._known) < _KEPT:
                self._known[sort] = standing
        return Person(user_id=profile.id, user_principal_name=profile.user_principal_name, standing=standing)


def standing_of(user: AnyUser, told: Told | None, row: PlanRow | None, verdict: Verdict) -> Standing:
    """Return how one account stands.

    Args:
        user: As the export has the account.
        told: What the journal tells of the account; None where it does not mention it.
        row: The row of the plan; None where there is no plan, or none with this account.
        verdict: How far enabled policies require MFA today.
    """
    profile = user.profile
    current = user_after(user, None if told is None else told.now)
    state = current.mfa_state if isinstance(current, UserRecord) else None
    exported = user.mfa_state if isinstance(user, UserRecord) else None
    kind = AccountKind.AGENT if profile.is_agent else AccountKind.GUEST if profile.is_guest else AccountKind.MEMBER
    return Standing(
        kind=kind,
        before=told.before if told is not None and told.before is not None else exported,
        state=state,
        verdict=verdict,
        required_by=_required_by(current, state, verdict),
        outcome=_outcome(state, told, row),
        wave=None if row is None else row.wave,
        hold=None if row is None else row.hold_reason,
        strongest=strongest_of(user.registration),
    )


def _required_by(user: AnyUser, state: MfaState | None, verdict: Verdict) -> RequiredBy:
    if user.profile.is_agent:
        return RequiredBy.AGENT
    if user.profile.account_enabled is False:
        return RequiredBy.ACCOUNT_OFF
    covered = verdict is Verdict.COVERED
    if _per_user_asks(user, state):
        return RequiredBy.BOTH if covered else RequiredBy.PER_USER
    if covered:
        return RequiredBy.POLICIES
    if state is None or verdict is Verdict.UNKNOWN:
        return RequiredBy.UNKNOWN
    return RequiredBy.PARTLY if verdict is Verdict.PARTLY else RequiredBy.NEITHER


def _per_user_asks(user: AnyUser, state: MfaState | None) -> bool:
    """Tell whether per-user MFA asks. Enabled without a method asks nobody yet: whoever signs in first registers."""
    if state is MfaState.ENFORCED:
        return True
    registration = user.registration
    return state is MfaState.ENABLED and registration is not None and registration.is_mfa_registered


def _outcome(state: MfaState | None, told: Told | None, row: PlanRow | None) -> PersonOutcome:
    if told is not None and told.now.doubt is not None:
        return PersonOutcome.IN_DOUBT
    if told is not None and told.now.last_change is not None and told.was_disabled:
        back = told.now.last_change.requested != MfaState.DISABLED
        return PersonOutcome.ROLLED_BACK if back else PersonOutcome.DONE
    if told is not None and told.outcome in _WITHOUT_SUCCESS and state is not MfaState.DISABLED:
        return PersonOutcome.FAILED
    if state is None:
        return PersonOutcome.UNREAD
    if row is not None and row.action is PlanAction.HOLD:
        return PersonOutcome.HELD
    if row is not None and row.action is PlanAction.DISABLE:
        return PersonOutcome.TO_COME
    return PersonOutcome.OFF_BEFORE if state is MfaState.DISABLED else PersonOutcome.NOT_PLANNED


def strongest_of(registration: Registration | None) -> Strongest:
    """Return the strongest kind of method that the registration report names. What it leaves out is not none."""
    if registration is None:
        return Strongest.NOT_IN_REPORT
    methods = {method.lower() for method in registration.methods_registered} - NO_MFA
    if not methods:
        return Strongest.OTHER if registration.is_mfa_registered else Strongest.NONE
    for kind, names in ((Strongest.PASSKEY, _PASSKEY), (Strongest.APP, _APP), (Strongest.CODE, _CODE)):
        if methods & names:
            return kind
    return Strongest.SMS_VOICE if methods <= _PHONE else Strongest.OTHER
