"""Scenarios as measures read them: returns over the horizon, their probabilities, tails and quantiles of a loss."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Matrix, Vector
from portopt.domain.errors import MissingInput
from portopt.domain.problem import Problem
from portopt.domain.program import Program
from portopt.terms.risk_measures.protocol import Bound

# Helper columns are given a finite reach, so that the bound on what any other portfolio could gain stays a proof: losses of
# portfolios whose longs and shorts add up to no more than this many times their value. It never binds.
GROSS = 100.0
SAME_PROBABILITY = 1e-12  # probabilities that differ by less are one number that was added up twice


def horizon_returns(p: Problem, horizon: int) -> tuple[Matrix, Vector]:
    """(T', n) simple returns over `horizon` periods and their probabilities (T',).

        R_t = (1 + r_t)(1 + r_{t+1}) ... (1 + r_{t+h-1}) - 1      asset by asset, windows that overlap, T' = T - h + 1

    A window has the probability of its last period, rescaled to add up to one. A portfolio's return is w'R_t: bought at the
    beginning and held. Raises MissingInput without scenarios, or with fewer periods than the horizon.
    """
    S, probabilities = p.scenarios()
    if horizon == 1:
        return S, probabilities
    T = len(S) - horizon + 1
    if T < 1:
        raise MissingInput(
            f"{len(S)} periods of returns hold no horizon of {horizon} periods",
            field="horizon",
            measured={"periods": len(S), "horizon": horizon},
            fixes=[f"shorten the horizon to {len(S)} periods or fewer", "give a longer history"],
        )
    growth = np.ones((T, S.shape[1]))
    for k in range(horizon):
        growth *= 1.0 + S[k : k + T]
    last = probabilities[horizon - 1 :]
    total = float(last.sum())
    return growth - 1.0, last / total if total > 0.0 else np.full(T, 1.0 / T)


def reach(returns: Matrix) -> float:
    """How large a loss (or a gain) any portfolio may show: GROSS times the largest return of any asset.

    returns: (T, n) simple returns of the horizon.
    """
    return GROSS * max(float(np.abs(returns).max(initial=0.0)), 1e-6)


def tail_weights(losses: Vector, probabilities: Vector, confidence: float) -> Vector:
    """(T,) how much of each scenario lies in the worst 1 - confidence, divided by that: non-negative, adding up to one.

    The worst scenarios whole, the one at the boundary in part. CVaR is their average.
    """
    mass = 1.0 - confidence
    order = np.argsort(-losses, kind="stable")
    before = np.concatenate([[0.0], np.cumsum(probabilities[order])[:-1]])
    taken = np.clip(mass - before, 0.0, probabilities[order])
    out = np.zeros(len(losses))
    out[order] = taken / mass
    return out


def quantile_position(losses: Vector, probabilities: Vector, confidence: float) -> int:
    """Which scenario's loss is the smallest x with P(loss <= x) >= confidence.

    losses, probabilities: (T,).
    """
    order: Indices = np.argsort(losses, kind="stable")
    reached = np.cumsum(probabilities[order]) >= confidence - SAME_PROBABILITY
    return int(order[int(np.argmax(reached))]) if reached.any() else int(order[-1])


def root_mean_square_cone(program: Program, columns: Indices, probabilities: Vector) -> Bound:
    """s >= sqrt( sum_t p_t x_t^2 ) of the given columns, a second-order cone.

    columns: (T,) positions of the x_t. probabilities: (T,).
    """
    s = program.add_columns(1, lower=0.0)
    counted = np.flatnonzero(probabilities > 0.0)
    blocks: list[tuple[int, sp.sparray | Matrix, Indices]] = [
        (0, np.ones((1, 1)), s),
        (1, sp.diags_array(np.sqrt(probabilities[counted])), columns[counted]),
    ]
    program.add_cone("second_order", blocks, np.zeros(1 + len(counted)), limit="")
    return Bound(s, np.ones(1))
