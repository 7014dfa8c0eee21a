"""docs/sandbox.md, written from the code: run `python -m migrate.sandbox.documentation`."""

# ruff: noqa: E501 - the lines are the page's
import json
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from migrate.sandbox.control import CALLS
from migrate.sandbox.endpoints.table import all_routes
from migrate.sandbox.fault_examples import EXAMPLES
from migrate.sandbox.method_kinds import KINDS
from migrate.sandbox.routing import BOTH, Needs, Route
from migrate.sandbox.settings import SandboxSettings

NOT_MODELLED = (
    "creating, changing or deleting users, groups, memberships and roles through Graph (the control plane can change them)",
    "writing authentication methods; they are registered through the control plane or a simulated sign-in",
    "delta queries, change notifications, `contains`, `$count` inside a filter, `$expand` beyond `principal`",
    "photos, mail and everything else outside identity",
    "filters over the attributes of applications, and service principals as objects",
    "Conditional Access templates, terms of use as objects, what policy plans ask for (they are served only)",
    "writing authentication strengths, the authentication methods policy and the authorization policy",
    "Identity Protection (risky users, risk detections), writing the cross-tenant access policy, recommendations, restoring from Entra Backup",
    "app passwords, trusted IPs and the other settings of the old MFA page, which have no Graph call either",
    "`$metadata`",
)
"""What stays out: these answer with 501 and their name, never with an empty 200."""

_HEAD = """# The sandbox

*Written by `python -m migrate.sandbox.documentation`; a test checks that it is current.*

The sandbox emulates the Microsoft Graph calls around per-user MFA and Conditional Access, on this machine only. It is
written from Microsoft's documentation, not from a live tenant, shares no code with the tool that is tried on it, and is
strict: what it does not model answers with a Graph error that names it (501), never with an empty 200. Where the
documentation is silent, a setting below holds the likelier answer.

## A first walk

Start it in one terminal:

    mfa-migrate sandbox --port 8765 --users 300

and walk in another. A test runs these lines as they stand.

```bash
base=http://127.0.0.1:8765
user=$base/beta/users/alma.berg@contoso.example/authentication/requirements
json='Content-Type: application/json'

# Sign in with a device code: ask for one, enter it as the administrator would in a browser, fetch the token.
answer=$(curl -s -d client_id=walk -d scope=https://graph.example/.default $base/organizations/oauth2/v2.0/devicecode)
code=$(echo "$answer" | sed 's/.*"user_code":"\\([^"]*\\)".*/\\1/')
device=$(echo "$answer" | sed 's/.*"device_code":"\\([^"]*\\)".*/\\1/')
curl -s -d code=$code -d user=admin@contoso.example $base/devicelogin
token=$(curl -s -d client_id=walk -d grant_type=device_code -d device_code=$device \\
  $base/organizations/oauth2/v2.0/token | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')
auth="Authorization: Bearer $token"

# List some users, and read somebody's per-user MFA state.
curl -s -H "$auth" "$base/v1.0/users?\\$select=userPrincipalName&\\$top=3"; echo
curl -s -H "$auth" $user; echo

# She signs in: both her own state and Conditional Access ask for MFA.
curl -s -H "$json" -d '{"user":"alma.berg@contoso.example"}' $base/_sandbox/signins | grep -o '"requirementProvider":"[^"]*"'

# Switch the state off. She signs in again: Conditional Access alone asks.
curl -s -X PATCH -H "$auth" -H "$json" -d '{"perUserMfaState":"disabled"}' $user
curl -s -H "$json" -d '{"user":"alma.berg@contoso.example"}' $base/_sandbox/signins | grep -o '"requirementProvider":"[^"]*"'

# The sign-in log has it after its lag: move the clock, then read.
curl -s -H "$json" -d '{"advance":301}' $base/_sandbox/clock; echo
curl -s -H "$auth" "$base/beta/auditLogs/signIns?\\$top=1"
```

`mfa-migrate sandbox signin alma.berg@contoso.example --endpoint http://127.0.0.1:8765` simulates a sign-in too, and says
in words who asks for MFA.

Any bearer token is accepted and acts as the tenant's administrator, unless permissions are enforced
(`--enforce-permissions`): without that nobody signs in, whatever `--sign-in` says, and each command says so. Without a token the answer is 401. With `--https` a certificate authority is made on the fly,
with `--cert` and `--key` a certificate of your own is used; the sandbox prints which file its clients have to trust
(`curl --cacert FILE`, `ca_bundle` in mfa-migrate.toml).
"""

UNSEEN_EXAMPLE = {
    "baselineScopes": "enforced",
    "guests": {
        "00000000-1111-2222-3333-444444444444": {
            "externalTenantId": "99999999-1111-2222-3333-444444444444",
            "externalUserType": "b2bCollaborationGuest",
        }
    },
    "applicationGroups": {"Office365": ["12121212-1111-2222-3333-444444444444"]},
    "managedPolicies": {"34343434-1111-2222-3333-444444444444": "perUserMfa"},
}
"""A tenant file's `_unseen`, for the page and for the test that loads it."""
_OLDER = "policies/conditionalAccessPolicies"


