"""What a certified choice of weights is rounded from: one value that every search for lots is handed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.deadline import NEVER, Deadline
from portopt.domain.problem import Problem
from portopt.domain.program import StandardForm
from portopt.domain.request import TradingRules
from portopt.domain.solution import RawAnswer
from portopt.optimization.scaling.extension import opened_above
from portopt.trading.book import Book, Settled
from portopt.trading.exactness import missed, relative_gap
from portopt.trading.share_program import CASH_CAPS, ShareProgram, share_program

LARGE = 100  # assets; up to there a search among lots is quick enough to be worth what it finds
LARGEST = 400  # up to there it is worth its time where the nearest lots miss a limit
MOST_SHARE_ROWS = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Certified:
    """The certified answer: x on the columns of the problem's own form (N,), what it is worth, and what nothing is below.

    raw: with its multipliers, where these are those of the form.
    """

    x: Vector
    value: float
    bound: float
    raw: RawAnswer | None = None

    @classmethod
    def of(cls, form: StandardForm, raw: RawAnswer, x: Vector) -> Certified:
        value = form.objective(x)
        own = raw if raw.polished and not form.integer.any() else None
        return cls(x, value, value if raw.bound is None else min(raw.bound, value), own)

    def is_closed(self, problem: Problem, rules: TradingRules) -> bool:
        """Whether it is proved to be within the gap of the best."""
        return relative_gap(problem, self.value, self.bound) <= rules.mip_relative_gap


@dataclass(frozen=True, slots=True, eq=False)
class ToRound:
    """A certified answer, the book it is to be reached from, and the rules of trading.

    form: the problem's own. cash_residual: how far the cash left after costs may pass its cap, a fraction of portfolio
    value; None is not at all. until: when the search for better lots ends.
    """

    problem: Problem
    form: StandardForm
    book: Book
    rules: TradingRules
    certified: Certified
    cash_residual: float | None = None
    until: Deadline = NEVER

    def leaving(self, cash_residual: float | None) -> ToRound:
        """The same with that much cash allowed over its cap."""
        return replace(self, cash_residual=cash_residual)

    @property
    def few(self) -> bool:
        """Whether a search among lots is quick enough to be worth what it finds."""
        return self.problem.n <= LARGE and len(self.form.row_lower) <= MOST_SHARE_ROWS

    @property
    def searchable(self) -> bool:
        """Whether a search among lots is worth it where no book is known."""
        return self.problem.n <= LARGEST and len(self.form.row_lower) <= MOST_SHARE_ROWS

    @property
    def most_cash(self) -> float:
        """The cap on cash, a fraction of portfolio value; infinite where there is none."""
        return opened_above(self.form, self.book.cash_position, CASH_CAPS)[1]

    @property
    def dearest_weight(self) -> float:
        """The weight of the dearest lot that may trade."""
        book = self.book
        return max((float(book.prices[i] * book.steps[i].counted / book.value) for i in book.movable), default=0.0)

    def has_cash_cap(self) -> bool:
        """Whether anything caps the cash left."""
        return bool(np.isfinite(self.most_cash))

    def missed(self, settled: Settled) -> Mapping[str, float]:
        """By limit, in its own unit, what the book misses it by."""
        return missed(self.problem, self.book, settled, self.rules, self.cash_residual)

    def share_program(self, *, slack: float = 0.0) -> ShareProgram:
        """The program whose columns count lots."""
        return share_program(self.problem, self.form, self.book, self.rules, cash_residual=self.cash_residual, slack=slack)
