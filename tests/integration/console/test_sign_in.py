"""Signing in to the console: by API key, and at a small issuer that is asked over HTTP; and what ends a session."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from integration.console.visiting import SESSION, Visitor
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from portopt.domain.access import Principal
from portopt.doors.rest.app import application
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings

KEY = RSAKey.generate_key(2048, {"kid": "first"})
CLIENT, SECRET = "the-desk", "a secret, of 1 client"


@dataclass
class SmallIssuer:
    """One that signs in whoever is sent, with the claims that a test says. codes: what each stands for."""

    claims: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    named: str = ""
    address: str = ""

    def signs_in(self, location: str) -> str:
        """What a browser does that is sent there: it comes back with a code. Returns where to."""
        place = urlsplit(location)
        assert f"{place.scheme}://{place.netloc}{place.path}" == f"{self.address}/authorize"
        told = dict(parse_qsl(place.query))
        code = f"code {len(self.codes)}"
        self.codes[code] = told
        return f"{told['redirect_uri']}?code={code.replace(' ', '%20')}&state={told['state']}"

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """RFC 6749, 7636: once for a code, to who proves to be who asked for it."""
        self.asked.append(form)
        begun = self.codes.pop(form.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=")
        wanted = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if begun is None or challenge.decode() != begun["code_challenge"] or authorization != wanted:
            return 400, {"error": "invalid_grant"}
        claims = {"iss": self.address, "aud": CLIENT, "sub": "anna", "exp": int(time.time()) + 300, "nonce": begun["nonce"]}
        return 200, {"id_token": jwt.encode({"alg": "RS256", "kid": "first"}, {**claims, **self.claims}, KEY)}


@pytest.fixture(scope="module")
def issuer() -> Iterator[SmallIssuer]:
    small = SmallIssuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            named = small.named or small.address
            places = {"authorization_endpoint": f"{small.address}/authorize", "token_endpoint": f"{small.address}/token"}
            self.say(200, {"issuer": named, **places})

        def do_POST(self) -> None:
            form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
            self.say(*small.token(form, self.headers.get("Authorization", "")))

        def say(self, status: int, said: dict[str, Any]) -> None:
            content = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    small.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield small
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def runtime(issuer: SmallIssuer, tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    home = tmp_path_factory.mktemp("sign-in")
    keys = home / "keys.json"
    keys.write_text(json.dumps(KeySet([KEY]).as_dict(private=False)))
    return open_runtime(
        Settings(
            home=home, access="keys", oidc_issuer=issuer.address, oidc_audience="portopt", oidc_keys=str(keys),
            oidc_client_id=CLIENT, oidc_client_secret=SECRET,
        )
    )  # fmt: skip


@pytest.fixture
def visitor(runtime: Runtime, issuer: SmallIssuer) -> Visitor:
    issuer.claims, issuer.named = {}, ""
    return Visitor(application(runtime))


def made_key(runtime: Runtime, *scopes: str) -> tuple[str, str]:
    return runtime.keys.create(Principal("clerk", frozenset(scopes or ("read",)), None))


def test_a_key_opens_the_screens_until_it_is_revoked(visitor: Visitor, runtime: Runtime) -> None:
    key_id, key = made_key(runtime)
    sent = visitor.get("/console/settings?a=1")
    assert (sent.status_code, sent.headers["location"]) == (303, "/console/sign-in?to=/console/settings%3Fa%3D1")
    assert "not known" in visitor.sign_in(key[:-1]).text
    before = visitor.session
    landed = visitor.sign_in(key, "/console/settings?a=1")
    assert (landed.status_code, landed.headers["location"]) == (303, "/console/settings?a=1")
    assert visitor.session != before
    assert "clerk" in visitor.get("/console/settings").text
    runtime.keys.revoke(key_id)
    assert visitor.get("/console/settings").status_code == 303


def test_the_key_is_kept_nowhere_and_the_session_as_a_hash(visitor: Visitor, runtime: Runtime) -> None:
    _, key = made_key(runtime)
    visitor.sign_in(key)
    kept = b"".join(file.read_bytes() for file in Path(runtime.home).glob("portopt.db*"))
    assert key.encode() not in kept
    assert str(visitor.session).encode() not in kept
    assert hashlib.sha256(str(visitor.session).encode()).hexdigest().encode() in kept


def test_signing_out_ends_the_session_for_whoever_has_its_id(visitor: Visitor, runtime: Runtime) -> None:
    visitor.sign_in(made_key(runtime)[1])
    other = Visitor(visitor.app)
    other.cookies.set(SESSION, str(visitor.session), domain="desk.example", path="/console")
    assert other.get("/console/settings").status_code == 200
    assert visitor.send("/console/sign-out", {}, "/console/settings").status_code == 303
    assert other.get("/console/settings").status_code == 303
    assert visitor.get("/console/settings").status_code == 303


def test_a_part_of_a_page_takes_the_whole_page_to_sign_in(visitor: Visitor) -> None:
    part = visitor.get("/console/settings", **{"hx-request": "true", "hx-current-url": "http://desk.example/console/runs?a=1"})
    assert (part.status_code, part.headers["hx-redirect"]) == (401, "/console/sign-in?to=/console/runs%3Fa%3D1")


def test_cookies_stay_from_scripts_other_sites_and_plain_http(runtime: Runtime) -> None:
    for base, secure in (("http://desk.example", False), ("https://desk.example", True)):
        cookie = Visitor(application(runtime), base).sign_in(made_key(runtime)[1]).headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert "Path=/console" in cookie
        assert ("Secure" in cookie) == secure


def test_people_sign_in_at_the_issuer_with_what_its_token_says(visitor: Visitor, issuer: SmallIssuer) -> None:
    issuer.claims = {"scope": "openid portopt:read portopt:approve", "portopt_portfolios": ["P1"]}
    assert "/console/sign-in/issuer?to=/console/settings" in visitor.get("/console/sign-in?to=/console/settings").text
    away = visitor.get("/console/sign-in/issuer?to=/console/settings").headers["location"]
    told = dict(parse_qsl(urlsplit(away).query))
    assert told["code_challenge_method"] == "S256"
    assert told["redirect_uri"] == "http://desk.example/console/signed-in"
    back = visitor.get(issuer.signs_in(away))
    assert (back.status_code, back.headers["location"]) == (303, "/console/settings")
    page = visitor.get("/console/settings")
    assert page.status_code == 200
    assert "anna" in page.text
    assert visitor.get("/console/propose").status_code == 403
    assert issuer.asked[-1]["client_id"] == CLIENT
    assert "client_secret" not in issuer.asked[-1]


@pytest.mark.parametrize(
    "claims",
    [{"nonce": "of another"}, {"aud": "portopt"}, {"iss": "https://other.example"}, {"exp": 1}, {"sub": ""}],
    ids=lambda claims: next(iter(claims)),
)
def test_an_id_token_for_something_else_signs_nobody_in(visitor: Visitor, issuer: SmallIssuer, claims: dict[str, Any]) -> None:
    issuer.claims = {"scope": "read", **claims}
    back = visitor.get(issuer.signs_in(visitor.get("/console/sign-in/issuer").headers["location"]))
    assert back.status_code == 401
    assert visitor.get("/console/settings").status_code == 303


def test_the_end_of_a_sign_in_that_this_browser_did_not_begin_is_refused(visitor: Visitor, issuer: SmallIssuer) -> None:
    issuer.claims = {"scope": "read"}
    back = issuer.signs_in(visitor.get("/console/sign-in/issuer").headers["location"])
    other = Visitor(visitor.app)
    assert other.get(back).status_code == 401
    other.get("/console/sign-in/issuer")
    assert other.get(back).status_code == 401
    assert visitor.get(back).status_code == 303
    assert visitor.get(back).status_code == 401  # a code is good once, and so is what the browser kept of it


def test_an_issuer_that_says_it_is_another_is_not_gone_to(visitor: Visitor, issuer: SmallIssuer, runtime: Runtime) -> None:
    vars(runtime).pop("issuer", None)
    issuer.named = "https://other.example"
    refused = visitor.get("/console/sign-in/issuer")
    assert "says that it is another issuer" in refused.text
    assert "location" not in refused.headers


def test_where_access_is_open_nobody_signs_in(tmp_path: Path) -> None:
    visitor = Visitor(application(open_runtime(Settings(home=tmp_path))), "http://127.0.0.1")
    assert visitor.get("/console/settings").status_code == 200
    assert visitor.get("/console/sign-in?to=/console/settings").headers["location"] == "/console/settings"
