"""What `sign-ins waves` shows: each wave before and after, and each condition of the gate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from migrate.model.instants import minute_utc
from migrate.model.sign_ins import SignInClass
from migrate.model.wave_gate import Asked, GateCheck, GateChecked, GateVerdict, WaveNumbers, WaveProof
from migrate.model.words import counted, some_of
from migrate.views.screen import Answer
from migrate.views.sign_ins import OUTCOMES
from migrate.views.tables import table

COLUMNS = ("Wave", "Check", "Holds", "Number", "Limit", "ObjectId", "UserPrincipalName")
_ASKED = {
    Asked.PER_USER: "asked by per-user MFA",
    Asked.CONDITIONAL_ACCESS: "asked by Conditional Access",
    Asked.OTHERS: "asked by others",
    Asked.NOBODY: "not asked",
    Asked.NOT_TOLD: "not told who asked",
}
_CHECKS = {
    GateCheck.WORKING_DAYS: "working days of the log since the last write",
    GateCheck.NO_HOLE: "hours missing in the log since then, with too little of it after the last one",
    GateCheck.SEEN_AGAIN: "share of those active before who were seen again",
    GateCheck.PER_USER_GONE: "people whom per-user MFA still asks (the write is not effective)",
    GateCheck.STILL_ASKED: "people asked for MFA before and not asked now, in the same way",
    GateCheck.LOCKED_OUT: "people who succeeded before and only fail since",
    GateCheck.FAILURES: "more failures than before, as a share (blocked, cannot register, MFA failed)",
    GateCheck.CANNOT_ENROL: "people who cannot register, and could before",
}
_VERDICTS = {
    GateVerdict.GO_ON: "go on",
    GateVerdict.WAIT: "wait: there is not enough evidence yet. Read the log again: mfa-migrate sign-ins read",
    GateVerdict.STOP: "stop: look at the people named before the next wave",
}


def waves_answer(proofs: Sequence[WaveProof], names: Mapping[str, str], *, gate: bool) -> Answer:
    """Return the answer.

    `names` are user principal names by object id in lower case; `gate` tells whether `apply` asks for this already.
    """

    def rows() -> Iterator[tuple[str, ...]]:
        for proof in proofs:
            for one in proof.checks:
                for user_id in one.people or ("",):
                    numbers = (f"{one.number:g}", f"{one.limit:g}")
                    wave = str(proof.wave)
                    yield wave, one.check.value, str(one.holds), *numbers, user_id, names.get(user_id, "")

    def lines() -> Iterator[Any]:
        if not proofs:
            yield "No wave has switched anybody off yet."
        for proof in proofs:
            yield from _wave(proof, names)
            yield ""
        if not gate and any(proof.log_until is not None for proof in proofs):
            yield "Advised: waves.gate = true in mfa-migrate.toml; `apply` then waits for each wave to hold."

    return Answer(
        kind="sign-ins waves",
        document={"waves": [{"proof": one, "verdict": one.verdict} for one in proofs]},
        columns=COLUMNS,
        rows=rows,
        lines=lines,
    )


def _wave(proof: WaveProof, names: Mapping[str, str]) -> Iterator[Any]:
    people = counted(proof.people, "person", "people")
    until = "no log was read" if proof.log_until is None else f"log until {minute_utc(proof.log_until)}"
    first, last = minute_utc(proof.first_write), minute_utc(proof.last_write)
    yield f"Wave {proof.wave}: {people}, written {first if first == last else f'{first} to {last}'}, {until}"
    yield table(("Interactive attempts", "Before", "After"), list(_numbers(proof.before, proof.after)))
    for one in proof.checks:
        yield f"  {'holds' if one.holds else 'FAILS'}: {_check(one, names)}"
    if proof.new_legacy_failures:
        shown = ", ".join(names.get(user_id, user_id) for user_id in proof.new_legacy_failures)
        yield f"  Old clients that fail now: {shown}"
    yield f"  {_VERDICTS[proof.verdict][:1].upper()}{_VERDICTS[proof.verdict][1:]}."


def _numbers(before: WaveNumbers, after: WaveNumbers) -> Iterator[tuple[str, ...]]:
    yield "attempts", f"{before.attempts:,}", f"{after.attempts:,}"
    yield "people", f"{before.people:,}", f"{after.people:,}"
    for asked in Asked:
        if asked in before.asked or asked in after.asked:
            yield _ASKED[asked], _share(before, before.asked.get(asked, 0)), _share(after, after.asked.get(asked, 0))
    for outcome in SignInClass:
        if outcome.value in before.ended or outcome.value in after.ended:
            counts = (before.ended.get(outcome.value, 0), after.ended.get(outcome.value, 0))
            yield OUTCOMES[outcome], _share(before, counts[0]), _share(after, counts[1])


def _share(numbers: WaveNumbers, count: int) -> str:
    return f"{count:,} ({count / numbers.attempts:.1%})" if numbers.attempts else "0"


def _check(one: GateChecked, names: Mapping[str, str]) -> str:
    people = some_of(one.people, 10, lambda user_id: names.get(user_id, user_id))
    named = f": {people}" if people else ""
    return f"{_CHECKS[one.check]}: {one.number:.3g} (limit {one.limit:g}){named}"
