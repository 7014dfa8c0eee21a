"""Steps of advice in words: what to do, where to click, and why a step is never proposed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from migrate.model.advice import (
    AllClientApps,
    CreateOurs,
    Ended,
    EndExclusion,
    Never,
    OpenDoor,
    Remedy,
    SwitchOn,
    WidenOurs,
)

_POLICIES = "Entra admin center: Conditional Access > Policies"


def remedy_words(remedy: Remedy) -> str:
    """Return a step as an order."""
    match remedy:
        case SwitchOn():
            return f"switch on {remedy.policy!r}" + (" (Microsoft's own: in the portal)" if remedy.managed else "")
        case CreateOurs():
            return f"create {remedy.policy!r}"
        case WidenOurs():
            return f"widen {remedy.policy!r} to all users"
        case EndExclusion():
            return f"end the exclusion of {excluded_words(remedy)} in {remedy.policy!r}"
        case AllClientApps():
            return f"set client apps of {remedy.policy!r} to all"
        case _:
            assert_never(remedy)


def excluded_words(remedy: EndExclusion | OpenDoor) -> str:
    """Return what is excluded."""
    match remedy.what:
        case Ended.GROUP:
            return f"group {remedy.target_name!r}"
        case Ended.PERSON:
            return remedy.target_name
        case Ended.LOCATION:
            trusted = remedy.target.casefold() == "alltrusted"
            return remedy.target_name if trusted else f"location {remedy.target_name!r}"
        case Ended.APPLICATION:
            return f"application {remedy.target_name!r}"
        case Ended.PLATFORM:
            return f"platform {remedy.target_name}"
        case Ended.ROLE:
            return f"role {remedy.target_name!r}"
        case Ended.GUESTS:
            return remedy.target_name
        case _:
            assert_never(remedy.what)


def is_for_the_portal(remedy: Remedy) -> bool:
    """Tell whether a step is the administrator's to do, and not the configuration's."""
    match remedy:
        case SwitchOn():
            return remedy.managed
        case CreateOurs() | WidenOurs():
            return False
        case EndExclusion() | AllClientApps():
            return True
        case _:
            assert_never(remedy)


def clicks(remedy: Remedy) -> Iterator[str]:
    """Yield what to click for a step that is not the configuration's."""
    yield f"{_POLICIES} > {remedy.policy}"
    match remedy:
        case SwitchOn() | CreateOurs():
            yield "Enable policy: On"
        case WidenOurs():
            yield "Users > Include: All users"
        case EndExclusion():
            yield f"{_WHERE[remedy.what]}: take out {excluded_words(remedy)}"
        case AllClientApps():
            yield "Conditions > Client apps > Configure: No (all client apps, legacy ones too)"
        case _:
            assert_never(remedy)
    yield "Save"


_WHERE = {
    Ended.GROUP: "Users > Exclude > Users and groups",
    Ended.PERSON: "Users > Exclude > Users and groups",
    Ended.LOCATION: "Network > Exclude",
    Ended.APPLICATION: "Target resources > Exclude",
    Ended.PLATFORM: "Conditions > Device platforms > Exclude",
    Ended.ROLE: "Users > Exclude > Directory roles",
    Ended.GUESTS: "Users > Exclude > Guest or external users",
}


def never_words(why: Never) -> str:
    """Return why a step is not proposed."""
    match why:
        case Never.EMERGENCY_ACCESS:
            return "it would reach an emergency access account"
        case Never.DIRECTORY_SYNC:
            return "it could reach an account of the directory synchronization"
        case Never.MEMBERS_UNKNOWN:
            return "who is in it could not be read whole, and emergency access may be among them"
        case Never.PER_USER_MFA_POLICY:
            return "whoever is disabled may leave this policy; make one of your own with equal scope"
        case Never.NO_EMERGENCY_ACCESS:
            return "without an emergency access account no policy is switched on"
        case Never.CONFIGURED:
            return "the configuration leaves it out of our policy: take it out of [[policy.exclude]] there"
        case Never.NOT_UNDERSTOOD:
            return "the policy is not understood"
        case _:
            assert_never(why)
