"""What would be if a limit or the risk aversion were another."""

from __future__ import annotations

from typing import Annotated

import typer

from portopt.doors.commands.alternatives import of_a_book, proposed
from portopt.doors.commands.asked_options import AskedOptions, with_asked_options
from portopt.doors.commands.edit import PROPOSE, first_word
from portopt.doors.commands.options import ApprovalHours, Within, approval, deadline
from portopt.doors.commands.surface import Json, Shown

MOVED = "limits.max_turnover=0.15, or objective.risk_aversion=6."


@with_asked_options
def what_if(
    asked: AskedOptions,
    moved: Annotated[list[str] | None, typer.Argument(metavar="PATH=VALUE…", help=MOVED)] = None,
    propose: Annotated[bool, PROPOSE] = False,
    approval_hours: ApprovalHours = None,
    within: Within = None,
    as_json: Json = False,
) -> Shown:
    """Move a limit: what the derivatives say, how far they hold, and the answer solved again beside what stands."""
    from portopt.document.choices import what_if_document
    from portopt.doors.commands.documents import read_sets
    from portopt.doors.commands.progress import working
    from portopt.questions import what_if as question
    from portopt.reports.choices import print_what_if
    from portopt.runs import choices

    asked, said = first_word(asked, moved or ())
    wanted = read_sets(said)
    request, here = of_a_book(asked)
    if propose:
        with working("propose it"):
            run = question.propose_what_if(request, wanted, here, wanted=approval(approval_hours, request.policy))
            document = what_if_document(question.what_if(request, wanted, here, until=deadline(within)))
            choices.selected(run, choices.keep("what_if", request, document, here, moved=wanted), here)
            return proposed(run, here)
    with working("solve it again"):
        document = what_if_document(question.what_if(request, wanted, here, until=deadline(within)))
    document = choices.keep("what_if", request, document, here, moved=wanted)
    return Shown(document, lambda console: print_what_if(document, console))
