"""What the report says: pure functions from the snapshot, the plan and the journal to `model/report.py`."""
