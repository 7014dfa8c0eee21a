"""`sandbox operator` and `sandbox grant`: who signs in to a running sandbox, and what the application holds there."""

from __future__ import annotations

import json
import re
from typing import Annotated

import typer

from migrate.commands.call import Call
from migrate.commands.options import verb
from migrate.commands.sandbox_control import LAB_CLIENT, ask_control_plane, running_sandbox
from migrate.errors import ExitCode, UsageProblem
from migrate.model.permissions import READ_SET, WRITE_POLICIES, WRITE_STATES, DirectoryRole

_SETS = {"read": READ_SET, "write-states": WRITE_STATES, "write-policies": WRITE_POLICIES}


@verb
def operator(
    call: Call,
    user: Annotated[str, typer.Argument(metavar="USER", help="Somebody of the tenant, or with --home a partner.")],
    home: Annotated[
        str | None,
        typer.Option("--home", metavar="TENANT", help="Tenant id of a partner: USER comes from there (GDAP)."),
    ] = None,
    unknown: Annotated[
        bool, typer.Option("--unknown", help="The tenant's settings do not know that partner as service provider.")
    ] = False,
    role: Annotated[
        list[str] | None, typer.Option("--role", metavar="ROLE", help="A role held now, by its name or template id.")
    ] = None,
    eligible: Annotated[
        list[str] | None, typer.Option("--eligible", metavar="ROLE", help="A role to be activated in PIM.")
    ] = None,
    without: Annotated[list[str] | None, typer.Option("--without", metavar="ROLE", help="Take this role away.")] = None,
) -> ExitCode:
    """Say who may sign in to a running sandbox, with which roles: somebody of the tenant, or a partner.

    \b
    Examples:
        mfa-migrate sandbox operator alma.berg@contoso.example --role "Global Reader" --config lab.toml
        mfa-migrate sandbox operator alma.berg@contoso.example --eligible "Authentication Policy Administrator"
        mfa-migrate sandbox operator op@partner.example --home TENANT_ID --role "Global Reader" --config lab.toml
    """
    endpoint = running_sandbox(call)
    held, gone = _roles(role), _roles(without)
    if home is not None:
        if eligible or without:
            raise UsageProblem(
                "A partner's roles come from the relationship alone.", hint="Give --role for each; leave the rest away."
            )
        body = {
            "user": user,
            "homeTenantId": home,
            "roles": [each.value for each in held],
            "isServiceProvider": not unknown,
        }
        ask_control_plane(endpoint, "partners", body, call.settings)
        call.screen.say(f"{user} of {home} may sign in as a partner, with: {_told(held)}.")
        return ExitCode.OK
    changes = [
        *({"assign": each.value} for each in held),
        *({"eligible": each.value} for each in _roles(eligible)),
        *({"unassign": each.value} for each in gone),
    ]
    if not changes:
        raise UsageProblem(
            "Nothing is said about this operator.",
            hint="Give --role, --eligible or --without, or --home for a partner.",
        )
    for change in changes:
        ask_control_plane(endpoint, "change", {"user": user, **change}, call.settings)
    call.screen.say(f"{user}: {len(changes)} of the roles changed; a token made from now on has them.")
    return ExitCode.OK


@verb
def grant(
    call: Call,
    permissions: Annotated[
        list[str],
        typer.Argument(metavar="PERMISSION...", help="Permissions; read, write-states, write-policies for whole sets."),
    ],
    without: Annotated[
        list[str] | None, typer.Option("--without", metavar="PERMISSION", help="Leave this one out.")
    ] = None,
    app: Annotated[
        str, typer.Option("--app", metavar="ID", help="The application; by default that of --write-config.")
    ] = LAB_CLIENT,
) -> ExitCode:
    """Give an application of a running sandbox exactly these permissions; tokens made from now on hold no others.

    \b
    Examples:
        mfa-migrate sandbox grant read --config lab.toml
        mfa-migrate sandbox grant read write-states --without AuditLog.Read.All --config lab.toml
        mfa-migrate sandbox grant read UserAuthenticationMethod.ReadWrite.All --config lab.toml
    """
    names = {name for word in permissions for name in _SETS.get(word.casefold(), (word,))}
    absent = set(without or ()) - names
    if absent:
        raise UsageProblem(
            f"--without names what was not given: {', '.join(sorted(absent))}.", hint="Check its spelling."
        )
    body = {"appId": app, "permissions": sorted(names - set(without or ()))}
    answer = json.loads(ask_control_plane(running_sandbox(call), "grants", body, call.settings))
    call.screen.say(f"Application {app} holds: {', '.join(answer['permissions']) or 'nothing'}.")
    return ExitCode.OK


def _roles(given: list[str] | None) -> list[DirectoryRole]:
    return [_role(text) for text in given or ()]


def _role(text: str) -> DirectoryRole:
    wanted = re.sub(r"[^a-z0-9]", "", text.casefold())
    for each in DirectoryRole:
        if wanted in (re.sub(r"[^a-z0-9]", "", name.casefold()) for name in (each.value, each.label)):
            return each
    known = ", ".join(each.label for each in DirectoryRole)
    raise UsageProblem(f"{text!r} is no role that the sandbox knows.", hint=f"Roles: {known}.")


def _told(roles: list[DirectoryRole]) -> str:
    return ", ".join(each.label for each in roles) or "no role"
