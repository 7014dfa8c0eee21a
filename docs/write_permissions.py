"""Write the tables of docs/permissions.md from the table in the code: `make help-texts`."""

from __future__ import annotations

from pathlib import Path

from migrate.graph.session import graph_host
from migrate.model.access import Cloud
from migrate.model.permissions import TABLE, Need, Use
from migrate.views.own_application import TRAP, az_lines, az_lines_unattended, powershell_lines

PAGE = Path(__file__).resolve().parent / "permissions.md"
_HEAD = "| what is {} | permission | role of a signed-in person | commands |\n|---|---|---|---|\n"


def _row(need: Need) -> str:
    permission = " together with ".join(f"`{name}`" for name in (need.permission, *need.together))
    permission += "".join(f", in some tenants together with `{name}`" for name in need.sometimes)
    roles = need.roles_told + (f"; {need.note}" if need.note else "")
    return f"| {need.what} | {permission} | {roles} | {', '.join(f'`{verb}`' for verb in need.verbs)} |\n"


def table_of(*uses: Use) -> str:
    """Return the rows for some uses as a table of Markdown."""
    rows = [need for need in TABLE if need.use in uses]
    return _HEAD.format("written" if all(need.is_write for need in rows) else "read") + "".join(map(_row, rows))


def page_with_tables(text: str) -> str:
    """Return the page with its tables made again; everything between the marks is replaced."""
    made = {
        "reading": table_of(Use.READ),
        "writing": table_of(Use.WRITE_STATES, Use.WRITE_POLICIES),
        "asked": table_of(Use.BACKUP),
        "commands": commands(),
    }
    for name, part in made.items():
        begin, end = f"<!-- {name}: made from the code -->\n", f"<!-- end of {name} -->"
        before, rest = text.split(begin)
        text = f"{before}{begin}{part}{end}{rest.split(end)[1]}"
    return text


def commands() -> str:
    """Return the commands for an application of one's own as blocks of code."""
    blocks = (
        ("sh", az_lines("TENANT", "OPERATOR")),
        ("sh", az_lines_unattended(f"https://{graph_host(Cloud.GLOBAL)}")),
        ("powershell", powershell_lines("TENANT", "OPERATOR")),
    )
    first, second, third = (f"```{kind}\n" + "\n".join(lines) + "\n```\n" for kind, lines in blocks)
    unattended = "\nFor unattended runs besides, with the permissions as application permissions:\n\n"
    return f"{first}\n{TRAP}\n{unattended}{second}\nThe first block with Graph PowerShell:\n\n{third}"


if __name__ == "__main__":
    PAGE.write_text(page_with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
