"""Asks the control plane of a running sandbox, for the verbs that steer it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from migrate.commands.call import Call
from migrate.errors import RemoteProblem, UsageProblem
from migrate.settings import Settings

LAB_CLIENT = "44444444-0000-4000-8000-000000000001"
"""The application that signs in to a sandbox which asks for permissions."""


def running_sandbox(call: Call) -> str:
    """Return the address of the sandbox that the command is about. Raises UsageProblem where none is named."""
    if call.settings.endpoint is None:
        raise UsageProblem(
            "A running sandbox is needed.",
            hint="Add --endpoint http://127.0.0.1:8765, or --config FILE with the configuration that it wrote.",
        )
    return call.settings.endpoint


def ask_control_plane(
    endpoint: str, path: str, body: Mapping[str, Any] | None = None, settings: Settings | None = None
) -> bytes:
    """Ask the control plane of a running sandbox.

    Raises UsageProblem for what the sandbox does not understand, and RemoteProblem when it does not answer.
    """
    import ssl

    bundle = settings.config.ca_bundle if settings is not None else None
    request = urllib.request.Request(  # noqa: S310 - loopback only, checked in settings
        f"{endpoint}/_sandbox/{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        trusted = ssl.create_default_context(cafile=bundle) if endpoint.startswith("https") else None
        with urllib.request.urlopen(request, timeout=60, context=trusted) as answer:  # noqa: S310
            read: bytes = answer.read()
            return read
    except urllib.error.HTTPError as problem:
        with problem:
            said = json.loads(problem.read())["error"]["message"]
        raise UsageProblem(f"The sandbox says: {said}", hint="See `mfa-migrate help sandbox`.") from problem
    except OSError as problem:
        trusted_by_nobody = isinstance(getattr(problem, "reason", None), ssl.SSLCertVerificationError)
        raise RemoteProblem(
            f"The sandbox at {endpoint} does not answer: {problem}.",
            hint="Name the authority that it printed at its start as ca_bundle in mfa-migrate.toml."
            if trusted_by_nobody
            else "Start it with `mfa-migrate sandbox`.",
        ) from problem
