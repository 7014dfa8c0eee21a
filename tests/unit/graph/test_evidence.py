"""Evidence: who is in the groups and roles that policies name, who could get in, and what could not be read."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from migrate.errors import IncompleteRead, Unreachable
from migrate.model.capability import InboundTrust, MethodsPolicy
from migrate.model.evidence import ChangedBy, Evidence, GroupEvidence, PolicyState, ReadStatus

ROLE = "62e90394-69f5-4237-9190-012177145e10"
POLICY = "22222222-0000-4000-8000-000000000001"
READ, GONE, HIDDEN, UNREADABLE = ReadStatus.READ, ReadStatus.GONE, ReadStatus.HIDDEN, ReadStatus.UNREADABLE


def gid(number: int) -> str:
    return f"11111111-0000-4000-8000-{number:012x}"


TOP, INNER, OTHER = gid(1), gid(2), gid(3)


def error(code: str, message: str = "") -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


def group(id_: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "displayName": f"Group {id_[-1]}",
        "visibility": None,
        "groupTypes": [],
        "onPremisesSyncEnabled": None,
        **changes,
    }


def row(id_: str, kind: str = "user", scope: str = "/", access: str = "member") -> dict[str, Any]:
    return {
        "principalId": id_,
        "directoryScopeId": scope,
        "accessId": access,
        "principal": {"@odata.type": f"#microsoft.graph.{kind}", "id": id_},
    }


class Lagging:
    """Answers one after the other; the last one stays."""

    def __init__(self, answers: list[Any]) -> None:
        self.answers = answers
        self.asked = 0

    def next(self) -> Any:
        self.asked += 1
        return self.answers[min(self.asked, len(self.answers)) - 1]


class Expanding:
    """Answers otherwise when principals are to be expanded."""

    def __init__(self, expanded: Any, plain: Any) -> None:
        self.expanded, self.plain = expanded, plain


class Directory:
    """Answers what evidence asks for. Values are lists for collections, objects, or whole replies."""

    def __init__(self, reply: Any) -> None:
        self.reply = reply
        self.policy_users: dict[str, Any] = {"includeUsers": ["All"], "excludeGroups": [TOP]}
        self.heads: dict[str, Any] = {TOP: group(TOP)}
        self.members: dict[str, Any] = {}
        self.nested: dict[str, Any] = {}
        self.inside: dict[str, Any] = {}
        self.asked_inside: list[str] = []
        self.eligible: dict[str, Any] = {}
        self.owners: dict[str, Any] = {}
        self.held: Any = []
        self.activatable: Any = []
        self.role: Any = {"displayName": "Global Administrator"}
        self.asked_pim: list[str] = []
        self.spoiled = "nothing"
        self.users: set[str] = set()
        self.locations: Any = None
        self.methods: Any = {
            "policyMigrationState": "migrationComplete",
            "authenticationMethodConfigurations": [
                {"id": "Sms", "state": "disabled"},
                {"@odata.type": "#x", "id": "Fido2", "state": "enabled", "includeTargets": []},
            ],
        }
        self.trust: Any = {"inboundTrust": {"isMfaAccepted": True, "isCompliantDeviceAccepted": False}}
        self.partners: Any = [
            {"tenantId": "AAAA", "inboundTrust": None},
            {"tenantId": "bbbb", "inboundTrust": {"isMfaAccepted": False}},
        ]
        self.in_beta: dict[str, Any] = {}
        """What beta answers otherwise than v1.0, by path."""
        self.conditions: dict[str, Any] = {}

    def __call__(self, seen: Any) -> Any:
        version, path = re.fullmatch(r"/?(?:.*/)?(v1\.0|beta)/(.*)", seen.path).groups()  # type: ignore[union-attr]
        value = self.in_beta.get(path) if version == "beta" else None
        value = self._value(path, seen.target) if value is None else value
        if isinstance(value, Expanding):
            value = value.expanded if "$expand" in seen.target else value.plain
        return self._whole(value)

    def _whole(self, value: Any) -> Any:
        if isinstance(value, Lagging):
            value = value.next()
        if isinstance(value, self.reply):
            return value
        return self.reply(200, {"value": value} if isinstance(value, list) else value)

    def _value(self, path: str, target: str) -> Any:
        parts = path.split("/")
        match parts:
            case ["identity", "conditionalAccess", "policies"]:
                policy = {
                    "id": POLICY,
                    "displayName": "Require MFA",
                    "state": "enabled",
                    "conditions": {"users": self.policy_users, **self.conditions},
                    "grantControls": {
                        "builtInControls": ["mfa"],
                        "authenticationStrength@odata.context": "https://elsewhere.example/$metadata",
                    },
                }
                return [policy]
            case ["policies", "authenticationMethodsPolicy"]:
                return self.methods
            case ["policies", "crossTenantAccessPolicy", "default"]:
                return self.trust
            case ["policies", "crossTenantAccessPolicy", "partners"]:
                return self.partners
            case ["policies", "identitySecurityDefaultsEnforcementPolicy"]:
                return {"isEnabled": True, "displayName": "x"}
            case ["groups", id_]:
                return self.heads.get(id_, self.reply(404, error("Request_ResourceNotFound")))
            case ["users", id_]:
                return {"id": id_} if id_ in self.users else self.reply(404, error("Request_ResourceNotFound"))
            case [*_, "namedLocations"] if self.locations is not None:
                return self.locations
            case ["groups", id_, "owners"]:
                return self.owners.get(id_, [])
            case ["groups", id_, "members"]:
                self.asked_inside.append(id_)
                return self.inside[id_]
            case ["groups", id_, "transitiveMembers", "microsoft.graph.user"]:
                return self.members.get(id_, [])
            case ["groups", id_, "transitiveMembers", "microsoft.graph.group"]:
                return self.nested.get(id_, [])
            case [*_, "roleDefinitions", _]:
                return self.role
            case [*_, "roleAssignments"]:
                return self.held
            case [*_, "roleEligibilitySchedules"]:
                return self.activatable
            case [*_, "eligibilitySchedules"]:
                id_ = target.partition("%27")[2].partition("%27")[0]
                self.asked_pim.append(id_)
                return self.eligible.get(id_, [])
            case ["identity", "conditionalAccess", *_] if self.spoiled in path:
                return [{"error": {"code": "InternalServerError"}}]
            case ["identity", "conditionalAccess", *_]:
                return [{"id": "one", "createdDateTime": "2020-01-01T00:00:00Z"}]
        raise AssertionError(path)


def read(opened: Any, directory: Directory, **options: Any) -> Evidence:
    async def run() -> Evidence:
        async with opened(directory) as o:
            found: Evidence = await o.tenant.read_evidence(**options)
            headers = {s.headers.get("prefer") for s in o.graph.seen if "/conditionalAccess/" in s.path}
            assert headers == {"include-unknown-enum-members"}
            return found

    return asyncio.run(run())


def top(opened: Any, directory: Directory) -> GroupEvidence:
    return read(opened, directory).groups[TOP]


def test_members_come_through_nested_groups_and_who_could_get_in_too(opened: Any, reply: Any) -> None:
    directory = Directory(reply)
    directory.nested = {TOP: [group(INNER)]}
    directory.members = {TOP: [{"id": "A"}, {"id": "b"}], OTHER: [{"id": "e"}]}
    directory.heads[OTHER] = group(OTHER)
    directory.eligible = {
        TOP: [row("c"), row("owner", access="owner"), row(OTHER, "group")],
        INNER: [row("d"), row("app", "servicePrincipal")],
    }
    found = top(opened, directory)
    assert (found.status, found.members, found.eligible) == (READ, {"a", "b"}, {"c", "d", "e"})


def test_owners_and_everybody_with_any_role_are_read_for_an_export_and_never_needed(opened: Any, reply: Any) -> None:
    directory = Directory(reply)
    directory.heads[TOP] = group(TOP, isAssignableToRole=True)
    directory.owners = {TOP: [{"id": "Boss", "@odata.type": "#microsoft.graph.user"}, None]}
    directory.held = [row("holder"), row(OTHER, "group"), row("app", "servicePrincipal")]
    directory.activatable = [row("later")]
    directory.heads[OTHER] = group(OTHER)
    directory.members = {OTHER: [{"id": "inside"}]}
    directory.eligible = {OTHER: [row("perhaps")]}
    found = read(opened, directory, paths=True)
    assert found.administrators == {"holder", "later", "inside", "perhaps"}
    assert found.groups[TOP].owners == {"boss"}
    assert found.groups[TOP].changed_by == {ChangedBy.OWNERS}
    before_a_write = read(opened, directory)
    assert before_a_write.administrators is None
    assert before_a_write.groups[TOP].owners is None
    refused = reply(403, error("Authorization_RequestDenied"))
    directory.owners, directory.held = {TOP: refused}, refused
    found = read(opened, directory, paths=True)
    assert (found.administrators, found.groups[TOP].owners, found.groups[TOP].status) == (None, None, READ)
    assert found.groups[TOP].changed_by == frozenset()


def test_groups_that_pim_cannot_manage_are_not_asked_about(opened: Any, reply: Any) -> None:
    directory = Directory(reply)
    directory.heads[TOP] = group(TOP, groupTypes=["DynamicMembership"])
    directory.nested = {TOP: [group(INNER, onPremisesSyncEnabled=True), group(OTHER, groupTypes=["Unified"])]}
    assert top(opened, directory).status is READ
    assert directory.asked_pim == [OTHER]


def test_a_group_that_three_readings_do_not_find_is_gone(opened: Any, reply: Any) -> None:
    directory = Directory(reply)
    directory.heads[TOP] = Lagging([reply(404, error("Request_ResourceNotFound"))])
    assert top(opened, directory).status is GONE
    assert directory.heads[TOP].asked == 3


@pytest.mark.parametrize("refusals", [1, 2])
@pytest.mark.parametrize("place", ["heads", "members", "nested", "eligible"])
def test_what_one_reading_of_three_finds_is_there(opened: Any, reply: Any, place: str, refusals: int) -> None:
    """A replica that lags says 404 about a group, or about what is inside it, and the next one shows it."""
    directory = Directory(reply)
    directory.members = {TOP: [{"id": "a"}]}
    there = getattr(directory, place).get(TOP, [])
    nothing = reply(404, error("Request_ResourceNotFound"))
    setattr(directory, place, {**getattr(directory, place), TOP: Lagging([*[nothing] * refusals, there])})
    found = top(opened, directory)
    assert (found.status, found.members) == (READ, {"a"})


def test_the_rule_is_gone_through_once_for_each_object_and_run(opened: Any, reply: Any) -> None:
    directory = Directory(reply)
    directory.heads[TOP] = Lagging([reply(404, error("Request_ResourceNotFound"))])

    async def run() -> None:
        async with opened(directory) as o:
            for _ in range(2):
                assert (await o.tenant.read_evidence()).groups[TOP].status is GONE

    asyncio.run(run())
    assert directory.heads[TOP].asked == 4


def test_a_group_that_was_there_in_this_run_or_in_the_plan_never_counts_as_empty(opened: Any, reply: Any) -> None:
    """Its former members are kept, as people of whom it is not known whether they are in it."""
    directory = Directory(reply)
    directory.members = {TOP: [{"id": "a"}]}
    before = read(opened, directory)

    async def run() -> list[GroupEvidence]:
        async with opened(directory) as o:
            o.tenant.remember_evidence(before)
            directory.heads[TOP] = reply(404, error("Request_ResourceNotFound"))
            in_plan = (await o.tenant.read_evidence()).groups[TOP]
        directory.heads[TOP] = group(TOP)
        async with opened(directory) as o:
            await o.tenant.read_evidence()
            directory.heads[TOP] = reply(404, error("Request_ResourceNotFound"))
            return [in_plan, (await o.tenant.read_evidence()).groups[TOP]]

    for found in asyncio.run(run()):
        assert (found.status, found.members) == (ReadStatus.VANISHED, {"a"})


def test_a_role_that_was_there_in_this_run_never_counts_as_held_by_nobody(opened: Any, reply: Any) -> None:
    directory = Directory(reply)
    directory.policy_users = {"excludeRoles": [ROLE]}
    directory.held = [row("a")]

    async def run() -> Any:
        async with opened(directory) as o:
            await o.tenant.read_evidence()
            directory.role = reply(404, error("Request_ResourceNotFound"))
            return (await o.tenant.read_evidence()).roles[ROLE]

    role = asyncio.run(run())
    assert (role.status, role.holders) == (ReadStatus.VANISHED, {"a"})


def test_a_null_among_the_members_costs_its_own_certainty_only(opened: Any, reply: Any) -> None:
    directory = Directory(reply)
    directory.members = {TOP: [{"id": "a"}, None]}
    directory.nested = {TOP: [None, group(INNER)]}
    directory.inside = {TOP: [None], INNER: [{"@odata.type": "#microsoft.graph.user", "id": "a"}]}
    found = top(opened, directory)
    assert (found.status, found.members, found.unnamed) == (READ, {"a"}, 2)


def test_an_orphaned_assignment_costs_its_own_certainty_only(opened: Any, reply: Any) -> None:
    """The principal was deleted and the assignment stayed: shown as null, or as a 404 about the expansion."""
    directory = Directory(reply)
    directory.policy_users = {"excludeRoles": [ROLE]}
    directory.users = {"b"}
    held = [row("a"), {**row("gone"), "principal": None}, {**row("b"), "principal": None}]
    directory.held = held
    role = read(opened, directory).roles[ROLE]
    assert (role.status, role.holders, role.unnamed) == (READ, {"a", "b"}, 0)
    directory.held = [{**one, "principalId": None} for one in held]
    assert read(opened, directory).roles[ROLE].unnamed == 2
    directory.users = {"a", "b"}
    directory.members = {TOP: [{"id": "c"}]}
    plain = [{key: value for key, value in one.items() if key != "principal"} for one in (*held, row(TOP, "group"))]
    directory.held = Expanding(reply(404, error("Request_ResourceNotFound")), plain)
    assert read(opened, directory).roles[ROLE].holders == {"a", "b", "c"}


def test_a_location_or_strength_that_a_list_lacks_is_looked_for_again(opened: Any, reply: Any) -> None:
    directory = Directory(reply)
    one = {"id": "33333333-0000-4000-8000-000000000001"}
    directory.locations = Lagging([[], [], [one]])
    directory.conditions = {"locations": {"includeLocations": ["All"], "excludeLocations": [one["id"], "AllTrusted"]}}
    assert read(opened, directory).named_locations == (one,)
    directory.locations = Lagging([[]])
    assert read(opened, directory).named_locations == ()
    assert directory.locations.asked == 3


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (400, "AadPremiumLicenseRequired", "The tenant needs an AAD Premium 2 license."),
        (400, "BadRequest", "The tenant needs an AAD Premium 2 license."),
        (403, "UnauthorizedAccessException", "The tenant has not onboarded to PIM."),
        (400, "TenantNotOnboarded", ""),
        (403, "Forbidden", "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license."),
    ],
)
def test_pim_is_refused_for_want_of_a_licence_in_several_words(
    opened: Any, reply: Any, status: int, code: str, words: str
) -> None:
    directory = Directory(reply)
    directory.policy_users = {"excludeRoles": [ROLE], "excludeGroups": [TOP]}
    directory.held = [row("a")]
    directory.activatable = reply(status, error(code, words))
    directory.eligible = {TOP: reply(status, error(code, words))}
    evidence = read(opened, directory)
    assert (evidence.roles[ROLE].status, evidence.groups[TOP].status) == (READ, READ)


@pytest.mark.parametrize("place", ["members", "nested", "eligible"])
@pytest.mark.parametrize(
    "answer",
    [
        (404, error("Request_ResourceNotFound", "inner object gone")),
        (403, error("Authorization_RequestDenied", "no right")),
        (400, error("Request_BadRequest", "odd")),
        (200, {"value": [{"error": {"code": "InternalServerError"}}]}),
        (200, b'{"value": ['),
        (500, b""),
    ],
)
def test_whatever_fails_inside_makes_the_group_unreadable_and_never_empty(
    opened: Any, reply: Any, place: str, answer: Any
) -> None:
    """A 404 inside an existing group too: only the group's own 404 means that nobody is in it."""
    directory = Directory(reply)
    directory.members = {TOP: [{"id": "a"}]}
    setattr(directory, place, {**getattr(directory, place), TOP: reply(*answer)})
    found = top(opened, directory)
    assert found.status is UNREADABLE
    assert found.problem
    assert found.display_name == "Group 1"


