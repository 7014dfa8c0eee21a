"""Puts the proof to Microsoft's own What If: one user of each class, a few sign-ins each. Reads only."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from migrate.decide.microsofts_what_if import body_for, disagreements_between, sign_ins_to_confirm
from migrate.decide.what_if import WhatIf
from migrate.engine.ports import Evaluates, Progress
from migrate.model.users import UserProfile


async def objections_of(
    tenant: Evaluates,
    samples: Mapping[Hashable, UserProfile],
    what_if: WhatIf,
    *,
    apps: frozenset[str] | None,
    progress: Progress,
) -> dict[Hashable, str]:
    """Return for each class about which Microsoft's answer differs one sentence; classes that agree are left out.

    `samples` holds one user of each class. The bucket is shared with every application of the tenant, so a hundred
    classes take ten minutes.
    """
    sign_ins = sign_ins_to_confirm(apps)
    objections: dict[Hashable, str] = {}
    asked = 0
    for user_class, profile in samples.items():
        for sign_in in sign_ins:
            ours = what_if.answer_for(profile, sign_in)
            evaluated = await tenant.evaluate(body_for(profile, sign_in))
            asked += 1
            progress.advance(asked, len(samples) * len(sign_ins), "sign-ins confirmed with Microsoft's What If")
            found = disagreements_between(ours.policies, evaluated)
            if found:
                objections[user_class] = (
                    f"Microsoft's What If disagrees for {profile.user_principal_name} with {sign_in.client_app_type}: "
                    + "; ".join(found)
                )
                break
    return objections
