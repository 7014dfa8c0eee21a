"""Every published policy file of the reference data loads; its traps are read for what they mean, or named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from migrate.decide.coverage.context import context_of, evidence_with
from migrate.decide.coverage.policy import PolicyReading
from migrate.errors import BadInput
from migrate.exchange.policy_files import read_policy_file
from tests.unit.decide.coverage.tenants import evidence, policy


def readings_of(path: Path) -> tuple[PolicyReading, ...]:
    return context_of(evidence_with(evidence(), read_policy_file(path))).readings


@pytest.mark.shared
def test_every_published_policy_loads_or_is_refused_with_a_clear_message(shared: Path) -> None:
    files = sorted((shared / "policies").glob("*/*.json"))
    assert len(files) >= 20
    for file in files:
        (reading,) = readings_of(file)
        for problem in reading.problems:
            assert any(word in problem.sentence for word in ("<", "globalSecureAccess", "networkAccess")), (
                file,
                problem,
            )


@pytest.mark.shared
def test_published_policies_without_placeholders_are_understood_whole(shared: Path) -> None:
    for file in sorted((shared / "policies" / "azure-samples").glob("*.json")):
        (reading,) = readings_of(file)
        assert reading.problems == (), file


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_policy_file_may_be_written_in_any_unicode_encoding(encoding: str, tmp_path: Path) -> None:
    file = tmp_path / "policy.json"
    file.write_bytes(json.dumps(policy("Require MFA, für alle")).encode(encoding))
    (read,) = read_policy_file(file)
    assert read.display_name == "Require MFA, für alle"


def test_a_list_and_an_answer_of_graph_hold_several_policies(tmp_path: Path) -> None:
    both = [policy("one"), policy("two")]
    for document in (both, {"@odata.context": "…", "value": both}):
        file = tmp_path / "policies.json"
        file.write_text(json.dumps(document), encoding="utf-8")
        assert [one.display_name for one in read_policy_file(file)] == ["one", "two"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("{]", "no JSON"),
        ("{", "line 1, column 2"),
        ("[]", "holds no policy"),
        ('"policy"', "holds no policy"),
        ('["policy"]', "not str"),
        ("{}", "no displayName"),
        ('{"displayName": "x"}', "has no state"),
        ('{"displayName": "x", "state": "enabled"}', "has no conditions"),
        ('{"displayName": "x", "state": "enabled", "conditions": []}', "conditions is list"),
        (
            '{"displayName": "x", "state": "enabled", "conditions": {}, "grantControls": ["mfa"]}',
            "grantControls is list",
        ),
    ],
)
def test_what_is_no_policy_is_refused_with_the_place(text: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "policy.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as refused:
        read_policy_file(file)
    assert says in refused.value.what
    assert "policy" in refused.value.what
    assert refused.value.hint


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="There is no file"):
        read_policy_file(tmp_path / "nowhere.json")


@pytest.mark.parametrize(
    ("conditions", "says"),
    [
        ({"locations": ["HQ"]}, "conditions.locations is no object"),
        ({"users": ["All"]}, "conditions.users is no object"),
        ({"clientAppTypes": "all"}, "conditions.clientAppTypes is no list of texts"),
        ({"platforms": {"includePlatforms": [], "excludePlatforms": ["iOS"]}}, "without including anything"),
        ({"devices": {"deviceFilter": {"mode": "maybe", "rule": "x"}}}, "deviceFilter is not understood"),
        ({"authenticationFlows": {"transferMethods": "carrierPigeon"}}, "'carrierPigeon'"),
    ],
)
def test_a_list_where_an_object_belongs_and_the_like_are_named(conditions: dict[str, object], says: str) -> None:
    raw = policy()
    raw["conditions"].update(conditions)
    (reading,) = context_of(evidence(raw)).readings
    assert any(says in problem.sentence for problem in reading.problems), reading.problems
