"""What each document of the command line looks like as a plot: surfaces, plans, frontiers, shares of risk."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from portopt.reports.svg.plots import Plot, Series, Unit, svg

AXIS_NAMES = {
    "return": "Expected return a year",
    "risk": "Risk",
    "esg": "ESG score",
    "cost": "Trading cost",
    "turnover": "Turnover, one-way",
    "tracking_error": "Tracking error a year",
}
MOST_MOVES = 6  # limits side by side
LEVELS = 7  # bands for the third axis of a surface


def pareto_plot(document: Mapping[str, Any]) -> str:
    """The surface: two axes across, the third as bands of dots."""
    axes, points = document["axes"], document["points"]
    x, y = axes[0], axes[1]
    series = [_curve("", points, x, y)] if len(axes) == 2 else _levels(points, axes)
    current = document["current"]
    if current is not None:
        series.append(Series("current book", [current["amounts"][x]], [current["amounts"][y]], "dots"))
    spoken = ["ESG" if axis == "esg" else axis.replace("_", " ") for axis in axes]
    title = f"Best compromises between {', '.join(spoken[:-1])} and {spoken[-1]}"
    return svg(Plot(title, AXIS_NAMES[x], AXIS_NAMES[y], tuple(series), x_unit=_unit(x), y_unit=_unit(y)))


def _levels(points: list[Mapping[str, Any]], axes: list[str]) -> list[Series]:
    """The points sorted into bands of the third axis."""
    x, y, third = axes
    amounts = sorted(p["amounts"][third] for p in points)
    edges = [amounts[round(k * (len(amounts) - 1) / LEVELS)] for k in range(LEVELS + 1)]
    series = []
    for low, high in itertools.pairwise(edges):
        inside = [p for p in points if low <= p["amounts"][third] <= high]
        if len(inside) > 1:
            name = f"{'ESG' if third == 'esg' else third} {_shown(third, low)} to {_shown(third, high)}"
            series.append(_curve(name, inside, x, y, "dots"))
    return series or [_curve("", points, x, y, "dots")]


def _curve(name: str, points: list[Mapping[str, Any]], x: str, y: str, kind: Any = "line") -> Series:
    ordered = sorted(points, key=lambda p: float(p["amounts"][x]))
    return Series(name or "best compromises", [p["amounts"][x] for p in ordered], [p["amounts"][y] for p in ordered], kind)


def periods_plot(document: Mapping[str, Any]) -> str:
    """Weights by period, a bar an asset."""
    rows = document["periods"]
    held = [a for a in rows[0]["weights"] if any(row["weights"][a] > 1e-9 for row in rows)]
    series = tuple(Series(a, range(len(rows)), [max(row["weights"][a], 0.0) for row in rows], "bars") for a in held)
    labels = tuple(f"period {row['period']}" for row in rows)
    return svg(Plot("What to hold in each period", "Period", "Weight", series, labels=labels))


def frontier_plot(document: Mapping[str, Any]) -> str:
    """Return against risk, with the portfolios to compare with."""
    points = document["efficient_frontier"]
    series = [Series("efficient frontier", [p["risk"] for p in points], [p["return"] for p in points])]
    for key, name in (
        ("current_portfolio", "current"),
        ("optimal_portfolio", "best ratio"),
        ("min_risk_portfolio", "least risk"),
        ("max_return_portfolio", "most return"),
    ):
        p = document.get(key)
        if p is not None:
            series.append(Series(name, [p["risk"]], [p["return"]], "dots"))
    measure = str(document["risk_measure"])
    x_name = "Volatility a year" if measure == "volatility" else measure
    without = ", ".join(document.get("without", ()))
    title = f"Efficient frontier, without {without}" if without else "Efficient frontier"
    return svg(Plot(title, x_name, "Expected return a year", tuple(series), x_unit="percent"))


def risk_plot(document: Mapping[str, Any]) -> str:
    """Weights beside shares of risk, asset by asset, of the optimal portfolio."""
    found = document["decomposition"]["optimal"]
    parts = [part for part in found["parts"] if part["of"] == "asset" and abs(part["exposure"]) > 1e-9]
    columns = {
        "weight": {part["name"]: part["exposure"] for part in parts},
        "share of risk": {part["name"]: part["share"] for part in parts},
    }
    return shares_plot(f"Weights and shares of risk: {found['measure']}", columns)


def factors_plot(document: Mapping[str, Any]) -> str:
    """Share of the variance, and so of the volatility, that comes from each factor."""
    shares = {line["factor"]: line["percent_contribution"] for line in document["attribution"]}
    return shares_plot("Where the risk comes from", {"share of volatility": shares})


def forecasts_plot(document: Mapping[str, Any]) -> str:
    """QLIKE of each covariance estimator, less is better."""
    scores = {score["name"]: score["qlike"] for score in document["covariance"]}
    series = (Series("QLIKE", range(len(scores)), list(scores.values()), "bars"),)
    title = "How far off were the risk forecasts? Less is better"
    return svg(Plot(title, "", "QLIKE, out of sample", series, y_unit="number", labels=tuple(scores)))


def weights_plot(document: Mapping[str, Any]) -> str:
    """The weights of an answer that is one portfolio."""
    held = sorted(((a, w) for a, w in document["optimal_weights"].items() if w), key=lambda item: -item[1])
    return shares_plot("Weights", {"weight": dict(held)}, y_name="Weight")


def moves_plot(document: Mapping[str, Any]) -> str:
    """How weights move with each binding limit, and with risk aversion."""
    first = [document["to_risk_aversion"]] if document["to_risk_aversion"] else []
    moves = [move for move in (*first, *document["to_limits"]) if move["weights"]][:MOST_MOVES]
    names = dict.fromkeys(asset for move in moves for asset in move["weights"])
    still = dict.fromkeys(document["optimal_weights"], 0.0)
    columns = {_named(move): {name: move["weights"].get(name, 0.0) for name in names} for move in moves}
    return shares_plot("How the weights move", columns or {"nothing moves": still}, y_name="Per unit")


def _named(move: Mapping[str, Any]) -> str:
    return f"{move['limit']} {move['member']}".strip() or str(move["parameter"]).replace("_", " ")


def views_plot(document: Mapping[str, Any]) -> str:
    """Expected returns before and after the views."""
    rows = document["beliefs"]
    columns = {
        "before": {row["asset_id"]: row["expected_return_before"] for row in rows},
        "after the views": {row["asset_id"]: row["expected_return_after"] for row in rows},
    }
    return shares_plot("Expected returns before and after the views", columns, y_name="Expected return a year")


def shares_plot(title: str, columns: Mapping[str, Mapping[str, float]], *, y_name: str = "Share") -> str:
    """Named shares side by side: {series: {name: fraction}}, the names of the first."""
    names = tuple(next(iter(columns.values())))
    series = tuple(
        Series(name, range(len(names)), [float(values.get(a, 0.0)) for a in names], "bars") for name, values in columns.items()
    )
    return svg(Plot(title, "", y_name, series, labels=names))


def _unit(axis: str) -> Unit:
    return "number" if axis == "esg" else "percent"


def _shown(axis: str, value: float) -> str:
    return f"{value:.2f}" if axis == "esg" else f"{100 * value:.1f} %"
