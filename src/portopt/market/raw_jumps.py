"""Splits that the prices themselves show: of a price as it was paid, on the first day of new shares."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.market import MarketSnapshot
from portopt.market.moves import NORMAL_DAYS, SMALLEST_FALL, is_a_crash, is_the_markets
from portopt.market.observed import Prices, previous_prices
from portopt.market.own_closes import USUAL_DAY, Jump
from portopt.market.share_ratios import RATIOS, SMALLEST, nearest_ratio

WITHIN, USUAL_DAYS = 0.03, 4.0  # in logarithms, and in usual days, that the day's own move may add to the ratio
LARGE, WITHIN_LARGE = float(np.log(2.5)), 0.20  # no news makes that of a price, and ratios lie further apart


def raw_jumps(snapshot: MarketSnapshot, columns: Mapping[str, int]) -> dict[str, tuple[Jump, ...]]:
    """By asset, the days on which its price moved as by a split; not with the market, nor with the volume of a crash.

    Smaller than 3 for 2 is not to be told from news by a price alone: of a split of 5 for 4 an action has to tell.
    """
    ids, at = list(columns), list(columns.values())
    if not ids or len(snapshot.dates) < 2:
        return {}
    prices = Prices(snapshot.asset_ids, snapshot.dates, snapshot.prices, snapshot.volumes, ~np.isnan(snapshot.prices))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = prices.prices[1:] / previous_prices(prices)
        x = np.log(ratios[:, at])
    large = np.isfinite(x) & (np.abs(x) >= -np.log(SMALLEST_FALL))
    found: dict[str, tuple[Jump, ...]] = {}
    for t, j in np.argwhere(large):
        ratio = _ratio(float(x[t, j]), _usual(x[:, j]))
        market = is_the_markets(ratios[t], float(ratios[t, at[j]]))
        if ratio is not None and not market and not is_a_crash(prices, int(t) + 1, at[j]):
            found[ids[j]] = (*found.get(ids[j], ()), Jump(int(t) + 1, ratio))
    return found


def _usual(x: Vector) -> float:
    known = x[np.isfinite(x)]
    return (1.4826 * float(np.median(np.abs(known - np.median(known))))) or USUAL_DAY if len(known) >= 10 else USUAL_DAY


def _ratio(x: float, usual: float) -> Fraction | None:
    ratio = nearest_ratio(float(np.exp(-x)), [ratio for ratio in RATIOS if ratio != SMALLEST])
    within = WITHIN_LARGE if abs(x) >= LARGE else max(WITHIN, USUAL_DAYS * usual)
    near = abs(x + float(np.log(float(ratio)))) <= within
    return ratio if near and abs(x) >= NORMAL_DAYS * usual else None
