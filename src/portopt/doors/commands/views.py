"""What views did to the beliefs behind a portfolio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portopt.doors.commands.columns import table
from portopt.doors.commands.documents import read_strategy_request
from portopt.doors.commands.options import Plotted, Request
from portopt.doors.commands.plots import write_plot
from portopt.doors.commands.surface import Json, Shown

if TYPE_CHECKING:
    from rich.console import Console


def views(request: Request, plot: Plotted = None, as_json: Json = False) -> Shown:
    """What the request's views did to expected returns and volatilities."""
    from portopt.document.views import beliefs_document
    from portopt.doors.commands.progress import working
    from portopt.questions.views import views as applied
    from portopt.runs import answers

    asked = read_strategy_request(request)
    with working("apply the views"):
        document = beliefs_document(applied(asked))
    answers.keep("views", asked, document)
    if plot is not None:
        from portopt.reports.svg.drawings import views_plot

        write_plot(views_plot, document, plot)
    return Shown(document, lambda console: _print_views(document, console))


def _print_views(document: dict[str, Any], console: Console) -> None:
    from portopt.document.formats import percent

    keys = ("expected_return_before", "expected_return_after", "volatility_before", "volatility_after")
    rows = [[row["asset_id"], *(percent(row[key]) for key in keys)] for row in document["beliefs"]]
    table(console, ["", "Return before", "after", "Volatility before", "after"], rows)
    for view in document.get("views", []):
        said = {name: percent(v) if isinstance(v, float) and name != "confidence" else v for name, v in view.items()}
        told = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in said.items() if view[name] is not None)
        console.print(told, markup=False)
