"""The screens' addresses: who looks, what came, which screen, what is sent back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from fastapi import FastAPI, Request, Response
from starlette.responses import RedirectResponse

from portopt.domain.errors import NotAllowed, NotAuthenticated, PortoptError
from portopt.doors.console.asking import Refused
from portopt.doors.console.files import static_file
from portopt.doors.console.screens import ROOT, SCREENS, Screen
from portopt.doors.console.seen import Seen, Stream
from portopt.doors.console.sessions import Session, Sessions, require_from_here
from portopt.doors.console.shown import HEADERS, form_of, is_part, look, sent, told, with_session
from portopt.doors.console.signing import AT_ISSUER, SIGN_IN, SIGN_OUT, SIGNED_IN, Signing
from portopt.doors.console.streaming import Streams
from portopt.doors.console.texts import texts
from portopt.doors.rest.calls import asked_once
from portopt.doors.rest.front import call_at
from portopt.doors.wire.problems import told_of

if TYPE_CHECKING:
    from portopt.doors.wire.service import Service

Endpoint = Callable[[Request], Awaitable[Response]]


def add_console(app: FastAPI, service: Service) -> None:
    sessions = Sessions(service.access, service.runtime)
    streams, signing = Streams(), Signing(service, sessions)
    for screen in SCREENS:
        app.add_route(ROOT + screen.path, _route(screen, service, sessions, streams), methods=[screen.method])
    for path, method, endpoint in (
        (SIGN_IN, "GET", signing.page), (SIGN_IN, "POST", signing.by_key), (AT_ISSUER, "GET", signing.at_issuer),
        (SIGNED_IN, "GET", signing.back), (SIGN_OUT, "POST", _safe(signing.out, service)),
        (ROOT + "/static/{name:path}", "GET", static_file), (ROOT + "/said/{name}", "GET", _said), ("/", "GET", _home),
    ):  # fmt: skip
        app.add_route(path, endpoint, methods=[method])


async def _home(_request: Request) -> Response:
    return RedirectResponse(ROOT, 303)


async def _said(request: Request) -> Response:
    """What is shown once after something was done: a text of ours, by its name."""
    text = getattr(texts().said, str(request.path_params["name"]), "")
    return Response(text, 200 if text else 404, HEADERS, "text/plain; charset=utf-8")


def _route(screen: Screen, service: Service, sessions: Sessions, streams: Streams) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        session: Session | None = None
        try:
            session = await sessions.of(request)
            seen = await _seen(request, service, session)
            require_scope(seen, screen.scope)
            shown = await screen.function()(seen)
            if isinstance(shown, Stream):
                return streams.opened(shown, lambda: _again(screen, request, service, sessions), request)
            return with_session(sent(shown, seen, request), request, session)
        except NotAuthenticated:
            return _to_sign_in(request)
        except Refused as refused:
            return told(refused.status, refused.problem, request, service, session)
        except PortoptError as error:
            return _refused(error, request, service, session)

    return endpoint


def require_scope(seen: Seen, scope: str) -> None:
    """Raises NotAllowed."""
    if not seen.who.may(scope):
        raise NotAllowed(f"{seen.who.subject} may not see this: it needs the scope {scope!r}", field="scope")


async def _again(screen: Screen, request: Request, service: Service, sessions: Sessions) -> Seen:
    """For who looks as they stand now. Raises NotAuthenticated where their session has ended meanwhile, NotAllowed."""
    seen = await _seen(request, service, await sessions.of(request))
    require_scope(seen, screen.scope)
    return seen


def _safe(endpoint: Endpoint, service: Service) -> Endpoint:
    """With refusals as pages, for addresses that are no screens."""

    async def safe(request: Request) -> Response:
        try:
            return await endpoint(request)
        except NotAuthenticated:
            return _to_sign_in(request)
        except PortoptError as error:
            return _refused(error, request, service, None)

    return safe


def _refused(error: PortoptError, request: Request, service: Service, session: Session | None) -> Response:
    call = call_at(request.scope)
    problem = told_of(error, request_id=call.request_id, instance=call.instance)
    return told(error.status, problem, request, service, session)


def _to_sign_in(request: Request) -> Response:
    """And back here then; a part of a page takes the whole page there."""
    current = urlsplit(request.headers.get("hx-current-url", "")) if is_part(request) else request.url
    to = f"{current.path}?{current.query}" if current.query else current.path
    there = f"{SIGN_IN}?to={quote(to, safe='/')}"
    if is_part(request):
        return Response(None, 401, {**HEADERS, "HX-Redirect": there})
    return RedirectResponse(there if request.method == "GET" else SIGN_IN, 303, HEADERS)


async def _seen(request: Request, service: Service, session: Session) -> Seen:
    query = asked_once(request.query_params.multi_items())
    if request.method != "POST":
        return look(request, service, session, None, query)
    form = await form_of(request)
    require_from_here(request.headers, form, session, service.runtime.settings.public_url)
    return look(request, service, session, form, query)
