"""A backtest: what is asked, and what came of it, day by day. Money is whole cents, positions are whole units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from portopt.domain.action import Action
from portopt.domain.arrays import Matrix, Vector
from portopt.domain.canonical import digest
from portopt.domain.request import Policy
from portopt.domain.universe import Universe

Cents = npt.NDArray[np.int64]
Units = npt.NDArray[np.int64]

BORROW_FEE = "borrow"  # the kind of happening
FRACTION = 1_000_000  # units in a share where fractions are held; where only whole shares are, a unit is a share


@dataclass(frozen=True, slots=True)
class Execution:
    """How orders become fills, and what is charged for them and for what is held.

    delay: sessions from the close that a decision saw to the fill; 0 must be asked for. expires: sessions that what is left of
    an order stays open. participation: the most of a day's volume that is filled, None for all. Rates are annual fractions.
    minimum_fee: money an order. spread_bps: the whole bid-ask spread; half of it is paid. impact: coefficient of the square
    root of the order's share of a day's volume, in units of daily volatility; 0 is none; linear_impact: the same of the share
    itself. cost_cap: the most of an order's value that spread and impact may cost, below 1.
    """

    delay: int = 1
    expires: int = 1
    participation: float | None = None
    fractional: bool = False
    commission_bps: float = 0.0
    commission_per_share: float = 0.0
    minimum_fee: float = 0.0
    spread_bps: float = 0.0
    impact: float = 0.0
    linear_impact: float = 0.0
    cost_cap: float = 0.1
    borrow_rate: float = 0.0
    cash_rate: float = 0.0


@dataclass(frozen=True, slots=True)
class Membership:
    """One asset belongs to the universe from valid_from to before valid_to (None: still), as was known from known_from on."""

    asset_id: str
    valid_from: date
    valid_to: date | None = None
    known_from: date | None = None


@dataclass(frozen=True, slots=True)
class BacktestRequest:
    """What is asked. rebalance: triggers as data (simulation/triggers.py); any of them starts a decision.

    universe: attributes of whatever may be held. members: who belongs to it when; empty: all of it always.
    policies: later policies by the date on which each became known. benchmark: weights, drifting from the first day on.
    cash_flows: money in (+) or out by date. rounding: "nearest" lots repaired within the limits, or "search".
    """

    policy: Policy
    universe: Universe
    capital: Decimal
    rebalance: Sequence[Mapping[str, Any]]
    currency: str = "USD"
    execution: Execution = Execution()
    start: date | None = None
    end: date | None = None
    benchmark: Mapping[str, float] | None = None
    members: tuple[Membership, ...] = ()
    actions: tuple[Action, ...] = ()
    policies: tuple[tuple[date, Policy], ...] = ()
    cash_flows: tuple[tuple[date, Decimal], ...] = ()
    rounding: Literal["nearest", "search"] = "nearest"
    prove: bool = False
    seed: int = 1
    notes: tuple[str, ...] = field(default=(), compare=False)

    def identity(self) -> str:
        """SHA-256 of what is asked; with the pricing pack's id it is the identity of the run. A proof changes no answer."""
        return digest(replace(self, prove=False, seed=0, notes=()))


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """units: signed, of what is to be traded; position of the asset among the backtest's ids."""

    order_id: str
    decided: int
    asset: int
    units: int


@dataclass(frozen=True, slots=True, eq=False)
class Fill:
    """What became of an order on one day. units signed; value, commission, spread, impact in cents, none of them negative.

    price: the day's, before costs. profit: cents, what closing a position brought over its average cost, both after costs; of
    what opens one none. capped: spread and impact had cost more than the cap.
    """

    order_id: str
    decided: int
    day: int
    asset: int
    units: int
    price: Decimal
    value: int
    commission: int
    spread: int
    impact: int
    profit: int = 0
    capped: bool = False

    @property
    def cost(self) -> int:
        return self.commission + self.spread + self.impact


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """One decision. day: whose close it saw. filled_on: when its orders begin to be filled, None past the end.

    status: "decided", "kept" (nothing was worth a trade), "failed" (`problem` says why; the book stays). weights, target:
    (n + 1,) after rounding to units and before, cash last. binding: the limits that bind, with their prices.
    """

    day: int
    filled_on: int | None
    trigger: str
    status: Literal["decided", "kept", "failed"]
    target: Vector | None
    weights: Vector | None
    turnover: float
    gap: float | None = None
    binding: tuple[tuple[str, float], ...] = ()
    problem: Mapping[str, Any] | None = None
    certificate: str = ""  # "audit", or "check" where the full audit was not among the sampled
    notes: tuple[str, ...] = ()  # what of the policy did not hold on that day, in sentences


@dataclass(frozen=True, slots=True)
class Happening:
    """What moved without an order: a dividend, a split, interest, a fee, a delisting, a cash flow.

    units: what the position of the asset gained. cents: what cash gained; of a dividend, what is owed from the ex date on (its
    payment is a happening of its own). profit: cents, what of it was earned.
    """

    day: int
    kind: str
    asset: int | None
    units: int
    cents: int
    sentence: str
    profit: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Backtested:
    """What came of it. dates: (T,). equity, cash: (T,) cents at each close. units: (T, n) held at each close.

    prices: (T, n) raw closes used to value. gross: (T,) what equity had been had orders cost nothing (costs added back and
    compounded). first: which row of the price history the first of these days is; decisions, fills and happenings count their
    days by those rows.
    """

    ids: tuple[str, ...]
    dates: npt.NDArray[np.datetime64]
    equity: Cents
    cash: Cents
    units: Units
    prices: Matrix
    gross: Vector
    decisions: tuple[Decision, ...]
    fills: tuple[Fill, ...]
    happenings: tuple[Happening, ...]
    unfilled: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    first: int = 0

    def date_of(self, day: int) -> date:
        return date.fromordinal(719163 + int(self.dates[day - self.first].astype("datetime64[D]").astype(int)))
