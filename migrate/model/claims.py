"""What a file of somebody else says about users: claims to compare with the tenant, never the truth to act on."""

from __future__ import annotations

from enum import StrEnum

from migrate.model.record import Record
from migrate.model.users import MfaState


class Claim(Record, frozen=True, kw_only=True):
    """What one row says about one user."""

    object_id: str | None
    """Lower-case GUID; None where the row has none."""
    user_principal_name: str | None
    """As written. At least one of the two identities is there."""
    also_named: str | None = None
    """Another name that the text may stand for: with or without the apostrophe that tables put before `=`, `+`, `-`
    and `@`. None for nearly everybody."""
    display_name: str | None
    """For reading only: exports lose letters of it, so nobody is ever matched by it."""
    mfa_state: MfaState | None
    """None where the row holds no state."""
    inferred: bool
    """The state is Disabled because the source leaves a blank for users without a requirement."""
    problem: str | None
    """Why the row's state cannot be known, as a sentence; None where there is no such trouble."""
    lost: bool = False
    """The export wrote the name of a type where the state should stand: only a new export holds it."""
    previous_state: MfaState | None
    """PreviousState of a rollback file; None elsewhere."""
    plan_digest: str | None
    """PlanDigest of a rollback file; None elsewhere."""
    source: str
    """Where the row stands: the file's name, and the column or property that the state was read from."""
    row: int
    """As a spreadsheet or editor counts: the row in a table, the line in NDJSON, else the object's number from 1."""


class UnreadRow(Record, frozen=True, kw_only=True):
    """A row that is about somebody, nobody knows whom."""

    row: int
    column: str | None = None
    """The column that is at fault, where one is."""
    reason: str
    """Why, as a sentence."""

    @property
    def place(self) -> str:
        """Return where it stands, for messages."""
        return f"row {self.row}" if self.column is None else f"row {self.row}, column {self.column}"


class ClaimFile(Record, frozen=True, kw_only=True):
    """Everything that a file says, and what one has to know before believing it."""

    name: str
    format: str
    """`csv`, `json`, `ndjson`, `clixml` or `xlsx`."""
    state_from: str | None
    """The column or property that the states were read from; None where the file holds no state."""
    claims: tuple[Claim, ...]
    unread: tuple[UnreadRow, ...] = ()
    """Rows that could not be read where others could."""
    notes: tuple[str, ...]
    """Sentences: half-truths of the file, such as users without MFA that are not listed."""
    notes_about_rows: tuple[str, ...] = ()
    """Those of them that concern whom the file names, whatever is wanted of it: rows passed over, hidden, not read."""
    no_state_because: str | None
    """Why no state could be read although something looked like one, with what to do; None otherwise."""

    @property
    def has_states(self) -> bool:
        """Tell whether the file gives anybody a state."""
        return self.no_state_because is None and any(claim.mfa_state is not None for claim in self.claims)


class DifferenceKind(StrEnum):
    """In what a file and the tenant disagree."""

    STATE = "state"
    PROMOTED = "promoted"
    """Enabled in the file, Enforced in the tenant: Graph does that by itself once a method is registered."""
    RENAMED = "renamed"
    NEW = "new"
    """In the tenant, not in the file."""
    DELETED = "deleted"
    """The file's object id is not in the tenant any more."""
    MISSING = "missing"
    """The file has a name only, and the tenant has nobody of that name: renamed or deleted."""
    NOT_STATED = "not-stated"
    """The file holds no readable state for the user."""
    UNREADABLE = "unreadable"
    """The tenant's state could not be read."""


class Difference(Record, frozen=True, kw_only=True):
    """One point in which a file and the tenant disagree."""

    kind: DifferenceKind
    object_id: str
    user_principal_name: str
    """As the tenant has it, or as the file has it where the tenant has nobody."""
    claimed: MfaState | None
    """What the file says."""
    found: MfaState | None
    """What the tenant says."""
    row: int | None
    """Row in the file; None for somebody who is not in it."""
    sentence: str


class Comparison(Record, frozen=True, kw_only=True):
    """An old export beside the tenant."""

    differences: tuple[Difference, ...]
    agree: int
    """How many users are the same in both."""
    states: dict[str, dict[str, int]]
    """How many users the file calls X and the tenant Y, as `states[X][Y]`; `none` where there is no state."""
