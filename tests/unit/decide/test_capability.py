"""Who could answer a request for MFA: every value with its reason, and guests by inbound trust."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.decide.capability import Capabilities, not_yet
from migrate.decide.coverage.judge import Judge
from migrate.model.capability import (
    Capability,
    CapabilityEvidence,
    CapableWhy,
    InboundTrust,
    MethodsPolicy,
    MfaCapable,
)
from migrate.model.coverage import Verdict
from migrate.model.evidence import ConditionalAccessPolicy, ReadStatus
from migrate.model.users import Identity, Registration, UserProfile
from tests.unit.decide.records import evidence, group, guest, object_id, policy, policy_of, profile

PHISHING_RESISTANT = ["windowsHelloForBusiness", "fido2", "x509CertificateMultiFactor"]
ENTRA = (Identity(sign_in_type="federated", issuer="ExternalAzureAD"),)
GOOGLE = (Identity(sign_in_type="federated", issuer="google.com"),)
UPN = Identity(sign_in_type="userPrincipalName", issuer="contoso.example")


def report(*methods: str, registered: bool = True, capable: bool = True) -> Registration:
    return Registration(
        is_mfa_registered=registered, is_mfa_capable=capable, methods_registered=methods, last_updated_date_time=None
    )


NOTHING = report(registered=False, capable=False)


def with_strength(*combinations: str, name: str = "Strong", **users: Any) -> ConditionalAccessPolicy:
    raw = policy(name, **users).raw
    strength = {
        "id": object_id("strength"),
        "displayName": "Strength",
        "requirementsSatisfied": "mfa",
        "allowedCombinations": list(combinations),
    }
    grant = {"operator": "OR", "builtInControls": [], "authenticationStrength": strength}
    return policy_of({**raw, "grantControls": grant})


def about_registration(state: str = "enabled", grant: str = "block", **conditions: Any) -> ConditionalAccessPolicy:
    raw = policy("Register", state).raw
    actions = {"includeApplications": [], "includeUserActions": ["urn:user:registersecurityinfo"]}
    return policy_of(
        {
            **raw,
            "conditions": {**raw["conditions"], "applications": actions, **conditions},
            "grantControls": {"operator": "OR", "builtInControls": [grant]},
        }
    )


def allowing(*names: str, complete: bool = True) -> MethodsPolicy:
    known = ("sms", "voice", "fido2", "microsoftauthenticator", "softwareoath", "temporaryaccesspass", "email")
    return MethodsPolicy(
        migration_complete=complete, states={one: "enabled" if one in names else "disabled" for one in known}
    )


def beside(
    methods: MethodsPolicy | None = None, default: bool | None = None, **partners: bool | None
) -> CapabilityEvidence:
    trust = None if default is None else InboundTrust(default=default, partners=partners)
    return CapabilityEvidence(methods=methods, methods_problem=None, trust=trust, trust_problem=None)


def capability(
    registration: Registration | None,
    *policies: ConditionalAccessPolicy,
    who: UserProfile | None = None,
    more: CapabilityEvidence | None = None,
    **others: Any,
) -> Capability:
    proof = evidence(*(policies or (policy(),)), capability=more, **others)
    return Capabilities(proof, Judge(proof)).of(who or profile("ada"), registration)


STRONG = with_strength(*PHISHING_RESISTANT)
MFA_STRENGTH = with_strength("password,sms", "password,softwareOath", "password,microsoftAuthenticatorPush", "fido2")


@pytest.mark.parametrize(
    ("registration", "policies", "value", "why"),
    [
        (report("microsoftAuthenticatorPush"), (policy(),), "capable", "method"),
        (report("externalAuthMethod"), (policy(),), "capable", "method"),
        (report("someday"), (policy(),), "capable", "method"),
        (NOTHING, (policy(),), "must register first", "neverRegistered"),
        (report("email", registered=False, capable=False), (policy(),), "must register first", "neverRegistered"),
        (report("mobilePhone", capable=False), (policy(),), "not MFA capable", "methodNotAllowed"),
        (None, (policy(),), "unknown", "notInReport"),
        # An authentication strength.
        (report("fido2"), (STRONG,), "capable", "method"),
        (report("windowsHelloForBusiness"), (STRONG,), "capable", "method"),
        (report("microsoftAuthenticatorPush"), (STRONG,), "not MFA capable", "strengthNotMet"),
        (report("mobilePhone", "passKeySynced"), (STRONG,), "capable", "method"),
        (NOTHING, (STRONG,), "not MFA capable", "strengthNotMet"),
        (report("someday"), (STRONG,), "unknown", "notUnderstood"),
        (report("mobilePhone"), (MFA_STRENGTH,), "capable", "method"),
        (report("officePhone"), (MFA_STRENGTH,), "not MFA capable", "strengthNotMet"),
        (report("softwareOneTimePasscode"), (MFA_STRENGTH,), "capable", "method"),
        (report("externalAuthMethod"), (MFA_STRENGTH,), "not MFA capable", "externalMfaUnderStrength"),
        (report("mobilePhone"), (with_strength(),), "unknown", "notUnderstood"),
        (report("mobilePhone"), (with_strength(*PHISHING_RESISTANT, includeUsers=["None"]),), "capable", "method"),
        # A Temporary Access Pass lets somebody in to register.
        (report("temporaryAccessPass", "mobilePhone"), (STRONG,), "must register first", "hasTemporaryAccessPass"),
        # Registration barred.
        (NOTHING, (policy(), about_registration()), "not MFA capable", "registrationBarred"),
        (NOTHING, (policy(), about_registration(grant="mfa")), "not MFA capable", "registrationBarred"),
        (NOTHING, (policy(), about_registration("disabled")), "must register first", "neverRegistered"),
        (
            NOTHING,
            (policy(), about_registration("enabledForReportingButNotEnforced")),
            "must register first",
            "neverRegistered",
        ),
        (report("mobilePhone"), (policy(), about_registration()), "capable", "method"),
        (
            NOTHING,
            (
                policy(),
                about_registration(locations={"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}),
            ),
            "must register first",
            "neverRegistered",
        ),
    ],
)
def test_what_the_report_says_is_held_against_what_the_policies_ask(
    registration: Registration | None, policies: tuple[ConditionalAccessPolicy, ...], value: str, why: str
) -> None:
    found = capability(registration, *policies)
    assert (found.value.value, found.why.value) == (value, why)
    assert found.sentence.startswith(f"{value}: ")


def test_a_method_that_the_tenant_does_not_allow_meets_no_strength() -> None:
    """The report may be older than the methods policy; a policy still migrating respects the old settings too."""
    passkey = report("fido2", "mobilePhone")
    assert capability(passkey, STRONG, more=beside(allowing("fido2"))).value is MfaCapable.CAPABLE
    found = capability(passkey, STRONG, more=beside(allowing("sms")))
    assert (found.value, found.why) == (MfaCapable.NOT_CAPABLE, CapableWhy.STRENGTH_NOT_MET)
    assert capability(passkey, STRONG, more=beside(allowing("sms", complete=False))).value is MfaCapable.CAPABLE
    found = capability(report("mobilePhone"), more=beside(allowing("fido2")))
    assert (found.value, found.why) == (MfaCapable.NOT_CAPABLE, CapableWhy.METHOD_NOT_ALLOWED)
    assert capability(report("mobilePhone"), more=beside()).value is MfaCapable.CAPABLE


def test_a_telephone_meets_a_strength_only_in_the_way_that_the_tenant_allows() -> None:
    texts = with_strength("password,sms")
    assert capability(report("mobilePhone"), texts, more=beside(allowing("sms"))).value is MfaCapable.CAPABLE
    found = capability(report("mobilePhone"), texts, more=beside(allowing("voice")))
    assert (found.value, found.why) == (MfaCapable.NOT_CAPABLE, CapableWhy.STRENGTH_NOT_MET)
    still = capability(report("mobilePhone"), texts, more=beside(allowing("voice", complete=False)))
    assert still.value is MfaCapable.CAPABLE


def test_whoever_is_registered_with_what_the_report_does_not_name_is_not_known_under_a_strength() -> None:
    assert capability(report(), policy()).value is MfaCapable.CAPABLE
    assert capability(report(), STRONG).value is MfaCapable.UNKNOWN


WITH_PASS = report("temporaryAccessPass", registered=False, capable=False)


@pytest.mark.parametrize(
    ("policies", "more", "who", "value"),
    [
        ((policy(), about_registration(grant="mfa")), None, None, "must register first"),
        ((policy(), about_registration()), None, None, "not MFA capable"),
        ((STRONG,), beside(allowing("temporaryaccesspass")), None, "must register first"),
        ((STRONG,), beside(allowing("fido2")), None, "not MFA capable"),
        # A pass does not work for guests.
        (
            (policy(), about_registration(grant="mfa")),
            beside(default=False),
            guest("gus", identities=ENTRA),
            "not MFA capable",
        ),
    ],
    ids=["asks for MFA", "blocks", "a strength", "passes are not allowed", "a guest"],
)
def test_a_pass_lets_in_whom_nothing_else_does_where_it_is_allowed_and_registration_is_not_blocked(
    policies: tuple[ConditionalAccessPolicy, ...], more: CapabilityEvidence | None, who: UserProfile | None, value: str
) -> None:
    assert capability(WITH_PASS, *policies, who=who, more=more).value.value == value


@pytest.mark.parametrize(
    ("methods", "policies", "more", "value", "why"),
    [
        (("temporaryAccessPass",), (policy(),), None, "must register first", CapableWhy.NEVER_REGISTERED),
        (("temporaryAccessPass",), (STRONG,), None, "must register first", CapableWhy.HAS_PASS),
        (
            ("temporaryAccessPass",),
            (policy(), about_registration()),
            None,
            "not MFA capable",
            CapableWhy.REGISTRATION_BARRED,
        ),
        (
            ("officePhone", "temporaryAccessPass"),
            (policy(),),
            beside(allowing("fido2", "temporaryaccesspass")),
            "must register first",
            CapableWhy.HAS_PASS,
        ),
        (("fido2", "temporaryAccessPass"), (STRONG,), None, "capable", CapableWhy.METHOD),
    ],
    ids=["a pass alone", "under a strength", "registration is blocked", "beside what is not allowed", "beside a key"],
)
def test_a_pass_ends_by_itself_so_nobody_is_capable_by_it_alone(
    methods: tuple[str, ...],
    policies: tuple[ConditionalAccessPolicy, ...],
    more: CapabilityEvidence | None,
    value: str,
    why: CapableWhy,
) -> None:
    found = capability(report(*methods, registered=True, capable=True), *policies, more=more)
    assert (found.value.value, found.why) == (value, why)


@pytest.mark.parametrize(
    ("methods", "phones"),
    [
        (("mobilePhone",), True),
        (("mobilePhone", "alternateMobilePhone", "officePhone", "email"), True),
        (("mobilePhone", "temporaryAccessPass"), True),
        (("mobilePhone", "microsoftAuthenticatorPush"), False),
        (("fido2",), False),
    ],
)
def test_text_messages_and_calls_only_are_told_with_the_date_on_which_they_end(
    methods: tuple[str, ...], phones: bool
) -> None:
    found = capability(report(*methods))
    assert found.sms_voice_only is phones
    assert ("SMS/voice only until 2027-02-01" in found.sentence) is phones
    assert found.cell == ("capable; SMS/voice only until 2027-02-01" if phones else "capable")


def test_a_policy_that_may_apply_makes_it_unknown_and_never_barred() -> None:
    hidden = group("Hidden", status=ReadStatus.HIDDEN)
    strong = with_strength(*PHISHING_RESISTANT, includeUsers=[], includeGroups=[hidden.id])
    assert capability(report("mobilePhone"), policy(), strong, groups=(hidden,)).value is MfaCapable.UNKNOWN


def test_it_is_no_part_of_the_verdict() -> None:
    proof = evidence(policy())
    judge = Judge(proof)
    assert judge.coverage_of(profile("ada")).verdict is Verdict.COVERED
    assert Capabilities(proof, judge).of(profile("ada"), NOTHING).value is MfaCapable.MUST_REGISTER


@pytest.mark.parametrize(
    ("identities", "more", "registration", "value"),
    [
        (ENTRA, beside(default=True), NOTHING, "passes at home"),
        ((*ENTRA, UPN), beside(default=True), None, "passes at home"),
        (ENTRA, beside(default=True, partner=None), NOTHING, "passes at home"),
        (ENTRA, beside(default=True, partner=False), NOTHING, "unknown"),
        (ENTRA, beside(default=False, partner=True), NOTHING, "unknown"),
        (ENTRA, beside(default=False), NOTHING, "must register here"),
        (ENTRA, beside(default=False), report("mobilePhone", capable=False), "must register here"),
        (ENTRA, beside(default=False, partner=False), report("mobilePhone"), "capable"),
        (ENTRA, beside(), NOTHING, "unknown"),
        (ENTRA, None, NOTHING, "unknown"),
        (ENTRA, None, report("mobilePhone"), "capable"),
        (GOOGLE, beside(default=True), NOTHING, "must register here"),
        ((UPN,), beside(default=True), NOTHING, "unknown"),
        ((), beside(default=False), NOTHING, "must register here"),
    ],
)
def test_a_guest_passes_at_home_where_home_is_trusted(
    identities: tuple[Identity, ...], more: CapabilityEvidence | None, registration: Registration | None, value: str
) -> None:
    assert capability(registration, who=guest("gus", identities=identities), more=more).value.value == value


@pytest.mark.parametrize(
    ("trust", "value", "phones"),
    [(False, "must register here", True), (None, "unknown", True), (True, "passes at home", False)],
)
def test_a_guest_with_a_phone_that_is_not_enough_here_has_text_messages_and_calls_only_unless_home_counts(
    trust: bool | None, value: str, phones: bool
) -> None:
    who = guest("gus", identities=ENTRA)
    found = capability(report("officePhone", capable=False), who=who, more=beside(default=trust))
    assert (found.value.value, found.sms_voice_only) == (value, phones)


def test_a_guest_under_a_strength_is_not_known_since_methods_at_home_cannot_be_read() -> None:
    found = capability(NOTHING, STRONG, who=guest("gus", identities=ENTRA), more=beside(default=True))
    assert (found.value, found.why) == (MfaCapable.UNKNOWN, CapableWhy.STRENGTH_AT_HOME)
    found = capability(NOTHING, STRONG, who=guest("gus", identities=ENTRA), more=beside(default=False))
    assert found.value is MfaCapable.MUST_REGISTER_HERE


def test_a_member_of_this_tenant_is_never_judged_by_trust() -> None:
    for who in (profile("ada"), profile("ada", user_type="Guest")):
        assert capability(NOTHING, who=who, more=beside(default=True)).value is MfaCapable.MUST_REGISTER


def test_whoever_is_not_known_to_be_capable_comes_last_except_where_the_report_leaves_accounts_out() -> None:
    silent = capability(None)
    assert not_yet(silent, profile("ada"))
    assert not not_yet(silent, profile("ada", account_enabled=False))
    assert not_yet(capability(NOTHING), profile("ada", account_enabled=False))
    assert not not_yet(capability(report("fido2")), profile("ada"))


@pytest.mark.parametrize("why", list(CapableWhy))
def test_every_reason_has_words(why: CapableWhy) -> None:
    assert why.words("'Strong'")
