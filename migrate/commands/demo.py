"""`demo`: the whole story on a sandbox in this process."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migrate.commands.call import Call
from migrate.commands.options import verb
from migrate.commands.sandbox import ask_control_plane, write_lab_config
from migrate.errors import ExitCode, MfaMigrateError, UsageProblem

if TYPE_CHECKING:
    from migrate.sandbox.tenant import Tenant

DAY = 24 * 3600
MARK = ".mfa-migrate-demo"


class DemoFailed(MfaMigrateError):
    """A command of the demo ended otherwise than it must."""


@verb
def demo(
    call: Call,
    users: Annotated[int, typer.Option("--users", min=40, help="Accounts of the invented company.")] = 300,
    seed: Annotated[int, typer.Option("--seed", help="The company's seed.")] = 1,
    folder: Annotated[Path, typer.Option("--folder", metavar="DIR", help="Where the working folders go.")] = Path(
        "demo"
    ),
) -> ExitCode:
    """Run the whole migration on a sandbox and look at it.

    Starts an emulator of Microsoft Graph with an invented company, then runs the real commands against it: export,
    plan, apply, verify, rollback of one wave, audit, in both policy modes. The sandbox's clock is moved past every
    wait.

    \b
    Examples:
        mfa-migrate demo
        mfa-migrate demo --users 2000 --seed 7
    """
    _empty(folder)
    _Story(call, folder, seed, users).adopt()
    _Story(call, folder, seed, users).create()
    call.screen.say("")
    call.screen.say(f"The working folders are in {folder}: look at plan.csv, rollback.csv and audit.csv.")
    call.screen.say("Next: rehearse by hand with `mfa-migrate sandbox --write-config lab.toml`.")
    return ExitCode.OK


def _empty(folder: Path) -> None:
    """Make the folder, or empty it when an earlier demo made it; any other folder is left alone."""
    if folder.exists() and not (folder / MARK).is_file() and any(folder.iterdir()):
        raise UsageProblem(f"{folder} holds something else than a demo.", hint="Choose another --folder.")
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / MARK).touch()


class _Story:
    """One pass through the main job, told as it goes."""

    def __init__(self, call: Call, folder: Path, seed: int, users: int) -> None:
        self._call, self._folder, self._seed, self._users = call, folder, seed, users
        self._config, self._workspace, self._url = folder / "lab.toml", folder / "adopt", ""

    def adopt(self) -> None:
        """Rest on the policy that the company has enabled already."""
        self._chapter("ADOPT: the users rest on a policy that is enabled already")
        self._serve("adopt", "")

    def create(self) -> None:
        """Create the template policy, report-only first."""
        self._chapter("CREATE: the tool makes its own policy, report-only first")
        self._serve("create", _CREATE)

    def _serve(self, mode: str, more: str) -> None:
        from migrate.sandbox.company import company
        from migrate.sandbox.server import SandboxServer
        from migrate.sandbox.settings import SandboxSettings

        tenant = company(self._seed, self._users)
        with SandboxServer(tenant, settings=SandboxSettings(throttle=False)) as server:
            self._url, self._workspace = server.url, self._folder / mode
            self._config = self._folder / f"{mode}.toml"
            self._write_config(tenant, more)
            if mode == "adopt":
                self._adopt_story()
            else:
                self._create_story()

    def _write_config(self, tenant: Tenant, more: str) -> None:
        write_lab_config(self._config, tenant, self._url, pacing=False)
        if more:
            text = self._config.read_text(encoding="utf-8").replace('mode = "adopt"', more)
            self._config.write_text(text, encoding="utf-8")

    def _adopt_story(self) -> None:
        self._run("export")
        self._run("plan")
        self._run("apply", "--what-if", says="a rehearsal: all reads and guards, nothing sent")
        self._run("apply", "--yes", "--max-users", "100%")
        self._run("verify")
        self._run("rollback", "--wave", "2", "--yes", says="put one wave back")
        self._run("verify", says="the tenant is as the journal says, also after the rollback")
        self._run("audit", "export")
        self._run("audit", "verify")
        self._run("status")

    def _create_story(self) -> None:
        self._run("export")
        self._run("plan")
        self._run("apply", "--yes", "--max-users", "100%", says="the policy is created report-only; then a wait")
        self._advance(7 * DAY + 60, "a week of report-only has passed")
        self._run("apply", "--yes", "--max-users", "100%", says="the policy is switched on; then it has to settle")
        self._advance(DAY + 60, "a day for the policy to be in force everywhere has passed")
        self._run("apply", "--yes", "--max-users", "100%", says="now the users, wave by wave")
        self._run("verify")
        self._run("rollback", "--yes", says="everybody back, then the policy")
        self._run("verify")
        self._run("audit", "export")
        self._run("audit", "verify")

    def _run(self, *words: str, says: str = "") -> None:
        self._call.screen.say("")
        self._call.screen.say(f"$ mfa-migrate {' '.join(words)}{f'    # {says}' if says else ''}")
        place = ["--config", str(self._config), "--workspace", str(self._workspace), "--no-progress"]
        code = self._call.run_command([*words, *place])
        # 1 is an answer, not a failure: some users were skipped, or verify has findings.
        if code not in (ExitCode.OK, ExitCode.FINDINGS):
            raise DemoFailed(f"`mfa-migrate {' '.join(words)}` ended with exit code {code}.")

    def _advance(self, seconds: int, says: str) -> None:
        ask_control_plane(self._url, "clock", {"advance": seconds})
        self._call.screen.say("")
        self._call.screen.say(f"… the sandbox's clock moves on: {says}")

    def _chapter(self, title: str) -> None:
        self._call.screen.say("")
        self._call.screen.say(f"=== {title}")


_CREATE = """mode = "create"
report_only_days = 7
policy_settle = "24h"

[limits]
max_newly_prompted = 1000  # the invented company knows what it does"""
