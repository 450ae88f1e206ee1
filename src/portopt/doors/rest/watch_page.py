"""`/watch`: the page of the watch for people, and the same as JSON where that is accepted. Of what who asks may see, alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
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
MOST_KEPT, KEPT_FOR = 16, timedelta(minutes=1)


class Kept:
    """What was told lately: of ten thousand books a page takes two seconds, and many may look at it after the same alert."""

    def __init__(self) -> None:
        self._told: dict[tuple[Any, ...], tuple[int, datetime, Reply]] = {}

    def reply(self, key: tuple[Any, ...], version: int, now: datetime, made: Callable[[], Reply]) -> Reply:
        """The one of this version of the watch, for a minute; else a new one."""
        found = self._told.get(key)
        if found is not None and found[0] == version and now - found[1] < KEPT_FOR:
            return found[2]
        if len(self._told) >= MOST_KEPT:
            self._told.clear()
        self._told[key] = (version, now, made())
        return self._told[key][2]


def add_watch_page(app: FastAPI, service: Service) -> None:
    kept = Kept()

    async def watch(request: Request) -> Response:
        call = call_at(request.scope)
        try:
            who = await service.access.who(request.headers)
            call = replace(call, who=who, asked=asked_once(request.query_params.multi_items()))
            asked = Asked(call, service.runtime)
            require(asked, SCOPE)
            check_accept(request.headers.get("accept"), (JSON, HTML.partition(";")[0]))
            reply = await asyncio.to_thread(_reply, asked, kept, as_json=_wants_json(request.headers.get("accept")))
        except PortoptError as error:
            reply = reply_of(error, call)
        return response_of(reply, call, request)

    app.add_api_route("/watch", watch, methods=["GET"])


def _wants_json(accept: str | None) -> bool:
    """A browser names HTML; a program that names JSON, and not HTML, gets it."""
    kinds = {part.split(";")[0].strip().lower() for part in (accept or "").split(",")}
    return JSON in kinds and "text/html" not in kinds


def _reply(asked: Asked, kept: Kept, *, as_json: bool) -> Reply:
    asked.only(*ASKED_OF)
    days = asked.number("days", low=0.01, high=DAYS_MOST) or DAYS_USUAL
    books = asked.whole("books", BOOKS_USUAL, low=1, high=BOOKS_MOST)
    who, runtime, now = asked.call.who, asked.runtime, datetime.now(UTC)
    with restricted_to(who.portfolios), asked_by(who.subject):
        among = _among(asked, who)
        version = runtime.figure_steps.evaluated()[0] if runtime.has_store else 0
        return kept.reply((among, days, books, as_json), version, now, lambda: _told(runtime, now, among, days, books, as_json))


def _among(asked: Asked, who: Principal) -> frozenset[str] | None:
    """The portfolios that are seen; of one that is named, that one. Raises UnknownThing, missing or foreign alike."""
    named = asked.text("portfolio")
    if named is None:
        return who.portfolios
    if not who.sees(named):
        raise unknown_portfolio(named)
    asked.runtime.portfolios.get(named)
    return frozenset({named})


def _told(runtime: Runtime, now: datetime, among: frozenset[str] | None, days: float, books: int, as_json: bool) -> Reply:
    from portopt.document.watch import watch_document
    from portopt.reports.watch.page import html
    from portopt.runs.watch.seeing import see

    document = watch_document(see(runtime, now, among=among, days=days, books=books), books=books)
    return Reply(200, written(document), JSON) if as_json else Reply(200, html(document).encode(), HTML)
