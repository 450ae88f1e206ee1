"""Entropy pooling: the scenarios stay, their probabilities move, as little as the views allow."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

import numpy as np

from portopt.domain.arrays import Mask, Matrix, Vector
from portopt.domain.errors import InvalidValue
from portopt.estimation.views.entropy import NoSuchProbabilities, nearest
from portopt.estimation.views.infeasible_views import unsatisfiable
from portopt.estimation.views.scenario_views import ScenarioView, conditions, cvar, measured, quantile, tail_conditions

MOST_ROUNDS = 200
MOST_TURNS, MOST_CUTS = 40, 12
MEMORY = 4
HELD = 5e-12
SETTLED, NEARLY = 2e-12, 1e-9  # largest change of a probability, relative to the largest one; the second where it falls no more
EDGE_STEPS, EDGE_SCAN, LEAST_STEP = 60, 17, 1.0 / 256.0


def pooled(S: Matrix, q: Vector, views: tuple[ScenarioView, ...], periods_per_year: float) -> Vector:
    """(T,) probabilities nearest to q, in relative entropy, under which every view holds.

    Views on means and ranks are linear in p. Views on volatilities and correlations are linearized at the last p and the
    problem solved again until p stays: the answer satisfies the exact first-order conditions. (The common sequential
    recipe fixes each mean at its last value before it touches a variance; its divergence is never smaller.) A view
    that raises CVaR asks it of every quantile, which is convex: quantiles are added until none is missing. One that lowers
    CVaR asks it of some quantile, found by a one-dimensional search.

    Args:
        S: (T, n) scenarios. q: (T,) prior probabilities.
    Raises:
        InvalidValue: views that cannot hold on these scenarios, named.
    Source: Meucci (2008), Fully flexible views; Meucci, Ardia and Keel (2011), Fully flexible extreme views, for CVaR;
        Vorobets (2021), Sequential entropy pooling heuristics, for the recipe this improves upon.
    """
    try:
        try:
            return _Pooling(S, q, views, periods_per_year).solve(q)
        except NoSuchProbabilities:
            if all(view.linear for view in views):
                raise
            return _gradually(S, q, views, periods_per_year)
    except NoSuchProbabilities as stopped:
        raise unsatisfiable(views, S, periods_per_year) from stopped


def _gradually(S: Matrix, q: Vector, views: tuple[ScenarioView, ...], periods_per_year: float) -> Vector:
    """From what the prior says to what the views say, each step begun where the last one ended; halved where it fails."""
    begin = [measured(view, S, q, periods_per_year) for view in views]
    last, p, reached, step = _Pooling(S, q, views, periods_per_year, near=True), q, 0.0, 0.125
    while reached < 1.0:
        s = min(1.0, reached + step)
        moved = tuple(
            view if s == 1.0 or view.kind == "rank" else dataclasses.replace(view, value=b + s * (view.value - b))
            for view, b in zip(views, begin, strict=True)
        )
        here = dataclasses.replace(last, views=moved, cuts={k: list(v) for k, v in last.cuts.items()}, edges=dict(last.edges))
        try:
            p, reached, step, last = here.solve(p), s, 2.0 * step, here
        except NoSuchProbabilities:
            step /= 2.0
            if step < LEAST_STEP:
                raise
    return p


def effective_scenarios(p: Vector) -> float:
    """exp(-sum p log p): T for equal probabilities, 1 when one scenario has all.

    Source: Meucci (2012), Effective number of scenarios in fully flexible probabilities.

    p: (T,) probabilities.
    """
    seen = p[p > 0.0]
    return float(np.exp(-(seen @ np.log(seen))))


def divergence(p: Vector, q: Vector) -> float:
    """sum p log(p / q), the relative entropy.

    p, q: (T,) probabilities, q positive where p is.
    """
    seen = p > 0.0
    return float(p[seen] @ np.log(p[seen] / q[seen]))


@dataclass(slots=True)
class _Pooling:
    """The state of one solve.

    cuts: of each CVaR view that raises it, the quantiles at which its condition is asked. edges: of each that lowers it,
    the quantile. near: search quantiles beside those of the p begun from only. multipliers: to begin the next dual from.
    """

    S: Matrix
    q: Vector
    views: tuple[ScenarioView, ...]
    periods_per_year: float
    near: bool = False
    cuts: dict[int, list[float]] = field(default_factory=dict)
    edges: dict[int, float] = field(default_factory=dict)
    multipliers: Vector | None = None

    def solve(self, p: Vector) -> Vector:
        p = self._searched(p)
        for _ in range(MOST_TURNS):
            broken = [k for k, view in enumerate(self.views) if view.kind == "cvar" and self._turned(k, p)]
            if not broken:
                break
            p = self._searched(p)
        self._require_held(p)
        return p

    def _turned(self, k: int, p: Vector) -> bool:
        """Whether CVaR view k does not hold at p; if so it is put in force in the direction that it lacks."""
        view, losses = self.views[k], self._losses(k)
        gap = cvar(losses, p, view.level) - view.value
        if {"equals": abs(gap), "at_least": -gap, "at_most": gap}[view.sense] <= HELD:
            return False
        low, high = float(losses.min()), float(losses.max())
        if not low < view.value < high:
            why = f"losses on these {len(losses)} scenarios lie between {low:.4g} and {high:.4g}"
            raise InvalidValue(view.path, view.text, why)
        if gap < 0.0:
            self.edges.pop(k, None)
            self.cuts.setdefault(k, [])
        else:
            self.cuts.pop(k, None)
            self.edges.setdefault(k, quantile(losses, p, view.level))
        self.multipliers = None
        return True

    def _losses(self, k: int) -> Vector:
        return np.asarray(-self.S @ self.views[k].combinations[0])

    def _searched(self, p: Vector) -> Vector:
        """The quantile of every view that lowers CVaR, one after the other until none moves: the divergence only falls."""
        if not self.edges:
            return self._cut(p)
        for _ in range(MOST_ROUNDS if len(self.edges) > 1 else 1):
            before = dict(self.edges)
            for k in self.edges:
                p = self._search_edge(k, p)
            if all(abs(self.edges[k] - v) <= 1e-13 * (1.0 + abs(v)) for k, v in before.items()):
                break
        return p

    def _search_edge(self, k: int, p: Vector) -> Vector:
        """Bisect on  P(loss > v) - (1 - level),  which falls through zero where v is the quantile of its own answer.

        There the divergence is stationary in v. It need not have one valley: a scan finds the lowest first, or, near a
        p that satisfies the view already, v follows p's own quantile, where the condition can hold, until it stays.
        """
        view, losses = self.views[k], self._losses(k)
        low, high = self._followed(k, p) if self.near else self._valley(k, float(losses.min()), view.value, p)
        p = self._cut(p)
        for _ in range(EDGE_STEPS):
            v = self.edges[k] = (low + high) / 2.0
            p = self._cut(p)
            if float(p[losses > v].sum()) > 1.0 - view.level:
                low = v
            else:
                high = v
            if high - low <= 1e-15 * max(abs(low), abs(high)):
                break
        return p

    def _followed(self, k: int, p: Vector) -> tuple[float, float]:
        """The losses next to where the quantile of p and the answer at that quantile agree."""
        losses, seen = self._losses(k), set[float]()
        while (v := quantile(losses, p, self.views[k].level)) not in seen:
            seen.add(v)
            self.edges[k] = v
            p = self._cut(p)
        return float(losses[losses < v].max(initial=v)), float(losses[losses > v].min(initial=v))

    def _valley(self, k: int, low: float, high: float, p: Vector) -> tuple[float, float]:
        grid = np.linspace(low, high, EDGE_SCAN + 2)
        heights = []
        for v in grid[1:-1]:
            self.edges[k] = float(v)
            try:
                heights.append(divergence(self._cut(p), self.q))
            except NoSuchProbabilities:
                heights.append(np.inf)
                self.multipliers = None
        best = int(np.argmin(heights)) + 1
        self.edges[k] = float(grid[best])
        return float(grid[best - 1]), float(grid[best + 1])

    def _cut(self, p: Vector) -> Vector:
        """Probabilities under which no raised CVaR falls short: where one does, its condition is asked at its quantile too."""
        for _ in range(MOST_ROUNDS):
            p = self._settled(p)
            short = [k for k in self.cuts if cvar(self._losses(k), p, self.views[k].level) < self.views[k].value - HELD]
            if not short:
                break
            for k in short:
                self.cuts[k] = self.cuts[k][-MOST_CUTS:]
                self.cuts[k].append(quantile(self._losses(k), p, self.views[k].level))
            self.multipliers = None
        return p

    def _settled(self, p: Vector) -> Vector:
        """Probabilities for the present conditions: linearize at p, solve, until they stay, by Anderson's extrapolation."""
        curved = any(view.kind in ("volatility", "correlation") for view in self.views)
        points: list[Vector] = []
        moves: list[Vector] = []
        last = np.inf
        for _ in range(MOST_ROUNDS):
            columns, free = self._conditions(p)
            start = self.multipliers if self.multipliers is not None and len(self.multipliers) == len(free) else None
            after, self.multipliers = nearest(self.q, columns, free, start)
            change = float(np.abs(after - p).max() / after.max())
            if not curved or change <= SETTLED or (change <= NEARLY and change > 0.5 * last):
                break
            last = change
            points, moves = [*points[-MEMORY:], p], [*moves[-MEMORY:], after - p]
            p = _extrapolated(points, moves)
        return after

    def _conditions(self, p: Vector) -> tuple[Matrix, Mask]:
        columns, free = [np.zeros((len(p), 0))], []
        for k, view in enumerate(self.views):
            if view.kind != "cvar":
                found = conditions(view, self.S, p, self.periods_per_year)
            else:
                asked = self.cuts.get(k, [self.edges[k]] if k in self.edges else [])
                found = tail_conditions(view, self._losses(k), np.array(asked))
                found = -found if k in self.edges else found
            columns.append(found)
            free += [view.sense == "equals" and view.kind != "cvar"] * found.shape[1]
        return np.concatenate(columns, axis=1), np.array(free, dtype=bool)

    def _require_held(self, p: Vector) -> None:
        """Every view, measured by its own definition. Raises InvalidValue naming the one that does not hold."""
        for view in self.views:
            found = measured(view, self.S, p, self.periods_per_year)
            gap = found - view.value
            wrong = {"equals": abs(gap), "at_least": -gap, "at_most": gap}[view.sense]
            if wrong > 1e-9 * max(1.0, abs(view.value)):
                raise NoSuchProbabilities(p, np.zeros(0))


def _extrapolated(points: list[Vector], moves: list[Vector]) -> Vector:
    """The next point of x -> x + move(x) from the last few: where a linear model of the moves vanishes (Anderson 1965)."""
    if len(points) == 1:
        return points[0] + moves[0]
    steps, bends = np.diff(points, axis=0), np.diff(moves, axis=0)
    share = np.linalg.lstsq(bends.T, moves[-1], rcond=1e-10)[0]
    ahead = points[-1] + moves[-1] - share @ (steps + bends)
    return np.asarray(np.maximum(ahead, 0.0) / np.maximum(ahead, 0.0).sum())
