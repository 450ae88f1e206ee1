"""The portfolios of a desk that somebody looks for: filtered, sorted, a page of them, and how many are of each tile."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from portopt.dialects.desk import line_data
from portopt.domain.desk import DeskBook, Ended, Tile, Told, counted
from portopt.runs.desk.valuing import valued

if TYPE_CHECKING:
    from portopt.runtime import Runtime

NOTHING, NEVER = Told(), Ended()
SORTS: Mapping[str, Callable[[DeskBook, datetime], float | str | None]] = {
    "portfolio_id": lambda book, _: book.portfolio_id,
    "name": lambda book, _: (book.name or book.portfolio_id).casefold(),
    "value": lambda book, _: None if book.figures is None else book.figures.value,
    "drift": lambda book, _: None if book.figures is None else book.figures.drift,
    "cash": lambda book, _: None if book.figures is None else book.figures.cash_share,
    "tracking_error": lambda book, _: None if book.figures is None else book.figures.tracking_error,
    "days": lambda book, now: book.days_since_release(now),
    "status": lambda book, _: book.newest.stage.value,
}


@dataclass(frozen=True, slots=True)
class Look:
    """tiles: a portfolio must have all of them. search: in its id, its name or its policy's. among: portfolios; None is all.

    asker: who looks; a wave of others that has portfolios besides is not told of.
    """

    among: Collection[str] | None = None
    tiles: tuple[Tile, ...] = ()
    search: str = ""
    sort: str = "portfolio_id"
    descending: bool = False
    skip: int = 0
    size: int = 50
    asker: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A portfolio with what is said beside its figures. wave: (kind, cause) of the newest that it is in."""

    book: DeskBook
    tiles: tuple[Tile, ...]
    told: Told
    ended: Ended
    wave: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class DeskPage:
    """counts: of each tile, of everything that was searched. total: portfolios, matching: those with all the tiles."""

    lines: Sequence[Line]
    counts: Mapping[Tile, int]
    total: int
    matching: int
    now: datetime = field(default_factory=datetime.now)


def desk_page(look: Look, runtime: Runtime, now: datetime) -> DeskPage:
    """Some statements for all portfolios together, and some more for those on the page."""
    books, said = valued(runtime.desk.books(look.among, now), runtime)
    found = [(book, book.tiles()) for book in books if _is_found(book, look.search)]
    chosen = [(book, tiles) for book, tiles in found if set(look.tiles) <= set(tiles)]
    shown = _in_order(chosen, look, now)[look.skip : look.skip + look.size]
    lines = _lines(shown, said, look, runtime)
    return DeskPage(lines, counted(tiles for _, tiles in found), len(books), len(chosen), now)


def page_data(page: DeskPage, skip: int) -> dict[str, Any]:
    """The page as data. skip: how many lines come before it; next_cursor: the same for the next one."""
    end = skip + len(page.lines)
    return {
        "portfolios": [line_data(one.book, one.tiles, one.told, one.ended, one.wave, page.now) for one in page.lines],
        "tiles": {tile.value: count for tile, count in page.counts.items()},
        "total": page.total,
        "matching": page.matching,
        "next_cursor": str(end) if end < page.matching else None,
    }


def _is_found(book: DeskBook, search: str) -> bool:
    wanted = search.casefold()
    return not wanted or any(wanted in text.casefold() for text in (book.portfolio_id, book.name, book.policy))


def _in_order(
    chosen: Sequence[tuple[DeskBook, tuple[Tile, ...]]], look: Look, now: datetime
) -> list[tuple[DeskBook, tuple[Tile, ...]]]:
    """By id where the key is the same; what is not known is last, either way."""
    key = SORTS[look.sort]
    known, unknown = list[Any](), list[Any]()
    for pair in chosen:
        at = key(pair[0], now)
        (unknown if at is None else known).append((at, pair))
    known.sort(key=lambda one: one[0], reverse=look.descending)
    return [pair for _, pair in (*known, *unknown)]


def _lines(
    shown: Sequence[tuple[DeskBook, tuple[Tile, ...]]], said: Mapping[str, Told], look: Look, runtime: Runtime
) -> list[Line]:
    books = [book for book, _ in shown]
    told = {**runtime.desk.told([book.portfolio_id for book in books if book.portfolio_id not in said]), **said}
    ended = runtime.desk.ended(books)
    named = {book.wave_id for book in books if book.wave_id is not None}
    waves = runtime.desk.waves(named, look.among, look.asker)
    return [
        Line(
            book,
            tiles,
            told.get(book.portfolio_id, NOTHING),
            ended.get(book.portfolio_id, NEVER),
            waves.get(book.wave_id or ""),
        )
        for book, tiles in shown
    ]
