"""How a history is cut for a walk-forward: training windows that choose, test windows that judge; and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.backtest import BacktestRequest


@dataclass(frozen=True, slots=True)
class WalkForward:
    """Lengths in sessions. expanding: training begins at the first session always. purge: sessions between training and test
    that belong to neither, because what is learned from the last training rows needs them; embargo: further ones.

    vary: {path in the policy: the values to try}, every combination a variant, chosen inside the training window only.
    groups, tested: of the combinatorial cross-validation, 10 choose 2; groups of 0: none. starts: from how many days side by
    side the walk is begun, evenly over the first test window.
    """

    train: int = 756
    test: int = 252
    expanding: bool = False
    purge: int = 0
    embargo: int = 0
    vary: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    groups: int = 0
    tested: int = 2
    starts: int = 1


@dataclass(frozen=True, slots=True)
class Variant:
    """One combination of the values to try: its number from 0 on, what it changes, and the request that it makes."""

    number: int
    changes: Mapping[str, Any]
    request: BacktestRequest


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """A variant over the whole history that windows learn from. equity: (T,) cents at the close of each row of the plan.

    Left empty where the variant was refused, and `problem` says why. failed: decisions that failed.
    """

    number: int
    equity: Vector
    failed: int = 0
    problem: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """Which variant a window chose, and its Sharpe ratio, annual, in the training window; None where it has none."""

    variant: int
    score: float | None


@dataclass(frozen=True, slots=True)
class Window:
    """One window as it went. learned: training rows that were left after purge and embargo.

    status: "failed" where every decision in it failed: the book stayed as it was. began_with: whose book it began with, in
    words. forecast, realized: the mean and volatility, annual, of the chosen variant in training, and what the test brought.
    """

    number: int
    train_first: date
    train_last: date
    learned: int
    test_first: date
    test_last: date
    choice: Choice
    status: str
    began_with: str
    total_return: float
    sharpe: float | None
    problem: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """The combinatorial cross-validation. returns: (P, T) of each path, (T,) of the rows from `first` on; sharpe: (P,) annual.

    splits, groups, tested: how many. failed: (which groups were tested, the problem) where nothing could be decided.
    """

    groups: int
    tested: int
    splits: int
    dates: tuple[date, ...]
    returns: Matrix
    sharpe: Vector
    failed: tuple[tuple[tuple[int, ...], Mapping[str, Any]], ...] = ()
