"""Measure advice against coverage, in one process: 10,000, 100,000 and 1,000,000 users, 60 policies.

Run as `python benchmarks/bench_advise.py [USERS …]`. The tenant is that of `bench_coverage.py`, made from a seed, with
per-user MFA for two of three people. Prints CPU seconds of both and their ratio; making the users is in neither.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence

from bench_coverage import evidence_of, profiles
from msgspec import structs

from migrate.decide.advice.advising import Adviser
from migrate.decide.coverage.classes import classes_of
from migrate.decide.coverage.judge import Judge
from migrate.model.advice import Number
from migrate.model.evidence import Evidence, ReadStatus, RoleEvidence
from migrate.model.plan import Limits
from migrate.model.rules import DIRECTORY_SYNC_ROLE, Rules
from migrate.model.snapshot import Actor, Organization, SnapshotHeader
from migrate.model.tenant_settings import UNANSWERED
from migrate.model.users import MfaState, Registration, UserRecord

SIZES = (10_000, 100_000, 1_000_000)
TENANT = "00000000-0000-0000-0000-00000000c0de"
EMERGENCY = "00000000-0000-0000-0000-00000000911a"
METHODS = ((), ("mobilePhone",), ("microsoftAuthenticatorPush",), ("fido2",))


def users(number: int) -> Iterator[UserRecord]:
    """Yield the users of the benchmark with a state and a registration."""
    registrations = [
        Registration(
            is_mfa_registered=bool(methods),
            is_mfa_capable=bool(methods),
            methods_registered=methods,
            last_updated_date_time=None,
        )
        for methods in METHODS
    ]
    states = (MfaState.ENFORCED, MfaState.DISABLED, MfaState.ENABLED)
    for place, profile in enumerate(profiles(number)):
        yield UserRecord(profile=profile, mfa_state=states[place % 3], registration=registrations[place % 4])


def header(number: int) -> SnapshotHeader:
    """Return the header of an export of so many users."""
    organization = Organization(
        tenant_id=TENANT,
        display_name="Contoso",
        default_domain="contoso.example",
        verified_domains=("contoso.example",),
    )
    return SnapshotHeader(
        id="ab" * 32,
        taken_at="2026-11-24T08:00:00Z",
        tool_version="0",
        cloud="global",
        endpoint=None,
        organization=organization,
        skus=(),
        actor=Actor(object_id=None, name="bench", is_user=False),
        states_read_by="requirements",
        users=number,
        unreadable=0,
        counts={},
    )


def rules() -> Rules:
    """Return rules that adopt what is enabled."""
    limits = Limits(
        max_users=None,
        max_newly_required=0,
        max_failures="5%",
        report_only_seconds=0,
        policy_settle_seconds=0,
        plan_max_age_seconds=0,
        readback_timeout_seconds=0,
    )
    return Rules(
        create=False,
        scope_group=None,
        switch_on=(),
        emergency_access=(EMERGENCY,),
        emergency_none=None,
        exclusions={},
        guests=True,
        canary=frozenset(),
        percentages=(100,),
        accepted_gaps=(),
        apps_that_matter=None,
        baseline=UNANSWERED,
        limits=limits,
        sync_by_account=False,
        operator=None,
        only=None,
    )


def with_synchronization(evidence: Evidence) -> Evidence:
    """Return the evidence as every export has it: with who holds the role of the directory synchronization."""
    role = RoleEvidence(
        template_id=DIRECTORY_SYNC_ROLE,
        display_name="Directory Synchronization Accounts",
        status=ReadStatus.READ,
        problem=None,
        holders=frozenset(),
        eligible=frozenset(),
        scoped=frozenset(),
        built_in=True,
    )
    return structs.replace(evidence, roles={**evidence.roles, DIRECTORY_SYNC_ROLE: role})


def measure(number: int) -> None:
    """Measure one size and print it."""
    evidence = with_synchronization(evidence_of(number))
    records: Sequence[UserRecord] = tuple(users(number))
    started = time.process_time()
    classes = classes_of(records, Judge(evidence))
    coverage = time.process_time() - started

    started = time.process_time()
    adviser = Adviser(header(number), evidence, rules())
    adviser.take(records)
    counting = time.process_time() - started
    advice = adviser.advice()
    advising = time.process_time() - started
    print(f"{number:,} users")
    print(f"  coverage  {coverage:6.1f} s CPU, {len(classes)} classes")
    print(f"  advice    {advising:6.1f} s CPU ({counting:.1f} of it counting people), {advising / coverage:.1f} times")
    print(f"  uncovered {advice.uncovered:,} of {advice.waiting:,}; {len(advice.proposals)} steps shown")
    best = advice.ways[0] if advice.ways else None
    covers = 0 if best is None else best.effect.number(Number.COVERED)
    print(f"  the best of {len(advice.ways)} sets covers {covers:,}; exact up to {advice.exact_up_to} steps")


def main() -> None:
    for number in [int(word) for word in sys.argv[1:]] or SIZES:
        measure(number)


if __name__ == "__main__":
    main()
