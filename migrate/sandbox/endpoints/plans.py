"""Conditional Access policy plans with their rules, and the tenant-wide settings: in beta only, read only here.

What a plan asks for is not judged: no page says whether its rules show among the policies too.
"""

from typing import TYPE_CHECKING

from migrate.sandbox.messages import Answer, Call, GraphError, Json, words
from migrate.sandbox.odata.paging import Collection, entity, listing
from migrate.sandbox.roles import CONDITIONAL_ACCESS_ADMINISTRATOR
from migrate.sandbox.routing import BETA, Route, needs

if TYPE_CHECKING:
    from migrate.sandbox.service import Sandbox

_BASE = "identity/conditionalAccess"
_PLANS = Collection(
    context=f"{_BASE}/plans",
    type_name="conditionalAccessPolicyPlan",
    known=words("createdDateTime description displayName id modifiedDateTime rules sharedConditions state"),
    filterable=words("id displayName"),
)
_RULES = Collection(
    context=f"{_BASE}/plans/rules",
    type_name="conditionalAccessPolicyRule",
    known=words("conditions controls createdDateTime description displayName id modifiedDateTime state"),
)
_SETTINGS = Collection(
    context=f"{_BASE}/settings",
    type_name="conditionalAccessSettings",
    known=words("exclusions id modifiedDateTime"),
)


def _shown(plan: Json) -> Json:
    return {name: value for name, value in plan.items() if name != "rules"}


def _plan(sandbox: "Sandbox", call: Call) -> Json:
    for each in sandbox.tenant.plans:
        if str(each.get("id")).lower() == call.params["plan"].lower():
            return each
    raise GraphError(404, "NotFound", f"{call.params['plan']} is no policy plan.")


def list_plans(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /identity/conditionalAccess/plans."""
    return listing(call, _PLANS, sandbox.tenant.plans, _shown)


def get_plan(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /identity/conditionalAccess/plans/{id}."""
    return entity(call, _PLANS, _shown(_plan(sandbox, call)))


def list_rules(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /identity/conditionalAccess/plans/{id}/rules."""
    return listing(call, _RULES, _plan(sandbox, call).get("rules") or [], lambda each: each)


def get_settings(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /identity/conditionalAccess/settings: it always exists."""
    plain: Json = {
        "id": "conditionalAccessSettings",
        "modifiedDateTime": None,
        "exclusions": {"allResourcesExclusions": {"userActionExclusions": []}},
    }
    return entity(call, _SETTINGS, {**plain, **sandbox.tenant.access_settings})


def routes() -> tuple[Route, ...]:
    """Return the calls of this file."""
    # The pages name Conditional Access Administrator as the least role, for reading too.
    read = needs(
        "Policy.Read.ConditionalAccess",
        "Policy.Read.All",
        "Policy.ReadWrite.ConditionalAccess",
        roles=(CONDITIONAL_ACCESS_ADMINISTRATOR,),
    )
    plan = {"id": "string", "displayName": "string"}
    rows = (
        (f"{_BASE}/plans", list_plans, plan, "Conditional Access policy plans"),
        (f"{_BASE}/plans/{{plan}}", get_plan, plan, "one policy plan"),
        (f"{_BASE}/plans/{{plan}}/rules", list_rules, {"id": "string"}, "the rules of a policy plan"),
        (f"{_BASE}/settings", get_settings, {"exclusions": "object"}, "tenant-wide settings of Conditional Access"),
    )
    return tuple(
        Route(
            method="GET",
            path=path,
            answer=answer,
            shape=shape,
            versions=BETA,
            limit="conditionalAccess",
            needs=read,
            summary=summary,
        )
        for path, answer, shape, summary in rows
    )