def test_a_hidden_membership_is_hidden_also_when_it_lies_in_a_nested_group(opened: Any, reply: Any) -> None:
    directory = Directory(reply)
    for spelled in ("HiddenMembership", "hiddenMembership"):
        directory.heads[TOP] = group(TOP, visibility=spelled)
        assert top(opened, directory).status is HIDDEN
    directory.heads[TOP] = group(TOP)
    directory.nested = {TOP: [group(INNER, displayName="Board", visibility="HiddenMembership")]}
    found = top(opened, directory)
    assert found.status is HIDDEN
    assert "'Board'" in (found.problem or "")
    assert "Member.Read.Hidden" in (found.problem or "")


def test_without_the_licence_nobody_is_eligible_and_without_the_right_nobody_knows(opened: Any, reply: Any) -> None:
    directory = Directory(reply)
    directory.eligible = {
        TOP: reply(400, error("AadPremiumLicenseRequired", "The tenant needs an AAD Premium 2 license."))
    }
    assert top(opened, directory).status is READ
    directory.eligible = {TOP: reply(403, error("Authorization_RequestDenied", "Insufficient privileges"))}
    found = top(opened, directory)
    assert found.status is UNREADABLE
    assert "PrivilegedEligibilitySchedule.Read.AzureADGroup" in (found.problem or "")


