"""`sandbox`: serve the emulator of Microsoft Graph until Ctrl-C."""

from __future__ import annotations

import json
import re
import shlex
import signal
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from migrate.commands.call import Call
from migrate.commands.options import call_for, keep_for_the_verb, verb, with_globals
from migrate.commands.sandbox_control import LAB_CLIENT, ask_control_plane, running_sandbox
from migrate.commands.sandbox_operators import grant, operator
from migrate.commands.sandbox_sign_in import signin
from migrate.errors import BadInput, ExitCode, UsageProblem
from migrate.named_files import refuse_no_file
from migrate.settings import GlobalOptions
from migrate.store.files import write_atomically

if TYPE_CHECKING:
    from migrate.sandbox.server import SandboxServer
    from migrate.sandbox.settings import SandboxSettings
    from migrate.sandbox.tenant import Tenant
    from migrate.sandbox.tls import SandboxTls

sandbox_app = typer.Typer(
    name="sandbox",
    help="Serve an emulator of Microsoft Graph, for rehearsing.",
    invoke_without_command=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["--help", "-h"]},
)


@sandbox_app.callback()
@with_globals
def _serve(
    context: typer.Context,
    typed: GlobalOptions,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port on 127.0.0.1; 0 takes any.")] = 8765,
    seed: Annotated[int, typer.Option("--seed", help="The company's seed: the same one makes the same people.")] = 1,
    users: Annotated[int, typer.Option("--users", min=3, help="Accounts of the generated company.")] = 300,
    tenant_file: Annotated[
        Path | None, typer.Option("--tenant-file", metavar="FILE", help="Serve this tenant instead of a company.")
    ] = None,
    write_config: Annotated[
        Path | None, typer.Option("--write-config", metavar="FILE", help="Write a ready configuration for it.")
    ] = None,
    save: Annotated[
        Path | None, typer.Option("--save", metavar="FILE", help="Keep the tenant in this file when it ends.")
    ] = None,
    no_throttle: Annotated[bool, typer.Option("--no-throttle", help="Do not apply Graph's limits.")] = False,
    latency: Annotated[
        str, typer.Option("--latency", metavar="MS[+-MS]", help="Time before an answer, such as 150 or 150+-50.")
    ] = "0",
    enforce_permissions: Annotated[
        bool, typer.Option("--enforce-permissions", help="Refuse calls that the token has no permission for.")
    ] = False,
    https: Annotated[bool, typer.Option("--https", help="Serve HTTPS with a certificate authority made now.")] = False,
    cert: Annotated[
        Path | None,
        typer.Option("--cert", metavar="FILE", help="Serve HTTPS with this certificate (PEM); needs --key."),
    ] = None,
    key: Annotated[Path | None, typer.Option("--key", metavar="FILE", help="Private key of --cert (PEM).")] = None,
    faults: Annotated[
        Path | None, typer.Option("--faults", metavar="FILE", help="Fault script (JSON) to begin with.")
    ] = None,
    sign_ins: Annotated[
        int, typer.Option("--sign-ins", min=0, metavar="N", help="Invented sign-ins in the log, by the seed.")
    ] = 0,
    days: Annotated[int, typer.Option("--days", min=1, max=30, help="The days before now over which they lie.")] = 14,
    sign_in_files: Annotated[
        Path | None,
        typer.Option("--sign-in-files", metavar="DIR", help="Write the sign-in log here, in every format."),
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Another setting; see mfa-migrate help sandbox."),
    ] = None,
) -> None:
    """Serve an emulator of Microsoft Graph on this machine until Ctrl-C.

    \b
    Examples:
        mfa-migrate sandbox --write-config lab.toml
        mfa-migrate sandbox --port 8765 --users 2000 --no-throttle
        mfa-migrate sandbox --users 300 --sign-ins 5000 --days 14
        mfa-migrate sandbox --tenant-file rehearsal.json --faults throttled.json
    """
    if context.invoked_subcommand is not None:
        keep_for_the_verb(context, typed)
        return
    with call_for(context, typed, offline=True) as call:
        tenant = _tenant(tenant_file, seed, users)
        settings = _settings(no_throttle, latency, enforce_permissions, setting or [])
        server = _server(tenant, port, settings, _tls(https, cert, key))
        if sign_ins:  # before anybody is answered: a change in their midst would be one too many
            call.screen.say(f"Rows in the sign-in log: {_seed_sign_ins(server, sign_ins, days, seed)}")
        with server:
            if sign_in_files is not None:
                for path in _write_sign_in_files(server, sign_in_files):
                    call.screen.say(f"Sign-ins: {path}")
            if faults is not None:
                call.screen.say(f"Faults: {faults}, seed {_load_faults(server, faults)}")
            if write_config is not None:
                more = _sign_in_lines(call, server.url) if enforce_permissions else ""
                write_lab_config(
                    write_config, tenant, server.url, ca_bundle=server.ca_bundle, pacing=not no_throttle, more=more
                )
                call.screen.say(f"Configuration: {write_config}")
            _serve_until_stopped(call, server, save, write_config)


