"""`advise`: the few steps that would cover everybody on per-user MFA, and what each costs."""

from __future__ import annotations

import difflib
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, assert_never

import typer

from migrate.commands.call import Call
from migrate.commands.now import now_or_export
from migrate.commands.options import verb
from migrate.commands.plan import rules_for
from migrate.commands.risk_lists import risk_lists_of
from migrate.commands.sign_in_evidence import ways_seen_in
from migrate.commands.wiring import workspace_of
from migrate.config import config_from
from migrate.errors import ConfigProblem, ExitCode, UsageProblem
from migrate.model.advice import Advice, AllClientApps, CreateOurs, EndExclusion, Number, Remedy, SwitchOn, WidenOurs
from migrate.model.evidence import Evidence
from migrate.model.templates import Template
from migrate.model.users import AnyUser
from migrate.named_files import reading_named
from migrate.store.files import write_atomically
from migrate.store.snapshot import Snapshot, open_snapshot

if TYPE_CHECKING:
    from migrate.decide.advice.advising import Adviser
    from migrate.decide.people.leaving_out import LeavingOut
    from migrate.decide.people.lists import RiskLists


@verb
def advise(
    call: Call,
    take: Annotated[
        list[int] | None,
        typer.Option(
            "--take",
            metavar="N",
            help="Take this step: write it into the configuration, or say what to click. May be given several times.",
        ),
    ] = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 when somebody on per-user MFA is not covered.")
    ] = False,
) -> ExitCode:
    """Work out which few steps would cover everybody on per-user MFA, and what each costs.

    Reads the last export and the configuration; changes nothing in the tenant. Steps are: switch on a report-only
    policy, create one of ours, widen ours from its pilot to all users, end an exclusion, set client apps to all. Each
    is judged for everybody: whom it covers, who is newly required to use MFA, who may be blocked. `-o csv` names the
    people behind each number. What looks like a service account, a room or a shared mailbox is proposed to be left
    out, with the entry to write: nothing leaves it out by itself.

    \b
    Examples:
        mfa-migrate advise
        mfa-migrate advise --take 1
        mfa-migrate advise --exit-code
        mfa-migrate advise -o csv > people.csv
        mfa-migrate advise -o json
    """
    from migrate.decide.accounts_of_nobody import role_holders
    from migrate.decide.advice.advising import advised
    from migrate.decide.people.leaving_out import LeavingOut
    from migrate.views.advise import advice_answer, taken_answer

    workspace = workspace_of(call)
    with open_snapshot(workspace) as snapshot:
        rules = rules_for(call.settings, snapshot, today=snapshot.header.taken_on)
        ways = ways_seen_in(workspace)
        evidence = snapshot.evidence()
        leaving = LeavingOut(rules, role_holders(evidence))
        users = _noted(snapshot.users(), leaving, risk_lists_of(workspace, snapshot, call.settings.config))
        adviser, advice = advised(snapshot.header, evidence, rules, users, ways)
        if take:
            remedies = _chosen(advice, take)
            path = _written(call, remedies, evidence)
            call.answer(taken_answer(remedies, path))
        else:
            moment = now_or_export(call, workspace, snapshot).moment
            call.answer(
                advice_answer(
                    snapshot.header,
                    advice,
                    moment,
                    lambda: _people(snapshot, adviser, advice),
                    leaving.proposed(one.remedy for one in advice.proposals),
                )
            )
    return ExitCode.FINDINGS if exit_code and advice.uncovered else ExitCode.OK


def _noted(users: Iterable[AnyUser], leaving: LeavingOut, lists: RiskLists) -> Iterator[AnyUser]:
    """Yield the users, noting on the way which of them look like nobody's."""
    for user in users:
        leaving.take(user, lists.of(user))
        yield user


def _people(snapshot: Snapshot, adviser: Adviser, advice: Advice) -> Iterator[tuple[str, str, Number, AnyUser]]:
    """Yield whom each number is made of: for each step alone, and for each set of several."""
    from migrate.views.remedies import remedy_words

    words = {one.number: remedy_words(one.remedy) for one in advice.proposals}
    sets = [(one.number,) for one in advice.proposals] + [way.steps for way in advice.ways if len(way.steps) > 1]
    for user in snapshot.users():
        for steps in sets:
            for number in adviser.behind(user, steps):
                yield "+".join(map(str, steps)), "; ".join(words[step] for step in steps), number, user


def _chosen(advice: Advice, numbers: Iterable[int]) -> tuple[Remedy, ...]:
    known = {one.number: one.remedy for one in advice.proposals}
    for number in numbers:
        if number not in known:
            what = (
                f"There is no step {number}: {f'the steps are 1 to {len(known)}' if known else 'nothing is proposed'}."
            )
            raise UsageProblem(what, unchanged="Nothing was written.", hint="`mfa-migrate advise` lists the steps.")
    return tuple(known[number] for number in dict.fromkeys(numbers))


def _written(call: Call, remedies: Iterable[Remedy], evidence: Evidence) -> str | None:
    """Write into the configuration what of the steps is its to take; return its path, or None where nothing was."""
    path = call.settings.config_path
    if path is None:
        raise ConfigProblem("There is no configuration file.", hint="Write mfa-migrate.toml first.")
    before = _text_of(path)
    after = before
    for remedy in remedies:
        after = _with(after, remedy, evidence)
    if after == before:
        return None
    # Whatever was written by hand there, what is put in its place has to be read as well.
    config_from(after, str(path))
    for line in difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1):
        if not line.startswith(("---", "+++")):
            call.screen.say(f"  {line}")
    # The file itself, also behind a link, with the rights that it had.
    real, mode = path.resolve(), path.stat().st_mode
    write_atomically(real, [after.encode()])
    real.chmod(stat.S_IMODE(mode))
    return str(path)


def _text_of(path: Path) -> str:
    try:
        with reading_named(path, kind=ConfigProblem, hint="It is the configuration: --config."):
            return path.read_bytes().decode()
    except UnicodeDecodeError as problem:
        raise ConfigProblem(f"{path} cannot be read: {problem}.", hint="Check --config.") from problem


def _with(text: str, remedy: Remedy, evidence: Evidence) -> str:
    from migrate.exchange.config_text import with_policy_created, with_policy_switched_on, with_template_switched_on

    match remedy:
        case CreateOurs(template=Template.ALL_USERS) | WidenOurs():
            return with_policy_created(text)
        case CreateOurs():
            return with_template_switched_on(text, remedy.template)
        case SwitchOn() if not remedy.managed:
            same = [policy for policy in evidence.policies if policy.display_name == remedy.policy]
            return with_policy_switched_on(text, remedy.policy if len(same) == 1 else remedy.policy_id)
        case SwitchOn() | EndExclusion() | AllClientApps():
            return text
        case _:
            assert_never(remedy)
