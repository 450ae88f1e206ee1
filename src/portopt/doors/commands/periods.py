"""A plan over several periods."""

from __future__ import annotations

from portopt.doors.commands.asked_options import AskedOptions, posed, with_asked_options
from portopt.doors.commands.options import Plotted, Within, deadline
from portopt.doors.commands.plots import write_plot
from portopt.doors.commands.surface import Json, Shown


@with_asked_options
def periods(asked: AskedOptions, plot: Plotted = None, within: Within = None, as_json: Json = False) -> Shown:
    """A plan over several periods, for a request whose objective is multi_period: what to hold in each of them."""
    from portopt.document.periods import periods_document
    from portopt.doors.commands.progress import working
    from portopt.questions.periods import periods as planned
    from portopt.reports.answers import print_periods
    from portopt.runs import answers

    request, here = posed(asked)
    with working("plan the periods"):
        document = periods_document(planned(request, here, until=deadline(within)))
    answers.keep("periods", request, document, here)
    if plot is not None:
        from portopt.reports.svg.drawings import periods_plot

        write_plot(periods_plot, document, plot)
    return Shown(document, lambda console: print_periods(document, console))
