"""Find policies and applications by what a reader calls them: ids, whole names, parts of names, and near misses.

For verbs that only read. Whatever writes, and the configuration, takes an id or an exact name.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from migrate.decide.coverage.strictly import is_guid
from migrate.decide.coverage.vocabulary import APP_NAMES, APP_SUITES
from migrate.decide.naming import begins_words, plain, words_of
from migrate.errors import UsageProblem
from migrate.model.evidence import ConditionalAccessPolicy, Evidence
from migrate.model.record import Record

NEAR = 3
"""How many near misses are proposed."""
LIKENESS = 0.4
"""How like a name must be to be proposed, from 0 to 1."""


class Thing(Record, frozen=True, kw_only=True):
    """Something with an id that people call by a name."""

    id: str
    name: str

    def __str__(self) -> str:
        """Return `'Require MFA' (3f0c…)`."""
        return f"{self.name!r} ({self.id})"


def thing_called(text: str, things: Iterable[Thing], kind: str, *, otherwise: str) -> Thing:
    """Return the one thing that a text stands for: its id, its whole name in any case, or beginnings of its words.

    Args:
        text: What was typed.
        things: What there is.
        kind: What they are, for the message, such as `policy`.
        otherwise: What to do where nothing is called so and nothing is near.

    Raises UsageProblem for one that is not there, with the near ones, and for one that fits several, with all ids.
    """
    known, wanted = tuple(things), plain(text)
    whole = [one for one in known if wanted in (one.id.casefold(), plain(one.name))]
    words = words_of(wanted)
    fitting = whole or [
        one for one in known if words and not is_guid(wanted) and begins_words(words, [plain(one.name)])
    ]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise UsageProblem(
            f"{text!r} fits {len(fitting)} of them: {'; '.join(map(str, fitting))}.", hint="Give the id of one."
        )
    names = {plain(one.name): one for one in known}
    near = difflib.get_close_matches(wanted, names, n=NEAR, cutoff=LIKENESS)
    hint = f"Near: {', '.join(repr(names[name].name) for name in near)}." if near else otherwise
    raise UsageProblem(f"There is no {kind} called {text!r}.", hint=hint)


def policy_called(text: str, evidence: Evidence) -> ConditionalAccessPolicy:
    """Return the policy of the tenant that a text stands for; raises as `thing_called`."""
    things = [Thing(id=policy.id, name=policy.display_name) for policy in evidence.policies]
    otherwise = "`mfa-migrate explain USER` lists the policies."
    found = thing_called(text, things, "policy", otherwise=otherwise)
    return next(policy for policy in evidence.policies if policy.id == found.id)


def application_called(text: str, *, groups: bool) -> Thing:
    """Return the application that a text stands for; an id stands for itself, whether it is known or not.

    Args:
        text: A client id, or the name of one of Microsoft's applications.
        groups: Whether an application group such as Office365 will do too.

    Raises as `thing_called`.
    """
    if is_guid(text):
        return Thing(id=text.lower(), name=APP_NAMES.get(text.lower(), text))
    suites = {suite.casefold(): suite for suite in APP_SUITES}
    if groups and text.casefold() in suites:
        return Thing(id=suites[text.casefold()], name=APP_NAMES[text.casefold()])
    things = [Thing(id=app_id, name=name) for app_id, name in APP_NAMES.items() if is_guid(app_id)]
    wanted = f", or one of the application groups {', '.join(APP_SUITES)}" if groups else ""
    return thing_called(text, things, "application", otherwise=f"Give its application (client) id{wanted}.")