def _sign_in_lines(call: Call, url: str) -> str:
    """Return what a configuration needs where the sandbox takes no token but its own; say how to sign in."""
    if not url.startswith("https:"):
        call.screen.warn("Signing in takes HTTPS: give --https beside --enforce-permissions to rehearse it.")
        return ""
    call.screen.say(
        "Sign in with --sign-in browser, or with --sign-in client-secret and any MFA_MIGRATE_CLIENT_SECRET but "
        "wrong-secret. Every other way: `mfa-migrate sandbox ways DIR`, with --config and the file below."
    )
    return f"\n[sign_in]\nauthority = {json.dumps(url)}\nclient_id = {json.dumps(LAB_CLIENT)}\n"


def _tls(https: bool, cert: Path | None, key: Path | None) -> SandboxTls | None:
    """Return what to serve HTTPS with: the files given, an authority made now, or None for HTTP."""
    from migrate.sandbox.tls import SandboxTls, made_on_the_fly

    if cert is None and key is None:
        return made_on_the_fly() if https else None
    if cert is None or key is None:
        raise UsageProblem("--cert and --key go together.", hint="Give both, or --https alone.")
    for path in (cert, key):
        refuse_no_file(path, hint="Both are PEM files: --cert and --key.")
    return SandboxTls(cert, key, cert)


def _seed_sign_ins(server: SandboxServer, number: int, days: int, seed: int) -> int:
    """Let people sign in before the sandbox is asked anything, and return the rows of the log."""
    from migrate.sandbox.generated_sign_ins import seed_sign_ins

    return seed_sign_ins(server.sandbox, number, days, seed)


def _write_sign_in_files(server: SandboxServer, folder: Path) -> tuple[Path, ...]:
    """Write what the log holds as the files that people bring."""
    from migrate.sandbox.sign_in_files import write_sign_in_files

    tenant = server.sandbox.tenant
    return write_sign_in_files(tenant.sign_ins, list(tenant.named_locations.values()), folder)


def _load_faults(server: SandboxServer, path: Path) -> int:
    """Put a fault script in force and return its seed."""
    refuse_no_file(path, hint="It is the fault script: --faults.")
    try:
        return server.sandbox.load_faults(path.read_bytes())
    except ValueError as problem:
        raise BadInput(
            f"{path}: {problem}", hint="`mfa-migrate help sandbox` shows an example of each fault."
        ) from problem


def _server(tenant: Tenant, port: int, settings: SandboxSettings, tls: SandboxTls | None) -> SandboxServer:
    import ssl

    from migrate.sandbox.server import SandboxServer

    try:
        return SandboxServer(tenant, port=port, settings=settings, tls=tls)
    except ssl.SSLError as problem:
        raise UsageProblem(
            f"--cert and --key cannot be used: {problem}.", hint="Give PEM files that belong together."
        ) from problem
    except OSError as problem:
        raise UsageProblem(
            f"Port {port} on 127.0.0.1 cannot be used: {problem.strerror}.", hint="Choose another --port, or 0 for any."
        ) from problem


def _serve_until_stopped(call: Call, server: SandboxServer, save: Path | None, config: Path | None) -> None:
    from migrate.sandbox.tenant_file import save_tenant
    from migrate.views.sandbox import sandbox_answer

    tenant = server.sandbox.tenant
    former = signal.signal(signal.SIGTERM, _interrupt)
    try:
        call.answer(sandbox_answer(server.url, tenant.id, tenant.domain, len(tenant.people)))
        if server.ca_bundle is not None:
            call.screen.say(
                f"Clients have to trust {server.ca_bundle}: curl --cacert, or ca_bundle in mfa-migrate.toml"
            )
        elif config is None:
            call.screen.say(f"Try: mfa-migrate export --endpoint {server.url}")
        if config is not None:
            call.screen.say(f"Try: mfa-migrate export --config {config}")
        server.join()
    except KeyboardInterrupt:
        call.screen.say("The sandbox ends.")
    finally:
        signal.signal(signal.SIGTERM, former)
        if save is not None:
            save_tenant(server.sandbox.tenant, save)
            call.screen.say(f"Saved: {save}")


def _interrupt(*_: object) -> None:
    """End as Ctrl-C does, also for `kill` and service managers: the tenant is saved, temporary certificates go."""
    raise KeyboardInterrupt


@sandbox_app.command("dump")
@verb
def dump(
    call: Call,
    to: Annotated[Path, typer.Argument(metavar="FILE", help="Where the tenant file goes; - for stdout.")],
) -> ExitCode:
    """Write the tenant of a running sandbox as a tenant file.

    \b
    Examples:
        mfa-migrate sandbox dump now.json --endpoint http://127.0.0.1:8765
    """

    body = ask_control_plane(running_sandbox(call), "dump", None, call.settings)
    if str(to) == "-":
        call.screen.write_bytes([body])
    else:
        write_atomically(to, [body])
        call.screen.say(f"Tenant file: {to}")
    return ExitCode.OK


sandbox_app.command("operator")(operator)
sandbox_app.command("grant")(grant)


