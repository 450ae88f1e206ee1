"""The newest figures of each book, and its newest wave, in a row of its own: written with the figures and the wave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, or_

from portopt.adapters.store.desk_tables import NUMBERS, desk_books
from portopt.adapters.store.upsert import insert_of, insert_or_update_all
from portopt.domain.watch import Figure
from portopt.domain.wave import WaveItem

OF_A_BOOK = "book_value"  # what is measured of a book at all has it
FIGURES = {
    "book_value": ("value", None),
    "book_cash": ("cash_share", "cash_floor"),
    "book_drift": ("drift", "band"),
    "book_tracking_error": ("tracking_error", "tracking_limit"),
    "book_limits_broken": ("limits_broken", None),
    "book_price_age": ("prices_age", None),
}
CEILING = "ceiling"  # in the detail of `book_cash`


def keep_newest(connection: Connection, figures: Sequence[Figure]) -> None:
    """Where a whole book was measured; what was measured before the row that stands there changes nothing."""
    rows = _rows(figures)
    if not rows:
        return
    insert = insert_of(connection.dialect.name, desk_books)
    changed = {name: insert.excluded[name] for name in rows[0] if name != "portfolio_id"}
    at = desk_books.c.measured_at
    is_newer = or_(at.is_(None), at <= insert.excluded.measured_at)
    connection.execute(insert.on_conflict_do_update(index_elements=["portfolio_id"], set_=changed, where=is_newer), rows)


def keep_newest_wave(connection: Connection, items: Sequence[WaveItem]) -> None:
    """The wave that begins with these items is the newest of their portfolios."""
    rows = [{"portfolio_id": item.portfolio_id, "wave_id": item.wave_id, "wave_number": item.number} for item in items]
    insert_or_update_all(connection, desk_books, sorted(rows, key=lambda row: str(row["portfolio_id"])), ("portfolio_id",))


def _rows(figures: Sequence[Figure]) -> list[dict[str, Any]]:
    """By portfolio: a transaction that waits for another's row would else wait for ever."""
    books: dict[str, dict[str, Figure]] = {}
    for figure in figures:
        if figure.name in FIGURES and figure.portfolio_id is not None:
            books.setdefault(figure.portfolio_id, {})[figure.name] = figure
    return [_row(portfolio_id, books[portfolio_id]) for portfolio_id in sorted(books) if OF_A_BOOK in books[portfolio_id]]


def _row(portfolio_id: str, of: Mapping[str, Figure]) -> dict[str, Any]:
    row: dict[str, Any] = {"portfolio_id": portfolio_id, "measured_at": of[OF_A_BOOK].at, **dict.fromkeys(NUMBERS)}
    why, detail = {}, {}
    for name, (value, limit) in FIGURES.items():
        figure = of.get(name)
        if figure is None:
            why[value] = "it was not measured"
            continue
        row[value] = figure.value
        if limit is not None:
            row[limit] = figure.limit
        if figure.value is None:
            why[value] = figure.why
        if figure.detail:
            detail[value] = figure.detail
    row["cash_ceiling"] = detail.get("cash_share", {}).get(CEILING)
    return {**row, "why": why, "detail": detail}
