"""Fractional shares: which assets to trade is searched, how much of each is solved, six decimals are exact."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.problem import Problem
from portopt.domain.program import StandardForm
from portopt.domain.request import TradingRules
from portopt.optimization.extended import continuous, opened_above, tightened
from portopt.trading.book import Book
from portopt.trading.costs import NOTHING
from portopt.trading.errors import NotRoundable
from portopt.trading.exactness import HOLDS, missed, worth
from portopt.trading.primal import as_utility, own_risk_aversion, solved
from portopt.trading.rounding import Rounded, Rounding
from portopt.trading.share_program import CASH_CAPS, ShareProgram, share_program

PLACES = Decimal("0.000001")
DUST = Decimal("0.01")  # an order worth less than a cent is arithmetic, not an order
REPAIRS = 12


def round_to_fractions(problem: Problem, form: StandardForm, book: Book, rules: TradingRules, x: Vector) -> tuple[Rounded, str]:
    """The best book in shares of six decimals, and a note on the cash that rounding leaves over a cap ("" when nothing).

    Raises NotRoundable where the least trade value, or the cost of trading, leaves no book within the limits.
    """
    deadline = time.thread_time() + rules.time_limit_seconds
    _, cap = opened_above(form, book.cash_position, CASH_CAPS)
    remainder = max(0.02 * len(book.movable), 1e-6 * float(max(book.prices)), 0.05) / float(book.value)
    for residual in [None, remainder] if cap > 0.0 else [remainder]:
        program = share_program(problem, form, book, rules, cash_residual=residual)
        exactly = _Exactly(problem, book, rules, program, residual, own_risk_aversion(form, x))
        if program.form.integer.any():
            rounding = Rounding(problem, book, rules, program, x, form.objective(x), residual, deadline, refine=exactly.shares)
            rounded = rounding.run()
        else:
            rounded = exactly.rounded()
        if rounded is not None:
            return rounded, _note(book, rounded, cap)
    raise NotRoundable(
        ("min_trade_value",) if rules.min_trade_value > 0 else (),
        f"trades of at least {rules.min_trade_value:g} {book.currency} and their costs leave no book within the limits",
        measured={
            "portfolio_value": str(book.value),
            "min_trade_value": rules.min_trade_value,
            "suggestions": ["lower trading.min_trade_value", "use a larger portfolio"],
        },
    )


@dataclass(slots=True)
class _Exactly:
    """Solves for the amounts once it is known which assets trade, and rounds them so that nothing breaks."""

    problem: Problem
    book: Book
    rules: TradingRules
    program: ShareProgram
    cash_residual: float | None
    gamma: float
    margins: dict[str, float] = field(default_factory=dict)

    def rounded(self) -> Rounded | None:
        """Where nothing has to be searched: the convex program itself."""
        shares = self.shares(None)
        settled = self.book.settle(shares)
        if missed(self.problem, self.book, settled, self.rules, self.cash_residual):
            return None
        value = worth(self.problem, self.book, settled)
        return Rounded(settled, value, value, 0.0, True, 1)

    def shares(self, x: Vector | None) -> list[Decimal]:
        """(n,) signed shares for the trades that x switches on. Every limit that rounding breaks is closed by as much."""
        form = continuous(self.program.form if x is None else _switched(self.program.form, x))
        found: list[Decimal] = [NOTHING] * len(self.book.ids)
        for _ in range(REPAIRS):
            closed = tightened(form, self.margins)
            point = solved(closed)
            point = solved(as_utility(closed, self.gamma)) if point is None and form.ratio else point
            if point is None:
                break
            found = [self._whole_or_places(i, amount) for i, amount in enumerate(self.program.shares(point))]
            faults = missed(self.problem, self.book, self.book.settle(found), self.rules, self.cash_residual)
            if not faults:
                break
            for limit, by in faults.items():
                self.margins[limit] = self.margins.get(limit, 0.0) + 1.5 * by + HOLDS
        return found

    def _whole_or_places(self, i: int, amount: Decimal) -> Decimal:
        """Six decimals; a remainder worth less than a cent is sold with the rest, an order worth less is none."""
        held, price = self.book.shares[i], self.book.prices[i]
        rounded = amount.quantize(PLACES, rounding=ROUND_HALF_EVEN)
        if held != 0 and abs(held + rounded) * price < DUST:
            return -held
        return NOTHING if abs(rounded) * price < DUST else rounded


def _switched(form: StandardForm, x: Vector) -> StandardForm:
    """The form with its whole-number columns fixed where x has them."""
    columns = np.flatnonzero(form.integer)
    value = np.round(x[columns])
    added = len(columns)
    return replace(
        form,
        bound_columns=np.concatenate([form.bound_columns, columns]),
        bound_lower=np.concatenate([form.bound_lower, value]),
        bound_upper=np.concatenate([form.bound_upper, value]),
        bound_relax=np.concatenate([form.bound_relax, np.zeros(added)]),
    )


def _note(book: Book, rounded: Rounded, cap: float) -> str:
    cash, costs = rounded.settled.cash_after, rounded.settled.costs
    if float((cash + costs) / book.value) <= cap + HOLDS:
        return ""
    return (
        f"cash was to be at most {100.0 * cap:.2f} %: {cash} {book.currency} are left by rounding to six decimals, after costs "
        f"of {costs} {book.currency} were paid"
    )
