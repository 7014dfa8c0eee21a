"""What every record of plan.json is: its digest stays what it was when a later version adds a member."""

from __future__ import annotations

from migrate.model.record import Record


class PlanPart(Record, frozen=True, kw_only=True, omit_defaults=True):
    """What plan.json is made of. A member that a later version adds has a default, which is not written.

    So the digest of an older plan stays what it was, and an open run can be resumed and rolled back.
    """