def test_a_role_is_held_by_people_and_by_groups_and_can_be_had_in_several_ways(opened: Any, reply: Any) -> None:
    directory = Directory(reply)
    directory.policy_users = {"includeUsers": ["All"], "excludeRoles": [ROLE.upper()]}
    directory.heads = {TOP: group(TOP), OTHER: group(OTHER)}
    directory.members = {TOP: [{"id": "c"}], OTHER: [{"id": "f"}]}
    directory.eligible = {TOP: [row("g")]}
    directory.held = [row("A"), row(TOP, "group"), row("d", scope="/administrativeUnits/1"), row("x", "device")]
    directory.activatable = [row("e"), row(OTHER, "group")]
    role = read(opened, directory).roles[ROLE]
    assert (role.status, role.display_name) == (READ, "Global Administrator")
    assert (role.holders, role.scoped, role.eligible) == ({"a", "c"}, {"d"}, {"e", "f", "g"})


def test_a_holder_of_a_kind_that_is_not_known_may_be_a_person(opened: Any, reply: Any) -> None:
    directory = Directory(reply)
    directory.policy_users = {"excludeRoles": [ROLE], "excludeGroups": [TOP]}
    directory.held = [row("A", "kioskUser"), row("app", "servicePrincipal")]
    directory.eligible = {TOP: [row("B", "kioskUser")]}
    found = read(opened, directory)
    assert (found.roles[ROLE].holders, found.groups[TOP].eligible) == ({"a"}, {"b"})


