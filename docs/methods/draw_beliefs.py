"""Draws the plots of the pages on beliefs, robustness, several aims, factors and costs:  python docs/methods/draw_beliefs.py

From the sample prices, as draw.py; nothing is random but what has a seed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from draw import FEW, PERIODS, held, returns

from portopt import formulation
from portopt.adapters.providers.sample_factors import sample_factors
from portopt.analysis.robustness import worst_case
from portopt.dialects.portfolio_answers import write_factors
from portopt.document.compromises import compromises_document
from portopt.document.forecasts import forecasts_document
from portopt.document.views import beliefs_document
from portopt.domain.request import EstimationChoice
from portopt.doors.notebook import ask
from portopt.estimation import moments_from_returns
from portopt.questions.compromises import pareto
from portopt.questions.factors import factors as exposed
from portopt.questions.forecasts import forecasts as compared
from portopt.questions.views import views as applied
from portopt.questions.weights import optimize
from portopt.reports.svg.drawings import factors_plot, forecasts_plot, pareto_plot, views_plot
from portopt.reports.svg.plots import Plot, Series, svg

FOLDER = Path(__file__).parent / "plots"
SCORES = dict(zip(FEW, (7.5, 6.0, 3.0, 8.0, 5.0, 7.0, 6.5, 8.5, 4.5, 2.5), strict=True))
SCORED = {asset: {"esg_score": score} for asset, score in SCORES.items()}
CAP = {"max_weight": 0.3}


def black_litterman() -> str:
    views = [
        {"assets": {"XOM": 1}, "return": 0.14, "confidence": 0.7},
        {"assets": {"JNJ": 1, "PG": -1}, "return": 0.03, "confidence": 0.5},
    ]
    asked = ask(returns(FEW), "max_sharpe", views={"method": "black_litterman", "risk_aversion": 2.5, "views": views})
    return views_plot(beliefs_document(applied(asked)))


def entropy_pooling() -> str:
    """Daily losses of equal weights, before and after a view that the market is half as volatile again."""
    equal = dict.fromkeys(FEW, 1.0 / len(FEW))
    asked = ask(returns(FEW), "min_risk")
    before = formulation.pose(asked).moments
    w = np.full(len(FEW), 1.0 / len(FEW))
    view = {"volatility": equal, "equals": 1.5 * before.covariance.volatility(w)}
    pooled = ask(returns(FEW), "min_risk", views={"method": "entropy_pooling", "views": [view]})
    after = formulation.pose(pooled).moments
    losses = -np.asarray(before.scenarios) @ w
    edges = np.linspace(-0.06, 0.08, 29)
    middle = 0.5 * (edges[1:] + edges[:-1])
    series = []
    for name, p in (("equal probabilities", np.full(PERIODS, 1.0 / PERIODS)), ("after the view", after.probabilities)):
        heights = np.histogram(np.clip(losses, edges[0], edges[-1]), edges, weights=p)[0]
        series.append(Series(name, middle.tolist(), heights.tolist(), "step"))
    title = "Half as much volatility again: which days must count more"
    return svg(Plot(title, "Loss of the day; the last bins hold all beyond", "Probability", tuple(series), x_unit="percent"))


def estimators() -> str:
    series = []
    table = returns()
    X = table.to_numpy()[-120:]
    asked = ask(table, "min_risk")
    for name in ("sample", "ledoit_wolf", "denoised", "nonlinear_shrinkage"):
        choice = EstimationChoice(covariance=name, lookback=None, min_observations=20)
        Sigma = moments_from_returns(asked.universe, X, choice, 0.0).Sigma
        values = np.sort(np.linalg.eigvalsh(Sigma))[::-1]
        series.append(Series(name, list(range(1, len(values) + 1)), np.log10(values).tolist()))
    title = "Small eigenvalues are lifted: 20 stocks, 120 days"
    return svg(Plot(title, "Eigenvalue, by size", "Its logarithm, base 10", tuple(series), y_unit="number"))


def forecasts() -> str:
    names = ["sample", "ledoit_wolf", "ewma", "regime_ewma", "denoised"]
    return forecasts_plot(forecasts_document(compared(ask(returns(), "min_risk"), names, window=252)))


def robust() -> str:
    radii = np.linspace(0.0, 2.0, 11)
    nominal, cautious = [], []
    for radius in radii:
        sets = {"set": "ellipsoid", "radius": float(radius), "observations": PERIODS}
        answer = optimize(ask(returns(FEW), {"kind": "robust_utility", "risk_aversion": 4, "returns": sets}, limits=CAP))
        w = answer.validated.weights
        nominal.append(float(answer.problem.moments.mu @ w))
        cautious.append(float(worst_case(answer.problem, w).worst_return))
    series = (Series("expected return", radii.tolist(), nominal), Series("at the worst of the set", radii.tolist(), cautious))
    return svg(Plot("What caution costs, and what it protects", "Radius of the ellipsoid", "Return a year", series))


def multi_objective() -> str:
    current = dict.fromkeys(FEW, 1.0 / len(FEW))
    asked = ask(returns(FEW), "min_risk", limits=CAP, assets=SCORED, current_weights=current)
    return pareto_plot(compromises_document(pareto(asked, ("return", "risk", "esg"), 81)))


def esg() -> str:
    floors = np.linspace(5.5, 7.7, 12)
    sharpe = []
    for floor in floors:
        answer = optimize(ask(returns(FEW), "max_sharpe", limits={**CAP, "min_esg": float(floor)}, assets=SCORED))
        sharpe.append(float(answer.validated.certificate.objective))
    series = (Series("best Sharpe ratio", floors.tolist(), sharpe),)
    return svg(Plot("What a higher ESG score costs", "Average ESG score at least", "Sharpe ratio", series, y_unit="number"))


def factor_models() -> str:
    factors = sample_factors()
    asked = ask(returns(), "min_risk", limits={"max_weight": 0.1})
    choice = replace(asked.estimation, factors={"method": "time_series"})
    tail = factors.rows(np.arange(len(factors) - PERIODS, len(factors)))
    return factors_plot(write_factors(exposed(replace(asked, estimation=choice, factor_returns=replace(tail, dates=None)))))


def costs_and_liquidity() -> str:
    current = held(optimize(ask(returns(FEW), "min_risk", limits=CAP)))
    budgets = np.linspace(0.0, 0.004, 11)
    earned = []
    for budget in budgets:
        question = ask(
            returns(FEW),
            {"kind": "utility", "risk_aversion": 4},
            limits={**CAP, "max_cost": float(budget)},
            costs={"linear_impact": {"bps": 30}},
            current_weights=current,
        )
        answer = optimize(question)
        earned.append(float(answer.validated.certificate.objective))
    series = (Series("utility after costs", budgets.tolist(), earned),)
    return svg(Plot("What a budget for costs is worth", "Cost budget", "Utility a year", series, x_unit="percent"))


def dynamic_and_soft_limits() -> str:
    measured = np.linspace(0.0, 0.3, 301)
    steps = ((0.10, 0.20), (0.20, 0.10))
    cap = [next((value for threshold, value in steps if v < threshold), 0.05) for v in measured]
    recent = returns(FEW).to_numpy().mean(axis=1)[-63:]
    today = float(np.std(recent, ddof=1) * np.sqrt(252))
    held_now = next((value for threshold, value in steps if today < threshold), 0.05)
    series = (Series("position cap", measured.tolist(), cap, "step"), Series("today", [today], [held_now], "dots"))
    return svg(Plot("A cap that follows volatility", "Volatility of the benchmark, 63 days", "Cap", series, x_unit="percent"))


PLOTS: dict[str, Callable[[], str]] = {
    "black-litterman": black_litterman,
    "entropy-pooling": entropy_pooling,
    "estimators": estimators,
    "forecasts": forecasts,
    "robust": robust,
    "multi-objective": multi_objective,
    "esg": esg,
    "factor-models": factor_models,
    "costs-and-liquidity": costs_and_liquidity,
    "dynamic-and-soft-limits": dynamic_and_soft_limits,
}

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, draw in PLOTS.items():
        (FOLDER / f"{name}.svg").write_text(draw(), encoding="utf-8")
        print(name)
