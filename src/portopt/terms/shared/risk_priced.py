"""A risk measure inside an objective, at a price.

    scale/2 R(w)^2   for measures that are the root of a mean square: volatility, semideviation, ulcer index
    scale R(w)       for every other

The first is how the variance has always been priced; a root has the same minimizer and is worse to compute with.
"""

from __future__ import annotations

from portopt.domain.arrays import Vector
from portopt.domain.problem import Problem
from portopt.domain.program import Program
from portopt.terms.risk_measures.protocol import RiskMeasure


def express_priced(program: Program, p: Problem, measure: RiskMeasure, scale: float) -> None:
    """Add the price of risk to the objective."""
    if measure.is_root:
        measure.express_square(program, p, scale)
        return
    bound = measure.express(program, p)
    program.add_linear(bound.columns, scale * bound.coefficients)
    program.constant += scale * bound.constant


def priced(w: Vector, p: Problem, measure: RiskMeasure, scale: float) -> float:
    """What the program charges at w, by the measure's own definition.

    w: (n,) weights.
    """
    risk = measure.value(w, p)
    return 0.5 * scale * risk * risk if measure.is_root else scale * risk
