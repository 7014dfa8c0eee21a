"""Run whole commands one after the other in a fresh folder: `python -m tests.e2e.whole_screens FOLDER [plain]`.

They are the installed command's own entry, at whatever terminal this process has. `test_whole_screens.py` runs it in
pseudo-terminals of three widths.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from migrate.cli import run
from migrate.sandbox.company import company
from tests.e2e.laboratory import Lab, lab_in

SKIPS = ("--skip-report-only", "lab", "--skip-settle", "lab")
LIMITS = 'max_newly_required = 60\nmax_not_mfa_capable = 60\nmax_newly_blocked = 60\nreadback_timeout = "2s"'
BAD = 'tenant = "contoso.example"\n[waves]\npercentages = "10%"\n'
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("export",),
    ("plan",),
    ("show", "--held"),
    ("show", "--wave", "canary"),
    ("status",),
    ("explain", "rob keller"),
    ("explain", "svc-backup"),
    ("coverage",),
    ("people", "must-register"),
    ("advise",),
    ("apply", "--what-if", "--until", "wave:1", *SKIPS),
    ("apply", "--until", "wave:1"),
    ("apply", "--until", "policies-on", "--yes", "--max-users", "0", *SKIPS),
    ("apply", "--until", "wave:1", "--yes", "--max-users", "3", *SKIPS),
    ("status",),
    ("status", "alma.berg"),
    ("verify",),
    ("rollback", "--users", "alma.berg@contoso.example", "--yes"),
    ("status",),
    ("audit", "verify"),
    ("show", "--wave", "nope"),
    ("explain", "kellr"),
    ("explain", "a"),
    ("Set-MfaState", "alma.berg@contoso.example"),
    ("audit", "verify", "--expect", "0123456789ab"),
    ("apply", "--until", "wave:9"),
    ("plan", "--config", "bad.toml"),
)
"""The apply without --yes is asked for the domain; whoever runs this answers."""


def configure(lab: Lab) -> None:
    """Write the configuration under the name that needs no option."""
    lab.configure(policy='mode = "create"', limits=LIMITS)
    lab.config.rename(lab.folder / "mfa-migrate.toml")
    (lab.folder / "bad.toml").write_text(BAD, encoding="utf-8")


def main(folder: Path, *, color: bool) -> None:
    with lab_in(folder, company(1, 60)) as lab:
        configure(lab)
        os.chdir(folder)
        for words in COMMANDS:
            typed = " ".join(f"'{word}'" if " " in word else word for word in words)
            print(f"\n$ mfa-migrate {typed}", flush=True)
            code = run([*words, "--no-progress", *([] if color else ["--no-color"])])
            if code:
                print(f"(exit code {int(code)})", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), color="plain" not in sys.argv)