@pytest.mark.parametrize("access", ["Member", "deputy"])
def test_an_eligibility_that_is_not_an_owners_may_be_a_members(opened: Any, reply: Any, access: str) -> None:
    directory = Directory(reply)
    directory.eligible = {TOP: [row("e", access=access), row("o", access="Owner")]}
    assert top(opened, directory).eligible == {"e"}


def test_who_administers_is_read_also_where_an_assignment_is_orphaned(opened: Any, reply: Any) -> None:
    directory = Directory(reply)
    directory.users = {"a"}
    plain = {key: value for key, value in row("a").items() if key != "principal"}
    directory.held = Expanding(reply(404, error("Request_ResourceNotFound")), [plain])
    assert read(opened, directory, paths=True).administrators == {"a"}


@pytest.mark.parametrize("place", ["held", "activatable"])
def test_a_role_that_cannot_be_read_whole_is_unreadable(opened: Any, reply: Any, place: str) -> None:
    directory = Directory(reply)
    directory.policy_users = {"excludeRoles": [ROLE]}
    directory.held = [row("a")]
    for refusal in (reply(403, error("Authorization_RequestDenied")), reply(400, error("Request_BadRequest", "odd"))):
        setattr(directory, place, refusal)
        role = read(opened, directory).roles[ROLE]
        assert (role.status, role.holders) == (UNREADABLE, frozenset())


