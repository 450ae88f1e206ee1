"""Weights whose shares of the conditional value at risk are given, over scenarios.

    minimize  CVaR(y) - sum_i b_i log y_i,    CVaR(y) = min_a  a + sum_t c_t max(0, -s_t'y - a),    c_t = p_t / (1 - confidence)

With scenario weights 0 <= q_t <= c_t, 1'q = 1 (its dual; the mean loss under q is the CVaR) the minimum has
y_i (-S'q)_i = b_i: q makes the contributions exact where the CVaR has a kink, which at its minimum it always has.

A primal-dual interior point: every scenario's two complementarities are eliminated and each step factors one
matrix  diag(z/y) + S'WS  of the size of the assets, not of the scenarios.
Source: Rockafellar and Uryasev (2000); Mausser and Romanko (2018) for the budgets.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.errors import DataError

STEPS = 150
EXACT = 1e-13
GOOD = 1e-9
PATIENCE = 3  # steps without progress once it is good: what is left is rounding
ENDLESS = 1e9
HEAVY = 1e6
SHORT = 0.1
TO_THE_EDGE = 0.995


@dataclass(frozen=True, slots=True, eq=False)
class CvarBudgets:
    """weights (n,) adding to one; scenario_weights (T,) the q of their CVaR; contributions (n,) = w_i (-S'q)_i."""

    weights: Vector
    scenario_weights: Vector
    contributions: Vector


def cvar_budget_weights(S: Matrix, probabilities: Vector, confidence: float, b: Vector) -> CvarBudgets:
    """S: (T, n) periodic simple returns; probabilities: (T,); confidence such as 0.95; b: (n,) budgets adding to one.

    Raises DataError where some long-only portfolio has no loss in its tail: nothing is at risk there.
    """
    unit = float(np.abs(S).mean()) or 1.0
    point = _Point.start(S / unit, probabilities / (1.0 - confidence), b)
    best, least, since = point, point.error(), 0
    for _ in range(STEPS):
        try:
            point = point.stepped()
        except np.linalg.LinAlgError:  # past its last digit; whether that was enough is judged below
            break
        error = point.error()
        if not np.isfinite(error) or point.y.max() > ENDLESS:
            break
        best, since = (point, 0) if error < least else (best, since + 1)
        least = min(least, error)
        if least <= EXACT or (least <= GOOD and since >= PATIENCE):
            break
    if not least <= GOOD:
        raise DataError(
            "CVaR budgets could not be met: some combination of the assets has no loss in its tail at this confidence, "
            "so its risk has no budget",
            field="objective.confidence",
            value=confidence,
            measured={"residual": least},
            fixes=["raise the confidence", "take the assets without losses out", "use measure volatility"],
        )
    w = best.y / best.y.sum()
    return CvarBudgets(w, best.q, -w * (S.T @ best.q))


@dataclass(frozen=True, slots=True, eq=False)
class _Point:
    """y, z (n,), zy = b; a; u, v (T,) the shortfall and the slack, r, q (T,) their multipliers, r + q = c."""

    S: Matrix
    c: Vector
    b: Vector
    y: Vector
    z: Vector
    a: float
    u: Vector
    v: Vector
    q: Vector
    r: Vector  # kept beside q: c - q would round to nothing at last

    @classmethod
    def start(cls, S: Matrix, c: Vector, b: Vector) -> _Point:
        size = np.maximum(S.std(axis=0), 1e-300)
        y = b / size
        losses = -(S @ y)
        a = float(np.quantile(losses, 0.9))
        u = np.maximum(losses - a, 0.0) + 0.5
        return cls(S, c, b, y, b / y, a, u, u - losses + a, 0.5 * c, 0.5 * c)

    def residuals(self) -> tuple[Vector, float, Vector]:
        """Of z = -S'q, of 1'q = 1, of v = u + S y + a."""
        return self.z + self.S.T @ self.q, float(self.q.sum()) - 1.0, self.u + self.S @ self.y + self.a - self.v

    def error(self) -> float:
        """The largest miss: of the budgets, of 1'q = 1, of the scenarios' complementarity and definition; risk is one."""
        along_y, along_a, along_v = self.residuals()
        products = float(self.v @ self.q + self.u @ self.r)
        parts = (
            np.abs(self.y * along_y).max(),
            abs(along_a),
            np.abs(along_v).max(),
            products,
            np.abs(self.y * self.z - self.b).max(),
        )
        return float(max(parts))

    def stepped(self) -> _Point:
        """One predictor-corrector step."""
        system = _System(self)
        mu = float(self.v @ self.q + self.u @ self.r) / (2 * len(self.c))
        zero = np.zeros(len(self.c))
        affine = system.direction(0.0, zero, zero, np.zeros(len(self.y)))
        t = self.longest(affine, 1.0)
        dy, da, du, dv, dq, dz = affine
        after = (self.v + t * dv) @ (self.q + t * dq) + (self.u + t * du) @ (self.r - t * dq)
        centre = mu * (float(after) / (2 * len(self.c)) / mu) ** 3 if mu > 0.0 else 0.0
        d = system.direction(centre, dv * dq, -du * dq, dy * dz)
        t = self.longest(d, TO_THE_EDGE)
        if t < SHORT:  # the pairs have grown apart: back to the centre first
            d = system.direction(0.8 * mu, zero, zero, np.zeros(len(self.y)))
            t = self.longest(d, 0.9)
        dy, da, du, dv, dq, dz = d
        return _Point(
            self.S, self.c, self.b, self.y + t * dy, self.z + t * dz, self.a + t * da,
            self.u + t * du, self.v + t * dv, self.q + t * dq, self.r - t * dq,
        )  # fmt: skip

    def longest(self, d: tuple[Vector, float, Vector, Vector, Vector, Vector], share: float) -> float:
        dy, _, du, dv, dq, dz = d
        t = 1.0
        with np.errstate(divide="ignore", invalid="ignore"):
            for x, dx in ((self.y, dy), (self.z, dz), (self.u, du), (self.v, dv), (self.q, dq), (self.r, -dq)):
                falling = dx < 0.0
                if falling.any():
                    t = min(t, share * float((-x[falling] / dx[falling]).min()))
        return t


class _System:
    """The Newton system at one point.

    Scenarios at the quantile end with weights W beyond all measure, which would drown diag(z/y): theirs are not eliminated,
    their dq stays among the unknowns,   [K  A'; A  -1/W] (dy, da, -dq),   K of the other scenarios, A = [S 1].
    """

    def __init__(self, p: _Point) -> None:
        self.p = p
        self.W = 1.0 / (p.v / p.q + p.u / p.r)
        n = len(p.y)
        ratio = self.W * float((p.y / p.z).max())
        self.kept = np.argsort(-ratio)[: n + 1]
        self.kept = self.kept[ratio[self.kept] > HEAVY]
        self.light = self.W.copy()
        self.light[self.kept] = 0.0
        WS = p.S * self.light[:, None]
        size = n + 1 + len(self.kept)
        K = np.zeros((size, size))
        K[:n, :n] = p.S.T @ WS
        K[np.arange(n), np.arange(n)] += p.z / p.y
        K[:n, n] = K[n, :n] = WS.sum(axis=0)
        K[n, n] = self.light.sum()
        A = np.column_stack([p.S[self.kept], np.ones(len(self.kept))])
        K[n + 1 :, : n + 1], K[: n + 1, n + 1 :] = A, A.T
        K[np.arange(n + 1, size), np.arange(n + 1, size)] = -1.0 / self.W[self.kept]
        # Budgets of any size: scaled to a unit diagonal where there is one.
        self.scale = np.ones(size)
        self.scale[:n] = 1.0 / np.sqrt(np.diagonal(K)[:n])
        self.K = K * self.scale[:, None] * self.scale

    def direction(self, mu: float, vq: Vector, ur: Vector, yz: Vector) -> tuple[Vector, float, Vector, Vector, Vector, Vector]:
        """(dy, da, du, dv, dq, dz) towards products mu; vq, ur, yz: second-order corrections."""
        p, n = self.p, len(self.p.y)
        along_y, along_a, along_v = p.residuals()
        to_v, to_u = (mu - vq) / p.q - p.v, (mu - ur) / p.r - p.u
        to_z = (p.b - yz) / p.y - p.z
        # dq = W (to_v - to_u - along_v - S dy - da)
        rho = to_v - to_u - along_v
        right = np.concatenate(
            [along_y + to_z + p.S.T @ (self.light * rho), [along_a + float(self.light @ rho)], rho[self.kept]]
        )
        solution = self.scale * np.linalg.solve(self.K, self.scale * right)
        dy, da = solution[:n], float(solution[n])
        dq = self.W * (rho - p.S @ dy - da)
        dq[self.kept] = -solution[n + 1 :]
        dz = to_z - p.z / p.y * dy
        return dy, da, to_u + p.u / p.r * dq, to_v - p.v / p.q * dq, dq, dz
