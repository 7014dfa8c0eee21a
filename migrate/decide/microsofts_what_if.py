"""The same sign-in put to Microsoft's own What If: how to ask, and where its answer differs from ours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from migrate.decide.what_if import UNKNOWN_COUNTRY
from migrate.model.evidence import PolicyState
from migrate.model.explanation import Difference, EvaluatedPolicy, PolicyAnswer, SignIn
from migrate.model.record import JsonObject
from migrate.model.users import UserProfile

_GRAPH_ACTIONS = {
    "urn:user:registersecurityinfo": "registerSecurityInformation",
    "urn:user:registerdevice": "registerOrJoinDevices",
}


def body_for(profile: UserProfile, sign_in: SignIn) -> JsonObject:
    """Return the body that asks Microsoft's What If about a sign-in.

    Source: Graph v1.0, conditionalAccessRoot: evaluate. What is not stated is left out; Microsoft then takes it as
    any or none, and says where that is not enough.
    """
    context: JsonObject = {
        "@odata.type": "#microsoft.graph.applicationContext",
        "includeApplications": [sign_in.app],
    }
    if sign_in.user_action is not None:
        action = _GRAPH_ACTIONS[sign_in.user_action]
        context = {"@odata.type": "#microsoft.graph.userActionContext", "userAction": action}
    stated: JsonObject = {
        "clientAppType": sign_in.client_app_type,
        # What If knows no name for a platform that is not recognised.
        "devicePlatform": None if sign_in.platform == "unknown" else sign_in.platform,
        "country": None if sign_in.country is None or sign_in.country == UNKNOWN_COUNTRY else sign_in.country.upper(),
        "ipAddress": sign_in.ip,
        "signInRiskLevel": sign_in.sign_in_risk,
        "userRiskLevel": sign_in.user_risk,
        "insiderRiskLevel": None if sign_in.insider_risk == "none" else sign_in.insider_risk,
        "authenticationFlow": None if sign_in.flow == "none" else {"transferMethod": sign_in.flow},
        "deviceInfo": {
            "isCompliant": sign_in.compliant,
            **({"trustType": "ServerAD"} if sign_in.hybrid_joined else {}),
        },
    }
    return {
        "signInIdentity": {
            "@odata.type": "#microsoft.graph.userSignIn",
            "userId": profile.id,
            **({"externalTenantId": sign_in.external_tenant_id} if sign_in.external_tenant_id else {}),
            **({"externalUserType": sign_in.external_user_type} if sign_in.external_user_type else {}),
        },
        "signInContext": context,
        "signInConditions": {name: value for name, value in stated.items() if value is not None},
        "appliedPoliciesOnly": False,
    }


def differences_between(ours: Sequence[PolicyAnswer], microsofts: Iterable[EvaluatedPolicy]) -> tuple[Difference, ...]:
    """Return the policies in force or report-only about which the two answers are not the same.

    Where ours is not known there is a difference too: Microsoft's answer may settle it, but it settles one sign-in.
    """
    said = {one.id: one for one in microsofts}
    found = []
    for answer in ours:
        theirs = said.get(answer.id)
        if answer.state == PolicyState.DISABLED.value or (theirs is not None and theirs.applies is answer.applies):
            continue
        found.append(
            Difference(
                id=answer.id,
                display_name=answer.display_name,
                ours=answer.applies,
                microsofts=None if theirs is None else theirs.applies,
                reasons=(*answer.reasons, "not mentioned" if theirs is None else theirs.analysis_reasons),
            )
        )
    known = {answer.id for answer in ours}
    found += [
        Difference(
            id=one.id,
            display_name=one.display_name,
            ours=None,
            microsofts=one.applies,
            reasons=("it is not in the export", one.analysis_reasons),
        )
        for one in said.values()
        if one.id not in known
    ]
    return tuple(found)


_EXCHANGE_ONLINE = "00000002-0000-0ff1-ce00-000000000000"
_NOWHERE = "192.0.2.1"
"""An address of the range kept for documentation: in no named location that anybody means."""


def sign_ins_to_confirm(apps: frozenset[str] | None) -> tuple[SignIn, ...]:
    """Return the sign-ins that the proof is confirmed with: an ordinary one, a modern app, and a legacy client."""
    app = min(apps) if apps else _EXCHANGE_ONLINE
    return tuple(
        SignIn(app=app, client_app_type=client, platform="windows", ip=_NOWHERE, country="US")
        for client in ("browser", "mobileAppsAndDesktopClients", "other")
    )


def disagreements_between(ours: Sequence[PolicyAnswer], microsofts: Sequence[EvaluatedPolicy]) -> list[str]:
    """Return one sentence for each policy about which Microsoft says otherwise.

    Policies that only the plan knows cannot be asked about, and what is not known here is no disagreement.
    """
    here = {answer.id for answer in ours}
    return [
        f"policy {one.display_name!r} {_APPLIES[one.microsofts]} there and {_APPLIES[one.ours]} here"
        for one in differences_between(ours, microsofts)
        if one.microsofts is not None and (one.ours is not None or one.id not in here)
    ]


_APPLIES = {True: "applies", False: "does not apply", None: "is not known"}
