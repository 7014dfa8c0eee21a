"""What `verify` says of a wave by the logs, on the screen and in the audit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, assert_never

from migrate.model.directory_audit import AuditGap, OthersChange, WaveAudit
from migrate.model.instants import minute_utc
from migrate.model.wave_gate import Asked, GateCheck, GateVerdict, WaveEvidence, WaveNumbers, WaveProof
from migrate.model.words import counted

_GAPS = {
    AuditGap.NO_PERMISSION: (
        "the directory audit log was not read: the permission AuditLog.Read.All is missing, or a role such as Security "
        "Reader"
    ),
    AuditGap.NOT_GIVEN: "the directory audit log was not read: Graph did not give it",
}
_FAILS = {
    GateCheck.WORKING_DAYS: "too few working days in the log",
    GateCheck.NO_HOLE: "hours missing in the log",
    GateCheck.SEEN_AGAIN: "too few people seen again",
    GateCheck.PER_USER_GONE: "people whom per-user MFA still asks",
    GateCheck.STILL_ASKED: "people who are not asked any more",
    GateCheck.LOCKED_OUT: "people who only fail since",
    GateCheck.FAILURES: "more failures than before",
    GateCheck.CANNOT_ENROL: "people who cannot register any more",
}
_MOST = 10
NOT_SEEN = (
    "Not seen is no fault: the directory audit log is late, and Microsoft says nowhere which event a change of "
    "per-user MFA leaves there. Each state was read back."
)
"""What is said once below the waves of which events were not seen."""


def wave_document(one: WaveEvidence) -> dict[str, Any]:
    """Return it for JSON."""
    verdict = None if one.proof is None else one.proof.verdict
    return {"wave": one.wave, "audit": one.audit, "proof": one.proof, "verdict": verdict}


def evidence_words(one: WaveEvidence) -> str:
    """Return the numbers of a wave as one sentence without its end."""
    told = [_audit_words(one.audit)]
    if one.proof is not None:
        told.append(_proof_words(one.proof))
    return "; ".join(told)


def evidence_lines(one: WaveEvidence) -> Iterator[str]:
    """Yield what the screen shows of a wave."""
    yield f"{'Policies' if one.wave == 0 else f'Wave {one.wave}'}, by the logs: {_audit_words(one.audit)}."
    if one.proof is not None:
        yield from (f"  {line}" for line in _proof_lines(one.proof))
    for change in one.audit.others[:_MOST]:
        yield f"  Not ours: {_change(change)}"
    if len(one.audit.others) > _MOST:
        yield f"  and {len(one.audit.others) - _MOST} more; `mfa-migrate verify -o json` has all of them"


def _audit_words(audit: WaveAudit) -> str:
    if audit.gap is not None:
        return _GAPS[audit.gap]
    told = f"{audit.seen} of {counted(audit.writes, 'change')} seen in the directory audit log"
    if audit.not_seen:
        told += f", {len(audit.not_seen)} not seen"
    if audit.others:
        told += f", {counted(len(audit.others), 'change')} by others meanwhile"
    return told


def _proof_lines(proof: WaveProof) -> Iterator[str]:
    """Yield what the sign-in log says, a fact a line: the eye looks for what failed, not for a sentence."""
    before, after = proof.before, proof.after
    if not before.attempts and not after.attempts:
        yield f"Sign-ins: {_proof_words(proof)}."
        return
    after_it = f"{after.attempts:,} after" if after.attempts else "none after it yet"
    yield f"Sign-ins, log until {_until(proof)}: {before.attempts:,} interactive before, {after_it}."
    if after.attempts:
        for asked, name in ((Asked.PER_USER, "per-user MFA"), (Asked.CONDITIONAL_ACCESS, "Conditional Access")):
            yield f"Asked by {name}: {_share(before, asked)} before, {_share(after, asked)} after."
        again, more = (_number(proof, check) for check in (GateCheck.SEEN_AGAIN, GateCheck.FAILURES))
        yield f"Seen again: {again:.0%}. Failures: {more:+.1%}."
    failing = ", ".join(_FAILS[one.check] for one in proof.checks if not one.holds)
    match proof.verdict:
        case GateVerdict.GO_ON:
            yield "The gate holds."
        case GateVerdict.WAIT:
            yield f"Not enough evidence yet: {failing or 'no log was read'}."
        case GateVerdict.STOP:
            yield f"Look at it before the next wave: {failing}; `mfa-migrate sign-ins waves` has the names."
        case _:
            assert_never(proof.verdict)


def _gate_words(proof: WaveProof) -> str:
    failing = [one.check for one in proof.checks if not one.holds]
    return f"Does not hold: {', '.join(failing)}" if failing else "The gate holds"


def _number(proof: WaveProof, check: GateCheck) -> float:
    return next((one.number for one in proof.checks if one.check is check), 0.0)


def _until(proof: WaveProof) -> str:
    return "an unknown hour" if proof.log_until is None else minute_utc(proof.log_until)


def _proof_words(proof: WaveProof) -> str:
    before, after = proof.before, proof.after
    again, more = (_number(proof, check) for check in (GateCheck.SEEN_AGAIN, GateCheck.FAILURES))
    until = _until(proof)
    if not before.attempts and not after.attempts:
        return f"the sign-in log until {until} has no interactive sign-in of these people and says nothing of the wave"
    told = (
        f"sign-in log until {until}: {before.attempts} interactive attempts before and {after.attempts} "
        f"after, asked by per-user MFA {_share(before, Asked.PER_USER)} and {_share(after, Asked.PER_USER)}, "
        f"by Conditional Access {_share(before, Asked.CONDITIONAL_ACCESS)} and "
        f"{_share(after, Asked.CONDITIONAL_ACCESS)}, {again:.0%} seen again, failures {more:+.1%}"
    )
    gate = _gate_words(proof)
    return f"{told}; {gate[0].lower()}{gate[1:]}"


def _share(numbers: WaveNumbers, asked: Asked) -> str:
    return f"{numbers.asked.get(asked, 0) / numbers.attempts:.1%}" if numbers.attempts else "none"


def _change(change: OthersChange) -> str:
    when = datetime.fromtimestamp(change.at, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"{when} UTC {change.activity}: {change.target_name}, by {change.initiator or 'nobody who is named'}"
