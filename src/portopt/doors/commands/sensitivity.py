"""How the optimal weights move with the question."""

from __future__ import annotations

from portopt.doors.commands.asked_options import AskedOptions, posed, with_asked_options
from portopt.doors.commands.options import Within, deadline
from portopt.doors.commands.surface import Json, Shown


@with_asked_options
def sensitivity(asked: AskedOptions, within: Within = None, as_json: Json = False) -> Shown:
    """How the optimal weights move with every binding limit, risk aversion and expected returns, and how far that holds."""
    from portopt.document.sensitivity import moves_document
    from portopt.doors.commands.progress import working
    from portopt.questions.sensitivity import sensitivity as moved
    from portopt.reports.answers import print_moves
    from portopt.runs import answers

    request, here = posed(asked)
    with working("move every limit"):
        document = moves_document(moved(request, here, until=deadline(within)))
    answers.keep("sensitivity", request, document, here)
    return Shown(document, lambda console: print_moves(document, console))
