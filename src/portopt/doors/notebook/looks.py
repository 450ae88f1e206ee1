"""How the answer to each question is seen: as the command line prints it, as the rows of a table, as a drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from portopt.doors.notebook.displays import Document, Look
from portopt.reports import answers, choices, tables, terminal
from portopt.reports.svg import drawings

Rows = Sequence[Mapping[str, Any]]


def _frontier_rows(found: Document) -> Rows:
    """A row a portfolio: its figures, then its weights."""
    figures = ("risk", "return", "sharpe", "volatility", "ratio")
    return [{**{n: p[n] for n in figures}, **(p["weights"] or {})} for p in found["efficient_frontier"]]


def _compromise_rows(found: Document) -> Rows:
    """A row a portfolio: amounts, rates of exchange with the first axis, weights."""
    first, *others = found["axes"]
    rates = {f"{first} per {axis}": axis for axis in others}
    return [{**p["amounts"], **{n: p["rates"][a] for n, a in rates.items()}, **p["weights"]} for p in found["points"]]


def _weight_rows(found: Document) -> Rows:
    return [{"asset": asset, "weight": weight} for asset, weight in found["optimal_weights"].items()]


def _move_rows(found: Document) -> Rows:
    """A row a parameter: what more of it is worth, how far that holds, how each weight moves with it."""
    said = ("parameter", "limit", "member", "worth_per_unit", "worth_unit", "down", "up")
    first = [found["to_risk_aversion"]] if found["to_risk_aversion"] else []
    still = dict.fromkeys(found["optimal_weights"], 0.0)
    return [{**{n: d[n] for n in said}, **still, **d["weights"]} for d in (*first, *found["to_limits"])]


def _risk_rows(found: Document) -> Rows:
    return [{"measure": figure["name"], **figure["value"]} for figure in found["figures"]]


def _period_rows(found: Document) -> Rows:
    return [{**{n: v for n, v in row.items() if n != "weights"}, **row["weights"]} for row in found["periods"]]


def _forecast_rows(found: Document) -> Rows:
    """A row a covariance estimator, the first the one that the others are measured against."""
    scores = [{**score, "p_value": (score["difference"] or {}).get("p_value")} for score in found["covariance"]]
    return [{name: value for name, value in score.items() if not isinstance(value, Mapping)} for score in scores]


def _reason_rows(found: Document) -> Rows:
    names = ("asset_id", "side", "weight_before", "weight_after", "why")
    return [{name: row[name] for name in names} for row in found["proposal"]]


def _figures(row: Mapping[str, Any]) -> dict[str, Any]:
    """What of a row is one figure or one word."""
    return {name: value for name, value in row.items() if not isinstance(value, Mapping | list)}


FRONTIER = Look(tables.print_frontier, _frontier_rows, drawings.frontier_plot)
COMPROMISES = Look(answers.print_compromises, _compromise_rows, drawings.pareto_plot)
IN_ORDER = Look(answers.print_stages, _weight_rows, drawings.weights_plot)
MOVES = Look(answers.print_moves, _move_rows, drawings.moves_plot)
RISK = Look(answers.print_risk, _risk_rows, drawings.risk_plot)
VIEWS = Look(answers.print_views, lambda found: found["beliefs"], drawings.views_plot)
PERIODS = Look(answers.print_periods, _period_rows, drawings.periods_plot)
FACTORS = Look(answers.print_factors, lambda found: found["exposures"], drawings.factors_plot)
FORECASTS = Look(answers.print_forecasts, _forecast_rows, drawings.forecasts_plot)
EXPLANATION = Look(terminal.print_explanation, _reason_rows)
ALTERNATIVES = Look(choices.print_alternatives, lambda found: [_figures(card) for card in found["alternatives"]])
EDIT = Look(choices.print_edit, lambda found: found["trades"])
WHAT_IF = Look(choices.print_what_if, lambda found: found["trades"])
READY = Look(choices.print_ready, lambda found: [_figures(reason) for reason in found["reasons"]])
