"""A problem in whole shares: its own program, with every weight tied to a count of lots and costs paid from cash.

    w_i = w_prev_i + u_i B_i - v_i S_i - w_prev_i L_i          u_i = lot_i price_i / V,  v_i = w_prev_i / (lots held)
    k_i yb_i <= B_i <= most_i yb_i,   likewise S_i, ys_i       yb_i + ys_i + L_i <= 1
    w_cash - rate sum_i (u_i (B_i + S_i) + |w_prev_i| L_i) - fee sum_i (yb_i + ys_i + L_i) - size costs  >=  0

B_i, S_i: lots bought and sold; yb_i, ys_i, L_i in {0, 1}: a buy, a sell, the whole position closed, odd lot and all.
k_i: the fewest lots that make the least trade, and from nothing the least holding: down to that a position is sold, or closed.
All rows are fractions of portfolio value.

w_prev is money to the cent over V, a lot is not: a lot sold of what is held counts as its share of w_prev (bought back, of
what is short), so that selling every lot leaves a weight of exactly nothing, for any price. In between u and v differ by less
than a cent over the position.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Mask, Vector
from portopt.domain.problem import Problem
from portopt.domain.program import INF, Program, StandardForm
from portopt.domain.request import TradingRules
from portopt.domain.steps import FINEST, Step
from portopt.optimization.scaling.extension import extension_of, joined, opened_above
from portopt.trading.book import Book
from portopt.trading.costs import NOTHING, exact
from portopt.trading.nearest import fractions

FURTHEST = 10.0  # no position is taken beyond ten times the portfolio's value where no limit bounds it
CASH_CAPS = frozenset({"cash", "fully_invested"})
WHOLE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class ShareProgram:
    """The extended form and where its columns are. All arrays run over `movable` (t,); -1 where there is no such column.

    fewest_bought, fewest_sold: (t,) the lots of the least trade.
    """

    form: StandardForm
    book: Book
    movable: Indices
    buys: Indices
    sells: Indices
    buying: Indices
    selling: Indices
    closing: Indices
    fewest_bought: Vector
    fewest_sold: Vector

    @property
    def sides(self) -> tuple[tuple[Indices, Indices, Vector], tuple[Indices, Indices, Vector]]:
        """(trades, switches, fewest lots), (t,) each, of buying and of selling."""
        return (self.buys, self.buying, self.fewest_bought), (self.sells, self.selling, self.fewest_sold)

    def shares(self, x: Vector) -> list[Decimal]:
        """(n,) signed shares of the orders that x (N,) stands for; whole lots exactly, fractions as they come."""
        out = [NOTHING] * len(self.book.ids)
        for k, i in enumerate(self.movable):
            if self.closing[k] >= 0 and x[self.closing[k]] > 0.5:
                out[i] = -self.book.shares[i]
                continue
            lots, step = x[self.buys[k]] - x[self.sells[k]], self.book.steps[i]
            amount = exact(float(lots)) if step.fine else step.size * round(lots)
            out[i] = fractions(self.book, int(i), amount) if step.fine and step.own else amount
        return out

    def start(self, shares: list[Decimal]) -> tuple[Indices, Vector]:
        """Those orders as values of the whole-number columns, to begin a search with."""
        values: dict[int, float] = {}
        for k, i in enumerate(self.movable):
            closed = self.closing[k] >= 0 and shares[i] != 0 and shares[i] == -self.book.shares[i]
            lots = 0.0 if closed else float(shares[i] / self.book.steps[i].counted)
            values[int(self.buys[k])], values[int(self.sells[k])] = max(lots, 0.0), max(-lots, 0.0)
            for column, on in ((self.buying[k], lots > 0), (self.selling[k], lots < 0), (self.closing[k], closed)):
                if column >= 0:
                    values[int(column)] = float(on)
        kept = {c: v for c, v in values.items() if self.form.integer[c]}
        return np.array(list(kept), dtype=np.intp), np.array(list(kept.values()))


@dataclass(frozen=True, slots=True, eq=False)
class _Lots:
    """What each movable asset allows, (t,) each: the weight of a lot bought and of one sold, the most lots, the fewest lots of
    a trade, whether closing is a choice, whether lots are too fine to be counted.
    """

    unit_bought: Vector
    unit_sold: Vector
    most_bought: Vector
    most_sold: Vector
    fewest_bought: Vector
    fewest_sold: Vector
    closable: Mask
    fine: Mask


def share_program(
    problem: Problem,
    form: StandardForm,
    book: Book,
    rules: TradingRules,
    *,
    cash_residual: float | None = None,
    slack: float = 0.0,
) -> ShareProgram:
    """The whole-share program of a problem.

    cash_residual: None keeps the cap on cash as it is; a fraction of portfolio value lets the cash that is left after
    costs pass the cap by so much. slack: how far, a fraction of portfolio value, a weight may be from its count of lots: with
    what rounding to the cent can move, a program without a point proves that no book keeps the limits.
    """
    cash_cap = INF
    if cash_residual is not None:
        form, cash_cap = opened_above(form, book.cash_position, CASH_CAPS)
    movable = np.array(book.movable, dtype=np.intp)
    lots = _lots(form, book, rules, movable)
    program = extension_of(form)
    t = len(movable)
    buys, sells = (_counted(program, ~lots.fine) for _ in range(2))
    program.add_bounds(buys, 0.0, lots.most_bought, limit="")
    program.add_bounds(sells, 0.0, lots.most_sold, limit="")
    fewest = np.maximum(lots.fewest_bought, lots.fewest_sold)
    switched = book.fees.per_trade > 0 or bool((fewest > np.where(lots.fine, 0.0, 1.0)).any())
    buying = selling = np.full(t, -1, dtype=np.intp)
    if switched:
        buying, selling = (program.add_columns(t, lower=0.0, upper=1.0, integer=True) for _ in range(2))
    closing = np.full(t, -1, dtype=np.intp)
    closing[lots.closable] = program.add_columns(int(lots.closable.sum()), lower=0.0, upper=1.0, integer=True)
    columns = (buys, sells, buying, selling, closing)
    bare = ShareProgram(form, book, movable, *columns, lots.fewest_bought, lots.fewest_sold)
    _tie_weights(program, bare, lots, slack)
    _switch(program, bare, lots)
    _pay(program, bare, lots, problem, INF if cash_residual is None else cash_cap + cash_residual)
    return replace(bare, form=joined(form, program.freeze()))


def _counted(program: Program, whole: Mask) -> Indices:
    """(t,) columns of lots, held to whole numbers where they are counted."""
    if whole.all() or not whole.any():
        return program.add_columns(len(whole), integer=bool(whole.all()))
    return np.concatenate([program.add_columns(1, integer=bool(one)) for one in whole])


def _lots(form: StandardForm, book: Book, rules: TradingRules, movable: Indices) -> _Lots:
    lower, upper = form.box()
    least = exact(rules.min_trade_value)
    steps = [book.steps[i] for i in movable]
    prices = [book.prices[i] for i in movable]
    held = [book.shares[i] for i in movable]
    now, fine = book.w_prev[movable], np.array([step.fine for step in steps], dtype=bool)
    unit = np.array([float(step.counted * price / book.value) for step, price in zip(steps, prices, strict=True)])
    counted = np.array([float(h / step.counted) for h, step in zip(held, steps, strict=True)])
    own = np.divide(now, counted, out=unit.copy(), where=counted != 0.0)
    unit_bought, unit_sold = np.where(counted < 0.0, own, unit), np.where(counted > 0.0, own, unit)
    bought = (np.minimum(upper[movable], FURTHEST) - now) / unit_bought
    sold = (now - np.maximum(lower[movable], -FURTHEST)) / unit_sold
    bought, sold = (np.where(fine, most, np.floor(most + WHOLE)) for most in (bought, sold))
    fewest = np.array([_fewest(least / (step.counted * p), step) for step, p in zip(steps, prices, strict=True)])
    # A long position that may not turn short is sold down to nothing at most, counted in its own exact shares.
    in_lots = np.array([_in_lots(max(h, NOTHING), step) for h, step in zip(held, steps, strict=True)])
    sold = np.where(lower[movable] >= 0.0, np.minimum(sold, in_lots), sold)
    odd = np.array([bool(h % step.size) and step.size != FINEST for h, step in zip(held, steps, strict=True)], dtype=bool)
    small = np.array([h != 0 and abs(h) * p < least for h, p in zip(held, prices, strict=True)])
    least_held = np.array([step.least_held > 0 for step in steps], dtype=bool)
    held_any = np.array([h != 0 for h in held], dtype=bool)
    may_be_nothing = (lower[movable] <= 0.0) & (upper[movable] >= 0.0)
    closable = held_any & may_be_nothing & (odd | small | least_held)
    lots = _Lots(unit_bought, unit_sold, np.maximum(bought, 0.0), np.maximum(sold, 0.0), fewest, fewest, closable, fine)
    return _holding_enough(lots, held, steps) if least_held.any() else lots


def _fewest(lots: Decimal, step: Step) -> float:
    return float(lots) if step.fine else max(1.0, float(lots.to_integral_value(ROUND_CEILING)))


def _in_lots(shares: Decimal, step: Step) -> float:
    return float(shares if step.fine else shares // step.size)


def _holding_enough(lots: _Lots, held: Sequence[Decimal], steps: Sequence[Step]) -> _Lots:
    """The same where what is held at all is at least each asset's least holding, long or short.

    From nothing, or from less than that, the first trade goes at least there; from more, no trade but closing goes below.
    """
    fewest_bought, fewest_sold = lots.fewest_bought.copy(), lots.fewest_sold.copy()
    most_bought, most_sold = lots.most_bought.copy(), lots.most_sold.copy()
    for k, (h, step) in enumerate(zip(held, steps, strict=True)):
        if not step.least_held:
            continue
        room = abs(h) - step.least_held
        if room < 0:
            up = _fewest(-room / step.counted, step)
            fewest_bought[k] = max(fewest_bought[k], up) if h >= 0 else fewest_bought[k]
            fewest_sold[k] = max(fewest_sold[k], up) if h <= 0 else fewest_sold[k]
        if h > 0:
            most_sold[k] = min(most_sold[k], _in_lots(max(room, NOTHING), step))
        elif h < 0:
            most_bought[k] = min(most_bought[k], _in_lots(max(room, NOTHING), step))
    bought, sold = np.maximum(most_bought, 0.0), np.maximum(most_sold, 0.0)
    return replace(lots, most_bought=bought, most_sold=sold, fewest_bought=fewest_bought, fewest_sold=fewest_sold)


def _tie_weights(program: Program, c: ShareProgram, lots: _Lots, slack: float) -> None:
    """w_i - u_i B_i + v_i S_i + w_prev_i L_i = w_prev_i, to within the slack."""
    now = c.book.w_prev[c.movable]
    at = np.flatnonzero(lots.closable)
    t = len(c.movable)
    block = sp.hstack(
        [
            sp.eye_array(t),
            -sp.diags_array(lots.unit_bought),
            sp.diags_array(lots.unit_sold),
            sp.coo_array((now[at], (at, np.arange(len(at)))), shape=(t, len(at))),
        ]
    )
    columns = np.concatenate([c.movable, c.buys, c.sells, c.closing[at]])
    program.add_rows(block, columns, now - slack, now + slack, limit="", relax=0.0)


def _switch(program: Program, c: ShareProgram, lots: _Lots) -> None:
    """A trade is nothing, or at least the least trade; a position is bought, sold or closed, one of them."""
    t = len(c.movable)
    eye, at = sp.eye_array(t), np.flatnonzero(lots.closable)
    pick = sp.coo_array((np.ones(len(at)), (at, np.arange(len(at)))), shape=(t, len(at)))
    if c.buying[:1].max(initial=-1) < 0:
        most = sp.diags_array(np.maximum(lots.most_bought, lots.most_sold))
        columns = np.concatenate([c.buys, c.sells, c.closing[at]])
        block = sp.csr_array(sp.hstack([eye, eye, most @ pick]))[at]
        program.add_rows(block, columns, -INF, np.maximum(lots.most_bought, lots.most_sold)[at], limit="", relax=0.0)
        return
    for (trade, switch, fewest), most in zip(c.sides, (lots.most_bought, lots.most_sold), strict=True):
        columns = np.concatenate([trade, switch])
        program.add_rows(sp.hstack([eye, -sp.diags_array(most)]), columns, -INF, 0.0, limit="", relax=0.0)
        program.add_rows(
            sp.hstack([eye, -sp.diags_array(fewest)]), columns, 0.0, INF, limit="min_trade_value", members=None, relax=0.0
        )
    columns = np.concatenate([c.buying, c.selling, c.closing[at]])
    program.add_rows(sp.hstack([eye, eye, pick]), columns, -INF, 1.0, limit="", relax=0.0)


def _pay(program: Program, c: ShareProgram, lots: _Lots, problem: Problem, most_cash: float) -> None:
    """Costs leave cash, which stays at or above the least there is to be, nothing as a rule.

    The flat fee counts in the objective too: the terms could not say it.
    """
    book, fees = c.book, c.book.fees
    now, closed = np.abs(book.w_prev[c.movable]), lots.closable
    value = float(book.value)
    fee = float(fees.per_trade / book.value)
    columns = [np.array([book.cash_position]), c.buys, c.sells, c.closing[closed]]
    per_value = fees.proportional(c.movable)
    parts = [np.ones(1), -per_value * lots.unit_bought, -per_value * lots.unit_sold, -(per_value * now)[closed] - fee]
    switches = np.concatenate([c.buying[c.buying >= 0], c.selling[c.selling >= 0]])
    columns.append(switches)
    parts.append(np.full(len(switches), -fee))
    rate = fees.size_rate[c.movable] * value**0.5
    sized = np.flatnonzero(rate > 0.0)
    if len(sized):
        grown = program.add_columns(len(sized), lower=0.0)
        for column, k in zip(grown, sized, strict=True):
            _three_halves(program, int(column), c, int(k), lots)
        columns.append(grown)
        parts.append(-rate[sized])
    row, at = np.concatenate(parts)[None, :], np.concatenate(columns)
    least = float(book.least_cash / book.value)
    program.add_rows(row, at, least, most_cash, limit="cash_after_costs", relax=1.0)
    if problem.objective.charges_costs and fee > 0.0:
        program.add_linear(np.concatenate([switches, c.closing[closed]]), fee / problem.holding_period_years)


def _three_halves(program: Program, column: int, c: ShareProgram, k: int, lots: _Lots) -> None:
    """x[column] >= z^(3/2) of the size of the trade z, as the power cone z <= x^(2/3) 1^(1/3)."""
    columns, size = [c.buys[k], c.sells[k]], [float(lots.unit_bought[k]), float(lots.unit_sold[k])]
    if c.closing[k] >= 0:
        columns.append(c.closing[k])
        size.append(abs(float(c.book.w_prev[c.movable[k]])))
    blocks = [(0, np.ones((1, 1)), np.array([column])), (2, np.array([size]), np.array(columns))]
    program.add_cone("power", blocks, np.array([0.0, 1.0, 0.0]), limit="", alpha=2.0 / 3.0)
