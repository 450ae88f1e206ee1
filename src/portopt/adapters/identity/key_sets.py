"""An issuer's key set (RFC 7517), from a file or from its https address."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from portopt.adapters.identity.exchange import Exchange, checked
from portopt.domain.errors import FileNotReadable, OutsideError

FIELD = "PORTOPT_OIDC_KEYS"
MOST_BYTES = 1 << 20
SECONDS = 5.0  # for all of it: somebody waits for an answer


class KeySetFile:
    """A file, read anew each time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> bytes:
        try:
            with self._path.open("rb") as file:
                content = file.read(MOST_BYTES + 1)
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise FileNotReadable(f"cannot read the key set {self._path.name}: {why}", field=FIELD) from error
        if len(content) > MOST_BYTES:
            raise Exchange(FIELD, self._path.name).too_large(MOST_BYTES)
        return content


class KeySetAt:
    """An https address. private: hosts that may lead to private addresses."""

    def __init__(self, address: str, private: Collection[str] = ()) -> None:
        self._url = checked(address, FIELD)
        self._exchange = Exchange(FIELD, f"the key set at {self._url.host}", private)

    def read(self) -> bytes:
        """Raises OutsideError where it does not answer in time, DataError for what is no answer."""
        status, content = self._exchange.ask(self._url, seconds=SECONDS, most=MOST_BYTES)
        if status != 200:
            raise OutsideError(f"{self._exchange.source} answered {status}", field=FIELD)
        return content
