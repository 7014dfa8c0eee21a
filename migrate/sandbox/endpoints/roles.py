"""Directory roles: activated roles, definitions, assignments, eligibility, and PIM for groups."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from migrate.sandbox.groups import Group
from migrate.sandbox.messages import Answer, Call, Json, bad_request, not_found, words
from migrate.sandbox.odata.paging import Collection, entity, listing, pick, wants
from migrate.sandbox.people import DEFAULT_USER_PROPERTIES
from migrate.sandbox.routing import Route, needs

if TYPE_CHECKING:
    from migrate.sandbox.service import Sandbox

_SCHEDULE = words("id principalId roleDefinitionId directoryScopeId status memberType")
_PRINCIPAL = frozenset({"principal", "roleDefinition"})
_ROLES = Collection(
    context="directoryRoles",
    type_name="directoryRole",
    known=words("deletedDateTime description displayName id roleTemplateId"),
    directory=True,
    filterable=frozenset({"roleTemplateId", "displayName", "id"}),
)
_ROLE_MEMBERS = Collection(context="directoryObjects", type_name="directoryObject", directory=True)
_DEFINITIONS = Collection(
    context="roleManagement/directory/roleDefinitions",
    type_name="unifiedRoleDefinition",
    known=words(
        "description displayName id isBuiltIn isEnabled isPrivileged resourceScopes rolePermissions templateId version"
    ),
    filterable=frozenset({"id", "displayName", "isBuiltIn:bool", "templateId"}),
)
_ASSIGNMENTS = Collection(
    context="roleManagement/directory/roleAssignments",
    type_name="unifiedRoleAssignment",
    known=words(
        "appScopeId condition directoryScopeId id principalId principalOrganizationId resourceScope roleDefinitionId"
    ),
    expandable=_PRINCIPAL,
    filterable=frozenset({"id", "principalId", "roleDefinitionId", "directoryScopeId"}),
)
_ELIGIBLE = Collection(
    context="roleManagement/directory/roleEligibilitySchedules",
    type_name="unifiedRoleEligibilitySchedule",
    known=_SCHEDULE | words("appScopeId createdDateTime createdUsing modifiedDateTime scheduleInfo"),
    filterable=_SCHEDULE,
    expandable=_PRINCIPAL,
)
_GROUP_ELIGIBLE = Collection(
    context="identityGovernance/privilegedAccess/group/eligibilitySchedules",
    type_name="privilegedAccessGroupEligibilitySchedule",
    known=words(
        "accessId createdDateTime createdUsing groupId id memberType modifiedDateTime principalId scheduleInfo status"
    ),
    expandable=frozenset({"principal", "group"}),
    filterable=frozenset({"id", "groupId", "principalId", "accessId", "memberType", "status"}),
)

_ROLE_SHAPE = {"id": "string", "displayName": "string", "roleTemplateId": "string"}
_DEFINITION_SHAPE = {"id": "string", "displayName": "string", "isBuiltIn": "boolean", "templateId": "string"}
_ASSIGNMENT_SHAPE = {
    "id": "string",
    "principalId": "string",
    "roleDefinitionId": "string",
    "directoryScopeId": "string",
    "appScopeId": "string?",
}


def principal_json(sandbox: "Sandbox", principal_id: str) -> Json:
    """Return a user or group as an expanded principal; anything else as a bare object."""
    tenant = sandbox.tenant
    place = tenant.people.find(principal_id)
    if place is not None:
        return {"@odata.type": "#microsoft.graph.user", **pick(tenant.people.user(place), DEFAULT_USER_PROPERTIES)}
    group = tenant.groups.find(principal_id)
    if group is not None:
        return {"@odata.type": "#microsoft.graph.group", **group.json}
    return {"@odata.type": "#microsoft.graph.servicePrincipal", "id": principal_id}


def _role(sandbox: "Sandbox", call: Call) -> Json:
    key = call.params["role"].lower().removeprefix("roletemplateid=").strip("'")
    for role in sandbox.tenant.roles.active():
        if key in (str(role.get("id")).lower(), str(role.get("roleTemplateId")).lower()):
            return role
    raise not_found(call.params["role"])


def list_roles(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /directoryRoles: the activated ones; the call knows no $top."""
    return listing(call, _ROLES, sandbox.tenant.roles.active(), lambda each: each)


