"""May this portfolio be rebalanced now? A look at calendar, prices, holdings, open proposals, cash, limits and drift.

The day is told by whoever asks: no clock is read here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from portopt import formulation, pipeline
from portopt.analysis.yardstick import Yardstick, broken
from portopt.domain.choices import Broken, Readiness, Reason
from portopt.domain.deadline import NEVER, Deadline
from portopt.domain.errors import DeadlineExceeded, InvalidValue, PortoptError, RequestError
from portopt.domain.market import MarketSnapshot
from portopt.domain.problem import Problem
from portopt.domain.request import RebalanceRequest
from portopt.domain.run import RunRecord, RunStatus
from portopt.domain.words import amount, listed, signed_percent
from portopt.ports import MarketDataProvider
from portopt.questions.posed import OnPrices, kept_prices, on_prices
from portopt.questions.stands import Stands, stands
from portopt.runs.decisions import difference_of_holdings

if TYPE_CHECKING:
    from portopt.runtime import Runtime

OLD_HOLDINGS = 5  # days: a book that was declared before that may have changed since
LOOKED_BACK = 20  # runs of the portfolio
SMALLEST_DRIFT = 1e-6  # one-way; below it there is nothing to trade
OPEN = (RunStatus.AWAITING_APPROVAL, RunStatus.COMPLETED)


@dataclass(frozen=True, slots=True)
class Declared:
    """When the holdings were declared, where that is known, and how often they have been."""

    at: datetime | None = None
    version: int = 0


def ready(
    request: RebalanceRequest,
    runtime: Runtime,
    on: date,
    *,
    declared: Declared | None = None,
    market: MarketDataProvider | None = None,
    until: Deadline = NEVER,
) -> Readiness:
    """Yes, no, or yes, but: with every reason, its figures, and what to do.

    on: the day it is asked for, in the exchange's own count. declared: of the holdings, for a portfolio that is kept.
    market: prices from here instead of the request's provider. Raises RequestError for a question that means nothing.
    """
    reasons = [_calendar(runtime.settings.calendar, on), *_holdings(declared or Declared(), on), *_proposals(request, runtime)]
    about: dict[str, Any] = {"portfolio_id": request.holdings.portfolio_id, "policy": request.policy.id, "on": on}
    try:
        found = on_prices(request, runtime, market)
    except PortoptError as error:
        if error.exit_code == 2:  # asked wrongly, and no state of the portfolio
            raise
        fix = error.fixes[0] if error.fixes else "bring prices for everything that is held"
        return Readiness(**about, reasons=(*reasons, Reason("prices", "stop", error.detail, {}, fix)))
    reasons += [*_prices(found.snapshot, request, on), *_book(found, until)]
    return Readiness(**about, reasons=tuple(reasons), rests_on=kept_prices(found, runtime))


def _calendar(calendar: str, on: date) -> Reason:
    from portopt.adapters.providers.exchange_calendar import is_trading_day, next_session

    try:
        is_open = is_trading_day(calendar, on, datetime.min)
        session = on if is_open else next_session(calendar, on)
    except RequestError as error:
        if error.field != "as_of":  # a calendar that there is not
            raise
        raise InvalidValue(
            "on", on.isoformat(), f"is beyond what the calendar {calendar} knows", fix="ask for a nearer day"
        ) from None
    if is_open:
        return Reason("calendar", "ok", f"{calendar} is open on {on}", {"calendar": calendar, "on": on.isoformat()})
    figures = {"calendar": calendar, "on": on.isoformat(), "next_session": session.isoformat()}
    detail = f"{calendar} is closed on {on}; its next session is {session}"
    return Reason("calendar", "stop", detail, figures, f"trade on {session}, or ask for another day")


def _holdings(declared: Declared, on: date) -> list[Reason]:
    if declared.at is None:
        return []
    age = (on - declared.at.date()).days
    figures = {"declared_on": declared.at.date().isoformat(), "days": age, "version": declared.version}
    said = f"the holdings are of {declared.at.date()}, {age} day{'' if age == 1 else 's'} before"
    if age <= OLD_HOLDINGS:
        return [Reason("holdings", "ok", said, figures)]
    return [Reason("holdings", "but", said, figures, "declare what is held now, if anything was traded or paid since")]


def _proposals(request: RebalanceRequest, runtime: Runtime) -> list[Reason]:
    """What was proposed for the portfolio already, and where that stands."""
    if not runtime.has_store:
        return []
    portfolio_id = request.holdings.portfolio_id
    runs = runtime.runs.runs(portfolio_id=portfolio_id, kind="rebalance", limit=LOOKED_BACK)
    newest = next((run for run in runs if run.status in (*OPEN, RunStatus.SUPERSEDED)), None)
    if newest is None:
        return [Reason("proposals", "ok", "no proposal is open")]
    return [_proposal(newest, request)]


def _proposal(run: RunRecord, request: RebalanceRequest) -> Reason:
    figures = {"run_id": run.run_id, "status": run.status.value, "as_of": run.as_of.isoformat()}
    changed = difference_of_holdings(run.request["holdings"], request.holdings)
    if run.status is RunStatus.AWAITING_APPROVAL:
        detail = f"{run.run_id} awaits approval; a new proposal on newer holdings supersedes it"
        return Reason("proposals", "but", detail, figures, f"approve or cancel it: portopt approve {run.run_id}")
    if run.status is RunStatus.SUPERSEDED or changed:
        what = "is superseded" if run.status is RunStatus.SUPERSEDED else "was released"
        return Reason("proposals", "ok", f"{run.run_id} {what}, and the holdings have changed since", figures)
    if not (run.document or {}).get("trades", [None]):
        return Reason("proposals", "ok", f"{run.run_id} proposed no trade on these holdings", figures)
    detail = f"{run.run_id} was released on these very holdings: if its trades were made, they would be made twice"
    return Reason(
        "proposals", "but", detail, figures, "declare the holdings after those trades, or say that they were not made"
    )


def _prices(snapshot: MarketSnapshot, request: RebalanceRequest, on: date) -> list[Reason]:
    """How old the newest price is, and whose prices stopped earlier."""
    rule, age = request.policy.data, (on - snapshot.as_of).days
    figures = {"newest": snapshot.as_of.isoformat(), "days": age, "most_days": rule.source_stale_days}
    said = f"the newest prices are of {snapshot.as_of}, {age} day{'' if age == 1 else 's'} before"
    if age < 0:
        detail = f"the prices end on {snapshot.as_of}, after {on}"
        return [Reason("prices", "stop", detail, figures, f"ask with --as-of {on}: what was not known then decides nothing")]
    if age > rule.source_stale_days:
        detail = f"{said}; the policy takes {rule.source_stale_days} (data.source_stale_days)"
        reasons = [Reason("prices", "stop", detail, figures, "bring newer prices")]
    else:
        reasons = [Reason("prices", "ok", said, figures)]
    held = {asset_id for asset_id, shares in request.holdings.shares.items() if shares != 0}
    old = sorted({f.asset_id for f in snapshot.findings if f.asset_id in held and f.treatment == "quarantined"})
    if old:
        detail = f"the prices of {listed(old)} cannot be used, and {'it is' if len(old) == 1 else 'they are'} kept as held"
        reasons.append(Reason("held prices", "but", detail, {"assets": old}, "look at the prices: portopt rebalance says why"))
    return reasons


def _book(on: OnPrices, until: Deadline) -> list[Reason]:
    """Cash, limits and drift of the book, by the policy's own optimum."""
    try:
        standing: Stands | PortoptError = stands(on, until)
    except DeadlineExceeded:
        raise
    except PortoptError as error:
        standing = error
    problem = _posed(on) if isinstance(standing, PortoptError) else standing.posed
    missed = broken(problem, problem.previous())
    return [_cash(problem), _limits(missed), _drift(problem, standing, moved=bool(missed))]


