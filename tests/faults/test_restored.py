"""Older copies of the folder's files come back at random moments: by the tool's own hints everybody comes back too.

Journal, plan, snapshot and rollback files are restored each alone, in random combinations, as the whole folder at once,
and beside a damaged rollback.json. Then an administrator goes on or goes back, and does what the messages say.
"""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest

from tests.faults.dying import Graveyard
from tests.faults.lab import EVERYBODY, NO_WAITS, Lab, open_lab

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the test forks; Windows cannot")

BOOKS = {
    "journal": ("journal.db", "journal.db-wal"),
    "plan": ("plan.json", "plan.csv"),
    "snapshot": ("snapshot.db",),
    "rollback files": ("rollback.csv", "rollback.json"),
    "rollback.csv": ("rollback.csv",),
    "rollback.json": ("rollback.json",),
    "readings": ("readings.json",),
}
ALONE = [[book] for book in BOOKS if book != "readings"]
EVERYTHING = list(BOOKS)
ROUNDS = 8
"""So many commands are more than an administrator ever needs here."""


class Story:
    """One run with its moments, one restore, and what an administrator does then."""

    def __init__(self, lab: Lab, graveyard: Graveyard, chance: random.Random) -> None:
        self.lab, self.graveyard, self.chance = lab, graveyard, chance
        self.moments: list[Path] = []
        self.done: list[str] = []
        """What was done, for the message of a test that fails."""
        self.kills = 0

    # The run

    def keep(self) -> None:
        """Make a backup of the folder as it is now."""
        copy = self.lab.folder / f"backup-{len(self.moments)}"
        shutil.copytree(self.lab.workspace, copy, ignore=shutil.ignore_patterns("*-shm", "lock*"))
        self.moments.append(copy)

    def until_the_restore(self) -> None:
        """Go through the run to some moment, with a backup at each, and die on the way as chance has it."""
        self.keep()
        self.command("apply", "--until", "wave:1")
        self.keep()
        if self.chance.random() < 0.5:
            self.kill_near("apply")
            self.keep()
        if self.chance.random() < 0.7:
            self.command("apply")
            self.keep()
        match self.chance.choice(("", "", "rollback killed", "rollback of a wave", "planned anew")):
            case "rollback killed":
                self.kill_near("rollback")
                self.keep()
            case "rollback of a wave":
                self.command("rollback", "--wave", str(self.chance.choice((1, 2))))
                self.keep()
            case "planned anew":
                self.command("export")
                self.command("plan", "--supersede")
                self.keep()
                self.command("apply")

    def words(self, verb: str, *more: str) -> list[str]:
        usual = {"apply": ["--yes", "--max-users", "100%", *NO_WAITS], "rollback": ["--yes"]}
        return [verb, *usual.get(verb, []), *more]

    def command(self, verb: str, *more: str) -> int:
        code = self.lab.run(*self.words(verb, *more), allow=(0, 1, 2, 3, 5))
        self.note(f"{verb} {' '.join(more)}: {code}")
        return code

    def kill_near(self, verb: str) -> None:
        place = ["--config", str(self.lab.config), "--workspace", str(self.lab.workspace), "--no-progress"]
        off, enough = len(self.lab.switched_off()), self.chance.randrange(1, 12)
        code = self.graveyard.run(
            self.lab,
            [*self.words(verb), *place],
            kill_when=lambda: abs(len(self.lab.switched_off()) - off) >= enough,
        )
        self.kills += code == -9
        self.note(f"{verb} killed: {code}")

    def note(self, what: str) -> None:
        """Take down what was done; the policies protect everybody who is off, at every moment."""
        off = self.lab.switched_off()
        self.done.append(f"{what}, {len(off)} off")
        needed = "MFA" if self.lab.mode == "create" else EVERYBODY
        enabled = [name for name, state in self.lab.policies() if state == "enabled" and needed in name]
        assert not off or enabled, f"{len(off)} users are off and nothing demands MFA of them: {self}"

    # The restore

    def restore(self, books: list[str], *, damaged: bool) -> None:
        """Put older copies of these books in the place of those that are there."""
        older = self.chance.choice(self.moments[:-1] if len(self.moments) > 1 else self.moments)
        for name in {name for book in books for name in BOOKS[book]}:
            here, there = self.lab.workspace / name, older / name
            here.unlink(missing_ok=True)
            if there.exists():
                shutil.copyfile(there, here)
        (self.lab.workspace / "journal.db-shm").unlink(missing_ok=True)
        beside = self.lab.workspace / "rollback.json"
        if damaged and beside.exists():
            beside.write_bytes(beside.read_bytes()[: self.chance.randrange(200)])
        self.done.append(f"restored {', '.join(books)} of {older.name}{', rollback.json damaged' * damaged}")

    # The administrator

    def goes_on(self) -> None:
        """Let an administrator go on, or go back at once, and then go back for good, as the messages say."""
        if self.chance.random() < 0.6:
            self.command("apply", *(["--until", "wave:1"] if self.chance.random() < 0.3 else []))
        words: list[str] = []
        for _ in range(ROUNDS):
            code = self.command("rollback", *words)
            if not self.lab.switched_off() and (code == 0 or "to roll back" in self.lab.said):
                return
            words = ["--overwrite-drift"] if "--overwrite-drift" in self.lab.said else []
        names = {row["ObjectId"]: row["UserPrincipalName"] for row in self.lab.plan_rows()}
        unnamed = [user for user in self.lab.switched_off() if names.get(user, user) not in self.lab.said]
        assert not unnamed, f"{len(unnamed)} users are off and nobody says so: {self}"
        raise AssertionError(f"the hints lead nowhere: {self}")

    def __str__(self) -> str:
        return "\n".join([*self.done, self.lab.said])


def one_restore(folder: Path, graveyard: Graveyard, seed: int) -> Story:
    """Play one story to its end, and assert that everybody is back."""
    chance = random.Random(seed)
    mode = ("create", "adopt")[seed % 2]
    with open_lab(folder, mode=mode, users=42, lean=True) as lab:
        if mode == "create":
            for policy in lab.sandbox.tenant.policies.values():
                policy["state"] = "disabled"
        lab.prepare()
        before, story = lab.states(), Story(lab, graveyard, chance)
        story.until_the_restore()
        kind = seed // 2 % 4
        some = chance.sample(EVERYTHING, chance.randrange(2, len(EVERYTHING)))
        books = (EVERYTHING, ALONE[seed // 8 % len(ALONE)], some, ["journal"])[kind]
        story.restore(books, damaged=kind == 3 or (kind != 1 and chance.random() < 0.3))
        story.goes_on()
        assert lab.is_back((before, lab.policies())), str(story)
        return story


def played(folder: Path, graveyard: Graveyard, seeds: range) -> None:
    stories = [one_restore(folder / str(seed), graveyard, seed) for seed in seeds]
    print(f"{len(stories)} restores, {sum(story.kills for story in stories)} kills, 0 users lost")


def test_whatever_is_restored_everybody_comes_back(tmp_path: Path, graveyard: Graveyard) -> None:
    played(tmp_path, graveyard, range(8))


@pytest.mark.long
@pytest.mark.parametrize("first", range(8, 56, 8))
def test_whatever_is_restored_everybody_comes_back_again_and_again(
    tmp_path: Path, graveyard: Graveyard, first: int
) -> None:
    played(tmp_path, graveyard, range(first, first + 8))