def page() -> str:
    """Return the whole page."""
    return "\n".join(
        [_HEAD, *_calls(), *_sign_in(), *_settings(), *_faults(), *_control(), *_tenant_file(), *_limits()]
    )


def _calls() -> Iterator[str]:
    yield "## What is modelled\n"
    yield "| call | versions | what | permissions, any of | limiter |"
    yield "|---|---|---|---|---|"
    for route in all_routes():
        if "/microsoft.graph." in route.path or route.path.startswith(_OLDER) or "members/$count" in route.path.lower():
            continue
        versions = "v1.0, beta" if route.versions == BOTH else ", ".join(sorted(route.versions))
        yield (
            f"| `{route.method} /{route.path}` | {versions} | {route.summary} | {_needs(route.needs)} | "
            f"{_limit(route)} |"
        )
    yield "| `POST /$batch` | v1.0, beta | up to 20 calls in one | those of its items | each item on its own |"
    yield "\nMembers and memberships can be asked for one type (`/microsoft.graph.user`, `/microsoft.graph.group`,"
    yield "`/microsoft.graph.directoryRole`), and members for their number (`/$count`). Policies have an older address besides,"
    yield f"`{_OLDER}`.\n"
    yield "Query options: `$select`, `$top`, `$skiptoken`, `$count`, `$filter` (`eq`, `ne`, `and`, `or`, `not`, `in`,"
    yield "`ge`, `le`, `gt`, `lt`, `startswith`, `endswith`, `isof`, lambda `any`), `$orderby` by name, `$expand=principal`,"
    yield "and `$search` on users, groups, members and memberships (with `ConsistencyLevel: eventual`).\n"
    yield "## What is not modelled\n"
    yield from (f"- {each}" for each in NOT_MODELLED)
    yield ""


def _needs(needs: Needs) -> str:
    return ", ".join(" + ".join(f"`{each}`" for each in sorted(alternative)) for alternative in needs.delegated)


def _limit(route: Route) -> str:
    if route.limit == "directory":
        return f"directory, {route.units} unit{'s' if route.units > 1 else ''}"
    return {"conditionalAccess": "Conditional Access", "reports": "reports"}.get(
        route.limit, f"setting `{route.limit}_bucket`"
    )


def _sign_in() -> Iterator[str]:
    yield "## Signing in\n"
    yield "Tenants are named by id, domain, `organizations` or `common`. Unknown fields and query strings are ignored.\n"
    yield "| address | what |"
    yield "|---|---|"
    yield "| `/{tenant}/v2.0/.well-known/openid-configuration` | the addresses below |"
    yield "| `/common/discovery/instance` | instance discovery |"
    yield (
        "| `/{tenant}/oauth2/v2.0/authorize` | authorization code with PKCE, on a page that signs in at once: `login_hint` "
        "or `user=…` says whom, else the administrator; `deny=1` declines; redirects lead to loopback only |"
    )
    yield (
        "| `/{tenant}/oauth2/v2.0/token` | tokens by secret (any but `wrong-secret` and `expired-secret`), client assertion "
        "(its signature is not checked; of another provider where `POST /_sandbox/federation` trusts it), authorization "
        "code, device code, refresh token |"
    )
    yield "| `/{tenant}/oauth2/v2.0/devicecode` | a device code |"
    yield "| `/{tenant}/v2.0/adminconsent`, `/{tenant}/adminconsent` | consent of an administrator for everybody |"
    yield (
        "| `/metadata/identity/oauth2/token` | a managed identity of a virtual machine: "
        "`AZURE_POD_IDENTITY_AUTHORITY_HOST` names the sandbox |"
    )
    yield (
        "| `/msi/token` | a managed identity of App Service: `IDENTITY_ENDPOINT` is this address, `IDENTITY_HEADER` is "
        "`sandbox`. Without a name it is the system's own; those of users are applications with `POST /_sandbox/grants` |"
    )
    yield "| `/devicelogin` | a page where the code is typed; POST `code=…&user=…` does the same; `deny=1` declines |"
    yield (
        "| `/actions/idtoken` | another identity provider, in the shape of GitHub Actions: `ACTIONS_ID_TOKEN_REQUEST_URL` is "
        "this address, `ACTIONS_ID_TOKEN_REQUEST_TOKEN` is `sandbox` |\n"
    )
    yield "Started with `--https --enforce-permissions --write-config lab.toml`, `mfa-migrate sandbox ways DIR --config lab.toml`"
    yield "shows the command for each way to sign in and writes what it takes: a scripted browser, a program that enters device"
    yield "codes, a certificate, a token file and an `az`. `mfa-migrate sandbox operator` makes a partner (`--home`) or changes"
    yield "whose roles are held (`--role`, `--without`) or eligible (`--eligible`), `mfa-migrate sandbox grant` gives exactly the"
    yield "permissions named.\n"
    yield "Tokens last an hour of the sandbox's clock. An application holds every permission named above unless"
    yield "`POST /_sandbox/grants` gives it a list of its own; `Member.Read.Hidden` is only ever given so."
    yield "With the setting `consent=asked` nothing is held from the start: a scope that was not agreed to is AADSTS65001,"
    yield "administrators agree on the page, others get AADSTS90094, and a token holds whatever was ever agreed to."
    yield "A fault with `aadsts` lets the service refuse with any code.\n"
    yield "Where permissions are enforced a signed-in user also needs a directory role where Microsoft's pages name some, such"
    yield "as Authentication Policy Administrator for writing the per-user state; Global Administrator always will do.\n"


