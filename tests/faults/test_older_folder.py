"""The whole folder comes back as an older copy: only the tenant knows more, and whatever reads it says so."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.faults.lab import Lab, open_lab

OLDER = "no book here says that it was done"


@pytest.mark.parametrize("begun", [False, True], ids=["before the run", "after wave 1"])
def test_verify_and_status_name_who_was_disabled_from_the_folder_that_is_lost(tmp_path: Path, begun: bool) -> None:
    with open_lab(tmp_path, users=40, lean=True) as lab:
        lab.prepare()
        if begun:
            assert lab.apply("--until", "wave:1") == 0
        known = lab.switched_off()
        assert (lab.run("verify"), OLDER in lab.said) == (0, False)
        shutil.copytree(lab.workspace, tmp_path / "older")
        assert lab.apply() == 0
        lab.run("status", "--live")
        assert OLDER not in lab.said
        shutil.rmtree(lab.workspace)
        (tmp_path / "older").rename(lab.workspace)

        names = {people_name(lab, user) for user in lab.switched_off() - known}
        assert names
        lab.run("verify", allow=(1,))
        assert OLDER in lab.said
        lab.run("verify", "-o", "json", allow=(1,))
        assert unaccounted_in(lab.said) == names
        lab.run("status", "--live", "-o", "json")
        assert unaccounted_in(lab.said) == names
        lab.run("status")
        assert OLDER not in lab.said  # it reads no tenant


def people_name(lab: Lab, user_id: str) -> str:
    people = lab.sandbox.tenant.people
    place = next(place for place in range(len(people)) if people.user_id(place) == user_id)
    return str(people.user(place)["userPrincipalName"])


def unaccounted_in(said: str) -> set[str]:
    document, _ = json.JSONDecoder().raw_decode(said, said.index("{"))
    return set(document["unaccounted"])
