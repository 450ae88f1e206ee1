"""Who asks, from what came with the call: the headers of REST, the metadata of gRPC."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from portopt.domain.access import ANYONE_HERE, Principal
from portopt.domain.errors import NotAuthenticated
from portopt.doors.access.keys import KeyChecks
from portopt.doors.access.listening import check_nearness, check_settings

if TYPE_CHECKING:
    from portopt.doors.access.tokens import Issuer
    from portopt.runtime import Runtime

HOW = ["send an API key as `Authorization: Bearer KEY` or `X-Api-Key: KEY`, or a token as `Authorization: Bearer TOKEN`"]


class Access:
    """Of one installation. To make it raises RequestError where the configuration would let anybody in."""

    def __init__(self, runtime: Runtime) -> None:
        check_settings(runtime.settings)
        self._is_open = runtime.settings.access == "open"
        self._keys = KeyChecks(lambda: runtime.keys)
        self._issuer = _issuer_of(runtime, runtime.settings.oidc_audience)
        self._signed_in = _issuer_of(runtime, runtime.settings.oidc_client_id)

    @property
    def is_open(self) -> bool:
        """Whether whoever is on this machine may do everything."""
        return self._is_open

    @property
    def has_sign_in(self) -> bool:
        """Whether people may sign in at an issuer."""
        return self._signed_in is not None

    async def who(self, headers: Mapping[str, str]) -> Principal:
        """`principal_of`, without holding up the loop: a database may be asked, or an issuer."""
        if self._is_open and credential(headers) is None:
            return self.principal_of(headers)
        return await asyncio.to_thread(self.principal_of, headers)

    def principal_of(self, headers: Mapping[str, str]) -> Principal:
        """headers: by lower-case name. A credential that came is verified, needed or not.

        Raises NotAuthenticated for none or one that is not accepted, NotAllowed for what another place made a browser ask.
        """
        given = credential(headers)
        if given is not None:
            return self._holder(given)
        if not self._is_open:
            raise NotAuthenticated("this needs an API key or a token", field="Authorization", fixes=HOW)
        check_nearness(headers)
        return ANYONE_HERE

    def signed_in(self, id_token: str, nonce: str) -> Principal:
        """Who signed in at the issuer, in answer to the nonce that was sent with them. Raises NotAuthenticated."""
        if self._signed_in is None:
            raise NotAuthenticated("nobody signs in at an issuer here", fixes=["sign in with an API key"])
        return self._signed_in.principal(id_token, nonce)

    def _holder(self, given: str) -> Principal:
        if "." not in given:  # a token has three parts; a key has one
            return self._keys.principal(given)
        if self._issuer is None:
            raise NotAuthenticated("this is no API key, and no issuer of tokens is configured here")
        return self._issuer.principal(given)


def credential(headers: Mapping[str, str]) -> str | None:
    """The key or token that came; None for none. Raises NotAuthenticated for what is neither, or two that differ."""
    key, authorization = headers.get("x-api-key"), headers.get("authorization")
    if authorization is None:
        return key
    scheme, _, given = authorization.strip().partition(" ")
    given = given.strip()
    if scheme.lower() != "bearer" or not given:
        raise NotAuthenticated("Authorization is not `Bearer` with a key or a token", field="Authorization", fixes=HOW)
    if key is not None and key != given:
        raise NotAuthenticated(
            "X-Api-Key and Authorization name two who ask", field="Authorization", fixes=["send one of them"]
        )
    return given


def _issuer_of(runtime: Runtime, audience: str | None) -> Issuer | None:
    settings = runtime.settings
    if settings.oidc_issuer is None or audience is None or runtime.issuer_keys is None:
        return None
    from portopt.doors.access.tokens import Issuer, Keys  # the library of tokens is for those who use them

    return Issuer(settings.oidc_issuer, audience, settings.oidc_portfolios, Keys(runtime.issuer_keys))
