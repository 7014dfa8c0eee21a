"""Where the installed command begins: the version is said at once, everything else goes through `migrate.cli`.

Loading all commands takes a third of a second, which whoever only asks for the version need not wait for.
"""

from __future__ import annotations

import sys

from migrate import __version__


def main() -> None:
    """Run the command line of this process."""
    if sys.argv[1:] == ["--version"] and sys.stdout is not None:
        sys.stdout.write(f"mfa-migrate {__version__}\n")
        return
    from migrate.cli import main as run

    run()
