"""What was to be expected of a run's books by factor: fitted, at each decision, on what was known then."""

from __future__ import annotations

from typing import Any

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.backtest import Backtested, Decision
from portopt.domain.canonical import plain
from portopt.domain.factor_returns import FactorReturns
from portopt.judgement.sources import FactorAttribution, ex_ante
from portopt.simulation.history import Known
from portopt.simulation.simulate import Simulation

MOST = 24  # decisions, evenly over all of them: each is a regression of every asset held
YEAR = 252.0
OF_A_PART = ("exposure", "contribution", "share")
SPARE = 10  # days that a regression needs beside one for each factor


def expected_factors(s: Simulation, run: Backtested) -> dict[str, Any] | None:
    """The mean over the decisions: {decisions, parts [{name, exposure, contribution, share}]}; the last part is specific.

        r_i = a_i + b_i' f + e_i     over the policy's window before each decision;   x = B'w

    contribution: x_k mean(f_k) a year; share: of the variance x' Omega x + sum_i var(e_i) w_i^2. None where no decision has
    factor returns by day behind it.
    """
    made = [d for d in run.decisions if d.weights is not None]
    chosen = [made[k] for k in sorted({round(i) for i in np.linspace(0, len(made) - 1, min(MOST, len(made))).tolist()})]
    found = [one for d in chosen if (one := _at(s, d)) is not None]
    if not found:
        return None
    names = [part.name for part in found[-1].parts]
    found = [one for one in found if [part.name for part in one.parts] == names]  # a later file may have other factors
    parts = [
        {"name": name, **{what: float(np.mean([getattr(one.parts[k], what) for one in found])) for what in OF_A_PART}}
        for k, name in enumerate(names)
    ]
    share = float(np.mean([one.specific_share for one in found]))
    specific = {"name": "specific", "exposure": None, "contribution": 0.0, "share": share}
    return {"decisions": len(found), "parts": plain([*parts, specific])}


def _at(s: Simulation, d: Decision) -> FactorAttribution | None:
    """Of one decision; None where what was known then is too little."""
    known = s.history.known(d.day)
    factors = known.factor_returns
    if factors is None or factors.dates is None or d.weights is None:
        return None
    w = d.weights[:-1]
    held = np.flatnonzero(w)
    R, F = _window(known, factors, held, s.request.policy.estimation.lookback)
    T, K = F.shape
    if not len(held) or T < K + SPARE:
        return None
    D = F - F.mean(axis=0)
    coefficients, _, rank, _ = np.linalg.lstsq(D, R - R.mean(axis=0), rcond=1e-10)
    if rank < K:
        return None
    left = R - R.mean(axis=0) - D @ coefficients
    specific = (left**2).sum(axis=0) / (T - K - 1) * YEAR
    Omega = np.atleast_2d(np.cov(F, rowvar=False)) * YEAR
    return ex_ante(w[held], coefficients.T, F.mean(axis=0) * YEAR, Omega, specific, factors.names)


def _window(known: Known, factors: FactorReturns, held: Any, lookback: int | None) -> tuple[Matrix, Matrix]:
    """(T, m) returns of what is held and (T, K) of the factors, on days that both have, of the policy's window."""
    rows = slice(0 if lookback is None else max(len(known.prices) - lookback - 1, 0), None)
    prices, dates = known.prices[rows][:, held], known.dates[rows]
    with np.errstate(invalid="ignore", divide="ignore"):
        R = prices[1:] / prices[:-1] - 1.0
    whole = _complete(R)
    days = np.asarray(factors.dates, dtype=dates.dtype)
    _, mine, theirs = np.intersect1d(dates[1:][whole], days, return_indices=True)
    return R[whole][mine], factors.values[theirs]


def _complete(R: Matrix) -> Vector:
    return np.asarray(np.isfinite(R).all(axis=1))
