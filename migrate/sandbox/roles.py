"""Directory roles: their definitions, who holds them now and who may activate them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID, uuid5

from migrate.sandbox.messages import Json

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
DIRECTORY_SYNC = "d29b2b05-8046-44ba-8758-1e26182fcf32"
AUTHENTICATION_POLICY_ADMINISTRATOR = "0526716b-113d-4c15-b2c8-68e3c22b9f80"
HELPDESK_ADMINISTRATOR = "729827e3-9c14-49f7-bb1b-9608f156bbb8"

CONDITIONAL_ACCESS_ADMINISTRATOR = "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9"
SECURITY_ADMINISTRATOR = "194ae4cb-b126-40b2-bd5b-6091b380977d"
AUTHENTICATION_ADMINISTRATOR = "c4e39bd9-1100-46d3-8c65-fb160da0071f"
PRIVILEGED_AUTHENTICATION_ADMINISTRATOR = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"
SECURITY_READER = "5d6b6bb7-de71-4623-b4af-96380a352509"
GLOBAL_READER = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
REPORTS_READER = "4a5d8f65-41da-4de4-8968-e035b65339cf"
APPLICATION_ADMINISTRATOR = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"
CLOUD_APPLICATION_ADMINISTRATOR = "158c047a-c907-4556-b7ef-446551a6b5f7"
SECURITY_OPERATOR = "5f2222b1-57c3-48ba-8ad5-d4759f1fde6f"

# Who may do what when signed in as a user (contract 1.3, 5, 6, 7.1, 8).
POLICY_WRITERS = (CONDITIONAL_ACCESS_ADMINISTRATOR, SECURITY_ADMINISTRATOR)
POLICY_READERS = (*POLICY_WRITERS, SECURITY_READER, GLOBAL_READER)
STATE_WRITERS = (AUTHENTICATION_POLICY_ADMINISTRATOR,)
STATE_READERS = (*STATE_WRITERS, GLOBAL_READER)
METHOD_WRITERS = (AUTHENTICATION_ADMINISTRATOR, PRIVILEGED_AUTHENTICATION_ADMINISTRATOR)
METHOD_READERS = (*METHOD_WRITERS, GLOBAL_READER)
REGISTRATION_READERS = (
    *(REPORTS_READER, SECURITY_READER, GLOBAL_READER, SECURITY_OPERATOR, SECURITY_ADMINISTRATOR),
    *(APPLICATION_ADMINISTRATOR, CLOUD_APPLICATION_ADMINISTRATOR),
)

BUILT_IN: dict[str, str] = {
    GLOBAL_ADMINISTRATOR: "Global Administrator",
    DIRECTORY_SYNC: "Directory Synchronization Accounts",
    "a92aed5d-d78a-4d16-b381-09adb37eb3b0": "On Premises Directory Sync Account",
    AUTHENTICATION_POLICY_ADMINISTRATOR: "Authentication Policy Administrator",
    HELPDESK_ADMINISTRATOR: "Helpdesk Administrator",
    AUTHENTICATION_ADMINISTRATOR: "Authentication Administrator",
    PRIVILEGED_AUTHENTICATION_ADMINISTRATOR: "Privileged Authentication Administrator",
    "e8611ab8-c189-46e8-94e1-60213ab1f814": "Privileged Role Administrator",
    CONDITIONAL_ACCESS_ADMINISTRATOR: "Conditional Access Administrator",
    SECURITY_ADMINISTRATOR: "Security Administrator",
    SECURITY_READER: "Security Reader",
    GLOBAL_READER: "Global Reader",
    REPORTS_READER: "Reports Reader",
    "fe930be7-5e62-47db-91af-98c3a49a38b1": "User Administrator",
    "29232cdf-9323-42fd-ade2-1d097af3e4de": "Exchange Administrator",
    "f28a1f50-f6e7-4571-818b-6a12f2af6b6c": "SharePoint Administrator",
    "b0f54661-2d74-4c50-afa3-1ec803f12efe": "Billing Administrator",
    APPLICATION_ADMINISTRATOR: "Application Administrator",
    CLOUD_APPLICATION_ADMINISTRATOR: "Cloud Application Administrator",
}
"""Role templates that conversions meet, with their display names."""

_IDS = UUID("0b0f7b5e-1f35-4a0e-9d57-1d0a0f0f8c11")


@dataclass(slots=True)
class Roles:
    """The roles of a tenant."""

    definitions: list[Json] = field(default_factory=list)
    assignments: list[Json] = field(default_factory=list)
    eligibility: list[Json] = field(default_factory=list)
    directory_roles: list[Json] | None = None
    """Activated roles as a tenant file gave them; None: derived from the assignments."""

    def __post_init__(self) -> None:
        known = {str(each.get("id")) for each in self.definitions}
        self.definitions += [definition_of(role_id) for role_id in BUILT_IN if role_id not in known]
        known.update(BUILT_IN)
        for each in (*self.assignments, *self.eligibility):
            role_id = str(each.get("roleDefinitionId"))
            if role_id not in known:
                known.add(role_id)
                self.definitions.append(definition_of(role_id))

    def holders(self, template_id: str) -> Iterator[str]:
        """Yield ids of the principals (users or groups) that hold a role now in the whole directory.

        An assignment to an administrative unit or to one object makes nobody a holder of the directory's role.
        """
        for each in self.assignments:
            whole = each.get("directoryScopeId", "/") in ("/", None) and each.get("appScopeId") in ("/", None)
            if whole and str(each.get("roleDefinitionId", "")).lower() == template_id.lower():
                yield str(each.get("principalId"))

    def is_built_in(self, template_id: str) -> bool:
        """Tell whether a role is one of Microsoft's; those of a tenant's own are defined in it."""
        return all(
            each.get("isBuiltIn") is not False
            for each in self.definitions
            if template_id.lower() in (str(each.get("id")).lower(), str(each.get("templateId")).lower())
        )

    def active(self) -> list[Json]:
        """Return the activated directory roles: those that somebody holds, and those given."""
        found = list(self.directory_roles or ())
        known = {str(each.get("roleTemplateId")) for each in found}
        names = {str(each.get("id")): each.get("displayName") for each in self.definitions}
        for each in self.assignments:
            template_id = str(each.get("roleDefinitionId"))
            if template_id not in known:
                known.add(template_id)
                found.append(
                    {
                        "id": str(uuid5(_IDS, template_id)),
                        "deletedDateTime": None,
                        "description": None,
                        "displayName": names.get(template_id),
                        "roleTemplateId": template_id,
                    }
                )
        return found


def definition_of(role_id: str) -> Json:
    """Build the definition of a role from its template id."""
    return {
        "id": role_id,
        "templateId": role_id,
        "displayName": BUILT_IN.get(role_id, f"Role {role_id}"),
        "description": None,
        "isBuiltIn": True,  # a role of the tenant's own is always defined in it
        "isEnabled": True,
        "resourceScopes": ["/"],
        "version": "1",
        "rolePermissions": [],
    }


def assignment(principal_id: str, role_id: str) -> Json:
    """Build a tenant-wide assignment; its id follows from the principal and the role."""
    return {
        "id": str(uuid5(_IDS, f"{principal_id}/{role_id}")),
        "principalId": principal_id,
        "roleDefinitionId": role_id,
        "directoryScopeId": "/",
        "appScopeId": None,
    }


def eligibility(principal_id: str, role_id: str, since: str) -> Json:
    """Build a tenant-wide eligibility."""
    return {
        "id": str(uuid5(_IDS, f"eligible/{principal_id}/{role_id}")),
        "principalId": principal_id,
        "roleDefinitionId": role_id,
        "directoryScopeId": "/",
        "appScopeId": None,
        "createdUsing": None,
        "createdDateTime": since,
        "modifiedDateTime": since,
        "status": "Provisioned",
        "memberType": "Direct",
        "scheduleInfo": {"startDateTime": since, "recurrence": None, "expiration": {"type": "noExpiration"}},
    }
