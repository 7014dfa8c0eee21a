"""Access, refresh and id tokens, with the claims that Microsoft documents, in the answers that carry them."""

import base64
from secrets import token_urlsafe
from typing import TYPE_CHECKING

import msgspec

from migrate.sandbox.messages import Answer, Call, Json
from migrate.sandbox.sign_in_errors import Person
from migrate.sandbox.sign_in_people import MEMBER_ROLE
from migrate.sandbox.tokens import make_token

if TYPE_CHECKING:
    from migrate.sandbox.service import Sandbox

PLAIN = "application/json; charset=utf-8"
HOUR, DAY = 3599, 86_399
APPLICATION_ROLE = "0997a1d0-0d1d-4acb-b408-d5ca73121e90"
"""In `wids` of every application's token."""
PUBLIC, SECRET, CERTIFICATE = "0", "1", "2"
"""How a client proved who it is (`appidacr`)."""


def for_person(
    sandbox: "Sandbox",
    call: Call,
    client: str,
    person: Person,
    scope: str,
    *,
    nonce: str | None = None,
    claims_request: str = "",
) -> Answer:
    """Answer tokens with which a client acts for a person. Raises 65001 for what was not agreed to."""
    scopes = sandbox.sign_in.consents.scopes(sandbox, client, person, scope)
    claims = _claims(sandbox, call, client, scope, HOUR)
    claims |= {
        "oid": person.id,
        "sub": person.id,
        "scp": " ".join(sorted(scopes)),
        "idtyp": "user",
        "upn": person.name,
        "unique_name": person.name,
        "name": person.display_name,
        "amr": ["pwd", "mfa"],
        "appidacr": PUBLIC,
        "wids": [*person.roles, MEMBER_ROLE],
    }
    if person.home is not None:
        claims["idp"] = f"https://sts.windows.net/{person.home}/"
    if "cp1" in claims_request.lower():
        claims["xms_cc"] = ["CP1"]
    identity = {
        **{name: claims[name] for name in ("iss", "tid", "oid", "sub", "name", "iat", "nbf", "exp")},
        "aud": client,
        "preferred_username": person.name,
        "ver": "2.0",
        **({"nonce": nonce} if nonce else {}),
    }
    kept = {"oid": person.id, "appid": client, "scope": scope}
    info: Json = {"uid": person.id, "utid": person.home or sandbox.tenant.id}
    return Answer(
        200,
        {
            "token_type": "Bearer",
            "scope": scope,
            "expires_in": HOUR,
            "ext_expires_in": HOUR,
            "access_token": make_token(claims, sandbox.key),
            # Not bound to this run: clients keep it, and the same company may be served again.
            "refresh_token": make_token(kept, sandbox.key),
            "id_token": make_token(identity, sandbox.key),
            "client_info": base64.urlsafe_b64encode(msgspec.json.encode(info)).decode().rstrip("="),
        },
        content_type=PLAIN,
    )


def application_token(
    sandbox: "Sandbox", call: Call, client: str, scope: str, *, proof: str, seconds: int = HOUR
) -> str:
    """Return a token with which an application acts for itself; without any permission it has no `roles` at all."""
    principal = sandbox.tenant.new_id("principal", client)
    claims = _claims(sandbox, call, client, scope, seconds)
    claims |= {"idtyp": "app", "oid": principal, "sub": principal, "appidacr": proof, "wids": [APPLICATION_ROLE]}
    if roles := sandbox.sign_in.consents.roles(sandbox, client):
        claims["roles"] = sorted(roles)
    return make_token(claims, sandbox.key)


def for_application(sandbox: "Sandbox", call: Call, client: str, scope: str, *, proof: str) -> Answer:
    """Answer a token with which an application acts for itself."""
    return Answer(
        200,
        {
            "token_type": "Bearer",
            "expires_in": HOUR,
            "ext_expires_in": HOUR,
            "access_token": application_token(sandbox, call, client, scope, proof=proof),
        },
        content_type=PLAIN,
    )


def _claims(sandbox: "Sandbox", call: Call, client: str, scope: str, seconds: int) -> Json:
    now, tenant = int(sandbox.clock.now()), sandbox.tenant
    resources = [each.rsplit("/", 1)[0] for each in scope.split() if "://" in each]
    return {
        "aud": resources[0] if resources else call.origin,
        "iss": f"{call.origin}/{tenant.id}/v2.0",
        "tid": tenant.id,
        "appid": client,
        "azp": client,
        "iat": now,
        "nbf": now,
        "exp": now + seconds + 1,
        # Of each token its own: two of one second are two tokens, and one may be revoked without the other.
        "uti": token_urlsafe(16),
        "ver": "1.0",
        "app_displayname": "sandbox client",
    }
