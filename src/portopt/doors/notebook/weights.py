"""Questions about weights alone, from returns or from given moments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from portopt.domain.request import OptimizationRequest
from portopt.doors.notebook.asking import ask
from portopt.doors.notebook.displays import Allocation, Findings
from portopt.questions import weights
from portopt.runs import answers


def optimize(returns: Any = None, objective: str | Mapping[str, Any] = "max_sharpe", **question: Any) -> Allocation:
    """Certified weights from returns, or from given moments; the arguments of `ask`.

    Raises:
        InfeasibleRequest with the diagnosis; RequestError and DataError for what cannot be used.
    """
    request = ask(returns, objective, **question)
    answer = weights.optimize(request)
    if not answers.nothing_is_kept_here():
        from portopt.dialects.strategy_answers import write_response

        answers.keep("optimize", request, write_response(request, answer))
    return Allocation(answer)


def frontier(request: OptimizationRequest, points: int = 20, **bounds: Any) -> Findings:
    """The efficient frontier of a question. bounds: min_return, max_risk, measure and its options."""
    from portopt.dialects.portfolio_answers import write_frontier
    from portopt.questions.frontier import frontier as drawn
    from portopt.reports.svg.drawings import frontier_plot

    found = write_frontier(drawn(request, points=points, **bounds))
    answers.keep("frontier", request, found, points=points, **bounds)
    return Findings(found, frontier_plot)


def pareto(request: OptimizationRequest, axes: Sequence[str] = ("return", "risk", "esg"), points: int = 49) -> Findings:
    """The surface of best compromises between two or three axes."""
    from portopt.document.compromises import compromises_document
    from portopt.questions import compromises
    from portopt.reports.svg.drawings import pareto_plot

    found = compromises_document(compromises.pareto(request, axes, points))
    answers.keep("pareto", request, found, axes=list(axes), points=points)
    return Findings(found, pareto_plot)


def sensitivity(request: OptimizationRequest) -> Findings:
    """How the optimal weights move with the question, and how far that holds."""
    from portopt.document.sensitivity import moves_document
    from portopt.questions.sensitivity import sensitivity as moved

    found = moves_document(moved(request))
    answers.keep("sensitivity", request, found)
    return Findings(found)


def periods(request: OptimizationRequest) -> Findings:
    """The plan of a question whose objective is multi_period."""
    from portopt.document.periods import periods_document
    from portopt.questions.periods import periods as planned
    from portopt.reports.svg.drawings import periods_plot

    found = periods_document(planned(request))
    answers.keep("periods", request, found)
    return Findings(found, periods_plot)
