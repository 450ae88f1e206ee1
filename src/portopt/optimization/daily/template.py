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
from portopt.domain.errors import PortoptError
from portopt.domain.moments import Covariance
from portopt.domain.problem import Cost, Problem
from portopt.domain.program import StandardForm
from portopt.optimization.assemble import assemble
from portopt.optimization.beside.kinked import Kinked, kinked
from portopt.optimization.curved.powers import powers
from portopt.optimization.daily.day import Day

SAME = 1e-12
MOST_ASSETS = 1_500  # a table has as many rows


class NotDaily(Exception):
    """Why a problem is not of this kind, in words."""


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

    def on(
        self, mu: Vector, Sigma: Matrix, held: Vector, benchmark: Vector | None = None, moves: Vector | None = None
    ) -> Day:
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
    impact = _law_of_impact((problem, other))
    one, two = _read(_without_impact(problem)), _read(_without_impact(other))
    _require_same(one.form, two.form)
    scale = one.risk.scale  # type: ignore[attr-defined]
    mean, about = _law_of_q(((one, problem), (two, other)), scale)
    center, radius = _law_of_ball(((one, problem), (two, other)), scale)
    if one.layout.has_trades and not (_close(one.book, problem.w_prev) and _close(two.book, other.w_prev)):
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


def impact_of(Sigma: Matrix, periods_per_year: float, value: float, traded: Vector) -> Vector:
    """(n,) sigma_i sqrt(V / ADV_i): daily volatility, and the book's worth against the money traded a day; nothing for cash."""
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.sqrt(np.diagonal(Sigma) / periods_per_year * (value / traded))
    return np.where(np.isfinite(found), found, 0.0)


def _grows(cost: Cost) -> bool:
    return cost.kind == "square_root_impact"


def _without_impact(p: Problem) -> Problem:
    return p.replaced(costs=tuple(cost for cost in p.costs if not _grows(cost)))


def _law_of_impact(days: tuple[Problem, Problem]) -> Vector | None:
    """(n,) what the power of a trade costs, of `impact_of`; None where no cost grows so."""
    if not any(_grows(cost) for cost in days[0].costs):
        return None
    rates = [_rates(p) for p in days]
    if rates[0] is None or rates[1] is None:
        return None
    of_days = [_impact_on(p) for p in days]
    impact = np.divide(rates[0], of_days[0], out=np.zeros(days[0].n), where=of_days[0] > 0.0)
    if not all(_close(rate, impact * moves) for rate, moves in zip(rates, of_days, strict=True)):
        raise NotDaily("what a trade moves the price by changes with more than risk, volumes and the book")
    return impact


def _impact_on(p: Problem) -> Vector:
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
        plain = assemble(_without_impact(p), multiples=True)
    except PortoptError as reads_costs:
        raise NotDaily(f"a limit counts what trading costs, and that grows faster than the trade ({reads_costs})") from None
    apart = form.n_columns == plain.n_columns + len(parts.t) and form.A.nnz == plain.A.nnz
    if not apart or p.w_prev is None or (parts.w >= p.n).any() or not _close(parts.b, -p.w_prev[parts.w]):
        raise NotDaily("a limit counts what trading costs, and that grows faster than the trade")
    rates = np.zeros(p.n)
    rates[parts.w] = form.q[parts.t]
    return rates


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
            if all(_close(k.q, mean * p.moments.mu + about * scale * _risk_of_benchmark(p)) for k, p in days):
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
        if all(_close(ball.pulled, -center * _risk_of_benchmark(p)) for ball, (_, p) in zip(balls, days, strict=True)):
            return center, balls[0].radius * float(np.sqrt(scale))
    raise NotDaily("its limit on risk is about another portfolio than the benchmark")


def _risk_of_benchmark(p: Problem) -> Vector:
    """(n,) Sigma b."""
    return np.zeros(p.n) if p.benchmark is None else p.moments.covariance.times(p.benchmark)


def _close(a: Vector, b: Vector | None) -> bool:
    return b is not None and bool(np.abs(a - b).max(initial=0.0) <= SAME * max(1.0, float(np.abs(a).max(initial=0.0))))
