"""The desk: every portfolio that who asks may see, in a line."""

from __future__ import annotations

from datetime import UTC, datetime

from portopt.dialects.reading import one_of, text
from portopt.domain.desk import Tile
from portopt.domain.errors import InvalidValue
from portopt.doors.wire.asked import Answered, Asked
from portopt.doors.wire.options import names_of
from portopt.doors.wire.pages import PAGED, cursor_of, size_of
from portopt.runs.desk.page import SORTS, Look, desk_page, page_data

TILES = tuple(tile.value for tile in Tile)


def desk(asked: Asked) -> Answered:
    """tiles: by commas, a portfolio must have all of them; search; sort, from the largest with a minus before it."""
    asked.only("tiles", "search", "sort", *PAGED)
    look = _look(asked)
    return Answered(page_data(desk_page(look, asked.runtime, datetime.now(UTC)), look.skip))


def _look(asked: Asked) -> Look:
    sort, search, cursor = asked.text("sort") or "portfolio_id", asked.text("search"), cursor_of(asked)
    if cursor is not None and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 10):
        raise InvalidValue("cursor", cursor, "is not the end of a page", fix="use next_cursor as it was told")
    return Look(
        among=asked.call.who.portfolios,
        tiles=tuple(Tile(one_of(name, "tiles", TILES)) for name in names_of(asked, "tiles") or ()),
        search="" if search is None else text(search, "search", most=100),
        sort=one_of(sort.removeprefix("-"), "sort", tuple(SORTS)),
        descending=sort.startswith("-"),
        skip=int(cursor or 0),
        size=size_of(asked),
        asker=asked.call.who.subject,
    )
