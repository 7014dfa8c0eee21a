"""What one reading holds, in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from migrate.model.record import Record
from migrate.model.sign_ins import Form, SeenAs, SignInClass, SignInKind


class OutcomeCount(Record, frozen=True, kw_only=True):
    """Sign-ins of one form with one ending."""

    form: Form
    outcome: SignInClass
    rows: int
    attempts: int
    people: int


class Summary(Record, frozen=True, kw_only=True):
    """A reading in numbers."""

    kinds: int
    people: int
    not_in_the_snapshot: int
    """People whom the last export does not have."""
    outcomes: tuple[OutcomeCount, ...]
    asked: dict[str, int]
    """Attempts that reached a decision, by who asked for MFA (requirementProvider; several may stand together);
    `nobody`, and `notTold` where the source does not say."""
    from_two_addresses: int
    """Attempts of which the service saw another address than Entra: both are tried."""


def summary_of(people: Iterable[SeenAs], known: frozenset[str]) -> Summary:
    """Return the numbers of a reading; `known` are the object ids of the last export."""
    kinds: set[object] = set()
    everybody: set[str] = set()
    rows: Counter[tuple[Form, SignInClass]] = Counter()
    attempts: Counter[tuple[Form, SignInClass]] = Counter()
    who: dict[tuple[Form, SignInClass], set[str]] = {}
    asked: Counter[str] = Counter()
    from_two = 0
    for one in people:
        place = (one.kind.form, one.kind.outcome)
        kinds.add(one.kind)
        everybody.add(one.user_id)
        rows[place] += one.seen.rows
        attempts[place] += one.seen.attempts
        who.setdefault(place, set()).add(one.user_id)
        if one.kind.places_seen_by_resource is not None:
            from_two += one.seen.attempts
        if one.kind.outcome.reached_a_decision:
            asked[_who_asked(one.kind)] += one.seen.attempts
    return Summary(
        kinds=len(kinds),
        people=len(everybody),
        not_in_the_snapshot=len(everybody - known),
        outcomes=tuple(
            OutcomeCount(
                form=form,
                outcome=outcome,
                rows=rows[form, outcome],
                attempts=attempts[form, outcome],
                people=len(who[form, outcome]),
            )
            for form in Form
            for outcome in SignInClass
            if (form, outcome) in who
        ),
        asked={who: number for who, number in sorted(asked.items()) if number},
        from_two_addresses=from_two,
    )


def _who_asked(kind: SignInKind) -> str:
    asked = kind.was_asked
    if asked is None:
        return "notTold"
    # A policy that enforced MFA asked, also where the list of those who ask does not say so.
    return " ".join(kind.asked_by or ("multiConditionalAccess",)) if asked else "nobody"