@pytest.mark.parametrize("place", ["held", "activatable"])
@pytest.mark.parametrize(
    "strange",
    [
        None,
        {},
        {"principalId": "x", "directoryScopeId": "/", "principal": {"id": "x"}},
        {"directoryScopeId": "/", "principal": {"@odata.type": "#microsoft.graph.user"}},
        {"principalId": 7, "directoryScopeId": "/"},
    ],
)
def test_an_assignment_that_graph_does_not_show_whole_is_held_by_somebody_unnamed(
    opened: Any, reply: Any, place: str, strange: Any
) -> None:
    directory = Directory(reply)
    directory.policy_users = {"excludeRoles": [ROLE]}
    directory.held, directory.activatable = [row("a")], [row("b")]
    setattr(directory, place, [*getattr(directory, place), strange])
    role = read(opened, directory).roles[ROLE]
    assert (role.status, role.holders, role.eligible, role.unnamed) == (READ, {"a"}, {"b"}, 1)


def test_an_assignment_without_its_scope_is_not_for_the_whole_directory(opened: Any, reply: Any) -> None:
    directory = Directory(reply)
    directory.policy_users = {"excludeRoles": [ROLE]}
    directory.held = [row("a"), {key: value for key, value in row("b").items() if key != "directoryScopeId"}]
    role = read(opened, directory).roles[ROLE]
    assert (role.holders, role.scoped, role.unnamed) == ({"a"}, {"b"}, 0)


