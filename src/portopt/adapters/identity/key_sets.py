"""An issuer's key set (RFC 7517), from a file or from its https address: bounded in time, in size, and in where it leads."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from pathlib import Path

import httpx

from portopt.adapters.addresses import Guard, both
from portopt.adapters.door import speaking_for
from portopt.adapters.providers.wire import CODINGS, Incomplete, Line, TooLarge, body_of, within
from portopt.domain.errors import DataError, FileNotReadable, InvalidValue, OutsideError

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
        return _bounded(content, self._path.name)


class KeySetAt:
    """An https address. Redirects are not followed. private: hosts that may lead to private addresses."""

    def __init__(self, address: str, private: Collection[str] = ()) -> None:
        self._url = _checked(address)
        self._private = private
        self._source = f"the key set at {self._url.host}"

    def read(self) -> bytes:
        """Raises OutsideError where it does not answer in time, DataError for what is no answer."""
        with speaking_for(self._source, field=FIELD), httpx.Client(timeout=SECONDS, follow_redirects=False) as client:
            line, guard = Line(), Guard(self._url.host, self._private, field=FIELD)
            seen = {"trace": both(line.trace, guard.trace)}
            request = client.build_request("GET", self._url, headers=_HEADERS, extensions=seen)
            try:
                return within(SECONDS, partial(self._read, client, request), line)
            except (httpx.TransportError, Incomplete) as error:
                raise OutsideError(f"{self._source} did not answer ({type(error).__name__})", field=FIELD) from error
            except TooLarge:
                raise _too_large(self._source) from None

    def _read(self, client: httpx.Client, request: httpx.Request) -> bytes:
        answer = client.send(request, stream=True)
        try:
            if answer.status_code != 200:
                raise OutsideError(f"{self._source} answered {answer.status_code}", field=FIELD)
            return body_of(answer, MOST_BYTES, lambda: None)
        finally:
            answer.close()


_HEADERS = {"Accept": "application/json", "Accept-Encoding": CODINGS}


def _checked(address: str) -> httpx.URL:
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL as error:
        raise InvalidValue(FIELD, "…", str(error)) from error
    if url.scheme != "https" or not url.host:
        raise InvalidValue(FIELD, url.host, "is neither a file nor an https address")
    if url.userinfo:
        raise InvalidValue(FIELD, url.host, "must not hold a password")
    return url


def _bounded(content: bytes, source: str) -> bytes:
    if len(content) > MOST_BYTES:
        raise _too_large(source)
    return content


def _too_large(source: str) -> DataError:
    return DataError(f"{source} is larger than {MOST_BYTES:,} bytes", field=FIELD, measured={"most_bytes": MOST_BYTES})
