"""Which column or property of somebody else's file means what; false friends are listed with what they really say.

The names come from the MSOnline objects, the Graph resources, the portal's downloads and the report scripts that
administrators have used for years.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum, auto
from functools import lru_cache


class Meaning(Enum):
    """What a column is about."""

    OBJECT_ID = auto()
    USER_PRINCIPAL_NAME = auto()
    DISPLAY_NAME = auto()
    STATE = auto()
    """Surely the per-user MFA state."""
    MAYBE_STATE = auto()
    """The state in some scripts, the strength of the methods in others; the values have to tell."""
    FALSE_FRIEND = auto()
    """Looks like the state and is not."""
    METHODS = auto()
    """A column of a report about methods; beside one, a `MAYBE_STATE` is no state."""
    PLAN_DIGEST = auto()


GRAPH_STATES = frozenset({"perusermfastate", "perusermfastatus", "peruser"})
"""State columns that come from Graph, where everybody has a state: a blank there means it is not known."""

OUR_STATES = frozenset({"previousstate", "currentstate"})
"""State columns of rollback.csv and plan.csv."""

REQUIREMENTS = "strongauthenticationrequirements"
"""MSOnline's property: a list, empty for Disabled, otherwise with one requirement that has the state."""

STATE_HOLDERS = frozenset({"authenticationrequirements", "requirements", "authentication"})
"""Properties whose members are about the same user's requirements, so that a state one level down is the user's."""

OTHER_PROPERTIES = "additionalproperties"
"""Where Graph PowerShell puts every property of a user that its class does not know."""

_OBJECT_ID = ("objectid", "azureadobjectid", "entraobjectid", "id", "userid", "memberobjectidorupn")
_USER_PRINCIPAL_NAME = (
    "userprincipalname",
    "upn",
    "signinname",
    "username",
    "userid",
    "user",
    "memberobjectidorupn",
    # What Microsoft's pages call it in German (as a column: Graph reference de-de, reportRoot
    # getSharePointActivityUserDetail), and in French, Italian and Portuguese (the property userPrincipalName: fr-fr,
    # it-it and pt-br of the same reference and of the Microsoft 365 pages on users).
    "benutzerprinzipalname",
    "nomdutilisateurprincipal",
    "nomeprincipaledellutente",
    "nomeprincipaldousuário",
)
_DISPLAY_NAME = ("displayname", "userdisplayname", "name", "user")
# In this order of trust, should a file have several. PreviousState and CurrentState are ours.
_STATE = (
    "perusermfastate",
    "perusermfastatus",
    "peruser",
    "requirementstate",
    REQUIREMENTS,
    "strongauthenticationrequirementsstate",
    "strongauthenticationrequirements0state",
    "previousstate",
    "currentstate",
)
_MAYBE_STATE = ("mfastatus", "mfastate", "mfaused")
_FALSE_FRIENDS = {
    "mfaenabled": "whether the user has methods",
    "mfaenforced": "only that the user is not disabled, not which of Enabled and Enforced it is",
    "activationstatus": "whether the user has methods",
    "ismfaregistered": "whether methods are registered",
    "ismfacapable": "whether methods are registered that the policy allows",
    "multifactorauthenticationcapable": "whether methods are registered that the policy allows",
    "multifactorauthenticationregistered": "whether methods are registered",
    "mfaregistered": "whether methods are registered",
    "mfacapable": "whether methods are registered that the policy allows",
    "methods": "which methods are registered",
    "methodsregistered": "which methods are registered",
    "strongauthenticationmethods": "which methods are registered",
}
_MSONLINE = frozenset(
    {
        "blockcredential",
        "islicensed",
        "lastpasswordchangetimestamp",
        "liveid",
        "strongauthenticationmethods",
        "strongauthenticationphoneappdetails",
        "strongauthenticationproofuptime",
        "strongauthenticationuserdetails",
        "stsrefreshtokensvalidfrom",
        "validationstatus",
    }
)
"""Properties that users of MSOnline have and those of Graph have not."""
_METHODS = frozenset(
    {
        "authenticationmethods",
        "authenticatorapp",
        "authenticatordevice",
        "email",
        "fido2",
        "hellobusiness",
        "windowshelloforbusiness",
        "microsoftauthenticatorapp",
        "microsoftauthenticator",
        "passwordless",
        "phoneauthentication",
        "softwareoath",
        "temporaryaccesspass",
        "tempaccesspass",
        "tempaccess",
        "passkey",
        "haspassword",
    }
)


# `Member object ID or user principal name [memberObjectIdOrUpn] Required`: the portal's own templates.
_BRACKETED = re.compile(r"[^\[\],;|\t]*\[([A-Za-z][A-Za-z0-9]*)\][^\[\],;|\t]*")


@lru_cache(maxsize=4096)
def folded(name: str) -> str:
    """Return a column name as names are compared: letters and digits only, in lower case.

    Of a heading in the portal's templates that is the name in brackets.
    """
    if "[" in name and (found := _BRACKETED.fullmatch(name)):
        name = found.group(1)
    return "".join(character for character in name.casefold() if character.isalnum())


def meanings_of(name: str) -> frozenset[Meaning]:
    """Return what a column of this name may be about; most mean nothing to us."""
    key = folded(name)
    listed = (
        (Meaning.OBJECT_ID, _OBJECT_ID),
        (Meaning.USER_PRINCIPAL_NAME, _USER_PRINCIPAL_NAME),
        (Meaning.DISPLAY_NAME, _DISPLAY_NAME),
        (Meaning.STATE, _STATE),
        (Meaning.MAYBE_STATE, _MAYBE_STATE),
        (Meaning.FALSE_FRIEND, _FALSE_FRIENDS),
        (Meaning.METHODS, _METHODS),
        (Meaning.PLAN_DIGEST, ("plandigest",)),
    )
    return frozenset(meaning for meaning, names in listed if key in names)


def columns_for(meaning: Meaning, columns: Sequence[str]) -> list[str]:
    """Return the columns that may mean this, the most trusted name first."""
    order = {
        Meaning.OBJECT_ID: _OBJECT_ID,
        Meaning.USER_PRINCIPAL_NAME: _USER_PRINCIPAL_NAME,
        Meaning.DISPLAY_NAME: _DISPLAY_NAME,
        Meaning.STATE: _STATE,
        Meaning.MAYBE_STATE: _MAYBE_STATE,
    }.get(meaning, ())
    found = [column for column in columns if meaning in meanings_of(column)]
    return sorted(found, key=lambda column: order.index(folded(column)) if order else 0)


def false_friend_says(column: str) -> str:
    """Return what a false friend really says, to be put after `says`."""
    return _FALSE_FRIENDS[folded(column)]


def is_msonline(name: str) -> bool:
    """Tell whether a column is one that only users of MSOnline have: it shows where the file comes from."""
    return folded(name) in _MSONLINE


def is_worth_keeping(name: str, state_column: str | None) -> bool:
    """Tell whether the values of this column are needed; all others are dropped while reading."""
    wanted = meanings_of(name) - {Meaning.METHODS, Meaning.FALSE_FRIEND}
    return bool(wanted) or folded(name) in {folded(state_column or ""), "state", OTHER_PROPERTIES, *STATE_HOLDERS}
