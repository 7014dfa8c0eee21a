"""Which account the encrypted cache of this machine was filled for; tokens themselves are azure-identity's business.

The note holds no secret: it names account, tenant and application, so that a token can be asked for silently.
Where the machine cannot encrypt, the reason is told in our own words: azure-identity's speak to programmers, and
propose a cache in plain text, which this program never keeps.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from migrate.graph.session import PUBLIC_CLIENT_ID, Connection

if TYPE_CHECKING:
    from azure.identity import AuthenticationRecord

CACHE_NAME = "mfa-migrate"
_WITHOUT = "Take `cache` out of [sign_in] in the configuration"


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


def why_nothing_is_kept(causes: Sequence[BaseException]) -> tuple[str, str] | None:
    """Return why this machine can keep no token encrypted, and what to do; None where that is not what went wrong.

    Args:
        causes: What was raised, each followed by what caused it.
    """
    refused = next((at for at, each in enumerate(causes) if isinstance(each, ValueError | NotImplementedError)), None)
    if refused is None:
        return None
    if isinstance(causes[refused], NotImplementedError):
        return "this operating system has no store for them that azure-identity knows.", f"{_WITHOUT}."
    below = causes[refused + 1 :]
    if any(isinstance(each, ImportError | ValueError) for each in below):
        return (
            "the Python that runs this program cannot reach a keyring, since PyGObject (`gi`) with the description of "
            "libsecret is missing.",
            f"{_WITHOUT}, or add them: on Debian and Ubuntu the packages python3-gi and gir1.2-secret-1, for an "
            "environment of its own PyGObject from PyPI.",
        )
    if below:
        return (
            f"no keyring answers in this session, or it is locked ({str(below[-1]).strip().splitlines()[0]}).",
            f"{_WITHOUT}, or run the command in a session with an unlocked keyring, such as that of a desktop.",
        )
    return f"{str(causes[refused]).strip().splitlines()[0]}", f"{_WITHOUT}."
