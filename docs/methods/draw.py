"""Draws the plots of these pages from the sample prices:  python docs/methods/draw.py

Twenty US stocks, the last 756 daily returns to December 2022; nothing is random but what has a seed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from portopt.adapters.providers.sample import SampleProvider
from portopt.construction.distances import correlation, distance_matrix
from portopt.construction.tree import leaves, linkage_of
from portopt.dialects.portfolio_answers import write_frontier
from portopt.document.periods import periods_document
from portopt.document.risk import risk_document
from portopt.domain.market import MarketQuery
from portopt.domain.tax import TaxRecord
from portopt.doors.notebook import ask
from portopt.formulation import pose
from portopt.questions.frontier import frontier as drawn
from portopt.questions.periods import periods
from portopt.questions.risk import risk
from portopt.questions.weights import CertifiedWeights, optimize, optimize_many
from portopt.reports.svg.drawings import frontier_plot, periods_plot, shares_plot
from portopt.reports.svg.heat_map import heat_map
from portopt.reports.svg.plots import Plot, Series, svg
from portopt.taxation.netting import netted
from portopt.taxation.rules import rules_of

FOLDER = Path(__file__).parent / "plots"
PERIODS = 756
FEW = ["AAPL", "AMD", "CVX", "JNJ", "JPM", "KO", "LLY", "PG", "WMT", "XOM"]


def returns(assets: list[str] | None = None) -> pl.DataFrame:
    """The last daily simple returns, a column an asset in the order of the alphabet."""
    prices = SampleProvider().prices(MarketQuery()).pivot(on="asset_id", index="date", values="close").sort("date")
    names = sorted(set(prices.columns) - {"date"}) if assets is None else assets
    return prices.select(pl.col(names).pct_change()).tail(PERIODS)


def held(answer: CertifiedWeights) -> dict[str, float]:
    return dict(zip(answer.problem.universe.ids, answer.validated.weights.tolist(), strict=True))


def chosen(objective: Mapping[str, Any], **question: Any) -> dict[str, float]:
    return held(optimize(ask(returns(FEW), objective, **question)))


def frontier() -> str:
    """The frontier of volatility and the portfolios at its turning points."""
    asked = ask(returns(), "min_risk", limits={"max_weight": 0.2})
    return frontier_plot(write_frontier(drawn(asked, points=60)))


def risk_measures() -> str:
    question = ask(returns(FEW), "min_risk", limits={"max_weight": 0.3})
    columns = {
        measure: {
            part["name"]: part["share"]
            for part in risk_document(risk(question, measure=measure))["decomposition"]["optimal"]["parts"]
            if part["of"] == "asset"
        }
        for measure in ("volatility", "cvar", "max_drawdown")
    }
    return shares_plot(
        "Who carries the risk of the least volatile portfolio depends on the measure", columns, y_name="Share of risk"
    )


def max_ratio() -> str:
    asked = ask(returns(), "min_risk", limits={"max_weight": 0.2}, risk_free_rate=0.02)
    found = write_frontier(drawn(asked, points=25, risk_measure="cvar"))
    return frontier_plot(found | {"risk_measure": "CVaR 95 %, one day"})


def risk_parity() -> str:
    asked = ask(returns(FEW), "risk_parity")
    columns = {}
    for measure in ("volatility", "cvar"):
        parts = risk_document(risk(ask(returns(FEW), {"kind": "risk_parity", "measure": measure}), measure="volatility"))
        columns[f"weight, equal shares of {measure}"] = {
            p["name"]: p["exposure"] for p in parts["decomposition"]["optimal"]["parts"] if p["of"] == "asset"
        }
    shares = risk_document(risk(asked))["decomposition"]["optimal"]["parts"]
    columns["share of volatility"] = {p["name"]: p["share"] for p in shares if p["of"] == "asset"}
    return shares_plot("Risk parity: every asset carries a tenth of the volatility", columns)


def hierarchical() -> str:
    problem = pose(ask(returns(), {"kind": "hierarchical"}))
    covariance, scenarios = problem.moments.covariance, problem.moments.scenarios
    order = leaves(linkage_of(distance_matrix("correlation", covariance, scenarios), "ward", "optimal"))
    names = [problem.universe.ids[i] for i in order]
    rho = correlation(covariance)[np.ix_(order, order)]
    return heat_map("Correlations in the order of the tree: similar stocks stand together", names, rho.tolist())


def resampled() -> str:
    best = {"kind": "max_sharpe"}
    drawn = {"kind": "resampled", "of": best, "draws": 100, "seed": 0}
    columns = {"best Sharpe ratio": chosen(best), "average of 100 resampled": chosen(drawn)}
    return shares_plot("Resampling spreads what one history would concentrate", columns, y_name="Weight")


def multi_period() -> str:
    now = dict.fromkeys(FEW, 0.0) | {"AAPL": 0.6, "JPM": 0.4}
    plan = {"kind": "multi_period", "risk_aversion": 6.0, "periods": 5, "years": 0.25}
    asked = ask(returns(FEW), plan, limits={"max_turnover": 0.2}, costs={"linear_impact": {"bps": 20}}, current_weights=now)
    return periods_plot(periods_document(periods(asked)))


def custom_terms() -> str:
    """How far a squared distance from the benchmark pulls, at rising weight."""
    benchmark = dict.fromkeys(FEW, 1.0 / len(FEW))
    columns = {}
    for weight in (0.0, 0.5, 5.0):
        own = {"kind": "custom", "minimize": "sum_squares(w - benchmark)", "weight": weight, "risk_aversion": 4.0}
        columns[f"weight {weight:g}"] = chosen(own, benchmark=benchmark)
    return shares_plot("A term of one's own pulls a utility towards the benchmark", columns, y_name="Portfolio weight")


def sensitivity() -> str:
    """Weights solved again and again while one limit opens, and what the derivative at one of them says."""
    caps = np.linspace(0.20, 0.30, 21)
    weights = [
        chosen({"kind": "utility", "risk_aversion": 4.0}, limits={"max_weight": {"LLY": float(cap), "*": 0.2}}) for cap in caps
    ]
    moving = [a for a in FEW if max(w[a] for w in weights) - min(w[a] for w in weights) > 1e-4]
    series = [Series(a, caps.tolist(), [w[a] for w in weights]) for a in moving]
    title = "Weights are straight lines in a limit until another one binds"
    return svg(Plot(title, "Largest weight of LLY", "Weight", tuple(series), x_unit="percent"))


def batch() -> str:
    """One model portfolio for forty risk aversions in one call."""
    aversions = np.geomspace(1.0, 100.0, 40)
    asked = [ask(returns(), {"kind": "utility", "risk_aversion": float(g)}, limits={"max_weight": 0.2}) for g in aversions]
    answers = [a for a in optimize_many(asked) if isinstance(a, CertifiedWeights)]
    figures = [(a.problem.moments.covariance.volatility(a.validated.weights), a) for a in answers]
    x = [volatility for volatility, _ in figures]
    y = [float(a.problem.moments.mu @ a.validated.weights) for _, a in figures]
    series = (Series("forty clients", x, y, "dots"),)
    title = "Forty clients, one call: risk aversions from 1 to 100"
    return svg(Plot(title, "Volatility a year", "Expected return a year", series, x_unit="percent"))


def mixed_integer() -> str:
    counts = list(range(2, 11))
    risks = []
    for most in counts:
        answer = optimize(ask(returns(FEW), "min_risk", limits={"max_positions": most}))
        risks.append(answer.problem.moments.covariance.volatility(answer.validated.weights))
    title = "The least volatile portfolio of so many positions"
    return svg(Plot(title, "Positions, at most", "Volatility a year", (Series("least volatility", counts, risks),)))


def taxes_netting() -> str:
    """A year's tax by its net long gain, at 37 % and 20 %: convex on either side of none, and not across."""
    rules = rules_of({"short_rate": 0.37, "long_rate": 0.2, "long_after_months": 12})
    long = list(range(-20_000, 20_001, 500))

    def line(short: int) -> Series:
        due = [float(netted(rules, TaxRecord(), Decimal(short), Decimal(gain)).due) for gain in long]
        return Series(f"{short:,} short".replace("-", "−"), [float(gain) for gain in long], due)

    lines = tuple(line(short) for short in (10_000, 0, -10_000))
    title = "A long loss saves the short rate, a long gain costs the long one"
    return svg(Plot(title, "Net long gain", "Tax of the year", lines, y_unit="number"))


DRAWINGS: dict[str, Callable[[], str]] = {
    "frontier": frontier,
    "risk-measures": risk_measures,
    "max-ratio": max_ratio,
    "risk-parity": risk_parity,
    "hierarchical": hierarchical,
    "resampled": resampled,
    "multi-period": multi_period,
    "custom-terms": custom_terms,
    "sensitivity": sensitivity,
    "batch": batch,
    "mixed-integer": mixed_integer,
    "taxes-netting": taxes_netting,
}

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, draw in DRAWINGS.items():
        (FOLDER / f"{name}.svg").write_text(draw(), encoding="utf-8")
