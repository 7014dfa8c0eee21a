"""Names of the configuration that an export shows in part: what is missing is said, and nothing rests on it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from migrate.decide.config_names import Names
from migrate.errors import ConfigProblem
from migrate.model.stand_in import stand_in_id
from migrate.model.users import AnyUser
from tests.unit.decide.records import evidence, user

WHOLE = user("ann")


def shown(**members: Any) -> AnyUser:
    return msgspec.structs.replace(WHOLE, profile=msgspec.structs.replace(WHOLE.profile, **members))


def names(*users: AnyUser) -> Names:
    def find(name: str) -> AnyUser | None:
        known = (one for one in users if name in (one.profile.id, one.profile.user_principal_name))
        return next(known, None)

    return Names(evidence(), {}, find, lambda: users, lambda _: "")


def test_a_user_whose_name_graph_left_out_may_be_the_one_that_is_named() -> None:
    with pytest.raises(ConfigProblem) as caught:
        names(shown(user_principal_name="")).user("ann@contoso.example", "emergency_access.accounts")
    assert "there is no user 'ann@contoso.example'" in caught.value.what
    assert f"1 user without a user name, who may be the one: {WHOLE.profile.id}" in caught.value.hint
    assert "write the object id" in caught.value.hint
    assert names(shown(user_principal_name="")).user(WHOLE.profile.id, "emergency_access.accounts") == WHOLE.profile.id


def test_where_everybody_has_a_name_nothing_is_said_of_missing_ones() -> None:
    with pytest.raises(ConfigProblem) as caught:
        names(WHOLE).user("bob@contoso.example", "emergency_access.accounts")
    assert "without a user name" not in caught.value.hint


def test_nothing_rests_on_a_user_whose_id_graph_left_out() -> None:
    with pytest.raises(ConfigProblem, match="without its id, so nothing can rest on it") as caught:
        names(shown(id=stand_in_id(1))).user(WHOLE.profile.user_principal_name, "emergency_access.accounts")
    assert "mfa-migrate export" in caught.value.hint
