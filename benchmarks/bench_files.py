"""What reading big files costs: processor seconds and peak memory of `convert`, a process of its own for each.

    python benchmarks/bench_files.py [ROWS]

100,000 rows unless ROWS says otherwise; the CLIXML file has a quarter of them, which makes 60 MiB.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

STATES = ("Disabled", "Enabled", "Enforced")
FILES = ("table.csv", "utf16.csv", "users.json", "users.clixml", "users.xlsx")
COLUMNS = ("ObjectId", "UserPrincipalName", "DisplayName", "Department", "MFAStatus", "WhenCreated", "IsLicensed")


def people(rows: int) -> Iterator[tuple[str, ...]]:
    """Yield the cells of each person."""
    for number in range(rows):
        name = f"user{number:06}"
        yield (
            f"{number:08x}-aaaa-4aaa-8aaa-{number:012x}",
            f"{name}@contoso.example",
            f"Zoë {name}",
            "Department of Measurements",
            STATES[number % 3],
            "2021-03-04T05:06:07",
            "True",
        )


def table(rows: int) -> str:
    """Return a CSV text."""
    return "\r\n".join(",".join(f'"{cell}"' for cell in row) for row in (COLUMNS, *people(rows))) + "\r\n"


def objects(rows: int) -> str:
    """Return a JSON text."""
    return json.dumps([dict(zip(COLUMNS, row, strict=True)) for row in people(rows)], indent=1)


def clixml(rows: int) -> Iterator[str]:
    """Yield an Export-Clixml document whose users have requirements as MSOnline has them, among much else."""
    yield '<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">\n'
    filling = "".join(f'<S N="Property{number}">{"x" * 40}</S>' for number in range(24))
    for number, row in enumerate(people(rows)):
        state = f'<Obj RefId="r{number}"><Props><S N="State">{row[4]}</S></Props></Obj>' if row[4] != "Disabled" else ""
        yield (
            f'<Obj RefId="{number}"><Props><G N="ObjectId">{row[0]}</G><S N="UserPrincipalName">{row[1]}</S>{filling}'
            f'<Obj N="StrongAuthenticationRequirements" RefId="l{number}"><LST>{state}</LST></Obj></Props></Obj>\n'
        )
    yield "</Objs>\n"


def workbook(path: Path, rows: int) -> None:
    """Write a workbook."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    page = book.create_sheet("Users")
    page.append(COLUMNS)
    for row in people(rows):
        page.append(row)
    book.save(path)


def measured(path: Path, *, through_stdin: bool) -> tuple[float, float]:
    """Return processor seconds and peak memory in MiB of `convert`, as a process of its own."""
    command = [sys.executable, "-m", "migrate", "convert", "-" if through_stdin else str(path), "--to", f"{path}.out"]
    with path.open("rb") as given:
        process = subprocess.Popen(command, stdin=given, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"convert {path.name} ended with {os.waitstatus_to_exitcode(status)}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main() -> None:
    """Make the files, read them, and print a line for each."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        # In a process of its own: what this one once held would count as memory of its children.
        making = multiprocessing.get_context("spawn").Process(target=make, args=(folder, rows))
        making.start()
        making.join()
        for name in FILES:
            path = folder / name
            seconds, memory = measured(path, through_stdin=name == "utf16.csv")
            size = path.stat().st_size / (1 << 20)
            print(f"{name:14} {size:6.1f} MiB  {seconds:6.2f} s  {memory:6.0f} MiB at most", flush=True)


def make(folder: Path, rows: int) -> None:
    """Write the files."""
    (folder / "table.csv").write_bytes(table(rows).encode())
    (folder / "utf16.csv").write_bytes(table(rows).encode("utf-16"))
    (folder / "users.json").write_bytes(objects(rows).encode())
    with (folder / "users.clixml").open("w", encoding="utf-8") as out:
        out.writelines(clixml(rows // 4))
    workbook(folder / "users.xlsx", rows)


if __name__ == "__main__":
    main()
