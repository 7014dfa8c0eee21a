"""Whatever stands around a known table, it is read right or refused: never is anybody given another state."""

from __future__ import annotations

import io
from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from migrate.errors import BadInput
from migrate.exchange.reading import Asked, read_claims, with_states
from tests.property.noisy_tables import Noisy, noisy

SEEN: Counter[str] = Counter()


def check(document: Noisy) -> None:
    """Read a document; whoever has a state has the true one, and nobody is there who was not."""
    try:
        file = with_states(read_claims(io.BytesIO(document.data), Asked(trust_disabled=True)))
    except BadInput:
        SEEN["refused"] += 1
        return
    SEEN["read"] += 1
    for claim in file.claims:
        name = claim.user_principal_name or ""
        # A name that was cut off, or holds a quote, is nobody's: it is looked up and not found.
        if "cut" in document.done and any(true != name and true.startswith(name) for true in document.truth):
            continue
        if {"stray quote", "cell lost"} & set(document.done) and '"' in name:
            continue
        assert name in document.truth, (document.done, name)
        assert claim.mfa_state in (None, document.truth[name]), (document.done, claim)
        SEEN["right" if claim.mfa_state else "unknown"] += 1


@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(noisy())
def test_a_noisy_table_is_read_right_or_refused(document: Noisy) -> None:
    check(document)


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(noisy())
def test_a_table_with_little_noise_is_mostly_read(document: Noisy) -> None:
    """Refusing everything would be right and useless: what only has titles, blanks, totals or signs is read."""
    if set(document.done) <= {"", "titles", "blank", "signs", "total", "header", "example", "sep", "flat"}:
        names = {claim.user_principal_name for claim in read_claims(io.BytesIO(document.data)).claims}
        assert names >= document.truth.keys() or b"PK" in document.data[:2]


BATCHES = 20
TABLES = 1_000
"""In each batch: Hypothesis remembers every table that it has made, so that one long row of them gets ever slower."""


@pytest.mark.long
@pytest.mark.parametrize("batch", range(BATCHES))
def test_a_thousand_noisy_tables_are_read_right_or_refused_twenty_times(batch: int) -> None:
    SEEN.clear()

    # Other tables in each batch and in each run: nothing is kept, and no seed is given.
    @settings(max_examples=TABLES, suppress_health_check=list(HealthCheck), phases=[Phase.generate], database=None)
    @given(noisy())
    def each(document: Noisy) -> None:
        check(document)

    each()
    print(f"batch {batch}: {dict(SEEN)}")
    assert SEEN["read"] > SEEN["refused"] / 2
    assert SEEN["right"] > 10_000 / BATCHES
