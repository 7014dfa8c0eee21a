"""What `verify` says of a wave by the sign-in log: a fact a line, in words and not in codes."""

from __future__ import annotations

from collections.abc import Collection

from migrate.model.directory_audit import WaveAudit
from migrate.model.wave_gate import Asked, GateCheck, GateChecked, WaveEvidence, WaveNumbers, WaveProof
from migrate.views.wave_evidence import evidence_lines, evidence_words

UNTIL = "2026-11-29T13:31:00Z"


def numbers(attempts: int, asked: Asked) -> WaveNumbers:
    return WaveNumbers(attempts=attempts, people=3, asked={asked: attempts} if attempts else {}, ended={})


def evidence(after: int, failing: Collection[GateCheck] = (), *, log_until: str | None = UNTIL) -> WaveEvidence:
    checks = tuple(GateChecked(check=check, holds=check not in failing, number=0.5, limit=0.6) for check in GateCheck)
    proof = WaveProof(
        wave=1,
        people=3,
        first_write=UNTIL,
        last_write=UNTIL,
        log_until=log_until,
        before=numbers(8, Asked.PER_USER),
        after=numbers(after, Asked.CONDITIONAL_ACCESS),
        checks=checks,
        new_legacy_failures=(),
    )
    audit = WaveAudit(wave=1, writes=3, seen=3, not_seen=(), others=())
    return WaveEvidence(wave=1, audit=audit, proof=proof)


def test_a_wave_that_holds_says_how_people_were_asked_before_and_after() -> None:
    assert list(evidence_lines(evidence(4))) == [
        "Wave 1, by the logs: 3 of 3 changes seen in the directory audit log.",
        "  Sign-ins, log until 2026-11-29 13:31 UTC: 8 interactive before, 4 after.",
        "  Asked by per-user MFA: 100.0% before, 0.0% after.",
        "  Asked by Conditional Access: 0.0% before, 100.0% after.",
        "  Seen again: 50%. Failures: +50.0%.",
        "  The gate holds.",
    ]


def test_a_wave_after_which_nobody_signed_in_yet_has_no_shares_of_nobody() -> None:
    failing = (GateCheck.WORKING_DAYS, GateCheck.SEEN_AGAIN)
    assert list(evidence_lines(evidence(0, failing)))[1:] == [
        "  Sign-ins, log until 2026-11-29 13:31 UTC: 8 interactive before, none after it yet.",
        "  Not enough evidence yet: too few working days in the log, too few people seen again.",
    ]


def test_what_stops_the_next_wave_is_said_with_the_command_that_names_the_people() -> None:
    *_, last = evidence_lines(evidence(4, [GateCheck.LOCKED_OUT]))
    assert last == (
        "  Look at it before the next wave: people who only fail since; `mfa-migrate sign-ins waves` has the names."
    )


def test_without_a_log_there_is_no_verdict() -> None:
    *_, last = evidence_lines(evidence(4, log_until=None))
    assert last == "  Not enough evidence yet: no log was read."


def test_every_check_has_words_and_the_audit_keeps_the_codes() -> None:
    *_, last = evidence_lines(evidence(4, list(GateCheck)))
    assert not [check for check in GateCheck if check is not GateCheck.FAILURES and check.value in last]
    assert last.count(", ") == len(GateCheck) - 1
    assert all(check.value in evidence_words(evidence(4, list(GateCheck))) for check in GateCheck)
