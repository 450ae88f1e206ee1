"""Who is signed in to the console."""

from __future__ import annotations

from typing import Protocol

from portopt.domain.access import Principal


class SessionStore(Protocol):
    """Sessions by their ids, which are secrets of the browsers that have them: nothing is kept but their hashes."""

    def begin_by_key(self, session_id: str, key: str, hours: float) -> Principal | None:
        """Of whoever holds this API key, which is not kept; None, and no session, for one that is unknown or revoked."""
        ...

    def begin(self, session_id: str, who: Principal, hours: float) -> None:
        """Of whom somebody else vouched for."""
        ...

    def who(self, session_id: str) -> Principal | None:
        """None for one that is unknown or ended, or whose key was revoked."""
        ...

    def end(self, session_id: str) -> None:
        """From now on it opens nothing."""
        ...


class Issuer(Protocol):
    """Who vouches for people (OpenID Connect): where they sign in, and what comes back for the code they return with."""

    def sign_in_address(self) -> str:
        """Raises OutsideError where it does not answer, DataError for what is no answer."""
        ...

    def id_token(self, code: str, verifier: str, redirect: str) -> str:
        """In exchange for the code. Raises NotAuthenticated where it gives none, OutsideError, DataError."""
        ...
