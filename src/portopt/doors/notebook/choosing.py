"""What a desk asks around a proposal, in a notebook: the choices, an edit, a what-if, and whether it may trade now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portopt.domain.errors import InvalidValue
from portopt.domain.request import Policy, RebalanceRequest
from portopt.doors.notebook.displays import Findings, Proposal
from portopt.doors.notebook.rebalancing import asked as request_of
from portopt.doors.notebook.rebalancing import book_of, market_of, policy_of, runtime_at
from portopt.intake.book import day_of
from portopt.runs import answers, asked_again

if TYPE_CHECKING:
    from portopt.domain.run import RunRecord
    from portopt.ports import MarketDataProvider
    from portopt.runtime import Runtime

PolicyLike = str | Policy | Mapping[str, Any]


def alternatives(
    asked: Any,
    prices: Any = None,
    policy: PolicyLike = "quality_focused",
    *,
    select: str | None = None,
    home: Path | None = None,
    **book: Any,
) -> Findings | Proposal:
    """The choices there are, doing nothing first: certified, compared in the same figures, priced for the policy.

    Args:
        asked: a Proposal, the id of a stored run, or holdings; prices, policy and the rest (universe, benchmark, as_of, limits,
            portfolio_id) as for `rebalance`.
        select: make this one's proposal instead, in whole shares, and store it: "least_trading".
        home: where the proposal is kept; the installation's by default.
    """
    from portopt.document.choices import alternatives_document
    from portopt.questions import alternatives as choosing

    request, runtime, market = _on(asked, prices, policy, home, book)
    if select is not None:
        return _proposal(choosing.select(request, select, runtime, market=market), runtime)
    document = alternatives_document(choosing.alternatives(request, runtime, market=market))
    answers.keep("alternatives", request, document, runtime)
    return Findings(document)


def edit(
    asked: Any,
    trades: Mapping[str, Any],
    prices: Any = None,
    policy: PolicyLike = "quality_focused",
    *,
    propose: bool = False,
    home: Path | None = None,
    **book: Any,
) -> Findings | Proposal:
    """A proposal solved again around trades that are decided: {"AAPL": "+100", "MSFT": "none", "XOM": "3%", "JNJ": "$5,000"}.

    asked, prices, policy, home and the rest: as for `alternatives`. propose: make it in whole shares, and store it.
    Raises InfeasibleRequest, diagnosed, where the limits leave no room for them.
    """
    from portopt.document.choices import edit_document
    from portopt.questions import edit as editing

    request, runtime, market = _on(asked, prices, policy, home, book)
    if propose:
        return _proposal(editing.propose_edit(request, trades, runtime, market=market), runtime)
    document = edit_document(editing.edit(request, trades, runtime, market=market))
    answers.keep("edit", request, document, runtime, trades=dict(trades))
    return Findings(document)


def what_if(
    asked: Any,
    moved: Mapping[str, Any],
    prices: Any = None,
    policy: PolicyLike = "quality_focused",
    *,
    propose: bool = False,
    home: Path | None = None,
    **book: Any,
) -> Findings | Proposal:
    """A limit or the risk aversion moved, {"limits.max_turnover": 0.15}: by the derivatives, and solved again.

    asked, prices, policy, home and the rest: as for `alternatives`. propose: make it in whole shares, and store it.
    """
    from portopt.document.choices import what_if_document
    from portopt.questions import what_if as moving

    request, runtime, market = _on(asked, prices, policy, home, book)
    if propose:
        return _proposal(moving.propose_what_if(request, moved, runtime, market=market), runtime)
    document = what_if_document(moving.what_if(request, moved, runtime, market=market))
    answers.keep("what_if", request, document, runtime, moved=dict(moved))
    return Findings(document)


def ready(
    asked: Any,
    prices: Any = None,
    policy: PolicyLike = "quality_focused",
    *,
    on: date | str | None = None,
    home: Path | None = None,
    **book: Any,
) -> Findings:
    """Whether it may be rebalanced on a day, today by the exchange's count: "yes", "no" or "yes, but", and every reason.

    asked, prices, policy, home and the rest: as for `alternatives`.
    """
    from portopt.adapters.providers.exchange_calendar import today
    from portopt.document.choices import ready_document
    from portopt.questions.ready import ready as looked

    request, runtime, market = _on(asked, prices, policy, home, book)
    day = day_of(on, "on") or today(runtime.settings.calendar, datetime.now(UTC))
    return Findings(ready_document(looked(request, runtime, day, market=market)))


def _on(
    asked: Any, prices: Any, policy: PolicyLike, home: Path | None, book: Mapping[str, Any]
) -> tuple[RebalanceRequest, Runtime, MarketDataProvider | None]:
    """The request; of a stored run on its own prices, which it then names itself."""
    runtime = runtime_at(home)
    named = asked.run_id if isinstance(asked, Proposal) else asked
    if isinstance(named, str) and asked_again.is_run(named):
        if prices is not None or book:
            said = sorted([*book, *(["prices"] if prices is not None else [])])
            raise InvalidValue(said[0], str(book.get(said[0], "…")), "is the run's own", fix=f"leave {', '.join(said)} out")
        return _of_run(named, runtime), runtime, None
    return _of_book(asked, prices, policy, runtime, **book)


def _of_run(named: str, runtime: Runtime) -> RebalanceRequest:
    request = asked_again.request_of(named, runtime)
    if not isinstance(request, RebalanceRequest):
        raise InvalidValue("asked", named, "asks for weights alone: there is no book to trade", fix="name a rebalance: reb-…")
    return request


def _of_book(
    holdings: Any,
    prices: Any,
    policy: PolicyLike,
    runtime: Runtime,
    *,
    universe: Any = None,
    benchmark: Any = None,
    as_of: date | str | None = None,
    limits: Mapping[str, Any] | None = None,
    portfolio_id: str = "notebook",
) -> tuple[RebalanceRequest, Runtime, MarketDataProvider | None]:
    book = book_of(holdings, universe, benchmark, portfolio_id)
    provider = "sample" if prices is None else "frame"
    request = request_of(book, policy_of(policy, runtime), limits, as_of, provider)
    return request, runtime, market_of(prices, runtime)


def _proposal(record: RunRecord, runtime: Runtime) -> Proposal:
    from portopt.runs.report import kept_report

    return Proposal(record, kept_report(record.run_id, runtime))
