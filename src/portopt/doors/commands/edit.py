"""Trades that somebody decides, and the rest around them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Annotated

import typer

from portopt.doors.commands.alternatives import of_a_book, proposed
from portopt.doors.commands.asked_options import AskedOptions, with_asked_options
from portopt.doors.commands.options import ApprovalHours, Within, approval, deadline
from portopt.doors.commands.surface import Json, Shown

TRADES = "ASSET=+100 or -50 (shares), $5,000 (money), 3% (the weight it is to have), none (no trade), free (no longer pinned)."
PROPOSE = typer.Option("--propose", help="Make the proposal in whole shares, and store it.")


@with_asked_options
def edit(
    asked: AskedOptions,
    trades: Annotated[list[str] | None, typer.Argument(metavar="ASSET=TRADE…", help=TRADES)] = None,
    propose: Annotated[bool, PROPOSE] = False,
    approval_hours: ApprovalHours = None,
    within: Within = None,
    as_json: Json = False,
) -> Shown:
    """Pin trades of a proposal: the rest is solved again around them, and the price of that is told."""
    from portopt.document.choices import edit_document
    from portopt.doors.commands.progress import working
    from portopt.questions import edit as question
    from portopt.reports.choices import print_edit
    from portopt.runs import choices

    asked, said = first_word(asked, trades or ())
    wanted = dict(_trade(word) for word in said)
    request, here = of_a_book(asked)
    if propose:
        with working("propose it"):
            run = question.propose_edit(request, wanted, here, wanted=approval(approval_hours, request.policy))
            document = edit_document(question.edit(request, wanted, here, until=deadline(within)))
            choices.selected(run, choices.keep("edit", request, document, here, trades=wanted), here)
            return proposed(run, here)
    with working("solve around it"):
        document = edit_document(question.edit(request, wanted, here, until=deadline(within)))
    document = choices.keep("edit", request, document, here, trades=wanted)
    return Shown(document, lambda console: print_edit(document, console))


def first_word(asked: AskedOptions, words: Sequence[str]) -> tuple[AskedOptions, list[str]]:
    """Beside --holdings no run is named, and the first word is what is said of it."""
    if asked.request is not None and asked.holdings is not None and "=" in asked.request:
        return dataclasses.replace(asked, request=None), [asked.request, *words]
    return asked, list(words)


def _trade(word: str) -> tuple[str, str]:
    from portopt.domain.errors import InvalidValue

    name, equals, said = word.rpartition("=")
    if not equals or not name:
        raise InvalidValue("ASSET=TRADE", word, "is no asset and its trade", fix="write AAPL=+100, or MSFT=none")
    return name, said