@pytest.mark.parametrize("strange", [None, {}, {"id": 3}, {"displayName": "no id"}])
def test_a_member_without_an_id_costs_its_own_certainty_only(opened: Any, reply: Any, strange: Any) -> None:
    directory = Directory(reply)
    directory.members = {TOP: [{"id": "a"}, strange]}
    found = top(opened, directory)
    assert (found.status, found.members, found.unnamed) == (READ, {"a"}, 1)


@pytest.mark.parametrize("missing", ["id", "displayName", "visibility", "groupTypes", "onPremisesSyncEnabled"])
def test_a_nested_group_shown_in_part_may_hold_anybody(opened: Any, reply: Any, missing: str) -> None:
    directory = Directory(reply)
    directory.members = {TOP: [{"id": "a"}]}
    directory.nested = {TOP: [{key: value for key, value in group(INNER).items() if key != missing}]}
    found = top(opened, directory)
    assert (found.status, found.members, found.unnamed) == (READ, {"a"}, 1)


@pytest.mark.parametrize("missing", ["accessId", "principalId", "principal"])
def test_an_eligibility_that_lacks_something_never_lets_anybody_off(opened: Any, reply: Any, missing: str) -> None:
    directory = Directory(reply)
    directory.users = {"e"}
    directory.eligible = {TOP: [{key: value for key, value in row("e").items() if key != missing}]}
    found = top(opened, directory)
    assert (found.status, found.eligible) == (READ, {"e"})


