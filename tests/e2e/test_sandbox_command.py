"""`sandbox` and what hangs below it: served apart, asked as a person would."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from migrate.sandbox.tls import made_on_the_fly
from tests.e2e.laboratory import Lab, Ran, ask, environment, run_here

DEAF = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); os.execv(sys.executable, sys.argv[1:])"
"""Starts another command with SIGINT ignored, as a shell starts what runs in the background."""


@contextmanager
def started(
    folder: Path, *options: str, end: signal.Signals = signal.SIGINT, deaf: bool = False
) -> Iterator[subprocess.Popen[str]]:
    """Start `sandbox` in a process of its own; end it as Ctrl-C does, or `kill`."""
    before = [sys.executable, "-c", DEAF] if deaf else []
    process = subprocess.Popen(
        [*before, sys.executable, "-m", "migrate", "sandbox", "--port", "0", *options],
        cwd=folder,
        env=environment(PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.send_signal(end)
        process.communicate(timeout=240)


@contextmanager
def serving(folder: Path, *options: str, end: signal.Signals = signal.SIGINT, deaf: bool = False) -> Iterator[str]:
    """Serve a small company; yield the address."""
    with started(folder, "--users", "40", *options, end=end, deaf=deaf) as process:
        assert process.stdout is not None
        line = next(line for line in process.stdout if "serves" in line)
        found = re.search(r"https?://\S+", line)
        assert found is not None, line
        yield found[0]


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C cannot be sent to one process on Windows")
@pytest.mark.parametrize(
    ("end", "deaf"),
    [(signal.SIGINT, False), (signal.SIGTERM, False), (signal.SIGINT, True)],
    ids=["Ctrl-C", "kill", "Ctrl-C of a background job"],
)
def test_it_serves_with_faults_from_a_file_and_saves_what_it_was_left_with(
    tmp_path: Path, end: signal.Signals, deaf: bool
) -> None:
    script = {"seed": 7, "faults": [{"match": {"path": "/users"}, "do": {"status": 503}}]}
    (tmp_path / "faults.json").write_text(json.dumps(script), encoding="utf-8")
    with serving(
        tmp_path, "--faults", "faults.json", "--save", "kept.json", "--no-throttle", end=end, deaf=deaf
    ) as url:
        assert ask(f"{url}/_sandbox/faults")
        path = f"{url}/beta/users/alma.berg@contoso.example/authentication/requirements"
        ask(path, "PATCH", {"perUserMfaState": "disabled"})
    kept = json.loads((tmp_path / "kept.json").read_text(encoding="utf-8"))
    alma = next(user for user in kept["users"] if user["userPrincipalName"] == "alma.berg@contoso.example")
    assert kept[f"users/{alma['id']}/authentication/requirements"]["perUserMfaState"] == "disabled"


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C cannot be sent to one process on Windows")
def test_it_serves_https_with_a_certificate_of_ones_own(tmp_path: Path) -> None:
    tls = made_on_the_fly(tmp_path)
    with serving(tmp_path, "--cert", str(tls.certificate), "--key", str(tls.key)) as url:
        assert url.startswith("https://")
        config = tmp_path / "lab.toml"
        config.write_text(f'endpoint = "{url}"\nca_bundle = "{tls.authority}"\n', encoding="utf-8")
        ran = run_here(["sandbox", "signin", "alma.berg@contoso.example", "--config", str(config)])
        assert ran.code == 0, ran.said
        assert "succeeds" in ran.out
        stranger = run_here(["sandbox", "signin", "alma.berg@contoso.example", "--endpoint", url])
        assert (stranger.code, "as ca_bundle in mfa-migrate.toml" in stranger.err) == (4, True), stranger.said


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C cannot be sent to one process on Windows")
def test_it_says_which_authority_its_clients_have_to_trust(tmp_path: Path) -> None:
    with started(tmp_path, "--users", "3", "--https") as process:
        assert process.stderr is not None
        line = next(line for line in process.stderr if "trust" in line)
        found = re.search(r"trust (\S+\.pem):", line)
        assert found is not None, line
        assert "BEGIN CERTIFICATE" in Path(found[1]).read_text(encoding="utf-8")


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C cannot be sent to one process on Windows")
@pytest.mark.parametrize(("options", "try_it"), [([], "--endpoint"), (["--write-config", "lab.toml"], "--config")])
def test_it_says_what_to_type_next_with_the_configuration_that_it_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], try_it: str
) -> None:
    monkeypatch.chdir(tmp_path)
    process = subprocess.Popen(
        [sys.executable, "-m", "migrate", "sandbox", "--port", "0", "--users", "40", *options],
        cwd=tmp_path,
        env=environment(PYTHONUNBUFFERED="1"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        line = next(line for line in process.stderr if "Try: " in line)
        command = line.removeprefix("Try: mfa-migrate ").split()
        assert command[1] == try_it
        assert run_here(command).code == 0
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=240)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--faults", "no.json"], "There is no file no.json"),
        (["--faults", "bad.json"], "bad.json"),
        (["--cert", "c.pem"], "go together"),
        (["--cert", "c.pem", "--key", "k.pem"], "There is no file"),
        (["--set", "nonsense=1"], "nonsense"),
        (["--latency", "soon"], "milliseconds"),
        (["--latency", "nan"], "milliseconds"),
        (["--latency=-5"], "milliseconds"),
        (["--cert", "bad.json", "--key", "bad.json"], "cannot be used"),
        (["--tenant-file", "no.json"], "There is no file no.json"),
    ],
)
def test_bad_input_ends_before_anything_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.json").write_text("[", encoding="utf-8")
    ran = run_here(["sandbox", "--port", "0", *options])
    assert ran.code == 2, ran.said
    assert sentence in ran.err


def test_a_sign_in_says_who_asks_for_mfa_before_and_after_the_migration(lab: Lab) -> None:
    def signed_in() -> Ran:
        return lab.go("sandbox", "signin", lab.name_of("alma.berg"), "--app", "Office365", "-o", "json")

    before = [policy["requirementProvider"] for policy in signed_in().document["authenticationRequirementPolicies"]]
    lab.go("set-state", "--user-principal-name", lab.name_of("alma.berg"), "--state", "Disabled")
    after = [policy["requirementProvider"] for policy in signed_in().document["authenticationRequirementPolicies"]]
    assert (before, after) == (["user", "multiConditionalAccess"], ["multiConditionalAccess"])


def test_somebody_who_never_registered_registers_when_asked(lab: Lab) -> None:
    emil = lab.name_of("emil.stone")
    assert "fails with 50079" in lab.go("sandbox", "signin", emil).out
    assert "succeeds" in lab.go("sandbox", "signin", emil, "--register", "mobilePhone").out
    assert lab.state_of("emil.stone") == "enforced"


def test_what_the_sandbox_does_not_understand_is_said_in_its_words(lab: Lab) -> None:
    assert "Nobody in this tenant" in lab.go("sandbox", "signin", "nobody@contoso.example", code=2).err
    assert "client" in lab.go("sandbox", "signin", lab.name_of("alma.berg"), "--client", "telnet", code=2).err


def test_a_sandbox_that_asks_for_permissions_writes_how_to_sign_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MFA_MIGRATE_CLIENT_SECRET", "any")
    config = tmp_path / "lab.toml"
    with serving(tmp_path, "--https", "--enforce-permissions", "--write-config", str(config)):
        words = ["whoami", "--config", str(config), "--workspace", str(tmp_path / "w"), "--sign-in", "client-secret"]
        ran = run_here([*words, "-o", "json"])
    assert ran.code == 0, ran.said
    assert ran.document["kind"] == "application"
