"""`what-if`: which policies apply to one sign-in, and whether it needs MFA. Not a dry run: that is --what-if."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migrate.commands.call import Call
from migrate.commands.explain import Suppose, Without, known_user, named_app, supposed
from migrate.commands.exported_tenant import refuse_other_tenant
from migrate.commands.now import now_or_export
from migrate.commands.options import verb
from migrate.commands.wiring import open_tenant, workspace_of
from migrate.errors import ExitCode, UsageProblem
from migrate.model.explanation import EvaluatedPolicy, SignIn
from migrate.model.record import JsonObject
from migrate.store.snapshot import Snapshot, open_snapshot

if TYPE_CHECKING:
    pass


@verb
def what_if(
    call: Call,
    user: Annotated[str, typer.Option("--user", metavar="USER", help="User principal name or object id.")],
    app: Annotated[str | None, typer.Option("--app", metavar="APP", help="Application (client) id, or a name.")] = None,
    user_action: Annotated[
        str | None,
        typer.Option("--user-action", metavar="URN", help="urn:user:registersecurityinfo or urn:user:registerdevice."),
    ] = None,
    client_app_type: Annotated[
        str,
        typer.Option(
            "--client-app-type",
            metavar="TYPE",
            help="browser, mobileAppsAndDesktopClients, exchangeActiveSync, easSupported or other.",
        ),
    ] = "browser",
    platform: Annotated[
        str | None,
        typer.Option("--platform", metavar="NAME", help="android, iOS, windows, windowsPhone, macOS, linux, unknown."),
    ] = None,
    ip: Annotated[str | None, typer.Option("--ip", metavar="ADDRESS", help="IPv4 or IPv6 address.")] = None,
    country: Annotated[
        str | None, typer.Option("--country", metavar="CODE", help="Two letters, such as NL, or unknown.")
    ] = None,
    sign_in_risk: Annotated[
        str, typer.Option("--sign-in-risk", metavar="LEVEL", help="none, low, medium, high or hidden.")
    ] = "none",
    user_risk: Annotated[
        str, typer.Option("--user-risk", metavar="LEVEL", help="none, low, medium, high or hidden.")
    ] = "none",
    insider_risk: Annotated[
        str, typer.Option("--insider-risk", metavar="LEVEL", help="none, minor, moderate or elevated.")
    ] = "none",
    compliant: Annotated[
        bool, typer.Option("--compliant/--no-compliant", help="The device is marked as compliant.")
    ] = False,
    hybrid_joined: Annotated[
        bool, typer.Option("--hybrid-joined/--no-hybrid-joined", help="The device is hybrid joined.")
    ] = False,
    flow: Annotated[
        str, typer.Option("--flow", metavar="NAME", help="none, deviceCodeFlow or authenticationTransfer.")
    ] = "none",
    device_filter: Annotated[
        str,
        typer.Option(
            "--device-filter",
            metavar="ANSWER",
            help="matches, no or both: whether the device matches filters that cannot be evaluated here.",
        ),
    ] = "both",
    external_tenant_id: Annotated[
        str | None, typer.Option("--external-tenant-id", metavar="ID", help="Home tenant of a guest.")
    ] = None,
    external_user_type: Annotated[
        str | None,
        typer.Option("--external-user-type", metavar="TYPE", help="b2bCollaborationGuest, serviceProvider, …"),
    ] = None,
    suppose: Suppose = None,
    without: Without = None,
    live: Annotated[
        bool, typer.Option("--live", help="Also ask Microsoft's What If, and show where the two differ.")
    ] = False,
) -> ExitCode:
    """Try one sign-in against the exported policies: does it need MFA, is it blocked, or neither?

    This is no dry run of a change; that is `--what-if` on the commands that write. It answers from the last export and
    what this tool changed since. The outcome is mfa, block, noMfa or unknown: unknown where something that could
    matter is not understood, could not be read or was not stated. What is not stated of platform, address and country
    stays open. With --live the exit code is 1 when Microsoft's answer about a policy is another one.

    \b
    Examples:
        mfa-migrate what-if --user ada@contoso.example --app "Exchange Online" --ip 203.0.113.9
        mfa-migrate what-if --user ada@contoso.example --user-action urn:user:registersecurityinfo -o json
        mfa-migrate what-if --user ada@contoso.example --app 00000002-0000-0ff1-ce00-000000000000 --live
    """
    from migrate.decide.stated_sign_in import spelled_right

    if live and (suppose or without):
        raise UsageProblem(
            "Microsoft cannot be asked about policies that are not as they are.",
            hint="Leave out --live, or --suppose and --without.",
        )
    if (app is None) == (user_action is None):
        raise UsageProblem("State either --app or --user-action.", hint="See `mfa-migrate what-if --help`.")
    sign_in = spelled_right(
        SignIn(
            app=None if app is None else named_app(call, app, groups=False),
            user_action=user_action,
            client_app_type=client_app_type,
            platform=platform,
            ip=ip,
            country=country,
            sign_in_risk=sign_in_risk,
            user_risk=user_risk,
            insider_risk=insider_risk,
            compliant=compliant,
            hybrid_joined=hybrid_joined,
            flow=flow,
            device_filter=None if device_filter.casefold() == "both" else device_filter,
            external_tenant_id=external_tenant_id,
            external_user_type=external_user_type,
        )
    )
    return _tried(call, user, sign_in, suppose, without, live=live)


def _tried(
    call: Call, user: str, sign_in: SignIn, suppose: list[Path] | None, without: str | None, *, live: bool
) -> ExitCode:
    """Answer for one sign-in, beside Microsoft's own answer and the one with a policy that was taken away."""
    from migrate.decide.as_now import evidence_as_now
    from migrate.decide.microsofts_what_if import body_for, differences_between
    from migrate.decide.stated_sign_in import target_name
    from migrate.decide.what_if import WhatIf
    from migrate.views.coverage import what_if_answer

    workspace = workspace_of(call)
    with open_snapshot(workspace) as snapshot:
        now = now_or_export(call, workspace, snapshot)
        profile = known_user(call, user, snapshot).profile
        there = evidence_as_now(snapshot.evidence(), now)
        answer = WhatIf(supposed(there, suppose, without)).answer_for(profile, sign_in)
        with_it = WhatIf(supposed(there, suppose)).answer_for(profile, sign_in) if without else None
        evaluated = call.run(_evaluated(call, snapshot, body_for(profile, sign_in))) if live else None
    differences = differences_between(answer.policies, evaluated) if evaluated is not None else ()
    call.answer(
        what_if_answer(
            profile,
            sign_in,
            answer,
            evaluated,
            differences,
            target=target_name(sign_in),
            without=without,
            with_it=with_it,
            moment=now.moment,
        )
    )
    return ExitCode.FINDINGS if any(one.ours is not None for one in differences) else ExitCode.OK


async def _evaluated(call: Call, snapshot: Snapshot, body: JsonObject) -> tuple[EvaluatedPolicy, ...]:
    async with open_tenant(call) as tenant:
        await refuse_other_tenant(tenant, snapshot)
        return await tenant.evaluate(body)
