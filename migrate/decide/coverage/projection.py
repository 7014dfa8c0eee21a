"""Reads a policy's JSON into the form that the proof works on. Strict: what is not understood is recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from migrate.decide.coverage.grants import demand_of
from migrate.decide.coverage.locations import NamedLocation, problems_with
from migrate.decide.coverage.policy import Guests, People, Places, PolicyReading, SetAside, Targets
from migrate.decide.coverage.strictly import Doubts, Problem, is_empty, is_guid, says_nothing, shown, spelled
from migrate.decide.coverage.vocabulary import (
    AGENT_RESOURCES,
    APP_SUITES,
    CLIENT_TYPES,
    ENUMERATED,
    EXTERNAL_KINDS,
    FLOWS,
    INSIDER_RISKS,
    PLATFORMS,
    RISKS,
    USER_ACTIONS,
    Axis,
    UserKind,
)
from migrate.model.evidence import ConditionalAccessPolicy
from migrate.model.record import JsonObject

PEOPLE = "people"
_ANYTHING = "all"
_SPECIAL_USERS = ("All", "None", "GuestsOrExternalUsers", "AllAgentIdUsers")
_AGENT_RESOURCES = AGENT_RESOURCES.casefold()
USER_ACTION = "userAction"
AGENTS_NOT_JUDGED = "an agent's account, and what policies for agents do to it is not judged here"
_AGENT_MEMBERS = ("agents", "agentContext", "agentIdRiskLevels")
_WORKLOAD_MEMBERS = ("clientApplications", *_AGENT_MEMBERS, "servicePrincipalRiskLevels")


def read_strictly(
    policy: ConditionalAccessPolicy,
    strengths: Mapping[str, Sequence[JsonObject]],
    locations: Mapping[str, NamedLocation],
    *,
    doubtful: Sequence[str] = (),
) -> PolicyReading:
    """Return the reading of a policy; never raises. Strengths, each with all its copies, and locations are given by id.

    Source: Graph v1.0 resource conditionalAccessPolicy and its parts. Enum values are compared without regard
    to case, as Graph does; members, values and types that are not understood are listed in `problems`, after what is
    `doubtful` about the policy beforehand.
    """
    doubts = Doubts([Problem("", sentence) for sentence in doubtful])
    raw = policy.raw
    doubts.unknown_members(raw, "", "")
    if policy.policy_state is None:
        doubts.add("", f"the state {shown(raw['state'])} is not known" if "state" in raw else "its state is not shown")
    conditions = doubts.object_at(raw, "conditions", "conditions", PEOPLE)
    if conditions is None:
        conditions = {}
        doubts.add(PEOPLE, "there are no conditions")
    for part, about in (("users", PEOPLE), ("applications", Axis.APP)):
        if part not in conditions:
            # Graph writes what is empty: a part that is not there was left out.
            doubts.add(about, f"conditions.{part} is not shown")
    doubts.unknown_members(conditions, "conditions", "conditions")
    session = doubts.object_at(raw, "sessionControls", "sessionControls", "") or {}
    doubts.unknown_members(session, "sessionControls", "sessionControls")
    users = doubts.object_at(conditions, "users", "conditions.users", PEOPLE) or {}
    doubts.unknown_members(users, "conditions.users", "conditions.users", PEOPLE)
    include, exclude = (_people(users, side, doubts) for side in ("include", "exclude"))
    targets, app_rules = _targets(conditions, doubts)
    return PolicyReading(
        policy=policy,
        include=include,
        exclude=exclude,
        targets=targets,
        places=_places(conditions, locations, doubts),
        limits=_limits(conditions, doubts),
        rules={**app_rules, **_device_rule(conditions, doubts)},
        demand=demand_of(raw, strengths, doubts),
        set_aside=_set_aside(conditions, include, targets, doubts),
        problems=tuple(doubts.problems),
    )


def _set_aside(conditions: JsonObject, include: People, targets: Targets, doubts: Doubts) -> SetAside | None:
    """Return why a policy can never meet a person's sign-in to an application, or None.

    Source: Entra page "Conditional Access: Users, groups, agents, and workload identities": each policy has one kind
    of assignment, and "all users" holds no agents' user accounts.
    """
    named = [key for key in _WORKLOAD_MEMBERS if not says_nothing(conditions.get(key))]
    people = include.everybody or include.old_guests or include.users or include.groups or include.roles
    if named and not (people or include.guests or doubts.are_about(PEOPLE)):
        return SetAside.WORKLOADS
    if named:
        doubts.add("", f"conditions.{named[0]} stands beside assigned users")
        return None
    # Whatever is not understood about an assignment could be about people.
    if include.agents and not (people or include.guests or doubts.are_about(PEOPLE)):
        return SetAside.AGENT_ACCOUNTS
    if doubts.are_about(Axis.APP) or targets.every_app:
        return None
    if targets.apps:
        return SetAside.AGENT_RESOURCES if targets.apps == {_AGENT_RESOURCES} else None
    return SetAside.USER_ACTIONS if targets.user_actions or doubts.are_about(USER_ACTION) else None


def may_reach_agents(reading: PolicyReading) -> bool:
    """Tell whether a policy may meet the sign-in of an agent's user account, which nothing here evaluates.

    Source: Entra page "Conditional Access for agent identities": only AllAgentIdUsers and conditions on agents do.
    """
    conditions = reading.policy.raw.get("conditions")
    named = isinstance(conditions, dict) and any(not says_nothing(conditions.get(key)) for key in _AGENT_MEMBERS)
    return named or reading.include.agents


def _people(users: JsonObject, side: str, doubts: Doubts) -> People:
    path = "conditions.users"
    special = spelled(_SPECIAL_USERS)
    named = [text.casefold() for text in doubts.texts_at(users, f"{side}Users", path, PEOPLE)]
    for text in named:
        if text not in special and not is_guid(text):
            doubts.add(PEOPLE, f"{path}.{side}Users names {text!r}, which is no object id")
    return People(
        everybody="all" in named,
        old_guests="guestsorexternalusers" in named,
        agents="allagentidusers" in named,
        users=frozenset(text for text in named if text not in special),
        groups=_ids(users, f"{side}Groups", doubts),
        roles=_ids(users, f"{side}Roles", doubts),
        guests=_guests(users, f"{side}GuestsOrExternalUsers", doubts),
    )


def _ids(users: JsonObject, key: str, doubts: Doubts) -> tuple[str, ...]:
    ids = sorted({text.casefold() for text in doubts.texts_at(users, key, "conditions.users", PEOPLE)})
    for text in ids:
        if not is_guid(text):
            doubts.add(PEOPLE, f"conditions.users.{key} names {text!r}, which is no object id")
    return tuple(ids)


def _guests(users: JsonObject, key: str, doubts: Doubts) -> Guests | None:
    path = f"conditions.users.{key}"
    chosen = doubts.object_at(users, key, path, PEOPLE)
    if chosen is None:
        return None
    doubts.unknown_members(chosen, "guests", path, PEOPLE)
    known = {kind.casefold(): kind.value for kind in EXTERNAL_KINDS} | {"none": "none"}
    flags = doubts.flags_at(chosen, "guestOrExternalUserTypes", path, PEOPLE)
    if is_empty(chosen.get("guestOrExternalUserTypes")):
        doubts.add(PEOPLE, f"{path} does not show which kinds of guests it names")
    kinds = frozenset(UserKind(name) for name in doubts.choices(flags, known, path, PEOPLE) if name != "none")
    tenants = doubts.object_at(chosen, "externalTenants", f"{path}.externalTenants", PEOPLE)
    any_tenant = True
    if "externalTenants" not in chosen and key.startswith("include") and kinds - {UserKind.INTERNAL_GUEST}:
        # Null means all of them, as in Microsoft's templates; what is not there may have named a few.
        doubts.add(PEOPLE, f"{path} does not show of which home tenants")
    if tenants is not None:
        doubts.unknown_members(tenants, "externalTenants", f"{path}.externalTenants", PEOPLE)
        kind = str(tenants.get("membershipKind")).casefold()
        if kind not in ("all", "enumerated"):
            doubts.add(PEOPLE, f"{path}.externalTenants.membershipKind is not understood: {kind!r}")
        any_tenant = kind == "all"
    members = doubts.texts_at(tenants, "members", f"{path}.externalTenants", PEOPLE) if tenants is not None else ()
    return Guests(kinds, any_tenant, frozenset(member.casefold() for member in members)) if kinds else None


def _targets(conditions: JsonObject, doubts: Doubts) -> tuple[Targets, dict[str, bool]]:
    path = "conditions.applications"
    applications = doubts.object_at(conditions, "applications", path, Axis.APP) or {}
    doubts.unknown_members(applications, "conditions.applications", path, Axis.APP)
    included = _apps(applications, "includeApplications", doubts)
    actions = doubts.texts_at(applications, "includeUserActions", path, Axis.APP)
    contexts = doubts.texts_at(applications, "includeAuthenticationContextClassReferences", path, Axis.APP)
    if included and (actions or contexts):
        doubts.add(Axis.APP, f"{path} names applications beside user actions or authentication contexts")
    rules = _filter(applications, "applicationFilter", "appFilter", Axis.APP, doubts)
    excluded = frozenset(_apps(applications, "excludeApplications", doubts)) - {"none"}
    # An action that is not known is still an action, and no sign-in to an application.
    about_actions = Axis.APP if included else USER_ACTION
    targets = Targets(
        # A filter that includes stands for the apps it matches; beside a list of apps it is read as narrowing it.
        every_app="all" in included or (not included and any(rules.values())),
        all_resources="all" in included and not excluded and not rules,
        leaves_out="all" in included and bool(excluded or rules),
        apps=frozenset(included) - {"all", "none"},
        excluded_apps=excluded,
        user_actions=doubts.choices(actions, spelled(USER_ACTIONS), "includeUserActions", about_actions),
        contexts=frozenset(contexts),
    )
    return targets, rules


def _apps(applications: JsonObject, key: str, doubts: Doubts) -> list[str]:
    path = "conditions.applications"
    known = {"all", "none", *(suite.casefold() for suite in APP_SUITES)}
    named = [text.casefold() for text in doubts.texts_at(applications, key, path, Axis.APP)]
    for text in named:
        if text not in known and not is_guid(text):
            doubts.add(Axis.APP, f"{path}.{key} names {text!r}, which is no application id")
    return named


def _filter(holder: JsonObject, key: str, axis: str, about: str, doubts: Doubts) -> dict[str, bool]:
    """Return {coordinate: answer} for a filter rule. No rule language is evaluated: each text is one yes or no."""
    chosen = doubts.object_at(holder, key, key, about)
    if chosen is None:
        return {}
    doubts.unknown_members(chosen, "filter", key, about)
    mode, rule = chosen.get("mode"), chosen.get("rule")
    if not isinstance(rule, str) or not rule or str(mode).casefold() not in ("include", "exclude"):
        doubts.add(about, f"{key} is not understood: {shown(chosen)}")
        return {}
    return {f"{axis}:{rule}": str(mode).casefold() == "include"}


def _device_rule(conditions: JsonObject, doubts: Doubts) -> dict[str, bool]:
    devices = doubts.object_at(conditions, "devices", "conditions.devices", "")
    if devices is None:
        return {}
    doubts.unknown_members(devices, "conditions.devices", "conditions.devices")
    return _filter(devices, "deviceFilter", "deviceFilter", "", doubts)


def _places(conditions: JsonObject, known: Mapping[str, NamedLocation], doubts: Doubts) -> Places | None:
    path = "conditions.locations"
    locations = doubts.object_at(conditions, "locations", path, Axis.LOCATION)
    if locations is None:
        return None
    doubts.unknown_members(locations, "conditions.locations", path, Axis.LOCATION)
    include, exclude = (
        frozenset(text.casefold() for text in doubts.texts_at(locations, key, path, Axis.LOCATION))
        for key in ("includeLocations", "excludeLocations")
    )
    if not include and not exclude:
        return None
    if not include:
        doubts.add(Axis.LOCATION, f"{path} excludes without including anything")
    for sentence in problems_with(include | exclude, known):
        doubts.add(Axis.LOCATION, sentence)
    return Places(include, exclude)


def _limits(conditions: JsonObject, doubts: Doubts) -> dict[Axis, frozenset[str]]:
    insider = doubts.flags_at(conditions, "insiderRiskLevels", "conditions", Axis.INSIDER_RISK)
    chosen = {
        Axis.CLIENT: _client_types(conditions, doubts),
        Axis.PLATFORM: _platforms(conditions, doubts),
        Axis.SIGN_IN_RISK: _risks(conditions, "signInRiskLevels", Axis.SIGN_IN_RISK, doubts),
        Axis.USER_RISK: _risks(conditions, "userRiskLevels", Axis.USER_RISK, doubts),
        Axis.INSIDER_RISK: _chosen(insider, INSIDER_RISKS[1:], "insiderRiskLevels", Axis.INSIDER_RISK, doubts),
        Axis.FLOW: _flows(conditions, doubts),
    }
    return {
        axis: values
        for axis, values in chosen.items()
        if values is not None and not values.issuperset(ENUMERATED[axis])
    }


def _chosen(
    values: tuple[str, ...], known: tuple[str, ...], path: str, axis: Axis, doubts: Doubts
) -> frozenset[str] | None:
    """Return the understood ones of `values`; None when nothing is chosen, which means: not limited."""
    return doubts.choices(values, spelled(known), path, axis) if values else None


def _client_types(conditions: JsonObject, doubts: Doubts) -> frozenset[str] | None:
    values = doubts.texts_at(conditions, "clientAppTypes", "conditions", Axis.CLIENT)
    chosen = _chosen(values, (*CLIENT_TYPES, _ANYTHING), "clientAppTypes", Axis.CLIENT, doubts)
    if chosen is None or _ANYTHING in chosen:
        return None
    # exchangeActiveSync means clients on supported and on unsupported platforms; easSupported only the former.
    return chosen | {"easSupported"} if "exchangeActiveSync" in chosen else chosen


def _risks(conditions: JsonObject, key: str, axis: Axis, doubts: Doubts) -> frozenset[str] | None:
    return _chosen(doubts.texts_at(conditions, key, "conditions", axis), RISKS, key, axis, doubts)


def _platforms(conditions: JsonObject, doubts: Doubts) -> frozenset[str] | None:
    path = "conditions.platforms"
    platforms = doubts.object_at(conditions, "platforms", path, Axis.PLATFORM)
    if platforms is None:
        return None
    doubts.unknown_members(platforms, "conditions.platforms", path, Axis.PLATFORM)
    include, exclude = (
        _chosen(
            doubts.texts_at(platforms, key, path, Axis.PLATFORM),
            (*PLATFORMS[:-1], _ANYTHING),
            f"platforms.{key}",
            Axis.PLATFORM,
            doubts,
        )
        for key in ("includePlatforms", "excludePlatforms")
    )
    if include is None and exclude is None:
        return None
    if include is None:
        doubts.add(Axis.PLATFORM, f"{path} excludes without including anything")
        return frozenset()
    included = frozenset(PLATFORMS) if _ANYTHING in include else include
    excluded = exclude or frozenset()
    return frozenset() if _ANYTHING in excluded else included - excluded


def _flows(conditions: JsonObject, doubts: Doubts) -> frozenset[str] | None:
    path = "conditions.authenticationFlows"
    flows = doubts.object_at(conditions, "authenticationFlows", path, Axis.FLOW)
    if flows is None:
        return None
    doubts.unknown_members(flows, "conditions.authenticationFlows", path, Axis.FLOW)
    methods = doubts.flags_at(flows, "transferMethods", path, Axis.FLOW)
    return _chosen(methods, FLOWS[1:], "transferMethods", Axis.FLOW, doubts)
