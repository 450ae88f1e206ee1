"""The risk of the optimal, the current and the benchmark portfolio, in every measure and by source."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from portopt.domain.deadline import NEVER, Deadline
from portopt.domain.found import RiskOfBooks
from portopt.questions.posed import Asked
from portopt.questions.weights import optimize

if TYPE_CHECKING:
    from portopt.runtime import Runtime


def risk(
    request: Asked,
    runtime: Runtime | None = None,
    *,
    measure: str = "volatility",
    options: Mapping[str, Any] | None = None,
    until: Deadline = NEVER,
) -> RiskOfBooks:
    """Every risk measure of the optimal, the current and the benchmark portfolio, and one measure of each taken apart.

    measure, options: the one that is decomposed by asset, sector and factor. Scenario figures need returns.
    runtime: to read a book's prices.
    What cannot be said of the certified weights stands in `left_out` with its reason.
    """
    from portopt.analysis import Attempts
    from portopt.analysis.decomposition import decompose
    from portopt.analysis.risk_figures import risk_figures
    from portopt.terms.risk_measures.catalog import parse_measure

    chosen = parse_measure("risk_measure", measure, dict(options or {}))
    answer = optimize(request, runtime, until=until)
    problem = answer.problem
    books = {"optimal": answer.validated.weights, "current": problem.w_prev, "benchmark": problem.benchmark}
    held = {name: book for name, book in books.items() if book is not None}
    said = Attempts(list(answer.left_out))
    measured = {b: said.attempt(f"the risk of the {b} book", partial(risk_figures, problem, v)) for b, v in held.items()}
    parts = {b: said.attempt(f"the parts of the {b} risk", partial(decompose, problem, v, chosen)) for b, v in held.items()}
    return RiskOfBooks(
        problem,
        answer.validated,
        {name: figures for name, figures in measured.items() if figures is not None},
        {name: found for name, found in parts.items() if found is not None},
        tuple(said.left_out),
        answer.rests_on,
    )
