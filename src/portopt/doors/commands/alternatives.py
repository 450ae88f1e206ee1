"""The choices there are beside a proposal, and the one that is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from portopt.doors.commands.asked_options import AskedOptions, posed, with_asked_options
from portopt.doors.commands.options import ApprovalHours, Within, approval, deadline
from portopt.doors.commands.surface import Json, Shown

if TYPE_CHECKING:
    from portopt.domain.request import AnyRequest, RebalanceRequest
    from portopt.domain.run import RunRecord
    from portopt.runtime import Runtime


@with_asked_options
def alternatives(
    asked: AskedOptions,
    select: Annotated[
        str | None, typer.Option(metavar="NAME", help="Make this one's proposal, in whole shares, and store it: least_trading.")
    ] = None,
    approval_hours: ApprovalHours = None,
    within: Within = None,
    as_json: Json = False,
) -> Shown:
    """Doing nothing, least trading, buy only, the policy, least risk, …: each certified, and priced for the policy."""
    from portopt.document.choices import alternatives_document
    from portopt.doors.commands.progress import working
    from portopt.questions import alternatives as question
    from portopt.reports.choices import print_alternatives
    from portopt.runs import choices

    request, here = of_a_book(asked)
    if select is not None:
        with working("propose it"):
            run = question.select(request, select, here, wanted=approval(approval_hours, request.policy))
            document = alternatives_document(question.alternatives(request, here, until=deadline(within)))
            choices.selected(run, choices.keep("alternatives", request, document, here), here, select)
            return proposed(run, here)
    with working("find the choices"):
        document = alternatives_document(question.alternatives(request, here, until=deadline(within)))
    document = choices.keep("alternatives", request, document, here)
    return Shown(document, lambda console: print_alternatives(document, console))


def of_a_book(asked: AskedOptions) -> tuple[RebalanceRequest, Runtime]:
    """The request, which must be of a book with prices. Raises InvalidValue for a choice of weights alone."""
    from portopt.domain.errors import InvalidValue
    from portopt.domain.request import RebalanceRequest
    from portopt.runtime import runtime

    request: AnyRequest
    request, here = posed(asked)
    if not isinstance(request, RebalanceRequest):
        fix = "give --holdings and --prices, or a stored run: reb-…"
        raise InvalidValue("FILE", asked.request, "asks for weights alone: there is no book to trade", fix=fix)
    return request, here or runtime()


def proposed(record: RunRecord, here: Runtime) -> Shown:
    """A stored proposal, shown as `rebalance` shows it."""
    from portopt.doors.commands.rebalance import proposal
    from portopt.runs.report import kept_report

    return proposal(record, kept_report(record.run_id, here))
