"""Wire settings to the tenant, the working folder and the clock. Every command takes its parts from here."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import typer

from migrate.commands.call import Call
from migrate.errors import Guarded, JournalBehind, NothingHere
from migrate.model.access import SignInMethod
from migrate.model.permissions import READ_SET
from migrate.model.waits import Waiting
from migrate.settings import DEFAULT_CONFIG, DEFAULT_WORKSPACE, Settings
from migrate.store.folder import Workspace

if TYPE_CHECKING:
    from migrate.graph.session import Connection
    from migrate.graph.tenant import GraphTenant
    from migrate.store.journal import JournalDb


def connection_for(settings: Settings, asks: Sequence[str] = ()) -> Connection:
    """Return how to reach the tenant. Secrets come from the environment only and are never written anywhere.

    `asks` are the permissions that a person is asked for on top of reading.
    """
    from migrate.graph.session import Connection

    token_file = settings.sign_in.token_file or _secret("FEDERATED_TOKEN_FILE")
    certificate = settings.sign_in.certificate or _secret("CLIENT_CERTIFICATE_PATH")
    return Connection(
        cloud=settings.cloud,
        endpoint=settings.endpoint,
        authority=settings.sign_in.authority if settings.endpoint else None,
        asks=(*READ_SET, *asks),
        object_id=settings.sign_in.object_id,
        token_file=Path(token_file) if token_file else None,
        job_token_url=os.environ.get("ACTIONS_ID_TOKEN_REQUEST_URL"),
        job_token_secret=os.environ.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN"),
        keeps_cache=settings.sign_in.cache,
        tenant=settings.tenant,
        client_id=settings.sign_in.client_id,
        auth=settings.sign_in.method,
        client_secret=_secret("CLIENT_SECRET"),
        certificate_path=Path(certificate) if certificate else None,
        certificate_password=_secret("CLIENT_CERTIFICATE_PASSWORD"),
        ca_bundle=Path(settings.config.ca_bundle) if settings.config.ca_bundle else None,
        pacing=settings.config.pacing,
    )


def _secret(name: str) -> str | None:
    """Return a secret from our own variable, or from the one that azure-identity documents."""
    return os.environ.get(f"MFA_MIGRATE_{name}") or os.environ.get(f"AZURE_{name}")


def with_secrets(connection: Connection, stdin: TextIO | None, ask: Callable[..., str]) -> Connection:
    """Return the connection with the secret that it lacks, asked for without an echo where a terminal is there.

    Args:
        connection: How the tenant is reached; the environment has been looked at.
        stdin: Where answers come from; nothing is asked unless it is a terminal.
        ask: Asks, as `typer.prompt` does.
    """
    if connection.has_constant_token or stdin is None or not stdin.isatty():
        return connection
    certificate, hidden = connection.certificate_path, partial(ask, hide_input=True, err=True)
    if connection.auth is SignInMethod.CLIENT_SECRET and not connection.client_secret:
        return replace(connection, client_secret=hidden(f"Client secret of {connection.client_id}"))
    is_pfx = certificate is not None and certificate.suffix.casefold() in (".pfx", ".p12")
    if connection.auth is SignInMethod.CERTIFICATE and is_pfx and connection.certificate_password is None:
        password = hidden(f"Password of {certificate} (empty: none)", default="", show_default=False)
        return replace(connection, certificate_password=password or None)
    return connection


@asynccontextmanager
async def open_tenant(
    call: Call,
    *,
    asks: Sequence[str] = (),
    on_wait: Callable[[Waiting, float], None] | None = None,
    looks_first: bool = True,
) -> AsyncIterator[GraphTenant]:
    """Sign in and open the tenant; waits are told on the screen, or to `on_wait`.

    A person is asked to consent to reading, and to the permissions in `asks` besides. `looks_first` compares the
    organization with `--tenant` before anything else.

    Raises Guarded when the tenant is not the one that `--tenant` names: some credentials sign in wherever they like.
    """
    from migrate.commands.access import explained
    from migrate.graph.opening import open_tenant as opened
    from migrate.graph.refusals import AccessRefused

    connection = with_secrets(connection_for(call.settings, asks), sys.stdin, typer.prompt)
    if connection.has_constant_token and connection.auth is not SignInMethod.AUTO:
        call.screen.say(
            f"Nobody signs in with {connection.auth} here: this sandbox takes everybody for its own operator. To "
            "rehearse signing in: `mfa-migrate sandbox --https --enforce-permissions --write-config lab.toml`."
        )
    async with opened(connection, on_wait=on_wait or call.screen.waiting, prompt=call.screen.warn_plainly) as tenant:
        try:
            if looks_first:
                await _refuse_other_tenant(connection, tenant)
            yield tenant
        except AccessRefused as refused:
            raise await explained(connection, tenant, refused) from refused


async def _refuse_other_tenant(connection: Connection, tenant: GraphTenant) -> None:
    if not connection.names_a_tenant:
        return
    named, found = (connection.tenant or "").casefold(), await tenant.read_organization()
    if named not in {found.tenant_id.casefold(), *(domain.casefold() for domain in found.verified_domains)}:
        raise Guarded(
            f"You asked for tenant {connection.tenant}; this is {found.default_domain} ({found.tenant_id}).",
            hint="Sign in to the right tenant, or correct --tenant or `tenant` in the configuration.",
        )


def workspace_of(call: Call) -> Workspace:
    """Return the working folder, not touched yet; say so when others on this machine may look into it."""
    workspace = Workspace(call.settings.workspace)
    if workspace.is_open_to_others():
        call.screen.warn(
            f"Others on this machine may look into {workspace.path} or put files there: it holds names of users and "
            f"the way back. Close it with: chmod 700 {shlex.quote(str(workspace.path))}"
        )
    return workspace


def rollback_command(settings: Settings) -> str:
    """Return the command line that rolls back the same folder and tenant from here, ready to be pasted."""
    config = settings.config
    typed = {
        "--workspace": (str(settings.workspace), str(settings.started_in / (config.workspace or DEFAULT_WORKSPACE))),
        "--config": (str(settings.config_path or ""), str(settings.started_in / DEFAULT_CONFIG)),
        "--endpoint": (settings.endpoint or "", (config.endpoint or "").rstrip("/")),
        "--tenant": (settings.tenant or "", config.tenant or ""),
        "--cloud": (settings.cloud.value, config.cloud.value),
    }
    words = [word for option, (used, known) in typed.items() if used not in ("", known) for word in (option, used)]
    return shlex.join(["mfa-migrate", "rollback", *words])


def owner_line(verb: str) -> str:
    """Return who holds the lock and for what, for the person who is refused meanwhile."""
    import getpass
    import socket

    return f"`mfa-migrate {verb}` of {getpass.getuser()} on {socket.gethostname()}"


def now_utc() -> datetime:
    """Return the time of this machine."""
    return datetime.now(UTC)


def open_journal(workspace: Workspace, *, actor: str, tenant_id: str, even_behind: bool = False) -> JournalDb:
    """Open the journal for appending.

    Raises Guarded when it is the journal of another tenant, and JournalBehind when the rollback files know more than it
    does, unless `even_behind`: that is for putting people back.
    """
    from migrate.store.journal import JournalDb

    journal = JournalDb.open(workspace, actor=actor, tenant_id=tenant_id, clock=now_utc, even_behind=even_behind)
    try:
        refuse_foreign_journal(journal, workspace, tenant_id)
    except BaseException:
        journal.close()
        raise
    return journal


def refuse_foreign_journal(journal: JournalDb, workspace: Workspace, tenant_id: str) -> None:
    """Raise Guarded when the journal is of another tenant: one folder is for one tenant."""
    first = next(journal.entries(), None)
    if first is not None and first.tenant_id != tenant_id:
        raise Guarded(
            f"{workspace.path} holds the journal of tenant {first.tenant_id}; this is {tenant_id}.",
            hint="Use a working folder of its own for each tenant, with --workspace.",
        )


def has_way_back(workspace: Workspace) -> bool:
    """Tell whether something may have been applied from this folder, by its journal or by its rollback files."""
    try:
        journal = journal_to_read(workspace)
    except JournalBehind:
        return True
    if journal is not None:
        journal.close()
    return journal is not None


def journal_to_read(workspace: Workspace) -> JournalDb | None:
    """Open the journal for looking; None when nothing has been applied from this folder."""
    from migrate.store.journal import JournalDb

    try:
        return JournalDb.open_to_read(workspace)
    except NothingHere:
        return None
