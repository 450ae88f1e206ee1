"""Prices from Yahoo Finance through the optional package yfinance: adjusted, unofficial, and no one's promise."""

from __future__ import annotations

import importlib
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl

from portopt.adapters.door import speaking_for
from portopt.domain.errors import DataError, MissingInput, OutsideError
from portopt.domain.market import MarketQuery
from portopt.domain.universe import CASH

FIRST_DAY = "1970-01-01"


class YahooProvider:
    """Daily closes adjusted for splits and dividends. Needs names: Yahoo has no list of "everything"."""

    name = "yahoo"
    adjustment = "adjusted"
    notes: tuple[str, ...] = ()

    def __init__(self) -> None:
        try:
            self._yfinance: Any = importlib.import_module("yfinance")
        except ImportError as error:
            raise MissingInput(
                "prices from Yahoo need the package yfinance, which is not installed here",
                field="provider",
                value="yahoo",
                fixes=["pip install 'portfolio-optimization-service[yfinance]'", "name a file of prices instead"],
            ) from error
        self.source = f"Yahoo Finance by yfinance {getattr(self._yfinance, '__version__', 'of unknown version')}"

    def prices(self, query: MarketQuery) -> pl.DataFrame:
        """See ports.MarketDataProvider."""
        with speaking_for("Yahoo", field="provider"):
            return self._prices(query)

    def _prices(self, query: MarketQuery) -> pl.DataFrame:
        assets = [asset for asset in query.assets or () if asset != CASH]
        if not assets:
            raise MissingInput("Yahoo is asked for named assets; none are named", field="assets", fixes=["name the assets"])
        try:
            frame = self._yfinance.download(
                assets,
                start=query.start.isoformat() if query.start else FIRST_DAY,
                end=(query.as_of + timedelta(days=1)).isoformat() if query.as_of else None,  # its end is exclusive
                auto_adjust=True,
                progress=False,
                threads=False,
                group_by="column",
                multi_level_index=True,
            )
        except Exception as error:  # the package passes on whatever its network library raises
            raise OutsideError(f"Yahoo did not answer ({type(error).__name__})", field="provider", value="yahoo") from error
        if frame is None or len(frame) == 0:
            raise OutsideError(f"Yahoo gave no price of {', '.join(assets)}", field="provider", value="yahoo")
        found = _long(frame)
        self._require_whole(found, assets)
        return found

    def _require_whole(self, found: pl.DataFrame, assets: list[str]) -> None:
        """The package gives an empty column for a name that did not arrive, and says why where nobody is meant to look."""
        failed = getattr(getattr(self._yfinance, "shared", None), "_ERRORS", None) or {}
        missing = sorted(set(assets) - set(found["asset_id"].unique()))
        unheard = [asset for asset in missing if asset in failed and "delisted" not in str(failed[asset])]
        if unheard:
            raise OutsideError(
                f"Yahoo did not answer about {', '.join(unheard)}: {str(failed[unheard[0]])[:200]}",
                field="provider",
                value="yahoo",
                measured={"answered": len(assets) - len(missing), "asked": len(assets)},
                fixes=["try again later; nothing was stored"],
            )


def _long(frame: Any) -> pl.DataFrame:
    """Rows out of yfinance's data frame: an index of days, columns (field, ticker)."""
    try:
        close, volume = frame["Close"], frame["Volume"]
        tickers = [str(ticker) for ticker in close.columns]
    except (KeyError, AttributeError) as error:
        raise DataError(
            f"Yahoo's table is not as expected: its columns are {list(frame.columns)[:6]}", field="provider", value="yahoo"
        ) from error
    days = np.asarray(close.index.values).astype("datetime64[D]")
    return pl.DataFrame(
        {
            "asset_id": np.repeat(np.array(tickers), len(days)),
            "date": np.tile(days, len(tickers)),
            "close": np.asarray(close.values, dtype=np.float64).T.ravel(),
            "volume": np.asarray(volume[close.columns].values, dtype=np.float64).T.ravel(),
        }
    ).filter(pl.col("close").is_not_nan())  # its way to say "not traded that day"
