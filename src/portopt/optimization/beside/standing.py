"""Where every weight and every row stands, and what is wrong with that at the point that goes with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from portopt.domain.arrays import Mask, Vector
from portopt.domain.solution import RawAnswer
from portopt.optimization.beside.kinked import Kinked

Places: TypeAlias = npt.NDArray[np.int8]

LOWEST, SELLING, KEPT, BUYING, HIGHEST = (
    -2,
    -1,
    0,
    1,
    2,
)  # at the bound, free below the book, at it, free above it, at the bound
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
    """

    w: Vector
    y: Vector
    pull: float
    gamma: float
    gradient: Vector
    size: float


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
    return Standing(_possible(k, places), sides, on_ball)


def _possible(k: Kinked, places: Vector) -> Places:
    """Without places that these bounds leave no room for."""
    low, high = k.at_floor, k.at_ceiling
    places = np.where(low & (places < BUYING), LOWEST, places)
    places = np.where(high & ((places == KEPT) | (places == BUYING)), HIGHEST, places)
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
    w, wants = at.w, -(at.gradient + at.y @ k.G)
    buying, selling = prices(k, at)
    low, high, book = k.at_floor, k.at_ceiling, np.clip(k.book, k.lower, k.upper)
    places, room = now.places.copy(), WRONG_SIGN * at.size
    wrong = np.zeros(k.n)

    def move(from_: int, by: Vector, enough: float, to: Vector | int) -> None:
        gone = (now.places == from_) & (by > enough)
        if not gone.any():
            return
        places[gone] = to[gone] if isinstance(to, np.ndarray) else to
        wrong[gone] = by[gone] if enough == OUTSIDE else by[gone] / at.size

    move(BUYING, w - k.upper, OUTSIDE, HIGHEST)
    move(BUYING, book - w, OUTSIDE, np.where(low, LOWEST, KEPT))
    move(SELLING, k.lower - w, OUTSIDE, LOWEST)
    move(SELLING, w - book, OUTSIDE, np.where(high, HIGHEST, KEPT))
    move(KEPT, wants - buying, room, BUYING)
    move(KEPT, -selling - wants, room, SELLING)
    move(HIGHEST, np.where(k.fixed, 0.0, np.where(high, -selling, buying) - wants), room, np.where(high, SELLING, BUYING))
    move(LOWEST, np.where(k.fixed, 0.0, wants - np.where(low, buying, -selling)), room, np.where(low, BUYING, SELLING))
    return places, wrong


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
    outside = float(np.linalg.norm(k.through(k.ball, at.w) + k.ball.b)) - k.ball.radius
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
