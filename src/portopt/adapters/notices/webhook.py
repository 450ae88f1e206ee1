"""Notices to an https address: a POST each, signed, within bounds of time and of where it leads."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable, Collection
from functools import partial

import httpx

from portopt.adapters.addresses import Guard, both
from portopt.adapters.door import speaking_for
from portopt.adapters.notices.signature import HEADER, signature
from portopt.adapters.providers.wire import Line, within
from portopt.domain.canonical import canonical_json
from portopt.domain.errors import EventRefused, InvalidValue, OutsideError
from portopt.domain.run import Event

FIELD = "PORTOPT_ALERT_WEBHOOK_URL"
NOTICE, CHANGE = "Portopt-Notice", "Portopt-Told"  # headers: the notice's id, and what it tells
NOT_THIS_ONE = (400, 413, 422)  # what is wrong is wrong with this notice; everything else is wrong with the receiver


class Webhook:
    """Implements ports.EventSink. The body is the notice's JSON, the same bytes each time; the signature is of the moment.

    A notice counts as taken once the answer's status is 2xx; it may come twice, under the same `Portopt-Notice`.
    A redirect is no answer: what was signed for one receiver is not carried to another.

    Args:
        url: https, or http to this machine. It may hold a token, and is never part of a message; its host is.
        secret: of the signature.
        private: hosts that may lead to private addresses, as for providers.
        seconds: for all of one delivery. clock: Unix time, for tests.
    """

    def __init__(
        self, url: str, secret: str, *, private: Collection[str] = (), seconds: float = 10.0,
        clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self._url, self._secret, self._seconds, self._clock = checked(url), secret, seconds, clock
        self._private = private
        self._who = f"the webhook at {self._url.host}"

    def deliver(self, event: Event, *, shard: int = 0, number: int | None = None) -> None:
        """Raises EventRefused for a notice that the receiver calls wrong, OutsideError where it is not known to have it."""
        status = self._answer(event)
        if status in NOT_THIS_ONE:
            raise EventRefused(f"{self._who} answered {status}", field=FIELD, value=event.event_id)
        if not 200 <= status < 300:
            what = "a redirect, which is not followed" if 300 <= status < 400 else "no sign that it took the notice"
            raise OutsideError(f"{self._who} answered {status}: {what}", field=FIELD, measured={"status": status})

    def replay(self, event: Event) -> None:
        self.deliver(event)

    def highest(self, shard: int) -> int:
        """A receiver knows no numbers."""
        return 0

    def close(self) -> None:
        """Nothing is held open between deliveries."""

    def _answer(self, event: Event) -> int:
        body = canonical_json(event.body)
        headers = {"Content-Type": "application/json", NOTICE: str(event.body.get("notice_id", event.event_id)),
                   CHANGE: str(event.body.get("told", event.type)),
                   HEADER: signature(self._secret, body, int(self._clock()))}  # fmt: skip
        line, guard = Line(), Guard(self._url.host, self._private, field=FIELD)
        with (
            speaking_for(self._who, field=FIELD),
            httpx.Client(timeout=self._seconds, follow_redirects=False, trust_env=False) as client,
        ):
            seen = {"trace": both(line.trace, guard.trace)}
            request = client.build_request("POST", self._url, content=body, headers=headers, extensions=seen)
            try:
                return within(self._seconds, partial(_status, client, request), line)
            except httpx.TransportError as error:
                raise OutsideError(f"{self._who} did not answer ({type(error).__name__})", field=FIELD) from error


def _status(client: httpx.Client, request: httpx.Request) -> int:
    """Of the answer, whose body nobody reads."""
    answer = client.send(request, stream=True)
    answer.close()
    return answer.status_code


def checked(url: str) -> httpx.URL:
    """Raises InvalidValue, which repeats no more of it than the host."""
    try:
        found = httpx.URL(url)
    except httpx.InvalidURL:
        raise InvalidValue(FIELD, "…", "is no address", fix="write https://host/path") from None
    if found.scheme not in ("http", "https") or not found.host:
        raise InvalidValue(FIELD, found.host or "…", "is no http or https address", fix="write https://host/path")
    if found.userinfo:
        raise InvalidValue(FIELD, found.host, "must not hold a password", fix="let the receiver check the signature")
    if found.scheme == "http" and not _is_here(found.host):
        raise InvalidValue(FIELD, found.host, "alerts are not sent unencrypted to another machine", fix="use https")
    return found


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
