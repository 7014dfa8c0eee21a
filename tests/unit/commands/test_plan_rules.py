"""The configuration with every name resolved against the snapshot, and what has expired left out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from migrate.commands.plan import rules_for
from migrate.errors import ConfigProblem
from tests.unit.decide.records import evidence, object_id, policy

ACCESS = '[emergency_access]\naccounts = ["emergency1@contoso.example", "EMERGENCY2@contoso.example"]\n'
TODAY = date(2026, 11, 24)


def test_names_and_ids_become_object_ids_in_any_case(
    take_snapshot: Callable[..., Any], settings: Callable[[str], Any]
) -> None:
    text = ACCESS + f'[waves]\ncanary = ["Ada@Contoso.example", "{object_id("bob").upper()}"]\n'
    found = rules_for(settings(text), take_snapshot(), today=TODAY)
    assert found.emergency_access == (object_id("emergency1"), object_id("emergency2"))
    assert found.canary == {object_id("ada"), object_id("bob")}
    assert found.operator == object_id("operator")
    assert found.apps_that_matter is None
    assert (found.create, found.switch_on, found.scope_group) == (False, (), None)


@pytest.mark.parametrize(
    ("today", "there"),
    [(date(2027, 1, 30), True), (date(2027, 1, 31), False), (date(2027, 2, 1), False)],
)
def test_exclusions_and_accepted_gaps_count_until_their_day(
    take_snapshot: Callable[..., Any], settings: Callable[[str], Any], today: date, there: bool
) -> None:
    text = ACCESS + (
        '[[exclude]]\nuser = "svc@contoso.example"\nreason = "a service"\nexpires = 2027-01-31\n'
        '[[accept_partial]]\ngap = "location:trusted"\nreason = "offices"\nexpires = 2027-01-31\n'
    )
    found = rules_for(settings(text), take_snapshot(), today=today)
    said = {user_id: one.sentence for user_id, one in found.exclusions.items()}
    assert said == ({object_id("svc"): "a service (until 2027-01-31)"} if there else {})
    assert [gap.tag for gap in found.accepted_gaps] == (["location:trusted"] if there else [])


def test_an_exclusion_that_has_expired_need_not_be_known_any_more(
    take_snapshot: Callable[..., Any], settings: Callable[[str], Any]
) -> None:
    text = ACCESS + '[[exclude]]\nuser = "left@contoso.example"\nreason = "left"\nexpires = 2026-01-01\n'
    assert rules_for(settings(text), take_snapshot(), today=TODAY).exclusions == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ("No emergency access account", "[emergency_access]")),
        ('[emergency_access]\naccounts = ["gone@contoso.example"]', ("emergency_access.accounts", "'gone@")),
        (ACCESS + '[waves]\ncanary = ["gone@contoso.example"]', ("waves.canary", "'gone@contoso.example'")),
        (
            ACCESS + '[[exclude]]\nuser = "gone@contoso.example"\nreason = "x"\nexpires = 2027-01-31',
            ("exclude.user", "'gone@contoso.example'"),
        ),
        (ACCESS + '[policy]\nswitch_on = ["No such"]', ("policy.switch_on", "no policy", "'No such'")),
        (ACCESS + '[policy]\nswitch_on = ["Twise"]', ("policy.switch_on", "no policy", "Near: 'Twice'")),
        (
            ACCESS + '[policy]\nswitch_on = ["Twice"]',
            ("policy.switch_on", "2 policies", policy("Twice").id, "id of the one"),
        ),
        (
            ACCESS + f'[policy]\nmode = "create"\nscope = "group:{object_id("staff")}"',
            ("policy.scope", object_id("staff"), "mfa-migrate export"),
        ),
    ],
)
def test_a_name_that_the_snapshot_does_not_hold_is_refused(
    take_snapshot: Callable[..., Any], settings: Callable[[str], Any], text: str, words: tuple[str, ...]
) -> None:
    twice = policy("Twice")
    other = policy("Twice ")
    other.raw["displayName"] = "Twice"
    import msgspec

    taken = take_snapshot(proof=evidence(twice, msgspec.structs.replace(other, display_name="Twice")))
    with pytest.raises(ConfigProblem) as refused:
        rules_for(settings(text), taken, today=TODAY)
    for word in words:
        assert word in f"{refused.value.what} {refused.value.hint}"


def test_policies_are_named_by_id_or_by_name_and_a_pilot_by_its_group(
    take_snapshot: Callable[..., Any], settings: Callable[[str], Any]
) -> None:
    there = policy()
    for name in (there.id, there.display_name):
        found = rules_for(settings(ACCESS + f'[policy]\nswitch_on = ["{name}"]'), take_snapshot(), today=TODAY)
        assert found.switch_on == (there.id,)
    text = ACCESS + f'[policy]\nmode = "create"\nscope = "group:{object_id("pilot").upper()}"'
    found = rules_for(settings(text), take_snapshot(), today=TODAY)
    assert (found.create, found.scope_group) == (True, object_id("pilot"))


def test_limits_are_fixed_in_seconds(take_snapshot: Callable[..., Any], settings: Callable[[str], Any]) -> None:
    text = ACCESS + (
        '[policy]\nreport_only_days = 0.5\npolicy_settle = "90m"\n'
        '[limits]\nmax_users = 5\nmax_failures = "10%"\nplan_max_age = "2d"\nreadback_timeout = "5s"\n'
        '[coverage]\napps = ["00000003-0000-0000-c000-000000000000"]\n'
    )
    found = rules_for(settings(text), take_snapshot(), today=TODAY)
    assert found.limits.report_only_seconds == 43_200
    assert found.limits.policy_settle_seconds == 5_400
    assert found.limits.plan_max_age_seconds == 172_800
    assert found.limits.readback_timeout_seconds == 5
    assert (found.limits.max_users, found.limits.max_failures) == ("5", "10%")
    assert found.apps_that_matter == {"00000003-0000-0000-c000-000000000000"}


def test_none_with_a_reason_is_no_account(take_snapshot: Callable[..., Any], settings: Callable[[str], Any]) -> None:
    found = rules_for(settings('[emergency_access]\nnone = "a lab"'), take_snapshot(), today=TODAY)
    assert (found.emergency_access, found.emergency_none) == ((), "a lab")


def test_who_decided_and_since_when_and_when_a_wave_may_begin_go_into_the_plan(
    take_snapshot: Callable[..., Any], settings: Callable[[str], Any]
) -> None:
    who = 'decided_by = "Kim Olsen"\nsince = 2026-11-01\n'
    text = ACCESS + who + (
        '[[exclude]]\nuser = "svc@contoso.example"\nreason = "a service"\nexpires = 2027-01-31\n' + who +
        '[[accept_partial]]\ngap = "location:trusted"\nreason = "offices"\nexpires = 2027-01-31\n' + who +
        "[[waves.start]]\nwave = 2\nnot_before = 2026-12-07T08:00:00+01:00\n"
    )  # fmt: skip
    found = rules_for(settings(text), take_snapshot(), today=TODAY)
    decided = [found.emergency_decision, found.exclusions[object_id("svc")], found.accepted_gaps[0]]
    assert [(one.decided_by, one.since) for one in decided] == [("Kim Olsen", "2026-11-01")] * 3
    assert found.not_before == ((2, "2026-12-07T08:00:00+01:00"),)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("wave = 2\nnot_before = 2026-12-07T08:00:00", "offset from UTC"),
        ("wave = 6\nnot_before = 2026-12-07T08:00:00Z", "the numbers 1 to 5"),
        ("wave = 0\nnot_before = 2026-12-07T08:00:00Z", "the numbers 1 to 5"),
        ('wave = 2\nnot_before = "Monday"', "not_before"),
    ],
)
def test_a_start_of_a_wave_that_makes_no_sense_is_refused_by_line(
    settings: Callable[[str], Any], line: str, said: str
) -> None:
    with pytest.raises(ConfigProblem, match=said):
        settings(ACCESS + f"[[waves.start]]\n{line}\n")


EXCLUDE = '[[policy.exclude]]\nreason = "no person"\nexpires = 2026-01-01\n'


def test_exclusions_from_the_policy_are_resolved_and_never_end_by_their_day(
    take_snapshot: Callable[..., Any], settings: Callable[[str], Any], tmp_path: Any
) -> None:
    (tmp_path / "rooms.csv").write_text("UserPrincipalName\nADA@contoso.example\n", encoding="utf-8")
    text = ACCESS + (
        f'{EXCLUDE}user = "bob@contoso.example"\naccepted = true\n{EXCLUDE}group = "{object_id("pilot")}"\n'
        f'{EXCLUDE}file = "rooms.csv"\n{EXCLUDE}kind = "guests"\n{EXCLUDE}kind = "service-accounts"\n'
        '[[exclude]]\nuser = "svc@contoso.example"\nreason = "later"\nexpires = 2026-01-01\nfrom_policy = true\n'
    )
    found = rules_for(settings(text), take_snapshot(), today=TODAY).policy_exclusions
    assert [(one.by.value, one.id) for one in found] == [
        ("user", object_id("bob")),
        ("group", object_id("pilot")),
        ("user", object_id("ada")),
        ("kind", "guests"),
        ("exclude", object_id("svc")),
    ]
    assert [one.accepted for one in found] == [True, False, False, False, False]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ('user = "gone@contoso.example"', "policy.exclude.user"),
        (f'group = "{object_id("nowhere")}"', "is not in the snapshot"),
        ('file = "gone.csv"', "gone@contoso.example"),
    ],
)
def test_nobody_is_left_out_of_the_policy_by_guessing(
    entry: str, words: str, take_snapshot: Callable[..., Any], settings: Callable[[str], Any], tmp_path: Any
) -> None:
    (tmp_path / "gone.csv").write_text("UserPrincipalName\ngone@contoso.example\n", encoding="utf-8")
    with pytest.raises(ConfigProblem) as caught:
        rules_for(settings(ACCESS + EXCLUDE + entry), take_snapshot(), today=TODAY)
    assert words in caught.value.what


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("", "exactly one of user, group, file and kind"),
        ('user = "ada@contoso.example"\nkind = "rooms"', "exactly one of user, group, file and kind"),
        ('group = " "', "must be the id or the exact name of a group"),
        ('kind = "rooms"\naccepted = true', "for people by name"),
        ('kind = "robots"', "does not know 'robots'"),
    ],
)
def test_an_entry_that_makes_no_sense_is_told(entry: str, words: str, settings: Callable[[str], Any]) -> None:
    with pytest.raises(ConfigProblem) as caught:
        settings(ACCESS + EXCLUDE + entry)
    assert words in caught.value.what