def test_a_role_without_pim_has_nobody_to_activate_it_and_an_unknown_role_is_gone(opened: Any, reply: Any) -> None:
    directory = Directory(reply)
    directory.policy_users = {"excludeRoles": [ROLE]}
    directory.held = [row("a")]
    directory.activatable = reply(400, error("AadPremiumLicenseRequired"))
    role = read(opened, directory).roles[ROLE]
    assert (role.status, role.holders, role.eligible) == (READ, {"a"}, frozenset())
    directory.role = reply(404, error("Request_ResourceNotFound"))
    assert read(opened, directory).roles[ROLE].status is GONE


def test_groups_and_roles_that_no_policy_names_yet_are_read_when_asked_for(opened: Any, reply: Any) -> None:
    directory = Directory(reply)
    directory.heads[OTHER] = group(OTHER)
    directory.members = {OTHER: [{"id": "z"}]}
    evidence = read(opened, directory, groups=[OTHER.upper()], roles=[ROLE])
    assert evidence.groups[OTHER].members == {"z"}
    assert set(evidence.groups) == {TOP, OTHER}
    assert set(evidence.roles) == {ROLE}


def test_the_rest_of_the_evidence_is_kept_as_it_stands(opened: Any, reply: Any) -> None:
    evidence = read(opened, Directory(reply))
    assert evidence.security_defaults_enabled is True
    assert evidence.named_locations == ({"id": "one", "createdDateTime": "2020-01-01T00:00:00Z"},)
    policy = evidence.policies[0]
    assert (policy.id, policy.policy_state) == (POLICY, PolicyState.ENABLED)
    assert policy.raw["grantControls"] == {"builtInControls": ["mfa"]}, "addresses of metadata are no part of it"


@pytest.mark.parametrize("what", ["namedLocations", "authenticationStrength"])
def test_an_error_in_the_place_of_a_location_or_strength_ends_the_reading(opened: Any, reply: Any, what: str) -> None:
    directory = Directory(reply)
    directory.spoiled = what
    with pytest.raises(IncompleteRead, match="in the place of an object"):
        read(opened, directory)


def test_a_lost_connection_ends_the_reading_instead_of_making_every_group_unreadable(opened: Any, reply: Any) -> None:
    directory = Directory(reply)
    directory.members = {TOP: reply(reset=True)}
    with pytest.raises(Unreachable):
        read(opened, directory)


BETA_POLICIES, PLANS = "identity/conditionalAccess/policies", "identity/conditionalAccess/plans"
SETTINGS = "identity/conditionalAccess/settings"


def test_policies_are_read_in_both_versions_and_beta_is_kept_beside(opened: Any, reply: Any) -> None:
    directory = Directory(reply)
    directory.in_beta[BETA_POLICIES] = [
        {"id": POLICY.upper(), "conditions": {"deviceStates": {"includeStates": ["All"]}}}
    ]
    found = read(opened, directory)
    assert found.beta is not None
    assert found.beta.policies is not None
    assert found.beta.policies[POLICY]["conditions"] == {"deviceStates": {"includeStates": ["All"]}}
    assert "deviceStates" not in found.policies[0].raw["conditions"]


def test_beta_that_is_refused_is_said_with_the_reason_and_is_never_empty(opened: Any, reply: Any) -> None:
    directory = Directory(reply)
    directory.in_beta[BETA_POLICIES] = reply(403, error("Authorization_RequestDenied", "no"))
    found = read(opened, directory)
    assert found.beta is not None
    assert found.beta.policies is None
    assert "Authorization_RequestDenied" in (found.beta.policies_problem or "")
    assert "beta-unread" in found.beta.notes


