"""Tokens of one issuer (OpenID Connect, RFC 7519): signed by a key of its set, meant for us, still good."""

from __future__ import annotations

import hmac
import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from portopt.domain.access import SCOPES, Principal
from portopt.domain.errors import DataError, NotAuthenticated, PortoptError, Unavailable
from portopt.ports import KeySetSource

# Asymmetric ones alone: what verifies a token must not be able to make one.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA")
SKEW = 30  # seconds that clocks may be apart
LONGEST_TOKEN = 16_384
AGAIN = 60.0  # seconds between two looks at the key set, whatever the tokens say
SOON = 5.0  # the same where there are none yet, and nobody can be let in
OLD = 600.0  # seconds after which a key that was withdrawn is not believed any more
LEAST_RSA_BITS = 2048
MOST_PORTFOLIOS = 10_000
EVERY = "*"
PREFIX = "portopt:"


class Keys:
    """The issuer's keys, read when first needed, when they are old, and when a token names one that is not among them."""

    def __init__(self, source: KeySetSource, clock: Callable[[], float] = time.monotonic) -> None:
        self._source, self._clock = source, clock
        self._reading = threading.Lock()
        self._keys: KeySet | None = None
        self._read_at = self._tried_at = float("-inf")

    def current(self) -> KeySet:
        """Raises what the source raises where there never were any."""
        if self._keys is None or self._clock() - self._read_at > OLD:
            self.refresh()
        if self._keys is None:
            raise Unavailable("the issuer's keys cannot be read at the moment", fixes=["ask again"])
        return self._keys

    def refresh(self) -> bool:
        """Look again, at most every minute and one at a time; whether that brought keys."""
        if not self._reading.acquire(blocking=self._keys is None):
            return False  # another is at it, and what there is will do
        try:
            if self._clock() - self._tried_at < AGAIN:
                return False
            self._tried_at = self._clock()
            self._keys, self._read_at = key_set(self._source.read()), self._clock()
            return True
        except PortoptError as error:
            if self._keys is None:
                self._tried_at += SOON - AGAIN
                raise
            logging.getLogger(__name__).warning("the issuer's keys were not read again: %s", error.detail)
            return False
        finally:
            self._reading.release()


def key_set(content: bytes) -> KeySet:
    """Public keys for signatures; others in the set are left out. Raises DataError where none is left."""
    try:
        found = [key for key in KeySet.import_key_set(_public(json.loads(content))) if _is_strong(key)]
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DataError(f"the issuer's key set is none ({type(error).__name__})", field="PORTOPT_OIDC_KEYS") from error
    if not found:
        raise DataError("the issuer's key set holds no public key for signatures", field="PORTOPT_OIDC_KEYS")
    return KeySet(found)


def _public(told: Any) -> Any:
    return {"keys": [key for key in told["keys"] if key.get("kty") != "oct" and key.get("use", "sig") == "sig"]}


def _is_strong(key: Any) -> bool:
    return bool(key.key_type != "RSA" or key.raw_value.key_size >= LEAST_RSA_BITS)


class Issuer:
    """Reads tokens. portfolios: the claim that lists the portfolios of whoever it is, or says "*". now: epoch seconds."""

    def __init__(self, issuer: str, audience: str, portfolios: str, keys: Keys, now: Callable[[], float] = time.time) -> None:
        self._keys, self._portfolios = keys, portfolios
        self._registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
        self._claims = jwt.JWTClaimsRegistry(
            now=lambda: int(now()), leeway=SKEW,
            iss={"essential": True, "value": issuer}, aud={"essential": True, "value": audience},
            exp={"essential": True}, sub={"essential": True},
        )  # fmt: skip

    def principal(self, token: str, nonce: str | None = None) -> Principal:
        """Whose it is. nonce: what an id token must answer. Raises NotAuthenticated, saying why it is not accepted."""
        claims = self._verified(token)
        if nonce is not None and not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
            raise NotAuthenticated("the token is not the answer to this sign-in", fixes=["sign in once more"])
        try:
            self._claims.validate(claims)
        except ExpiredTokenError:
            raise NotAuthenticated("the token has expired", fixes=["ask the issuer for a new one"]) from None
        except JoseError as error:
            name = getattr(error, "claim", None) or getattr(error, "description", "") or "one"
            raise NotAuthenticated(f"the token's claims are not what is accepted here ({name})") from None
        return Principal(_subject(claims), scopes_of(claims), portfolios_of(claims.get(self._portfolios)))

    def _verified(self, token: str) -> dict[str, Any]:
        if len(token) > LONGEST_TOKEN or not token.isascii():
            raise NotAuthenticated("the token is longer than is taken, or is none")
        try:
            return self._decoded(token)
        except InvalidKeyIdError:
            if self._keys.refresh():
                return self._again(token)
            raise NotAuthenticated("the token is signed by a key that is not in the issuer's set") from None

    def _again(self, token: str) -> dict[str, Any]:
        try:
            return self._decoded(token)
        except InvalidKeyIdError:
            raise NotAuthenticated("the token is signed by a key that is not in the issuer's set") from None

    def _decoded(self, token: str) -> dict[str, Any]:
        keys = self._keys.current()
        try:
            return dict(jwt.decode(token, keys, list(ALGORITHMS), self._registry).claims)
        except InvalidKeyIdError:
            raise
        except Exception as error:  # whatever a foreign text makes the library raise, it is no token
            raise NotAuthenticated(f"the token is not accepted ({type(error).__name__})") from None


def _subject(claims: Mapping[str, Any]) -> str:
    subject = str(claims["sub"])
    if not subject.isprintable() or not 0 < len(subject) <= 200:
        raise NotAuthenticated("the token's subject is no name: 1 to 200 printable characters")
    return subject


def scopes_of(claims: Mapping[str, Any]) -> frozenset[str]:
    """Of `scope` (a text with blanks) and `scp` (a text or a list): ours, with `portopt:` before them or without."""
    told: list[str] = []
    for name in ("scope", "scp"):
        given = claims.get(name)
        told += given.split() if isinstance(given, str) else [str(part) for part in given] if isinstance(given, list) else []
    return frozenset(SCOPES) & {name.removeprefix(PREFIX) for name in told}


def portfolios_of(told: Any) -> frozenset[str] | None:
    """A list of ids, one id, or "*" for all; nothing else opens any."""
    given = [told] if isinstance(told, str) else told if isinstance(told, list) else []
    if EVERY in given:
        return None
    return frozenset(name for name in given[:MOST_PORTFOLIOS] if isinstance(name, str))
