"""From a request to a look at a screen, and from what the screen gives to a response."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote

from fastapi import Request, Response
from starlette.responses import RedirectResponse, StreamingResponse

from portopt.domain.errors import MalformedDocument
from portopt.doors.console.asking import Asking, Refused
from portopt.doors.console.reader import COOKIE as READER
from portopt.doors.console.reader import reader_of
from portopt.doors.console.rendering import rendered
from portopt.doors.console.screens import ROOT
from portopt.doors.console.seen import HERE, Late, Page, Redirect, Seen, Sent
from portopt.doors.console.sessions import COOKIE, NOBODY, Session
from portopt.doors.rest.calls import asked_once, read_body
from portopt.doors.rest.front import call_at
from portopt.doors.rest.responses import ENDS_HERE, response_of

if TYPE_CHECKING:
    from portopt.doors.wire.service import Service

HTML = "text/html; charset=utf-8"
FORM = "application/x-www-form-urlencoded"
MOST_FORM = 1_000_000  # bytes
MOST_FIELDS = 5_000
SAID = "portopt_said"  # the page reads it, shows it once and lets it go
WHOLE = {"hx-boosted", "hx-history-restore-request"}  # htmx asks for a page, not for a part of one
YEAR = 365 * 86_400  # seconds
POLICY = "; ".join(
    (
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'",
        "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
    )
)  # fmt: skip
HEADERS = {
    **ENDS_HERE, "Content-Security-Policy": POLICY, "Cache-Control": "no-store", "X-Frame-Options": "DENY",
    # With no-referrer a browser sends a form's Origin as null, which is nobody's.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
}  # fmt: skip


def look(
    request: Request,
    service: Service,
    session: Session,
    form: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
) -> Seen:
    return Seen(
        who=session.who,
        reader=reader_of(unquote(request.cookies.get(READER, "")), request.headers.get("accept-language")),
        asking=Asking(service, replace(call_at(request.scope), who=session.who)),
        csrf=session.csrf,
        path=request.url.path,
        place={name: str(value) for name, value in request.path_params.items()},
        query=query or {},
        form=form or {},
        is_part=is_part(request),
        signed_in=session.signed_in,
    )


def is_part(request: Request) -> bool:
    """Whether the page is there already, and a part of it is asked for (htmx)."""
    return "hx-request" in request.headers and WHOLE.isdisjoint(request.headers)


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


def sent(shown: Page | Redirect | Sent | Late, seen: Seen, request: Request) -> Response:
    if isinstance(shown, Sent):
        return response_of(shown.reply, call_at(request.scope), request)
    if isinstance(shown, Late):
        return StreamingResponse(_in_parts(shown, seen), shown.frame.status, {**HEADERS, **shown.frame.headers}, HTML)
    return _redirect(shown, seen) if isinstance(shown, Redirect) else page_response(shown, seen)


async def _in_parts(late: Late, seen: Seen) -> AsyncIterator[bytes]:
    before, _, after = rendered(late.frame, seen).partition(HERE.encode())
    yield before
    try:
        page = await late.rest()
    except Refused as refused:
        page = Page("problem_part.html", {"problem": refused.problem})
    yield rendered(page, seen) + after


def page_response(page: Page, seen: Seen) -> Response:
    headers = {**HEADERS, **page.headers}
    if page.state is not None and seen.is_part:
        headers["HX-Replace-Url"] = page.state
    return Response(rendered(page, seen), page.status, headers, HTML)


def _redirect(shown: Redirect, seen: Seen) -> Response:
    response: Response = (
        Response(None, 204, {**HEADERS, "HX-Redirect": shown.to}) if seen.is_part else RedirectResponse(shown.to, 303, HEADERS)
    )
    if shown.said is not None:
        response.set_cookie(SAID, shown.said, max_age=60, path=ROOT, samesite="lax")
    for name, value in shown.cookies.items():
        response.set_cookie(name, quote(value), max_age=YEAR, path=ROOT, httponly=True, samesite="lax")
    return response


def told(status: int, problem: Mapping[str, Any], request: Request, service: Service, session: Session | None) -> Response:
    """A refusal as a page, or as the part of one that tells it."""
    session = session or Session("", NOBODY)
    seen = look(request, service, session)
    page = Page("problem_part.html" if seen.is_part else "problem.html", {"problem": problem}, status)
    return with_session(page_response(page, seen), request, session)


def with_session(response: Response, request: Request, session: Session) -> Response:
    """The browser is told of a session that it does not have yet."""
    if session.new:
        public = request.app.state.service.runtime.settings.public_url or ""
        secure = request.url.scheme == "https" or public.startswith("https:")
        response.set_cookie(COOKIE, session.id, path=ROOT, httponly=True, samesite="lax", secure=secure)
    return response
