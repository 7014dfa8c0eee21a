"""What each call needs: one table of verbs, calls, least permissions and roles, from which pages and commands are made.

Sources: the Permissions section of each call's page in the Graph reference, and Microsoft's own list of permissions
(microsoft-graph-devx-content), against which a test compares the table.
"""

from __future__ import annotations

from enum import StrEnum

from migrate.model.record import Record


class DirectoryRole(StrEnum):
    """The directory roles that the table names, by their template ids.

    Source: Microsoft Entra built-in roles.
    """

    GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
    GLOBAL_READER = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
    SECURITY_READER = "5d6b6bb7-de71-4623-b4af-96380a352509"
    REPORTS_READER = "4a5d8f65-41da-4de4-8968-e035b65339cf"
    DIRECTORY_READERS = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b"
    SECURITY_ADMINISTRATOR = "194ae4cb-b126-40b2-bd5b-6091b380977d"
    CONDITIONAL_ACCESS_ADMINISTRATOR = "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9"
    AUTHENTICATION_POLICY_ADMINISTRATOR = "0526716b-113d-4c15-b2c8-68e3c22b9f80"
    AUTHENTICATION_ADMINISTRATOR = "c4e39bd9-1100-46d3-8c65-fb160da0071f"
    PRIVILEGED_AUTHENTICATION_ADMINISTRATOR = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"
    PRIVILEGED_ROLE_ADMINISTRATOR = "e8611ab8-c189-46e8-94e1-60213ab1f814"
    APPLICATION_ADMINISTRATOR = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"
    CLOUD_APPLICATION_ADMINISTRATOR = "158c047a-c907-4556-b7ef-446551a6b5f7"
    # What follows gives no right over policies or states; their names are known so that they are not taken for custom.
    USER_ADMINISTRATOR = "fe930be7-5e62-47db-91af-98c3a49a38b1"
    HELPDESK_ADMINISTRATOR = "729827e3-9c14-49f7-bb1b-9608f156bbb8"
    EXCHANGE_ADMINISTRATOR = "29232cdf-9323-42fd-ade2-1d097af3e4de"
    SHAREPOINT_ADMINISTRATOR = "f28a1f50-f6e7-4571-818b-6a12f2af6b6c"
    BILLING_ADMINISTRATOR = "b0f54661-2d74-4c50-afa3-1ec803f12efe"

    @property
    def label(self) -> str:
        """Return the name that the portal shows."""
        return self.name.replace("_", " ").title().replace("Sharepoint", "SharePoint")


class Use(StrEnum):
    """What a call is for."""

    READ = "read"
    WRITE_STATES = "write-states"
    WRITE_POLICIES = "write-policies"
    BACKUP = "backup"
    """Asked for only by `doctor --with`."""


class Need(Record, frozen=True, kw_only=True):
    """One row: what is read or written, and what that takes."""

    what: str
    method: str
    paths: tuple[str, ...]
    """Paths of Graph, `{id}` for whatever is named; empty where the permission only widens other calls."""
    permission: str
    """The least of those that we ask for."""
    roles: tuple[DirectoryRole, ...]
    """Of which a signed-in person needs one besides; Global Administrator always will do."""
    verbs: tuple[str, ...]
    use: Use = Use.READ
    together: tuple[str, ...] = ()
    """Permissions that have to stand beside it."""
    sometimes: tuple[str, ...] = ()
    """Permissions that one page of Microsoft's names besides and another does not."""
    instead: tuple[str, ...] = ()
    """Wider ones that allow the same call."""
    narrower: tuple[str, ...] = ()
    """Ones that some page names as less than ours; whoever was given one of them holds nothing too much."""
    beta: bool = False
    role_by_name: str = ""
    """The role where only its name is known, so that no token can be searched for it."""
    refuses: bool = True
    """Whether a run that writes is refused without it; otherwise what is not seen counts as unknown."""
    note: str = ""

    @property
    def is_write(self) -> bool:
        """Tell whether it changes anything."""
        return self.use in (Use.WRITE_STATES, Use.WRITE_POLICIES)

    @property
    def roles_told(self) -> str:
        """Return the roles as a sentence names them."""
        return self.role_by_name or _either([role.label for role in self.roles])

    @property
    def permissions_told(self) -> str:
        """Return the permissions as a sentence names them."""
        told = " together with ".join([self.permission, *self.together])
        return told + "".join(f", in some tenants together with {name}" for name in self.sometimes)

    def is_met(self, held: frozenset[str]) -> bool:
        """Tell whether these permissions allow it."""
        return bool({self.permission, *self.instead, *self.narrower} & held) and frozenset(self.together) <= held


