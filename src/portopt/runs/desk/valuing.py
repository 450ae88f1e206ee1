"""What a book that nobody measured yet is worth, at the newest prices that are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from portopt.domain.desk import BookFigures, DeskBook, Told
from portopt.domain.errors import PortoptError
from portopt.domain.holdings import Holdings
from portopt.domain.units import in_money

if TYPE_CHECKING:
    from portopt.ports import PackStore
    from portopt.runtime import Runtime

MOST = 1_000  # books at once; a watch measures the others
NOT_MEASURED = "it was not measured yet on what the portfolio holds now: a worker does, every few minutes"
NEED_A_WATCH = ("drift", "tracking_error", "limits_broken", "prices_age")


def valued(books: Sequence[DeskBook], runtime: Runtime) -> tuple[list[DeskBook], dict[str, Told]]:
    """(the books, those that were not measured valued where their prices are kept; what is said beside those)."""
    unmeasured = [book for book in books if book.figures is None and book.is_held][:MOST]
    if not unmeasured:
        return list(books), {}
    prices, day, why = _newest_prices(runtime)
    names = [book.portfolio_id for book in unmeasured]
    holdings, units = runtime.desk.holdings(names), runtime.desk.units(names)
    figures, told = {}, {}
    for book in unmeasured:
        held = holdings[book.portfolio_id]
        missing = sorted(asset for asset, n in held.shares.items() if n and asset not in prices)
        said = why or (f"no price of {missing[0]} is in the newest pack" if missing else "")
        told[book.portfolio_id] = _told(said, day)
        if not said:
            figures[book.portfolio_id] = _figures(held, in_money(prices, units.get(book.portfolio_id, {})))
    return [replace(b, figures=figures[b.portfolio_id]) if b.portfolio_id in figures else b for b in books], told


def _figures(held: Holdings, prices: Mapping[str, Decimal]) -> BookFigures:
    value = held.value(prices)
    return BookFigures(value=float(value), cash_share=float(held.cash / value) if value > 0 else None)


def _told(why: str, day: date | None) -> Told:
    unsaid = dict.fromkeys(NEED_A_WATCH, NOT_MEASURED)
    detail = {} if day is None else {"priced": {"as_of": day.isoformat(), "by": "the newest pack"}}
    return Told(None, {**unsaid, **({"value": why, "cash_share": why} if why else {})}, detail)


def _newest_prices(runtime: Runtime) -> tuple[Mapping[str, Decimal], date | None, str]:
    """(last prices, their day, why there are none)."""
    pack_id = runtime.desk.newest_pack()
    if pack_id is None:
        return {}, None, "no prices are kept here yet: a rebalance, or POST /packs, brings some"
    try:
        prices, day = _last_prices(runtime.packs, pack_id)
        return prices, day, ""
    except PortoptError as error:
        return {}, None, error.detail


_KEPT: dict[str, tuple[Mapping[str, Decimal], date]] = {}


def _last_prices(packs: PackStore, pack_id: str) -> tuple[Mapping[str, Decimal], date]:
    """Read once in a process, for a pack never changes; the newest alone is kept."""
    found = _KEPT.get(pack_id)
    if found is None:
        found = _read(packs, pack_id)
        _KEPT.clear()
        _KEPT[pack_id] = found
    return found


def _read(packs: PackStore, pack_id: str) -> tuple[Mapping[str, Decimal], date]:
    snapshot = packs.get(pack_id)
    found = {}
    for j, asset in enumerate(snapshot.asset_ids):
        known = np.flatnonzero(snapshot.prices[:, j] > 0.0)
        if len(known):
            found[asset] = Decimal(repr(float(snapshot.prices[known[-1], j])))
    return found, snapshot.as_of
