"""Fractional shares: which assets to trade is searched, how much of each is solved, six decimals are exact."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.program import StandardForm
from portopt.optimization.scaling.extension import bounded, continuous, tightened
from portopt.trading.book import Book
from portopt.trading.costs import NOTHING
from portopt.trading.exactness import HOLDS
from portopt.trading.nearest import fractions
from portopt.trading.primal import as_utility, own_risk_aversion, solved
from portopt.trading.rounding import Refine, Rounded, best_book
from portopt.trading.share_program import ShareProgram
from portopt.trading.to_round import ToRound
from portopt.trading.whole import left_over, refusal

REPAIRS = 12


def round_to_fractions(asked: ToRound) -> tuple[Rounded, str]:
    """The best book found in shares of six decimals, and a note on the cash that rounding leaves over a cap ("" for none).

    Raises NotRoundable where it is proved that the least trade value, or the cost of trading, leaves no book within the
    limits, SearchEnded where none was found.
    """
    book, cap = asked.book, asked.most_cash
    remainder = max(0.02 * len(book.movable), 1e-6 * float(max(book.prices)), 0.05) / float(book.value)
    residuals = left_over(asked) if any(book.steps[i].own for i in book.movable) else [remainder]
    for residual in [None, *residuals] if cap > 0.0 else residuals:
        rounded = best_book(asked.leaving(residual), _refining)
        if rounded is not None:
            return rounded, _note(book, rounded, cap)
    raise refusal(asked)


def _refining(asked: ToRound, program: ShareProgram) -> Refine:
    return _Exactly(asked, program, own_risk_aversion(asked.form, asked.certified.x)).shares


@dataclass(slots=True)
class _Exactly:
    """Solves for the amounts once it is known which assets trade, and rounds them so that nothing breaks."""

    asked: ToRound
    program: ShareProgram
    gamma: float
    margins: dict[str, float] = field(default_factory=dict)

    def shares(self, x: Vector) -> list[Decimal]:
        """(n,) signed shares for the trades that x switches on. Every limit that rounding breaks is closed by as much."""
        form = continuous(_switched(self.program.form, x))
        book = self.asked.book
        found: list[Decimal] = [NOTHING] * len(book.ids)
        for _ in range(REPAIRS):
            closed = tightened(form, self.margins)
            point = solved(closed)
            point = solved(as_utility(closed, self.gamma)) if point is None and form.ratio else point
            if point is None:
                break
            found = [fractions(book, i, amount) for i, amount in enumerate(self.program.shares(point))]
            faults = self.asked.missed(book.settle(found))
            if not faults:
                break
            for limit, by in faults.items():
                self.margins[limit] = self.margins.get(limit, 0.0) + 1.5 * by + HOLDS
        return found


def _switched(form: StandardForm, x: Vector) -> StandardForm:
    """The form with its whole-number columns fixed where x has them."""
    columns = np.flatnonzero(form.integer)
    value = np.round(x[columns])
    return bounded(form, columns, value, value)


def _note(book: Book, rounded: Rounded, cap: float) -> str:
    cash, costs = rounded.settled.cash_after, rounded.settled.costs
    if float((cash + costs) / book.value) <= cap + HOLDS:
        return ""
    return (
        f"cash was to be at most {100.0 * cap:.2f} %: {cash} {book.currency} are left by rounding to six decimals, after costs "
        f"of {costs} {book.currency} were paid"
    )