def _either(words: list[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last


_ROLE = DirectoryRole
_READING = ("export", "plan", "apply", "verify", "rollback", "set-state", "status", "what-if", "doctor")
_EVIDENCE = ("export", "apply", "verify", "rollback", "set-state", "doctor")
_POLICY_READERS = (_ROLE.SECURITY_READER, _ROLE.GLOBAL_READER)
_DIRECTORY = ("Directory.Read.All", "Directory.ReadWrite.All")

USERS = Need(
    what="users, and the organization",
    method="GET",
    paths=("/users", "/users/{id}", "/organization"),
    permission="User.Read.All",
    instead=(*_DIRECTORY, "User.ReadWrite.All"),
    roles=(_ROLE.GLOBAL_READER,),
    verbs=(*_READING, "whoami"),
)
STATES = Need(
    what="per-user MFA state (beta)",
    method="GET",
    paths=("/users/{id}/authentication/requirements",),
    permission="Policy.Read.All",
    instead=("Policy.ReadWrite.AuthenticationMethod",),
    roles=(_ROLE.GLOBAL_READER, _ROLE.AUTHENTICATION_POLICY_ADMINISTRATOR),
    verbs=_READING,
    beta=True,
)
POLICIES = Need(
    what="Conditional Access policies, named locations, security defaults; Microsoft's own What If "
    "(`what-if --live`, `plan --confirm-with-what-if`)",
    method="GET",
    paths=(
        "/identity/conditionalAccess/policies",
        "/identity/conditionalAccess/policies/{id}",
        "/identity/conditionalAccess/namedLocations",
        "/policies/identitySecurityDefaultsEnforcementPolicy",
    ),
    permission="Policy.Read.All",
    roles=_POLICY_READERS,
    verbs=_EVIDENCE,
)
PLANS = Need(
    what="policy plans and the tenant-wide settings of Conditional Access (beta)",
    method="GET",
    paths=("/identity/conditionalAccess/plans", "/identity/conditionalAccess/settings"),
    permission="Policy.Read.All",
    instead=("Policy.Read.ConditionalAccess", "Policy.ReadWrite.ConditionalAccess"),
    roles=(_ROLE.CONDITIONAL_ACCESS_ADMINISTRATOR,),
    verbs=("export", "doctor"),
    beta=True,
    refuses=False,
    note="the pages name no reading role, so that Global Reader may be refused; plans prove nothing, and are then "
    "named as *not read*",
)
METHODS = Need(
    what="authentication strengths; which authentication methods are allowed, and whose MFA is trusted (`export`, "
    "and `apply` before it creates or switches on a policy; where it is refused, who is MFA capable is told by the "
    "registration report alone)",
    method="GET",
    paths=("/policies/authenticationMethodsPolicy",),
    permission="Policy.Read.All",
    roles=_POLICY_READERS,
    verbs=_EVIDENCE,
    refuses=False,
)
GROUPS = Need(
    what="members of the groups that policies name",
    method="GET",
    paths=("/groups/{id}", "/groups/{id}/members", "/groups/{id}/transitiveMembers"),
    permission="GroupMember.Read.All",
    instead=(*_DIRECTORY, "Group.Read.All", "Group.ReadWrite.All", "GroupMember.ReadWrite.All"),
    roles=(_ROLE.DIRECTORY_READERS, _ROLE.GLOBAL_READER),
    verbs=_EVIDENCE,
)
OWNERS = Need(
    what="owners of the groups that policies name",
    method="GET",
    paths=("/groups/{id}/owners",),
    permission="GroupMember.Read.All",
    instead=("Directory.Read.All", "Group.Read.All", "Group.ReadWrite.All", "GroupMember.ReadWrite.All"),
    roles=(_ROLE.DIRECTORY_READERS, _ROLE.GLOBAL_READER),
    verbs=("export",),
    refuses=False,
    note="for `coverage --exclusions`; Graph lists none of synchronised groups, and no applications",
)
HIDDEN = Need(
    what="groups with hidden membership",
    method="GET",
    paths=(),
    permission="Member.Read.Hidden",
    roles=(_ROLE.GLOBAL_READER,),
    verbs=_EVIDENCE,
    refuses=False,
    note="without it, or without a role that may see them, such a group counts as *unknown*, never as empty",
)
ROLES = Need(
    what="holders of roles, active and eligible: of those that policies name, and in `export` of any",
    method="GET",
    paths=("/roleManagement/directory/roleAssignments", "/roleManagement/directory/roleEligibilitySchedules"),
    permission="RoleManagement.Read.Directory",
    instead=("RoleManagement.Read.All", "RoleManagement.ReadWrite.Directory"),
    roles=(_ROLE.GLOBAL_READER,),
    verbs=_EVIDENCE,
)
GROUP_ELIGIBILITY = Need(
    what="who could join a group through PIM",
    method="GET",
    paths=("/identityGovernance/privilegedAccess/group/eligibilitySchedules",),
    permission="PrivilegedEligibilitySchedule.Read.AzureADGroup",
    instead=("PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup", "PrivilegedAccess.Read.AzureADGroup"),
    roles=(_ROLE.GLOBAL_READER,),
    verbs=_EVIDENCE,
)
REPORTS = Need(
    what="registration report",
    method="GET",
    paths=(
        "/reports/authenticationMethods/userRegistrationDetails",
        "/reports/authenticationMethods/userRegistrationDetails/{id}",
    ),
    permission="AuditLog.Read.All",
    roles=(_ROLE.REPORTS_READER, _ROLE.SECURITY_READER, _ROLE.GLOBAL_READER),
    verbs=("export", "verify", "set-state", "doctor"),
    note="the tenant needs Entra ID P1 or P2",
)
SIGN_INS = Need(
    what="the sign-in log; what policies did is told only with `Policy.Read.All`",
    method="GET",
    paths=("/auditLogs/signIns",),
    permission="AuditLog.Read.All",
    # The page of the call names it, the list of least privileges does not.
    sometimes=("Directory.Read.All",),
    roles=(_ROLE.REPORTS_READER, _ROLE.SECURITY_READER, _ROLE.GLOBAL_READER),
    verbs=("sign-ins",),
    note="the tenant needs Entra ID P1 or P2",
)
AUDITS = Need(
    what="the directory audit log around the changes of each wave; without it they are *not seen* there",
    method="GET",
    paths=("/auditLogs/directoryAudits",),
    permission="AuditLog.Read.All",
    roles=(_ROLE.REPORTS_READER, _ROLE.SECURITY_READER, _ROLE.GLOBAL_READER),
    verbs=("verify",),
    refuses=False,
)
LICENCES = Need(
    what="licences",
    method="GET",
    paths=("/subscribedSkus",),
    permission="LicenseAssignment.Read.All",
    instead=("Organization.Read.All", "Organization.ReadWrite.All", *_DIRECTORY),
    roles=(_ROLE.GLOBAL_READER,),
    verbs=("export", "doctor"),
)
STATE_WRITES = Need(
    what="per-user MFA state (beta)",
    method="PATCH",
    paths=("/users/{id}/authentication/requirements",),
    permission="Policy.ReadWrite.AuthenticationMethod",
    roles=(
        _ROLE.AUTHENTICATION_POLICY_ADMINISTRATOR,
        _ROLE.AUTHENTICATION_ADMINISTRATOR,
        _ROLE.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR,
    ),
    verbs=("apply", "rollback", "set-state"),
    use=Use.WRITE_STATES,
    beta=True,
    note="the Graph page names Authentication Policy Administrator, pages about the PowerShell command the two others",
)
POLICY_WRITES = Need(
    what="Conditional Access policies, only where the plan creates or switches one",
    method="POST",
    paths=("/identity/conditionalAccess/policies",),
    permission="Policy.ReadWrite.ConditionalAccess",
    together=("Policy.Read.All",),
    roles=(_ROLE.CONDITIONAL_ACCESS_ADMINISTRATOR, _ROLE.SECURITY_ADMINISTRATOR),
    verbs=("apply", "rollback"),
    use=Use.WRITE_POLICIES,
)
BACKUPS = Need(
    what="snapshots of Entra Backup and Recovery (beta), only for `doctor --with backup`",
    method="GET",
    paths=("/directory/recovery/snapshots",),
    permission="EntraBackup.Read.All",
    roles=(),
    verbs=("doctor",),
    use=Use.BACKUP,
    beta=True,
    role_by_name="Entra Backup Reader",
    refuses=False,
    note="Global Reader is not named on the page",
)

FEDERATION = Need(
    what="whether a federated identity provider's claim counts as MFA, only for `doctor --with federation`",
    method="GET",
    paths=("/domains/{id}/federationConfiguration",),
    permission="Domain.Read.All",
    instead=("Domain.ReadWrite.All", "Domain-InternalFederation.ReadWrite.All"),
    narrower=("Domain-InternalFederation.Read.All",),
    roles=(_ROLE.GLOBAL_READER, _ROLE.SECURITY_READER, _ROLE.SECURITY_ADMINISTRATOR),
    verbs=("doctor",),
    use=Use.BACKUP,
    refuses=False,
    note="the page of beta names `Domain-InternalFederation.Read.All` as the least",
)

TABLE: tuple[Need, ...] = (
    USERS,
    STATES,
    POLICIES,
    PLANS,
    METHODS,
    GROUPS,
    OWNERS,
    HIDDEN,
    ROLES,
    GROUP_ELIGIBILITY,
    REPORTS,
    SIGN_INS,
    AUDITS,
    LICENCES,
    STATE_WRITES,
    POLICY_WRITES,
    BACKUPS,
    FEDERATION,
)

READ_SET: tuple[str, ...] = tuple(dict.fromkeys(need.permission for need in TABLE if need.use is Use.READ))
"""What every verb asks for when a person signs in: eight permissions, none of which changes anything."""
WRITE_STATES: tuple[str, ...] = (STATE_WRITES.permission,)
WRITE_POLICIES: tuple[str, ...] = (POLICY_WRITES.permission,)


def needs_of(verb: str, *, states: bool = False, policies: bool = False) -> tuple[Need, ...]:
    """Return what a verb needs: all that it reads, and what it writes where it writes states or policies."""
    wanted = {Use.READ} | ({Use.WRITE_STATES} if states else set()) | ({Use.WRITE_POLICIES} if policies else set())
    return tuple(need for need in TABLE if verb in need.verbs and need.use in wanted)


class Writes(Record, frozen=True, kw_only=True):
    """What a command is going to write."""

    states: bool = False
    policies: bool = False
    goes_back: bool = False
    """A rollback is refused by nothing but the sign-in and the permission to write states."""

    @property
    def asks(self) -> tuple[str, ...]:
        """Return the permissions that a person is asked for on top of reading."""
        return (*(WRITE_STATES if self.states else ()), *(WRITE_POLICIES if self.policies else ()))
