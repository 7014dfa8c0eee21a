"""Gathers what `doctor` looks at, from the tenant or the last export; what cannot be read is kept as the reason."""

from __future__ import annotations

import getpass
from collections.abc import Awaitable
from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING, TypeVar

import msgspec

from migrate.commands.access import explained
from migrate.commands.call import Call
from migrate.commands.wiring import connection_for, now_utc, open_tenant
from migrate.decide.checks.operator import operators_sign_in
from migrate.decide.directory_sync import sync_accounts
from migrate.decide.microsofts_what_if import body_for
from migrate.errors import (
    Guarded,
    MfaMigrateError,
    SignInFailed,
    Unreachable,
)
from migrate.graph.unreadable import UNREADABLE, in_full, or_problem
from migrate.model.doctor import AccountFacts, SignInFacts, TenantFacts
from migrate.model.evidence import Evidence, ReadStatus
from migrate.model.permissions import BACKUPS, FEDERATION, DirectoryRole
from migrate.model.reasons import Reason, Why
from migrate.model.rules import DIRECTORY_SYNC_ROLES
from migrate.model.tenant_settings import answer_on
from migrate.model.token import Kind, TokenFacts
from migrate.model.users import UserProfile, UserRecord
from migrate.store.folder import Workspace
from migrate.store.plan_files import read_plan
from migrate.store.snapshot import Snapshot, open_snapshot
from migrate.store.tested_accounts import read_tested

if TYPE_CHECKING:
    from migrate.graph.tenant import GraphTenant

T = TypeVar("T")

_ADMINISTRATOR = DirectoryRole.GLOBAL_ADMINISTRATOR.value
_MORE = {"backup": BACKUPS, "federation": FEDERATION}


async def facts_of_tenant(call: Call, workspace: Workspace, *, more: frozenset[str]) -> TenantFacts:
    """Sign in and read what the checks need; a sign-in that fails is a fact too."""
    settings = call.settings
    asked = SignInFacts(
        method=settings.sign_in.method.value,
        token_tenant=None,
        cloud=settings.cloud.value,
    )
    try:
        async with open_tenant(
            call, asks=[_MORE[each].permission for each in sorted(more)], looks_first=False
        ) as tenant:
            return await _read(call, workspace, tenant, asked, more=more)
    except (SignInFailed, Unreachable, Guarded) as problem:
        failed = msgspec.structs.replace(asked, problem=problem.what, hint=problem.hint)
        return msgspec.structs.replace(_configured(call, workspace), sign_in=failed)


async def _read(
    call: Call, workspace: Workspace, tenant: GraphTenant, asked: SignInFacts, *, more: frozenset[str]
) -> TenantFacts:
    token, facts = tenant.token, _configured(call, workspace)
    organization, _ = await or_problem(tenant.read_organization())
    skus, skus_problem = await or_problem(tenant.read_skus())
    evidence, evidence_problem = await or_problem(
        tenant.read_evidence(roles=[_ADMINISTRATOR, *DIRECTORY_SYNC_ROLES], paths=True)
    )
    is_person = token is not None and token.kind is Kind.PERSON
    facts = msgspec.structs.replace(
        facts,
        today=tenant.server_now().date(),
        sign_in=msgspec.structs.replace(
            asked, method=tenant.signed_in_by.value, token_tenant=token.tenant_id if token else None
        ),
        token=token,
        eligible=tuple(sorted(await tenant.read_own_eligibility() or ())) if is_person else None,
        is_partner=await tenant.read_is_service_provider(token.home_tenant) if token and token.home_tenant else None,
        organization=organization,
        skus=skus,
        skus_problem=skus_problem or "",
        evidence=evidence,
        evidence_problem=evidence_problem or "",
        emergency=await _emergency(tenant, facts, evidence),
        names=await _names(tenant, evidence),
        clock_seconds=(now_utc() - tenant.server_now()).total_seconds(),
        backup_asked="backup" in more,
    )
    facts = await _with_operator(tenant, token, facts)
    if "federation" in more and organization is not None:
        reading = tenant.read_federation(organization.federated_domains or ())
        federation, problem = await _or_what_is_missing(call, tenant, reading)
        facts = msgspec.structs.replace(facts, federation=federation, federation_problem=problem)
    if "backup" in more:
        age, problem = await _or_what_is_missing(call, tenant, tenant.read_backup_age())
        hours = None if age is None else age.total_seconds() / 3600
        return msgspec.structs.replace(facts, backup_age_hours=hours, backup_problem=problem)
    return facts


async def _names(tenant: GraphTenant, evidence: Evidence | None) -> dict[str, str]:
    """Return the names of the accounts of the directory synchronization by id, as far as they can be read."""
    accounts = sorted(sync_accounts(evidence)) if evidence is not None else []
    with suppress(*UNREADABLE):
        found = await tenant.read_profiles(accounts) if accounts else {}
        return {one: user.user_principal_name for one, user in found.items() if isinstance(user, UserProfile)}
    return {}


