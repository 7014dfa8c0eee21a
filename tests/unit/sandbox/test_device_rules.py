"""Filters for devices, read after concept-condition-filters-for-devices (entra-docs)."""

import pytest

from migrate.sandbox.device_rules import rule_matches

MANAGED = {
    "isCompliant": True,
    "trustType": "ServerAD",
    "displayName": "FRONT-DESK-7",
    "operatingSystemVersion": "10.0.22000",
    "physicalIds": ["[ZTDId]:abc", "[OrderId]:desk"],
    "extensionAttribute1": "SAW",
}
OWN = {"isCompliant": False, "trustType": "Workplace", "displayName": "phone", "extensionAttribute1": "SAW"}


@pytest.mark.parametrize(
    ("rule", "managed", "own", "unregistered"),
    [
        ('device.isCompliant -eq "True"', True, False, False),
        ("device.isCompliant -eq True", True, False, False),
        ('device.isCompliant -ne "True"', False, True, True),
        ('(device.trustType -eq "serverad")', True, False, False),
        ('device.displayName -startsWith "front"', True, False, False),
        ('device.displayName -notContains "DESK"', False, True, True),
        ('device.displayName -endsWith "7" and device.isCompliant -eq "True"', True, False, False),
        ('device.displayName -eq "phone" -or device.trustType -in ["ServerAD", "AzureAD"]', True, True, False),
        ('device.trustType -notIn ["ServerAD", "AzureAD"]', False, True, True),
        ('-not (device.isCompliant -eq "True")', False, True, True),
        ('device.extensionAttribute1 -eq "SAW"', True, False, False),
        ('device.extensionAttribute1 -ne "SAW"', False, True, True),
        # What was not said of a registered device is not known, and of an unregistered one there is nothing.
        ('device.physicalIds -contains "[ZTDId]:abc"', True, None, False),
        ('device.physicalIds -contains "ZTDId"', False, None, False),
        ('device.model -eq "Surface"', None, None, False),
        ('device.model -eq "Surface" and device.trustType -eq "AzureAD"', False, False, False),
        ('device.model -eq "Surface" or device.displayName -ne "nothing"', True, True, True),
    ],
)
def test_a_rule_matches(rule: str, managed: bool | None, own: bool | None, unregistered: bool | None) -> None:
    assert [rule_matches(rule, each) for each in (MANAGED, OWN, {})] == [managed, own, unregistered]


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "device.isCompliant",
        "device.isCompliant -eq",
        "user.department -eq X",
        "device.isCompliant -matches True",
        "(device.isCompliant -eq True",
        "device.isCompliant -eq True)",
        "device.trustType -in ServerAD",
        "device.trustType -in [ServerAD",
        "device.isCompliant -eq True device.trustType -eq X",
        'device.isCompliant -eq "True',
        "{}",
        "(" * 500 + "device.isCompliant -eq True" + ")" * 500,
        "not " * 500 + "device.isCompliant -eq True",
    ],
)
def test_a_rule_that_cannot_be_read_is_not_known(rule: str) -> None:
    assert rule_matches(rule, MANAGED) is None
