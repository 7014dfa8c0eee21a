"""Signing in with a browser: authorization codes with PKCE, on a page that signs in at once, and admin consent."""

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode

from migrate.sandbox.consents import names_of
from migrate.sandbox.messages import Answer, Call
from migrate.sandbox.sign_in_errors import GRANT, ON_A_PAGE, Person, Refused, refused
from migrate.sandbox.token_answers import for_person

if TYPE_CHECKING:
    from migrate.sandbox.service import Sandbox

_HTML = "text/html; charset=utf-8"
_CODE_SECONDS = 600
_LOOPBACK = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?(/[!-~]*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Code:
    client: str
    redirect: str
    scope: str
    person: Person
    challenge: str
    plain: bool
    nonce: str | None
    expires: float


class BrowserSignIn:
    """Give out codes and take them back."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self._sandbox = sandbox
        self._codes: dict[str, _Code] = {}
        self._used: set[str] = set()

    def page(self, call: Call) -> Answer:
        """Sign the person in whom `user` or `login_hint` names, the administrator else; `deny=1` declines."""
        given = _given(call)
        redirect = given.get("redirect_uri", "")
        try:
            if not given.get("client_id") or "code" not in given.get("response_type", "").split():
                raise Refused("invalid_request", 900144, "The request must name a client_id and response_type=code.")
            if _LOOPBACK.fullmatch(redirect) is None:
                raise refused(50011)
            for code in self._sandbox.sign_in.scripted_codes(call):
                raise refused(code)
            return self._sent(redirect, given, {"code": self._code_for(given, redirect)})
        except Refused as error:
            if error.code in ON_A_PAGE or _LOOPBACK.fullmatch(redirect) is None:
                return _error_page(error)
            said = {"error": error.error, "error_description": f"AADSTS{error.code}: {error.text}"}
            return self._sent(redirect, given, said)

    def _code_for(self, given: dict[str, str], redirect: str) -> str:
        person = self._sandbox.sign_in.people.find(given.get("user") or given.get("login_hint"))
        client, scope = given["client_id"], given.get("scope", "")
        if given.get("deny"):
            raise refused(65004)
        self._sandbox.sign_in.consents.agree(self._sandbox, client, person, scope)
        code = secrets.token_urlsafe(32)
        self._codes[code] = _Code(
            client=client,
            redirect=redirect,
            scope=scope,
            person=person,
            challenge=given.get("code_challenge", ""),
            plain=given.get("code_challenge_method", "plain") == "plain",
            nonce=given.get("nonce"),
            expires=self._sandbox.clock.now() + _CODE_SECONDS,
        )
        return code

    def _sent(self, redirect: str, given: dict[str, str], fields: dict[str, str]) -> Answer:
        """Send an answer to where the client waits, in the mode that it asked for."""
        fields = {**fields, **({"state": given["state"]} if "state" in given else {})}
        if given.get("response_mode") != "form_post":
            mark = "#" if given.get("response_mode") == "fragment" else "?"
            return Answer(302, "", {"Location": f"{redirect}{mark}{urlencode(fields)}"}, content_type=_HTML)
        inputs = "".join(
            f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in fields.items()
        )
        return Answer(
            200,
            "<!doctype html><title>Signed in</title><body onload='document.forms[0].submit()'>"
            f'<form method="post" action="{escape(redirect)}">{inputs}<button>Go on</button></form>',
            content_type=_HTML,
        )

    def redeem(self, call: Call, form: dict[str, str], client: str) -> Answer:
        """Change a code for tokens: once, by the client that asked for it, with the verifier of its challenge."""
        key = form.get("code", "")
        if key in self._used:
            raise Refused(GRANT, 54005, "OAuth2 Authorization code was already redeemed.")
        code = self._codes.get(key)
        if code is None or code.client != client or code.redirect != form.get("redirect_uri"):
            raise Refused(GRANT, 70000, "The code is not valid, or of another client or redirect URI.")
        if code.expires <= self._sandbox.clock.now():
            raise Refused(GRANT, 70008, "The provided authorization code has expired.")
        if code.challenge and code.challenge != _challenge(form.get("code_verifier", ""), plain=code.plain):
            raise Refused(GRANT, 501481, "The Code_Verifier does not match the code_challenge.")
        self._used.add(key)
        del self._codes[key]
        return for_person(
            self._sandbox,
            call,
            client,
            code.person,
            form.get("scope") or code.scope,
            nonce=code.nonce,
            claims_request=form.get("claims", ""),
        )

    def consent_page(self, call: Call) -> Answer:
        """Let an administrator agree for the tenant: to named scopes (v2.0), or to all that an application needs."""
        given = _given(call)
        redirect = given.get("redirect_uri", "http://localhost")
        scopes = names_of(given.get("scope", ""))
        try:
            if _LOOPBACK.fullmatch(redirect) is None:
                raise refused(50011)
            person = self._sandbox.sign_in.people.find(given.get("user"))
            if given.get("deny"):
                raise refused(65004)
            names = scopes or self._sandbox.all_permissions()
            client = given.get("client_id", "")
            self._sandbox.sign_in.consents.agree_for_all(client, person, names, roles=not scopes)
        except Refused as error:
            return _error_page(error)
        fields = {"admin_consent": "True", "tenant": self._sandbox.tenant.id, "scope": given.get("scope", "")}
        return self._sent(redirect, given, fields)


def _given(call: Call) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(call.raw_query or call.body.decode("latin-1")).items()}


def _challenge(verifier: str, *, plain: bool) -> str:
    if plain:
        return verifier
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _error_page(error: Refused) -> Answer:
    said = escape(f"AADSTS{error.code}: {error.text}")
    return Answer(error.status, f"<!doctype html><title>Sign in</title><h1>Sorry</h1><p>{said}</p>", content_type=_HTML)
