"""Where the installed command begins: the version is said at once, everything else goes through `migrate.cli`.

What every command needs takes a fifth of a second to load, which whoever only asks for the version need not wait for.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from migrate import __version__


def main() -> None:
    """Run the command line of this process."""
    if sys.argv[1:] == ["--version"] and sys.stdout is not None:
        with suppress(OSError):  # a full disk, or a reader that is gone: told of as everywhere, below
            os.write(sys.stdout.fileno(), f"mfa-migrate {__version__}\n".encode())
            return
    from migrate.cli import main as run

    run()
