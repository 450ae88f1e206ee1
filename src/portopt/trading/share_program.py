"""A problem in whole shares: its own program, with every weight tied to a count of lots and costs paid from cash.

    w_i = w_prev_i + u_i B_i - v_i S_i - w_prev_i L_i          u_i = lot * price_i / V,  v_i = w_prev_i / (lots held)
    k_i yb_i <= B_i <= most_i yb_i,   likewise S_i, ys_i       yb_i + ys_i + L_i <= 1
    w_cash - rate sum_i (u_i (B_i + S_i) + |w_prev_i| L_i) - fee sum_i (yb_i + ys_i + L_i) - size costs  >=  0

B_i, S_i: lots bought and sold; yb_i, ys_i, L_i in {0, 1}: a buy, a sell, the whole position closed, odd lot and all.
k_i: the fewest lots that make the least trade. All rows are fractions of portfolio value.

w_prev is money to the cent over V, a lot is not: a lot sold of what is held counts as its share of w_prev (bought back, of
what is short), so that selling every lot leaves a weight of exactly nothing, for any price. In between u and v differ by less
than a cent over the position.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Mask, Vector
from portopt.domain.problem import Problem
from portopt.domain.program import INF, Program, StandardForm
from portopt.domain.request import TradingRules
from portopt.optimization.scaling.extension import extension_of, joined, opened_above
from portopt.trading.book import Book
from portopt.trading.costs import NOTHING, exact

FURTHEST = 10.0  # no position is taken beyond ten times the portfolio's value where no limit bounds it
CASH_CAPS = frozenset({"cash", "fully_invested"})
WHOLE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class ShareProgram:
    """The extended form and where its columns are. All arrays run over `movable` (t,); -1 where there is no such column.

    fewest: (t,) the lots of the least trade.
    """

    form: StandardForm
    book: Book
    lot: Decimal
    fractional: bool
    movable: Indices
    buys: Indices
    sells: Indices
    buying: Indices
    selling: Indices
    closing: Indices
    fewest: Vector

    def shares(self, x: Vector) -> list[Decimal]:
        """(n,) signed shares of the orders that x (N,) stands for; whole lots exactly, fractions as they come."""
        out = [NOTHING] * len(self.book.ids)
        for k, i in enumerate(self.movable):
            if self.closing[k] >= 0 and x[self.closing[k]] > 0.5:
                out[i] = -self.book.shares[i]
                continue
            lots = x[self.buys[k]] - x[self.sells[k]]
            out[i] = exact(float(lots)) if self.fractional else self.lot * round(lots)
        return out

    def start(self, shares: list[Decimal]) -> tuple[Indices, Vector]:
        """Those orders as values of the whole-number columns, to begin a search with."""
        values: dict[int, float] = {}
        for k, i in enumerate(self.movable):
            closed = self.closing[k] >= 0 and shares[i] != 0 and shares[i] == -self.book.shares[i]
            lots = 0.0 if closed else float(shares[i] / self.lot)
            values[int(self.buys[k])], values[int(self.sells[k])] = max(lots, 0.0), max(-lots, 0.0)
            for column, on in ((self.buying[k], lots > 0), (self.selling[k], lots < 0), (self.closing[k], closed)):
                if column >= 0:
                    values[int(column)] = float(on)
        kept = {c: v for c, v in values.items() if self.form.integer[c]}
        return np.array(list(kept), dtype=np.intp), np.array(list(kept.values()))


@dataclass(frozen=True, slots=True, eq=False)
class _Lots:
    """What each movable asset allows, (t,) each: the weight of a lot bought and of one sold, the most lots, the fewest lots of
    a trade, whether closing is a choice.
    """

    unit_bought: Vector
    unit_sold: Vector
    most_bought: Vector
    most_sold: Vector
    fewest: Vector
    closable: Mask


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
    buys, sells = (program.add_columns(t, integer=not rules.fractional) for _ in range(2))
    program.add_bounds(buys, 0.0, lots.most_bought, limit="")
    program.add_bounds(sells, 0.0, lots.most_sold, limit="")
    switched = book.fees.per_trade > 0 or bool((lots.fewest > (0.0 if rules.fractional else 1.0)).any())
    buying = selling = np.full(t, -1, dtype=np.intp)
    if switched:
        buying, selling = (program.add_columns(t, lower=0.0, upper=1.0, integer=True) for _ in range(2))
    closing = np.full(t, -1, dtype=np.intp)
    closing[lots.closable] = program.add_columns(int(lots.closable.sum()), lower=0.0, upper=1.0, integer=True)
    lot = exact(1 if rules.fractional else rules.lot_size)
    bare = ShareProgram(form, book, lot, rules.fractional, movable, buys, sells, buying, selling, closing, lots.fewest)
    _tie_weights(program, bare, lots, slack)
    _switch(program, bare, lots)
    _pay(program, bare, lots, problem, INF if cash_residual is None else cash_cap + cash_residual)
    return replace(bare, form=joined(form, program.freeze()))


def _lots(form: StandardForm, book: Book, rules: TradingRules, movable: Indices) -> _Lots:
    lower, upper = form.box()
    lot = Decimal(1 if rules.fractional else rules.lot_size)
    least = exact(rules.min_trade_value)
    prices = [book.prices[i] for i in movable]
    held = [book.shares[i] for i in movable]
    now = book.w_prev[movable]
    unit = np.array([float(lot * price / book.value) for price in prices])
    counted = np.array([float(h / lot) for h in held])
    own = np.divide(now, counted, out=unit.copy(), where=counted != 0.0)
    unit_bought, unit_sold = np.where(counted < 0.0, own, unit), np.where(counted > 0.0, own, unit)
    bought = (np.minimum(upper[movable], FURTHEST) - now) / unit_bought
    sold = (now - np.maximum(lower[movable], -FURTHEST)) / unit_sold
    if rules.fractional:
        fewest = np.array([float(least / price) for price in prices])
    else:
        bought, sold = np.floor(bought + WHOLE), np.floor(sold + WHOLE)
        fewest = np.array([max(1.0, float((least / (lot * p)).to_integral_value(ROUND_CEILING))) for p in prices])
    # A long position that may not turn short is sold down to nothing at most, counted in its own exact shares.
    in_lots = np.array([float(max(h, NOTHING) / lot if rules.fractional else max(h, NOTHING) // lot) for h in held])
    sold = np.where(lower[movable] >= 0.0, np.minimum(sold, in_lots), sold)
    odd = np.array([h % lot != 0 if not rules.fractional else False for h in held])
    small = np.array([h != 0 and abs(h) * p < least for h, p in zip(held, prices, strict=True)])
    held_any = np.array([h != 0 for h in held], dtype=bool)
    may_be_nothing = (lower[movable] <= 0.0) & (upper[movable] >= 0.0)
    closable = held_any & may_be_nothing & (odd | small)
    return _Lots(unit_bought, unit_sold, np.maximum(bought, 0.0), np.maximum(sold, 0.0), fewest, closable)


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
    for trade, switch, most in ((c.buys, c.buying, lots.most_bought), (c.sells, c.selling, lots.most_sold)):
        columns = np.concatenate([trade, switch])
        program.add_rows(sp.hstack([eye, -sp.diags_array(most)]), columns, -INF, 0.0, limit="", relax=0.0)
        program.add_rows(
            sp.hstack([eye, -sp.diags_array(lots.fewest)]), columns, 0.0, INF, limit="min_trade_value", members=None, relax=0.0
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
