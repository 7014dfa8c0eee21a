"""`sandbox signin`: one sign-in at a running sandbox."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from migrate.commands.call import Call
from migrate.commands.options import verb
from migrate.commands.sandbox_control import ask_control_plane, running_sandbox
from migrate.errors import ExitCode


@verb
def signin(
    call: Call,
    user: Annotated[str, typer.Argument(metavar="USER", help="Name or object id.")],
    app: Annotated[str | None, typer.Option("--app", metavar="ID", help="Application id, or Office365.")] = None,
    client: Annotated[
        str | None, typer.Option("--client", metavar="NAME", help="browser, mobileAppsAndDesktopClients, imap, smtp, …")
    ] = None,
    ip: Annotated[str | None, typer.Option("--ip", metavar="ADDRESS", help="Where the sign-in comes from.")] = None,
    country: Annotated[str | None, typer.Option("--country", metavar="CODE", help="Two letters.")] = None,
    platform: Annotated[str | None, typer.Option("--platform", metavar="NAME", help="windows, iOS, linux, …")] = None,
    register: Annotated[
        str | None,
        typer.Option("--register", metavar="METHOD", help="Register this method when the sign-in asks for it."),
    ] = None,
    no_mfa: Annotated[bool, typer.Option("--no-mfa", help="The second factor is not given.")] = False,
) -> ExitCode:
    """Simulate a sign-in at a running sandbox: is MFA asked for, and by what?

    \b
    Examples:
        mfa-migrate sandbox signin alma.berg@contoso.example --endpoint http://127.0.0.1:8765
        mfa-migrate sandbox signin emil.stone@contoso.example --client browser --register mobilePhone
    """
    from migrate.views.sandbox import signin_answer

    fields = {"app": app, "client": client, "ip": ip, "country": country, "platform": platform, "register": register}
    given = {name: value for name, value in fields.items() if value is not None}
    body = {"user": user, **given, **({"mfa": False} if no_mfa else {})}
    call.answer(signin_answer(json.loads(ask_control_plane(running_sandbox(call), "signins", body, call.settings))))
    return ExitCode.OK
