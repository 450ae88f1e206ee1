"""What views did to the beliefs behind a portfolio."""

from __future__ import annotations

from portopt.doors.commands.asked_options import AskedOptions, posed, with_asked_options
from portopt.doors.commands.options import Plotted
from portopt.doors.commands.plots import write_plot
from portopt.doors.commands.surface import Json, Shown


@with_asked_options
def views(asked: AskedOptions, plot: Plotted = None, as_json: Json = False) -> Shown:
    """What the request's views did to expected returns and volatilities."""
    from portopt.document.views import beliefs_document
    from portopt.doors.commands.progress import working
    from portopt.questions.views import views as applied
    from portopt.reports.answers import print_views
    from portopt.runs import answers

    request, here = posed(asked, "views")
    with working("apply the views"):
        document = beliefs_document(applied(request, here))
    answers.keep("views", request, document, here)
    if plot is not None:
        from portopt.reports.svg.drawings import views_plot

        write_plot(views_plot, document, plot)
    return Shown(document, lambda console: print_views(document, console))
