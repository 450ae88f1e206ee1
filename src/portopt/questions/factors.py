"""What a book is exposed to, and where its risk and return come from, by factor."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from portopt import formulation, pipeline
from portopt.domain.found import FactorsOfBook
from portopt.questions.posed import Asked, prices_of, rests_on, with_estimation

if TYPE_CHECKING:
    from portopt.runtime import Runtime

STATISTICAL = {"method": "statistical"}


def factors(request: Asked, names: Sequence[str] | None = None, runtime: Runtime | None = None) -> FactorsOfBook:
    """Factor analysis of the current book, of the optimal one where nothing is held: exposures with their errors, risk and
    return by factor.

    The request's own factor model; where it has none, the statistical one. names: factors wanted, None for all.
    runtime: to read a rebalance's prices.
    """
    from portopt.analysis.factors import analyze_factors

    choice = request.estimation
    if not choice.factors:
        request = with_estimation(request, dataclasses.replace(choice, factors=STATISTICAL))
    snapshot = prices_of(request, runtime)
    problem = formulation.pose(request, snapshot)
    held = problem.w_prev
    w = held if held is not None else pipeline.certify(pipeline.optimize(problem)).weights
    found = analyze_factors(problem, w, names, None if snapshot is None else snapshot.as_of)
    return FactorsOfBook(found, "current" if held is not None else "optimal", rests_on(snapshot, runtime))
