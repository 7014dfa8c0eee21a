"""Limits that people write as a number or a share."""

from __future__ import annotations

import re

from migrate.errors import UsageProblem


def count_or_percent(text: str | int, of: int, name: str) -> int:
    """Return the number that `N` or `N%` means for a whole of `of`; a share is rounded up.

    Raises UsageProblem for anything else.
    """
    match = re.fullmatch(r"\s*(\d+)\s*|\s*(\d+(?:\.\d+)?)\s*%\s*", str(text))
    if match is None:
        raise UsageProblem(f"{name} takes a number or a percentage, not {text!r}.", hint=f"For example {name} 25%.")
    if match[1] is not None:
        return int(match[1])
    return -int(-of * float(match[2]) // 100)
