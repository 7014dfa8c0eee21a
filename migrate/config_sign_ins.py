"""`[sign_ins]` in mfa-migrate.toml: what the sign-in log has to show, and how far it is read."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.model.people import ServiceAccountLimits
from migrate.model.record import Record
from migrate.model.report_only import ExitLimits
from migrate.model.wave_gate import GateLimits

Trouble = tuple[list[str], str]
"""The keys and what is wrong with their value."""


class ExitRule(Record, frozen=True, kw_only=True, rename=None):
    """`[sign_ins.exit_rule]`: what a report-only policy has to show before it is switched on."""

    days: int = 7
    working_days: int = 5
    seen_share: float = 0.8
    most_failures: int = 0
    most_not_capable: int = 0
    unknown_share: float = 0.01
    success_share: float = 0.9

    @property
    def limits(self) -> ExitLimits:
        """Return them as the rule takes them."""
        return ExitLimits(**{name: getattr(self, name) for name in self.__struct_fields__})


class WaveGate(Record, frozen=True, kw_only=True, rename=None):
    """`[sign_ins.wave_gate]`: what a wave has to show. That nobody is locked out is no number of choice."""

    days_before: int = 14
    token_minutes: int = 60
    working_days: float = 1
    seen_again: float = 0.6
    more_failures: float = 0.02

    @property
    def limits(self) -> GateLimits:
        """Return them as the gate takes them."""
        return GateLimits(**{name: getattr(self, name) for name in self.__struct_fields__})


class ServiceAccounts(Record, frozen=True, kw_only=True, rename=None):
    """`[sign_ins.service_accounts]`: what makes an account look like a program's."""

    successes: int = 20
    places: int = 3
    days: int = 5
    share: float = 0.95

    @property
    def limits(self) -> ServiceAccountLimits:
        """Return them as the list takes them."""
        return ServiceAccountLimits(**{name: getattr(self, name) for name in self.__struct_fields__})


class SignInConfig(Record, frozen=True, kw_only=True, rename=None):
    """`[sign_ins]`."""

    max_rows: int = 200_000
    """Rows of interactive and of other sign-ins that are read at most."""
    attempt_minutes: int = 30
    """Rows of one person under one correlation id are one attempt while they are no further apart."""
    replay_agreement: float = 0.995
    """Share of attempts on which judgement and log must agree for the replay of a policy to be proven."""
    exit_rule: ExitRule = ExitRule()
    wave_gate: WaveGate = WaveGate()
    service_accounts: ServiceAccounts = ServiceAccounts()


def sign_in_troubles(found: SignInConfig) -> Iterator[Trouble]:
    """Yield what has the right type and makes no sense."""
    for above, table in (
        (["sign_ins"], found),
        (["sign_ins", "exit_rule"], found.exit_rule),
        (["sign_ins", "wave_gate"], found.wave_gate),
        (["sign_ins", "service_accounts"], found.service_accounts),
    ):
        for name in table.__struct_fields__:
            value = getattr(table, name)
            keys = [*above, name]
            if name in _SHARES and not 0 <= value <= 1:
                yield keys, f"{'.'.join(keys)} is a share, from 0 to 1, not {value:g}."
            elif isinstance(value, (int, float)) and value < _LEAST.get(name, 0):
                yield keys, f"{'.'.join(keys)} must be at least {_LEAST.get(name, 0)}, not {value:g}."


_SHARES = frozenset(
    ("replay_agreement", "seen_share", "unknown_share", "success_share", "seen_again", "more_failures", "share")
)
_LEAST = {"max_rows": 1, "attempt_minutes": 1, "days_before": 1, "successes": 1}
