"""The configuration is edited after `plan`: what only holds back more is obeyed, the rest is refused, back works."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.lab import NO_WAITS, Lab, open_lab

EXCLUDE = '\n[[exclude]]\nuser = "{}"\nreason = "on leave"\nexpires = 2099-01-01\n'


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with open_lab(tmp_path, mode="adopt", users=42, lean=True) as opened:
        opened.prepare()
        yield opened


def to_disable(lab: Lab, wave: str) -> list[dict[str, str]]:
    return [row for row in lab.plan_rows() if row["Action"] == "disable" and row["Wave"] == wave]


def test_who_is_left_out_after_the_plan_is_skipped_by_name_at_once(lab: Lab) -> None:
    lab.apply("--until", "wave:1", *NO_WAITS)
    (first, *_), (one, two, *_) = to_disable(lab, "1"), to_disable(lab, "2")
    names = [row["UserPrincipalName"] for row in (first, one, two)]
    lab.configure("[emergency_access]\naccounts = [", f'[emergency_access]\naccounts = ["{names[1]}", ')
    with lab.config.open("a", encoding="utf-8") as file:
        file.write(EXCLUDE.format(names[0]) + EXCLUDE.format(names[2]))
    assert lab.apply(*NO_WAITS) == 1
    assert f"rollback --users {names[0]}" in lab.said, "who is off already is named"
    assert lab.switched_off() == lab.planned() - {one["ObjectId"], two["ObjectId"]}
    skipped = {row["UserPrincipalName"]: row["Reason"] for row in lab.audit() if row["Outcome"] == "skipped"}
    assert skipped[names[1]] == "emergency access account: never switched off"
    assert skipped[names[2]] == "excluded by the configuration since the plan was made"
    assert lab.run("verify", allow=(1,)) == 1
    assert "configuration-differs" in lab.said
    assert names[0] in lab.said
    lab.run("rollback", "--yes")
    assert not lab.switched_off()


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("percentages = [100]", "percentages = [50, 100]", "waves.percentages: 100 -> 50, 100"),
        ('mode = "adopt"', 'mode = "adopt"\npolicy_settle = "1s"', "policy.policy_settle: 86400 -> 1"),
    ],
)
def test_what_is_loosened_or_of_another_scope_is_refused_and_both_ways_out_work(
    lab: Lab, old: str, new: str, part: str
) -> None:
    lab.apply("--until", "wave:1", *NO_WAITS)
    off = lab.switched_off()
    lab.configure(old, new)
    assert lab.apply(*NO_WAITS, allow=(3,)) == 3
    assert part in lab.said
    assert "Undo the edit" in lab.said
    assert "plan --supersede" in lab.said or "--supersede" in lab.said
    assert lab.switched_off() == off
    lab.run("rollback", "--what-if")
    lab.configure(new, old)
    assert lab.apply(*NO_WAITS) == 0
    lab.configure(old, new)
    lab.run("rollback", "--yes")
    assert not lab.switched_off()


def test_a_longer_wait_and_a_lower_limit_are_obeyed_and_output_and_sign_in_do_not_matter(lab: Lab) -> None:
    lab.configure("[waves]", "[limits]\nmax_users = 2\n\n[waves]")
    assert lab.apply(*NO_WAITS, allow=(3,)) == 3
    assert "max_users = 2" in lab.said
    assert not lab.switched_off()
    lab.configure("max_users = 2", "")
    lab.configure("percentages = [100]", 'percentages = [100]\nminimum_wait = "1h"')
    lab.configure("tenant = ", 'output = "json"\ntenant = ')
    lab.apply(*NO_WAITS)
    assert lab.switched_off() < lab.planned()
    assert "minimum_wait: 0 -> 3600" in lab.said
    for _ in "23":
        lab.later(3700)
        assert lab.apply(*NO_WAITS) == 0
    assert lab.switched_off() == lab.planned()
