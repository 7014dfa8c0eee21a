"""Options, environment and configuration become one frozen answer, and every slip names its place."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.config import Config, OutputFormat, config_from, duration
from migrate.config_policy import PolicyMode
from migrate.errors import ConfigProblem, UsageProblem
from migrate.model.access import Cloud, SignInMethod
from migrate.model.amounts import count_or_percent
from migrate.model.tenant_settings import BaselineScopes, BaselineSetting
from migrate.settings import GlobalOptions, Settings, settings_from

FULL = """
tenant = "contoso.example"
cloud = "usgov"
workspace = "work"
output = "csv"
guests = false

[sign_in]
method = "certificate"
client_id = "abc"
certificate = "cert.pem"

[emergency_access]
accounts = ["emergency1@contoso.example"]

[policy]
mode = "create"
scope = "group:0b6a3f8e-3f3c-4f7e-9d0c-6f9a5d1c2b3a"
report_only_days = 3.5
policy_settle = "36h"

[waves]
canary = ["ada@contoso.example"]
percentages = [5, 100]

[limits]
max_users = "25%"
max_newly_prompted = 7
max_failures = 3

[[exclude]]
user = "svc@contoso.example"
reason = "a service"
expires = 2027-01-31

[[exclude]]
user = "room@contoso.example"
reason = "a room"
expires = 2027-02-28

[[accept_partial]]
gap = "location:trusted"
reason = "offices"
expires = 2027-01-31

