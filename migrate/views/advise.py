"""What `advise` prints, and the first lines of it in `plan`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from migrate.model.advice import (
    Advice,
    AllClientApps,
    CreateOurs,
    Effect,
    Ended,
    EndExclusion,
    InExclusion,
    Never,
    Number,
    Proposal,
    Remedy,
    RuledOut,
    SwitchOn,
    Way,
    WidenOurs,
)
from migrate.model.instants import minute_utc
from migrate.model.leaving_out import LeaveOut
from migrate.model.now import Moment
from migrate.model.snapshot import SnapshotHeader
from migrate.model.users import AnyUser, UnreadableUser
from migrate.model.words import counted
from migrate.views.leaving_out import left_out_lines
from migrate.views.remedies import clicks, is_for_the_portal, never_words, remedy_words
from migrate.views.screen import Answer
from migrate.views.tables import table

COLUMNS = ("Steps", "Do", "Number", "ObjectId", "UserPrincipalName", "PerUserMfaState")
SHOWN_STEPS, SHOWN_NEVER, SHOWN_IN_PLAN = 12, 8, 3

_KINDS = {
    Number.NEWLY_REQUIRED: "members",
    Number.GUEST: "guests",
    Number.WITHOUT_METHOD: "enabled without a method",
}
_ABILITY = {
    Number.NOT_CAPABLE: "not MFA capable",
    Number.MUST_REGISTER: "must register first",
    Number.SMS_VOICE_ONLY: "SMS/voice only",
    Number.CAPABLE_UNKNOWN: "MFA capable unknown",
}
_BLOCKED = {
    Number.BLOCKED: "for certain",
    Number.LEGACY_SEEN: "seen with legacy clients",
    Number.DEVICE_CODE_SEEN: "seen with device code",
    Number.PASSWORD_ONLY_SEEN: "seen with a password alone (ROPC)",
    Number.LEGACY_CLIENTS: "if they use legacy clients or app passwords",
    Number.DEVICE_CODE: "if they use device code",
    Number.SERVICE_ACCOUNT: "if they are service accounts",
    Number.OTHER_SIGN_INS: "for other sign-ins that a policy blocks",
}


def advice_answer(
    header: SnapshotHeader,
    advice: Advice,
    moment: Moment,
    people: Callable[[], Iterable[tuple[str, str, Number, AnyUser]]],
    left_out: Sequence[LeaveOut] = (),
) -> Answer:
    """Return the advice, with what is known to have changed since the export that it is true for.

    `people` yields for the CSV whom each number is made of: the steps by number, the steps in words, the number, the
    user. `left_out` is who could be left out.
    """
    return Answer(
        kind="advise",
        document={
            "tenant": header.organization.display_name,
            "snapshotTakenAt": header.taken_at,
            "changesSince": moment.changes,
            "waiting": advice.waiting,
            "uncovered": advice.uncovered,
            "proposals": [_proposal_document(one) for one in advice.proposals],
            "ways": [
                {
                    "steps": way.steps,
                    "do": [remedy_words(step.remedy) for step in _steps(way, advice)],
                    **_plain(way.effect),
                }
                for way in advice.ways
            ],
            "exactUpTo": advice.exact_up_to,
            "neverProposed": [
                {"do": remedy_words(one.remedy), "remedy": one.remedy, "why": one.why} for one in advice.ruled_out
            ],
            "accepting": advice.acceptances,
            "signInsSince": advice.sign_ins_since,
            "leaveOut": left_out,
        },
        columns=COLUMNS,
        rows=lambda: (_person_cells(*one) for one in people()),
        lines=lambda: _lines(header, advice, moment, left_out),
    )


def _proposal_document(one: Proposal) -> dict[str, Any]:
    return {
        "number": one.number,
        "do": remedy_words(one.remedy),
        "remedy": one.remedy,
        "inThePortal": is_for_the_portal(one.remedy),
        **_plain(one.effect),
        "inExclusion": one.inside,
    }


def _plain(effect: Effect) -> dict[str, Any]:
    return {
        "numbers": effect.numbers,
        "mayBeBlocked": effect.may_be_blocked,
        "blocked": effect.blocked,
        "newlyRequired": effect.newly_required,
    }


def _person_cells(steps: str, words: str, number: Number, user: AnyUser) -> tuple[str, ...]:
    state = "" if isinstance(user, UnreadableUser) else user.mfa_state.value
    return steps, words, number.value, user.profile.id, user.profile.user_principal_name, state


def _lines(header: SnapshotHeader, advice: Advice, moment: Moment, left_out: Sequence[LeaveOut]) -> Iterator[Any]:
    name = header.organization.display_name
    yield f"Advice for {name} ({header.organization.default_domain}), from the export of {minute_utc(header.taken_at)}"
    yield from _since_lines(moment)
    if not advice.uncovered:
        yield f"Everybody on per-user MFA is covered ({advice.waiting}), or kept out by the configuration."
        yield from left_out_lines(left_out)
        yield "Next: `mfa-migrate plan`."
        return
    yield f"People on per-user MFA: {advice.waiting}; not covered: {advice.uncovered}"
    yield ""
    yield from _way_lines(advice)
    yield from _step_lines(advice)
    yield from _exclusion_lines(advice.proposals)
    yield from _never_lines(advice)
    yield from _acceptance_lines(advice)
    yield from left_out_lines(left_out)
    if advice.proposals:
        yield ""
        number = advice.ways[0].steps[0] if advice.ways else advice.proposals[0].number
        yield f"`-o csv` names the people behind each number. Next: `mfa-migrate advise --take {number}`."


def _since_lines(moment: Moment) -> Iterator[str]:
    """Yield that the numbers are older than what this tool did. Advice rests on what was read, never on the journal."""
    left_out = []
    if moment.changes:
        left_out.append(f"{counted(moment.changes, 'change')} by this tool until {minute_utc(moment.until)}")
    if moment.in_doubt:
        left_out.append(f"{counted(moment.in_doubt, 'change')} of which nobody knows yet what became")
    if left_out:
        what = ", nor ".join(left_out)
        yield f"Its numbers do not count {what}: `mfa-migrate export`, then `mfa-migrate advise`, counts them."


def _way_lines(advice: Advice) -> Iterator[str]:
    if not advice.ways:
        yield "No step covers any of them by itself or with two others; `mfa-migrate explain USER` says what is open."
        return
    yield f"Best first ({_how_exact(advice.exact_up_to)})"
    for way in advice.ways:
        yield f"  {' and '.join(f'{step.number}. {remedy_words(step.remedy)}' for step in _steps(way, advice))}"
        yield from (f"       {line}" for line in effect_lines(way.effect, advice.uncovered))
    if advice.sign_ins_since is None:
        yield "  Who is blocked is unknown where no sign-ins were read; unknown counts as blocked in this order."
        yield "  `mfa-migrate sign-ins read` reads them."
    else:
        yield f"  {seen_since(advice.sign_ins_since)}"


def _how_exact(size: int) -> str:
    if size == 3:
        return "every set of up to 3 steps was compared"
    looked = f"every set of up to {size} steps was compared" if size > 1 else "single steps were compared"
    return f"{looked}; larger sets only where they grow from the best, so that there may be better ones"


def effect_lines(effect: Effect, uncovered: int) -> Iterator[str]:
    """Yield what steps do, in a line or three."""
    partly = effect.number(Number.PARTLY)
    yield f"covers {effect.number(Number.COVERED)} of {uncovered}" + (f", partly {partly}" if partly else "")
    yield from effect_lines_alone(effect)


def seen_since(since: str) -> str:
    """Say since when sign-ins were read, and that nobody is safe for not being in them."""
    return f"Sign-ins since {minute_utc(since)}: who was not seen with a legacy client may still use one."


def effect_lines_alone(effect: Effect) -> Iterator[str]:
    """Yield whom steps newly require and may block, in a line or two."""
    ability = _named(effect, _ABILITY)
    newly = f"newly required to use MFA: {effect.newly_required}"
    kinds = _named(effect, _KINDS)
    yield newly + (f" ({kinds})" if kinds else "") + (f"; {ability}" if ability else "")
    if effect.may_be_blocked:
        yield f"blocked, or unknown: {effect.may_be_blocked} ({_named(effect, _BLOCKED)})"


def _named(effect: Effect, words: dict[Number, str]) -> str:
    return ", ".join(f"{said} {effect.number(one)}" for one, said in words.items() if effect.number(one))


def _step_lines(advice: Advice) -> Iterator[Any]:
    if not advice.proposals:
        return
    yield ""
    yield table(
        ["", "Step alone", "Covers", "Partly", "Newly required", "Not MFA capable", "Blocked or unknown"],
        (
            (
                str(one.number),
                remedy_words(one.remedy),
                str(one.effect.number(Number.COVERED)),
                str(one.effect.number(Number.PARTLY)),
                str(one.effect.newly_required),
                str(one.effect.number(Number.NOT_CAPABLE)),
                str(one.effect.may_be_blocked),
            )
            for one in advice.proposals[:SHOWN_STEPS]
        ),
    )
    others = len(advice.proposals) - SHOWN_STEPS
    if others > 0:
        yield f"and {counted(others, 'more step')}; `-o json` has all of them."


def _exclusion_lines(proposals: Sequence[Proposal]) -> Iterator[str]:
    ending = [one for one in proposals[:SHOWN_STEPS] if isinstance(one.remedy, EndExclusion)]
    if not ending:
        return
    yield ""
    yield "Before an exclusion ends: each is an open door, and each may have a reason"
    for one in ending:
        if one.inside is not None:
            yield f"  {one.number}. {inside_words(one.inside)}"
    yield (
        "  Where people have to stay excluded, give them a policy of their own that makes up for it: block their "
        "sign-ins from outside named locations."
    )


def inside_words(inside: InExclusion) -> str:
    """Return who is in an exclusion."""
    unknown = f", of {inside.capable_unknown} it is unknown" if inside.capable_unknown else ""
    return f"{counted(inside.people, 'person', 'people')} in it, {inside.not_mfa_capable} not MFA capable{unknown}"


def _never_lines(advice: Advice) -> Iterator[str]:
    shown = sorted((one for one in advice.ruled_out if not _is_plain(one)), key=lambda one: _ORDER[type(one.remedy)])
    if not shown:
        return
    yield ""
    yield "Never proposed"
    for one in shown[:SHOWN_NEVER]:
        yield f"  {remedy_words(one.remedy)}: {never_words(one.why)}"
    if len(shown) > SHOWN_NEVER:
        yield f"  and {len(shown) - SHOWN_NEVER} more; `-o json` has all of them."


_ORDER: dict[type, int] = {SwitchOn: 0, CreateOurs: 0, WidenOurs: 0, AllClientApps: 1, EndExclusion: 2}


def _is_plain(one: RuledOut) -> bool:
    """Tell whether it goes without saying: an account by itself, excluded as it should be."""
    by_name = isinstance(one.remedy, EndExclusion) and one.remedy.what is Ended.PERSON
    return by_name and one.why in (Never.EMERGENCY_ACCESS, Never.DIRECTORY_SYNC)


def _acceptance_lines(advice: Advice) -> Iterator[str]:
    if not advice.acceptances:
        return
    yield ""
    yield "Accepting a gap closes nothing. These people would lose per-user MFA, and sign-ins there would need no MFA:"
    for one in advice.acceptances:
        sample = f"{', '.join(one.sample)}{', ...' if one.people > len(one.sample) else ''}"
        whom = counted(one.people, "person", "people")
        yield f"  {' and '.join(one.gaps)} ({'; '.join(one.words)}): {whom}, {sample}"
    yield "  Each takes a reason and an end: accept_partial in the configuration."


def _steps(way: Way, advice: Advice) -> list[Proposal]:
    by_number = {one.number: one for one in advice.proposals}
    return [by_number[number] for number in way.steps]


def lines_in_plan(advice: Advice) -> Iterator[str]:
    """Yield the first lines of advice, for people who are held back because they are not covered."""
    if not advice.uncovered or not advice.ways:
        return
    yield f"People on per-user MFA who are not covered: {advice.uncovered}. What would cover them:"
    for way in advice.ways[:SHOWN_IN_PLAN]:
        words = " and ".join(remedy_words(step.remedy) for step in _steps(way, advice))
        effect = way.effect
        yield (
            f"  {words}: covers {effect.number(Number.COVERED)}, newly required {effect.newly_required}, not MFA "
            f"capable {effect.number(Number.NOT_CAPABLE)}, blocked or unknown {effect.may_be_blocked}"
            f"{f' ({_named(effect, _BLOCKED)})' if effect.may_be_blocked else ''}"
        )
    yield "`mfa-migrate advise` says more, and takes a step."


def taken_answer(remedies: Sequence[Remedy], path: str | None) -> Answer:
    """Return what was done for the steps that were taken: written into the configuration, or left to be clicked."""

    def lines() -> Iterator[str]:
        for remedy in remedies:
            if is_for_the_portal(remedy):
                yield f"Yours to do: {remedy_words(remedy)}"
                yield from (f"  {number}. {click}" for number, click in enumerate(clicks(remedy), 1))
            else:
                yield f"Written into {path}: {remedy_words(remedy)}"
        if any(map(is_for_the_portal, remedies)):
            yield "Nothing was changed in the tenant. When it is done: `mfa-migrate export`, then `mfa-migrate plan`."
        else:
            yield "Nothing was changed in the tenant. Next: `mfa-migrate plan`."

    return Answer(
        kind="advise",
        document={
            "taken": [
                {
                    "do": remedy_words(one),
                    "remedy": one,
                    "inThePortal": is_for_the_portal(one),
                    "clicks": list(clicks(one)) if is_for_the_portal(one) else [],
                }
                for one in remedies
            ],
            "configuration": path,
        },
        columns=("Do", "InThePortal"),
        rows=lambda: ((remedy_words(one), str(is_for_the_portal(one)).lower()) for one in remedies),
        lines=lines,
    )
