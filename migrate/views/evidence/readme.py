"""README.md of the evidence folder: what it is, the result, how to check it, and who reads what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

from migrate.model.evidence_folder import MANIFEST, SUMS, CisDocument, LeftOut, LeftOutBecause, Part
from migrate.model.instants import minute_utc
from migrate.views.evidence.cis_words import BY_HAND, NO_PROOF_OF_PROTECTION, coverage_words
from migrate.views.markdown import shown

POWERSHELL = (
    "Get-Content SHA256SUMS | ForEach-Object { $sum, $name = $_ -split '  ', 2; "
    'if ((Get-FileHash -LiteralPath $name -Algorithm SHA256).Hash -eq $sum) { "${name}: OK" } '
    'else { "${name}: DIFFERS" } }'
)
"""Checks the sums in Windows PowerShell 5.1 and later."""
_SAYS = {
    Part.README: "this page",
    Part.CIS: "the answer with its counts by kind of account, and the method",
    Part.STATES: "every account with its state now, when it was read and in which request",
    Part.UNREADABLE: "whose state could not be read, and why; there also when it is nobody",
    Part.CROSS_CHECK: "the sample that was read a second way, with size and seed of the draw",
    Part.COVERAGE: "how far enabled policies require MFA of each account, and which",
    Part.POLICIES: "policies, named locations and authentication strengths that this rests on, as read",
    Part.EXCEPTIONS: "who is left out of what, why, by whose decision and until when; accepted gaps too",
    Part.PLAN_JSON: "the plan, with the SHA-256 of its rows",
    Part.PLAN_CSV: "the plan's rows, one an account",
    Part.ROLLBACK_JSON: "where the way back belongs, with the SHA-256 of its rows",
    Part.ROLLBACK_CSV: "the way back, one row for everybody whom a run was about to change",
    Part.AUDIT: "every request to change something and what came of it, each row chained to the one before",
    Part.REPORT: "the report, for people",
    Part.CHANGE_MD: "the change record, to be read and pasted",
    Part.CHANGE_JSON: "the change record by the field names of ServiceNow",
}


def readme(
    document: CisDocument, left_out: Sequence[LeftOut], *, sandbox: bool, journal: tuple[int, str], exceptions: int
) -> str:
    """Return README.md.

    Args:
        document: The CIS answer.
        left_out: Files that are not there.
        sandbox: Whether it was a rehearsal.
        journal: How many entries audit.csv has, and the hash of the last.
        exceptions: How many exceptions there are.
    """
    return "\n".join(_lines(document, left_out, sandbox, journal, exceptions)) + "\n"


def _lines(
    document: CisDocument, left_out: Sequence[LeftOut], sandbox: bool, journal: tuple[int, str], exceptions: int
) -> Iterator[str]:
    yield f"# Evidence: per-user MFA of {shown(document.tenant_name)}"
    yield ""
    if sandbox:
        yield "**REHEARSAL in a sandbox: no real tenant.**"
        yield ""
    yield f"Tenant {document.tenant_id}, state of {minute_utc(document.as_of)}, by mfa-migrate {document.tool_version}."
    yield ""
    yield f"**{document.benchmark} v{document.version}, {document.recommendation}: {document.answer.result}.**"
    yield document.sentence
    yield ""
    yield from _answer_table(document)
    yield f"{document.question} {BY_HAND}"
    yield ""
    yield f"{NO_PROOF_OF_PROTECTION} {coverage_words(document.coverage)} Exceptions: {exceptions}."
    yield ""
    yield "## How to check"
    yield ""
    yield "In this folder; each line says OK for a file that is as it was written:"
    yield ""
    yield f"    sha256sum -c {SUMS}"
    yield ""
    yield "    " + POWERSHELL
    yield ""
    yield "And, where mfa-migrate is installed, everything at once, the audit's chain and the answer too:"
    yield ""
    yield "    mfa-migrate report check ."
    if journal[0]:
        yield f"    mfa-migrate audit verify {Part.AUDIT} --expect {journal[1]}"
    yield ""
    yield (
        f"Nothing here is signed. What shows that nobody made the folder anew is the SHA-256 of {SUMS} and the last "
        f"hash "
        "of the audit, noted in the change ticket when it was written: `mfa-migrate report check . --expect HASH`."
    )
    yield ""
    yield "## How the states were read"
    yield ""
    yield shown(document.method)
    yield ""
    yield "## Files"
    yield ""
    yield "| file | holds |"
    yield "|---|---|"
    missing = {one.name: one.why for one in left_out}
    for part, says in _SAYS.items():
        yield f"| {part} | {says if part not in missing else f'not there: {_why(missing[part])}'} |"
    yield f"| {MANIFEST} | what the folder is about; name, size and SHA-256 of each file |"
    yield f"| {SUMS} | the sums |"
    yield ""
    yield (
        f"An auditor begins with {Part.CIS}, {Part.UNREADABLE} and {Part.EXCEPTIONS}; a change board with "
        f"{Part.CHANGE_MD} and {Part.REPORT}; whoever has to go back takes {Part.ROLLBACK_CSV} and "
        f"{Part.ROLLBACK_JSON}. "
        "The folder holds names of users: hand it on accordingly."
    )


def _answer_table(document: CisDocument) -> Iterator[str]:
    yield "| kind | account | disabled | enabled | enforced | unreadable |"
    yield "|---|---|---|---|---|---|"
    for row in document.answer.states:
        numbers = (row.disabled, row.enabled, row.enforced, row.unreadable)
        yield f"| {row.user_type} | {row.account} | {' | '.join(map(str, numbers))} |"
    yield ""


def _why(why: LeftOutBecause) -> str:
    match why:
        case LeftOutBecause.NO_PLAN:
            return "no plan was made"
        case LeftOutBecause.PLAN_EDITED:
            return "the plan in the working folder is not what was written there"
        case LeftOutBecause.NOTHING_APPLIED:
            return "nothing was applied"
        case LeftOutBecause.NO_WAY_BACK:
            return "the working folder holds no rollback files"
        case LeftOutBecause.ROLLBACK_EDITED:
            return "rollback.csv is not what rollback.json was written with"
        case _:
            assert_never(why)