def get_role(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /directoryRoles/{id}, also by role template id."""
    return entity(call, _ROLES, _role(sandbox, call))


def list_role_members(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /directoryRoles/{id}/members."""
    holders = list(sandbox.tenant.roles.holders(str(_role(sandbox, call).get("roleTemplateId"))))
    return listing(call, _ROLE_MEMBERS, holders, lambda each: principal_json(sandbox, each))


def list_definitions(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /roleManagement/directory/roleDefinitions."""
    return listing(call, _DEFINITIONS, sandbox.tenant.roles.definitions, lambda each: each)


def get_definition(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /roleManagement/directory/roleDefinitions/{id}."""
    for each in sandbox.tenant.roles.definitions:
        if call.params["definition"].lower() in (str(each.get("id")).lower(), str(each.get("templateId")).lower()):
            return entity(call, _DEFINITIONS, each)
    raise not_found(call.params["definition"])


def _expanding(sandbox: "Sandbox", call: Call, what: Collection) -> Callable[[Json], Json]:
    principal = wants(call, what, "principal")
    definition = "roleDefinition" in what.expandable and wants(call, what, "roleDefinition")
    group = "group" in what.expandable and wants(call, what, "group")
    definitions = {str(each.get("id")): each for each in sandbox.tenant.roles.definitions} if definition else {}

    def build(each: Json) -> Json:
        found = dict(each)
        if principal:
            found["principal"] = principal_json(sandbox, str(each.get("principalId")))
        if definition:
            found["roleDefinition"] = definitions.get(str(each.get("roleDefinitionId")))
        if group:
            found["group"] = principal_json(sandbox, str(each.get("groupId")))
        return found

    return build


def list_assignments(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /roleManagement/directory/roleAssignments."""
    return listing(call, _ASSIGNMENTS, sandbox.tenant.roles.assignments, _expanding(sandbox, call, _ASSIGNMENTS))


def list_eligible(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /roleManagement/directory/roleEligibilitySchedules."""
    return listing(call, _ELIGIBLE, sandbox.tenant.roles.eligibility, _expanding(sandbox, call, _ELIGIBLE))


def list_my_eligible(sandbox: "Sandbox", call: Call) -> Answer:
    """GET .../roleEligibilityScheduleInstances/filterByCurrentUser(on='principal'): what the caller may activate."""
    mine = str(call.caller.user_id if call.caller else None)
    if call.caller is not None and call.caller.opaque:
        mine = str(sandbox.tenant.administrator())
    held = {mine, *(group.id for group in _groups_of(sandbox, mine))}
    found = [each for each in sandbox.tenant.roles.eligibility if str(each.get("principalId")) in held]
    return listing(call, _ELIGIBLE, found, _expanding(sandbox, call, _ELIGIBLE))


def _groups_of(sandbox: "Sandbox", user_id: str) -> list[Group]:
    place = sandbox.tenant.people.find(user_id)
    return [] if place is None else sandbox.tenant.groups.holding_user(place, transitive=True)


def list_group_eligible(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /identityGovernance/privilegedAccess/group/eligibilitySchedules: only by group or principal."""
    asked = call.query.get("$filter", "").lower()
    if "groupid" not in asked and "principalid" not in asked:
        raise bad_request(
            "The request must be filtered by groupId or principalId.",
            "MissingParameters",
        )
    return listing(call, _GROUP_ELIGIBLE, sandbox.tenant.group_eligibility, _expanding(sandbox, call, _GROUP_ELIGIBLE))


def routes() -> tuple[Route, ...]:
    """Return the calls of this file."""
    directory = (
        "RoleManagement.Read.Directory",
        "RoleManagement.ReadWrite.Directory",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    )
    read = needs(*directory)
    read_management = needs(*directory, "RoleManagement.Read.All", application=directory)
    eligible = needs(
        "RoleEligibilitySchedule.Read.Directory",
        "RoleEligibilitySchedule.ReadWrite.Directory",
        "RoleManagement.Read.Directory",
        "RoleManagement.Read.All",
        "RoleManagement.ReadWrite.Directory",
    )
    group_eligible = needs(
        "PrivilegedEligibilitySchedule.Read.AzureADGroup",
        "PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup",
        "PrivilegedAccess.Read.AzureADGroup",
        "PrivilegedAccess.ReadWrite.AzureADGroup",
    )
    base = "roleManagement/directory"
    return (
        Route(method="GET", path="directoryRoles", answer=list_roles, needs=read, summary="activated directory roles"),
        Route(
            method="GET",
            path="directoryRoles/{role}",
            answer=get_role,
            needs=read,
            shape=_ROLE_SHAPE,
            summary="one activated role",
        ),
        Route(
            method="GET",
            path="directoryRoles/{role}/members",
            shape={"@odata.type": "string", "id": "string"},
            answer=list_role_members,
            needs=read,
            summary="who holds an activated role",
        ),
        Route(
            method="GET",
            path=f"{base}/roleDefinitions",
            shape=_DEFINITION_SHAPE,
            answer=list_definitions,
            needs=read_management,
            summary="role definitions",
        ),
        Route(
            method="GET",
            path=f"{base}/roleDefinitions/{{definition}}",
            shape=_DEFINITION_SHAPE,
            answer=get_definition,
            needs=read_management,
            summary="one role definition",
        ),
        Route(
            method="GET",
            path=f"{base}/roleAssignments",
            shape=_ASSIGNMENT_SHAPE,
            answer=list_assignments,
            needs=read_management,
            summary="who holds which role now",
        ),
        Route(
            method="GET",
            path=f"{base}/roleEligibilitySchedules",
            shape={**_ASSIGNMENT_SHAPE, "status": "string", "memberType": "string", "scheduleInfo": "object"},
            answer=list_eligible,
            needs=eligible,
            summary="who may activate which role",
        ),
        Route(
            method="GET",
            path=f"{base}/roleEligibilityScheduleInstances/filterByCurrentUser/{{on}}",
            shape={**_ASSIGNMENT_SHAPE, "status": "string"},
            answer=list_my_eligible,
            needs=eligible,
            summary="which roles the signed-in user may activate, as `filterByCurrentUser(on='principal')`",
        ),
        Route(
            method="GET",
            path="identityGovernance/privilegedAccess/group/eligibilitySchedules",
            shape={
                "id": "string",
                "groupId": "string",
                "principalId": "string",
                "accessId": "string",
                "scheduleInfo": "object",
            },
            answer=list_group_eligible,
            needs=group_eligible,
            summary="who may become a member of a group for a time",
        ),
    )
