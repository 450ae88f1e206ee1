"""How far any two returns lie apart, on average."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.problem import Problem
from portopt.domain.program import Program
from portopt.terms.risk_measures.parameters import checked_horizon, over
from portopt.terms.risk_measures.protocol import Bound, RiskMeasure
from portopt.terms.risk_measures.scenarios import horizon_returns

MOST_ENTRIES = 8_000_000  # of the pairs of scenarios times assets: 900 scenarios of 20 assets, 400 of 100


@dataclass(frozen=True, slots=True)
class GiniMeanDifference(RiskMeasure):
    """R(w) = sum_s sum_t p_s p_t |r_s'w - r_t'w|        over the horizon

    By ranks, x_(1) <= x_(2) <= ..., P_k the probabilities added up:  2 sum_k p_(k) x_(k) (P_k + P_{k-1} - 1).
    In the program one row a pair, exactly: u_st >= (r_s - r_t)'w for s < t, |d| = 2 max(d, 0) - d. Past MOST_ENTRIES it is
    refused as objective and limit, and still measured.
    Source: Gini (1912); Yitzhaki (1982) for portfolios.
    """

    horizon: int = 1

    kind: ClassVar[str] = "gini_mean_difference"
    scenario_based: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "horizon", checked_horizon(self.kind, self.horizon))

    def express(self, program: Program, p: Problem) -> Bound:
        R, prob = horizon_returns(p, self.horizon)
        _refuse_large(len(R), p.n)
        s, t = np.triu_indices(len(R), 1)
        u = program.add_hinges(R[s] - R[t], program.weights, 0.0)
        # sum over pairs of p_s p_t (r_s - r_t): every return counted by what comes after it less what comes before.
        after = 1.0 - np.cumsum(prob)
        before = np.concatenate([[0.0], np.cumsum(prob)[:-1]])
        linear = -2.0 * (prob * (after - before)) @ R
        return Bound(np.concatenate([u, program.weights]), np.concatenate([4.0 * prob[s] * prob[t], linear]))

    def value(self, w: Vector, p: Problem) -> float:
        R, prob = horizon_returns(p, self.horizon)
        returns = R @ w
        return float(_rank_weights(returns, prob) @ returns)

    def gradient(self, w: Vector, p: Problem) -> Vector:
        R, prob = horizon_returns(p, self.horizon)
        return np.asarray(_rank_weights(R @ w, prob) @ R)

    def describe(self, periods_per_year: float | None = None) -> str:
        return f"Gini mean difference, {over(self.horizon, periods_per_year)}"


def _rank_weights(returns: Vector, prob: Vector) -> Vector:
    """(T,) 2 p_t (P_t + P_before - 1) by the rank of each return."""
    order = np.argsort(returns, kind="stable")
    ranked = prob[order]
    reached = np.cumsum(ranked)
    out = np.zeros(len(returns))
    out[order] = 2.0 * ranked * (2.0 * reached - ranked - 1.0)
    return out


def _refuse_large(T: int, n: int) -> None:
    """Raises InvalidValue where the pairs of scenarios would fill the memory."""
    pairs = T * (T - 1) // 2
    if pairs * n <= MOST_ENTRIES:
        return
    fits = int((1.0 + np.sqrt(1.0 + 8.0 * MOST_ENTRIES / n)) / 2.0)
    raise InvalidValue(
        "measure",
        "gini_mean_difference",
        f"{T} scenarios make {pairs:,} pairs of {n} assets, {pairs * n:,} numbers; at most {MOST_ENTRIES:,} are solved exactly",
        fix=f"use mad, or a lookback of {fits} periods",
    )
