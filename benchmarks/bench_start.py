"""Measure how long the program takes to begin, against what `import typer` alone takes.

Run as `python benchmarks/bench_start.py [RUNS]`. Prints the median of CPU seconds of each, in processes of their own,
and the ratio of `--version`, which must not be more than 2.5; ends with 1 when it is.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile

MOST = 2.5
WORDS = {
    "import typer": ["-c", "import typer"],
    "mfa-migrate --version": ["-m", "migrate", "--version"],
    "mfa-migrate --help": ["-m", "migrate", "--help"],
}


def cpu_seconds(words: list[str]) -> float:
    """Return the CPU seconds of one process."""
    before = os.times()
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    return (after.children_user - before.children_user) + (after.children_system - before.children_system)


def main() -> int:
    """Measure and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    # Compiled files are written once, wherever the package lies.
    with tempfile.TemporaryDirectory() as compiled:
        os.environ["PYTHONPYCACHEPREFIX"] = compiled
        for words in WORDS.values():
            cpu_seconds(words)
        medians = {name: statistics.median(cpu_seconds(words) for _ in range(runs)) for name, words in WORDS.items()}
    for name, seconds in medians.items():
        print(f"{name:24} {seconds:.3f} s")
    ratio = medians["mfa-migrate --version"] / medians["import typer"]
    print(f"--version takes {ratio:.2f} times what `import typer` takes; at most {MOST}")
    return 0 if ratio <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
