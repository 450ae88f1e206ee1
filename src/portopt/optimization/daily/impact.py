"""The square-root law of impact on the quick path: what a day's 3/2 powers cost, and answers with and without their columns.

A program with this cost has a column t and a power cone for each asset that moves its price. The quick path reads the program
without them and carries the powers as numbers: the multiple of sigma_i sqrt(V / ADV_i) that two days have in common. What it
finds is put back into the whole program's columns for the audit.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.errors import PortoptError
from portopt.domain.problem import Cost, Problem
from portopt.domain.program import StandardForm
from portopt.domain.solution import Duals, RawAnswer
from portopt.optimization.assemble import assemble
from portopt.optimization.beside.answer import answer_of
from portopt.optimization.beside.kinked import Kinked, kinked
from portopt.optimization.beside.standing import Point
from portopt.optimization.curved.powers import Powers, powers
from portopt.optimization.daily.day import Found
from portopt.optimization.daily.reasons import NotDaily, close

SQUARE_ROOT = "square_root"  # what a cost of this law says of itself (its `model`)


def impact_of(Sigma: Matrix, periods_per_year: float, value: float, traded: Vector) -> Vector:
    """(n,) sigma_i sqrt(V / ADV_i): daily volatility, and the book's worth against the money traded a day; nothing for cash."""
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.sqrt(np.diagonal(Sigma) / periods_per_year * (value / traded))
    return np.where(np.isfinite(found), found, 0.0)


def grows(cost: Cost) -> bool:
    """Whether it is the square-root law."""
    return cost.model == SQUARE_ROOT


def without_impact(p: Problem) -> Problem:
    return p.replaced(costs=tuple(cost for cost in p.costs if not grows(cost)))


def law_of_impact(days: tuple[Problem, Problem]) -> Vector | None:
    """(n,) what the power of a trade costs, of `impact_of`; None where no cost grows so."""
    if not any(grows(cost) for cost in days[0].costs):
        return None
    rates = [rate for rate in map(_rates, days) if rate is not None]
    if len(rates) < len(days):
        return None
    of_days = [impact_on(p) for p in days]
    impact = np.divide(rates[0], of_days[0], out=np.zeros(days[0].n), where=of_days[0] > 0.0)
    if not all(close(rate, impact * moves) for rate, moves in zip(rates, of_days, strict=True)):
        raise NotDaily("what a trade moves the price by changes with more than risk, volumes and the book")
    return impact


def impact_on(p: Problem) -> Vector:
    traded = np.full(p.n, np.inf) if p.average_daily_value is None else p.average_daily_value
    return impact_of(p.moments.covariance.dense(), p.moments.periods_per_year, p.portfolio_value or 0.0, traded)


def _rates(p: Problem) -> Vector | None:
    """(n,) what the 3/2 power of each trade costs in the program; None where nothing does. Raises NotDaily for other powers."""
    form = assemble(p, multiples=True)
    parts = powers(form)
    if parts is None:
        if any(cone.kind != "second_order" for cone in form.cones):
            raise NotDaily("it has curves of another kind than the square-root impact")
        return None
    try:
        plain = assemble(without_impact(p), multiples=True)
    except PortoptError as reads_costs:
        raise NotDaily(f"a limit counts what trading costs, and that grows faster than the trade ({reads_costs})") from None
    apart = form.n_columns == plain.n_columns + len(parts.t) and form.A.nnz == plain.A.nnz
    if not apart or p.w_prev is None or (parts.w >= p.n).any() or not close(parts.b, -p.w_prev[parts.w]):
        raise NotDaily("a limit counts what trading costs, and that grows faster than the trade")
    rates = np.zeros(p.n)
    rates[parts.w] = form.q[parts.t]
    return rates


def stripped(problem: Problem, form: StandardForm, raw: RawAnswer) -> tuple[StandardForm, RawAnswer]:
    """An answer to a whole program as one to that without the powers' columns and cones."""
    parts = powers(form)
    if parts is None or raw.x is None or raw.duals is None:
        return form, raw
    kept = ~np.isin(form.bound_columns, parts.t)
    cones = tuple(part for k, part in enumerate(raw.duals.cones) if k not in parts.cones)
    duals = Duals(raw.duals.rows, raw.duals.bounds[kept], cones)
    return assemble(without_impact(problem), multiples=True), replace(raw, x=np.delete(raw.x, parts.t), duals=duals)


def whole_answer(problem: Problem, form: StandardForm, found: Found) -> RawAnswer | None:
    """What the quick path found, as an answer to the whole program of its problem; None where it is none of it."""
    parts, plain = powers(form), assemble(without_impact(problem))
    k = kinked(plain)
    if k is None or parts is None or len(found.y) != len(k.rows):
        return None
    raw = answer_of(k, found.standing, _point(k, form, parts, problem, found))
    return None if raw.x is None or raw.duals is None else _with_powers(form, parts, raw, raw.x, raw.duals)


def _point(k: Kinked, form: StandardForm, parts: Powers, problem: Problem, found: Found) -> Point:
    w, pull = found.w, found.pull
    gradient = k.risk.times(w) + k.q
    if k.ball is not None:
        pull /= k.ball.multiple
        gradient = gradient + pull * (k.ball.B.T @ (k.through(k.ball, w) + k.ball.b))[: k.n]
    moved = w - problem.previous()
    rates = np.zeros(k.n)
    rates[parts.w] = form.q[parts.t]
    gradient = gradient + 1.5 * rates * np.sign(moved) * np.sqrt(np.abs(moved))
    return Point(w, found.y, pull, 1.0, gradient, max(float(np.abs(gradient).max()), float(np.abs(k.q).max())))


def _with_powers(form: StandardForm, parts: Powers, raw: RawAnswer, x: Vector, duals: Duals) -> RawAnswer:
    """With the powers' columns on their curves, and their cones' multipliers in closed form (curved/powers.py)."""
    whole, own = np.zeros(form.n_columns), np.ones(form.n_columns, dtype=bool)
    own[parts.t] = False
    whole[own] = x
    v = whole[parts.w] + parts.b
    size = np.abs(v)
    whole[parts.t] = size**1.5
    bounds = np.zeros(len(form.bound_columns))
    bounds[~np.isin(form.bound_columns, parts.t)] = duals.bounds
    price = form.q[parts.t]
    powered = iter(np.stack([price, 0.5 * price * size**1.5, -1.5 * price * np.sign(v) * np.sqrt(size)], axis=1))
    others = iter(duals.cones)
    cones = tuple(next(powered) if i in parts.cones else next(others) for i in range(len(form.cones)))
    return replace(raw, x=whole, duals=Duals(duals.rows, bounds, cones))
