"""Every risk measure of a portfolio, and one taken apart by source."""

from __future__ import annotations

from typing import Any

from portopt.doors.commands.asked_options import AskedOptions, posed, with_asked_options
from portopt.doors.commands.options import Confidence, Measure, Plotted, Within, deadline, measure_options
from portopt.doors.commands.plots import write_plot
from portopt.doors.commands.surface import Json, Shown


@with_asked_options
def risk(
    asked: AskedOptions,
    risk_measure: Measure = "volatility",
    confidence: Confidence = None,
    plot: Plotted = None,
    within: Within = None,
    as_json: Json = False,
) -> Shown:
    """Every risk measure of the optimal, current and benchmark portfolios, and one measure taken apart by source."""
    from portopt.document.risk import risk_document
    from portopt.doors.commands.progress import working
    from portopt.questions.risk import risk as measured
    from portopt.reports.answers import print_risk
    from portopt.runs import answers

    request, here = posed(asked)
    how: dict[str, Any] = {"measure": risk_measure, "options": measure_options(confidence)}
    with working("measure the risk"):
        document = risk_document(measured(request, here, **how, until=deadline(within)))
    answers.keep("risk", request, document, here, **how)
    if plot is not None:
        from portopt.reports.svg.drawings import risk_plot

        write_plot(risk_plot, document, plot)
    return Shown(document, lambda console: print_risk(document, console))
