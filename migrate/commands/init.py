"""`init`: ask what no API tells about a tenant, and write it down with who said so and when."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migrate.commands.call import Call
from migrate.commands.config_names import names_in
from migrate.commands.options import config_verb
from migrate.commands.wiring import now_utc, workspace_of
from migrate.errors import ConfigProblem, ExitCode, Interrupted, MfaMigrateError, UsageProblem
from migrate.model.named import is_id
from migrate.model.questions import QUESTIONS, AnswerKind, Question
from migrate.settings import DEFAULT_CONFIG
from migrate.store.files import write_atomically
from migrate.store.folder import Workspace
from migrate.store.snapshot import open_snapshot
from migrate.views.init import init_answer, opening_lines, question_lines

if TYPE_CHECKING:
    from migrate.exchange.config_answers import AnswerValue

Proposals = dict[str, str]
Refuses = Callable[[Question, "AnswerValue"], None]
"""Raises ConfigProblem for an answer with which the file could not be used, or that names nobody."""
_ACCOUNTS = frozenset({"emergency_access.accounts", "waves.canary"})
"""Questions whose answer names people."""
_MOST_DAYS = 365
"""For longer MFA is remembered by no setting of Microsoft's."""


@config_verb
def init(
    call: Call,
    said_by: Annotated[
        str | None, typer.Option("--said-by", metavar="NAME", help="Who answers. [default: your name here]")
    ] = None,
) -> ExitCode:
    """Ask what no API tells about the tenant, and write the configuration.

    Each question says where to look and what its answer changes; an empty line leaves it as it is, "not known" too: the
    gap stays open and the plan says which line to write. What the last export proposes is offered, never taken by
    itself. Run again, it offers the old answers and keeps every comment of the file. Without a terminal it lists the
    open keys and ends with 2. Nothing in the tenant is read or changed.

    \b
    Examples:
        mfa-migrate init
        mfa-migrate init --said-by "Ada Lund" --config contoso.toml
    """
    from migrate.exchange.config_answers import answers_in, with_answers

    path, text = _file_to_write(call)
    known = answers_in(text)
    open_questions = [question for question in QUESTIONS if (question.table, question.key) not in known]
    if not call.screen.is_interactive():
        call.answer(init_answer(path, open_questions, ()))
        return ExitCode.USAGE if open_questions else ExitCode.OK
    proposals = _proposals(call)
    by, on = said_by or getpass.getuser(), now_utc().date()

    def refuse(question: Question, value: AnswerValue) -> None:
        _refuse_unusable(with_answers(text, {question: value}, by=by, on=on))

    for line in opening_lines(path, len(QUESTIONS)):
        call.screen.warn_plainly(line)
    given: dict[Question, AnswerValue] = {}
    try:
        for number, question in enumerate(QUESTIONS, 1):
            before = known.get((question.table, question.key))
            place = f"[{number} of {len(QUESTIONS)}]"
            for line in question_lines(question, before, proposals.get(question.name), place=place):
                call.screen.warn_plainly(line)
            value = _asked(call, question, proposals.get(question.name), refuse, partial(_refuse_strangers, call))
            if value is not None:
                given[question] = value
    except KeyboardInterrupt:
        raise Interrupted(
            "Interrupted at a question.", unchanged="Nothing was written.", hint="Run it again."
        ) from None
    if given:
        written = with_answers(text, given, by=by, on=on)
        _refuse_unusable(written)
        write_atomically(path, [written.encode()])
    left = [question for question in open_questions if question not in given]
    call.answer(init_answer(path, left, tuple(given)))
    return ExitCode.OK


def _file_to_write(call: Call) -> tuple[Path, str]:
    """Return the file and what it holds; raise UsageProblem where it cannot be made, before anything is asked."""
    path = call.settings.config_path or call.settings.started_in / DEFAULT_CONFIG
    if not path.parent.is_dir():
        raise UsageProblem(f"There is no folder {path.parent}.", hint="Make it, or name a file elsewhere.")
    return path, path.read_text(encoding="utf-8-sig") if path.is_file() else ""


