"""`demo`: the whole story on a sandbox in this process."""

from __future__ import annotations

import contextlib
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migrate.commands.call import Call
from migrate.commands.options import verb
from migrate.commands.sandbox import write_lab_config
from migrate.commands.sandbox_control import ask_control_plane
from migrate.errors import ExitCode, MfaMigrateError, UsageProblem
from migrate.store.files import write_atomically
from migrate.store.plan_files import PLAN_JSON, plan_header_of

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
    from migrate.sandbox.company import company

    _empty(folder)
    for title, name, more, story in _CHAPTERS:
        call.screen.say("")
        call.screen.say(f"=== {title}")
        with _stage(call, company(seed, users), folder / f"{name}.toml", more) as stage:
            story(stage)
    call.screen.say("")
    call.screen.say(f"The working folders are in {folder}: look at plan.csv, rollback.csv and audit.csv.")
    call.screen.say(f"Next: rehearse by hand with `{_as_typed_here()} sandbox --write-config lab.toml`.")
    return ExitCode.OK


def _as_typed_here() -> str:
    """Return how this program is typed: with its path where the shell does not find it and it lies beside Python."""
    beside = Path(sys.executable).with_name("mfa-migrate")
    if shutil.which("mfa-migrate") is not None or not beside.is_file():
        return "mfa-migrate"
    with contextlib.suppress(ValueError):
        beside = beside.relative_to(Path.cwd())
    return shlex.quote(str(beside))


def _empty(folder: Path) -> None:
    """Make the folder, or empty it when an earlier demo made it; any other folder is left alone."""
    if folder.exists() and not (folder / MARK).is_file() and any(folder.iterdir()):
        raise UsageProblem(f"{folder} holds something else than a demo.", hint="Choose another --folder.")
    folder.mkdir(parents=True, exist_ok=True)
    # The folder itself stays: somebody's shell may stand in it.
    for found in folder.iterdir():
        shutil.rmtree(found) if found.is_dir() and not found.is_symlink() else found.unlink()
    (folder / MARK).touch()


@dataclass(frozen=True, kw_only=True)
class _Stage:
    """Where one pass through the main job is told: the sandbox, the configuration for it, the working folder."""

    call: Call
    url: str
    config: Path
    workspace: Path


@contextlib.contextmanager
def _stage(call: Call, tenant: Tenant, config: Path, more: str) -> Iterator[_Stage]:
    """Open a sandbox of the company; `more` stands in the configuration in place of the usual policy mode."""
    from migrate.sandbox.server import SandboxServer
    from migrate.sandbox.settings import SandboxSettings

    with SandboxServer(tenant, settings=SandboxSettings(throttle=False)) as server:
        write_lab_config(config, tenant, server.url, pacing=False)
        if more:
            text = config.read_text(encoding="utf-8").replace('mode = "adopt"', more)
            write_atomically(config, [text.encode()])
        yield _Stage(call=call, url=server.url, config=config, workspace=config.with_suffix(""))


def _adopt(stage: _Stage) -> None:
    """Rest on the policy that the company has enabled already."""
    _run(stage, "export")
    _run(stage, "plan")
    _run(stage, "apply", "--what-if", says="a rehearsal: all reads and guards, nothing sent")
    _run(stage, "apply", "--yes", "--max-users", _planned(stage))
    _run(stage, "verify")
    _run(stage, "rollback", "--wave", "2", "--yes", says="put one wave back")
    _run(stage, "verify", says="the tenant is as the journal says, also after the rollback")
    _run(stage, "audit", "export")
    _run(stage, "audit", "verify")
    _run(stage, "status")


def _planned(stage: _Stage) -> str:
    """Return how many users the plan would disable: the number that a person read on the screen before."""
    return str(plan_header_of(stage.workspace / PLAN_JSON).users_to_change)


def _create(stage: _Stage) -> None:
    """Create the template policy, report-only first."""
    _run(stage, "export")
    _run(stage, "plan")
    apply = ("apply", "--yes", "--max-users", _planned(stage))
    _run(stage, *apply, says="the policy is created report-only; then a wait")
    _advance(stage, 7 * DAY + 60, "a week of report-only has passed")
    _run(stage, *apply, *_NO_LOG, says=_NO_LOG_SAYS)
    _advance(stage, DAY + 60, "a day for the policy to be in force everywhere has passed")
    _run(stage, *apply, says="now the users, wave by wave")
    _run(stage, "verify")
    _run(stage, "rollback", "--yes", says="everybody back, then the policy")
    _run(stage, "verify")
    _run(stage, "audit", "export")
    _run(stage, "audit", "verify")


def _run(stage: _Stage, *words: str, says: str = "") -> None:
    stage.call.screen.say("")
    typed = shlex.join(["mfa-migrate", *words])
    stage.call.screen.say(f"$ {typed}{f'    # {says}' if says else ''}")
    place = ["--config", str(stage.config), "--workspace", str(stage.workspace), "--no-progress"]
    code = stage.call.run_command([*words, *place])
    # 1 is an answer, not a failure: some users were skipped, or verify has findings.
    if code not in (ExitCode.OK, ExitCode.FINDINGS):
        raise DemoFailed(f"`{typed}` ended with exit code {code}.")


def _advance(stage: _Stage, seconds: int, says: str) -> None:
    ask_control_plane(stage.url, "clock", {"advance": seconds})
    stage.call.screen.say("")
    stage.call.screen.say(f"… the sandbox's clock moves on: {says}")


_NO_LOG = ("--skip-report-only", "an invented company: nobody signs in there")
_NO_LOG_SAYS = (
    "nobody signs in here, so that no sign-in log speaks for the policy even after that week, and its word is skipped; "
    "the policy is switched on, then it has to settle"
)
_CREATE = """mode = "create"
report_only_days = 7
policy_settle = "24h"

[limits]
max_newly_required = 1000  # the invented company knows what it does
max_not_mfa_capable = 1000"""
_CHAPTERS: tuple[tuple[str, str, str, Callable[[_Stage], None]], ...] = (
    ("ADOPT: the users rest on a policy that is enabled already", "adopt", "", _adopt),
    ("CREATE: the tool makes its own policy, report-only first", "create", _CREATE, _create),
)
