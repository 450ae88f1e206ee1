"""What is believed to bind, and how that belief is corrected."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Mask, Matrix, Vector
from portopt.optimization.helpers import flat_columns, without_round_trips
from portopt.optimization.presolve import Scaled, SolverAnswer

WRONG_SIGN = 1e-12  # of the gradient: a multiplier this far on the wrong side is wrong
OUTSIDE = 1e-15  # a column this far outside its box is outside; rows add up many numbers and get more
ROW_OUTSIDE = 2e-13
SETTLING = 10
SMALLEST_GRADIENT = 1e-3  # scaled; where the optimum has none (zero variance), what its parts are at least


@dataclass(slots=True)
class RatioScale:
    """For a ratio: the program is 1/2 x'Px + theta * linear'x + (what fixed columns add), theta an unknown of its own.

    At the best ratio  variance = theta * excess. linear: (M,); variance0, excess0: what the fixed columns contribute.
    drift: (M,) where x goes with theta when theta decides nothing, else zero.
    """

    linear: Vector
    variance0: float
    excess0: float
    theta: float = 1.0
    drift: Vector = field(init=False)

    def __post_init__(self) -> None:
        self.drift = np.zeros(len(self.linear))

    def mismatch(self, program: Scaled, x: Vector) -> tuple[float, float, Vector]:
        """(variance - theta excess, excess, gradient of the first (M,)), in the program's scale."""
        Px, shift = program.P.times(x), program.q - self.linear
        excess = self.excess0 - float(self.linear @ x)
        variance = float(x @ (Px + 2.0 * shift)) + self.variance0
        return variance - self.theta * excess, excess, 2.0 * (Px + shift) + self.theta * self.linear


