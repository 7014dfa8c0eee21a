"""Write users the way three generations of PowerShell exported them from the retired MSOnline module.

The shapes follow what the cmdlets write: Export-Csv of Windows PowerShell 5.1, ConvertTo-Json and Export-Clixml of
PowerShell 7. Only the members that matter here are there; a real export has some forty more.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

TYPE = "Microsoft.Online.Administration.User"
REQUIREMENT = "Microsoft.Online.Administration.StrongAuthenticationRequirement"
NAMESPACE = "http://schemas.microsoft.com/powershell/2004/04"


@dataclass(frozen=True, kw_only=True)
class LegacyUser:
    """A user as MSOnline knew one."""

    object_id: str
    user_principal_name: str
    display_name: str
    mfa_state: str
    """`disabled`, `enabled` or `enforced`; MSOnline had no word for disabled, only an empty list."""


def selected_csv(users: Sequence[LegacyUser]) -> bytes:
    """Return what the usual one-liner wrote: Select-Object with a calculated state column, Export-Csv of 5.1.

    All cells quoted, a `#TYPE` line, CRLF, and ASCII in which every other letter has become a question mark.
    """
    text = io.StringIO()
    text.write(f"#TYPE Selected.{TYPE}\r\n")
    rows = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    rows.writerow(["ObjectId", "UserPrincipalName", "DisplayName", "MFA Status"])
    for user in users:
        rows.writerow([user.object_id, user.user_principal_name, user.display_name, user.mfa_state.title()])
    return text.getvalue().encode("ascii", errors="replace")


def deep_json(users: Sequence[LegacyUser]) -> bytes:
    """Return `Get-MsolUser -All | ConvertTo-Json -Depth 4`: the state is inside the list of requirements."""
    objects = [
        {
            "DisplayName": user.display_name,
            "ObjectId": user.object_id,
            "State": None,
            "StrongAuthenticationRequirements": [
                {"RelyingParty": "*", "RememberDevicesNotIssuedBefore": "2023-11-06T09:00:00Z", "State": state}
                for state in _requirements(user)
            ],
            "UserPrincipalName": user.user_principal_name,
        }
        for user in users
    ]
    return (json.dumps(objects, indent=2, ensure_ascii=False) + "\n").encode()


def clixml(users: Sequence[LegacyUser]) -> bytes:
    """Return `Get-MsolUser -All | Export-Clixml users.xml`: typed objects that share their type lists."""
    counter = iter(range(10**9))
    lines = [f'<Objs Version="1.1.0.1" xmlns="{NAMESPACE}">']
    for position, user in enumerate(users):
        lines += [f'  <Obj RefId="{next(counter)}">', *_types(TYPE, "0", first=position == 0, indent="    ")]
        lines += [
            f"    <ToString>{TYPE}</ToString>",
            "    <Props>",
            f'      <S N="DisplayName">{escape(user.display_name)}</S>',
            f'      <G N="ObjectId">{user.object_id}</G>',
            '      <Nil N="State" />',
            f'      <Obj N="StrongAuthenticationRequirements" RefId="{next(counter)}">',
            *_types(f"System.Collections.Generic.List`1[[{REQUIREMENT}]]", "1", first=position == 0, indent="        "),
            "        <LST>",
        ]
        for state in _requirements(user):
            lines += [
                f'          <Obj RefId="{next(counter)}">',
                "            <Props>",
                '              <S N="RelyingParty">*</S>',
                f'              <S N="State">{state}</S>',
                "            </Props>",
                "          </Obj>",
            ]
        lines += [
            "        </LST>",
            "      </Obj>",
            f'      <S N="UserPrincipalName">{escape(user.user_principal_name)}</S>',
            "    </Props>",
            "  </Obj>",
        ]
    return ("\n".join([*lines, "</Objs>"]) + "\n").encode()


def _requirements(user: LegacyUser) -> list[str]:
    return [] if user.mfa_state == "disabled" else [user.mfa_state.title()]


def _types(name: str, ref: str, *, first: bool, indent: str) -> list[str]:
    if not first:
        return [f'{indent}<TNRef RefId="{ref}" />']
    inner = [f"{indent}  <T>{each}</T>" for each in (name, "System.Object")]
    return [f'{indent}<TN RefId="{ref}">', *inner, f"{indent}</TN>"]
