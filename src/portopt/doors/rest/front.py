"""What stands before every route: an id for the request, an address that can be read, HEAD and OPTIONS, no fault leaves."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Sequence
from urllib.parse import unquote_to_bytes

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portopt.dialects.reading import shown
from portopt.domain.errors import MalformedDocument, PortoptError, RequestError, UnknownThing
from portopt.doors.rest.responses import response_of
from portopt.doors.wire.call import Call
from portopt.doors.wire.errors import MethodNotAllowed
from portopt.doors.wire.headers import SANE_ID
from portopt.doors.wire.problems import reply_of, unexpected

BROKEN_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")
Methods = Callable[[Scope], Sequence[str]]


class Front:
    """ASGI. methods: those that an address answers, none where there is no such address."""

    def __init__(self, app: ASGIApp, methods: Methods) -> None:
        self._app, self._methods = app, methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})["request_id"] = request_id_of(scope)
        sending = _Sending(send, without_body=scope["method"] == "HEAD")
        try:
            check_address(scope)
            if scope["method"] == "OPTIONS":
                await self._options(scope, receive, sending)
                return
            if scope["method"] == "HEAD":
                scope["method"] = "GET"
            await self._app(scope, receive, sending)
        except ClientDisconnect:
            return
        except PortoptError as error:
            await _told(error, scope)(scope, receive, sending)
        except Exception as error:
            if sending.has_begun:
                raise
            call = call_at(scope)
            await response_of(unexpected(error, call), call, Request(scope))(scope, receive, sending)

    async def _options(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What may be asked here. No other origin is let in: there are no headers of CORS."""
        allowed = self._methods(scope)
        if not allowed:
            raise UnknownThing("address", scope["path"], field="path")
        headers = {"Allow": ", ".join(with_those_of_its_own(allowed)), "X-Request-Id": scope["state"]["request_id"]}
        await Response(None, 204, headers)(scope, receive, send)


class _Sending:
    """Sends on; without the body of an answer to HEAD."""

    def __init__(self, send: Send, *, without_body: bool) -> None:
        self._send, self._without_body, self.has_begun = send, without_body, False

    async def __call__(self, message: Message) -> None:
        self.has_begun = True
        if self._without_body and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await self._send(message)


def request_id_of(scope: Scope) -> str:
    """The one that came, where it is one; else a new one."""
    given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"").decode("latin-1")
    return given if SANE_ID.fullmatch(given) else f"req-{uuid.uuid4().hex}"


def check_address(scope: Scope) -> None:
    """Raises MalformedDocument for a path or a query that is not UTF-8 in percent-encoding, or holds a zero byte."""
    for what, raw in (("path", scope.get("raw_path") or b""), ("query", scope.get("query_string") or b"")):
        try:
            is_broken = BROKEN_PERCENT.search(raw) is not None or "\x00" in unquote_to_bytes(raw).decode("utf-8")
        except UnicodeDecodeError:
            is_broken = True
        if is_broken:
            raise MalformedDocument(f"the {what} of the address is not UTF-8 text in percent-encoding", field=what,
                                    value=shown(raw.decode("latin-1")), fixes=["encode it (RFC 3986)"])  # fmt: skip


def with_those_of_its_own(allowed: Sequence[str]) -> list[str]:
    return [*allowed, *(["HEAD"] if "GET" in allowed else []), "OPTIONS"]


def call_at(scope: Scope) -> Call:
    """A call of no operation: for refusals that are told before there is one."""
    return Call("", instance=scope.get("path", ""), request_id=scope.get("state", {}).get("request_id", ""))


def refusal(methods: Methods) -> Callable[[Request, Exception], Response]:
    """What the framework refuses, in our words."""

    def told(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - what this is registered for
        return _told(_ours(error, request.scope, methods), request.scope)

    return told


def _told(error: PortoptError, scope: Scope) -> Response:
    call = call_at(scope)
    response = response_of(reply_of(error, call), call, Request(scope))
    if isinstance(error, MethodNotAllowed):
        response.headers["Allow"] = ", ".join(error.allowed)
    return response


def _ours(error: HTTPException, scope: Scope, methods: Methods) -> PortoptError:
    path = str(shown(scope["path"]))
    if error.status_code == 405:
        return MethodNotAllowed(scope["method"], path, with_those_of_its_own(methods(scope)))
    if error.status_code == 404:
        return UnknownThing("address", path, field="path", fixes=["/docs lists what this service answers"])
    return RequestError(str(error.detail))
