"""Advice: the few steps that make everybody covered, and what each costs. Exact, by the engine of the proof.

`candidates` finds the steps, `taking` says how a tenant would be after them, `worlds` judges people under any of them,
`people` counts, `costs` tells what happens to whom, `search` finds the best small sets, `accepting` names what stays
open where a gap is accepted instead, and `advising` puts them together.
"""
