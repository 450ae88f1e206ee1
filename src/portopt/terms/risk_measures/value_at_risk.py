"""The loss that is not exceeded at a confidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.problem import Problem
from portopt.domain.program import INF, Program
from portopt.terms.risk_measures.parameters import DEFAULT_CONFIDENCE, at_confidence, checked_confidence, checked_horizon, over
from portopt.terms.risk_measures.protocol import Bound, RiskMeasure
from portopt.terms.risk_measures.scenarios import SAME_PROBABILITY, horizon_returns, quantile_position

MOST_SCENARIOS = 150  # ten seconds; the search grows with the number of ways to leave a few of them out
BOXES = ("long_only", "max_weight", "min_weight", "min_quality", "cash", "fully_invested", "frozen")


@dataclass(frozen=True, slots=True)
class ValueAtRisk(RiskMeasure):
    """R(w) = the smallest x with P(-r_t'w <= x) >= beta        over the horizon, of the scenarios as they are

    Not convex. In the program, with a whole number y_t for every scenario that may be left out,

        eta + M_t y_t >= -r_t'w,   sum_t p_t y_t <= 1 - beta,   y_t in {0, 1},

    M_t the most that scenario t can lose beyond what eta is at least, by the box of the weights: exact to the gap of the
    mixed-integer search, which is reported. Refused beyond MOST_SCENARIOS, and where a weight has no bounds.
    Source: Benati and Rizzi (2007).
    """

    confidence: float = DEFAULT_CONFIDENCE
    horizon: int = 1

    kind: ClassVar[str] = "var"
    scenario_based: ClassVar[bool] = True
    is_convex: ClassVar[bool] = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "confidence", checked_confidence(self.kind, self.confidence))
        object.__setattr__(self, "horizon", checked_horizon(self.kind, self.horizon))

    def express(self, program: Program, p: Problem) -> Bound:
        R, prob = horizon_returns(p, self.horizon)
        R, prob = R[prob > 0.0], prob[prob > 0.0]
        if len(R) > MOST_SCENARIOS:
            raise InvalidValue(
                "measure",
                "var",
                f"needs a whole-number search over {len(R)} scenarios; at most {MOST_SCENARIOS} are taken",
                fix=f"use cvar, which is convex, or a lookback of {MOST_SCENARIOS} periods",
            )
        least, most = _loss_ranges(R, *_box(p))
        floor = float(least[quantile_position(least, prob, self.confidence)])
        ceiling = float(most[quantile_position(most, prob, self.confidence)])
        eta = program.add_columns(1, lower=floor, upper=ceiling)
        excess = np.flatnonzero(most > floor)
        y = program.add_columns(len(excess), lower=0.0, upper=1.0, integer=True)
        block = np.hstack([R[excess], np.ones((len(excess), 1)), np.diag(most[excess] - floor)])
        program.add_rows(block, np.concatenate([program.weights, eta, y]), 0.0, INF, limit="", relax=0.0)
        program.add_rows(prob[excess][None, :], y, -INF, 1.0 - self.confidence + SAME_PROBABILITY, limit="", relax=0.0)
        return Bound(eta, np.ones(1))

    def value(self, w: Vector, p: Problem) -> float:
        R, prob = horizon_returns(p, self.horizon)
        losses = -(R @ w)
        return float(losses[quantile_position(losses, prob, self.confidence)])

    def gradient(self, w: Vector, p: Problem) -> Vector:
        R, prob = horizon_returns(p, self.horizon)
        return np.asarray(-R[quantile_position(-(R @ w), prob, self.confidence)])

    def describe(self, periods_per_year: float | None = None) -> str:
        return f"VaR {at_confidence(self.confidence)}, {over(self.horizon, periods_per_year)}"


def _box(p: Problem) -> tuple[Vector, Vector]:
    """(n,), (n,) between which the problem's own limits keep every weight. Raises InvalidValue where one is open."""
    scratch = Program(p.n)
    for limit in p.limits:
        if limit.kind in BOXES:
            limit.express(scratch, p)
    lower, upper = scratch.freeze().box()
    lower, upper = lower[: p.n], upper[: p.n]
    if np.isfinite(lower).all():
        # Weights add up to one: none can be more than what the floors of the others leave.
        upper = np.minimum(upper, 1.0 - (lower.sum() - lower))
    if not (np.isfinite(lower).all() and np.isfinite(upper).all()):
        raise InvalidValue(
            "measure",
            "var",
            "needs every weight bounded from below and above",
            fix="add long_only, or min_weight and max_weight",
        )
    return lower, upper


def _loss_ranges(R: Matrix, lower: Vector, upper: Vector) -> tuple[Vector, Vector]:
    """(T,), (T,) the least and the largest loss of each scenario over the box and the budget: the best assets filled first."""
    room, rest = upper - lower, 1.0 - float(lower.sum())
    out = []
    for losses in (-R, R):
        order = np.argsort(losses, axis=1, kind="stable")
        before = np.cumsum(room[order], axis=1) - room[order]
        filled = np.clip(rest - before, 0.0, room[order])
        out.append(losses @ lower + np.sum(np.take_along_axis(losses, order, axis=1) * filled, axis=1))
    return out[0], -out[1]
