"""Why a machine keeps no token: told by what stands below azure-identity's own words, which propose plain text."""

from __future__ import annotations

import pytest

from migrate.graph.token_cache import why_nothing_is_kept

AZURE = ValueError('Cache encryption is impossible. Specify "allow_unencrypted_storage=True" to store it unencrypted.')
PERFORMED = RuntimeError("libsecret did not perform properly.\n* If you encountered error ...")
NO_BUS = OSError("g-io-error-quark: Cannot autolaunch D-Bus without X11 $DISPLAY (0)\nmore")


@pytest.mark.parametrize(
    ("below", "why", "step"),
    [
        (
            (ImportError("Unable to import module 'gi'"), ModuleNotFoundError("No module named 'gi'")),
            "PyGObject",
            "python3-gi",
        ),
        ((ValueError('Require a package "gir1.2-secret-1"'),), "PyGObject", "gir1.2-secret-1"),
        ((PERFORMED, NO_BUS), "is locked (g-io-error-quark: Cannot autolaunch D-Bus", "an unlocked keyring"),
    ],
)
def test_the_reason_is_told_in_our_own_words(below: tuple[Exception, ...], why: str, step: str) -> None:
    told = why_nothing_is_kept([OSError("Authentication failed"), AZURE, *below])
    assert told is not None
    assert why in told[0]
    assert step in told[1]
    assert told[1].startswith("Take `cache` out of [sign_in] in the configuration")
    assert "unencrypted" not in " ".join(told)
    assert "\n" not in " ".join(told)


def test_a_system_without_a_store_and_a_reason_of_its_own() -> None:
    told = why_nothing_is_kept([NotImplementedError("A persistent cache is not available in this environment.")])
    assert told is not None
    assert "operating system has no store" in told[0]
    assert why_nothing_is_kept([ValueError("of another sort\nand more")]) == (
        "of another sort",
        "Take `cache` out of [sign_in] in the configuration.",
    )


def test_any_other_trouble_is_not_the_caches() -> None:
    assert why_nothing_is_kept([OSError("no route"), TimeoutError("late")]) is None
