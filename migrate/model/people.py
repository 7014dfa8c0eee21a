"""People whom the end of per-user MFA, or of SMS and voice, will cost something: who, by what evidence, what to do."""

from __future__ import annotations

from enum import StrEnum

from migrate.model.record import Record
from migrate.model.sign_ins import Coordinate


class RiskList(StrEnum):
    """The lists. A person may stand in several."""

    SMS_VOICE_ONLY = "smsVoiceOnly"
    GUESTS_SMS_VOICE_ONLY = "guestsSmsVoiceOnly"
    NOT_MFA_CAPABLE = "notMfaCapable"
    MUST_REGISTER = "mustRegister"
    LEGACY_CLIENTS = "legacyClients"
    SMTP_AUTH = "smtpAuth"
    APP_PASSWORDS = "appPasswords"
    ROPC = "ropc"
    DEVICE_CODE = "deviceCode"
    SERVICE_ACCOUNTS = "serviceAccounts"
    SHARED_MAILBOXES = "sharedMailboxes"

    @property
    def needs_sign_ins(self) -> bool:
        """Tell whether only the sign-in log can tell who belongs to it."""
        return self in _FROM_THE_LOG


_FROM_THE_LOG = frozenset(
    [
        RiskList.LEGACY_CLIENTS,
        RiskList.SMTP_AUTH,
        RiskList.APP_PASSWORDS,
        RiskList.ROPC,
        RiskList.DEVICE_CODE,
        RiskList.SERVICE_ACCOUNTS,
    ]
)


class ServiceAccountLimits(Record, frozen=True, kw_only=True):
    """What makes an account look like a program's. The numbers are ours, no page says them."""

    successes: int = 20
    """So many without MFA at least."""
    places: int = 3
    """From so many at most."""
    days: int = 5
    """On so many at least, a weekend among them."""
    share: float = 0.95
    """So much of it at least not in a browser."""


class Certainty(StrEnum):
    """How sure it is that somebody belongs to a list."""

    SURE = "sure"
    INFERRED = "inferred"
    """From other facts: no page and no log says it."""
    LOOKS_LIKE = "looksLike"
    """By a rule of ours."""
    AT_LEAST = "atLeast"
    """Who is there is there for sure, and others may be missing: the log does not always say."""


class Used(Record, frozen=True, kw_only=True):
    """What somebody was seen to do."""

    client: str
    application: str
    """Client application id; empty where the log or the kind has none."""
    attempts: int
    last: int
    """Seconds since 1970 (UTC)."""


class PersonAtRisk(Record, frozen=True, kw_only=True):
    """One person in one list."""

    list: RiskList
    user_id: str
    user_principal_name: str
    display_name: str | None
    is_guest: bool
    certainty: Certainty
    evidence: tuple[str, ...]
    """Methods, as the registration report names them, or what else the list goes by."""
    used: tuple[Used, ...]
    """The latest first; empty for lists that do not come from the log."""
    last_seen: int | None
    """The last sign-in of any kind in the log that was read; None: not seen, which never means safe."""

    @property
    def last_used(self) -> int | None:
        """Return when it was last seen to do what the list is about."""
        return max((one.last for one in self.used), default=None)


class ListStanding(Record, frozen=True, kw_only=True):
    """One list as a whole."""

    list: RiskList
    people: int
    is_known: bool
    """False where what it goes by was not read: then nobody in it means nothing."""
    lost: tuple[Coordinate, ...] = ()
    """What the log that was read does not say, so that people may be missing."""
