"""Lay an old export beside the tenant: both are tables, and pandas joins them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, assert_never, cast

from migrate.exchange.invisible import invisible_in
from migrate.model.claims import Claim, ClaimFile, Comparison, Difference, DifferenceKind
from migrate.model.users import AnyUser, MfaState, UnreadableUser, UserRecord

if TYPE_CHECKING:
    import pandas


class _Pair(NamedTuple):
    """One line of the join; the claim's half or the user's half may be missing (None)."""

    claim: Claim | None
    user: AnyUser | None


def comparison_of(file: ClaimFile, users: Iterable[AnyUser]) -> Comparison:
    """Return where a file and the tenant disagree, in the file's order, then who is new, by name.

    A user is matched by object id where the row has one, else by user principal name in any case; never by
    display name. `users` is the tenant as a snapshot holds it.
    """
    pairs = list(_joined(file.claims, list(users)))
    differences = [difference for pair in pairs for difference in _differences(file, pair)]
    disagreeing = sum(any(True for _ in _differences(file, pair)) for pair in pairs)
    return Comparison(differences=tuple(differences), agree=len(pairs) - disagreeing, states=_states(file, pairs))


def _joined(claims: tuple[Claim, ...], users: list[AnyUser]) -> Iterator[_Pair]:
    import pandas

    tenant = pandas.DataFrame(
        {
            # Named, because an empty list would make a column of numbers.
            "key": pandas.Series([user.profile.id.lower() for user in users], dtype=object),
            "name": pandas.Series([user.profile.user_principal_name.casefold() for user in users], dtype=object),
            "user": range(len(users)),
        }
    )
    old = pandas.DataFrame(
        {
            "key": pandas.Series([claim.object_id for claim in claims], dtype=object),
            "name": pandas.Series([(claim.user_principal_name or "").casefold() for claim in claims], dtype=object),
            "claim": range(len(claims)),
        },
    )
    by_name = tenant.drop_duplicates("name").set_index("name")["key"]
    # A name that the text may stand for as well counts only where nobody has the one that was read.
    other = pandas.Series([(claim.also_named or "").casefold() or None for claim in claims], dtype=object)
    old["key"] = old["key"].where(old["key"].notna(), old["name"].map(by_name))
    old["key"] = old["key"].where(old["key"].notna(), other.map(by_name))
    # A key that nobody has is not joined with another one: pandas would take missing for equal.
    nobody = old["key"].isna()
    joined = old[~nobody].merge(tenant, on="key", how="outer")
    whole = pandas.concat([joined, old[nobody]], ignore_index=True)
    for claim, user in _positions(whole.sort_values(["claim", "name_y"], na_position="last")):
        yield _Pair(claims[claim] if claim is not None else None, users[user] if user is not None else None)


def _positions(joined: pandas.DataFrame) -> Iterator[tuple[int | None, int | None]]:
    import pandas

    for claim, user in cast("Iterable[tuple[Any, Any]]", zip(joined["claim"], joined["user"], strict=True)):
        yield None if pandas.isna(claim) else int(claim), None if pandas.isna(user) else int(user)


def _differences(file: ClaimFile, pair: _Pair) -> Iterator[Difference]:
    claim, user = pair
    if user is None:
        assert claim is not None, "a line of a join has at least one half"
        yield _nobody(claim)
    elif claim is None:
        yield _difference(DifferenceKind.NEW, None, user, f"is not in {file.name}; the tenant says {_word(user)}")
    else:
        yield from _both(file, claim, user)


def _both(file: ClaimFile, claim: Claim, user: AnyUser) -> Iterator[Difference]:
    name = user.profile.user_principal_name
    named = {each.casefold() for each in (claim.user_principal_name, claim.also_named) if each}
    if named and name.casefold() not in named:
        yield _difference(DifferenceKind.RENAMED, claim, user, f"was {claim.user_principal_name} in row {claim.row}")
    match user:
        case UnreadableUser():
            yield _difference(DifferenceKind.UNREADABLE, claim, user, f"could not be read: {user.reason}")
            return
        case UserRecord():
            found = user.mfa_state
        case _:
            assert_never(user)
    if file.state_from is None or file.no_state_because is not None:
        return
    if claim.mfa_state is None:
        yield _difference(DifferenceKind.NOT_STATED, claim, user, f"has no readable state in row {claim.row}")
    elif claim.mfa_state is not found:
        promoted = claim.mfa_state.is_found_as(found)
        kind = DifferenceKind.PROMOTED if promoted else DifferenceKind.STATE
        said = f"is {claim.mfa_state} in row {claim.row} and {found} in the tenant"
        yield _difference(kind, claim, user, said + (", as Graph promotes registered users" if promoted else ""))


def _nobody(claim: Claim) -> Difference:
    by_id = claim.object_id is not None
    who = claim.object_id if by_id else claim.user_principal_name
    unseen = "" if by_id else invisible_in(claim.user_principal_name or "")
    unseen = unseen and f". {unseen}"
    return Difference(
        kind=DifferenceKind.DELETED if by_id else DifferenceKind.MISSING,
        object_id=claim.object_id or "",
        user_principal_name=claim.user_principal_name or "",
        claimed=claim.mfa_state,
        found=None,
        row=claim.row,
        sentence=f"row {claim.row}: the tenant has nobody with the {'id' if by_id else 'name'} {who}{unseen}",
    )


def _difference(kind: DifferenceKind, claim: Claim | None, user: AnyUser, sentence: str) -> Difference:
    return Difference(
        kind=kind,
        object_id=user.profile.id,
        user_principal_name=user.profile.user_principal_name,
        claimed=claim.mfa_state if claim else None,
        found=_found(user),
        row=claim.row if claim else None,
        sentence=f"{user.profile.user_principal_name} {sentence}",
    )


def _found(user: AnyUser) -> MfaState | None:
    return user.mfa_state if isinstance(user, UserRecord) else None


def _word(user: AnyUser) -> str:
    found = _found(user)
    return found.value if found else "nothing, it could not be read"


def _states(file: ClaimFile, pairs: list[_Pair]) -> dict[str, dict[str, int]]:
    """Return how often the file's word meets the tenant's, for users who are in both."""
    import pandas

    both = [(pair.claim, pair.user) for pair in pairs if pair.claim is not None and pair.user is not None]
    if file.state_from is None or not both:
        return {}
    claimed = pandas.Series([claim.mfa_state.value if claim.mfa_state else "none" for claim, _ in both])
    found = pandas.Series([state.value if (state := _found(user)) else "none" for _, user in both])
    table = pandas.crosstab(found, claimed).to_dict()
    return {str(row): {column: count for column, count in counts.items() if count} for row, counts in table.items()}
