"""API keys as they are asked for, over and over: remembered so shortly that a revocation wins within seconds."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable

from portopt.domain.access import Principal
from portopt.domain.errors import NotAuthenticated
from portopt.ports import KeyStore

LONGEST_KEY = 200
REMEMBERED = 2.0  # seconds
MOST = 4096  # keys at once


class KeyChecks:
    """Who holds a key. store: given when first needed, because to open it takes a database."""

    def __init__(self, store: Callable[[], KeyStore], clock: Callable[[], float] = time.monotonic) -> None:
        self._store, self._clock = store, clock
        self._known: dict[bytes, tuple[float, Principal]] = {}

    def principal(self, key: str) -> Principal:
        """Raises NotAuthenticated for a key that is unknown or revoked: the two are told alike."""
        if len(key) > LONGEST_KEY or not key.isascii() or not key.isprintable():
            raise NotAuthenticated("this is no API key")
        digest = hashlib.sha256(key.encode()).digest()
        until, known = self._known.get(digest, (float("-inf"), None))
        if known is not None and self._clock() < until:
            return known
        self._known.pop(digest, None)
        asked_at = self._clock()
        found = self._store().verify(key)
        if found is None:
            raise NotAuthenticated("this API key is not known, or was revoked", fixes=["`portopt keys create` makes one"])
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[digest] = (asked_at + REMEMBERED, found)
        return found
