"""The evidence folder: which files it holds, what its manifest says, and what may be wrong with one handed in."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from migrate.model.cis import AccountState, CisAnswer, CisResult
from migrate.model.record import Record
from migrate.model.report import AccountKind
from migrate.model.users import MfaState

EVIDENCE_FORMAT = 1
"""Version of manifest.json. A newer one is refused."""
EVIDENCE_KIND = "mfa-migrate-evidence"
"""What `kind` says in manifest.json, so that no other JSON file passes for one."""

SUMS = "SHA256SUMS"
MANIFEST = "manifest.json"


class Part(StrEnum):
    """The files of an evidence folder, in the order in which they are named. Two more say what these are."""

    README = "README.md"
    CIS = "cis-5.1.2.1.json"
    STATES = "states.csv"
    UNREADABLE = "unreadable.csv"
    CROSS_CHECK = "cross-check.csv"
    COVERAGE = "coverage.csv"
    POLICIES = "policies.json"
    EXCEPTIONS = "exceptions.csv"
    PLAN_JSON = "plan.json"
    PLAN_CSV = "plan.csv"
    ROLLBACK_JSON = "rollback.json"
    ROLLBACK_CSV = "rollback.csv"
    AUDIT = "audit.csv"
    REPORT = "report.html"
    CHANGE_MD = "change-record.md"
    CHANGE_JSON = "change-record.json"


class LeftOutBecause(StrEnum):
    """Why a file is not in the folder."""

    NO_PLAN = "no-plan"
    PLAN_EDITED = "plan-edited"
    NOTHING_APPLIED = "nothing-applied"
    NO_WAY_BACK = "no-way-back"
    """The working folder holds no rollback files."""
    ROLLBACK_EDITED = "rollback-edited"
    """rollback.csv is not what rollback.json was written with."""


class KeptFile(Record, frozen=True, kw_only=True):
    """A file as it was written."""

    name: str
    bytes: int
    sha256: str


class LeftOut(Record, frozen=True, kw_only=True):
    """A file that is not there, and why."""

    name: str
    why: LeftOutBecause


class Manifest(Record, frozen=True, kw_only=True):
    """manifest.json: what the folder is about and every file in it but itself and SHA256SUMS."""

    format: int
    kind: str
    tool_version: str
    as_of: str
    """The moment that the evidence is true for: the last change or reading that stands in it (ISO 8601, UTC)."""
    tenant_id: str
    tenant_name: str
    cloud: str
    endpoint: str | None
    """The sandbox's address; None for Microsoft Graph itself."""
    snapshot_id: str
    snapshot_taken_at: str
    plan_digest: str
    """Of plan.json; empty where none is there."""
    journal_entries: int
    journal_hash: str
    """Of the last entry of audit.csv; 64 zeros where nothing was applied."""
    result: CisResult
    files: tuple[KeptFile, ...]
    left_out: tuple[LeftOut, ...]


class Population(Record, frozen=True, kw_only=True):
    """How many have each verdict of coverage, of all and of those whose per-user MFA is disabled now."""

    verdict: str
    users: int
    disabled: int


class CisDocument(Record, frozen=True, kw_only=True):
    """cis-5.1.2.1.json."""

    benchmark: str
    version: str
    recommendation: str
    profile: str
    question: str
    """In our own words."""
    answer: CisAnswer
    sentence: str
    as_of: str
    read_from: str
    """When the reading of the states began and ended (ISO 8601)."""
    read_until: str
    """Empty in exports of older versions."""
    changes_since: int
    """Changes of this tool that were read back after the reading began, and are in the states."""
    method: str
    coverage: tuple[Population, ...]
    coverage_note: str
    exceptions: Mapping[str, int]
    """How many of each kind; exceptions.csv names them."""
    tenant_id: str
    tenant_name: str
    tool_version: str


class StateRow(Record, frozen=True, kw_only=True):
    """One row of states.csv: one account as it is now, as far as the working folder knows."""

    user_id: str
    user_principal_name: str
    user_type: AccountKind
    account: AccountState
    mfa_state: MfaState | None
    """None for whoever could not be read; they stand in unreadable.csv too."""
    read_at: str
    request_id: str


class UnreadableRow(Record, frozen=True, kw_only=True):
    """One row of unreadable.csv."""

    user_id: str
    user_principal_name: str
    user_type: AccountKind
    account: AccountState
    reason: str
    request_id: str


class SampleRow(Record, frozen=True, kw_only=True):
    """One row of cross-check.csv; size and seed of the draw stand in each, so that the table says them by itself."""

    user_id: str
    first: str
    second: str
    """Empty where the second reading gave no state."""
    agree: bool
    size: int
    seed: str


class FlawKind(StrEnum):
    """What may be wrong with an evidence folder that somebody hands in."""

    MISSING = "missing"
    EXTRA = "extra"
    """There, and named by no list."""
    CHANGED = "changed"
    """Its SHA-256 is another one."""
    NOT_A_FILE = "not-a-file"
    """A link, a folder or a device where a file should be. It was not opened."""
    TOO_LARGE = "too-large"
    UNREADABLE = "unreadable"
    BAD_NAME = "bad-name"
    """A list names something outside the folder, or twice. It was not opened."""
    NOT_UNDERSTOOD = "not-understood"
    LISTS_DIFFER = "lists-differ"
    """manifest.json and SHA256SUMS do not say the same of a file."""
    CHAIN_BROKEN = "chain-broken"
    NOT_ITS_ROWS = "not-its-rows"
    """A header names other rows than those beside it."""
    NOT_IN_AUDIT = "not-in-audit"
    """A document names a run or an entry that the audit does not hold."""
    OTHER_TENANT = "other-tenant"
    """It is of another tenant than manifest.json says."""
    ANSWER_DIFFERS = "answer-differs"
    """The CIS answer is not the one that the tables give."""
    NOT_EXPECTED = "not-expected"
    """A hash that was noted elsewhere is nowhere in it."""


class Flaw(Record, frozen=True, kw_only=True):
    """One thing that is wrong, with the file that it is about."""

    kind: FlawKind
    file: str
    detail: str = ""
    """What was found, in the words of whoever found it; it may quote the folder."""


class CheckedFolder(Record, frozen=True, kw_only=True):
    """What a check of a folder found."""

    files: int
    """Files whose sum is the one that stands in SHA256SUMS."""
    flaws: tuple[Flaw, ...]
    sums_sha256: str
    """SHA-256 of SHA256SUMS itself; empty where it could not be read."""
    manifest: Manifest | None

    @property
    def holds(self) -> bool:
        """Tell whether nothing is wrong."""
        return not self.flaws
