"""Propose which accounts to leave out: what looks like a service account, a room or a shared mailbox."""

from __future__ import annotations

from collections.abc import Iterable

from migrate.model.advice import CreateOurs, Remedy, WidenOurs
from migrate.model.leaving_out import LeaveOut, LeftOutBy
from migrate.model.people import PersonAtRisk, RiskList
from migrate.model.rules import Rules
from migrate.model.templates import Template
from migrate.model.users import AnyUser, MfaState, UserRecord


class LeavingOut:
    """Takes everybody of an export with their lists of people at risk, and keeps whom it would propose."""

    def __init__(self, rules: Rules, holders: frozenset[str]) -> None:
        """Start with nobody. `holders` hold or may activate a role: people, or to be treated like them."""
        decided = {
            *rules.exclusions,
            *(one.id for one in rules.policy_exclusions),
            *rules.emergency_access,
            *holders,
        }
        self._decided = frozenset(id_.casefold() for id_ in decided)
        self._asks = rules.create and rules.scope_group is None
        self._found: list[tuple[RiskList, AnyUser]] = []

    def take(self, user: AnyUser, lists: Iterable[PersonAtRisk]) -> None:
        """Note a user, unless the configuration decided about the account already."""
        if user.profile.id.casefold() in self._decided:
            return
        of = {one.list for one in lists}
        for which in (RiskList.SERVICE_ACCOUNTS, RiskList.SHARED_MAILBOXES):
            if which in of:
                self._found.append((which, user))

    def proposed(self, steps: Iterable[Remedy]) -> tuple[LeaveOut, ...]:
        """Return the proposals, by list. `steps` are the advice's: one may make our policy ask everybody."""
        asks = self._asks or any(map(_asks_everybody, steps))
        found = [
            LeaveOut(list=which, by=by, user_id=user.profile.id, user_principal_name=user.profile.user_principal_name)
            for which, user in self._found
            if (by := _by(which, user, asks)) is not None
        ]
        return tuple(sorted(found, key=lambda one: (one.list, one.by, one.user_principal_name)))


def _asks_everybody(step: Remedy) -> bool:
    """Tell whether a step makes our policy ask whoever never had per-user MFA, too."""
    return isinstance(step, WidenOurs) or (isinstance(step, CreateOurs) and step.template is Template.ALL_USERS)


def _by(which: RiskList, user: AnyUser, asks: bool) -> LeftOutBy | None:
    """Return what would leave an account out; None where nothing that is planned is about it.

    Sign-in to a mailbox's account is off, so that no policy asks it: only its per-user MFA is in a wave.
    """
    state = user.mfa_state if isinstance(user, UserRecord) else None
    if which is RiskList.SERVICE_ACCOUNTS and asks:
        return LeftOutBy.OF_BOTH if state is MfaState.ENFORCED else LeftOutBy.OF_THE_POLICY
    return LeftOutBy.OF_THE_WAVES if state in (MfaState.ENABLED, MfaState.ENFORCED) else None
