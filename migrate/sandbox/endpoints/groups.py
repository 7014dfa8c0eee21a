"""Groups and who is in them, directly or through nesting."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, overload

from migrate.sandbox.groups import Group
from migrate.sandbox.messages import Answer, Call, Json, not_found, words
from migrate.sandbox.odata.paging import Collection, count_text, entity, listing, pick
from migrate.sandbox.people import DEFAULT_USER_PROPERTIES
from migrate.sandbox.routing import Route, needs

if TYPE_CHECKING:
    from migrate.sandbox.service import Sandbox

_GROUPS = Collection(
    context="groups",
    type_name="group",
    directory=True,
    known=words(
        "allowExternalSenders assignedLabels assignedLicenses autoSubscribeNewMembers classification createdByAppId "
        "createdDateTime deletedDateTime description displayName expirationDateTime groupTypes "
        "hasMembersWithLicenseErrors hideFromAddressLists hideFromOutlookClients id infoCatalogs isArchived "
        "isAssignableToRole isFavorite isManagementRestricted isSubscribedByMail licenseProcessingState mail "
        "mailEnabled mailNickname membershipRule membershipRuleProcessingState onPremisesDomainName "
        "onPremisesExtensionAttributes onPremisesLastSyncDateTime onPremisesNetBiosName onPremisesProvisioningErrors "
        "onPremisesSamAccountName onPremisesSecurityIdentifier onPremisesSyncEnabled organizationId "
        "preferredDataLocation preferredLanguage proxyAddresses renewedDateTime resourceBehaviorOptions "
        "resourceProvisioningOptions securityEnabled securityIdentifier serviceProvisioningErrors theme uniqueName "
        "unseenCount visibility"
    ),
    filterable=words(
        "id displayName securityEnabled:bool mailEnabled:bool groupTypes:list visibility isAssignableToRole:bool"
    ),
    searchable=words("displayName description mail mailNickname"),
    orderable=frozenset({"displayName"}),
)
_MEMBERS = Collection(
    context="directoryObjects",
    type_name="directoryObject",
    directory=True,
    filterable=words("id displayName userPrincipalName accountEnabled:bool userType"),
    searchable=words("displayName description mail mailNickname userPrincipalName givenName surname"),
    orderable=frozenset({"displayName"}),
)
_MEMBER_SHAPE = {"id": "string"}
Member = int | Json
"""A user by place, or another object by its JSON."""


class _Joined(Sequence[Member]):
    """Two sequences end to end, without copying either."""

    def __init__(self, first: Sequence[int], second: Sequence[Json]) -> None:
        self._first, self._second = first, second

    def __len__(self) -> int:
        return len(self._first) + len(self._second)

    @overload
    def __getitem__(self, at: int) -> Member: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Member]: ...
    def __getitem__(self, at: int | slice) -> Member | Sequence[Member]:
        size = len(self._first)
        if isinstance(at, int):
            return self._first[at] if at < size else self._second[at - size]
        start, stop, _ = at.indices(len(self))
        return [*self._first[start:stop], *self._second[max(0, start - size) : max(0, stop - size)]]

    def __iter__(self) -> Iterator[Member]:
        return chain(self._first, self._second)


def _group(sandbox: "Sandbox", call: Call) -> Group:
    group = sandbox.tenant.groups.find(call.params["group"])
    if group is None:
        raise not_found(call.params["group"])
    return group


def list_groups(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /groups."""
    return listing(call, _GROUPS, list(sandbox.tenant.groups), lambda group: group.json)


