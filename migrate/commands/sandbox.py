"""`sandbox`: serve the emulator of Microsoft Graph until Ctrl-C."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from migrate.commands.call import Call
from migrate.commands.options import call_for, keep_for_the_verb, verb, with_globals
from migrate.errors import BadInput, ExitCode, FolderProblem, RemoteProblem, UsageProblem
from migrate.settings import GlobalOptions

if TYPE_CHECKING:
    from migrate.sandbox.server import SandboxServer
    from migrate.sandbox.settings import SandboxSettings
    from migrate.sandbox.tenant import Tenant

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
    setting: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Another setting; see docs/sandbox.md.")
    ] = None,
) -> None:
    """Serve an emulator of Microsoft Graph on this machine until Ctrl-C.

    \b
    Examples:
        mfa-migrate sandbox --write-config lab.toml
        mfa-migrate sandbox --port 8765 --users 2000 --no-throttle
        mfa-migrate sandbox --tenant-file rehearsal.json
    """
    if context.invoked_subcommand is not None:
        keep_for_the_verb(context, typed)
        return
    with call_for(context, typed, offline=True) as call:
        tenant = _tenant(tenant_file, seed, users)
        settings = _settings(no_throttle, latency, enforce_permissions, setting or [])
        with _server(tenant, port, settings, https=https) as server:
            if write_config is not None:
                write_lab_config(write_config, tenant, server.url, ca_bundle=server.ca_bundle, pacing=not no_throttle)
                call.screen.say(f"Configuration: {write_config}")
            _serve_until_stopped(call, server, save)


def _server(tenant: Tenant, port: int, settings: SandboxSettings, *, https: bool) -> SandboxServer:
    from migrate.sandbox.server import SandboxServer
    from migrate.sandbox.tls import made_on_the_fly

    try:
        return SandboxServer(tenant, port=port, settings=settings, tls=made_on_the_fly() if https else None)
    except OSError as problem:
        raise UsageProblem(
            f"Port {port} on 127.0.0.1 cannot be used: {problem.strerror}.", hint="Choose another --port, or 0 for any."
        ) from problem


def _serve_until_stopped(call: Call, server: SandboxServer, save: Path | None) -> None:
    from migrate.sandbox.tenant_file import save_tenant
    from migrate.views.sandbox import sandbox_answer

    tenant = server.sandbox.tenant
    call.answer(sandbox_answer(server.url, tenant.id, tenant.domain, len(tenant.people)))
    call.screen.say(f"Try: mfa-migrate export --endpoint {server.url}")
    try:
        server.join()
    except KeyboardInterrupt:
        call.screen.say("The sandbox ends.")
    finally:
        if save is not None:
            save_tenant(server.sandbox.tenant, save)
            call.screen.say(f"Saved: {save}")


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
    from migrate.store.files import write_atomically

    endpoint = call.settings.endpoint
    if endpoint is None:
        raise UsageProblem("A running sandbox is needed.", hint="Add --endpoint http://127.0.0.1:8765.")
    body = ask_control_plane(endpoint, "dump")
    if str(to) == "-":
        call.screen.write_bytes([body])
    else:
        write_atomically(to, [body])
        call.screen.say(f"Tenant file: {to}")
    return ExitCode.OK


def ask_control_plane(endpoint: str, path: str, body: Mapping[str, Any] | None = None) -> bytes:
    """Ask the control plane of a running sandbox; raise RemoteProblem when it does not answer."""
    request = urllib.request.Request(  # noqa: S310 - loopback only, checked in settings
        f"{endpoint}/_sandbox/{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            read: bytes = answer.read()
            return read
    except OSError as problem:
        raise RemoteProblem(
            f"The sandbox at {endpoint} does not answer: {problem}.", hint="Start it with `mfa-migrate sandbox`."
        ) from problem


def _tenant(tenant_file: Path | None, seed: int, users: int) -> Tenant:
    from migrate.sandbox.company import company
    from migrate.sandbox.tenant_file import load_tenant_file

    if tenant_file is None:
        return company(seed, users)
    try:
        return load_tenant_file(tenant_file)
    except OSError as problem:
        raise BadInput(f"{tenant_file} cannot be read: {problem.strerror}.", hint="Check --tenant-file.") from problem
    except ValueError as problem:
        raise BadInput(f"{tenant_file}: {problem}", hint="See docs/sandbox.md for the format.") from problem


def _settings(no_throttle: bool, latency: str, enforce_permissions: bool, assigned: list[str]) -> SandboxSettings:
    from migrate.sandbox.settings import SandboxSettings

    mean, _, jitter = latency.replace("±", "+-").partition("+-")
    try:
        changes: dict[str, Any] = {
            "throttle": not no_throttle,
            "enforce_permissions": enforce_permissions,
            "latency_ms": float(mean),
            "latency_jitter_ms": float(jitter or 0),
        }
    except ValueError:
        raise UsageProblem(
            f"--latency takes milliseconds, not {latency!r}.", hint="For example 150 or 150+-50."
        ) from None
    for text in assigned:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageProblem(f"--set takes NAME=VALUE, not {text!r}.", hint="See docs/sandbox.md.")
        changes[name.strip()] = _value(value.strip())
    try:
        return SandboxSettings().with_changes(changes)
    except ValueError as problem:
        raise UsageProblem(str(problem), hint="docs/sandbox.md lists every setting.") from problem


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


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
        ]
    try:
        path.write_text("\n".join(lines) + "\n" + more, encoding="utf-8")
    except OSError as problem:
        raise FolderProblem(f"{path} cannot be written: {problem.strerror}.", hint="Choose another FILE.") from problem
