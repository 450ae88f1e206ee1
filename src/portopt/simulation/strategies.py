"""Whoever decides: what a decision sees of the book, and what it gives.

    Strategy.prepare(history) -> Decider        may look at anything: the proof (prove.py) shows whether it did
    Decider.decide(known, held) -> Decided      a function of what it is given; what it wants to remember it gives as `memory`

A strategy of one's own is a function of the two that gives weights by asset; what they leave out of one is cash.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.backtest import FRACTION, Units
from portopt.domain.errors import DataError, InvalidValue
from portopt.domain.tax import TaxRecord
from portopt.domain.universe import CASH
from portopt.simulation.accounting import Account
from portopt.simulation.history import History, Known

NO_WEIGHT = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """The book that a decision starts from: what is really held, with the orders that are still open counted as done.

    units: (n,) along the history's ids. cash: cents. prices: (n,) the price that values each, NaN where there never was one.
    target: (n + 1,) weights of the last decision, cash last, None before the first; decided: its row. benchmark: its weights
    today, as they have drifted. memory: what the last decision gave to be remembered. tax: its lots, where gains are taxed.
    """

    units: Units
    cash: int
    prices: Vector
    fractional: bool = False
    target: Vector | None = None
    decided: int | None = None
    benchmark: Mapping[str, float] | None = None
    memory: Any = None
    tax: TaxRecord | None = None

    @property
    def opens(self) -> bool:
        """Whether nothing was ever decided and nothing is held."""
        return self.decided is None and not self.units.any()

    @property
    def shares(self) -> Vector:
        """(n,) shares, as numbers."""
        return self.units / FRACTION if self.fractional else self.units.astype(np.float64)

    @property
    def equity(self) -> float:
        """Money."""
        return self.cash / 100.0 + float(np.nansum(self.shares * self.prices))

    def weights(self) -> Vector:
        """(n + 1,) fractions of equity, cash last."""
        values = np.append(np.nan_to_num(self.shares * self.prices), self.cash / 100.0)
        total = float(values.sum())
        return values / total if total > 0.0 else np.append(np.zeros(len(self.units)), 1.0)


def held_of(
    book: Account,
    ids: Sequence[str],
    benchmark: Vector | None = None,
    *,
    target: Vector | None = None,
    decided: int | None = None,
    memory: Any = None,
) -> Held:
    """The book as a decision sees it: orders that are still open count as done, at the last known prices.

    benchmark: (n,) its weights today.
    """
    units, unit = book.committed, float(book.share)
    open_worth = sum(o.left * unit * float(book.prices[o.order.asset]) for o in book.open)
    cash = book.free - (round(100.0 * open_worth) if open_worth == open_worth else 0)
    against = None if benchmark is None else _with_cash(benchmark, ids)
    return Held(units, cash, book.prices, book.share != 1, target, decided, against, memory)


def _with_cash(weights: Vector, ids: Sequence[str]) -> dict[str, float]:
    """Weights (n,) by asset; what they leave of one is cash."""
    by_id = {ids[i]: float(weights[i]) for i in np.flatnonzero(weights).tolist()}
    rest = 1.0 - float(weights.sum())
    return {**by_id, CASH: rest} if rest > NO_WEIGHT else by_id


@dataclass(frozen=True, slots=True, eq=False)
class Decided:
    """What to hold. units: (n,) wanted. target, weights: (n + 1,) before and after rounding, cash last.

    turnover: one way, a fraction of the book. binding: limits with their prices. certificate: "audit", or "check".
    """

    units: Units
    target: Vector
    weights: Vector
    turnover: float = 0.0
    gap: float | None = None
    binding: tuple[tuple[str, float], ...] = ()
    certificate: str = ""
    memory: Any = None


class Decider(Protocol):
    def decide(self, known: Known, held: Held) -> Decided:
        """Raises PortoptError where nothing can be decided: the book then stays as it is."""
        ...


class Strategy(Protocol):
    def prepare(self, history: History) -> Decider: ...


Rule = Callable[[Known, Held], Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Ruled:
    """A strategy and decider of one function, which gives weights by asset."""

    rule: Rule

    def prepare(self, history: History) -> Decider:
        return self

    def decide(self, known: Known, held: Held) -> Decided:
        try:
            wanted = self.rule(known, held)
        except Exception as error:
            name = getattr(self.rule, "__name__", type(self.rule).__name__)
            raise DataError(
                f"{name} raised {type(error).__name__} on {known.date}: {error}", field="strategy", value=name
            ) from error
        return in_units(weights_by_id(wanted, known), held)


def weights_by_id(wanted: Mapping[str, float], known: Known) -> Vector:
    """(n + 1,) along the ids, cash last. Raises InvalidValue for weights of what has no price, or that add to more than one."""
    if not isinstance(wanted, Mapping):
        raise InvalidValue("strategy", type(wanted).__name__, "is what it gave, and not weights by asset", fix='{"AAPL": 0.5}')
    at = {asset_id: i for i, asset_id in enumerate(known.ids)}
    w, latest = np.zeros(len(known.ids) + 1), known.latest()
    for asset_id, weight in wanted.items():
        if asset_id == CASH:
            continue
        if asset_id not in at or not latest[at[asset_id]] > 0.0:
            why = f"has no price by {known.date}"
            raise InvalidValue(f"strategy.{asset_id}", weight, why, fix="give weights of assets that are listed by then")
        if not np.isfinite(weight):
            raise InvalidValue(f"strategy.{asset_id}", weight, f"is no weight ({known.date})")
        w[at[asset_id]] = weight
    total = float(w.sum())
    if total > 1.0 + 1e-9:
        raise InvalidValue("strategy", total, f"is what the weights of {known.date} add to: more than there is")
    w[-1] = 1.0 - total
    return w


def in_units(target: Vector, held: Held) -> Decided:
    """The whole units nearest to weights (n + 1,) from below, so that cash pays for them."""
    equity, unit = held.equity, held.prices / (FRACTION if held.fractional else 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        wanted = np.trunc(np.nan_to_num(target[:-1] * equity / unit, posinf=0.0, neginf=0.0) * (1.0 + 1e-12))
    units = wanted.astype(np.int64)
    # What has no price now can be neither bought nor sold.
    units = np.where(held.prices > 0.0, units, held.units)
    values = np.nan_to_num(units * unit)
    weights = np.append(values, equity - float(values.sum())) / equity if equity > 0.0 else target
    return Decided(units, target, weights, 0.5 * float(np.abs(weights - held.weights()).sum()))


def equal_weights(known: Known, held: Held) -> dict[str, float]:
    """1/N over whoever belongs to the universe and has a price today."""
    priced = [known.ids[i] for i in np.flatnonzero(known.prices[-1] > 0.0)]
    names = [a for a in priced if known.members is None or a in known.members]
    return dict.fromkeys(names, 1.0 / len(names)) if names else {}