async def _with_operator(tenant: GraphTenant, token: TokenFacts | None, facts: TenantFacts) -> TenantFacts:
    """Add who is signed in, and what Microsoft's own What If says of that person's ordinary sign-in, asked once."""
    operator = await _operator(tenant, token)
    facts = msgspec.structs.replace(facts, operator=operator)
    if operator is None or operator.profile is None or facts.evidence is None:
        return facts
    evaluated, problem = await or_problem(tenant.evaluate(body_for(operator.profile, operators_sign_in())))
    return msgspec.structs.replace(
        facts, evaluated=evaluated, evaluated_problem=f"could not be asked: {problem}" if problem else ""
    )


async def _or_what_is_missing(call: Call, tenant: GraphTenant, reading: Awaitable[T]) -> tuple[T | None, str]:
    """Return what was read, or why it could not be, where the token tells it with the permission or role it lacks."""
    from migrate.graph.refusals import AccessRefused

    try:
        return await reading, ""
    except AccessRefused as refused:
        told = await explained(connection_for(call.settings), tenant, refused)
        return None, in_full(told)
    except UNREADABLE as problem:
        return None, in_full(problem)


async def _emergency(tenant: GraphTenant, facts: TenantFacts, evidence: Evidence | None) -> tuple[AccountFacts, ...]:
    return tuple(
        [
            msgspec.structs.replace(
                await _account(tenant, account.named), tested_on=account.tested_on, is_administrator=None
            )
            if evidence is None
            else _with_role(await _account(tenant, account.named), evidence, account.tested_on)
            for account in facts.emergency
        ]
    )


def _with_role(account: AccountFacts, evidence: Evidence, tested_on: date | None) -> AccountFacts:
    role = evidence.roles.get(_ADMINISTRATOR)
    known = role is not None and role.status is ReadStatus.READ and account.profile is not None
    holds = account.profile.id in role.holders if known and role is not None and account.profile is not None else None
    return msgspec.structs.replace(account, is_administrator=holds, tested_on=tested_on)


async def _account(tenant: GraphTenant, named: str) -> AccountFacts:
    try:
        found = (await tenant.read_profiles([named])).get(named)
        profile = found if isinstance(found, UserProfile) else None
        if isinstance(found, Reason) and found.why is not Why.NO_SUCH_USER:
            return AccountFacts(named=named, profile=None, registration_read=False)
    except UNREADABLE:
        return AccountFacts(named=named, profile=None, registration_read=False)
    if profile is None:
        return AccountFacts(named=named, profile=None)
    try:
        rows = await tenant.read_registrations([profile.id])
    except UNREADABLE:
        return AccountFacts(named=named, profile=profile, registration_read=False)
    return AccountFacts(named=named, profile=profile, registration=rows.get(profile.id))


async def _operator(tenant: GraphTenant, token: TokenFacts | None) -> AccountFacts | None:
    if token is None or token.kind is not Kind.PERSON or token.object_id is None:
        return None
    return msgspec.structs.replace(await _account(tenant, token.object_id), named=token.name)


def facts_of_export(call: Call, workspace: Workspace) -> TenantFacts:
    """Return what the last export tells; sign-in, permissions, role, backup and clock are not in it."""
    with open_snapshot(workspace) as snapshot:
        return facts_in(call, workspace, snapshot)


def facts_in(call: Call, workspace: Workspace, snapshot: Snapshot) -> TenantFacts:
    """Return what a snapshot tells."""
    facts = _configured(call, workspace)
    header, evidence = snapshot.header, snapshot.evidence()
    emergency = []
    for account in facts.emergency:
        user = snapshot.user(account.named)
        found = msgspec.structs.replace(
            account,
            profile=None if user is None else user.profile,
            registration=user.registration if isinstance(user, UserRecord) else None,
        )
        emergency.append(_with_role(found, evidence, account.tested_on))
    signed_in = snapshot.user(header.actor.object_id) if header.actor.is_user and header.actor.object_id else None
    synchronizing = {one: snapshot.user(one) for one in sync_accounts(evidence)}
    return msgspec.structs.replace(
        facts,
        today=header.taken_on,
        from_export=True,
        organization=header.organization,
        skus=header.skus,
        evidence=evidence,
        emergency=tuple(emergency),
        names={one: user.profile.user_principal_name for one, user in synchronizing.items() if user is not None},
        operator=None
        if signed_in is None
        else AccountFacts(named=header.actor.name, profile=signed_in.profile, registration=signed_in.registration),
    )


def _configured(call: Call, workspace: Workspace) -> TenantFacts:
    """Return what configuration and folder tell."""
    config, today = call.settings.config, now_utc().date()
    access = config.emergency_access
    tested = read_tested(workspace)
    planned = None
    with suppress(MfaMigrateError):
        planned = read_plan(workspace)[0].users_to_change
    answer = config.tenant_settings.answer
    facts = TenantFacts(
        today=today,
        emergency_none=access.none if access else None,
        emergency=tuple(
            AccountFacts(
                named=name,
                profile=None,
                tested_on=tested[name.casefold()].on if name.casefold() in tested else None,
            )
            for name in (access.accounts if access else ())
        ),
        switch_on=config.policy.switch_on,
        planned_users=planned,
    )
    return facts if answer is None else msgspec.structs.replace(facts, baseline=answer_on(answer, today))


def operator_here() -> str:
    """Return who works on this machine, for a record that people read."""
    return getpass.getuser()
