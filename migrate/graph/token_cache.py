"""Which account the encrypted cache of this machine was filled for; tokens themselves are azure-identity's business.

The note holds no secret: it names account, tenant and application, so that a token can be asked for silently.
"""

from __future__ import annotations

import hashlib
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from migrate.graph.session import PUBLIC_CLIENT_ID, Connection

if TYPE_CHECKING:
    from azure.identity import AuthenticationRecord

CACHE_NAME = "mfa-migrate"


def note_path(connection: Connection) -> Path:
    """Return where the note lies: beside azure-identity's cache, one a sign-in service, tenant and application."""
    above = os.environ.get("LOCALAPPDATA") if sys.platform == "win32" else None
    folder = (Path(above) if above else Path.home()) / ".IdentityService"
    named = "|".join(
        [connection.login_origin, connection.tenant or "", connection.client_id or PUBLIC_CLIENT_ID]
    ).casefold()
    return folder / f"{CACHE_NAME}-account-{hashlib.sha256(named.encode()).hexdigest()[:16]}.json"


def account_of(connection: Connection) -> AuthenticationRecord | None:
    """Return the account that was noted; None where there is none, or the note cannot be used."""
    from azure.identity import AuthenticationRecord

    with suppress(OSError, ValueError, KeyError):
        return AuthenticationRecord.deserialize(note_path(connection).read_text(encoding="utf-8"))
    return None


def note_account(connection: Connection, record: AuthenticationRecord) -> None:
    """Note the account, for its owner's eyes; a folder that cannot be written costs a prompt next time, no more."""
    path = note_path(connection)
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=True)
        path.write_text(record.serialize(), encoding="utf-8")
