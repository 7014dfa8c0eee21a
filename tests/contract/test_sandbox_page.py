"""docs/sandbox.md: current, and true where it can be tried."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from migrate.sandbox.company import company
from migrate.sandbox.documentation import NOT_MODELLED, page
from migrate.sandbox.settings import SandboxSettings


def test_the_page_is_current(root: Path) -> None:
    written = (root / "docs" / "sandbox.md").read_text(encoding="utf-8")
    assert written == page(), "run: python -m migrate.sandbox.documentation"


def test_the_page_says_what_is_not_modelled() -> None:
    assert all(f"- {each}" in page() for each in NOT_MODELLED)


def test_the_first_walk_goes_as_it_is_written(start) -> None:
    """A newcomer's way: sign in, list users, flip a state, watch who asks for MFA change."""
    if shutil.which("curl") is None or shutil.which("bash") is None:
        pytest.skip("the walk needs bash and curl")
    found = re.search(r"```bash\n(.*?)```", page(), re.DOTALL)
    assert found is not None
    server = start(company(7, 300), throttle=True, signin_lag_seconds=SandboxSettings().signin_lag_seconds)
    script = found[1].replace("http://127.0.0.1:8765", server.url)
    done = subprocess.run(["bash", "-eu", "-c", script], capture_output=True, text=True, timeout=240)
    assert (done.returncode, done.stderr) == (0, "")
    seen = done.stdout
    assert "You have signed in" in seen
    assert '"userPrincipalName":"emergency1@contoso.example"' in seen
    assert '"perUserMfaState":"enforced"' in seen
    asked = re.findall(r'^"requirementProvider":"(\w+)"', seen, re.MULTILINE)
    assert asked == ["user", "multiConditionalAccess", "multiConditionalAccess"]
    assert server.sandbox.tenant.people.mfa_state(2) == "disabled"
    latest = json.loads(seen[seen.rindex('{"@odata.context"') :])["value"]
    assert [each["requirementProvider"] for each in latest[0]["authenticationRequirementPolicies"]] == asked[-1:]
    assert latest[0]["appliedConditionalAccessPolicies"]