def _asked(call: Call, question: Question, proposal: str | None, refuse: Refuses, doubt: Refuses) -> AnswerValue | None:
    """Ask until the answer can be used, by itself and beside what the file holds; None where it stays as it was.

    What is only doubted is taken when it is typed again: an account may be newer than the export.
    """
    doubted: AnswerValue | None = None
    while True:
        typed = call.screen.ask("> ").strip()
        if not typed or typed.casefold() == "not known":
            return None
        if typed == "=" and proposal is not None:
            typed = proposal
        try:
            answer = answer_of(question, typed)
            refuse(question, answer)
        except (UsageProblem, ConfigProblem) as problem:
            call.screen.warn_plainly(f"{problem.what} {problem.hint}")
            continue
        try:
            doubt(question, answer)
        except ConfigProblem as problem:
            if answer != doubted:
                doubted = answer
                call.screen.warn_plainly(f"{problem.what} {problem.hint} Typed again as it was, it is kept.")
                continue
        return answer


def _refuse_strangers(call: Call, question: Question, value: AnswerValue) -> None:
    """Raise ConfigProblem for somebody whom the last export does not have; without an export nobody is a stranger."""
    if question.name not in _ACCOUNTS or not isinstance(value, tuple):
        return
    try:
        snapshot = open_snapshot(Workspace(call.settings.workspace))
    except MfaMigrateError:
        return
    with snapshot:
        names = names_in(snapshot)
        for one in value:
            names.user(one, question.name)


def answer_of(question: Question, typed: str) -> AnswerValue:
    """Return an answer as it is written. Raises UsageProblem for what is none."""
    match question.kind:
        case AnswerKind.TEXT:
            return typed
        case AnswerKind.LIST:
            return () if typed.casefold() == "none" else tuple(one for part in typed.split(",") for one in _named(part))
        case AnswerKind.NUMBER:
            if typed.isascii() and typed.isdigit() and len(typed) < 4 and int(typed) <= _MOST_DAYS:
                return int(typed)
            raise UsageProblem(
                f"{typed!r} is no number of days from 0 to {_MOST_DAYS}.", hint="Type a number such as 0 or 14."
            )
        case AnswerKind.YES_NO:
            answers = {"yes": True, "y": True, "no": False, "n": False}
            if typed.casefold() in answers:
                return answers[typed.casefold()]
            raise UsageProblem(f"{typed!r} is neither yes nor no.", hint="Type yes or no, or an empty line.")


def _named(part: str) -> Sequence[str]:
    """Return what stands between two commas: one name with its blanks, or several addresses without a comma."""
    words = part.split()
    if len(words) > 1 and not all("@" in word or "." in word or ":" in word or is_id(word) for word in words):
        return [" ".join(words)]
    return words


def _proposals(call: Call) -> Proposals:
    """Return what the last export proposes; nothing where there is none."""
    from migrate.decide.emergency_proposals import proposed_accounts

    found = Proposals()
    if call.settings.tenant:
        found["tenant"] = call.settings.tenant
    with suppress(MfaMigrateError), open_snapshot(workspace_of(call)) as snapshot:
        organization = snapshot.header.organization
        found["tenant"], found["cloud"] = organization.default_domain, snapshot.header.cloud
        if organization.federated_domains == ():
            found["tenant_settings.federated_intranet"] = "no"  # nobody is federated
        accounts = proposed_accounts(snapshot.evidence(), (user.profile for user in snapshot.users()))
        if accounts:
            found["emergency_access.accounts"] = ", ".join(accounts)
    return found


def _refuse_unusable(text: str) -> None:
    from migrate.config import config_from

    try:
        config_from(text, "With this answer")
    except ConfigProblem as problem:
        raise ConfigProblem(
            problem.what, unchanged="Nothing was written.", hint="Answer again, or press Enter to leave it."
        ) from problem
