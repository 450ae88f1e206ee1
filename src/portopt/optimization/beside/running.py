"""The point of one standing after that of another: to some digits, for a fraction of the work.

From one standing to the next few weights change hands, so M times what is held is carried along and corrected by what changed,
and the only rows of M that are read are those of the free weights. The last standing is settled afresh (settled.py): what is
returned has nothing of where it came from.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from portopt.domain.arrays import Vector
from portopt.optimization.beside.kinked import Kinked
from portopt.optimization.beside.risks import PART_READ, Dense
from portopt.optimization.beside.settled import (
    Line,
    System,
    equations,
    line_of,
    point_of,
    system_of,
    tau_of_ratio,
    tau_on_ball,
    with_free,
)
from portopt.optimization.beside.standing import Point, Standing


def running(k: Kinked) -> Callable[[Standing], Point | None]:
    """The point of each standing in turn, None where only settling it afresh will tell; of factors none is told."""
    return Running(k, k.risk).settled if isinstance(k.risk, Dense) else lambda now: None


class Running:
    """M times what was held the last time."""

    def __init__(self, k: Kinked, risk: Dense) -> None:
        self._k, self._risk, self._held, self._times_held = k, risk, np.zeros(k.n), np.zeros(k.n)
        self._b_b = 0.0 if k.ball is None else float(k.ball.b @ k.ball.b)

    def settled(self, now: Standing) -> Point | None:
        """Digits are lost by what is left of large numbers; which side something is on is seen all the same."""
        from scipy.linalg import lapack

        k, s = self._k, system_of(self._k, now)
        if s is None:
            return None
        rows, scale, fixed = self._risk.shared[s.free], self._risk.scale, s.fixed
        self._carry(fixed)
        K, right = equations(k, now, s, scale * rows[:, s.free], self._times_held[s.free], fixed)
        *_, found, wrong = lapack.dgesv(K, right, overwrite_a=True, overwrite_b=True)
        if wrong or not np.isfinite(found).all():
            return None
        line = line_of(k, s, fixed, found)
        M_base, M_slope = self._times_held + scale * (line.base[s.free] @ rows), scale * (line.slope[s.free] @ rows)
        tau = self._tau(now, s, line, M_base, M_slope)
        if tau is None:
            return None
        w, curved = with_free(s, line, tau), M_base + tau * M_slope
        return point_of(k, s, line, tau, w, curved, self._distance(w, curved))

    def _carry(self, held: Vector) -> None:
        changed = np.flatnonzero(held != self._held)
        if PART_READ * len(changed) > len(held):
            self._times_held = self._risk.times(held)
        else:
            by = (held - self._held)[changed] @ self._risk.shared[changed]
            self._times_held = self._times_held + self._risk.scale * by
        self._held = held.copy()

    def _tau(self, now: Standing, s: System, line: Line, M_base: Vector, M_slope: Vector) -> float | None:
        k = self._k
        if k.form.ratio:
            return tau_of_ratio(k, line, s.price, float(line.base @ M_base), float(line.slope @ M_base))
        if k.ball is None or not now.on_ball:
            return 1.0
        a, b = float(line.slope @ M_slope), float(line.slope @ M_base)
        d_e = k.ball.multiple * b + float(line.slope @ k.ball.pulled)
        return tau_on_ball(k.ball.multiple * a, d_e, self._squared(line.base, M_base) - k.ball.radius**2)

    def _distance(self, w: Vector, curved: Vector) -> float:
        return 0.0 if self._k.ball is None else float(np.sqrt(max(self._squared(w, curved), 0.0)))

    def _squared(self, w: Vector, curved: Vector) -> float:
        """||B w + b||^2 by B'B = multiple M."""
        ball = self._k.ball
        return 0.0 if ball is None else ball.multiple * float(w @ curved) + 2.0 * float(w @ ball.pulled) + self._b_b
