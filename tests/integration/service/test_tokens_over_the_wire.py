"""Tokens of an issuer on a real server, over REST and gRPC: what they open, and that a service without keys does not start."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from integration.service.rpc_client import Client, Generated, Refused
from integration.service.serving import Served
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

ISSUER, AUDIENCE = "https://issuer.example", "portopt"
KEY = RSAKey.generate_key(2048, {"kid": "first"})


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("issuer") / "keys.json"
    file.write_text(json.dumps(KeySet([KEY]).as_dict(private=False)))
    return file


@pytest.fixture(scope="module")
def served(serving: Callable[..., Served], keys: Path) -> Served:
    return serving(access="keys", oidc_issuer=ISSUER, oidc_audience=AUDIENCE, oidc_keys=keys, processes=1)


def token(**claims: Any) -> str:
    told = {"iss": ISSUER, "aud": AUDIENCE, "sub": "desk", "exp": int(time.time()) + 300, **claims}
    return jwt.encode({"alg": "RS256", "kid": "first"}, told, KEY)


def bearer(**claims: Any) -> dict[str, str]:
    return {"authorization": f"Bearer {token(**claims)}"}


def test_a_token_opens_what_its_scopes_and_its_portfolios_say(served: Served) -> None:
    may = {"scope": "openid portopt:import portopt:read", "portopt_portfolios": ["P-1"]}
    assert served.client.put("/portfolios/P-1", json={}, headers=bearer(**may)).status_code == 201
    assert served.client.put("/portfolios/P-2", json={}, headers=bearer(**may)).status_code == 404
    assert served.client.get("/portfolios/P-1", headers=bearer(scp=["read"], portopt_portfolios="*")).status_code == 200
    assert served.client.get("/portfolios/P-1", headers=bearer(scp=["read"])).status_code == 404
    assert served.client.get("/portfolios/P-1", headers=bearer(scope="email")).status_code == 403
    for wrong in ({"exp": 1}, {"aud": "another"}, {"iss": "https://x.example"}):
        response = served.client.get("/portfolios", headers=bearer(**may, **wrong))
        assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")


def test_it_opens_the_same_over_grpc(served: Served, generated: Generated) -> None:
    client = Client(generated, str(served.where["grpc"]))
    asked = client.request("ListPortfolios", {})
    client.ask("ListPortfolios", asked, **bearer(scope="read"))
    for claims, code in (({"scope": "email"}, "PERMISSION_DENIED"), ({"exp": 1}, "UNAUTHENTICATED")):
        with pytest.raises(Refused) as refused:
            client.ask("ListPortfolios", asked, **bearer(**claims))
        assert refused.value.code == code
    client.channel.close()


def test_who_is_named_by_a_token_is_who_did_it(served: Served) -> None:
    may = {"scope": "import read", "portopt_portfolios": ["P-3"]}
    served.client.put("/portfolios/P-3", json={}, headers=bearer(**may, sub="clerk-7"))
    response = served.client.put("/portfolios/P-3/holdings", json={"A": 10}, headers=bearer(**may, sub="clerk-7"))
    assert response.status_code == 200, response.text
    entries = served.client.get("/portfolios/P-3/ledger", headers=bearer(**may)).json()["entries"]
    assert [(entry["kind"], entry["subject"]) for entry in entries] == [("holdings", "clerk-7")]


def test_a_service_that_everybody_reaches_does_not_start_without_keys(serving: Callable[..., Served], tmp_path: Path) -> None:
    with pytest.raises(pytest.fail.Exception):
        serving(tmp_path, http_host="0.0.0.0")
    assert "access is open to whoever reaches it" in (tmp_path / "server.log").read_text()


def test_a_page_of_another_place_gets_nothing_through_a_browser_on_this_machine(sqlite_service: Served) -> None:
    for header, value in (("Host", "rebound.example"), ("Origin", "https://page.example")):
        response = sqlite_service.client.get("/portfolios", headers={header: value})
        assert (response.status_code, response.json()["code"]) == (403, "not_allowed")
