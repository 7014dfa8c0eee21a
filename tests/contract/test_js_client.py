"""The official JavaScript client from npm, unmodified, over HTTPS."""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from migrate.sandbox.tls import made_on_the_fly

SOURCE = Path(__file__).with_name("js")
FILES = ("package.json", "package-lock.json")
APP = "0f0e0d0c-1111-2222-3333-444444444444"


@pytest.fixture(scope="module")
def project() -> Path:
    """Install the client once for each state of the lock file, outside the project's folder."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("Node and npm are not installed here; the JavaScript client is tried where they are")
    digest = hashlib.sha256(b"".join((SOURCE / name).read_bytes() for name in FILES)).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"mfa-migrate-contract-js-{digest}"
    if not (folder / "ready").exists():
        folder.mkdir(exist_ok=True)
        for name in FILES:
            shutil.copy(SOURCE / name, folder)
        done = subprocess.run(
            [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, capture_output=True, text=True
        )
        if done.returncode:
            pytest.skip(f"npm could not install the client here: {done.stderr.strip()[-200:]}")
        (folder / "ready").touch()
    shutil.copy(SOURCE / "scenario.js", folder)
    return folder


def test_paging_counting_states_batches_policies_and_retries_over_https(
    project: Path, start, connect, tmp_path: Path
) -> None:
    server = start(tls=made_on_the_fly(tmp_path), enforce_permissions=True)
    web = connect(server, None)
    # The client is expected to wait and try again by itself.
    fault = {"match": {"path": "organization", "times": 1}, "do": {"status": 429, "headers": {"Retry-After": "1"}}}
    web.post("/_sandbox/faults", json={"faults": [fault]}).raise_for_status()
    code = web.post("/common/oauth2/v2.0/devicecode", data={"client_id": APP, "scope": "https://x/.default"}).json()
    web.post("/devicelogin", data={"code": code["user_code"]}).raise_for_status()
    form = {"client_id": APP, "grant_type": "device_code", "device_code": code["device_code"]}
    token = web.post("/common/oauth2/v2.0/token", data=form).json()["access_token"]
    done = subprocess.run(
        [shutil.which("node") or "node", "scenario.js"],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=240,
        env={
            **os.environ,
            "SANDBOX_URL": server.url,
            "SANDBOX_TOKEN": token,
            "NODE_EXTRA_CA_CERTS": str(server.ca_bundle),
        },
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    guests = sum(server.sandbox.tenant.people.user(place)["userType"] == "Guest" for place in range(120))
    waited = seen.pop("waited")
    assert seen == {
        "users": 120,
        "distinct": 120,
        "guests": guests,
        "before": "enforced",
        "after": "disabled",
        "batch": [200, 404],
        "state": "disabled",
        "gone": [404, "NotFound", True],
        "retried": server.sandbox.tenant.id,
    }
    assert waited >= 1000
