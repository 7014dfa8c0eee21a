"""What `init` asks: facts about a tenant that no API tells, where to look, and what each answer changes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from ipaddress import ip_network

from migrate.model.record import Record
from migrate.model.tenant_settings import BASELINE_PAGE

SERVICE_SETTINGS = "https://account.activedirectory.windowsazure.com/usermanagement/mfasettings.aspx"
"""Users > Per-user MFA > Service settings; its place in the portal's menus moves."""


class AnswerKind(StrEnum):
    """What an answer looks like."""

    TEXT = "text"
    LIST = "list"
    NUMBER = "number"
    YES_NO = "yes or no"


class Question(Record, frozen=True, kw_only=True):
    """One question and the key that its answer is written under."""

    table: str
    """Empty for a key of no table."""
    key: str
    kind: AnswerKind
    asks: str
    where: str
    changes: str

    @property
    def name(self) -> str:
        """Return the key as the documentation writes it."""
        return f"{self.table}.{self.key}" if self.table else self.key


_SETTINGS = "tenant_settings"
QUESTIONS: tuple[Question, ...] = (
    Question(
        table="",
        key="tenant",
        kind=AnswerKind.TEXT,
        asks="Which tenant is it (id or domain)?",
        where="the address of the Entra admin center, or any domain of yours",
        changes="every command goes there and nowhere else",
    ),
    Question(
        table="",
        key="cloud",
        kind=AnswerKind.TEXT,
        asks="In which Microsoft cloud is it (global, usgov, usgov-dod, china, bleu, delos, govsg)?",
        where="the address of your portal: entra.microsoft.com is global, GCC too; GCC High is usgov",
        changes="which sign-in service and which Graph are asked; a wrong one is refused before anything is sent",
    ),
    Question(
        table="emergency_access",
        key="accounts",
        kind=AnswerKind.LIST,
        asks="Which accounts must always get in (two, cloud-only, Global Administrator)?",
        where="Users; they are proposed, never taken",
        changes="they are excluded from created policies and stand in no wave",
    ),
    Question(
        table="waves",
        key="canary",
        kind=AnswerKind.LIST,
        asks="Who goes first (a few people who know of it)?",
        where="ask them",
        changes="the first wave",
    ),
    Question(
        table=_SETTINGS,
        key="trusted_ips",
        kind=AnswerKind.LIST,
        asks="Which IPv4 ranges are MFA trusted IPs?",
        where=SERVICE_SETTINGS,
        changes="per-user MFA did not ask there, and policies will, unless a named location says otherwise",
    ),
    Question(
        table=_SETTINGS,
        key="offices_ipv6",
        kind=AnswerKind.LIST,
        asks="Through which IPv6 ranges do these offices go out?",
        where="ask whoever runs the network; trusted IPs are IPv4 only",
        changes="without them people in the offices are newly required to use MFA",
    ),
    Question(
        table=_SETTINGS,
        key="federated_intranet",
        kind=AnswerKind.YES_NO,
        asks="Is MFA skipped for requests from federated users on the intranet?",
        where=SERVICE_SETTINGS,
        changes="counts as a trusted location: the same gap",
    ),
    Question(
        table=_SETTINGS,
        key="remember_mfa_days",
        kind=AnswerKind.NUMBER,
        asks="For how many days is MFA remembered on trusted devices (0: not)?",
        where=SERVICE_SETTINGS,
        changes="clashes with a sign-in frequency; the session control to make is printed",
    ),
    Question(
        table=_SETTINGS,
        key="app_passwords",
        kind=AnswerKind.YES_NO,
        asks="May people make app passwords?",
        where=SERVICE_SETTINGS,
        changes="block legacy clients and have people delete theirs first; the setting comes last",
    ),
    Question(
        table=_SETTINGS,
        key="legacy_servers",
        kind=AnswerKind.YES_NO,
        asks="Is there an NPS extension, an AD FS adapter or an MFA Server?",
        where="the servers themselves",
        changes="people who use VPN or remote desktop through them go last",
    ),
    Question(
        table=_SETTINGS,
        key="telephony_provider",
        kind=AnswerKind.YES_NO,
        asks="Does the tenant have a telephony provider of its own?",
        where="the contract, or Authentication methods in the portal",
        changes="whether text messages and calls last longer than Microsoft's own",
    ),
    Question(
        table=_SETTINGS,
        key="baseline_scopes",
        kind=AnswerKind.TEXT,
        asks="How are baseline scopes set (enforced, disabled or customised:<application id>)?",
        where=BASELINE_PAGE,
        changes="whether policies that exclude a resource reach sign-ins for baseline scopes",
    ),
)
"""In the order in which they are asked."""


class AnsweredApart(Record, frozen=True, kw_only=True, rename=None):
    """Who gave one answer and when, where that is not who gave the others."""

    key: str
    by: str
    on: date


class TenantAnswers(Record, frozen=True, kw_only=True, rename=None):
    """The answers under [tenant_settings] but for baseline scopes; None is "not known"."""

    trusted_ips: tuple[str, ...] | None = None
    """IPv4 ranges of the service settings; empty when there are none, None when nobody has looked."""
    offices_ipv6: tuple[str, ...] | None = None
    federated_intranet: bool | None = None
    remember_mfa_days: int | None = None
    app_passwords: bool | None = None
    legacy_servers: bool | None = None
    """NPS extension, AD FS adapter or MFA Server."""
    telephony_provider: bool | None = None
    answered_by: str | None = None
    answered_on: date | None = None
    answered_apart: tuple[AnsweredApart, ...] = ()

    def said(self, key: str) -> tuple[str | None, date | None]:
        """Return who gave the answer to a question, and on which day."""
        apart = next((one for one in self.answered_apart if one.key == key), None)
        return (self.answered_by, self.answered_on) if apart is None else (apart.by, apart.on)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Return the keys that nobody has answered."""
        asked = [question.key for question in QUESTIONS if question.table == _SETTINGS]
        return tuple(key for key in asked if key in self.__struct_fields__ and getattr(self, key) is None)


_RANGES = {"trusted_ips": (4, "203.0.113.0/24"), "offices_ipv6": (6, "2001:db8::/48")}
"""Version of the addresses, and an example."""


def answer_troubles(answers: TenantAnswers) -> Iterator[tuple[list[str], str]]:
    """Yield what is wrong with the answers, as the keys and a sentence."""
    for key, (version, example) in _RANGES.items():
        for text in getattr(answers, key) or ():
            if not _is_range(text, version):
                yield (
                    [_SETTINGS, key],
                    f"{_SETTINGS}.{key} takes IPv{version} ranges such as {example}, not {text!r}.",
                )


def _is_range(text: str, version: int) -> bool:
    try:
        return ip_network(text, strict=False).version == version
    except ValueError:
        return False
