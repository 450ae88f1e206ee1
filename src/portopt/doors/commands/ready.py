"""May this portfolio be rebalanced now?"""

from __future__ import annotations

from typing import Annotated

import typer

from portopt.doors.commands.alternatives import of_a_book
from portopt.doors.commands.asked_options import AskedOptions, with_asked_options
from portopt.doors.commands.options import Within, deadline
from portopt.doors.commands.surface import Json, Shown


@with_asked_options
def ready(
    asked: AskedOptions,
    on: Annotated[str | None, typer.Option(metavar="DAY", help="The day it is asked for (2024-06-28); else today.")] = None,
    within: Within = None,
    as_json: Json = False,
) -> Shown:
    """Yes, no, or yes, but: calendar, prices, holdings, open proposals, cash, limits and drift. Exit code 1 for no."""
    from datetime import UTC, datetime

    from portopt.adapters.providers.exchange_calendar import today
    from portopt.document.choices import ready_document
    from portopt.doors.commands.progress import working
    from portopt.intake.book import day_of
    from portopt.questions.ready import ready as looked
    from portopt.reports.choices import print_ready

    request, here = of_a_book(asked)
    day = day_of(on, "--on") or today(here.settings.calendar, datetime.now(UTC))
    with working("look at everything"):
        document = ready_document(looked(request, here, day, until=deadline(within)))
    return Shown(document, lambda console: print_ready(document, console), exit_code=1 if document["answer"] == "no" else 0)
