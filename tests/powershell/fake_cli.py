#!/usr/bin/env python3
"""Stand in for mfa-migrate in the Pester tests: note how it was called, and answer as the test wishes.

FAKE_CLI_LOG names a file that gets one JSON line for each call. FAKE_CLI_ANSWERS names a JSON file of answers by
verb ({"exitCode", "stdout", "stderr", "times"}: stdout so often). Without one for `set-state` each user is confirmed,
and whoever's name begins with `fail` is not found.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path


def main() -> int:
    """Answer one call."""
    first, *lines = sys.stdin.buffer.read().decode("utf-8-sig").splitlines()
    request = json.loads(first)
    arguments = request["arguments"]
    verb = arguments[4 if "--workspace" in arguments[:4] else 2]
    call = {
        "commandLine": sys.argv[1:],
        "protocol": request["protocol"],
        "arguments": arguments,
        "lines": lines,
        "folder": str(Path.cwd()),
    }
    with Path(os.environ["FAKE_CLI_LOG"]).open("a", encoding="utf-8") as log:
        log.write(json.dumps(call) + "\n")
    answers = os.environ.get("FAKE_CLI_ANSWERS")
    wished = json.loads(Path(answers).read_text(encoding="utf-8-sig")) if answers else {}
    if verb in wished:
        sys.stdout.buffer.write(wished[verb].get("stdout", "").encode() * wished[verb].get("times", 1))
        sys.stderr.buffer.write(wished[verb].get("stderr", "").encode())
        return int(wished[verb].get("exitCode", 0))
    if verb == "set-state":
        state = arguments[arguments.index("--state") + 1].lower()
        return set_state(state, [json.loads(line) for line in lines], rehearsal="--what-if" in arguments)
    sys.stderr.write(f"the fake knows no answer to {verb}\n")
    return 70


def set_state(state: str, users: list[dict[str, str]], *, rehearsal: bool) -> int:
    """Confirm everybody, or plan them in a rehearsal, but find nobody whose name begins with `fail`."""
    well = "planned" if rehearsal else "confirmed"
    send({"type": "log", "level": "warning", "message": "a warning"})
    failed = 0
    for index, user in enumerate(users):
        name = user.get("userPrincipalName")
        fails = bool(name and name.startswith("fail"))
        failed += fails
        send({"type": "progress", "activity": "set-state", "done": index + 1, "total": len(users), "secondsLeft": None})
        send(
            {
                "type": "result",
                "kind": "setState",
                "index": index,
                "objectId": user.get("objectId"),
                "userPrincipalName": name,
                "before": None if fails else "enabled",
                "requested": state,
                "found": None if fails else state,
                "outcome": "failed" if fails else well,
                "code": "NotFound" if fails else "",
                "message": "There is no such user." if fails else "",
                "note": "",
                "requestId": "",
            }
        )
    counts = {well: len(users) - failed, "failed": failed}
    summary = {"kind": "setState", "exitCode": int(failed > 0), "counts": counts}
    send({"type": "summary", **summary, "journalEntries": None, "journalHash": None, "error": None})
    return int(failed > 0)


def send(event: dict[str, object]) -> None:
    """Write one event as the command does: a line of UTF-8."""
    kind = event.pop("type")
    line = json.dumps({"type": kind, "version": 1, **event}, ensure_ascii=False)
    sys.stdout.buffer.write(line.encode() + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())
