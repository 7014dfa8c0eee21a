"""Single keys of the configuration are changed and everything else stays, to the last comment."""

from __future__ import annotations

import pytest

from migrate.config import config_from
from migrate.errors import ConfigProblem
from migrate.exchange.config_text import with_policy_created, with_policy_switched_on, with_template_switched_on

OURS = """\
# What we decided on Monday
tenant = "contoso.example"   # the small one

[emergency_access]
accounts = [
    "ada@contoso.example",  # in the safe
]
"""


def test_a_table_that_is_not_there_is_added_at_the_end() -> None:
    changed = with_policy_created(OURS)
    assert changed.startswith(OURS)
    assert config_from(changed, "test").policy.mode.value == "create"


def test_comments_and_order_stay_where_a_key_changes() -> None:
    text = OURS + '\n[policy]\nmode = "adopt"  # for now\nreport_only_days = 9\n\n# the end\n'
    changed = with_policy_created(text)
    assert changed == text.replace('mode = "adopt"', 'mode = "create"')


def test_a_pilot_becomes_everybody() -> None:
    text = OURS + '\n[policy]\nmode = "create"\nscope = "group:00000000-0000-0000-0000-000000000001" # pilot\n'
    changed = with_policy_created(text)
    assert 'scope = "all" # pilot' in changed
    assert config_from(changed, "test").policy.scope == "all"


def test_a_policy_is_added_to_the_list_once() -> None:
    text = OURS + '\n[policy]\nswitch_on = [\n    "First",  # since March\n]\n'
    once = with_policy_switched_on(text, "Second")
    assert config_from(once, "test").policy.switch_on == ("First", "Second")
    assert "# since March" in once
    assert with_policy_switched_on(once, "Second") == once


def test_the_first_policy_makes_the_list() -> None:
    changed = with_policy_switched_on(OURS, 'The "quoted" one')
    assert config_from(changed, "test").policy.switch_on == ('The "quoted" one',)


def test_ends_of_lines_stay() -> None:
    text = OURS.replace("\n", "\r\n") + '\r\n[policy]\r\nmode = "adopt"\r\n'
    changed = with_policy_created(text)
    assert changed == text.replace("adopt", "create")


def test_what_is_no_toml_is_refused() -> None:
    with pytest.raises(ConfigProblem):
        with_policy_created("[policy")


def test_a_table_in_one_line_is_changed_too() -> None:
    changed = with_policy_created('policy = { mode = "adopt" }  # short\n')
    assert changed == 'policy = { mode = "create" }  # short\n'


@pytest.mark.parametrize("text", ["policy = 3\n", 'policy = "create"\n', "[[policy]]\nmode = 'adopt'\n"])
def test_what_is_no_table_is_refused(text: str) -> None:
    with pytest.raises(ConfigProblem):
        with_policy_created(text)


def test_a_template_is_added_to_the_others_or_switched_on_where_it_stands() -> None:
    name = "legacy-authentication"
    first = with_template_switched_on(OURS, name)
    assert first.startswith(OURS)
    (one,) = config_from(first, "test").policy.template
    assert (one.name.value, one.switch_on) == (name, True)
    assert with_template_switched_on(first, name) == first
    beside = OURS + '\n[[policy.template]]\nname = "emergency-access"  # keys\n'
    both = with_template_switched_on(beside, name)
    assert "# keys" in both
    assert [one.name.value for one in config_from(both, "test").policy.template] == ["emergency-access", name]
    asleep = OURS + f'\n[[policy.template]]\nname = "{name}"  # first looked at\nswitch_on = false\n'
    assert with_template_switched_on(asleep, name) == asleep.replace("false", "true")
    short = OURS + '\n[policy]\ntemplate = [{ name = "emergency-access" }]\n'
    assert len(config_from(with_template_switched_on(short, name), "test").policy.template) == 2


def test_a_template_is_added_before_the_tables_that_follow() -> None:
    text = OURS + '\n[policy]\nmode = "create"\n\n[waves]\npercentages = [100]  # all\n'
    changed = with_template_switched_on(text, "legacy-authentication")
    read = config_from(changed, "test")
    assert read.policy.mode.value == "create"
    assert len(read.policy.template) == 1
    assert "# all" in changed


@pytest.mark.parametrize("text", ["[policy]\ntemplate = 3\n", '[policy]\ntemplate = "legacy-authentication"\n'])
def test_a_template_that_is_no_list_is_refused(text: str) -> None:
    with pytest.raises(ConfigProblem):
        with_template_switched_on(text, "legacy-authentication")
