"""Random books whose lists state prices of the last days, on made markets with crashes; and splits planted between the two."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

import numpy as np

from portopt.domain.holdings import Holdings
from portopt.domain.market import MarketSnapshot

DAYS = 260
OLDEST = 5  # trading days that a list is old at most
CRASH = 1 / 2000  # of an asset on a day: once in eight years, of 15 % and an exponential tail of 10 % more


@dataclass(frozen=True, eq=False)
class Listed:
    """prices: (T, n) as paid. stated: (n,) what the list says, `age` days ago. usual: (n,) deviation of a day."""

    prices: np.ndarray
    volumes: np.ndarray
    stated: np.ndarray
    usual: np.ndarray
    age: int

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(f"A{i:02d}" for i in range(self.prices.shape[1]))

    @property
    def holdings(self) -> Holdings:
        stated = {a: Decimal(str(round(float(p), 2))) for a, p in zip(self.ids, self.stated, strict=True)}
        return Holdings("P", dict.fromkeys(self.ids, Decimal(10)), Decimal(0), stated_prices=stated)

    def snapshot(self, prices: np.ndarray | None = None, *, volumes: bool = False) -> MarketSnapshot:
        days = np.arange("2022-01-03", "2023-06-01", dtype="datetime64[D]")
        days = days[np.is_busday(days)][:DAYS]
        shown = self.prices if prices is None else prices
        newest = date.fromisoformat(str(days[-1]))
        traded = self.volumes if volumes else None
        return MarketSnapshot("pack-x", newest, self.ids, days, np.round(shown, 4), traded, "made", "unknown")


def listed(rng: np.random.Generator, n: int, age: int, *, closes: bool) -> Listed:
    """A market of n assets and a list of it. closes: it states closes to the cent, else prices within the day."""
    usual = rng.uniform(0.007, 0.03, n)
    market = rng.standard_t(4, (DAYS, 1)) / np.sqrt(2) * 0.008
    own = rng.standard_t(4, (DAYS, n)) / np.sqrt(2) * usual
    crashed = rng.random((DAYS, n)) < CRASH
    fall = np.log(np.maximum(0.85 - rng.exponential(0.1, (DAYS, n)), 0.1))
    x = np.clip(0.7 * market + own + np.where(crashed, fall, 0.0), -1.5, 1.2)
    prices = np.maximum(rng.lognormal(4.0, 0.8, n) * np.exp(np.cumsum(x, axis=0) - 0.5 * x.sum(axis=0)), 0.5)
    volumes = 1e6 * rng.lognormal(0.0, 0.3, (DAYS, n)) * np.where(crashed, 8.0, 1.0) / prices
    said = np.round(prices, 2)[-1 - age]
    return Listed(prices, volumes, said if closes else said * np.exp(0.5 * usual * rng.standard_normal(n)), usual, age)


def planted(book: Listed, j: int, ratio: Fraction, when: int, *, raw: bool) -> np.ndarray:
    """The prices once asset j was split, `when` days before the newest: all in shares of today, or raw, as they were paid."""
    prices = book.prices.copy()
    prices[(DAYS - when if raw else 0) :, j] /= float(ratio)
    return prices
