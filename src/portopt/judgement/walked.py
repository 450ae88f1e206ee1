"""What a walk-forward found, and what a comparison found, as values; document/ writes them as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from portopt.domain.arrays import Vector
from portopt.domain.backtest import Backtested
from portopt.domain.backtest_found import BacktestFound
from portopt.domain.walk import Paths, Variant, WalkForward, Window
from portopt.judgement.bootstrap import Band
from portopt.judgement.figures import Figures
from portopt.judgement.gate import Verdict
from portopt.judgement.intervals import Coverage
from portopt.judgement.overfitting import Overfitting
from portopt.judgement.pairs import PairTest


@dataclass(frozen=True, slots=True)
class Tried:
    """A variant as it did over all test windows, had it been held throughout. chosen: by how many windows. figures: None where
    it was refused, and `problem` says why. failed: decisions that failed."""

    variant: Variant
    chosen: int
    figures: Figures | None
    failed: int
    problem: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Range:
    """A return that was forecast as a range, for the sessions from first to last, and what it was."""

    first: date
    last: date
    low: float
    high: float
    realized: float


@dataclass(frozen=True, slots=True)
class Begun:
    """The walk, had it begun on another day. figures: None where it was refused."""

    first: date
    figures: Figures | None
    problem: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class WalkFound:
    """backtest: the walk itself, all windows on one ledger. known_trials: distinct strategies tried on these assets so far,
    these among them. bands: of annual figures, by resampling. starts: the walk from several days, its own first.
    """

    backtest: BacktestFound
    walk: WalkForward
    windows: tuple[Window, ...]
    tried: tuple[Tried, ...]
    known_trials: int
    verdict: Verdict | None
    overfitting: Overfitting | None
    ranges: tuple[Range, ...]
    coverage: Coverage | None
    bands: Mapping[str, Band]
    paths: Paths | None
    starts: tuple[Begun, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One strategy of a comparison. net, gross: (T,) cents at each close, after and before costs; None where it was refused.

    asked: one that was asked for; the others always stand beside them. run: None of the benchmark, which trades nothing.
    """

    name: str
    asked: bool
    net: Vector | None
    gross: Vector | None
    run: Backtested | None = None
    problem: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """first against second, after costs; gross: before them."""

    first: str
    second: str
    net: PairTest
    gross: PairTest


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """dates: (T,) of all of them. flows: (T,) cents in or out before each close."""

    dates: tuple[date, ...]
    flows: Vector
    sides: tuple[Side, ...]
    pairs: tuple[Pair, ...]
