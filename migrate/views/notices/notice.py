"""Make one message from its template: subject, text and HTML. It is written down for somebody else to send."""

from __future__ import annotations

from collections.abc import Mapping
from email.message import EmailMessage
from email.policy import SMTP
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from migrate.errors import BadInput, UsageProblem
from migrate.model.record import Record
from migrate.views.notices.linking import linked

if TYPE_CHECKING:
    from jinja2 import Environment, Template

TEMPLATES = Path(__file__).parent / "templates"


class NoticeKind(StrEnum):
    """What a message is for."""

    BEFORE_WAVE = "before-wave"
    """To each user of a wave, before it."""
    AFTER_ENABLING = "after-enabling"
    """To each user who was enabled or enforced: they have to register."""
    HELP_DESK = "help-desk"
    """One sheet: what callers will say and what to do."""
    SECURITY_TEAM = "security-team"
    """One notice: what the directory audit will show."""
    SMS_VOICE_ONLY = "sms-voice-only"
    """To each person who has text messages or calls only, which end."""
    LEGACY = "legacy"
    """To each person who was seen with a program that cannot answer a request for MFA."""
    NOT_MFA_CAPABLE = "not-mfa-capable"
    """To each person who would not pass a request for MFA."""

    @property
    def is_for_users(self) -> bool:
        """Tell whether there is one message for each user, or one in all."""
        return self not in (NoticeKind.HELP_DESK, NoticeKind.SECURITY_TEAM)

    @property
    def is_for_people_at_risk(self) -> bool:
        """Tell whether it goes to people of the lists that `people` shows."""
        return self in (NoticeKind.SMS_VOICE_ONLY, NoticeKind.LEGACY, NoticeKind.NOT_MFA_CAPABLE)


class Notice(Record, frozen=True, kw_only=True):
    """A message, ready to be sent by somebody else."""

    to: str
    """Mail address; empty for a sheet that goes to nobody in particular."""
    display_name: str
    language: str
    subject: str
    text: str
    html: str


class _Block(NamedTuple):
    """A paragraph, or a list."""

    text: str
    items: tuple[str, ...]


Facts = Mapping[str, object]
"""What the templates may name."""


class NoticeWriter:
    """Renders one kind of message in one language."""

    def __init__(self, kind: NoticeKind, language: str, templates: Path | None = None) -> None:
        """Load the template; `templates` is a folder of the operator's own, looked at first.

        Raises `UsageProblem` where there is no template in that language.
        """
        self._kind = kind
        self.language = language
        folders = [folder for folder in (templates, TEMPLATES) if folder is not None]
        self._template, self._layout = _loaded(kind, language, folders)

    def notice(self, to: str, display_name: str, facts: Facts) -> Notice:
        """Return the message for one recipient; raise `BadInput` when a template names a fact that is not there."""
        from jinja2 import TemplateError

        # A line break in a name must not become one in a mail header.
        name = " ".join((display_name or to).split())
        try:
            rendered = self._template.render(**facts, name=name, user_principal_name=to)
            subject, text = _taken_apart(rendered, f"{self._kind}.{self.language}.txt")
            html = self._layout.render(language=self.language, subject=subject, blocks=_blocks(text))
        except TemplateError as problem:
            raise BadInput(
                f"The template {self._kind}.{self.language}.txt cannot be filled in: {problem}.",
                hint=f"Known are {', '.join(sorted({*facts, 'name', 'user_principal_name'}))}.",
            ) from problem
        return Notice(to=to, display_name=display_name, language=self.language, subject=subject, text=text, html=html)


def languages(kind: NoticeKind, templates: Path | None = None) -> list[str]:
    """Return the languages that there are templates in."""
    folders = [folder for folder in (templates, TEMPLATES) if folder is not None]
    return sorted({path.name.split(".")[1] for folder in folders for path in folder.glob(f"{kind}.*.txt")})


def eml_of(notice: Notice, sender: str | None) -> bytes:
    """Return the message as an .eml file that mail programs open as a draft."""
    message = EmailMessage(policy=SMTP)
    # Outlook opens a message with this header for editing instead of reading.
    message["X-Unsent"] = "1"
    try:
        if sender:
            message["From"] = sender
        if notice.to:
            message["To"] = notice.to
        message["Subject"] = notice.subject
    except (ValueError, IndexError) as problem:
        raise BadInput(f"{notice.to!r} or {sender!r} cannot stand in a mail header: {problem}.") from problem
    message.set_content(notice.text)
    message.add_alternative(notice.html, subtype="html")
    # Last, because setting a content drops every Content- header.
    message["Content-Language"] = notice.language
    return message.as_bytes()


def _loaded(kind: NoticeKind, language: str, folders: list[Path]) -> tuple[Template, Template]:
    from jinja2 import TemplateNotFound, TemplateSyntaxError

    name = f"{kind}.{language}.txt"
    try:
        return _environment(folders, html=False).get_template(name), _environment(folders, html=True).get_template(
            "layout.html"
        )
    except TemplateNotFound:
        known = languages(kind, folders[0])
        raise UsageProblem(
            f"There is no message {kind} in {language!r}.",
            hint=f"There is {', '.join(known)}; your own goes to {name} in a folder that --templates names.",
        ) from None
    except TemplateSyntaxError as problem:
        raise BadInput(f"The template {name}, line {problem.lineno}: {problem.message}.") from problem


def _environment(folders: list[Path], *, html: bool) -> Environment:
    from jinja2 import FileSystemLoader, StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    made = SandboxedEnvironment(
        loader=FileSystemLoader(folders), autoescape=html, undefined=StrictUndefined, keep_trailing_newline=True
    )
    made.filters["linked"] = linked
    return made


def _taken_apart(rendered: str, template: str) -> tuple[str, str]:
    first, _, text = rendered.partition("\n")
    label, _, subject = first.partition(":")
    subject = " ".join(subject.split())
    if label != "Subject" or not subject:
        raise BadInput(f"The template {template} has to begin with a line `Subject: …`.")
    return subject, text.strip("\n") + "\n"


def _blocks(text: str) -> list[_Block]:
    """Return paragraphs and lists: blocks are divided by blank lines, and each line of a list begins with `- `."""
    blocks = []
    for block in text.strip().split("\n\n"):
        lines = block.strip().splitlines()
        is_list = bool(lines) and all(line.startswith("- ") for line in lines)
        blocks.append(_Block(" ".join(lines), tuple(line[2:] for line in lines) if is_list else ()))
    return blocks
