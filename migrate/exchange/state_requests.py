"""Turn a list of users in any format, from a file or stdin, into requests of `set-state`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from migrate.exchange.reading import NOTHING_ASKED, Asked, read_claims, with_states
from migrate.model.claims import Claim
from migrate.model.set_state import StateRequest


def requests_from(source: str, asked: Asked = NOTHING_ASKED, *, states: bool = False) -> Iterator[StateRequest]:
    """Yield the users that a file (or `-`, stdin) names, in its order, each with its position from 0.

    Args:
        source: The file's path, or `-`.
        asked: How the operator says that it is to be read.
        states: The rows are to give the state as well: a file in which it is lost is refused. Otherwise what the
            file says about states is not a request; PreviousState with PlanDigest of a rollback file comes along,
            so that a restore can be told from a new request.

    Raises `BadInput` for a file that cannot be read.
    """
    file = read_claims(sys.stdin.buffer if source == "-" else Path(source), asked)
    claims = with_states(file).claims if states else file.claims
    return (_request(index, claim) for index, claim in enumerate(claims))


def _request(index: int, claim: Claim) -> StateRequest:
    return StateRequest(
        index=index,
        object_id=claim.object_id or "",
        user_principal_name=claim.user_principal_name or "",
        recorded_state=claim.previous_state,
        plan_digest=claim.plan_digest or "",
        listed_state=claim.mfa_state or claim.previous_state,
    )
