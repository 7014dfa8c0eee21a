"""Another identity provider: the endpoint from which a job of GitHub Actions fetches its token, in GitHub's shape."""

import secrets
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from migrate.sandbox.client_proofs import EXCHANGE
from migrate.sandbox.messages import Answer, Call
from migrate.sandbox.token_answers import PLAIN
from migrate.sandbox.tokens import make_token

if TYPE_CHECKING:
    from migrate.sandbox.service import Sandbox

PATH = ["actions", "idtoken"]
"""A job finds it by ACTIONS_ID_TOKEN_REQUEST_URL."""
JOB_SECRET = "sandbox"  # noqa: S105 - what ACTIONS_ID_TOKEN_REQUEST_TOKEN has to hold
ISSUER, SUBJECT = "https://token.actions.contoso.example", "repo:contoso/migration:ref:refs/heads/main"
_HOUR = 3600


def answer(sandbox: "Sandbox", call: Call) -> Answer:
    """Answer a token of the job, for the audience that is asked for.

    Source: GitHub Docs, "OpenID Connect reference".
    """
    if call.headers.get("authorization", "") != f"Bearer {JOB_SECRET}":
        return Answer(401, {"message": "The job's own token is missing or wrong."}, content_type=PLAIN)
    audience = parse_qs(call.raw_query).get("audience", [EXCHANGE])[-1]
    now = int(sandbox.clock.now() - sandbox.clock.advanced)  # assertions are judged by the machine's own time
    claims = {"iss": ISSUER, "sub": SUBJECT, "aud": audience, "iat": now, "nbf": now, "exp": now + _HOUR}
    token = make_token({**claims, "jti": secrets.token_hex(8)}, secrets.token_bytes(32))
    return Answer(200, {"value": token}, content_type=PLAIN)
