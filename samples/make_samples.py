"""Make the files of this folder: a tenant, its configuration, old exports of it, and the files of one run on it.

`make samples` writes them anew when they would say something else. What differs from run to run (times, request ids,
the hashes over them) does not count as something else; a test compares in the same way.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
import shutil
import sys
import tempfile
from pathlib import Path

from legacy_exports import LegacyUser, clixml, deep_json, selected_csv
from unlucky_tenant import unlucky_tenant

from migrate.cli import run
from migrate.commands.sandbox import write_lab_config
from migrate.sandbox.company import company
from migrate.sandbox.server import SandboxServer
from migrate.sandbox.settings import SandboxSettings
from migrate.sandbox.tenant_file import load_tenant_file, save_tenant

FOLDER = Path(__file__).resolve().parent
SEED, USERS = 5, 30
PORT = 8765
"""The port that the configuration names, as in the README; the run itself takes any free one."""

TENANT, CONFIG, UNLUCKY = "tenant.json", "mfa-migrate.toml", "unlucky-tenant.json"
LEGACY = {
    "legacy-export/selected.csv": selected_csv,
    "legacy-export/users.json": deep_json,
    "legacy-export/users.clixml": clixml,
}
RUN = ("plan.csv", "plan.json", "rollback.csv", "rollback.json", "audit.csv")
FILES = (TENANT, CONFIG, UNLUCKY, *LEGACY, *(f"run/{name}" for name in RUN))

CHANGING_COLUMNS = {
    "Sequence",
    "TimeUtc",
    "ServerDate",
    "RequestId",
    "ClientRequestId",
    "PlanDigest",
    "PreviousHash",
    "Hash",
}
CHANGING = re.compile(
    r"\b[0-9a-f]{64}\b"  # digests: the times below are in them, and the sandbox's address
    r"|\b20\d\d-\d\d-\d\dT[0-9:.]+Z"
    r"|http://127\.0\.0\.1:\d+"
    r'|"journalEntries": \d+'  # short waits are entries too
)


def make(folder: Path) -> list[str]:
    """Write all samples below `folder`, which exists and is empty; return what the run left in its working folder."""
    save_tenant(company(SEED, USERS), folder / TENANT)
    (folder / UNLUCKY).write_text(unlucky_tenant(), encoding="utf-8")
    tenant = load_tenant_file(folder / TENANT)
    write_lab_config(folder / CONFIG, tenant, f"http://127.0.0.1:{PORT}", pacing=False)
    (folder / "legacy-export").mkdir()
    users = legacy_users(json.loads((folder / TENANT).read_text(encoding="utf-8")))
    for name, written in LEGACY.items():
        (folder / name).write_bytes(written(users))
    with (
        tempfile.TemporaryDirectory() as workspace,
        SandboxServer(tenant, settings=SandboxSettings(throttle=False)) as server,
    ):
        place = ["--workspace", workspace, "--config", str(folder / CONFIG), "--endpoint", server.url, "--quiet"]
        for words in (["export"], ["plan"], ["apply", "--yes", "--max-users", "20"], ["audit", "export"]):
            with contextlib.redirect_stdout(io.StringIO()):
                code = run([*words, *place])
            if code != 0:
                raise SystemExit(f"`mfa-migrate {' '.join(words)}` ended with exit code {code}")
        (folder / "run").mkdir()
        for name in RUN:
            (folder / "run" / name).write_bytes((Path(workspace) / name).read_bytes())
        return sorted(path.name for path in Path(workspace).iterdir())


def legacy_users(tenant: dict[str, object]) -> list[LegacyUser]:
    """Return the members of a tenant file as MSOnline would have listed them."""
    users = tenant["users"]
    assert isinstance(users, list)
    return [
        LegacyUser(
            object_id=user["id"],
            user_principal_name=user["userPrincipalName"],
            display_name=user["displayName"] or "",
            mfa_state=_state_of(tenant, user["id"]),
        )
        for user in users
    ]


def _state_of(tenant: dict[str, object], user_id: str) -> str:
    requirements = tenant.get(f"users/{user_id}/authentication/requirements")
    return requirements["perUserMfaState"] if isinstance(requirements, dict) else "disabled"


def unchanging(name: str, text: str) -> object:
    """Return what of a sample is the same in every run."""
    if name.endswith(".csv") and name.startswith("run/"):
        rows = csv.DictReader(io.StringIO(text))
        return sorted(_unchanging_cells(row) for row in rows if row.get("Operation") != "Wait")
    return CHANGING.sub("…", text) if name.startswith("run/") else text


def _unchanging_cells(row: dict[str, str]) -> list[str]:
    return [CHANGING.sub("…", cell) for key, cell in row.items() if key not in CHANGING_COLUMNS]


def differing(made: Path, kept: Path) -> list[str]:
    """Return the names of the samples that say something else in the two folders, or are missing in `kept`."""

    def said(folder: Path, name: str) -> object:
        return unchanging(name, (folder / name).read_text(encoding="utf-8"))

    return [name for name in FILES if not (kept / name).is_file() or said(made, name) != said(kept, name)]


def main() -> None:
    """Write the samples anew where they would say something else; the files of a run belong together."""
    with tempfile.TemporaryDirectory() as temporary:
        made = Path(temporary)
        make(made)
        stale = differing(made, FOLDER)
        if any(name.startswith("run/") for name in stale):
            stale = [*(name for name in stale if not name.startswith("run/")), *(f"run/{name}" for name in RUN)]
        for name in stale:
            (FOLDER / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(made / name, FOLDER / name)
        sys.stdout.write("".join(f"{name} is new\n" for name in stale) or "all samples are current\n")


if __name__ == "__main__":
    main()