def _settings() -> Iterator[str]:
    yield "## Settings\n"
    yield "Given at the start: `mfa-migrate sandbox --set policy_cap=240 --set guest_state_write=ignored`. Four have options of"
    yield "their own: `--enforce-permissions`, `--no-throttle`, and `--latency 150+-50` for mean and jitter.\n"
    yield "| setting | default | what |"
    yield "|---|---|---|"
    for each in fields(SandboxSettings):
        default = str(each.default).lower() if isinstance(each.default, bool) else each.default
        yield f"| `{each.name}` | `{default}` | {each.metadata['doc']} |"
    yield ""


def _faults() -> Iterator[str]:
    yield "## Faults\n"
    yield 'A fault file is `{"faults": [{"match": {…}, "do": {…}}, …], "seed": 7}`, given at the start with'
    yield "`--faults FILE` or sent to `POST /_sandbox/faults`. `match` takes `method`, `path` (after the version, with `*`),"
    yield "`version`, `query` (a part of the query string), `user`, `item` (true, false or an id in the batch), `nth` (a number"
    yield "or several), `every`, `times`, `chance` and `seconds` (only so long after its first match, on the sandbox's clock);"
    yield 'what is left out matches everything. A replica that lags behind: `{"match": {"path": "groups/<id>", "seconds": 8},'
    yield '"do": {"status": 404, "code": "Request_ResourceNotFound"}}`.'
    yield "What `do` can hold, each with an example that the contract tests run:\n"
    for name, (sentence, example) in EXAMPLES.items():
        yield f"**`{name}`**: {sentence}\n"
        yield f"```json\n{json.dumps(example, indent=1)}\n```\n"
    yield '`{"random": {"rate": 0.05, "kinds": ["throttle", "resetAfter"]}}` strikes by chance. The answer names the seed;'
    yield "the same seed and the same calls give the same faults. Kinds: `throttle`, `unavailable`, `error`, `resetBefore`,"
    yield "`resetAfter`, `dropItem`, `slow`, `html`.\n"


def _control() -> Iterator[str]:
    yield "## The control plane\n"
    yield "Under `/_sandbox/`, without a token. Clients of Graph never come here. Like every other path it answers only to"
    yield "loopback names (421 for another Host) and to no page of another origin (403)."
    yield ""
    yield "| call | what |"
    yield "|---|---|"
    for call in CALLS:
        yield f"| `{call.method} /_sandbox/{call.path}` | {call.summary} |"
    yield f"\nMethods that can be registered: {', '.join(f'`{each}`' for each in KINDS)}.\n"


def _tenant_file() -> Iterator[str]:
    yield "## Tenant files\n"
    yield "One JSON object whose keys are Graph paths without a version and whose values are what Graph serves there: lists"
    yield "for collections (an answer with `value` is taken too), objects otherwise, and `_tenantId`. Unknown members of an"
    yield "object are served as they stand, and so are whole paths that the sandbox does not model. What is absent is derived"
    yield "(nested members, memberships, methods from the registration report and the reverse, a P1 licence) or empty.\n"
    yield "What no call of Graph shows, but decides sign-ins, stands under `_unseen`:\n"
    yield "```json"
    yield json.dumps(UNSEEN_EXAMPLE, indent=1)
    yield "```\n"
    yield "`baselineScopes` is `enforced`, `disabled` or `customised:<app id>`; `guests` says where somebody comes from;"
    yield "`applicationGroups` adds members to `Office365`, `MicrosoftAdminPortals` or an application that stands for several;"
    yield "`managedPolicies` says which policies are Microsoft's. A simulated sign-in whose outcome rests on something that"
    yield "neither the file nor the sign-in says is refused (400): it must not look like a sign-in without MFA.\n"


def _limits() -> Iterator[str]:
    yield "## What it does not promise\n"
    yield "No live tenant was reachable while it was built. It repeats the documentation's account of the service, with the"
    yield "documentation's gaps; the first run against a real tenant should read only, and change one user."
    yield "\nOf the requests that Graph's pages show as examples one is refused here: the policy that asks for the control"
    yield "`approvedApplication`, which has been retired since (400, `1032`, `ApprovedApplicationControlRetired`). What-If takes"
    yield "the id of any service principal for one of the tenant's own.\n"


def main() -> None:
    """Write the page into docs/."""
    target = Path(__file__).resolve().parents[2] / "docs" / "sandbox.md"
    target.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{target.name} written\n")


if __name__ == "__main__":
    main()
