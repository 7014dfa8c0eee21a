"""What the answers about a tenant mean for its plan: what to make or to do by hand, printed and never made."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from migrate.model.plan import PlanNote, warning
from migrate.model.questions import SERVICE_SETTINGS, TenantAnswers


def answer_notes(answers: TenantAnswers) -> Iterator[PlanNote]:
    """Yield a warning for each answer that changes something; where somebody has answered, also what is open."""
    who = partial(_who, answers)
    if answers.trusted_ips:
        ranges = ", ".join(answers.trusted_ips)
        yield warning(
            "answer-trusted-ips",
            f"Per-user MFA does not ask at {ranges}{who('trusted_ips')}"
            "; policies will, unless they exclude All trusted locations. To "
            f"keep it so, make a named location, marked as trusted, with {ranges}{_ipv6(answers)}; the gap is "
            "location:trusted then.",
        )
    if answers.federated_intranet:
        yield warning(
            "answer-federated-intranet",
            f"Federated users on the intranet are not asked by per-user MFA{who('federated_intranet')}"
            "; a policy asks them unless it leaves "
            "out All trusted locations. The gap is location:trusted then.",
        )
    if answers.remember_mfa_days:
        days = answers.remember_mfa_days
        yield warning(
            "answer-remember-mfa",
            f"MFA is remembered for {days} days{who('remember_mfa_days')}"
            ". It clashes with a sign-in frequency: give the policy the session "
            f"control signInFrequency of {days} days, and switch remembering off after the last wave at "
            f"{SERVICE_SETTINGS}. Guests are not remembered; people are asked more often.",
        )
    if answers.app_passwords:
        yield warning(
            "answer-app-passwords",
            f"People may have app passwords{who('app_passwords')}"
            ". Block legacy clients and have people delete theirs first; switch the "
            "setting off last, since then nobody can delete them any more. That they end with the per-user state is "
            "stated nowhere.",
        )
    if answers.legacy_servers:
        yield warning(
            "answer-legacy-servers",
            f"There is an NPS extension, an AD FS adapter or an MFA Server{who('legacy_servers')}"
            ". Keep the people who sign in through "
            "it for the last wave, with --exclude; whether NPS needs the per-user state is not documented.",
        )
    if answers.telephony_provider:
        yield warning(
            "answer-telephony-provider",
            f"Text messages and calls go through a provider of the tenant's own{who('telephony_provider')}"
            ": the date until which people with "
            "SMS or voice only can pass is the one of Microsoft's provider, and yours may be another.",
        )
    if answers.answered_by is not None and answers.unknown:
        lines = ", ".join(f"{key} = …" for key in answers.unknown)
        yield warning(
            "answers-open",
            f"Not known about the tenant, so each stays a gap: under [tenant_settings] write {lines}; or run "
            "`mfa-migrate init`.",
        )


def _who(answers: TenantAnswers, key: str) -> str:
    by, on = answers.said(key)
    return f" (said by {by or 'nobody named'} on {on or 'no day'})"


def _ipv6(answers: TenantAnswers) -> str:
    if answers.offices_ipv6:
        return f" and {', '.join(answers.offices_ipv6)}"
    if answers.offices_ipv6 is None:
        return "; the offices' IPv6 ranges are not known, and without them people there are newly required to use MFA"
    return ""
