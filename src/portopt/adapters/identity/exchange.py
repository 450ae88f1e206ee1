"""One question to an issuer: bounded in time, in size, and in where it leads. Redirects are not followed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial

import httpx

from portopt.adapters.addresses import Guard, both, names_itself
from portopt.adapters.door import speaking_for
from portopt.adapters.providers.wire import CODINGS, Incomplete, Line, TooLarge, body_of, within
from portopt.domain.errors import DataError, InvalidValue, OutsideError

HEADERS = {"Accept": "application/json", "Accept-Encoding": CODINGS}


@dataclass(frozen=True, slots=True)
class Exchange:
    """field: the setting that names whom is asked. source: how that is called in a sentence."""

    field: str
    source: str
    private: Collection[str] = ()

    def ask(
        self,
        url: httpx.URL,
        sent: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        *,
        seconds: float,
        most: int,
    ) -> tuple[int, bytes]:
        """(status, body). sent: a form; None is a GET. auth: name and secret, as Basic. most: bytes that are read.

        Raises OutsideError where it does not answer in time, DataError for more than is read.
        """
        with speaking_for(self.source, field=self.field), httpx.Client(timeout=seconds, follow_redirects=False) as client:
            line, guard = Line(), Guard(url.host, self.private, field=self.field)
            seen = {"trace": both(line.trace, guard.trace)}
            method = "GET" if sent is None else "POST"
            request = client.build_request(method, url, data=sent, headers=HEADERS, extensions=seen)
            try:
                return within(seconds, partial(_read, client, request, auth, most), line)
            except (httpx.TransportError, Incomplete) as error:
                raise OutsideError(f"{self.source} did not answer ({type(error).__name__})", field=self.field) from error
            except TooLarge:
                raise self.too_large(most) from None

    def too_large(self, most: int) -> DataError:
        return DataError(f"{self.source} is larger than {most:,} bytes", field=self.field, measured={"most_bytes": most})


def _read(client: httpx.Client, request: httpx.Request, auth: tuple[str, str] | None, most: int) -> tuple[int, bytes]:
    answer = client.send(request, stream=True, auth=auth)
    try:
        return answer.status_code, body_of(answer, most, lambda: None)
    finally:
        answer.close()


def checked(address: str, field: str, kind: str = "a file nor an https address", *, here: bool = False) -> httpx.URL:
    """An https address; here: http too where it is this machine. Raises InvalidValue, which repeats no more than the host."""
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL as error:
        raise InvalidValue(field, "…", str(error)) from error
    is_safe = url.scheme == "https" or (here and url.scheme == "http" and names_itself(url.host))
    if not is_safe or not url.host:
        raise InvalidValue(field, url.host, f"is neither {kind}")
    if url.userinfo:
        raise InvalidValue(field, url.host, "must not hold a password")
    return url
