"""What stays of a problem from day to day, read off its own program once, and what of it a day brings.

The program is assembled for two days that differ in everything a market and a book may change: moments, weights held, money,
prices, volumes. What comes out the same stays; of the rest the laws are known and checked on both days:

    M = scale Sigma     q = -mu or nothing, less scale Sigma b or nothing     book = the weights held
    ball: (w - c)'Sigma(w - c) <= radius^2, c the benchmark or nothing
    powers: of what a trade moves the price by, sigma_i sqrt(V / ADV_i), a multiple

A program of which anything else changes is not of this kind, and neither is one with other parts; which, is said in words.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.moments import Covariance
from portopt.domain.problem import Problem
from portopt.domain.program import StandardForm
from portopt.optimization.assemble import assemble
from portopt.optimization.beside.kinked import Kinked, kinked
from portopt.optimization.daily.day import Day
from portopt.optimization.daily.impact import law_of_impact, without_impact
from portopt.optimization.daily.reasons import NotDaily, close

__all__ = ["NotDaily", "Template", "template_of"]

MOST_ASSETS = 1_500  # a table has as many rows


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """first: the first day's program. scale, mean, about: M = scale Sigma, q = mean mu + about scale Sigma benchmark.

    center: what the ball's centre is of the benchmark, 1 or 0; None where there is no ball. asked: limits that may be opened.
    square: whether the objective is half a square and told as its root. impact: (n,) what a trade's 3/2 power costs, of
    `impact_of`; None where nothing grows so.
    """

    ids: tuple[str, ...]
    first: Kinked
    scale: float
    mean: float
    about: float
    center: float | None
    radius: float
    asked: frozenset[str]
    square: bool
    impact: Vector | None = None

    @property
    def counts_trades(self) -> bool:
        """Whether weights are counted from the book."""
        return self.first.layout.has_trades or self.impact is not None

    @property
    def form(self) -> StandardForm:
        return self.first.form

    def on(self, mu: Vector, Sigma: Matrix, held: Vector, benchmark: Vector | None = None, moves: Vector | None = None) -> Day:
        """The program of a day. mu: (n,) annual, Sigma: (n, n), held: (n,) weights before the trade, benchmark: (n,).

        moves: (n,) `impact_of` the day, where the template has an impact.
        """
        k = self.first
        M = Sigma if self.scale == 1.0 else self.scale * Sigma
        b = np.zeros(len(mu)) if benchmark is None else benchmark
        q = self.mean * mu if self.about == 0.0 else self.mean * mu + self.about * (M @ b)
        traded, priced = self.counts_trades, k.layout.has_trades
        return Day(
            M=M,
            q=q,
            lower=k.lower,
            upper=k.upper,
            book=held if traded else k.lower,
            buying=k.buying,
            selling=k.selling if priced else np.zeros(len(q)),
            G=k.G,
            G_buys=k.G_buys,
            G_sells=k.G_sells,
            row_lower=k.row_lower,
            row_upper=k.row_upper,
            counting=tuple(np.flatnonzero((k.G_buys != 0.0).any(axis=1) | (k.G_sells != 0.0).any(axis=1)).tolist()),
            center=None if self.center is None else self.center * b,
            radius=self.radius,
            ratio=k.form.ratio,
            constant=k.form.constant if k.form.ratio else 0.0,
            powers=None if self.impact is None or moves is None else self.impact * moves,
        )


def template_of(problem: Problem) -> Template:
    """Raises NotDaily."""
    if problem.n > MOST_ASSETS:
        raise NotDaily(f"{problem.n} assets are more than the quick path's table is for ({MOST_ASSETS})")
    other = _another_day(problem)
    impact = law_of_impact((problem, other))
    one, two = _read(without_impact(problem)), _read(without_impact(other))
    _require_same(one.form, two.form)
    scale = one.risk.scale  # type: ignore[attr-defined]
    mean, about = _law_of_q(((one, problem), (two, other)), scale)
    center, radius = _law_of_ball(((one, problem), (two, other)), scale)
    if one.layout.has_trades and not (close(one.book, problem.w_prev) and close(two.book, other.w_prev)):
        raise NotDaily("trades are not counted from the weights held")
    asked = frozenset(limit.kind for limit in problem.limits if not limit.structural)
    square = problem.objective.unit == "half variance" and problem.objective.gamma is None
    if impact is not None and one.form.ratio:
        raise NotDaily("a ratio is asked for of what costs more the more is traded")
    return Template(problem.universe.ids, one, scale, mean, about, center, radius, asked, square, impact)


def _another_day(p: Problem) -> Problem:
    """The problem on a day of another market and another book; deterministic."""
    turn = 1.0 + 0.3 * np.cos(np.arange(1.0, p.n + 1.0))
    Sigma = p.moments.covariance.dense() * np.outer(turn, turn)
    changed = replace(p.moments, mu=p.moments.mu * turn + 0.01, covariance=Covariance(Sigma=Sigma))
    held, b = (None if w is None else (w + turn / turn.sum()) / 2.0 for w in (p.w_prev, p.benchmark))
    return p.replaced(
        moments=changed,
        w_prev=held,
        benchmark=b,
        portfolio_value=None if p.portfolio_value is None else 2.0 * p.portfolio_value,
        average_daily_value=None if p.average_daily_value is None else 3.0 * p.average_daily_value,
        prices=None if p.prices is None else p.prices * turn,
    )


def _read(problem: Problem) -> Kinked:
    form = assemble(problem, multiples=True)
    k = kinked(form)
    if k is None:
        raise NotDaily(_why_not(form))
    if k.layout.has_factors or not form.quadratics or form.quadratics[0].shared is not problem.moments.covariance.Sigma:
        raise NotDaily("its curvature is not that of one dense covariance")
    return k


def _why_not(form: StandardForm) -> str:
    if form.integer.any():
        return "it counts in whole numbers (positions, trades or least sizes)"
    if form.hinges:
        return "its risk measure reads scenarios"
    cones = sorted({cone.limit or "a cost or the objective" for cone in form.cones})
    if cones:
        return f"it has curves beside one limit on risk: {', '.join(cones)}"
    return "its program has parts that are not weights, trades and linear rows"


def _require_same(one: StandardForm, two: StandardForm) -> None:
    """Raises NotDaily, naming the limit that changes with the day."""
    trades = {g.start for g in one.row_groups if not g.limit}
    for groups, pairs in (
        (one.row_groups, ((one.row_lower, two.row_lower), (one.row_upper, two.row_upper))),
        (one.bound_groups, ((one.bound_lower, two.bound_lower), (one.bound_upper, two.bound_upper))),
    ):
        for group in groups:
            part = slice(group.start, group.stop)
            if (groups is not one.row_groups or group.start not in trades) and not all(
                np.array_equal(a[part], b[part]) for a, b in pairs
            ):
                raise NotDaily(f"{group.limit} changes with more than prices and the book")
    shapes = one.A.shape == two.A.shape and one.A.nnz == two.A.nnz
    if not shapes or not (np.array_equal(one.A.indices, two.A.indices) and np.array_equal(one.A.data, two.A.data)):
        raise NotDaily("its rows change from day to day")
    helpers = slice(one.n_weights, None)
    if not np.array_equal(one.q[helpers], two.q[helpers]) or (one.ratio and one.constant != two.constant):
        raise NotDaily("what trading costs changes from day to day")


def _law_of_q(days: tuple[tuple[Kinked, Problem], ...], scale: float) -> tuple[float, float]:
    for mean in (-1.0, 0.0):
        for about in (0.0, -1.0):
            if all(close(k.q, mean * p.moments.mu + about * scale * _risk_of_benchmark(p)) for k, p in days):
                return mean, about
    raise NotDaily("its objective is not expected return, risk and tracking error alone")


def _law_of_ball(days: tuple[tuple[Kinked, Problem], ...], scale: float) -> tuple[float | None, float]:
    if all(k.ball is None for k, _ in days):
        return None, 0.0
    balls = [k.ball for k, _ in days if k.ball is not None]
    if len(balls) != len(days) or balls[0].radius != balls[1].radius:
        raise NotDaily("its limit on risk changes with more than prices and the book")
    for center in (1.0, 0.0):
        # The ball's matrix is a root of Sigma, M is scale Sigma: its centre pulls with minus Sigma c.
        if all(close(ball.pulled, -center * _risk_of_benchmark(p)) for ball, (_, p) in zip(balls, days, strict=True)):
            return center, balls[0].radius * float(np.sqrt(scale))
    raise NotDaily("its limit on risk is about another portfolio than the benchmark")


def _risk_of_benchmark(p: Problem) -> Vector:
    """(n,) Sigma b."""
    return np.zeros(p.n) if p.benchmark is None else p.moments.covariance.times(p.benchmark)
