"""Where every weight and every row stands, and what is wrong with that at the point that goes with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from portopt.domain.arrays import Mask, Vector
from portopt.domain.solution import RawAnswer
from portopt.optimization.beside.kinked import Kinked

Places: TypeAlias = npt.NDArray[np.int8]

# At the bound, free below the book, at it, free above it, at the bound.
LOWEST, SELLING, STAYING, BUYING, HIGHEST = -2, -1, 0, 1, 2
OUTSIDE = 1e-15  # a weight this far on the wrong side has crossed it
ROW_OUTSIDE = 2e-13
WRONG_SIGN = 1e-12  # of the gradient


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """places: (n,) of the five above. sides: (r,) 1 at its upper side, -1 at its lower, 2 an equality, 0 at none.

    on_ball: whether the weights stand on the surface of the ball.
    """

    places: Places
    sides: Places
    on_ball: bool

    @property
    def free(self) -> Mask:
        return np.asarray((self.places == SELLING) | (self.places == BUYING))

    def key(self) -> bytes:
        return self.places.tobytes() + self.sides.tobytes() + bytes([self.on_ball])


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """Weights w (n,) with the multipliers y (r,) of the rows and `pull` of the ball.

    gamma: what the curvature counts for: 1, or for a ratio its risk aversion. gradient: (n,) of all but the rows and the
    prices of trades. size: its largest part; that of the sum vanishes where the benchmark itself is the answer.
    distance: ||B w + b|| of the ball where there is one.
    """

    w: Vector
    y: Vector
    pull: float
    gamma: float
    gradient: Vector
    size: float
    distance: float = 0.0


def standing_of(k: Kinked, near: RawAnswer) -> Standing | None:
    """Where the answer to a form of the same columns and rows stands."""
    if near.x is None or near.duals is None or near.x.shape != (k.form.n_columns,) or len(near.duals.rows) != k.form.A.shape[0]:
        return None
    x, layout = near.x, k.layout
    traded = np.sign(x[layout.buys] - x[layout.sells]) if layout.has_trades else np.ones(k.n)
    # By its multiplier: a weight of another portfolio stands at that one's bounds, which need not be this one's.
    pressed = np.bincount(k.form.bound_columns, near.duals.bounds, k.form.n_columns)[: k.n]
    places = np.where(pressed > 0.0, HIGHEST, np.where(pressed < 0.0, LOWEST, traded))
    equal = k.row_lower == k.row_upper
    sides = np.where(equal, 2, np.sign(near.duals.rows[k.rows])).astype(np.int8)
    on_ball = bool(k.ball is not None and near.duals.cones and near.duals.cones[0].any())
    return Standing(possible(k, places), sides, on_ball)


class Bounded(Protocol):
    """What tells which places there are: all (n,), as in Kinked."""

    @property
    def upper(self) -> Vector: ...

    @property
    def at_floor(self) -> Mask: ...

    @property
    def at_ceiling(self) -> Mask: ...

    @property
    def fixed(self) -> Mask: ...


def possible(k: Bounded, places: Vector | Places) -> Places:
    """Without places that these bounds leave no room for."""
    low, high = k.at_floor, k.at_ceiling
    places = np.where(low & (places < BUYING), LOWEST, places)
    places = np.where(high & ((places == STAYING) | (places == BUYING)), HIGHEST, places)
    places = np.where((places == HIGHEST) & ~np.isfinite(k.upper), BUYING, places)
    return np.asarray(np.where(k.fixed, LOWEST, places), dtype=np.int8)


def revised(k: Kinked, now: Standing, at: Point, cautious: bool) -> Standing | None:
    """What should stand elsewhere does; None when nothing should. cautious: only the worst."""
    places, wrong = _places(k, now, at)
    sides, row_wrong = _sides(k, now, at)
    on_ball, ball_wrong = _ball(k, now, at)
    every = np.concatenate([wrong, row_wrong, [ball_wrong]])
    if not every.any():
        return None
    if not cautious:
        return Standing(places, sides, on_ball)
    worst = int(every.argmax())
    if worst < k.n:
        kept = now.places.copy()
        kept[worst] = places[worst]
        return replace(now, places=kept)
    if worst < len(every) - 1:
        kept = now.sides.copy()
        kept[worst - k.n] = sides[worst - k.n]
        return replace(now, sides=kept)
    return replace(now, on_ball=on_ball)


def _places(k: Kinked, now: Standing, at: Point) -> tuple[Places, Vector]:
    """(places, how wrong each was): weights that crossed a side, and those that want away from one."""
    places, wrong = now.places.copy(), np.zeros(k.n)
    _crossed(k, now, at, places, wrong)
    wants, (buying, selling) = -(at.gradient + at.y @ k.G), prices(k, at)
    up, down = wants - buying, -selling - wants
    lowest, highest, kept = now.places == LOWEST, now.places == HIGHEST, now.places == STAYING
    grows = (lowest & k.at_floor | kept) & (up > (room := WRONG_SIGN * at.size))
    shrinks = (highest & k.at_ceiling | kept) & (down > room)
    off_floor, off_ceiling = lowest & ~k.at_floor & (-down > room), highest & ~k.at_ceiling & (-up > room)
    for moves, by, to in (
        (grows, up, BUYING),
        (shrinks, down, SELLING),
        (off_floor, -down, SELLING),
        (off_ceiling, -up, BUYING),
    ):
        moves &= ~k.fixed
        if moves.any():
            places[moves], wrong[moves] = to, by[moves] / at.size
    return places, wrong


def _crossed(k: Kinked, now: Standing, at: Point, places: Places, wrong: Vector) -> None:
    """Writes where free weights belong that are beyond a bound or on the other side of the book, and by how much."""
    free = np.flatnonzero(now.free)
    w, book, buys = at.w[free], np.clip(k.book[free], k.lower[free], k.upper[free]), now.places[free] == BUYING
    beyond = np.where(buys, w - k.upper[free], k.lower[free] - w)
    back = np.where(buys, book - w, w - book)
    home = np.where(buys, np.where(k.at_floor[free], LOWEST, STAYING), np.where(k.at_ceiling[free], HIGHEST, STAYING))
    for by, to in ((beyond, np.where(buys, HIGHEST, LOWEST)), (back, home)):
        gone = by > OUTSIDE
        if gone.any():
            places[free[gone]], wrong[free[gone]] = to[gone], by[gone]


def _sides(k: Kinked, now: Standing, at: Point) -> tuple[Places, Vector]:
    value = rows_at(k, at.w)
    room, idle = ROW_OUTSIDE * np.maximum(1.0, np.abs(value)), now.sides == 0
    above, below = value - k.row_upper, k.row_lower - value
    loose = np.where(np.abs(now.sides) == 1, -now.sides * at.y, 0.0)
    up, down, gone = idle & (above > room), idle & (below > room), loose > WRONG_SIGN * at.size
    sides = np.where(up, 1, np.where(down, -1, np.where(gone, 0, now.sides))).astype(np.int8)
    return sides, np.where(up, above, np.where(down, below, np.where(gone, loose / at.size, 0.0)))


def _ball(k: Kinked, now: Standing, at: Point) -> tuple[bool, float]:
    if k.ball is None:
        return False, 0.0
    if now.on_ball:
        return (False, -at.pull) if at.pull < -WRONG_SIGN else (True, 0.0)
    outside = at.distance - k.ball.radius
    return (True, outside) if outside > ROW_OUTSIDE else (False, 0.0)


def prices(k: Kinked, at: Point) -> tuple[Vector, Vector]:
    """(n,), (n,) what a buy and a sell cost, by their own prices and by the rows that count them."""
    if not k.layout.has_trades:
        return k.buying, k.selling
    return k.buying + at.y @ k.G_buys, k.selling + at.y @ k.G_sells


def rows_at(k: Kinked, w: Vector) -> Vector:
    """(r,) what the rows come to."""
    if not k.layout.has_trades:
        return np.asarray(k.G @ w)
    moved = w - k.book
    return np.asarray(k.G @ w + k.G_buys @ np.maximum(moved, 0.0) + k.G_sells @ np.maximum(-moved, 0.0))
