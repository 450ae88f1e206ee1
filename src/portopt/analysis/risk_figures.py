"""One portfolio by every risk measure, each under its full name."""

from __future__ import annotations

from collections.abc import Sequence

from portopt.domain.arrays import Vector
from portopt.domain.problem import Problem
from portopt.domain.risk_figures import RiskFigure

CONFIDENCES = (0.95, 0.99)
HORIZONS = (1,)


def risk_figures(
    problem: Problem, w: Vector, confidences: Sequence[float] = CONFIDENCES, horizons: Sequence[int] = HORIZONS
) -> tuple[RiskFigure, ...]:
    """Every measure of the catalog at w (n,), in the catalog's order; without scenarios the volatility alone.

    confidences, horizons (periods): each measure that has one is given for all of them; drawdowns have no horizon. In-sample:
    the scenarios are those the estimate used. A horizon longer than the history is left out.
    """
    from portopt.terms.risk_measures.catalog import RISK_MEASURES, parse_measure  # thirteen files that few answers ask for

    scenarios = problem.moments.scenarios
    T = 0 if scenarios is None else len(scenarios)
    found = []
    for kind, entry in RISK_MEASURES.items():
        of_confidence = confidences if "confidence" in entry.options else (None,)
        measures = [
            parse_measure("figures", kind, {"confidence": beta, "horizon": h})
            for h in (horizons if entry.has_horizon else (None,))
            for beta in of_confidence
            if h is None or h <= T
        ]
        for measure in measures:
            if measure.scenario_based and not T:
                continue
            found.append(
                RiskFigure(
                    kind,
                    measure.describe(problem.moments.periods_per_year),
                    measure.value(w, problem),
                    measure.confidence,
                    measure.horizon,
                )
            )
    return tuple(found)
