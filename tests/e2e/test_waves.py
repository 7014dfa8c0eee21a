"""Waves as organisations have them, against the sandbox: by name, group, file and share, within hours, moved aloud."""

from __future__ import annotations

import json

from tests.e2e.laboratory import Lab

DAY = 86_400
SKIP = ("--skip-report-only", "lab", "--skip-settle", "lab")


def waves_of(lab: Lab) -> dict[str, str]:
    """Return the name of the wave of everybody who is planned."""
    names = {str(wave["number"]): wave["name"] for wave in lab.plan_header()["waves"]}
    return {name: names[row["Wave"]] for name, row in lab.plan_rows().items() if row["Action"] == "disable"}


def lists(lab: Lab, *entries: str) -> str:
    return "\n".join(["", *(f"[[waves.wave]]\n{entry}" for entry in entries)])


def test_waves_by_name_group_file_and_share_are_migrated_in_their_order(lab: Lab) -> None:
    lab.configure()
    lab.go("export")
    lab.go("plan")
    capable = [name for name, wave in waves_of(lab).items() if wave != "not MFA capable yet"]
    group = next(each for each in lab.tenant.groups if each.json["displayName"] == "Helpdesk Operators")
    first, second, third = capable[:3]
    (lab.config.parent / "field.csv").write_text(f"UserPrincipalName\n{third}\n", encoding="utf-8")
    more = lists(
        lab,
        f"users = {json.dumps([first])}",
        f'name = "second canary"\nusers = {json.dumps([second])}',
        f'group = "{group.id}"',
        "percent = 50",
        'file = "field.csv"',
    )
    lab.configure(more, waves="")
    lab.go("export")
    lab.go("plan")
    names = [wave["name"] for wave in lab.plan_header()["waves"]]
    assert names == [
        "canary",
        "second canary",
        "Helpdesk Operators",
        "to 50%",
        "field",
        "to 100%",
        "not MFA capable yet",
    ]
    found = waves_of(lab)
    assert (found[first], found[second], found[third]) == ("canary", "second canary", "field")
    before = lab.states()
    lab.go("apply", "--yes", "--max-users", "100%", "--until", "wave:2", *SKIP)
    assert {name for name, state in lab.states().items() if state != before[name]} == {first, second}
    lab.go("apply", "--yes", "--max-users", "100%", *SKIP)
    assert {lab.states()[name] for name in found} == {"disabled"}
    lab.go("verify")
    lab.go("rollback", "--yes")
    assert all(before[name] in (state, "enabled") for name, state in lab.states().items())


def test_planning_again_moves_nobody_in_silence(lab: Lab) -> None:
    lab.configure(lists(lab, "percent = 30"), waves="")
    lab.go("export")
    lab.go("plan")
    once = waves_of(lab)
    assert "waves-moved" not in lab.go("plan").out
    assert waves_of(lab) == once
    lab.configure(lists(lab, "percent = 60"), waves="")
    said = " ".join(lab.go("plan").out.split())
    moved = [name for name, wave in waves_of(lab).items() if wave != once[name]]
    assert moved
    assert "[waves-moved]" in said
    assert f"{len(moved)} people are in another wave than in the plan before" in said


def test_a_wave_begins_after_its_day_only(lab: Lab) -> None:
    lab.configure()
    lab.go("export")
    lab.go("plan")
    person = next(name for name, wave in waves_of(lab).items() if wave != "not MFA capable yet")
    lab.configure(lists(lab, f"users = {json.dumps([person])}\nnot_before = 2035-01-01T08:00:00+01:00"), waves="")
    lab.go("plan")
    waiting = lab.go("apply", "--yes", "--max-users", "100%", *SKIP)
    assert "Waiting: wave 1 (canary) begins at 2035-01-01T08:00:00+01:00 at the earliest" in " ".join(
        waiting.out.split()
    )
    assert lab.states()[person] != "disabled"


def test_a_wave_that_cannot_be_resolved_is_told(lab: Lab) -> None:
    for entry, words in (
        ('group = "00000000-0000-4000-8000-000000000000"', "is not in the snapshot"),
        ('users = ["nobody@contoso.example"]', "waves.wave.users"),
        ("percent = 130", "rises from wave to wave"),
        ('hours = "8 to 4"\npercent = 10', "waves.wave.hours"),
        ("", "exactly one of"),
    ):
        lab.configure()
        lab.go("export")
        lab.configure(lists(lab, entry), waves="")
        assert words in " ".join(lab.go("plan", code=2).err.split())
