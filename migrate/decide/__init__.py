"""Pure functions over the records: coverage, planning, guards, verification, reversal. No input or output."""
