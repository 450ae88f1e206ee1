"""Returns out of a history of prices, as a notebook holds one, checked like the prices of a book."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from portopt.domain.calendar import TRADING_DAYS, periods_per_year
from portopt.domain.market import MarketQuery
from portopt.domain.request import DataPolicy
from portopt.market import open_snapshot, quarantined
from portopt.ports import MarketDataProvider
from portopt.tables.account import in_words


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """columns: {asset: (T,) simple returns between its own prices, NaN where there is none}. periods_per_year: by the dates."""

    columns: dict[str, np.ndarray]
    periods_per_year: float
    notes: tuple[str, ...]


def is_history(prices: Any) -> bool:
    """Whether these are prices through time, and not one price for each asset.

    >>> is_history({"A": 10.0}), is_history({"A": [10.0, 10.5]}), is_history("prices.csv")
    (False, True, True)
    """
    if prices is None or getattr(prices, "ndim", 0) == 1:
        return False
    return not isinstance(prices, dict) or not all(isinstance(value, int | float) for value in prices.values())


def history_of(prices: Any, as_of: date | None) -> History:
    """What the checks quarantine is left out, and named. Raises DataError for prices that cannot be used."""
    provider = provider_of(prices)
    query = MarketQuery(as_of=as_of)
    found = open_snapshot(
        provider.prices(query), source=provider.source, adjustment=provider.adjustment, policy=DataPolicy(), query=query
    )
    apart = quarantined(found)
    kept = [k for k, asset in enumerate(found.asset_ids) if asset not in apart]
    returns = found.returns()
    notes = (f"{in_words(sorted(apart))}: left out, as the checks of the prices say",) if apart else ()
    counted = periods_per_year(found.dates) or TRADING_DAYS
    columns = {found.asset_ids[k]: returns[:, k] for k in kept}
    return History(columns, counted, (*getattr(provider, "notes", ()), *notes))


def provider_of(prices: Any) -> MarketDataProvider:
    """A frame, columns by asset, or a file or folder."""
    if isinstance(prices, str | Path):
        from portopt.adapters.providers.files import FileProvider

        return FileProvider(Path(prices))
    from portopt.adapters.providers.frames import FrameProvider

    return FrameProvider(prices)
