"""The contract and its pages: the OpenAPI document, the reference, a page for every kind of problem."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI, Request, Response

from portopt.domain.errors import PortoptError
from portopt.doors.rest.front import call_at
from portopt.doors.rest.openapi import document_bytes
from portopt.doors.rest.pages.problems import problem_page, problems_page
from portopt.doors.rest.pages.reference import reference_page
from portopt.doors.rest.responses import PAGE, response_of
from portopt.doors.wire.call import JSON, Reply
from portopt.doors.wire.problems import DOCS, reply_of

HTML = "text/html; charset=utf-8"


def add_site(app: FastAPI, base: str) -> None:
    """Made when first read; they name no portfolio and are for whoever asks."""

    async def contract(request: Request) -> Response:
        return _response(request, document_bytes, JSON)

    async def reference(request: Request) -> Response:
        return _response(request, reference_page, HTML)

    async def problems(request: Request) -> Response:
        return _response(request, problems_page, HTML)

    async def problem(request: Request) -> Response:
        return _response(request, lambda: problem_page(request.path_params["code"]), HTML)

    for path, page in (
        (f"{base}/openapi.json", contract),
        ("/docs", reference),
        (DOCS, problems),
        (DOCS.rstrip("/"), problems),
        (DOCS + "{code}", problem),
    ):
        app.add_api_route(path, page, methods=["GET"])


def _response(request: Request, made: Callable[[], bytes], content_type: str) -> Response:
    call = call_at(request.scope)
    try:
        reply = Reply(200, made(), content_type, {"Content-Security-Policy": PAGE} if content_type == HTML else {})
    except PortoptError as error:
        reply = reply_of(error, call)
    return response_of(reply, call, request)
