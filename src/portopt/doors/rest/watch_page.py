"""`/watch`: the page of the watch for people, and the same as JSON where that is accepted. Of what who asks may see, alone."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, Response

from portopt.domain.access import Principal, asked_by, restricted_to
from portopt.domain.errors import PortoptError, unknown_portfolio
from portopt.doors.rest.calls import asked_once, check_accept
from portopt.doors.rest.front import call_at
from portopt.doors.rest.responses import response_of
from portopt.doors.rest.site import HTML
from portopt.doors.wire.answering import written
from portopt.doors.wire.asked import Asked, require
from portopt.doors.wire.call import JSON, Reply
from portopt.doors.wire.problems import reply_of

if TYPE_CHECKING:
    from portopt.doors.wire.service import Service
    from portopt.runtime import Runtime

ASKED_OF = ("portfolio", "days", "books")
SCOPE = "read"
DAYS_USUAL, DAYS_MOST = 30.0, 3660.0
BOOKS_USUAL, BOOKS_MOST = 24, 200


def add_watch_page(app: FastAPI, service: Service) -> None:
    async def watch(request: Request) -> Response:
        call = call_at(request.scope)
        try:
            who = await service.access.who(request.headers)
            call = replace(call, who=who, asked=asked_once(request.query_params.multi_items()))
            asked = Asked(call, service.runtime)
            require(asked, SCOPE)
            check_accept(request.headers.get("accept"), (JSON, HTML.partition(";")[0]))
            reply = await asyncio.to_thread(_reply, asked, as_json=_wants_json(request.headers.get("accept")))
        except PortoptError as error:
            reply = reply_of(error, call)
        return response_of(reply, call, request)

    app.add_api_route("/watch", watch, methods=["GET"])


def _wants_json(accept: str | None) -> bool:
    """A browser names HTML; a program that names JSON, and not HTML, gets it."""
    kinds = {part.split(";")[0].strip().lower() for part in (accept or "").split(",")}
    return JSON in kinds and "text/html" not in kinds


def _reply(asked: Asked, *, as_json: bool) -> Reply:
    from portopt.reports.watch.page import html

    asked.only(*ASKED_OF)
    days = asked.number("days", low=0.01, high=DAYS_MOST) or DAYS_USUAL
    books = asked.whole("books", BOOKS_USUAL, low=1, high=BOOKS_MOST)
    who = asked.call.who
    with restricted_to(who.portfolios), asked_by(who.subject):
        document = _document(asked.runtime, _among(asked, who), days, books)
    if as_json:
        return Reply(200, written(document), JSON)
    return Reply(200, html(document).encode(), HTML)


def _among(asked: Asked, who: Principal) -> frozenset[str] | None:
    """The portfolios that are seen; of one that is named, that one. Raises UnknownThing, missing or foreign alike."""
    named = asked.text("portfolio")
    if named is None:
        return who.portfolios
    if not who.sees(named):
        raise unknown_portfolio(named)
    asked.runtime.portfolios.get(named)
    return frozenset({named})


def _document(runtime: Runtime, among: frozenset[str] | None, days: float, books: int) -> dict[str, Any]:
    from portopt.document.watch import watch_document
    from portopt.runs.watch.seeing import see

    return watch_document(see(runtime, datetime.now(UTC), among=among, days=days, books=books), books=books)
