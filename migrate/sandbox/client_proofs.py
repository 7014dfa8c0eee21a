"""How applications prove who they are: secrets, certificates, and assertions of another identity provider."""

from typing import TYPE_CHECKING

from migrate.sandbox.messages import Json, bad_request
from migrate.sandbox.sign_in_errors import CLIENT, Refused, refused
from migrate.sandbox.token_answers import CERTIFICATE, SECRET
from migrate.sandbox.tokens import claims_of

if TYPE_CHECKING:
    from migrate.sandbox.service import Sandbox

WRONG_SECRET, EXPIRED_SECRET = "wrong-secret", "expired-secret"
EXCHANGE = "api://AzureADTokenExchange"
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class ClientProofs:
    """Check what applications show; signatures are not checked."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self._sandbox = sandbox
        self._federated: dict[str, list[Json]] = {}

    def federate(self, body: Json) -> Json:
        """Trust another identity provider's assertions for an application."""
        names = ("appId", "issuer", "subject")
        if not all(isinstance(body.get(name), str) for name in names):
            raise bad_request('Federation is set up with {"appId": "...", "issuer": "https://...", "subject": "..."}.')
        trusted: Json = {name: body[name] for name in names} | {"audience": str(body.get("audience", EXCHANGE))}
        self._federated.setdefault(body["appId"].lower(), []).append(trusted)
        return trusted

    def check(self, form: dict[str, str], client: str) -> str:
        """Return how an application proved who it is (`appidacr`), or refuse."""
        if "client_assertion" in form:
            self._check_assertion(form, client)
            return CERTIFICATE
        secret = form.get("client_secret")
        if not secret:
            raise refused(7000218)
        if secret in (WRONG_SECRET, EXPIRED_SECRET):
            raise refused(7000215 if secret == WRONG_SECRET else 7000222)
        return SECRET

    def _check_assertion(self, form: dict[str, str], client: str) -> None:
        claims = claims_of(form["client_assertion"])
        if form.get("client_assertion_type") != _ASSERTION or claims is None:
            raise Refused(CLIENT, 50027, "JWT token is invalid or malformed.", 401)
        end = claims.get("exp")
        clock = self._sandbox.clock
        if not isinstance(end, int | float) or end <= clock.now() - clock.advanced:
            raise Refused(CLIENT, 700024, "Client assertion is not within its valid time range.", 401)
        if claims.get("iss") == client and claims.get("sub") == client:
            return  # signed with the application's own certificate
        self._check_federated(claims, client)

    def _check_federated(self, claims: Json, client: str) -> None:
        trusted = self._federated.get(client.lower(), [])
        if not trusted:
            raise Refused(CLIENT, 700021, "The assertion is not of this application.", 401)
        if claims.get("iss") not in [each["issuer"] for each in trusted]:
            raise Refused(CLIENT, 700211, "No matching federated identity record found for the issuer.", 401)
        matching = [each for each in trusted if (each["issuer"], each["subject"]) == (claims["iss"], claims.get("sub"))]
        if not matching:
            raise Refused(CLIENT, 700213, "No matching federated identity record found for the subject.", 401)
        audiences = claims.get("aud")
        if not any(
            each["audience"] in (audiences if isinstance(audiences, list) else [audiences]) for each in matching
        ):
            raise Refused(CLIENT, 700212, "No matching federated identity record found for the audience.", 401)

    def clear(self) -> None:
        """Trust nobody any more."""
        self._federated.clear()
