"""Lots in a program and in an answer: the columns that sell them, and the cheapest choice among them at given weights.

    sum of s_k over the lots of asset i  =  sells_i,   0 <= s_k <= weight of the lot
    S = S_0 + sum of g_k s_k over the short lots,   L likewise over the long ones

An asset is either bought or sold: a lot that is sold at a loss and bought back would be a gift of the program's. What is
substantially identical counts as one asset there, where the rules know wash sales. Where a rule gives the order, a lot is sold
only when the one before it is gone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Mask, Vector
from portopt.domain.lot_book import LotBook, Piece, TaxCase
from portopt.domain.problem import Problem
from portopt.domain.program import INF, Program
from portopt.terms.shared.lot_choice import NO_GAIN, kept_by_limits

FURTHEST = 10.0  # no position is bought beyond ten times the portfolio's value


@dataclass(frozen=True, slots=True, eq=False)
class LotColumns:
    """Positions of columns: sold (K,), short (1,), long (1,): net gains realized now."""

    sold: Indices
    short: Indices
    long: Indices


def lot_columns(program: Program, p: Problem) -> LotColumns:
    """Made once, then shared by the tax and by every limit on lots or gains."""
    return LotColumns(*program.once("lots", lambda: _made(program, p)))


def _made(program: Program, p: Problem) -> tuple[Indices, ...]:
    lots = p.held_lots()
    _, sells = program.trade_columns(p.previous())
    sold = program.add_columns(len(lots), lower=0.0)
    program.add_bounds(sold, -INF, lots.weight, limit="", relax=0.0)
    held = lots.assets
    row_of = {int(i): r for r, i in enumerate(held)}
    rows = np.array([row_of[int(i)] for i in lots.asset], dtype=np.intp)
    of_lots = sp.coo_array((np.ones(len(lots)), (rows, np.arange(len(lots)))), shape=(len(held), len(lots)))
    block = sp.hstack([of_lots, -sp.eye_array(len(held))])
    program.add_rows(sp.csr_array(block), np.concatenate([sold, sells[held]]), 0.0, 0.0, limit="", relax=0.0)
    short, long = (_net(program, lots, sold, of_short) for of_short in (True, False))
    _one_way(program, p, lots, sold)
    if lots.in_order:
        _in_order(program, lots, sold, kept_by_limits(p))
    return sold, short, long


def _net(program: Program, lots: LotBook, sold: Indices, of_short: bool) -> Indices:
    """A column that is the net gain of the lots of one term."""
    column = program.add_columns(1)
    at = np.flatnonzero(lots.short == of_short)
    row = np.concatenate([lots.gain[at], [-1.0]])[None, :]
    program.add_rows(row, np.concatenate([sold[at], column]), 0.0, 0.0, limit="", relax=0.0)
    return column


def loss_groups(lots: LotBook) -> dict[int, Indices]:
    """By group of identical assets, its lots whose sale is a loss."""
    losing = np.flatnonzero(lots.gain < -NO_GAIN)
    group = lots.identical[lots.asset[losing]]
    return {int(g): losing[group == g] for g in np.unique(group)}


def _one_way(program: Program, p: Problem, lots: LotBook, sold: Indices) -> None:
    """A switch for each group with losses: on, its assets may be bought; off, their losing lots may be sold."""
    groups = loss_groups(lots)
    if not groups:
        return
    buys, _ = program.trade_columns(p.previous())
    w_prev, cash = p.previous(), p.universe.is_cash
    may_buy = program.add_choices(len(groups))
    one = np.ones((1, 1))
    for switch, (group, losing) in zip(may_buy, groups.items(), strict=True):
        on = np.array([switch])
        for i in np.unique(lots.asset[losing]):
            at = losing[lots.asset[losing] == i]
            room = float(lots.weight[at].sum())
            row = np.concatenate([np.ones(len(at)), [room]])[None, :]
            program.add_rows(row, np.concatenate([sold[at], on]), -INF, room, limit="", relax=0.0)
        for j in np.flatnonzero((lots.identical == group) & ~cash):
            row = np.hstack([one, -FURTHEST * one])
            program.add_rows(row, np.concatenate([buys[j : j + 1], on]), -INF, 0.0, limit="", relax=0.0)
            program.add_rows(row, np.concatenate([program.weights[j : j + 1], on]), -INF, w_prev[j], limit="", relax=0.0)


def _in_order(program: Program, lots: LotBook, sold: Indices, kept: Mask) -> None:
    """A lot only when those before it are gone: a switch where the cheapest choice would not keep the order by itself.

    kept: (K,) lots that a limit does not let go: nothing goes after them.
    """
    every = [(at, t) for at in map(lots.of, lots.assets.tolist()) for t in range(1, len(at))]
    late = [(at[:t], at[t]) for at, t in every if kept[at[:t]].any() or _comes_early(lots, at, t)]
    if not late:
        return
    gone = program.add_choices(len(late))
    for switch, (before, then) in zip(gone, late, strict=True):
        for k in before:
            first = np.array([sold[k], switch])
            program.add_rows(np.array([[1.0, -lots.weight[k]]]), first, 0.0, INF, limit="", relax=0.0)
        last = np.array([sold[then], switch])
        program.add_rows(np.array([[1.0, -lots.weight[then]]]), last, -INF, 0.0, limit="", relax=0.0)


def _comes_early(lots: LotBook, at: Indices, t: int) -> bool:
    """Whether it may be cheaper to sell the lot at place t than one before it, however gains are netted."""
    alike = lots.rules.pooled or bool((lots.short[at[:t]] == lots.short[at[t]]).all())
    return not alike or bool(lots.gain[at[t]] < lots.gain[at[:t]].max())


def express_due(program: Program, p: Problem) -> Indices:
    """A column that is at least what is due on the net gains, (1,); made once."""
    lots = p.held_lots()
    (due,) = program.once("tax_due", lambda: (_due(program, lots, lot_columns(program, p)),))
    return due


def _due(program: Program, lots: LotBook, columns: LotColumns) -> Indices:
    """The epigraph of the largest piece; of several cases, of the one on whose side of each line the gains lie."""
    due = program.add_columns(1)
    gains = np.concatenate([columns.short, columns.long])
    lines = _lines(program, lots, gains)
    for case in lots.cases():
        at, sides = _sides(case, lines)
        for piece in case.pieces:
            # Where k of the switches stand otherwise, the row is let down k times as far as pieces can be apart.
            reach = _reach(piece, lots) if len(at) else 0.0
            row = np.concatenate([[1.0, -piece.of_short, -piece.of_long], -reach * sides])[None, :]
            least = piece.at(lots.before_short, lots.before_long) - reach * float((sides > 0.0).sum())
            program.add_rows(row, np.concatenate([due, gains, at]), least, INF, limit="", relax=0.0)
    return due


def _reach(piece: Piece, lots: LotBook) -> float:
    """How far the piece is at most above any other."""
    (ls, ll), (hs, hl) = lots.reach()
    corners = [(short, long) for short in (ls, hs) for long in (ll, hl)]
    highest = max(piece.at(*corner) for corner in corners)
    others = (other.at(*corner) for case in lots.cases() for other in case.pieces for corner in corners)
    return max(highest - min(others), 0.0)


def _lines(program: Program, lots: LotBook, gains: Indices) -> dict[str, int]:
    """A switch for each line that parts the cases, on above it: L = 0 and S + L = 0."""
    (ls, ll), (hs, hl) = lots.reach()
    cases, lines = lots.cases(), {}
    for name, sides, row, low, high, before in (
        ("long", [case.long for case in cases], [0.0, 1.0], ll, hl, lots.before_long),
        ("sum", [case.sum for case in cases], [1.0, 1.0], ls + ll, hs + hl, lots.before_short + lots.before_long),
    ):
        if len(set(sides)) < 2 or low >= 0.0 or high <= 0.0:
            continue
        lines[name] = int(program.add_choices(1)[0])
        on = np.concatenate([gains, [lines[name]]])
        # low (1 - z) <= now + before <= high z
        program.add_rows(np.array([[*row, low]]), on, low - before, INF, limit="", relax=0.0)
        program.add_rows(np.array([[*row, -high]]), on, -INF, -before, limit="", relax=0.0)
    return lines


def _sides(case: TaxCase, lines: dict[str, int]) -> tuple[Indices, Vector]:
    """The switches that tell whether the gains lie in the case, and which way: 1 on, -1 off."""
    told = {"long": case.long, "sum": case.sum}
    found = [(column, 1.0 if told[name][0] == 0.0 else -1.0) for name, column in lines.items() if told[name] != (-INF, INF)]
    return np.array([column for column, _ in found], dtype=np.intp), np.array([side for _, side in found])
