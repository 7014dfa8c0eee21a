"""Invented rows of the sign-in log in Graph's shape, and a tenant's named locations to reduce them with."""

from __future__ import annotations

from typing import Any

from migrate.decide.sign_ins.reduction import Reducer
from migrate.exchange.sign_in_columns import SignInColumns
from migrate.model.evidence import Evidence
from migrate.model.sign_ins import SeenAs

TENANT = "10000000-0000-4000-8000-0000000000aa"
OFFICE = "10000000-0000-4000-8000-000000000001"
EXCHANGE = "00000002-0000-0ff1-ce00-000000000000"
ADA = "30000000-0000-4000-8000-000000000001"
MFA_POLICY = "20000000-0000-4000-8000-000000000001"
REPORT_ONLY = "20000000-0000-4000-8000-000000000002"


def evidence_with_places(**members: Any) -> Evidence:
    """Return evidence with an office and a country, and no policies."""
    given: dict[str, Any] = {
        "policies": (),
        "named_locations": (
            {
                "@odata.type": "#microsoft.graph.ipNamedLocation",
                "id": OFFICE,
                "displayName": "Offices",
                "isTrusted": True,
                "ipRanges": [{"cidrAddress": "203.0.113.0/28"}, {"cidrAddress": "2001:db8:1::/48"}],
            },
            {
                "@odata.type": "#microsoft.graph.countryNamedLocation",
                "id": "10000000-0000-4000-8000-000000000003",
                "displayName": "Home",
                "countriesAndRegions": ["SE"],
                "countryLookupMethod": "clientIpAddress",
                "includeUnknownCountriesAndRegions": False,
            },
        ),
        "authentication_strengths": (),
        "security_defaults_enabled": False,
        "groups": {},
        "roles": {},
    }
    return Evidence(**{**given, **members})


def reducer() -> Reducer:
    return Reducer(evidence_with_places(), TENANT)


def graph_row(number: int = 1, **members: Any) -> dict[str, Any]:
    """Return one row as Graph beta sends it; members replace or add."""
    row: dict[str, Any] = {
        "id": f"40000000-0000-4000-8000-{number:012}",
        "createdDateTime": "2026-11-24T08:00:00Z",
        "userId": ADA,
        "appId": "30000000-0000-4000-8000-000000000101",
        "resourceId": EXCHANGE,
        "resourceTenantId": TENANT,
        "homeTenantId": TENANT,
        "correlationId": f"50000000-0000-4000-8000-{number:012}",
        "ipAddress": "203.0.113.7",
        "ipAddressFromResourceProvider": None,
        "clientAppUsed": "Browser",
        "isInteractive": True,
        "signInEventTypes": ["interactiveUser"],
        "userType": "member",
        "crossTenantAccessType": "none",
        "authenticationRequirement": "singleFactorAuthentication",
        "authenticationProtocol": "none",
        "originalTransferMethod": "none",
        "incomingTokenType": "none",
        "riskLevelDuringSignIn": "none",
        "conditionalAccessAudiences": [EXCHANGE],
        "authenticationContextClassReferences": [],
        "status": {"errorCode": 0},
        "deviceDetail": {"deviceId": "", "operatingSystem": "Windows11", "isCompliant": False, "trustType": ""},
        "location": {"countryOrRegion": "SE"},
        "appliedConditionalAccessPolicies": [],
        "authenticationDetails": [{"authenticationMethod": "Password"}],
        "authenticationRequirementPolicies": [],
    }
    return {**row, **members}


def seen_in(columns: SignInColumns, until: int | None = None) -> list[SeenAs]:
    """Count what the columns hold."""
    counted = columns.settle(until)
    return [SeenAs(kind=counted.kinds[kind], user_id=user_id, seen=seen) for kind, user_id, seen in counted.people()]
