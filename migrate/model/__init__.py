"""Frozen records: users, policies, evidence, plan, journal, findings. Nothing here does any input or output."""
