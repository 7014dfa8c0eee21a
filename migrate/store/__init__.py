"""Everything that touches the working folder: snapshot, journal, lock, plan and rollback files."""
