"""What a desk asks around a proposal, in a notebook: the choices, an edit, a what-if, and whether it may trade now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portopt.domain.deadline import NEVER, Deadline
from portopt.domain.request import Policy, RebalanceRequest
from portopt.doors.notebook import looks
from portopt.doors.notebook.displays import Findings, Proposal
from portopt.doors.notebook.posing import posed
from portopt.doors.notebook.question import Question
from portopt.doors.notebook.rebalancing import here, of_book, was_asked
from portopt.intake.book import day_of
from portopt.runs import answers

if TYPE_CHECKING:
    from portopt.domain.run import RunRecord
    from portopt.runtime import Runtime

PolicyLike = str | Policy | Mapping[str, Any] | None


def alternatives(
    asked: Any,
    prices: Any = None,
    policy: PolicyLike = None,
    *,
    select: str | None = None,
    within: float | None = None,
    home: Path | None = None,
    **book: Any,
) -> Findings | Proposal:
    """The choices there are, doing nothing first: certified, compared in the same figures, priced for the policy.

    Args:
        asked: a Proposal, the id of a stored run, or holdings; prices, policy and the rest (universe, benchmark, as_of, limits,
            portfolio_id) as for `rebalance`.
        select: make this one's proposal instead, in whole shares, and store it: "least_trading".
        within: seconds, and then no answer. home: where the proposal is kept; the installation's by default.
    """
    from portopt.document.choices import alternatives_document
    from portopt.questions import alternatives as choosing

    request, runtime = _on(asked, home, {"prices": prices, "policy": policy, **book})
    if select is not None:
        return _proposal(choosing.select(request, select, runtime), runtime, home)
    document = alternatives_document(choosing.alternatives(request, runtime, until=_until(within)))
    answers.keep("alternatives", request, document, runtime)
    return Findings(document, looks.ALTERNATIVES, Question(request, runtime))


def edit(
    asked: Any,
    trades: Mapping[str, Any],
    prices: Any = None,
    policy: PolicyLike = None,
    *,
    propose: bool = False,
    within: float | None = None,
    home: Path | None = None,
    **book: Any,
) -> Findings | Proposal:
    """A proposal solved again around trades that are decided: {"AAPL": "+100", "MSFT": "none", "XOM": "3%", "JNJ": "$5,000"}.

    asked, prices, policy, home and the rest: as for `alternatives`. propose: make it in whole shares, and store it.
    Raises InfeasibleRequest, diagnosed, where the limits leave no room for them.
    """
    from portopt.document.choices import edit_document
    from portopt.questions import edit as editing

    request, runtime = _on(asked, home, {"prices": prices, "policy": policy, **book})
    if propose:
        return _proposal(editing.propose_edit(request, trades, runtime), runtime, home)
    document = edit_document(editing.edit(request, trades, runtime, until=_until(within)))
    answers.keep("edit", request, document, runtime, trades=dict(trades))
    return Findings(document, looks.EDIT, Question(request, runtime))


def what_if(
    asked: Any,
    moved: Mapping[str, Any],
    prices: Any = None,
    policy: PolicyLike = None,
    *,
    propose: bool = False,
    within: float | None = None,
    home: Path | None = None,
    **book: Any,
) -> Findings | Proposal:
    """A limit or the risk aversion moved, {"limits.max_turnover": 0.15}: by the derivatives, and solved again.

    asked, prices, policy, home and the rest: as for `alternatives`. propose: make it in whole shares, and store it.
    """
    from portopt.document.choices import what_if_document
    from portopt.questions import what_if as moving

    request, runtime = _on(asked, home, {"prices": prices, "policy": policy, **book})
    if propose:
        return _proposal(moving.propose_what_if(request, moved, runtime), runtime, home)
    document = what_if_document(moving.what_if(request, moved, runtime, until=_until(within)))
    answers.keep("what_if", request, document, runtime, moved=dict(moved))
    return Findings(document, looks.WHAT_IF, Question(request, runtime))


def ready(
    asked: Any,
    prices: Any = None,
    policy: PolicyLike = None,
    *,
    on: date | str | None = None,
    within: float | None = None,
    home: Path | None = None,
    **book: Any,
) -> Findings:
    """Whether it may be rebalanced on a day, today by the exchange's count: "yes", "no" or "yes, but", and every reason.

    asked, prices, policy, home and the rest: as for `alternatives`.
    """
    from portopt.adapters.providers.exchange_calendar import today
    from portopt.document.choices import ready_document
    from portopt.questions.ready import ready as looked

    request, runtime = _on(asked, home, {"prices": prices, "policy": policy, **book})
    day = day_of(on, "on") or today(runtime.settings.calendar, datetime.now(UTC))
    return Findings(
        ready_document(looked(request, runtime, day, until=_until(within))), looks.READY, Question(request, runtime)
    )


def _on(asked: Any, home: Path | None, words: Mapping[str, Any]) -> tuple[RebalanceRequest, Runtime]:
    """What is asked about, as `rebalance` takes it, and the installation that reads its prices."""
    question = posed(asked, home=home, **words) if was_asked(asked) else posed(home=home, holdings=asked, **words)
    return of_book(question.request), here(question)


def _proposal(record: RunRecord, runtime: Runtime, home: Path | None) -> Proposal:
    from portopt.runs.report import kept_report

    return Proposal(record, kept_report(record.run_id, runtime), home)


def _until(within: float | None) -> Deadline:
    return NEVER if within is None else Deadline.within(within, gives_best=False)
