"""An issuer as people sign in with it (OpenID Connect Core 1.0, Discovery 1.0): its endpoints, and a code for an id token."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import httpx

from portopt.adapters.identity.exchange import Exchange, checked
from portopt.domain.errors import DataError, NotAuthenticated, OutsideError

FIELD = "PORTOPT_OIDC_ISSUER"
WELL_KNOWN = "/.well-known/openid-configuration"
MOST_BYTES = 1 << 20
SECONDS = 5.0  # for one question: somebody waits to be signed in
OLD = 600.0  # seconds after which the endpoints are read anew
KIND = "an https address nor one of this machine"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """in_form: whether a client's secret is taken in the form alone."""

    sign_in: str
    token: httpx.URL
    in_form: bool


class OidcIssuer:
    """Implements ports.Issuer. issuer: as tokens name it. secret: of a client that has one."""

    def __init__(
        self, issuer: str, client_id: str, secret: str | None = None, private: Collection[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._issuer, self._client_id, self._secret, self._clock = issuer, client_id, secret, clock
        self._document = checked(issuer.rstrip("/") + WELL_KNOWN, FIELD, KIND, here=True)
        self._exchange = Exchange(FIELD, f"the issuer at {self._document.host}", private)
        self._reading = threading.Lock()
        self._known: tuple[float, Endpoints] | None = None

    def sign_in_address(self) -> str:
        return self._endpoints().sign_in

    def id_token(self, code: str, verifier: str, redirect: str) -> str:
        """Raises NotAuthenticated where the issuer gives none."""
        endpoints = self._endpoints()
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect, "code_verifier": verifier,
                "client_id": self._client_id}  # fmt: skip
        auth = None
        if self._secret is not None and endpoints.in_form:
            form["client_secret"] = self._secret
        elif self._secret is not None:
            auth = (self._client_id, self._secret)
        status, content = self._exchange.ask(endpoints.token, form, auth, seconds=SECONDS, most=MOST_BYTES)
        if status >= 500:
            raise OutsideError(f"{self._exchange.source} answered {status}", field=FIELD)
        found = self._object(content).get("id_token") if status == 200 else None
        if not isinstance(found, str):
            raise NotAuthenticated(f"{self._exchange.source} gave no token for this sign-in", fixes=["sign in once more"])
        return found

    def _endpoints(self) -> Endpoints:
        with self._reading:
            if self._known is None or self._clock() - self._known[0] > OLD:
                self._known = self._clock(), self._read()
            return self._known[1]

    def _read(self) -> Endpoints:
        """Raises OutsideError, and DataError for a document of another issuer: what it names would be another's."""
        status, content = self._exchange.ask(self._document, seconds=SECONDS, most=MOST_BYTES)
        if status != 200:
            raise OutsideError(f"{self._exchange.source} answered {status}", field=FIELD)
        told = self._object(content)
        if told.get("issuer") != self._issuer:
            raise DataError(f"{self._exchange.source} says that it is another issuer", field=FIELD)
        ways = told.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        sign_in, token = (self._address(told, name) for name in ("authorization_endpoint", "token_endpoint"))
        return Endpoints(str(sign_in), token, "client_secret_basic" not in ways)

    def _address(self, told: dict[str, Any], name: str) -> httpx.URL:
        """It stands on https, as the issuer does, or on this machine with it."""
        return checked(str(told.get(name, "")), FIELD, KIND, here=self._document.scheme == "http")

    def _object(self, content: bytes) -> dict[str, Any]:
        try:
            found = json.loads(content)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise DataError(f"{self._exchange.source} gave no JSON object", field=FIELD)
        return found
