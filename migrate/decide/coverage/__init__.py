"""The proof that Conditional Access requires MFA of a user: exact, by sets of sign-ins, never by sampling.

`projection` reads a policy's JSON strictly; `principals` says whom it is assigned to; `space` turns its conditions
into sets of sign-ins; `regions` subtracts sets; `gaps` names what stays open; `judge` puts them together.
"""
