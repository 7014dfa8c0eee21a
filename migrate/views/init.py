"""What `init` shows: each question with where to look and what it changes, and the keys that stay open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from migrate.model.questions import AnswerKind, Question
from migrate.views.screen import Answer

COLUMNS = ("Key", "Question", "Where", "Changes")


def opening_lines(path: Path, questions: int) -> Iterator[str]:
    """Yield what a newcomer has to know before the first question."""
    yield f"{questions} questions about the tenant that no API answers. Nothing in the tenant is read or changed."
    yield f"What you answer is written to {path} at the end, with your name and today's date; Ctrl-C writes nothing."
    yield "What you do not know stays open and stops neither looking nor planning: press Enter, and come back later."


def question_lines(question: Question, before: object, proposal: str | None, *, place: str) -> Iterator[str]:
    """Yield a question; `place` says the how manieth of how many it is."""
    yield ""
    yield f"{place} {question.asks}"
    yield f"    Look at: {question.where}"
    yield f"    It changes: {question.changes}"
    if before is not None:
        yield f"    Written now: {_shown(before)} (an empty line keeps it)"
    elif proposal is not None:
        yield f"    Proposed by the last export: {proposal} (type = to take it)"
    if question.kind is AnswerKind.LIST:
        yield "    Several with commas; none for none; an empty line for not known."
    elif before is None:
        yield "    An empty line for not known."


def _shown(before: object) -> str:
    """Return an answer as it would be typed."""
    if isinstance(before, bool):
        return "yes" if before else "no"
    return (", ".join(map(str, before)) or "none") if isinstance(before, list | tuple) else str(before)


def init_answer(path: Path, left: Sequence[Question], written: Sequence[Question]) -> Answer:
    """Return the answer: what was written, and what is open with the line to write."""

    def lines() -> Iterator[str]:
        if written:
            yield f"Written to {path}: {', '.join(question.name for question in written)}"
        if left:
            yield f"Open in {path}, and so not known:"
            yield from (f"  {question.name}: {question.asks} Look at: {question.where}" for question in left)
            yield "Looking and planning never wait for an answer; a gap stays open until then."
        yield "Next: `mfa-migrate doctor`, then `mfa-migrate export`."

    return Answer(
        kind="init",
        document={
            "file": str(path),
            "written": [question.name for question in written],
            "open": [
                {"key": one.name, "question": one.asks, "where": one.where, "changes": one.changes} for one in left
            ],
        },
        columns=COLUMNS,
        rows=lambda: [(one.name, one.asks, one.where, one.changes) for one in left],
        lines=lines,
    )
