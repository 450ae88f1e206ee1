"""S2's answers: EfficientFrontierResponse and FactorExposureResponse, with what S2 has no name for beside its own."""

from __future__ import annotations

from typing import Any

from portopt.domain.explanation import FrontierPoint
from portopt.domain.factor_analysis import FactorAttribution
from portopt.domain.found import FactorsOfBook, FoundFrontier, on_data
from portopt.domain.problem import Problem


def write_frontier(found: FoundFrontier) -> dict[str, Any]:
    """S2's frontier shape: points with weights by asset, and the portfolios to compare with.

    risk is in the frontier's own measure, volatility beside it; sharpe is excess return over volatility, ratio over risk.
    """
    problem, line = found.problem, found.frontier
    return {
        "portfolio_id": problem.portfolio_id,
        "risk_measure": line.risk_measure,
        "risk_free_rate": problem.risk_free_rate,
        "turning_points": line.turning_points,
        "without": list(line.without),
        "efficient_frontier": [_point(problem, p) for p in line.points],
        "current_portfolio": None if line.current is None else _point(problem, line.current),
        "optimal_portfolio": _point(problem, line.optimal),
        "min_risk_portfolio": _point(problem, line.min_risk),
        "max_return_portfolio": _point(problem, line.max_return),
        **on_data(found.rests_on),
    }


def _point(problem: Problem, p: FrontierPoint) -> dict[str, Any]:
    risk = p.volatility if p.risk is None else p.risk
    excess = p.expected_return - problem.risk_free_rate
    return {
        "return": p.expected_return,
        "risk": risk,
        "sharpe": p.sharpe_ratio,
        "volatility": p.volatility,
        "ratio": excess / risk if risk > 0.0 else None,
        "weights": None if p.weights is None else dict(zip(problem.universe.ids, p.weights.tolist(), strict=True)),
    }


def write_factors(found: FactorsOfBook) -> dict[str, Any]:
    """Under S2's names (FactorExposureResponse), what S2 has no name for beside them."""
    a = found.analysis
    return {
        "portfolio_id": a.portfolio_id,
        "as_of": None if a.as_of is None else a.as_of.isoformat(),
        "factors": [line.factor for line in a.exposures],
        "exposures": [
            {
                "factor": line.factor,
                "exposure": line.exposure,
                "benchmark_exposure": line.benchmark_exposure,
                "active_exposure": line.active_exposure,
                "standard_error": line.standard_error,
                "t_statistic": line.t_statistic,
                "active_standard_error": line.active_standard_error,
            }
            for line in a.exposures
        ],
        "attribution": _lines(a.attribution),
        "active_attribution": _lines(a.active_attribution),
        "return_attribution": _lines(a.return_attribution),
        "volatility": a.volatility,
        "systematic_volatility": a.systematic_volatility,
        "specific_volatility": a.specific_volatility,
        "r_squared": a.r_squared,
        "tracking_error": a.tracking_error,
        "mean_return": a.mean_return,
        "method": a.method,
        "observations": a.observations,
        "notes": list(a.notes),
        "portfolio": found.portfolio,
        **({} if found.rests_on is None else {"pricing_pack_id": found.rests_on.pricing_pack_id}),
    }


def _lines(lines: tuple[FactorAttribution, ...]) -> list[dict[str, Any]]:
    return [
        {
            "factor": line.factor,
            "contribution": line.contribution,
            "percent_contribution": line.percent_contribution,
            "marginal": line.marginal,
        }
        for line in lines
    ]