def test_plans_and_settings_are_read_for_an_export_and_told(opened: Any, reply: Any) -> None:
    directory = Directory(reply)
    directory.in_beta[PLANS] = [{"id": "p1", "displayName": "Zero trust"}, {"id": "p2", "displayName": None}]
    directory.in_beta[f"{PLANS}/p1/rules"] = [{"id": "r1"}, {"id": "r2"}]
    directory.in_beta[f"{PLANS}/p2/rules"] = reply(403, error("Authorization_RequestDenied", "no"))
    directory.in_beta[SETTINGS] = {
        "exclusions": {"allResourcesExclusions": {"userActionExclusions": ["urn:user:registerdevice"]}}
    }
    beta = read(opened, directory, paths=True).beta
    assert beta is not None
    assert [(plan.display_name, plan.rules) for plan in beta.plans or ()] == [("Zero trust", 2), (None, None)]
    assert beta.notes["plans-not-counted"] == "2 plans are not counted (2 rules): 'Zero trust', 'p2'."
    assert "settings" in beta.notes


def test_plans_that_are_refused_are_a_note_and_no_failure(opened: Any, reply: Any) -> None:
    directory = Directory(reply)
    directory.in_beta[PLANS] = reply(403, error("Authorization_RequestDenied", "no"))
    directory.in_beta[SETTINGS] = reply(404, error("Request_ResourceNotFound"))
    beta = read(opened, directory, paths=True).beta
    assert beta is not None
    assert beta.plans is None
    assert set(beta.notes) == {"plans-not-read", "settings-not-read"}


def test_plans_are_not_asked_for_while_a_run_goes_on(opened: Any, reply: Any) -> None:
    directory = Directory(reply)
    directory.in_beta[PLANS] = reply(403, error("Authorization_RequestDenied", "no"))
    beta = read(opened, directory).beta
    assert beta is not None
    assert beta.notes == {}


def test_allowed_methods_and_inbound_trust_are_read_for_an_export_only(opened: Any, reply: Any) -> None:
    found = read(opened, Directory(reply), paths=True).capability
    assert found is not None
    assert found.methods == MethodsPolicy(migration_complete=True, states={"sms": "disabled", "fido2": "enabled"})
    assert found.trust == InboundTrust(default=True, partners={"aaaa": None, "bbbb": False})
    assert found.notes == {}
    assert read(opened, Directory(reply)).capability is None


def test_a_migration_that_is_not_said_to_be_complete_is_not_complete(opened: Any, reply: Any) -> None:
    directory = Directory(reply)
    directory.methods = {"policyMigrationState": None, "authenticationMethodConfigurations": []}
    found = read(opened, directory, paths=True).capability
    assert found is not None
    assert found.methods is not None
    assert found.methods.migration_complete is False


@pytest.mark.parametrize(
    ("default", "partners"),
    [
        (error("Authorization_RequestDenied", "no"), []),
        ({"inboundTrust": None}, []),
        ({"inboundTrust": {"isMfaAccepted": None}}, []),
        ({"inboundTrust": {"isMfaAccepted": True}}, error("Authorization_RequestDenied", "no")),
        ({"inboundTrust": {"isMfaAccepted": True}}, [{"inboundTrust": {"isMfaAccepted": False}}]),
    ],
)
def test_trust_that_is_not_read_whole_is_unknown_and_said(opened: Any, reply: Any, default: Any, partners: Any) -> None:
    directory = Directory(reply)
    directory.trust = reply(403, default) if "error" in default else default
    directory.partners = reply(403, partners) if isinstance(partners, dict) else partners
    directory.methods = reply(403, error("Authorization_RequestDenied", "no"))
    found = read(opened, directory, paths=True).capability
    assert found is not None
    assert found.trust is None
    assert set(found.notes) == {"methods-policy-unread", "inbound-trust-unread"}
