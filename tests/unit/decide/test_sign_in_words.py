"""Words and codes of the sign-in log, and who was seen in which way."""

from __future__ import annotations

import pytest
from msgspec import structs

from migrate.decide.sign_ins.ways import ways_seen
from migrate.decide.sign_ins.words import class_of, client_types, is_hybrid, platform_of
from migrate.model.sign_ins import Coordinate, Form, Seen, SeenAs, SignInClass, SignInKind, WayIn
from tests.unit.store.test_sign_ins import KIND, SOURCE


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        (0, "ok"),
        (50074, "interrupt"),
        (50079, "interrupt"),
        (70043, "afterChange"),
        (500121, "mfaFailed"),
        (53003, "blocked"),
        (530035, "blocked"),
        (53000, "device"),
        (53011, "cannotEnrol"),
        (50105, "notOurs"),
        (50126, "noise"),
        (999, "other"),
    ],
)
def test_a_code_means_what_the_table_says_and_an_unknown_one_is_another_failure(code: int, meaning: str) -> None:
    assert class_of(code) == meaning


@pytest.mark.parametrize(
    ("system", "platform"),
    [
        ("Windows11", "windows"),
        ("Windows Phone 10", "windowsPhone"),
        ("MacOs", "macOS"),
        ("OS X 10", "macOS"),
        ("Ios 18.1", "iOS"),
        ("iPadOS", "iOS"),
        ("Ubuntu", "linux"),
        ("ChromeOS", "unknown"),
        ("", None),
    ],
)
def test_an_operating_system_is_a_platform_another_word_unknown_and_none_not_known(
    system: str, platform: str | None
) -> None:
    assert platform_of(system) == platform


@pytest.mark.parametrize(
    ("client", "platform", "types"),
    [
        ("Browser", None, ("browser",)),
        ("IMAP4", None, ("other",)),
        ("imap", "iOS", ("other",)),
        ("Modern clients", None, ("mobileAppsAndDesktopClients",)),
        ("Exchange ActiveSync", "iOS", ("easSupported",)),
        ("Exchange ActiveSync", "linux", ("exchangeActiveSync",)),
        ("Exchange ActiveSync", None, ("easSupported", "exchangeActiveSync")),
        ("Something new", None, ("mobileAppsAndDesktopClients", "other")),
    ],
)
def test_a_client_is_every_type_that_it_may_be(client: str, platform: str | None, types: tuple[str, ...]) -> None:
    assert client_types(client, platform) == types


@pytest.mark.parametrize(
    ("trust", "hybrid"),
    [("Hybrid Azure AD joined", True), ("ServerAd", True), ("Azure AD joined", False), ("", False), ("Strange", None)],
)
def test_a_word_for_trust_that_no_page_explains_is_not_known(trust: str, hybrid: bool | None) -> None:
    assert is_hybrid(trust) is hybrid


def seen_as(user_id: str, at: int, **members: object) -> SeenAs:
    kind: SignInKind = structs.replace(KIND, **members)
    return SeenAs(kind=kind, user_id=user_id, seen=Seen(rows=1, first=at, last=at, hours=((at // 3600, 1),)))


def test_who_succeeded_in_a_way_is_seen_in_it_with_the_last_time() -> None:
    found = ways_seen(
        [structs.replace(SOURCE, lost=(Coordinate.FLOW,))],
        [
            seen_as("u1", 100, client="IMAP4"),
            seen_as("u1", 900, client="IMAP4"),
            seen_as("u1", 500, client="Authenticated SMTP"),
            seen_as("u2", 300, protocol="ROPC"),
            seen_as("u3", 400, flow="deviceCodeFlow"),
            seen_as("u4", 400, client="IMAP4", outcome=SignInClass.BLOCKED),
            seen_as("u5", 400),
        ],
    )
    assert found is not None
    assert found.last == {
        "u1": {WayIn.LEGACY_CLIENT: 900, WayIn.SMTP_AUTH: 500},
        "u2": {WayIn.ROPC: 300},
        "u3": {WayIn.DEVICE_CODE: 400},
    }
    assert found.lost == (Coordinate.FLOW,)


def test_who_sat_at_a_keyboard_outside_the_named_locations_is_known() -> None:
    found = ways_seen(
        [SOURCE],
        [
            seen_as("outside", 100, places=()),
            seen_as("interrupted", 100, places=(), outcome=SignInClass.INTERRUPT),
            seen_as("inside", 100, places=("hq",)),
            seen_as("nowhere", 100, places=None),
            seen_as("by itself", 100, places=(), form=Form.NON_INTERACTIVE),
            # Somebody who tries passwords says nothing about the account.
            seen_as("sprayed", 100, places=(), outcome=SignInClass.NOISE),
            seen_as("blocked", 100, places=(), outcome=SignInClass.BLOCKED),
        ],
    )
    assert found is not None
    assert found.outside == {"outside", "interrupted"}


def test_without_any_reading_nothing_is_known_of_anybody() -> None:
    assert ways_seen([], []) is None
    assert ways_seen([SOURCE], []) is not None
