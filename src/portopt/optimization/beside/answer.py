"""The door: from what stands where in another answer to the exact optimum of a form, in the form's own columns and signs.

What is returned satisfies every optimality condition to rounding, and there is no other that does: it is the optimum,
wherever it began. A correction that goes round, or costs a fraction of a solve, and an optimum that is one of several, which
would depend on where it began, are given up: the caller solves afresh.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from time import perf_counter

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.program import Cone, StandardForm
from portopt.domain.solution import Duals, RawAnswer, SolveStatus
from portopt.optimization.beside.kinked import Kinked, kinked
from portopt.optimization.beside.running import running
from portopt.optimization.beside.settled import settled
from portopt.optimization.beside.standing import HIGHEST, LOWEST, Point, Standing, prices, revised, standing_of
from portopt.optimization.polish.last_touch import on_bounds, with_exact_sums
from portopt.optimization.scaling.presolve import spread

FEWEST, PER_ASSET = 10, 0.04  # rounds: a solve takes as long as about 45 of them at 100 assets, 80 at 500
SHARE = 1.5  # of n^3, what the sizes of the systems may add up to, cubed: a quarter of what a solve factors
CIRCLES = 3  # times that one standing may come back, the later ones under caution
STATIONARY = 1e-11  # of the gradient
TIED = 1e-10  # of the gradient: held by less than that is held by chance
DAILY = "daily"  # who answers where somebody else knew what stands where
ROUNDED = 1e-16  # of the gradient: a multiplier that small is none


def answer_beside(form: StandardForm, near: RawAnswer) -> RawAnswer | None:
    """The optimum of a form from the answer to one of the same columns and rows; None where it is not come to cheaply."""
    if form.ratio and form.cones:
        return _inside_cones(form, near)
    began = perf_counter()
    k = kinked(form)
    now = None if k is None else standing_of(k, near)
    if k is None or now is None:
        return None
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        # All that is wrong at once comes there in few rounds, or frees half the book and goes round: then one after the other.
        found = _corrected(k, now) or _corrected(k, now, one_by_one=True)
    if found is None:
        return None
    standing, point, rounds = found
    x, duals = _in_columns(k, standing, point)
    return RawAnswer(SolveStatus.OPTIMAL, x, duals, near.solver, rounds, perf_counter() - began, polished=True)


def _inside_cones(form: StandardForm, near: RawAnswer) -> RawAnswer | None:
    """Of a ratio, whose cones are not corrected here: where none of them presses they are left out, and have to hold still."""
    if near.duals is None or any(z.any() for z in near.duals.cones):
        return None
    found = answer_beside(replace(form, cones=()), near)
    if found is None or found.x is None or found.duals is None or not all(_is_inside(cone, found.x) for cone in form.cones):
        return None
    idle = tuple(np.zeros(len(cone.b)) for cone in form.cones)
    return replace(found, duals=Duals(found.duals.rows, found.duals.bounds, idle))


def _is_inside(cone: Cone, x: Vector) -> bool:
    s = cone.B @ x + cone.b
    return cone.kind == "second_order" and bool(np.linalg.norm(s[1:]) <= s[0])


def answer_at(form: StandardForm, now: Standing) -> RawAnswer | None:
    """The answer whose weights and rows stand as in `now`, in the form's own columns; None where that is no optimum."""
    began = perf_counter()
    k = kinked(form)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        point = None if k is None else settled(k, now)
    if k is None or point is None or not _balanced(k, now, point):
        return None
    return replace(answer_of(k, now, point), seconds=perf_counter() - began)


def answer_of(k: Kinked, now: Standing, at: Point) -> RawAnswer:
    """A point and where it stands, in the form's own columns; whether it is an optimum is not looked at."""
    x, duals = _in_columns(k, now, at)
    return RawAnswer(SolveStatus.OPTIMAL, x, duals, DAILY, 0, 0.0, polished=True)


def _corrected(k: Kinked, now: Standing, *, one_by_one: bool = False) -> tuple[Standing, Point, int] | None:
    """Solve, look at what is wrong, put it elsewhere, until nothing is. one_by_one: only the worst of it each time."""
    seen: Counter[bytes] = Counter()
    work, nearly = 0.0, running(k)
    for done in range(1, FEWEST + int(PER_ASSET * k.n) + 1):
        work += float(now.free.sum() + np.count_nonzero(now.sides)) ** 3
        if work > max(SHARE * k.n**3, 1e6):
            return None
        cautious = one_by_one or max(seen.values(), default=0) > 1
        point = nearly(now)
        after = None if point is None else revised(k, now, point, cautious)
        if after is None:  # nothing is wrong as far as that tells
            point = settled(k, now)
            after = None if point is None else revised(k, now, point, cautious)
        if point is None:
            return None
        if after is None:
            return (now, point, done) if _balanced(k, now, point) and _decided(k, now, point) else None
        key = now.key()
        seen[key] += 1
        if seen[key] > CIRCLES:
            return None
        now = after
    return None


