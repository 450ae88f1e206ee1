"""Tokens: what is accepted, and every way in which one is not."""

from __future__ import annotations

import base64
import hmac
import json
import logging
import warnings
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey

from portopt.adapters.identity.key_sets import KeySetFile
from portopt.domain.errors import NotAuthenticated, OutsideError, PortoptError
from portopt.doors.access.tokens import AGAIN, LONGEST_TOKEN, OLD, SKEW, Issuer, Keys, key_set

NOW = 1_800_000_000
ISSUER, AUDIENCE = "https://issuer.example", "portopt"
CLAIMS = {
    "iss": ISSUER, "aud": AUDIENCE, "sub": "desk", "exp": NOW + 300, "scope": "openid ask portopt:read",
    "portopt_portfolios": ["P1", "P2"],
}  # fmt: skip
RSA, EC, ED = (
    RSAKey.generate_key(2048, {"kid": "rsa"}),
    ECKey.generate_key("P-256", {"kid": "ec"}),
    OKPKey.generate_key("Ed25519", {"kid": "ed"}),
)
KEYS = {"RS256": RSA, "PS512": RSA, "ES256": EC, "EdDSA": ED}


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return publish(tmp_path / "keys.json", RSA, EC, ED)


@pytest.fixture
def issuer(file: Path, clock: Clock) -> Issuer:
    return Issuer(ISSUER, AUDIENCE, "portopt_portfolios", Keys(KeySetFile(file), clock), now=lambda: NOW)


def publish(file: Path, *keys: Any) -> Path:
    file.write_text(json.dumps(KeySet(list(keys)).as_dict(private=False)))
    return file


def token(algorithm: str = "RS256", key: Any = None, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """Claims of None are left out."""
    key = key or KEYS[algorithm]
    told = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not None}
    return jwt.encode({"alg": algorithm, "kid": key.kid, **(header or {})}, told, key, algorithms=[algorithm])


def part(told: dict[str, Any]) -> str:
    """One part of a token, as it is spelled."""
    return base64.urlsafe_b64encode(json.dumps(told).encode()).rstrip(b"=").decode()


def refusal(issuer: Issuer, given: str) -> str:
    with pytest.raises(NotAuthenticated) as refused:
        issuer.principal(given)
    assert given not in json.dumps(refused.value.problem())
    return refused.value.detail


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_token_says_who_it_is_and_what_they_may(issuer: Issuer, algorithm: str) -> None:
    who = issuer.principal(token(algorithm))
    assert (who.subject, who.scopes, who.portfolios) == ("desk", {"ask", "read"}, {"P1", "P2"})


@pytest.mark.parametrize(
    ("claims", "scopes"),
    [
        ({"scope": None, "scp": ["ask", "admin"]}, {"ask", "admin"}),
        ({"scope": None, "scp": "propose import"}, {"propose", "import"}),
        ({"scope": "email everything"}, set()),
        ({"scope": None}, set()),
        ({"scope": {"ask": True}}, set()),
    ],
)
def test_scopes_are_read_from_either_claim_and_only_ours_count(issuer: Issuer, claims: Any, scopes: set[str]) -> None:
    assert issuer.principal(token(**claims)).scopes == scopes


@pytest.mark.parametrize(
    ("told", "portfolios"),
    [(None, frozenset()), ("*", None), (["*"], None), ("P9", {"P9"}), (["P1", 7], {"P1"}), ({}, frozenset())],
)
def test_portfolios_are_those_that_the_claim_names(issuer: Issuer, told: Any, portfolios: Any) -> None:
    assert issuer.principal(token(portopt_portfolios=told)).portfolios == portfolios


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://other.example"}, {"iss": None}, {"iss": [ISSUER]},
        {"aud": "another"}, {"aud": ["a", "b"]}, {"aud": None},
        {"exp": None}, {"exp": NOW - SKEW - 1}, {"exp": True},
        {"exp": "tomorrow"}, {"exp": float("inf")}, {"exp": float("nan")},
        {"nbf": NOW + SKEW + 1}, {"iat": NOW + 3600},
        {"sub": None}, {"sub": ""}, {"sub": 7}, {"sub": "a\nb"}, {"sub": "x" * 201},
    ],
)  # fmt: skip
def test_claims_that_are_not_ours_or_not_of_now_are_refused(issuer: Issuer, claims: Any) -> None:
    assert refusal(issuer, token(**claims))


@pytest.mark.parametrize("claims", [{"exp": NOW - SKEW + 2}, {"nbf": NOW + SKEW - 2}, {"aud": ["another", AUDIENCE]}])
def test_clocks_may_be_a_little_apart_and_audiences_several(issuer: Issuer, claims: Any) -> None:
    assert issuer.principal(token(**claims)).subject == "desk"


def test_a_token_without_a_signature_is_refused(issuer: Issuer) -> None:
    head, body = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in ({"alg": "none"}, CLAIMS)
    )
    assert refusal(issuer, f"{head}.{body}.")
    assert refusal(issuer, token().rpartition(".")[0] + ".")