def _posed(on: OnPrices) -> Problem:
    return formulation.formulate(on.request, on.snapshot, pipeline.estimate(on.request, on.snapshot))


def _cash(problem: Problem) -> Reason:
    at = problem.universe.cash_position
    weight = 0.0 if at is None else float(problem.previous()[at])
    figures = {"cash_weight": weight}
    if weight < 0.0:
        detail = f"cash is overdrawn: {signed_percent(weight)} of the portfolio"
        return Reason("cash", "but", detail, figures, "the proposal sells to pay it back", calls=True)
    return Reason("cash", "ok", f"{signed_percent(weight)} of the portfolio is cash", figures)


def _limits(missed: Sequence[Broken]) -> Reason:
    if not missed:
        return Reason("limits", "ok", "every limit holds")
    said = [f"{one.limit}{f' {one.member}' if one.member else ''} at {_bounds(one)}" for one in missed]
    figures = {"broken": [dataclasses.asdict(one) for one in missed]}
    return Reason("limits", "ok", f"broken now: {listed(said)}", figures, "the proposal mends them", calls=True)


def _bounds(one: Broken) -> str:
    return f"{amount(one.measured, one.unit)} (limit {amount(one.bound, one.unit)})"


def _drift(problem: Problem, standing: Stands | PortoptError, *, moved: bool) -> Reason:
    """How far the book is from what the policy wants, what getting there is worth, and whether it can be reached."""
    if isinstance(standing, PortoptError):
        fix = standing.fixes[0] if standing.fixes else "loosen a limit"
        return Reason("policy", "stop", f"there is no proposal: {standing.detail}", {}, fix, calls=moved)
    now, best = problem.previous(), standing.validated.weights
    yardstick = Yardstick(standing.solved.problem, best)
    drift, worst = 0.5 * float(np.abs(best - now).sum()), int(np.abs(best - now).argmax())
    figures = {
        "drift": drift,
        "furthest": problem.universe.ids[worst],
        "by": float(now[worst] - best[worst]),
        "cost": sum(cost.value(best, problem) for cost in problem.costs),
        "gain": yardstick.worth(now).gives_up_return,
    }
    if drift <= SMALLEST_DRIFT:
        return Reason("drift", "stop", "nothing to trade: the book is what the policy wants", figures)
    return _worth_it(figures, moved=moved)


def _worth_it(figures: Mapping[str, Any], *, moved: bool) -> Reason:
    gain, cost = figures["gain"], figures["cost"]
    said = f"{signed_percent(figures['drift'])} of the portfolio is not where the policy wants it, {figures['furthest']} most"
    if gain is None or moved:
        return Reason("drift", "ok", said, figures, calls=True)
    told = f"{said}; trading is worth {1e4 * gain:.1f} bps a year and costs {1e4 * cost:.1f} bps once"
    if gain <= 0.0:
        return Reason("drift", "but", told, figures, "wait: the book keeps every limit as it is")
    return Reason("drift", "ok", told, figures, calls=True)
