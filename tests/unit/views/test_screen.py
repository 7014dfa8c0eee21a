"""The screen: data on stdout in four formats, talk on stderr, and no ending of a run because nobody listens."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from migrate.errors import OutputLost, ReaderGone
from migrate.model.waits import Waiting, WaitKind
from migrate.model.words import counted
from migrate.views.event_screen import EventScreen
from migrate.views.screen import Answer, Screen, styled
from migrate.views.tables import table


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


class Broken(io.StringIO):
    """A stream that cannot be written."""

    def __init__(self, problem: OSError) -> None:
        super().__init__()
        self.problem = problem

    def write(self, _: str) -> int:
        raise self.problem


def screen(output: str = "table", **others: Any) -> Screen:
    fields: dict[str, Any] = {
        "quiet": False,
        "verbose": False,
        "color": True,
        "progress": True,
        "sandbox": None,
        "stdout": io.StringIO(),
        "stderr": io.StringIO(),
    }
    return Screen(output=output, **{**fields, **others})


def printed(stream: Any) -> str:
    text: str = stream.getvalue()
    return text


ANSWER = Answer(
    kind="plan",
    document={"total": 2, "name": "Ünïcode"},
    columns=("ObjectId", "Reason"),
    rows=lambda: [("1", "one"), ("2", "two")],
    lines=lambda: ["A sentence " + "that is long " * 20, table(["Name"], [("Ada",)], title="People")],
)


def test_json_is_one_document_in_utf_8() -> None:
    on = screen("json")
    on.show(ANSWER)
    assert json.loads(printed(on.stdout)) == {"total": 2, "name": "Ünïcode"}
    assert "Ünïcode" in printed(on.stdout)


def test_ndjson_has_an_event_for_each_row_and_the_document_last() -> None:
    on = screen("ndjson")
    on.show(ANSWER)
    first, second, last = [json.loads(line) for line in printed(on.stdout).splitlines()]
    assert first == {"type": "row", "version": 1, "kind": "plan", "objectId": "1", "reason": "one"}
    assert second["objectId"] == "2"
    assert last == {"type": "summary", "version": 1, "kind": "plan", "document": ANSWER.document}


def test_ndjson_takes_long_lists_out_of_the_document_and_gives_their_items_one_by_one() -> None:
    on = screen("ndjson")
    on.show(
        Answer(
            kind="verify", document={"findings": [{"kind": "x"}], "held": [], "n": 1}, long_lists=("findings", "held")
        )
    )
    item, last = [json.loads(line) for line in printed(on.stdout).splitlines()]
    assert item == {"type": "row", "version": 1, "kind": "verify", "list": "findings", "item": {"kind": "x"}}
    assert last == {"type": "summary", "version": 1, "kind": "verify", "document": {"n": 1}}


def test_what_a_person_has_to_act_on_is_a_warning_where_stderr_is_captured() -> None:
    on = screen(stderr=Terminal())
    on.warn_plainly("enter code ABC")
    assert printed(on.stderr) == "enter code ABC\n"


def test_sentences_are_not_broken_and_tables_have_a_title_and_a_header() -> None:
    on = screen()
    on.show(ANSWER)
    lines = printed(on.stdout).splitlines()
    assert lines[0].startswith("A sentence that is long")
    assert len(lines[0]) > 200
    assert [line.strip() for line in lines[1:3]] == ["People", "Name"]


def test_every_table_of_a_sandbox_says_so_first_and_once_on_stderr() -> None:
    on = screen(sandbox="http://127.0.0.1:1")
    with on:
        on.show(ANSWER)
    assert printed(on.stdout).startswith("SANDBOX\n")
    assert printed(on.stderr) == "SANDBOX http://127.0.0.1:1 - no real tenant is touched\n"


def test_a_terminal_says_sandbox_once_and_what_goes_elsewhere_says_it_by_itself() -> None:
    for quiet in (False, True):
        on = screen(sandbox="http://127.0.0.1:1", stdout=Terminal(), stderr=Terminal(), quiet=quiet, color=False)
        with on:
            on.show(ANSWER)
        assert (printed(on.stdout) + printed(on.stderr)).count("SANDBOX") == 1
        for stdout, stderr in ((Terminal(), io.StringIO()), (io.StringIO(), Terminal())):
            apart = screen(sandbox="http://127.0.0.1:1", stdout=stdout, stderr=stderr, quiet=quiet, color=False)
            with apart:
                apart.show(ANSWER)
            assert printed(stdout).startswith("SANDBOX")


def test_on_a_terminal_sentences_wrap_at_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    sentence = "The plan holds back everybody whom no enabled policy reaches, and says why for each of them."
    on = screen(stdout=Terminal(), stderr=Terminal(), color=False)
    on.say(sentence)
    on.show(Answer(kind="x", document={}, lines=lambda: [sentence, styled(f"  {sentence}", "red")]))
    for stream in (on.stdout, on.stderr):
        lines = printed(stream).splitlines()
        assert all(len(line) <= 60 for line in lines)
        assert sentence in " ".join(" ".join(lines).split())
    piped = screen(color=False)
    piped.say(sentence)
    assert printed(piped.stderr) == f"{sentence}\n"


def test_markup_in_names_is_shown_and_not_obeyed() -> None:
    on = screen()
    on.show(Answer(kind="x", document={}, lines=lambda: ["[red]Ada[/red] :smile:", table(["[b]"], [("[i]x",)])]))
    assert "[red]Ada[/red] :smile:" in printed(on.stdout)
    assert "[b]" in printed(on.stdout)
    assert "[i]x" in printed(on.stdout)


@pytest.mark.parametrize(("color", "escapes"), [(True, True), (False, False)])
def test_colour_is_for_terminals_and_only_where_wanted(
    color: bool, escapes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    on = screen(stdout=Terminal(), color=color)
    on.show(Answer(kind="x", document={}, lines=lambda: [styled("careful", "bold red")]))
    assert ("\x1b[" in printed(on.stdout)) == escapes
    assert "careful" in printed(on.stdout)
    piped = screen(color=color)
    piped.show(Answer(kind="x", document={}, lines=lambda: [styled("careful", "bold red")]))
    assert printed(piped.stdout) == "careful\n"


THROTTLED = Waiting(kind=WaitKind.THROTTLED, name="reads")


def test_quiet_keeps_what_a_person_has_to_act_on_and_leaves_out_the_rest() -> None:
    on = screen(quiet=True)
    on.say("said")
    on.note("noted")
    on.detail("detailed")
    on.waiting(THROTTLED, 60)
    on.warn("careful")
    on.warn_plainly("enter code ABC")
    assert printed(on.stderr) == "Warning: enter code ABC\n"


def test_verbose_adds_details_and_short_waits() -> None:
    plain, verbose = screen(), screen(verbose=True)
    for on in (plain, verbose):
        on.detail("detailed")
        on.waiting(Waiting(kind=WaitKind.PACED, name="reads"), 0.4)
        on.waiting(THROTTLED, 12)
        on.waiting(THROTTLED, 12)
    assert printed(plain.stderr) == "Waiting 12 s: throttled by Graph (reads)\n"
    assert printed(verbose.stderr) == (
        "detailed\nWaiting 0 s: keeping below Graph's limit (reads)\nWaiting 12 s: throttled by Graph (reads)\n"
    )


def test_a_progress_line_is_for_terminals_and_goes_away_before_data() -> None:
    piped = screen()
    piped.advance(1, 10, "Reading users")
    assert printed(piped.stderr) == ""
    for off in ({"quiet": True}, {"progress": False}):
        on = screen(stderr=Terminal(), **off)
        on.advance(1, 10, "Reading users")
        assert printed(on.stderr) == ""
    on = screen(stderr=Terminal())
    on.advance(5, 10, "Reading users")
    on.say("half way")
    on.show(ANSWER)
    assert "half way" in printed(on.stderr)
    assert on._bar is None


@pytest.mark.parametrize("output", ["table", "json", "ndjson"])
def test_a_reader_that_has_gone_and_a_full_disk_are_told_apart(output: str) -> None:
    with pytest.raises(ReaderGone):
        screen(output, stdout=Broken(BrokenPipeError(32, "Broken pipe"))).show(ANSWER)
    with pytest.raises(OutputLost, match="No space left on device") as lost:
        screen(output, stdout=Broken(OSError(28, "No space left on device"))).show(ANSWER)
    assert lost.value.hint
    assert lost.value.unchanged != "Nothing was changed.", "the command may have changed something before it printed"


def test_a_stderr_that_cannot_be_written_never_stops_a_run(caplog: pytest.LogCaptureFixture) -> None:
    on = screen(stderr=Broken(BrokenPipeError(32, "Broken pipe")), sandbox="http://127.0.0.1:1")
    with on, caplog.at_level("WARNING", logger="migrate"):
        on.say("Wave 1 is through.")
        on.warn("careful")
    assert "Wave 1 is through." in caplog.text


def test_nobody_is_asked_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("contoso.example\n"))
    assert not screen(stderr=Terminal()).is_interactive()
    monkeypatch.setattr("sys.stdin", Terminal("contoso.example\n"))
    assert not screen().is_interactive()
    on = screen(stderr=Terminal())
    assert on.is_interactive()
    assert on.ask("Domain? ") == "contoso.example"
    assert printed(on.stderr) == "Domain? "


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 policies"), (1, "1 policy"), (2, "2 policies"), (1_000, "1000 policies")]
)
def test_things_are_counted_in_words(number: int, words: str) -> None:
    assert counted(number, "policy", "policies") == words
    assert counted(1, "user") == "1 user"


@pytest.mark.parametrize("problem", [BrokenPipeError(32, "Broken pipe"), OSError(28, "No space left on device")])
def test_a_reader_of_events_who_has_gone_never_stops_a_run(problem: OSError, caplog: pytest.LogCaptureFixture) -> None:
    fields: dict[str, Any] = dict.fromkeys(("quiet", "verbose", "color", "progress"), False)
    on = EventScreen(output="ndjson", sandbox=None, stdout=Broken(problem), stderr=io.StringIO(), **fields)
    with on, caplog.at_level("WARNING", logger="migrate"):
        on.warn("careful")
        on.advance(1, 2, "wave 1")
    assert "careful" in caplog.text
    with pytest.raises((ReaderGone, OutputLost)):
        on.write_bytes([b"a result"])


def test_a_device_code_is_a_warning_of_the_machine_face() -> None:
    fields: dict[str, Any] = dict.fromkeys(("quiet", "verbose", "color", "progress"), False)
    on = EventScreen(output="ndjson", sandbox=None, stdout=io.StringIO(), stderr=io.StringIO(), **fields)
    on.warn_plainly("enter code ABC")
    assert json.loads(printed(on.stdout)) == {
        "type": "log",
        "version": 1,
        "level": "warning",
        "message": "enter code ABC",
    }