def test_a_public_key_is_no_secret_to_sign_with(issuer: Issuer) -> None:
    for public in (RSA.as_pem(private=False), json.dumps(RSA.as_dict(private=False)).encode()):
        signed = f"{part({'alg': 'HS256', 'kid': 'rsa'})}.{part(CLAIMS)}"
        mac = hmac.digest(public, signed.encode(), "sha256")
        assert refusal(issuer, f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}")


def test_a_shared_secret_in_the_set_verifies_nothing(file: Path, issuer: Issuer) -> None:
    secret = OctKey.generate_key(256, {"kid": "secret"})
    told = KeySet([RSA]).as_dict(private=False)
    told["keys"].append(secret.as_dict(private=True))
    file.write_text(json.dumps(told))
    assert refusal(issuer, token("HS256", secret))


def test_another_key_under_the_same_name_is_refused(issuer: Issuer) -> None:
    assert refusal(issuer, token(key=RSAKey.generate_key(2048, {"kid": "rsa"})))


def test_a_key_in_the_header_is_not_believed(issuer: Issuer) -> None:
    own = RSAKey.generate_key(2048, {"kid": "rsa"})
    for header in ({"jwk": own.as_dict(private=False)}, {"jku": "https://evil.example/keys"}):
        assert refusal(issuer, token(key=own, header=header))


def test_a_header_that_must_be_understood_and_is_not_is_refused(issuer: Issuer) -> None:
    head = part({"alg": "RS256", "kid": "rsa", "crit": ["b64"], "b64": False})
    assert refusal(issuer, f"{head}.{token().partition('.')[2]}")


@pytest.mark.parametrize(
    "given", ["", ".", "..", "a.b.c", "x" * (LONGEST_TOKEN + 1), "é.é.é", "[" * 400 + ".b.c", "e30.e30.e30", "bnVsbA.e30."]
)
def test_a_text_that_is_no_token_is_refused(issuer: Issuer, given: str) -> None:
    with pytest.raises(NotAuthenticated):
        issuer.principal(given)


@pytest.mark.parametrize("changed", range(3))
def test_a_changed_token_is_refused(issuer: Issuer, changed: int) -> None:
    parts = token().split(".")
    letters = parts[changed]
    parts[changed] = letters[:5] + ("A" if letters[5] != "A" else "B") + letters[6:]
    assert refusal(issuer, ".".join(parts))


def test_a_new_key_of_the_issuer_is_found_and_looked_for_once_a_minute(file: Path, issuer: Issuer, clock: Clock) -> None:
    issuer.principal(token())
    new = RSAKey.generate_key(2048, {"kid": "new"})
    publish(file, new)
    assert "not in the issuer's set" in refusal(issuer, token(key=new))
    clock.now += AGAIN
    assert issuer.principal(token(key=new)).subject == "desk"
    assert refusal(issuer, token())  # the old one is withdrawn with it


def test_a_withdrawn_key_is_believed_no_longer_than_the_set_is_fresh(file: Path, issuer: Issuer, clock: Clock) -> None:
    issuer.principal(token())
    publish(file, EC)
    assert issuer.principal(token()).subject == "desk"
    clock.now += OLD + 1
    assert refusal(issuer, token())


class Failing:
    """A source that counts, and fails while told to."""

    def __init__(self, file: Path) -> None:
        self.file, self.fails, self.asked = file, False, 0

    def read(self) -> bytes:
        self.asked += 1
        if self.fails:
            raise OutsideError("the key set at issuer.example did not answer")
        return self.file.read_bytes()


def test_an_issuer_that_is_away_keeps_nobody_out_whose_key_is_known(
    file: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    source = Failing(file)
    issuer = Issuer(ISSUER, AUDIENCE, "portopt_portfolios", Keys(source, clock), now=lambda: NOW)
    issuer.principal(token())
    source.fails = True
    clock.now += OLD + 1
    with caplog.at_level(logging.WARNING):
        for _ in range(20):
            assert issuer.principal(token()).subject == "desk"
    assert source.asked == 2
    assert "did not answer" in caplog.text


def test_where_there_never_were_keys_it_is_the_service_that_cannot_say(file: Path, clock: Clock) -> None:
    source = Failing(file)
    source.fails = True
    issuer = Issuer(ISSUER, AUDIENCE, "portopt_portfolios", Keys(source, clock), now=lambda: NOW)
    statuses = []
    for _ in range(3):
        with pytest.raises(PortoptError) as refused:
            issuer.principal(token())
        statuses.append(refused.value.status)
    assert statuses == [502, 503, 503]
    source.fails = False
    clock.now += 6
    assert issuer.principal(token()).subject == "desk"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b'{"keys": 1}',
        b'{"keys": []}',
        b'{"keys": [7]}',
        b'{"keys": [{"kty": "RSA"}]}',
        b"[" * 100_000,
        b"\xff",
    ],
)
def test_what_is_no_key_set_is_refused_as_such(content: bytes) -> None:
    with pytest.raises(PortoptError, match="key set"):
        key_set(content)


def test_keys_for_encryption_and_weak_ones_are_left_out() -> None:
    told = KeySet([EC]).as_dict(private=False)
    told["keys"].append({**RSA.as_dict(private=False), "use": "enc"})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library says that 1024 bits are few
        told["keys"].append(RSAKey.generate_key(1024).as_dict(private=False))
        found = key_set(json.dumps(told).encode())
    assert [key.kid for key in found] == ["ec"]
