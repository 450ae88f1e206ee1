"""The plain question about weights: one optimization."""

from __future__ import annotations

from typing import Any

from portopt.doors.commands.asked_options import AskedOptions, posed, with_asked_options
from portopt.doors.commands.options import Within, deadline
from portopt.doors.commands.surface import Json, Shown


@with_asked_options
def optimize(asked: AskedOptions, within: Within = None, as_json: Json = False) -> Shown:
    """Certified weights: of one strategy optimization request (S1), which needs no prices and no database, or of a book."""
    from contextlib import nullcontext

    from portopt.dialects.names import in_s1_words
    from portopt.dialects.strategy_answers import write_response
    from portopt.doors.commands.progress import working
    from portopt.questions.weights import optimize as certified
    from portopt.reports.answers import print_weights
    from portopt.runs import answers

    request, here = posed(asked)
    with working("optimize"), in_s1_words() if here is None else nullcontext():
        found = certified(request, here, prices_solved_again=True, until=deadline(within))
        response = write_response(request, found)
    answers.keep(answers.kind_of_weights(request), request, response, here)

    def document() -> dict[str, Any]:
        from portopt.document.weights_evidence import with_evidence

        return with_evidence(response, found.problem, found.form, found.validated)

    return Shown(document, lambda console: print_weights(response, console))
