"""A first book of whole lots or of fractions, found in weights: round, read every limit, close what was missed, solve again.

    repeat:  the nearest lots of the weights, settled in cents; every limit read off the book;
             the weights solved for again with every missed limit closed by what it was missed by
    until    nothing is missed

With many assets a lot is a small part of the book and the nearest lots miss the limits by little. The solves are of the
problem's own form, so that they cost what the answer itself cost; the certified optimum bounds every book, so the gap is
proved without a search. Whole-number choices of the answer (which positions, which trades) are kept as they were made.

The flat fee is not convex. It is charged in proportion to the trade at a rate of fee / (size of the trade found last), so
that small trades become dear and vanish; what has vanished is not traded.
Source: Lobo, Fazel and Boyd (2007), Portfolio optimization with linear and fixed transaction costs, section 4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

import numpy as np

from portopt.domain.arrays import Mask, Vector
from portopt.domain.program import INF, StandardForm
from portopt.domain.solution import RawAnswer
from portopt.optimization import assemble, solve, solve_quickly
from portopt.optimization.engine import corrected_beside, solve_beside
from portopt.optimization.integers.switches import remainder, whole_numbers
from portopt.optimization.ratio.best_ratio import NoExcessReturn, RisklessExcess
from portopt.optimization.scaling.extension import bounded, tightened
from portopt.terms.costs.spread import Spread
from portopt.trading.book import Book, Settled
from portopt.trading.exactness import AFTER_COSTS, scale_of, worth
from portopt.trading.nearest import nearest_orders
from portopt.trading.primal import as_utility, own_risk_aversion
from portopt.trading.share_program import CASH_CAPS
from portopt.trading.spending import most_cash, spend
from portopt.trading.to_round import ToRound

TRIES = 10
CLOSED = 1.25  # times what was missed
GROWS, PATIENT, LEAPS = 2.0, 3, 8.0  # times that, each time it is missed again; and from so many times on
ROOM = 2.0  # times that, where other whole numbers are looked for
REWEIGHTED = 2
MOST_BPS = 9_000.0  # a rate this high stops any trade
IDLE = 1e-7  # of portfolio value: no trade
WORTH_ASKING = 10.0  # times the relative gap: of flat fees that are less, weighing them saves too little to be looked for


@dataclass(frozen=True, slots=True, eq=False)
class FirstBook:
    """A book that misses no limit: its orders, what they settle to, and what that is worth, as minimized."""

    shares: list[Decimal]
    settled: Settled
    value: float


def first_book(asked: ToRound, *, weighed: bool = True, once: bool = False) -> FirstBook | None:
    """A book of the nearest orders; None when no try keeps every limit, which proves nothing.

    weighed: whether flat fees are weighed against trades. once: whether the whole-number choices of the answer are kept.
    """
    certified = asked.certified
    search = _FirstBook(asked, own_risk_aversion(asked.form, certified.x))
    if weighed and _fees_count(asked):
        worth_it = search.weighed(certified.x)
        found = None if worth_it is None else search.from_weights(*worth_it)
        if found is not None:
            return found
    none_idle = np.zeros(asked.problem.n, dtype=bool)
    found = search.from_weights(certified.x, none_idle, certified.raw)
    if found is None and not once and (again := search.chosen_again()) is not None:
        return search.from_weights(again, none_idle)
    return found


def _fees_count(asked: ToRound) -> bool:
    """Whether flat fees are part of the objective, and large enough beside its gap to be weighed."""
    problem, book, x = asked.problem, asked.book, asked.certified.x
    if book.fees.per_trade <= 0 or not problem.objective.charges_costs:
        return False
    trades = int((np.abs(x[: problem.n] - book.w_prev) > IDLE).sum())
    lost = float(book.fees.per_trade / book.value) * trades / problem.holding_period_years
    if problem.objective.unit == "ratio":
        lost /= max(problem.moments.covariance.volatility(x[: problem.n]), IDLE)
    return lost > WORTH_ASKING * asked.rules.mip_relative_gap * scale_of(problem, asked.form.objective(x))


@dataclass(slots=True)
class _FirstBook:
    """gamma: the risk aversion at which utility stands for a ratio. margins: by limit, how much it is closed."""

    asked: ToRound
    gamma: float
    margins: dict[str, float] = field(default_factory=dict)
    missed_before: dict[str, int] = field(default_factory=dict)
    reserve: float = 0.0

    def from_weights(self, x: Vector, idle: Mask, near: RawAnswer | None = None) -> FirstBook | None:
        """The nearest orders of x (N,), and those of the same program closed until nothing is missed.

        idle: (n,) not traded. near: the answer that x is of, where there is one: the closed programs are solved beside it.
        """
        self.margins, self.missed_before, self.reserve = {}, {}, 0.0
        asked, book = self.asked, self.asked.book
        form, whole = as_utility(asked.form, self.gamma), whole_numbers(asked.form, x)
        box = self._kept(form, whole, idle).box()
        for tried in range(TRIES):
            shares = nearest_orders(x[: asked.problem.n], book, asked.rules, box)
            if asked.cash_residual is not None:
                shares = spend(book, asked.rules, shares, most_cash(book.value, asked.cash_residual), box)
            settled = book.settle(shares)
            faults = asked.missed(settled)
            if not faults:
                return FirstBook(shares, settled, worth(asked.problem, book, settled))
            if tried == TRIES - 1 or self._only_cash(faults):
                break
            self._close(faults)
            closed = self._kept(tightened(form, self.margins), whole, idle)
            near = _answered(_with_reserve(closed, book, self.reserve), near)
            if near is None or near.x is None:
                break
            x = near.x
        return None

    def chosen_again(self) -> Vector | None:
        """(N,) the optimum of other whole-number choices: those that leave room to what lots missed. None where there is none.

        The choices that were made may keep a limit with nothing to spare (a turnover that just suffices for so few positions).
        """
        form = self.asked.form
        if not (form.integer.any() and self.missed_before):
            return None
        room = {limit: ROOM * self.margins.get(limit, 0.0) for limit in self.missed_before}
        raw = solve(tightened(as_utility(form, self.gamma), {limit: by for limit, by in room.items() if by > 0.0}))
        return None if raw.x is None else raw.x

    def weighed(self, x: Vector) -> tuple[Vector, Mask] | None:
        """(weights, (n,) what is not worth a flat fee): the trades that stay when small ones are dear."""
        for _ in range(REWEIGHTED):
            again = self._at_rates(x)
            if again is None:
                return None
            x = again
        form = self.asked.form
        idle = np.abs(x[: self.asked.problem.n] - self.asked.book.w_prev) <= IDLE
        again = _solved(self._kept(as_utility(form, self.gamma), whole_numbers(form, x), idle))
        return None if again is None else (again, idle)

    def _at_rates(self, x: Vector) -> Vector | None:
        """The optimum where trading asset i costs fee / |z_i| of what is traded, z the trades of x, beside its other costs."""
        problem, book = self.asked.problem, self.asked.book
        ids, V = problem.universe.ids, float(book.value)
        z = np.abs(x[: problem.n] - book.w_prev)
        lot = np.array([float(p) / V for p in book.prices])
        rate = 1e4 * float(book.fees.per_trade) / V / np.maximum(z, lot)
        rates = {ids[i]: float(min(rate[i], MOST_BPS)) for i in book.movable}
        dear = problem.replaced(costs=(*problem.costs, Spread({**rates, "*": 0.0})))
        form = as_utility(assemble(dear), self.gamma)
        return _solved(self._kept(form, whole_numbers(form, x), np.zeros(problem.n, dtype=bool)))

    def _kept(self, form: StandardForm, whole: Vector, idle: Mask) -> StandardForm:
        """The convex program left when whole-number columns stay as in `whole` (N,) and idle assets where they are."""
        held = np.flatnonzero(idle & ~self.asked.problem.universe.is_cash)
        w = self.asked.book.w_prev[held]
        form = bounded(form, held, w, w)
        return remainder(form, whole).form if form.integer.any() else form

    def _only_cash(self, faults: Mapping[str, float]) -> bool:
        """Lots do not add up to a cap on cash: solving again would not change that."""
        return self.asked.cash_residual is not None and set(faults) <= CASH_CAPS

    def _close(self, faults: Mapping[str, float]) -> None:
        """Close what was missed by a little more than that, and by twice as much each time it is missed again.

        What is missed by far less than a lot is soon closed by leaps: the nearest lots stay the same until it is worth one.
        """
        for limit, by in faults.items():
            again = self.missed_before.get(limit, 0)
            self.missed_before[limit] = again + 1
            step = CLOSED * by * GROWS ** min(again, PATIENT) * LEAPS ** max(again - PATIENT, 0)
            if limit == AFTER_COSTS:
                self.reserve += step
            else:
                self.margins[limit] = self.margins.get(limit, 0.0) + step


def _with_reserve(form: StandardForm, book: Book, reserve: float) -> StandardForm:
    """Cash kept for what trading costs, on top of what is to be left."""
    if reserve <= 0.0:
        return form
    least = float(book.least_cash / book.value) + reserve
    return bounded(form, np.array([book.cash_position]), np.array([least]), np.array([INF]))


def _solved(form: StandardForm) -> Vector | None:
    raw = _answered(form, None)
    return None if raw is None else raw.x


def _answered(form: StandardForm, near: RawAnswer | None) -> RawAnswer | None:
    """The optimum, beside one of a program close to it where that is known; None where there is no maximum."""
    plain = not form.hinges and all(cone.kind == "second_order" for cone in form.cones)
    try:
        if near is not None and plain and near.x is not None and len(near.x) == form.n_columns:
            beside = _beside(near, form)
            return corrected_beside(form, beside) or solve_beside(form, beside)
        return solve_quickly(form)
    except (NoExcessReturn, RisklessExcess):
        return None


def _beside(near: RawAnswer, form: StandardForm) -> RawAnswer:
    """The answer on a form that has more bounds than its own: no multiplier of theirs."""
    if near.duals is None:
        return near
    more = len(form.bound_columns) - len(near.duals.bounds)
    return replace(near, duals=replace(near.duals, bounds=np.append(near.duals.bounds, np.zeros(more))))
