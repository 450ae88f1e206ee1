"""What a desk asks around a proposal: the choices, an edit, a what-if, and whether it may trade now.

Each takes what `rebalance` takes: holdings with prices and a policy, a request, a proposal, a stored run's id.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portopt.domain.deadline import NEVER, Deadline
from portopt.domain.errors import InvalidValue
from portopt.domain.request import RebalanceRequest
from portopt.doors.notebook import looks
from portopt.doors.notebook.books import runtime_at
from portopt.doors.notebook.displays import Findings, Look, Proposal
from portopt.doors.notebook.posing import posed
from portopt.doors.notebook.question import Question
from portopt.doors.notebook.rebalancing import was_asked
from portopt.intake.book import day_of
from portopt.runs import choices

if TYPE_CHECKING:
    from portopt.domain.run import RunRecord
    from portopt.runtime import Runtime


def alternatives(
    asked: Any = None, *, select: str | None = None, within: float | None = None, home: Path | None = None, **question: Any
) -> Findings | Proposal:
    """The choices there are, doing nothing first: certified, compared in the same figures, priced for the policy.

    asked, question: as for `rebalance`: holdings with prices and a policy, a proposal, a stored run.
    select: make this one's proposal instead, in whole shares, and store it: "least_trading".
    """
    from portopt.document.choices import alternatives_document
    from portopt.questions.alternatives import alternatives as found
    from portopt.questions.alternatives import select as chosen

    request, here = _of_a_book(asked, home, question)
    question_of, run = Question(request, here), None if select is None else chosen(request, select, here)
    document = alternatives_document(found(request, here, until=_until(within)))
    kept = _kept("alternatives", question_of, document, looks.ALTERNATIVES)
    return kept if run is None else _proposal(run, kept, here, home, select or "")


def edit(
    asked: Any = None,
    trades: Mapping[str, Any] | None = None,
    *,
    propose: bool = False,
    within: float | None = None,
    home: Path | None = None,
    **question: Any,
) -> Findings | Proposal:
    """A proposal solved again around trades that are decided: {"AAPL": "+100", "MSFT": "none", "XOM": "3%", "JNJ": "$5,000"}.

    asked, question: as for `alternatives`. propose: make it in whole shares, and store it.
    Raises InfeasibleRequest, diagnosed, where the limits leave no room for them.
    """
    from portopt.document.choices import edit_document
    from portopt.questions.edit import edit as edited
    from portopt.questions.edit import propose_edit

    request, here = _of_a_book(asked, home, question)
    wanted = dict(trades or {})
    run = propose_edit(request, wanted, here) if propose else None
    document = edit_document(edited(request, wanted, here, until=_until(within)))
    kept = _kept("edit", Question(request, here), document, looks.EDIT, trades=wanted)
    return kept if run is None else _proposal(run, kept, here, home)


def what_if(
    asked: Any = None,
    moved: Mapping[str, Any] | None = None,
    *,
    propose: bool = False,
    within: float | None = None,
    home: Path | None = None,
    **question: Any,
) -> Findings | Proposal:
    """A limit or the risk aversion moved, {"limits.max_turnover": 0.15}: by the derivatives, and solved again.

    asked, question: as for `alternatives`. propose: make it in whole shares, and store it.
    """
    from portopt.document.choices import what_if_document
    from portopt.questions.what_if import propose_what_if
    from portopt.questions.what_if import what_if as found

    request, here = _of_a_book(asked, home, question)
    wanted = dict(moved or {})
    run = propose_what_if(request, wanted, here) if propose else None
    document = what_if_document(found(request, wanted, here, until=_until(within)))
    kept = _kept("what_if", Question(request, here), document, looks.WHAT_IF, moved=wanted)
    return kept if run is None else _proposal(run, kept, here, home)


def ready(
    asked: Any = None,
    *,
    on: date | str | None = None,
    within: float | None = None,
    home: Path | None = None,
    **question: Any,
) -> Findings:
    """Whether it may be rebalanced on a day, today by the exchange's count: "yes", "no" or "yes, but", and every reason.

    asked, question: as for `alternatives`.
    """
    from portopt.adapters.providers.exchange_calendar import today
    from portopt.document.choices import ready_document
    from portopt.questions.ready import ready as looked

    request, here = _of_a_book(asked, home, question)
    day = day_of(on, "on") or today(here.settings.calendar, datetime.now(UTC))
    document = ready_document(looked(request, here, day, until=_until(within)))
    return Findings(document, looks.READY, Question(request, here))


def _of_a_book(asked: Any, home: Path | None, question: Mapping[str, Any]) -> tuple[RebalanceRequest, Runtime]:
    """asked: what was asked before, or a stored run; else the first word is what is held, as for `rebalance`."""
    is_anew = asked is not None and not was_asked(asked)
    found = posed(home=home, holdings=asked, **question) if is_anew else posed(asked, home=home, **question)
    if not isinstance(found.request, RebalanceRequest):
        why = "asks for weights alone: there is no book to trade"
        raise InvalidValue("asked", found.request.portfolio_id, why, fix="give holdings=…, with prices and a policy, or reb-…")
    return found.request, found.runtime or runtime_at(home)


def _kept(kind: str, question: Question, document: dict[str, Any], look: Look, **how: Any) -> Findings:
    if not isinstance(question.request, RebalanceRequest) or question.runtime is None:  # _of_a_book has seen to it
        raise TypeError(kind)
    return Findings(choices.keep(kind, question.request, document, question.runtime, **how), look, question)


def _proposal(record: RunRecord, kept: Findings, here: Runtime, home: Path | None, alternative: str = "") -> Proposal:
    """The run that a choice made, and on record that it was chosen."""
    from portopt.runs.report import kept_report

    choices.selected(record, kept, here, alternative)
    return Proposal(record, kept_report(record.run_id, here), home)


def _until(within: float | None) -> Deadline:
    return NEVER if within is None else Deadline.within(within, gives_best=False)
