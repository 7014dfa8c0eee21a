"""Options, environment and mfa-migrate.toml become one frozen `Settings`; the strongest source wins.

Precedence: option, then `MFA_MIGRATE_*` in the environment, then the configuration file, then the default.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from migrate.config import Config, OutputFormat, SignIn, config_from, did_you_mean
from migrate.errors import ConfigProblem, UsageProblem
from migrate.model.access import Cloud, SignInMethod, sandbox_address
from migrate.model.record import Record
from migrate.named_files import unreadable

E = TypeVar("E", bound=StrEnum)


DEFAULT_WORKSPACE = "./mfa-migration"


DEFAULT_CONFIG = "mfa-migrate.toml"
LARGEST_CONFIG = 4 * 2**20
"""Bytes. A device that never ends must not fill the memory."""


class TextEncoding(StrEnum):
    """How CSV and JSON are written. Windows PowerShell 5.1 and Excel see UTF-8 only by its byte order mark."""

    UTF8 = "utf8"
    UTF8_BOM = "utf8bom"
    UTF16 = "utf16"

    @property
    def codec(self) -> Literal["utf-8", "utf-8-sig", "utf-16"]:
        """Return Python's name for it."""
        return {"utf8": "utf-8", "utf8bom": "utf-8-sig", "utf16": "utf-16"}[self]  # type: ignore[return-value]


DELIMITERS = {",": ",", "comma": ",", ";": ";", "semicolon": ";", "|": "|", "bar": "|", "\t": "\t", "tab": "\t"}
"""What may separate columns, by the words for it."""


class GlobalOptions(Record, frozen=True, kw_only=True, rename=None):
    """The global options as typed; None where nothing was typed."""

    workspace: str | None = None
    tenant: str | None = None
    cloud: str | None = None
    endpoint: str | None = None
    config: str | None = None
    output: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    crlf: bool | None = None
    log_file: str | None = None
    client_id: str | None = None
    sign_in: str | None = None
    quiet: bool | None = None
    verbose: bool | None = None
    no_color: bool | None = None
    no_progress: bool | None = None

    def over(self, weaker: GlobalOptions) -> GlobalOptions:
        """Return these options with `weaker` filling what was not typed here."""
        mine = {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not None}
        return msgspec.structs.replace(weaker, **mine)


class Settings(Record, frozen=True, kw_only=True, rename=None):
    """Everything that a command needs to know, resolved."""

    workspace: Path
    tenant: str | None
    cloud: Cloud
    endpoint: str | None
    """Loopback address of the sandbox; None for Microsoft Graph."""
    output: OutputFormat
    encoding: TextEncoding | None
    """How CSV and JSON are written; None leaves it to the command: UTF-8, with a mark where Excel is the reader."""
    delimiter: str
    crlf: bool
    quiet: bool
    verbose: bool
    color: bool
    progress: bool
    log_file: Path | None
    sign_in: SignIn
    config: Config
    config_path: Path | None
    """The file that was read, or will be written by `init`; None when there was none."""
    started_in: Path
    """The current folder at the start, asked for once: it may be gone before the end."""

    @property
    def is_sandbox(self) -> bool:
        """Tell whether this run talks to the sandbox."""
        return self.endpoint is not None


def settings_from(
    options: GlobalOptions, environ: Mapping[str, str], cwd: Path, *, writes_config: bool = False
) -> Settings:
    """Resolve the settings; where the command `writes_config`, the file that is named need not be there yet.

    Raises ConfigProblem for a configuration file with a wrong key, type or value, and UsageProblem for a wrong
    option or environment value.
    """
    path, config = _config(options, environ, cwd, writes_config=writes_config)

    def text(name: str, configured: str | None = None) -> str | None:
        typed = getattr(options, name)
        return typed if typed is not None else environ.get(f"MFA_MIGRATE_{name.upper()}") or configured

    def flag(name: str) -> bool:
        typed = getattr(options, name)
        return bool(typed) if typed is not None else _truthy(environ.get(f"MFA_MIGRATE_{name.upper()}", ""))

    endpoint = text("endpoint", config.endpoint)
    log_file = text("log_file")
    sign_in = msgspec.structs.replace(
        config.sign_in,
        client_id=text("client_id", config.sign_in.client_id),
        method=_member(SignInMethod, text("sign_in", config.sign_in.method), "--sign-in"),
    )
    return Settings(
        workspace=cwd / (text("workspace", config.workspace) or DEFAULT_WORKSPACE),
        tenant=text("tenant", config.tenant),
        cloud=_member(Cloud, text("cloud", config.cloud), "--cloud"),
        endpoint=sandbox_address(endpoint) if endpoint else None,
        output=_member(OutputFormat, text("output", config.output or OutputFormat.TABLE), "--output"),
        encoding=_member(TextEncoding, named, "--encoding") if (named := text("encoding")) else None,
        delimiter=_delimiter(text("delimiter") or ","),
        crlf=flag("crlf"),
        quiet=flag("quiet"),
        verbose=flag("verbose"),
        color=not (flag("no_color") or environ.get("NO_COLOR")),
        progress=not flag("no_progress"),
        log_file=cwd / log_file if log_file else None,
        sign_in=sign_in,
        config=config,
        config_path=path,
        started_in=cwd,
    )


def folder_of_start() -> Path:
    """Return the current folder; raises UsageProblem when it was deleted meanwhile."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise UsageProblem(
            "The folder that this shell stands in does not exist any more. Nothing was done.",
            hint="Change to one that exists, with cd, and type the command again.",
        ) from None


def _truthy(text: str) -> bool:
    return text.strip().lower() not in ("", "0", "false", "no", "off")


def _member(kind: type[E], value: str | None, option: str) -> E:
    try:
        return kind((value or "").lower())
    except ValueError:
        known = [member.value for member in kind]
        raise UsageProblem(f"{option} does not know {value!r}.", hint=did_you_mean(value or "", known)) from None


def _delimiter(named: str) -> str:
    try:
        return DELIMITERS[named.casefold()]
    except KeyError:
        raise UsageProblem(
            f"--delimiter does not know {named!r}.", hint="Use comma, semicolon, tab or bar, or the sign itself."
        ) from None


def _config(
    options: GlobalOptions, environ: Mapping[str, str], cwd: Path, *, writes_config: bool
) -> tuple[Path | None, Config]:
    named = options.config or environ.get("MFA_MIGRATE_CONFIG")
    path = cwd / (named or DEFAULT_CONFIG)
    if not named and not path.is_file():
        return None, Config()
    try:
        with path.open("rb") as file:
            said = file.read(LARGEST_CONFIG + 1)
        if len(said) > LARGEST_CONFIG:
            raise ConfigProblem(
                f"{path} is longer than {LARGEST_CONFIG // 2**20} MiB: no configuration.", hint="Check --config."
            )
        text = said.decode("utf-8-sig")
    except FileNotFoundError as problem:
        if writes_config:
            return path, Config()
        by = "--config" if options.config else "The variable MFA_MIGRATE_CONFIG"
        more = f"{by} names it. `mfa-migrate init --config FILE` writes one."
        raise unreadable(path, problem, kind=ConfigProblem, hint=more) from problem
    except OSError as problem:
        raise unreadable(path, problem, kind=ConfigProblem, hint="It is the configuration: --config.") from problem
    except UnicodeDecodeError as problem:
        raise ConfigProblem(f"{path} is not UTF-8 text.", hint="Save it as UTF-8.") from problem
    return path, config_from(text, str(path))
