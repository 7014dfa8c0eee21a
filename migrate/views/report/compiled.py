"""Keep the compiled templates where Python keeps compiled modules, so that they are compiled once and not each time."""

from __future__ import annotations

import hashlib
import os
import sys
from contextlib import suppress
from importlib.util import cache_from_source
from pathlib import Path

from jinja2 import BytecodeCache, compiler
from jinja2.bccache import Bucket

from migrate.views.report.words import TEMPLATES


class CompiledTemplates(BytecodeCache):
    """Beside the templates in `__pycache__`, or wherever Python is told to keep such files, and only if it may.

    What another Python or another jinja2 compiled, with other options or from another text, is not used. Whoever may
    write there may change the program itself, so no more is trusted than before. A folder that cannot be written, and
    a file that cannot be understood, cost the time of compiling and nothing else.
    """

    def __init__(self, options: object) -> None:
        """Take the options that the templates are compiled with."""
        found = Path(compiler.__file__).stat()
        self._made_with = f"{options!r}|{found.st_size}|{found.st_mtime_ns}"

    def get_cache_key(self, name: str, filename: str | None = None) -> str:  # noqa: ARG002 - as jinja2 asks it
        """Return the name: all templates lie in one folder."""
        return name

    def get_source_checksum(self, source: str) -> str:
        """Return what must be as it was, or else the template is compiled again."""
        return hashlib.sha256(f"{self._made_with}|{source}".encode()).hexdigest()

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill a bucket with what was kept; a damaged file is as none."""
        try:
            with _file_for(bucket).open("rb") as file:
                bucket.load_bytecode(file)
        except OSError:
            return
        except Exception:  # noqa: BLE001 - damage can raise anything where it is unpacked
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled, in one move; where that does not work, it is compiled again next time."""
        if sys.dont_write_bytecode:
            return
        path = _file_for(bucket)
        part = path.with_name(f"{path.name}.{os.getpid()}")
        with suppress(OSError):
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                with part.open("wb") as file:
                    bucket.write_bytecode(file)
                part.replace(path)
            except OSError:
                part.unlink(missing_ok=True)


def _file_for(bucket: Bucket) -> Path:
    return Path(cache_from_source(str(TEMPLATES / bucket.key))).with_suffix(".jinja2")
