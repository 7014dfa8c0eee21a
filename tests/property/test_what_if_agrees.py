"""The offline What If and the proof agree: a covered user has no sign-in without MFA, whatever is stated."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from migrate.decide.coverage.judge import Judge
from migrate.decide.what_if import WhatIf
from migrate.model.coverage import Verdict
from migrate.model.explanation import SignIn, SignInOutcome
from tests.property.random_tenants import USER_NAMES, tenants
from tests.unit.decide.coverage.tenants import EXCHANGE, PAYROLL, PEOPLE, evidence

SIGN_INS = st.builds(
    SignIn,
    app=st.sampled_from([PAYROLL, EXCHANGE, "11111111-1111-1111-1111-111111111111"]),
    client_app_type=st.sampled_from(["browser", "mobileAppsAndDesktopClients", "exchangeActiveSync", "other"]),
    platform=st.sampled_from([None, "iOS", "linux", "windows", "unknown"]),
    ip=st.sampled_from([None, "203.0.113.5", "203.0.113.200", "192.0.2.7", "2001:db8:1::5"]),
    country=st.sampled_from([None, "NL", "US", "unknown"]),
    sign_in_risk=st.sampled_from(["none", "low", "high"]),
    user_risk=st.sampled_from(["none", "high"]),
    insider_risk=st.sampled_from(["none", "elevated"]),
    compliant=st.booleans(),
    hybrid_joined=st.booleans(),
    flow=st.sampled_from(["none", "deviceCodeFlow"]),
)


@settings(max_examples=120, suppress_health_check=list(HealthCheck))
@given(raws=tenants(), name=USER_NAMES, sign_in=SIGN_INS)
def test_a_covered_user_has_no_sign_in_without_mfa(raws: list[dict[str, Any]], name: str, sign_in: SignIn) -> None:
    read = evidence(*raws)
    assume(Judge(read).coverage_of(PEOPLE[name]).verdict is Verdict.COVERED)
    assert WhatIf(read).answer_for(PEOPLE[name], sign_in).outcome is not SignInOutcome.NO_MFA


@settings(max_examples=120, suppress_health_check=list(HealthCheck))
@given(raws=tenants(), name=USER_NAMES, sign_in=SIGN_INS)
def test_a_sign_in_that_meets_mfa_shows_that_the_user_is_not_uncovered(
    raws: list[dict[str, Any]], name: str, sign_in: SignIn
) -> None:
    read = evidence(*raws)
    enabled = {raw["id"]: raw for raw in raws if raw["state"] == "enabled"}
    answer = WhatIf(read).answer_for(PEOPLE[name], sign_in)
    assume(answer.outcome is SignInOutcome.MFA)
    # A password change asks for MFA at the moment of the risk that it answers; the proof does not count it.
    changing = {raw["displayName"] for raw in raws if "passwordChange" in json.dumps(raw)}
    assume(not changing & {policy.display_name for policy in answer.policies if policy.applies})
    coverage = Judge(read).coverage_of(PEOPLE[name])
    applied = {policy.display_name for policy in answer.policies if policy.id in enabled and policy.applies}
    assert applied
    # An exclusion counts for the proof at every moment: for who could activate a role, or holds it for a part of the
    # directory. The sign-in is one moment, at which they are not excluded.
    assert coverage.verdict in (Verdict.COVERED, Verdict.PARTLY) or applied & {one.policy for one in coverage.left_out}
