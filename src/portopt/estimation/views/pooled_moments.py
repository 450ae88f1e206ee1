"""Entropy pooling from a request to moments: the distribution after the views, and its mean and covariance."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from portopt.domain.arrays import Indices, Matrix, Vector
from portopt.domain.errors import MissingInput
from portopt.domain.moments import Covariance, Moments
from portopt.estimation.covariance.forms import few_rows, sealed
from portopt.estimation.views.entropy_pooling import divergence, effective_scenarios, pooled
from portopt.estimation.views.parse import PATH
from portopt.estimation.views.scenario_views import Choice, ScenarioView, measured


def apply(choice: Choice, moments: Moments) -> tuple[Moments, dict[str, Any]]:
    """Moments with the scenarios' new probabilities, and what was done, as plain data.

        p = (1 - c) q + c p*,   mu = periods sum_t p_t s_t,   Sigma = periods sum_t p_t (s_t - m)(s_t - m)'

    c is the confidence in all views together; at one they hold exactly. mu and Sigma are those of the weighted scenarios,
    in place of the estimates: the mean, the covariance and every scenario measure speak of one distribution. With the
    prior "estimate" the scenarios are first moved and stretched, asset by asset, to the estimated means and volatilities.
    The covariance is dense, or in factor form (the scenarios are the factors) where there are twice as many assets.

    Raises:
        MissingInput: no scenarios. InvalidValue: views that cannot hold.
    """
    if moments.scenarios is None:
        raise MissingInput(
            "entropy pooling weighs scenarios, and there are none: it needs returns, complete on enough common dates",
            field=f"{PATH}.method",
            fixes=["give returns", "use the method black_litterman"],
        )
    universe, years = moments.universe, moments.scenarios_per_year
    risky = np.flatnonzero(~universe.is_cash)
    T = len(moments.scenarios)
    q = np.full(T, 1.0 / T) if moments.probabilities is None else moments.probabilities
    S = moments.scenarios if choice.prior == "scenarios" else _stretched(moments, q, risky)
    best = pooled(S, q, choice.views, years)
    p = best if choice.confidence == 1.0 else (1.0 - choice.confidence) * q + choice.confidence * best
    mean = p @ S
    mu = mean * years
    mu[~np.isin(np.arange(len(mu)), risky)] = moments.mu[~np.isin(np.arange(len(mu)), risky)]
    how = f"entropy_pooling (prior {choice.prior}, {len(choice.views)} views, {effective_scenarios(p):.0f} effective scenarios)"
    after = dataclasses.replace(
        moments,
        mu=mu,
        covariance=_covariance(S, p, mean, years, risky),
        scenarios=S,
        probabilities=p,
        expected_return_method=how,
        covariance_method=how,
    )
    facts = {
        "method": "entropy_pooling",
        "prior": choice.prior,
        "confidence": choice.confidence,
        "scenarios": T,
        "effective_scenarios": effective_scenarios(p),
        "effective_scenarios_before": effective_scenarios(q),
        "relative_entropy": divergence(p, q),
        "views": [_told(view, S, q, p, years) for view in choice.views],
    }
    return after, facts


def _stretched(moments: Moments, q: Vector, risky: Indices) -> Matrix:
    """(T, n) scenarios whose means and deviations are the estimated ones; their correlations stay."""
    S = np.array(moments.scenarios)
    part = S[:, risky]
    mean = q @ part
    away = part - mean
    deviation = np.sqrt(q @ away**2)
    years = moments.scenarios_per_year
    wanted = np.sqrt(moments.covariance.diagonal()[risky] / years)
    S[:, risky] = moments.mu[risky] / years + away * (wanted / np.where(deviation > 0.0, deviation, 1.0))
    return S


def _covariance(S: Matrix, p: Vector, mean: Vector, years: float, risky: Indices) -> Covariance:
    Y = np.zeros_like(S)
    Y[:, risky] = S[:, risky] - mean[risky]
    if few_rows(S):
        return Covariance(F=Y.T, Omega=np.diag(p * years), D=np.zeros(S.shape[1]))
    weighted = np.sqrt(p * years)[:, None] * Y
    return sealed(weighted.T @ weighted)


def _told(view: ScenarioView, S: Matrix, q: Vector, p: Vector, years: float) -> dict[str, Any]:
    return {
        "view": view.text,
        "prior": measured(view, S, q, years),
        "posterior": measured(view, S, p, years),
    }
