"""Messages to people: every address stands by itself, waves have their names, one message is shown on a terminal."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

from migrate.model.plan import Wave
from migrate.model.waves import WaveKind, WaveName, share_wave, wave_name_of
from migrate.views.notices.linking import linked, without_marks
from migrate.views.notices.notice import NoticeKind, NoticeWriter, eml_of, languages
from migrate.views.notices.preview import preview_answer
from migrate.views.notices.wave_words import in_language, wave_name_in

ADDRESS = re.compile(r"https?://|[\w.+-]+@[\w-]+\.[\w.-]+")
WAVES = tuple(
    Wave(number=number, name=name, users=number)
    for number, name in enumerate(["canary", "to 10%", "to 12.5%", "never registered"], 1)
)
CASES = [
    pytest.param(kind, language, registered, support, held, id=f"{kind}-{language}-{registered}-{bool(support)}-{held}")
    for kind in NoticeKind
    for language, registered, support, held in itertools.product(
        languages(kind), (True, False), ("help@contoso.example", "https://help.contoso.example/mfa", ""), (0, 2)
    )
]


def facts(language: str, registered: bool = True, support: str = "", held: int = 0) -> dict[str, object]:
    return {
        "tenant_name": "Contoso",
        "tenant_id": "t",
        "support": support,
        "users": 3,
        "waves": in_language(WAVES, language),
        "policies": ["Require MFA"],
        "held": held,
        "plan_digest": "d",
        "example": "ada@contoso.example",
        "held_example": "ben@contoso.example",
        "registered": registered,
        "not_capable": not registered and held == 2,
        "sms_voice_end": "2027-02-01" if registered and held == 2 else "",
        "days_left": 65,
        "guest": held == 2,
        "clients": ["IMAP4", "Authenticated SMTP"],
    }


def words_with_addresses(text: str) -> list[str]:
    """Return what stands between two spaces around each address: what a mail program takes for it."""
    return [word for word in text.split() if ADDRESS.search(word)]


@pytest.mark.parametrize(("kind", "language", "registered", "support", "held"), CASES)
def test_every_address_in_a_message_stands_by_itself(
    kind: NoticeKind, language: str, registered: bool, support: str, held: int
) -> None:
    notice = NoticeWriter(kind, language).notice(
        "ada@contoso.example", "Ada", facts(language, registered, support, held)
    )
    whole = {"ada@contoso.example", "ben@contoso.example", "https://aka.ms/mfasetup", support}
    for text in (notice.text, notice.subject):
        assert set(words_with_addresses(text)) <= whole
    links = re.findall(r'href="([^"]*)">([^<]*)</a>', notice.html)
    assert all(target in (shown, f"mailto:{shown}") and shown in whole for target, shown in links)
    assert len(links) == notice.html.count("<a ") == len(words_with_addresses(notice.text))
    plain = eml_of(notice, "it@contoso.example").decode("utf-8", errors="replace")
    assert "mfasetup;" not in plain


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_every_message_is_there_in_four_languages(kind: NoticeKind) -> None:
    assert languages(kind) == ["de", "en", "es", "fr"]


MUST_REGISTER = (NoticeKind.BEFORE_WAVE, NoticeKind.AFTER_ENABLING, NoticeKind.NOT_MFA_CAPABLE, NoticeKind.HELP_DESK)


@pytest.mark.parametrize("language", ["de", "en", "es", "fr"])
@pytest.mark.parametrize("kind", MUST_REGISTER)
@pytest.mark.parametrize("held", [0, 2])
def test_whoever_must_register_reads_of_the_temporary_access_pass(kind: NoticeKind, language: str, held: int) -> None:
    def text(registered: bool) -> str:
        of_a_member = {**facts(language, registered, "", held), "guest": False}
        return NoticeWriter(kind, language).notice("a@contoso.example", "", of_a_member).text

    assert "Temporary Access Pass" in text(False)
    if kind is NoticeKind.BEFORE_WAVE:
        assert "Temporary Access Pass" not in text(True), "whoever has a method needs none"


@pytest.mark.parametrize("language", ["de", "en", "es", "fr"])
@pytest.mark.parametrize("not_capable", [True, False])
def test_no_guest_is_promised_a_temporary_access_pass(language: str, not_capable: bool) -> None:
    of_a_guest = {**facts(language), "guest": True, "not_capable": not_capable}
    text = NoticeWriter(NoticeKind.NOT_MFA_CAPABLE, language).notice("a@contoso.example", "", of_a_guest).text
    assert "Temporary Access Pass" not in text, "it does not work for guests"
    assert "https://aka.ms/mfasetup" in text


@pytest.mark.parametrize("mark", [*list(",;.:)!?]"), ").", "!)", "\u2019"])
def test_a_link_leaves_the_marks_of_the_sentence_behind(mark: str) -> None:
    for address in ("https://aka.ms/mfasetup", "help@contoso.example"):
        target = address if "://" in address else f"mailto:{address}"
        assert linked(f"(see {address}{mark}").startswith(f'(see <a href="{target}">{address}</a>')


def test_a_link_keeps_what_belongs_to_the_address_and_escapes_the_rest() -> None:
    assert without_marks("https://contoso.example/a_(b)") == "https://contoso.example/a_(b)"
    assert without_marks("https://contoso.example/a?b=1&c;") == "https://contoso.example/a?b=1&c"
    assert linked("<b> & https://contoso.example/?a=1&b=2, done") == (
        '&lt;b&gt; &amp; <a href="https://contoso.example/?a=1&amp;b=2">https://contoso.example/?a=1&amp;b=2</a>, done'
    )


def test_an_operators_own_template_gets_right_links_too(tmp_path: Path) -> None:
    (tmp_path / "before-wave.pl.txt").write_text(
        "Subject: x\n\nVoyez https://aka.ms/mfasetup; merci\n", encoding="utf-8"
    )
    notice = NoticeWriter(NoticeKind.BEFORE_WAVE, "pl", tmp_path).notice("a@contoso.example", "", facts("pl"))
    assert '<a href="https://aka.ms/mfasetup">https://aka.ms/mfasetup</a>; merci' in notice.html


@pytest.mark.parametrize(
    ("language", "names"),
    [
        ("de", ["Vorhut", "bis 10 %", "bis 12,5 %", "ohne registrierte Methode"]),
        ("en", ["canary", "to 10%", "to 12.5%", "never registered"]),
        ("fr", ["pilote", "jusqu’à 10 %", "jusqu’à 12,5 %", "sans méthode enregistrée"]),
        ("es", ["piloto", "hasta el 10 %", "hasta el 12,5 %", "sin método registrado"]),
        ("pl", ["canary", "to 10%", "to 12.5%", "never registered"]),
    ],
)
def test_waves_have_their_names_in_the_language_of_the_message(language: str, names: list[str]) -> None:
    assert [wave.name for wave in in_language(WAVES, language)] == names


def test_every_kind_of_wave_has_a_german_name_and_an_unknown_one_keeps_its_own() -> None:
    for kind in WaveKind:
        name = str(share_wave(33)) if kind is WaveKind.SHARE else kind.value
        assert wave_name_of(name) is not None
        assert wave_name_in(name, "de") != name
        assert wave_name_in(name, "en") == name
    assert wave_name_in("second floor", "de") == "second floor"
    assert wave_name_of("to") is None


@pytest.mark.parametrize("share", [1, 12.5, 100, 0.00001])
def test_the_name_of_a_share_is_read_as_it_was_written(share: float) -> None:
    written = str(share_wave(share))
    assert wave_name_of(written) == WaveName(kind=WaveKind.SHARE, share=f"{share:g}")


def test_a_german_sheet_for_the_help_desk_names_its_waves_in_german() -> None:
    text = NoticeWriter(NoticeKind.HELP_DESK, "de").notice("", "", facts("de")).text
    assert "- Welle 1 (Vorhut): 1 Person\n" in text
    assert "- Welle 4 (ohne registrierte Methode): 4 Personen\n" in text
    for word in ("canary", "never registered", "to 10%"):
        assert word not in text


def test_a_preview_shows_one_message_as_text_and_how_many_there_are() -> None:
    notice = NoticeWriter(NoticeKind.BEFORE_WAVE, "en").notice("ada@contoso.example", "Ada", facts("en"))
    lines = list(preview_answer(notice, 668).lines())
    assert lines[:2] == ["To: Ada <ada@contoso.example>", f"Subject: {notice.subject}"]
    assert lines[-1] == "This is the first of 668 messages."
    assert not any("<p>" in line for line in lines)
    assert list(preview_answer(notice, 1).lines())[-1] == "This is the only message."