@sandbox_app.command("ways")
@verb
def ways(
    call: Call,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the stand-ins go: programs, a certificate.")],
    user: Annotated[
        str, typer.Option("--user", metavar="USER", help="Who signs in as a person; by default the administrator.")
    ] = "",
) -> ExitCode:
    """Write what signing in needs in every way to a running sandbox, and show the command for each.

    The sandbox has to serve HTTPS. What is written stands in for a browser, a certificate, another identity provider
    and the Azure CLI.

    \b
    Examples:
        mfa-migrate sandbox --https --enforce-permissions --write-config lab.toml
        mfa-migrate sandbox ways stand-ins --config lab.toml
        mfa-migrate sandbox ways stand-ins --user op@partner.example --config lab.toml
    """
    from migrate.sandbox.job_tokens import ISSUER, SUBJECT
    from migrate.sandbox.sign_in_props import job_token, ways_in, write_props
    from migrate.views.sandbox import ways_answer

    url, settings = running_sandbox(call), call.settings
    if settings.config.ca_bundle is None or settings.tenant is None or not url.startswith("https:"):
        raise UsageProblem(
            "Signing in takes a sandbox that serves HTTPS, and the configuration that it wrote.",
            hint="Start it with `mfa-migrate sandbox --https --enforce-permissions --write-config lab.toml`, and add "
            "--config lab.toml here.",
        )
    client, authority = settings.sign_in.client_id or LAB_CLIENT, Path(settings.config.ca_bundle)
    trusted = {"appId": client, "issuer": ISSUER, "subject": SUBJECT}
    ask_control_plane(url, "federation", trusted, settings)
    where = settings.started_in / folder
    token = job_token(url, authority)
    write_props(where, url=url, tenant=settings.tenant, client=client, authority=authority, token=token, user=user)
    config = shlex.quote(str(settings.config_path))
    call.answer(ways_answer([asdict(way) for way in ways_in(where, url, config)], f"whoami --config {config}"))
    return ExitCode.OK


sandbox_app.command("signin")(signin)


def _tenant(tenant_file: Path | None, seed: int, users: int) -> Tenant:
    from migrate.sandbox.company import company
    from migrate.sandbox.tenant_file import load_tenant_file

    if tenant_file is None:
        return company(seed, users)
    refuse_no_file(tenant_file)
    try:
        return load_tenant_file(tenant_file)
    except ValueError as problem:
        raise BadInput(f"{tenant_file}: {problem}", hint="See `mfa-migrate help sandbox` for the format.") from problem


def _settings(no_throttle: bool, latency: str, enforce_permissions: bool, assigned: list[str]) -> SandboxSettings:
    from migrate.sandbox.settings import SandboxSettings

    found = re.fullmatch(r"(\d+(?:\.\d+)?)(?:(?:\+-|±)(\d+(?:\.\d+)?))?", latency.replace(" ", ""))
    if found is None:
        raise UsageProblem(f"--latency takes milliseconds, not {latency!r}.", hint="For example 150 or 150+-50.")
    changes: dict[str, Any] = {
        "throttle": not no_throttle,
        "enforce_permissions": enforce_permissions,
        "latency_ms": float(found[1]),
        "latency_jitter_ms": float(found[2] or 0),
    }
    for text in assigned:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageProblem(f"--set takes NAME=VALUE, not {text!r}.", hint="See `mfa-migrate help sandbox`.")
        changes[name.strip()] = _value(value.strip())
    try:
        return SandboxSettings().with_changes(changes)
    except ValueError as problem:
        raise UsageProblem(str(problem), hint="`mfa-migrate help sandbox` lists every setting.") from problem


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


_DECIDED = ('decided_by = "whoever rehearses"', "since = 2026-11-02")


def write_lab_config(
    path: Path, tenant: Tenant, url: str, *, ca_bundle: Path | None = None, pacing: bool = True, more: str = ""
) -> None:
    """Write a configuration with which the whole migration runs on this tenant."""
    from migrate.sandbox.lab import lab_config

    facts = lab_config(tenant)
    quoted = json.dumps
    accounts = [account["user_principal_name"] for account in facts["emergency_access"]]
    access = f"accounts = {quoted(accounts)}" if accounts else 'none = "the rehearsal tenant names none"'
    lines = [
        f"# A rehearsal configuration for the sandbox tenant {facts['domain']}.",
        f"tenant = {quoted(facts['tenant_id'])}",
        f"endpoint = {quoted(url)}",
        *([f"ca_bundle = {quoted(str(ca_bundle))}"] if ca_bundle else []),
        *([] if pacing else ["pacing = false  # the sandbox runs with --no-throttle"]),
        "",
        "[emergency_access]",
        access,
        *_DECIDED,
        "",
        "[policy]",
        'mode = "adopt"',
        "",
        "[waves]",
        f"canary = {quoted(facts['canaries'])}",
        "percentages = [10, 50, 100]",
    ]
    for entry in facts["exclusions"]:
        lines += [
            "",
            "[[exclude]]",
            f"user = {quoted(entry['user_principal_name'])}",
            f"reason = {quoted(entry['reason'])}",
            "expires = 2099-12-31",
            *_DECIDED,
        ]
    write_atomically(path, [("\n".join(lines) + "\n" + more).encode()])
