"""A portfolio through a factor model: exposures with their errors, risk and return by factor, to the last digit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from portopt.domain.arrays import Indices, Vector
from portopt.domain.errors import MissingInput
from portopt.domain.factor_analysis import (
    OTHERS,
    RISK_FREE,
    SPECIFIC,
    FactorAnalysis,
    FactorAttribution,
    FactorExposure,
)
from portopt.domain.factor_model import FactorModel
from portopt.domain.problem import Problem

NO_TOTAL = 1e-14


def analyze_factors(
    problem: Problem, w: Vector, factors: Sequence[str] | None = None, as_of: date | None = None
) -> FactorAnalysis:
    """Of a problem's own factor model and benchmark. Raises MissingInput without a model; see `factor_analysis`.

    w: (n,) weights.
    """
    if problem.moments.factor_model is None:
        raise MissingInput(
            "a factor analysis needs a factor model",
            field="estimation.factors",
            fixes=['ask for one: {"method": "time_series", "source": "sample"} or {"method": "statistical"}'],
        )
    return factor_analysis(
        problem.moments.factor_model, w, problem.benchmark, factors, portfolio_id=problem.portfolio_id, as_of=as_of
    )


def factor_analysis(
    model: FactorModel,
    w: Vector,
    benchmark: Vector | None = None,
    factors: Sequence[str] | None = None,
    *,
    portfolio_id: str = "portfolio",
    as_of: date | None = None,
) -> FactorAnalysis:
    """Exposures and attributions of w (n,).

        exposure_k = B_k'w                                     (active: of w - b)
        risk_k     = y_k (Omega y)_k / sigma,  y = B'w;   specific = w'Dw / sigma;   they add up to sigma
        return_k   = y_k premium_k;   specific = alpha'w;   risk-free = rf sum(w);   they add up to the mean return

    Args:
        benchmark: (n,) weights, or None. factors: those wanted, None for all; the others appear together.
    Raises UnknownField for a factor the model does not have.
    Source: Euler's rule for the risk; Grinold and Kahn (2000), chapter 3.
    """
    shown = (
        np.arange(len(model.names)) if factors is None else np.array([model.factor(name) for name in factors], dtype=np.intp)
    )
    total = _volatility(model, w)
    active = None if benchmark is None else w - benchmark
    y = model.exposures(w)
    systematic = float(np.sqrt(max(float(y @ model.Omega @ y), 0.0)))
    has_history = model.observations > 0
    return FactorAnalysis(
        portfolio_id=portfolio_id,
        as_of=as_of,
        method=model.method,
        observations=model.observations,
        exposures=_exposures(model, w, benchmark, shown),
        attribution=_risk(model, w, shown),
        active_attribution=() if active is None else _risk(model, active, shown),
        return_attribution=_return(model, w, shown) if has_history else (),
        volatility=total,
        systematic_volatility=systematic,
        specific_volatility=float(np.sqrt(model.D @ w**2)),
        r_squared=(systematic / total) ** 2 if total > 0.0 else None,
        tracking_error=None if active is None else _volatility(model, active),
        mean_return=sum(line.contribution for line in _return(model, w, shown)) if has_history else None,
        notes=model.notes,
    )


def exposure_errors(model: FactorModel, w: Vector) -> Vector | None:
    """(K,) standard errors of B'w, or None where the model has none.

    Least squares on common factors is linear: B'w is the regression of the portfolio itself, so its own residuals give
    the errors, the assets' common surprises in them. Where residuals were not kept, or betas were shrunk, the assets'
    errors are taken as independent: sqrt(sum w_i^2 se_ik^2), as the model takes their specific returns to be.
    """
    held = w != 0.0
    if not np.isfinite(model.B_se[held]).all():
        return None
    if model.residuals is None or model.shrunk:
        return np.asarray(np.sqrt((w[held] ** 2) @ model.B_se[held] ** 2))
    from portopt.estimation.factor_models.regression import regress

    T = model.observations
    p = np.full(T, 1.0 / T) if model.weights is None else model.weights
    fit = regress((model.residuals @ w)[:, None], model.factor_returns, p, model.lags, model.names)
    return fit.errors[1:, 0]


def _volatility(model: FactorModel, w: Vector) -> float:
    y = model.exposures(w)
    return float(np.sqrt(max(float(y @ model.Omega @ y), 0.0) + float(model.D @ w**2)))


def _exposures(model: FactorModel, w: Vector, benchmark: Vector | None, shown: Indices) -> tuple[FactorExposure, ...]:
    y, errors = model.exposures(w), exposure_errors(model, w)
    y_b = None if benchmark is None else model.exposures(benchmark)
    active_errors = None if benchmark is None else exposure_errors(model, w - benchmark)

    def at(values: Vector | None, k: int) -> float | None:
        return None if values is None else float(values[k])

    return tuple(
        FactorExposure(
            model.names[k],
            float(y[k]),
            at(y_b, k),
            None if y_b is None else float(y[k] - y_b[k]),
            at(errors, k),
            at(active_errors, k),
        )
        for k in shown
    )


def _risk(model: FactorModel, w: Vector, shown: Indices) -> tuple[FactorAttribution, ...]:
    """Parts of the volatility of w."""
    sigma, y = _volatility(model, w), model.exposures(w)
    marginal = model.Omega @ y / sigma if sigma > 0.0 else np.zeros(len(y))
    specific = float(model.D @ w**2) / sigma if sigma > 0.0 else 0.0
    return _lines(model.names, y * marginal, shown, [(SPECIFIC, specific)], sigma, marginal)


def _return(model: FactorModel, w: Vector, shown: Indices) -> tuple[FactorAttribution, ...]:
    """Parts of the mean return of w over the model's history."""
    parts = model.exposures(w) * model.premia
    rest = [(SPECIFIC, float(model.alpha @ w)), (RISK_FREE, model.risk_free * float(w.sum()))]
    return _lines(model.names, parts, shown, rest, float(parts.sum()) + sum(part for _, part in rest), None)


def _lines(
    names: tuple[str, ...], parts: Vector, shown: Indices, rest: list[tuple[str, float]], total: float, marginal: Vector | None
) -> tuple[FactorAttribution, ...]:
    def line(name: str, part: float, slope: float | None = None) -> FactorAttribution:
        return FactorAttribution(name, part, part / total if abs(total) > NO_TOTAL else None, slope)

    found = [line(names[k], float(parts[k]), None if marginal is None else float(marginal[k])) for k in shown]
    hidden = np.setdiff1d(np.arange(len(names)), shown)
    if len(hidden):
        found.append(line(OTHERS, float(parts[hidden].sum())))
    return (*found, *(line(name, part) for name, part in rest))