def _balanced(k: Kinked, now: Standing, at: Point) -> bool:
    """Whether nothing is left of the gradient where the weights are free."""
    buying, selling = prices(k, at)
    left = np.abs(_wants(k, at) - np.where(now.places > 0, buying, -selling))[now.free]
    return float(left.max(initial=0.0)) <= STATIONARY * at.size


def _decided(k: Kinked, now: Standing, at: Point) -> bool:
    """Whether whatever is not free is held where it stands by a multiplier: else another portfolio may be as good."""
    wants, (buying, selling) = _wants(k, at), prices(k, at)
    to_grow = np.where((now.places == LOWEST) & ~k.at_floor, -selling, buying) - wants
    to_shrink = wants - np.where((now.places == HIGHEST) & ~k.at_ceiling, buying, -selling)
    held = np.where(now.places == LOWEST, to_grow, np.where(now.places == HIGHEST, to_shrink, np.minimum(to_grow, to_shrink)))
    return float(held[~now.free & ~k.fixed].min(initial=np.inf)) > TIED * at.size


def _wants(k: Kinked, at: Point) -> Vector:
    """(n,) what each weight would gain by growing, trades unpaid."""
    return np.asarray(-(at.gradient + at.y @ k.G))


def _in_columns(k: Kinked, now: Standing, at: Point) -> tuple[Vector, Duals]:
    """x (N,) and the multipliers of the form."""
    form, layout, box = k.form, k.layout, k.form.box()
    movable = np.zeros(form.n_columns, dtype=bool)
    movable[: k.n] = now.free
    x = on_bounds(form, k.embedded(at.w), box)
    w = with_exact_sums(form, x, movable, box)[: k.n]
    x = k.embedded(w)
    if layout.has_trades:
        x[layout.buys], x[layout.sells] = np.maximum(w - k.book, 0.0), np.maximum(k.book - w, 0.0)
    return x, _duals(k, now, at, x)


def _duals(k: Kinked, now: Standing, at: Point, x: Vector) -> Duals:
    form, layout = k.form, k.layout
    y = np.where(now.sides == 1, np.maximum(at.y, 0.0), np.where(now.sides == -1, np.minimum(at.y, 0.0), at.y))
    y[np.abs(y) <= ROUNDED * at.size] = 0.0
    rows, t = np.zeros(form.A.shape[0]), np.zeros(form.n_columns)
    rows[k.rows] = y
    wants = _wants(k, at)
    if layout.has_trades:
        buying, selling = prices(k, at)
        moved = np.sign(x[: k.n] - k.book)
        v = np.where(moved > 0, buying, np.where(moved < 0, -selling, np.clip(wants, -selling, buying)))
        rows[layout.trades], wants = v, wants - v
        t[layout.buys], t[layout.sells] = np.where(moved > 0, 0.0, v - buying), np.where(moved < 0, 0.0, -v - selling)
    t[: k.n] = np.where(now.free, 0.0, wants)
    t[np.abs(t) <= ROUNDED * at.size] = 0.0
    z, pulled = _cone(k, at, x)
    if layout.has_factors:
        rows[layout.definitions] = at.gamma * form.P_times(x)[layout.factors] + pulled[layout.factors]
    return Duals(rows, spread(form, t), z)


def _cone(k: Kinked, at: Point, x: Vector) -> tuple[tuple[Vector, ...], Vector]:
    """(z of the cone, -B'z (N,))."""
    if k.ball is None:
        return (), np.zeros(len(x))
    if at.pull <= 0.0:
        return (np.zeros(len(k.ball.b) + 1),), np.zeros(len(x))
    s = k.through(k.ball, x[: k.n]) + k.ball.b
    pulled = np.zeros(len(x))
    pulled[: k.ball.B.shape[1]] = at.pull * (k.ball.B.T @ s)
    return (at.pull * np.concatenate([[k.ball.radius], -s]),), pulled