def get_group(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /groups/{id}."""
    return entity(call, _GROUPS, _group(sandbox, call).json)


def _members(sandbox: "Sandbox", call: Call) -> tuple[Sequence[Member], Callable[[Member], Json]]:
    """Return the members that the path asks for and how to make their JSON."""
    group, tenant = _group(sandbox, call), sandbox.tenant
    parts = [each.lower().removeprefix("microsoft.") for each in call.segments]
    transitive, cast = "transitivemembers" in parts, next((each for each in parts if each.startswith("graph.")), None)
    if transitive:
        places, nested, others = tenant.groups.transitive(group)
    else:
        places, nested, others = list(group.direct_places()), group.groups, group.others
    groups = [
        {"@odata.type": "#microsoft.graph.group", **found.json}
        for each in nested
        if (found := tenant.groups.find(each)) is not None
    ]
    # Without the permission to read hidden memberships the service answers an empty list, no error.
    if group.json.get("visibility") == "HiddenMembership" and not sandbox.holds(call, "Member.Read.Hidden"):
        places, groups, others = [], [], []
    everything: dict[str | None, tuple[Sequence[int], Sequence[Json]]] = {
        None: (places, groups + others),
        "graph.user": (places, []),
        "graph.group": ([], groups),
    }
    users, rest = everything[cast]

    def build(member: Member) -> Json:
        if isinstance(member, int):
            found = tenant.people.user(member)
            return found if cast else {"@odata.type": "#microsoft.graph.user", **found}
        return {name: each for name, each in member.items() if name != "@odata.type"} if cast else member

    return _Joined(users, rest), build


def list_members(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /groups/{id}/members and /transitiveMembers, also of one type."""
    members, build = _members(sandbox, call)
    found = listing(call, _MEMBERS, members, build)
    if "$select" not in call.query and call.version == "v1.0":
        # Only now: filters and searches look at the whole user.
        found.body["value"] = [_by_default(each, call) for each in found.body["value"]]
    return found


def _by_default(member: Json, call: Call) -> Json:
    is_user = member.get("@odata.type") == "#microsoft.graph.user" or call.segments[-1].lower().endswith("graph.user")
    return pick(member, DEFAULT_USER_PROPERTIES) if is_user else member


def list_owners(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /groups/{id}/owners: users only, as v1.0 lists no service principals."""
    group, people = _group(sandbox, call), sandbox.tenant.people
    places = [place for each in group.owners if (place := people.find(each)) is not None]
    found = listing(
        call, _MEMBERS, places, lambda place: {"@odata.type": "#microsoft.graph.user", **people.user(place)}
    )
    if "$select" not in call.query and call.version == "v1.0":
        found.body["value"] = [_by_default(each, call) for each in found.body["value"]]
    return found


def count_members(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /groups/{id}/members/$count and its like."""
    members, build = _members(sandbox, call)
    return count_text(call, _MEMBERS, members, build)


def routes() -> tuple[Route, ...]:
    """Return the calls of this file."""
    read_groups = needs(
        "GroupMember.Read.All", "Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"
    )
    read_members = needs(
        "GroupMember.Read.All",
        "GroupMember.ReadWrite.All",
        "Group.Read.All",
        "Group.ReadWrite.All",
        "Directory.Read.All",
    )
    member_routes = [
        Route(
            method="GET",
            path=f"groups/{{group}}/{name}{cast}{count}",
            shape=None if count else _MEMBER_SHAPE,
            units=units,
            needs=read_members,
            answer=count_members if count else list_members,
            summary=f"{'how many' if count else ''} {kind} of a group{cast and ', of one type'}".strip(),
        )
        for name, units, kind in (
            ("members", 3, "direct members"),
            ("transitiveMembers", 5, "direct and nested members"),
        )
        for cast in ("", "/microsoft.graph.user", "/microsoft.graph.group")
        for count in ("", "/$count")
    ]
    return (
        Route(method="GET", path="groups", answer=list_groups, needs=read_groups, summary="groups, a page at a time"),
        Route(
            method="GET",
            path="groups/{group}",
            answer=get_group,
            summary="one group",
            needs=needs("GroupMember.Read.All", "Group.Read.All", "Directory.Read.All", "Directory.ReadWrite.All"),
        ),
        Route(
            method="GET",
            path="groups/{group}/owners",
            shape=_MEMBER_SHAPE,
            needs=read_members,
            answer=list_owners,
            summary="who owns a group; nobody is shown for a synchronised one",
        ),
        *member_routes,
    )
