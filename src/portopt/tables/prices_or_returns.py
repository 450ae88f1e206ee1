"""Prices where returns are meant, recognised by what they would return. Without a frame library: requests come by here too."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from portopt.domain.canonical import plain
from portopt.domain.errors import DataError
from portopt.tables.account import in_words

IN_PERCENT = 0.2  # half of all returns above 20 %, up or down: not of a day, and not of a month
PRICES = "give returns: each price divided by the one before, less one (prices.pct_change().dropna())"
PERCENTAGES = "where these are percentages (1.5 for 1.5 %), divide them by 100"
MOST = 3.0  # a mean above 300 % a year is a price, or a month taken for a day


def refuse_prices(
    columns: Mapping[str, npt.NDArray[np.float64]],
    periods_per_year: float,
    where: str,
    say: str = "estimation.periods_per_year",
) -> None:
    """Raises DataError where a mean is above MOST a year: those are prices, or returns of a longer period than was said.

    say: where the caller says how many periods a year has.
    """
    finite = {name: values[np.isfinite(values)] for name, values in columns.items()}
    with np.errstate(over="ignore"):
        means = {name: float(values.mean()) * periods_per_year for name, values in finite.items() if len(values)}
    high = {name: mean for name, mean in means.items() if mean > MOST}
    if not high:
        return
    first = next(iter(high))
    positive = all(float(finite[name].min()) > 0.5 for name in high)
    large = all(float(np.median(np.abs(finite[name]))) > IN_PERCENT for name in high)
    raise DataError(
        f"{where}: prices, not returns? {in_words([f'{n} ({m:,.0%})' for n, m in high.items()], 3)} would return more than "
        f"{MOST:.0%} a year on average, at {periods_per_year:g} periods a year",
        field=where,
        value=list(high)[:10],
        measured={"mean_per_year": plain(high), "first_values": plain({first: columns[first][:3]})},
        fixes=[
            PRICES
            if positive
            else PERCENTAGES
            if large
            else f"where these are returns of longer periods, say {say} (12 for months)"
        ],
    )
