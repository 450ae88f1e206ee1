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

HTML = "text/html; charset=utf-8"
FORM = "application/x-www-form-urlencoded"
MOST_FORM = 1_000_000  # bytes
MOST_FIELDS = 5_000
SAID = "portopt_said"  # the page reads it, shows it once and lets it go
YEAR = 365 * 86_400  # seconds
POLICY = "; ".join(
    (
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'",
        "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
    )
)  # fmt: skip
HEADERS = {
    **ENDS_HERE, "Content-Security-Policy": POLICY, "Cache-Control": "no-store", "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
}  # fmt: skip
WHOLE = {"hx-boosted", "hx-history-restore-request"}  # htmx asks for a page, not for a part of one
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
    form = await form_of(request) if request.method == "POST" else {}
    if request.method == "POST":
        require_from_here(request.headers, form, session)
    return _look(request, service, session, form, asked_once(request.query_params.multi_items()))


def _look(request: Request, service: Service, session: Session, form: Mapping[str, str], query: Mapping[str, str]) -> Seen:
    return Seen(
        who=session.who,
        reader=reader_of(unquote(request.cookies.get(READER, "")), request.headers.get("accept-language")),
        asking=Asking(service, replace(call_at(request.scope), who=session.who)),
        csrf=session.csrf,
        path=request.url.path,
        place={name: str(value) for name, value in request.path_params.items()},
        query=query,
        form=form,
        is_part="hx-request" in request.headers and not WHOLE & request.headers.keys(),
    )


async def form_of(request: Request) -> dict[str, str]:
    """Raises MalformedDocument for what is no form, TooLarge, InvalidValue for a name that stands there twice."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise MalformedDocument(f"a form is sent as {FORM}", field="Content-Type")
    body = await read_body(request, MOST_FORM)
    try:
        fields = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise MalformedDocument(f"the form is not UTF-8, or has more than {MOST_FIELDS} fields", field="body") from None
    return asked_once((name, value.replace("\r\n", " ").replace("\n", " ")) for name, value in fields)


def _sent(shown: Shown, seen: Seen, request: Request, session: Session) -> Response:
    if isinstance(shown, Sent):
        return response_of(shown.reply, call_at(request.scope), request)
    if isinstance(shown, Stream):  # opened already, where it is routed
        raise TypeError(seen.path)
    if isinstance(shown, Redirect):
        response: Response = (
            Response(None, 204, {**HEADERS, "HX-Redirect": shown.to}) if seen.is_part else RedirectResponse(shown.to, 303)
        )
        if shown.said is not None:
            response.set_cookie(SAID, shown.said, max_age=60, path=ROOT, samesite="lax")
        for name, value in shown.cookies.items():
            response.set_cookie(name, quote(value), max_age=YEAR, path=ROOT, httponly=True, samesite="lax")
    else:
        headers = {**HEADERS, **shown.headers}
        if shown.state is not None and seen.is_part:
            headers["HX-Replace-Url"] = shown.state
        response = Response(rendered(shown, seen), shown.status, headers, HTML)
    return _with_session(response, request, session)


def _with_session(response: Response, request: Request, session: Session) -> Response:
    if session.new:
        secure = request.url.scheme == "https"
        response.set_cookie(COOKIE, session.id, path=ROOT, httponly=True, samesite="lax", secure=secure)
    return response


def _told(status: int, problem: Mapping[str, Any], request: Request, service: Service, session: Session | None) -> Response:
    """A refusal as a page, or as the part of one that tells it."""
    session = session or Session("", Principal("nobody"))
    seen = _look(request, service, session, {}, {})
    page = Page("problem_part.html" if seen.is_part else "problem.html", {"problem": problem}, status)
    return _with_session(Response(rendered(page, seen), status, HEADERS, HTML), request, session)


async def _static(request: Request) -> Response:
    content, tag, kind = static(str(request.path_params["name"]))
    headers = {**ENDS_HERE, "ETag": tag, "Cache-Control": "public, max-age=3600"}
    if has_it(request.headers.get("if-none-match"), tag):
        return Response(None, 304, headers)
    return Response(content, 200, headers, kind)


@cache
def _files() -> Mapping[str, bytes]:
    """What is shipped, by name: nothing else is read, whatever an address says."""
    found: dict[str, bytes] = {}
    root = resources.files("portopt.doors.console").joinpath("static")
    for folder, prefix in ((root, ""), (root.joinpath("vendor"), "vendor/")):
        found |= {prefix + file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}
    return found


@cache
def static(name: str) -> tuple[bytes, str, str]:
    """(content, ETag, content type). Raises UnknownThing."""
    content = _files().get(name)
    if content is None:
        raise UnknownThing("file", name[:200], field="path")
    return content, f'"{hashlib.sha256(content).hexdigest()[:32]}"', mimetypes.guess_type(name)[0] or "application/octet-stream"