@dataclass(slots=True)
class ActiveSet:
    """A point with its multipliers, and which sides hold as equalities. M columns, r rows, c cones.

    low, high: (M,) columns at a bound. side: (r,) 1 upper, -1 lower, 2 equality, 0 not active. x_start: the interior
    point, whose slacks say which held column gives way first. on: (c,) cones that bind; pull: (c,) their multipliers,
    z = pull * (s0, -s1). scale: for a ratio, else None. implied: (rows, columns, coefficients) in the order found, each
    column determined by its row alone. stuck: active rows without a free column.
    """

    program: Scaled
    A: sp.csr_array | Matrix
    pattern: sp.csr_array | Matrix
    x: Vector
    x_start: Vector
    y: Vector
    low: Mask
    high: Mask
    side: Vector
    on: Mask
    pull: Vector
    helpers: Mask
    scale: RatioScale | None = None
    implied: list[tuple[Indices, Indices, Vector]] = field(default_factory=list)
    stuck: Indices = field(default_factory=lambda: np.zeros(0, dtype=np.intp))

    @classmethod
    def guessed(cls, program: Scaled, answer: SolverAnswer, scale: RatioScale | None = None) -> ActiveSet:
        """A side binds when its multiplier is larger than its slack: near the optimum one of the two is nearly zero."""
        if answer.x is None or answer.y is None:
            raise ValueError("an answer without multipliers cannot be polished")
        A = program.A
        m, M = A.shape
        if A.nnz > 0.2 * m * M or m * M < 20_000:
            A = A.toarray()
        x = without_round_trips(program, np.clip(answer.x, program.lower, program.upper))
        y = answer.y
        t = -(program.P.times(x) + program.q + A.T @ y) if answer.t is None else answer.t
        high = (t > program.upper - x) & (program.upper < np.inf)
        low = (-t > x - program.lower) & ~high & (program.lower > -np.inf)
        low |= (x == program.lower) & ~high
        Ax = A @ x
        side = np.zeros(m)
        side[y > program.row_upper - Ax] = 1
        side[-y > Ax - program.row_lower] = -1
        side[program.row_lower == program.row_upper] = 2
        pull, on = np.zeros(len(program.cones)), np.zeros(len(program.cones), dtype=bool)
        for k, cone in enumerate(program.cones):
            s, z = cone.B @ x + cone.b, answer.z[k]
            slack = s[0] - np.linalg.norm(s[1:])
            on[k] = z[0] > slack and s[0] > 0
            pull[k] = z[0] / s[0] if on[k] else 0.0
        return cls(
            program=program,
            A=A,
            pattern=(A != 0).astype(float),
            x=x.copy(),
            x_start=x,
            y=np.where(side != 0, y, 0.0),
            low=low,
            high=high,
            side=side,
            on=on,
            pull=pull,
            helpers=flat_columns(program),
            scale=scale,
        )

    def key(self) -> bytes:
        return b"".join(part.tobytes() for part in (self.low, self.high, self.side, self.on))

    def targets(self, rows: Indices) -> Vector:
        """The side each of those rows is held at."""
        return np.where(self.side[rows] < 0, self.program.row_lower[rows], self.program.row_upper[rows])

    def gradient(self) -> Vector:
        """(M,) of the objective."""
        gradient = self.program.P.times(self.x) + self.program.q
        return np.asarray(gradient if self.scale is None else gradient + (self.scale.theta - 1.0) * self.scale.linear)

    def cone_pull(self) -> Vector:
        """(M,) -sum B'z = sum pull (B1's1 - B0's0)."""
        out = np.zeros(len(self.x))
        for k in np.flatnonzero(self.on):
            out += self.pull[k] * self.cone_gradient(int(k))[1]
        return out

    def cone_gradient(self, k: int) -> tuple[float, Vector]:
        """h = (||s1||^2 - s0^2)/2 of one cone and its gradient (M,)."""
        cone = self.program.cones[k]
        s = cone.B @ self.x + cone.b
        signed = s.copy()
        signed[0] = -s[0]
        return 0.5 * float(s[1:] @ s[1:] - s[0] * s[0]), np.asarray(cone.B.T @ signed)

    def z(self) -> tuple[Vector, ...]:
        out = []
        for k, cone in enumerate(self.program.cones):
            s = cone.B @ self.x + cone.b
            s[1:] *= -1.0
            out.append(s * self.pull[k] if self.on[k] else np.zeros(len(s)))
        return tuple(out)

    def imply(self) -> Mask:
        """Put bound columns on their bounds, then every column that its row alone determines; returns the (M,) rest.

        Fills `implied` and `stuck`.
        """
        self.x[self.low] = self.program.lower[self.low]
        self.x[self.high] = self.program.upper[self.high]
        free = ~(self.low | self.high)
        number = np.arange(1, len(free) + 1, dtype=float)
        open_rows = self.side != 0
        self.implied = []
        for _ in range(50):
            count = np.asarray(self.pattern @ free.astype(float))
            single = np.flatnonzero(open_rows & (count == 1))
            if len(single) == 0:
                break
            columns = np.rint(np.asarray(self.pattern[single] @ (number * free))).astype(np.intp) - 1
            columns, first = np.unique(columns, return_index=True)
            single = single[first]
            part = self.A[single]
            coefficient = np.asarray(part @ free.astype(float))
            self.x[columns] = 0.0
            self.x[columns] = (self.targets(single) - np.asarray(part @ self.x)) / coefficient
            free[columns], open_rows[single] = False, False
            self.implied.append((single, columns, coefficient))
        self.stuck = np.flatnonzero(open_rows & (np.asarray(self.pattern @ free.astype(float)) == 0))
        return free

    def recover(self) -> None:
        """Multipliers of the rows that determine a column: what makes that column stationary, last found first."""
        for rows, columns, coefficient in reversed(self.implied):
            self.y[rows] = 0.0
            pull = self.gradient() + np.asarray(self.A.T @ self.y) + self.cone_pull()
            self.y[rows] = -pull[columns] / coefficient

    def settle_degenerate_rows(self) -> None:
        """Choose the multipliers of active rows whose columns are all held: anything in the interval the signs leave.

        An asset that is not held and not bought has w = buys = sells = 0 in w - buys + sells = 0. An empty interval says
        that two of them should move together: the midpoint gives both the wrong sign, and the correction frees them.
        """
        rows = self.stuck
        if len(rows) == 0:
            return
        part = sp.coo_array(self.A[rows])
        for _ in range(SETTLING):  # rows that share a column settle in turns
            if float(np.abs(self._settled(rows, part)).max()) <= 1e-16:
                break
            self.recover()

    def _settled(self, rows: Indices, part: sp.coo_array) -> Vector:
        """Move the multipliers of `rows` into their intervals; returns by how much."""
        t = -(self.gradient() + np.asarray(self.A.T @ self.y) + self.cone_pull())
        r, j, a = part.coords[0], part.coords[1], part.data
        bound = t[j] / a
        floor = (self.low[j] & (a > 0)) | (self.high[j] & (a < 0))
        ceiling = (self.low[j] & (a < 0)) | (self.high[j] & (a > 0))
        least, most = np.full(len(rows), -np.inf), np.full(len(rows), np.inf)
        np.maximum.at(least, r[floor], bound[floor])
        np.minimum.at(most, r[ceiling], bound[ceiling])
        side = self.side[rows]
        least = np.maximum(least, np.where(side == 1, -self.y[rows], -np.inf))
        most = np.minimum(most, np.where(side == -1, -self.y[rows], np.inf))
        move = np.clip(0.0, np.minimum(least, most), np.maximum(least, most))
        crossed = least > most
        move[crossed] = 0.5 * (least[crossed] + most[crossed])
        self.y[rows] += move
        return np.asarray(move)

    def corrected(self, *, cautious: bool) -> bool:
        """Add what is violated, drop what has the wrong sign; True when anything changed. cautious: only the worst one."""
        p, held = self.program, self.low | self.high
        gradient = self.gradient()
        t = -(gradient + np.asarray(self.A.T @ self.y) + self.cone_pull())
        size = max(float(np.abs(gradient).max(initial=0.0)), SMALLEST_GRADIENT)
        Ax = np.asarray(self.A @ self.x)
        room, idle = ROW_OUTSIDE * np.maximum(1.0, np.abs(Ax)), self.side == 0
        against = np.where(self.low, t, np.where(self.high, -t, 0.0)) / size
        row_against = np.where(np.abs(self.side) == 1, -self.side * self.y, 0.0) / size
        wrong = np.concatenate(
            [
                _above(np.where(held, 0.0, p.lower - self.x), OUTSIDE),
                _above(np.where(held, 0.0, self.x - p.upper), OUTSIDE),
                _above(against, WRONG_SIGN),
                _above(np.where(idle, Ax - p.row_upper, 0.0), room),
                _above(np.where(idle, p.row_lower - Ax, 0.0), room),
                _above(row_against, WRONG_SIGN),
                self._cone_faults(size),
                self._unreachable(),
            ]
        )
        if not wrong.any():
            return False
        if cautious:
            worst = int(wrong.argmax())
            wrong = np.where(np.arange(len(wrong)) == worst, wrong, 0.0)
        M, m, c = len(self.x), len(self.y), len(self.on)
        cuts = np.cumsum([M, M, M, m, m, m, c])
        to_low, to_high, loose, row_up, row_down, row_loose, cone, unreachable = np.split(wrong > 0, cuts)
        self.low = (self.low & ~loose & ~unreachable) | to_low
        self.high = (self.high & ~loose & ~unreachable) | (to_high & ~to_low)
        self.side[row_up], self.side[row_down], self.side[row_loose] = 1, -1, 0
        self.y[row_loose] = 0.0
        self.on ^= cone
        self.pull[cone] = 0.0
        return True

    def with_less_cash(self) -> bool:
        """For a ratio that mixing in cash does not change: mix out, until a bound is met. True when something moved."""
        if self.scale is None or not self.scale.drift.any():
            return False
        drift = self.scale.drift
        # Other assets drift too, in proportion; what comes from rounding does not count.
        moving = np.abs(drift) > 1e-9 * np.abs(drift).max()
        room = np.where(drift > 0, self.program.upper - self.x, self.program.lower - self.x)
        steps = np.full(len(drift), np.inf)
        steps[moving] = room[moving] / drift[moving]
        first = int(steps.argmin())
        if not np.isfinite(steps[first]):
            return False
        self.x += max(float(steps[first]), 0.0) * drift
        self.scale.theta += max(float(steps[first]), 0.0)
        (self.low if drift[first] < 0 else self.high)[first] = True
        self.scale.drift[:] = 0.0
        return True

    def _cone_faults(self, size: float) -> Vector:
        """(c,) a cone that is left although not held, or held with the wrong sign."""
        out = np.zeros(len(self.on))
        for k, cone in enumerate(self.program.cones):
            if self.on[k]:
                out[k] = -self.pull[k] / size if self.pull[k] < -WRONG_SIGN * size else 0.0
            else:
                s = cone.B @ self.x + cone.b
                excess = float(np.linalg.norm(s[1:]) - s[0])
                out[k] = excess if excess > ROW_OUTSIDE else 0.0
        return out

    def _unreachable(self) -> Vector:
        """(M,) for each active row that its held columns cannot satisfy, the held column farthest from its bound."""
        out = np.zeros(len(self.x))
        if len(self.stuck) == 0:
            return out
        missed = np.abs(np.asarray(self.A[self.stuck] @ self.x) - self.targets(self.stuck))
        for row in self.stuck[missed > 1e-11]:
            columns = self.program.A.indices[self.program.A.indptr[row] : self.program.A.indptr[row + 1]]
            held = columns[(self.low | self.high)[columns]]
            if len(held):
                slack = np.abs(self.x_start[held] - self.x[held])
                out[held[int(slack.argmax())]] = float(max(missed.max(), 1e-9))
        return out

    def violation(self) -> float:
        """The largest miss of box, rows and cones."""
        p, Ax = self.program, np.asarray(self.A @ self.x)
        size = np.maximum(1.0, np.asarray(abs(self.A) @ np.abs(self.x)))
        cones = [0.0]
        for cone in p.cones:
            s = cone.B @ self.x + cone.b
            cones.append(float(np.linalg.norm(s[1:]) - s[0]))
        box = np.maximum(p.lower - self.x, self.x - p.upper).max(initial=0.0)
        return float(max(box, (np.maximum(p.row_lower - Ax, Ax - p.row_upper) / size).max(initial=0.0), *cones))


def _above(values: Vector, threshold: Vector | float) -> Vector:
    return np.where(values > threshold, values, 0.0)
