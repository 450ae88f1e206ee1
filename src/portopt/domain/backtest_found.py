"""What a backtest finds, as one value: the run, what it is held against, the proof; document/backtest.py writes it as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.backtest import Backtested, BacktestRequest, Cents
from portopt.domain.backtest_taxes import BacktestTaxes
from portopt.domain.market import Finding


@dataclass(frozen=True, slots=True)
class BacktestData:
    """What it rests on. first, last: of the price history, which begins before the backtest does. point_in_time: whether it was
    said who belonged to the universe when."""

    pricing_pack_id: str
    source: str
    adjustment: str
    first: date
    last: date
    assets: int
    point_in_time: bool
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Profits:
    """Cents, (n,) each; they add up to the change of equity: by_asset and interest, and what was put in and taken out."""

    by_asset: Cents
    dividends: Cents
    costs: Cents
    interest: int
    flows: int


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """The same decisions, filled later and at other costs.

    delays: (D,) sessions. bps: (B,) of the value traded. annual_return: (D, B) fractions. break_even: the basis points at which
    the strategy, at its own delay, earns what each comparator does; None where it earns less for nothing, or more at any cost.
    """

    delays: tuple[int, ...]
    bps: tuple[float, ...]
    annual_return: Matrix
    break_even: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Changed:
    """A decision that was another one when everything after it was noise. what: in a sentence."""

    date: date
    what: str


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether any decision saw what came after it.

    decisions: how many were put to it. decided_again: how many of them were worked out again in full; of the others it was
    shown that what reaches them is the same, bit for bit. digest: SHA-256 of all that was compared, for whoever repeats it.
    """

    holds: bool
    seed: int
    decisions: int
    decided_again: int
    changed: tuple[Changed, ...]
    how: str
    digest: str
    of_policy: bool = True  # not of a strategy of one's own, which no document holds


@dataclass(frozen=True, slots=True, eq=False)
class BacktestFound:
    """do_nothing, equal_weight, benchmark: (T,) cents at each close of the run's days. attribution: as data."""

    request: BacktestRequest
    data: BacktestData
    run: Backtested
    profits: Profits
    do_nothing: Vector
    equal_weight: Vector
    benchmark: Vector | None = None
    sweep: Sweep | None = None
    proof: Proof | None = None
    attribution: Mapping[str, Any] | None = None
    path: str = "auto"
    taxes: BacktestTaxes | None = None
    notes: tuple[str, ...] = ()