[coverage]
apps = ["00000003-0000-0000-c000-000000000000"]
"""


def settings(tmp_path: Path, environ: dict[str, str] | None = None, text: str | None = None, **typed: Any) -> Settings:
    if text is not None:
        (tmp_path / "mfa-migrate.toml").write_text(text, encoding="utf-8")
    return settings_from(GlobalOptions(**typed), environ or {}, tmp_path)


def problem(text: str) -> ConfigProblem:
    with pytest.raises(ConfigProblem) as refused:
        config_from(text, "lab.toml")
    return refused.value


# --- where a setting comes from


def test_without_anything_there_are_defaults(tmp_path: Path) -> None:
    found = settings(tmp_path)
    assert found.workspace == tmp_path / "mfa-migration"
    assert (found.cloud, found.output, found.endpoint, found.tenant) == (Cloud.GLOBAL, OutputFormat.TABLE, None, None)
    assert (found.color, found.progress, found.quiet, found.verbose) == (True, True, False, False)
    assert (found.config, found.config_path) == (Config(), None)
    assert not found.is_sandbox


def test_a_whole_configuration_is_read(tmp_path: Path) -> None:
    found = settings(tmp_path, text=FULL)
    assert (found.tenant, found.cloud, found.output) == ("contoso.example", Cloud.USGOV, OutputFormat.CSV)
    assert found.workspace == tmp_path / "work"
    assert found.sign_in.method is SignInMethod.CERTIFICATE
    assert found.config.policy.mode is PolicyMode.CREATE
    assert found.config.limits.max_failures == 3
    assert [entry.user for entry in found.config.exclude] == ["svc@contoso.example", "room@contoso.example"]
    assert found.config.accept_partial[0].expires == date(2027, 1, 31)
    assert found.config_path == tmp_path / "mfa-migrate.toml"


CASES = {
    "tenant": ("typed.example", "environment.example", 'tenant = "configured.example"', None),
    "cloud": ("china", "usgov", 'cloud = "usgov-dod"', "global"),
    "endpoint": ("http://127.0.0.1:1", "http://127.0.0.1:2", 'endpoint = "http://127.0.0.1:3"', None),
    "output": ("json", "ndjson", 'output = "csv"', "table"),
    "workspace": ("a", "b", 'workspace = "c"', "mfa-migration"),
}


@pytest.mark.parametrize("name", list(CASES))
def test_option_beats_environment_beats_configuration_beats_default(tmp_path: Path, name: str) -> None:
    typed, environment, configured, default = CASES[name]

    def value(found: Settings) -> object:
        taken = getattr(found, name)
        return taken.name if name == "workspace" else taken

    variable = {f"MFA_MIGRATE_{name.upper()}": environment}
    assert value(settings(tmp_path)) == default
    assert value(settings(tmp_path, text=configured)) == configured.split('"')[1]
    assert value(settings(tmp_path, variable)) == environment
    assert value(settings(tmp_path, variable, **{name: typed})) == typed


@pytest.mark.parametrize(
    ("name", "default"), [("quiet", False), ("verbose", False), ("no_color", True), ("no_progress", True)]
)
def test_switches_come_from_options_or_the_environment(tmp_path: Path, name: str, default: bool) -> None:
    field = {"no_color": "color", "no_progress": "progress"}.get(name, name)
    variable = f"MFA_MIGRATE_{name.upper()}"
    assert getattr(settings(tmp_path), field) == default
    assert getattr(settings(tmp_path, {variable: "1"}), field) != default
    assert getattr(settings(tmp_path, **{name: True}), field) != default
    for nothing in ("", "0", "false", "No", "OFF"):
        assert getattr(settings(tmp_path, {variable: nothing}), field) == default


def test_no_color_is_honoured_as_everywhere(tmp_path: Path) -> None:
    assert not settings(tmp_path, {"NO_COLOR": "1"}).color
    assert settings(tmp_path, {"NO_COLOR": ""}).color


def test_options_after_the_verb_win_over_those_before_it() -> None:
    before = GlobalOptions(workspace="a", output="json", quiet=True)
    assert GlobalOptions(output="csv").over(before) == GlobalOptions(workspace="a", output="csv", quiet=True)


def test_each_global_option_can_be_given_in_the_environment(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text("guests = false\n", encoding="utf-8")
    found = settings(
        tmp_path,
        {
            "MFA_MIGRATE_CONFIG": "other.toml",
            "MFA_MIGRATE_LOG_FILE": "run.log",
            "MFA_MIGRATE_CLIENT_ID": "abc",
            "MFA_MIGRATE_SIGN_IN": "azure-cli",
        },
    )
    assert found.config_path == tmp_path / "other.toml"
    assert not found.config.guests
    assert found.log_file == tmp_path / "run.log"
    assert (found.sign_in.client_id, found.sign_in.method) == ("abc", SignInMethod.AZURE_CLI)


# --- endpoints


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:8765", "http://localhost:1", "https://[::1]:2", "http://127.9.9.9/"]
)
def test_an_endpoint_on_this_machine_is_taken(tmp_path: Path, endpoint: str) -> None:
    found = settings(tmp_path, endpoint=endpoint)
    assert found.endpoint == endpoint.rstrip("/")
    assert found.is_sandbox


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://example.com",
        "http://127.0.0.1.example.com",
        "http://127.0.0.1@example.com",
        "http://localhost.example.com",
        "ftp://127.0.0.1",
        "127.0.0.1:8765",
        "http://127.0.0.1/?x=1",
        "http://127.0.0.1/#x",
        "http://0.0.0.0:1",
        "http://127.0.0.1:99999",
        "http://[::1",
        "http://127.0.0.1/v1.0",
        "http://[2001:db8::1]",
        "http://[::1%25eth0]",
        "http://",
    ],
)
def test_any_other_endpoint_is_refused_from_wherever_it_comes(tmp_path: Path, endpoint: str) -> None:
    for given_by in (
        {"endpoint": endpoint},
        {"environ": {"MFA_MIGRATE_ENDPOINT": endpoint}},
        {"text": f'endpoint = "{endpoint}"'},
    ):
        with pytest.raises(UsageProblem, match="on this machine"):
            settings(tmp_path, **given_by)
        (tmp_path / "mfa-migrate.toml").unlink(missing_ok=True)


# --- slips in the configuration


@pytest.mark.parametrize(
    ("text", "line", "key", "nearest"),
    [
        ('tenannt = "x"', 1, "tenannt", "tenant"),
        ("\n\n[polcy]\nmode = 'adopt'", 3, "polcy", "policy"),
        ("[policy]\n\nmod = 'adopt'", 3, "policy.mod", "mode"),
        ("[limits]\nmax_users = 1\n[waves]\ncanarry = []", 4, "waves.canarry", "canary"),
        ("[[exclude]]\nuser = 'a'\nreason = 'b'\nexpire = 2027-01-01", 4, "exclude.expire", "expires"),
        ("policy = { mod = 'adopt' }", 1, "policy.mod", "mode"),
        ("policy.mod = 'adopt'", 1, "policy.mod", "mode"),
    ],
)
def test_an_unknown_key_names_its_line_and_the_nearest_right_one(text: str, line: int, key: str, nearest: str) -> None:
    refused = problem(text)
    assert f"lab.toml, line {line}: " in refused.what
    assert f"'{key}'" in refused.what
    assert refused.hint == f"Did you mean '{nearest}'?"


def test_a_key_that_is_like_no_other_lists_those_that_are_known() -> None:
    assert "canary" in problem("[waves]\nzzz = 1").hint


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("guests = 'yes'", ("line 1", "guests must be true or false, without quotes")),
        ("[policy]\nmode = 'adpt'", ("line 2", "policy.mode", "'adpt'")),
        ("[sign_in]\nmethod = 'devicecode'", ("line 2", "sign_in.method", "'devicecode'")),
        ("[limits]\nmax_newly_prompted = 'x'", ("line 2", "limits.max_newly_prompted")),
        ("[[exclude]]\nuser = 'a'\nreason = 'b'\nexpires = 'soon'", ("exclude", "expires")),
        ("[[exclude]]\nuser = 'a'\nexpires = 2027-01-01", ("reason",)),
        (
            "[[exclude]]\nuser = 'a'\nreason = 'b'\nexpires = 2027-01-01\n\n[[exclude]]\nuser = 'c'\nreason = 3\n"
            "expires = 2027-01-01",
            ("line 8", "exclude.reason"),
        ),
        ("[limits]\nmax_users = '1/2'", ("line 2", "limits.max_users", "1/2")),
        ("[limits]\nplan_max_age = 'day'", ("line 2", "limits.plan_max_age")),
        ("[limits]\nreadback_timeout = '-1s'", ("line 2", "limits.readback_timeout")),
        ("[waves]\npercentages = []", ("line 2", "percentages")),
        ("[waves]\npercentages = [10, 10, 100]", ("line 2", "percentages")),
        ("[waves]\npercentages = [0, 100]", ("line 2", "percentages")),
        ("[waves]\npercentages = [10, 50]", ("line 2", "percentages")),
        ("[policy]\nscope = 'group: '", ("line 2", "group:<id or exact name>")),
        ("[emergency_access]\naccounts = []", ("line 1", "either accounts or none")),
        ("a = = 1", ("TOML", "line 1")),
        ('[[waves.wave]]\nname = "a"\nfile = "a\\u0000b.csv"', ("line 3", "waves.wave.file", r"the sign \u0000")),
        ('[waves]\ncanary = ["a", "b\\u0000"]', ("line 2", "waves.canary", r"the sign \u0000")),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_with_its_place(text: str, words: tuple[str, ...]) -> None:
    refused = problem(text)
    for word in words:
        assert word in refused.what
    assert refused.hint


@pytest.mark.parametrize(
    ("text", "hint"),
    [("[policy]\nmode = 'adpt'", "'adopt'"), ("cloud = 'us-gov'", "'usgov'"), ("[sign_in]\nmethod = 'x'", "azure-cli")],
)
def test_a_choice_that_does_not_exist_is_answered_with_those_that_do(text: str, hint: str) -> None:
    assert hint in problem(text).hint


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[waves]\npercentages = "10%"',
            'line 2: waves.percentages must be a list of numbers, such as [10, 50, 100], not "10%".',
        ),
        ('[waves]\npercentages = [10, "50%"]', 'a list of numbers, such as [10, 50, 100], not "50%".'),
        (
            "[[exclude]]\nuser = 'a'\nreason = 'b'\nexpires = '30.6.2027'",
            'line 4: exclude.expires must be a date without quotes, such as 2027-06-30, not "30.6.2027".',
        ),
        ("tenant = 7", "line 1: tenant must be a text in quotes, not 7."),
        ("[limits]\nmax_newly_prompted = '5'", 'max_newly_prompted must be a whole number, without quotes, not "5".'),
        ("[limits]\nmax_users = true", 'must be a number, or a share in quotes, such as 25 or "5%", not true.'),
        ("[policy]\nreport_only_days = 2027-01-31", "must be a number, without quotes, not 2027-01-31."),
        ("policy = 'create'", 'policy must be a table, under [policy], not "create".'),
        ("[exclude]\nuser = 'a'", "exclude must be a list of tables, each under [[exclude]], not a table."),
        ("[waves]\ncanary = 'ada@contoso.example'", 'a list of texts in quotes: ["one", "two"], not "ada@contoso'),
        ("[[exclude]]\nuser = 'a'\nexpires = 2027-01-01", "exclude.reason is missing; every [[exclude]] needs it."),
    ],
)
def test_a_wrong_value_is_told_in_the_words_of_the_file(text: str, said: str) -> None:
    assert said in problem(text).what
    assert "`" not in problem(text).what


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("tenant = contoso", 'Texts need quotes: tenant = "contoso"'),
        ("[policy]\nmode = create  # new\n", 'Texts need quotes: mode = "create"'),
        ("tenant = ", "Mend the line and run it again."),
        ("tenant = 'a", "Mend the line and run it again."),
        ("a = = 1", "Mend the line and run it again."),
    ],
)
def test_a_text_without_quotes_is_shown_with_them(text: str, hint: str) -> None:
    assert problem(text).hint == hint


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("[limits]\npolicy_settle = '24h'", "policy_settle belongs under [policy]."),
        ("[policy]\ntenant = 'x'", "tenant belongs at the top of the file, above the first table."),
        ("percentages = [100]", "percentages belongs under [waves]."),
        ("[policy]\nreason = 'x'", "reason belongs under [[exclude]] or [[accept_partial]] or [[accept_caught]]."),
    ],
)
def test_a_key_in_the_wrong_table_is_told_where_it_belongs(text: str, hint: str) -> None:
    assert problem(text).hint == hint


@pytest.mark.parametrize("bad", [{"cloud": "mars"}, {"output": "jsn"}, {"sign_in": "magic"}])
def test_an_option_that_does_not_exist_is_answered_with_those_that_do(tmp_path: Path, bad: dict[str, str]) -> None:
    with pytest.raises(UsageProblem) as refused:
        settings(tmp_path, **bad)
    assert repr(next(iter(bad.values()))) in refused.value.what
    assert refused.value.hint


def test_a_file_with_a_byte_order_mark_is_read_and_one_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mfa-migrate.toml"
    path.write_bytes(b"\xef\xbb\xbfguests = false\r\n")
    assert not settings(tmp_path).config.guests
    path.write_text("guests = false", encoding="utf-16")
    with pytest.raises(ConfigProblem, match="not UTF-8"):
        settings(tmp_path)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no such device")
def test_a_device_without_end_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigProblem, match="longer than 4 MiB"):
        settings(tmp_path, config="/dev/zero")


def test_a_named_file_must_be_there_and_the_usual_one_need_not(tmp_path: Path) -> None:
    settings(tmp_path)
    with pytest.raises(ConfigProblem, match=r"There is no file .*nope\.toml") as missing:
        settings(tmp_path, config="nope.toml")
    assert missing.value.hint.startswith("--config names it.")
    with pytest.raises(ConfigProblem) as missing:
        settings_from(GlobalOptions(), {"MFA_MIGRATE_CONFIG": "nope.toml"}, tmp_path)
    assert missing.value.hint.startswith("The variable MFA_MIGRATE_CONFIG names it.")
    new = settings_from(GlobalOptions(config="nope.toml"), {}, tmp_path, writes_config=True)
    assert new.config_path == tmp_path / "nope.toml"


# --- amounts and durations


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", timedelta(seconds=90)),
        ("1.5h", timedelta(minutes=90)),
        (" 7 d ", timedelta(days=7)),
        ("0m", timedelta()),
    ],
)
def test_durations(text: str, expected: timedelta) -> None:
    assert duration(text, "key") == expected


@pytest.mark.parametrize("text", ["", "5", "5 w", "-5s", "h", "1h30m"])
def test_what_is_no_duration_is_refused_by_its_key(text: str) -> None:
    with pytest.raises(ConfigProblem, match=r"some\.key"):
        duration(text, "some.key")


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_number_is_itself_and_a_share_is_rounded_up_and_never_more_than_all(number: int, of: int) -> None:
    assert count_or_percent(number, of, "x") == number
    assert count_or_percent("100%", of, "x") == of
    assert count_or_percent("0%", of, "x") == 0
    part = count_or_percent("12.5%", of, "x")
    assert of * 0.125 <= part < of * 0.125 + 1


@pytest.mark.parametrize("text", ["", "many", "-1", "1.5", "%", "5 %%", "１０x"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(UsageProblem, match="--max-users"):
        count_or_percent(text, 10, "--max-users")


def test_records_are_frozen(tmp_path: Path) -> None:
    found = settings(tmp_path)
    with pytest.raises(AttributeError):
        found.quiet = True  # type: ignore[misc]
    assert msgspec.structs.replace(found, quiet=True).quiet


# --- what no API shows


@pytest.mark.parametrize(
    ("text", "setting", "placeholder"),
    [
        ("enforced", BaselineSetting.ENFORCED, None),
        ("unanswered", BaselineSetting.UNANSWERED, None),
        (
            "customised:0A0A0A0A-0000-4000-8000-000000000001",
            BaselineSetting.CUSTOMISED,
            "0a0a0a0a-0000-4000-8000-000000000001",
        ),
    ],
)
def test_an_answer_about_baseline_scopes_is_read(text: str, setting: BaselineSetting, placeholder: str | None) -> None:
    config = config_from(
        f'[tenant_settings]\nbaseline_scopes = "{text}"\nbaseline_scopes_by = "Ada"\nbaseline_scopes_on = 2026-11-20\n',
        "lab.toml",
    )
    assert config.tenant_settings.answer == BaselineScopes(
        setting=setting, placeholder=placeholder, said_by="Ada", said_on="2026-11-20"
    )


@pytest.mark.parametrize("text", ["on", "customised", "customised:payroll", "enforced:0a0a0a0a", ""])
def test_an_answer_that_makes_no_sense_is_refused_with_its_line(text: str) -> None:
    refused = problem(f'[tenant_settings]\nbaseline_scopes = "{text}"\n')
    assert "line 2" in refused.what
    assert "customised:<application id>" in refused.what
