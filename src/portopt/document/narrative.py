"""What happened in a run, a line a step, for who reads the log of a flow run; and how the run is called meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from portopt.domain.certificate import ValidatedSolution
    from portopt.domain.diagnosis import GaveWay
    from portopt.domain.market import MarketSnapshot
    from portopt.domain.moments import Moments
    from portopt.domain.plan import RebalancePlan
    from portopt.domain.request import RebalanceRequest
    from portopt.domain.run import RunRecord
    from portopt.domain.solution import Solution

MOST_FINDINGS = 5  # named in a line; the document has all of them


def called(request: RebalanceRequest, snapshot: MarketSnapshot) -> str:
    """How the run is called: whose book, under which policy, on the prices of which day."""
    return f"{request.holdings.portfolio_id} under {request.policy.id}, {snapshot.as_of}"


def asked(request: RebalanceRequest) -> str:
    held, policy = len(request.holdings.shares), request.policy
    limits = ", ".join(policy.limits)
    return (
        f"{request.holdings.portfolio_id}: {held} positions held; {policy.name}: {policy.objective.get('kind')} under {limits}"
    )


def priced(snapshot: MarketSnapshot) -> str:
    """Which prices, and what is odd about them, by asset."""
    assets, days = len(snapshot.asset_ids), len(snapshot.dates)
    rests = f"prices of {assets} assets, {days} days to {snapshot.as_of}, {snapshot.pricing_pack_id}"
    if not snapshot.findings:
        return f"{rests}; nothing was found wrong with them"
    named = "; ".join(f"{f.asset_id}: {f.kind}, {f.treatment}" for f in snapshot.findings[:MOST_FINDINGS])
    more = len(snapshot.findings) - MOST_FINDINGS
    return f"{rests}; {named}{f'; and {more} more' if more > 0 else ''}"


def believed(request: RebalanceRequest, moments: Moments) -> str:
    choice = request.policy.estimation
    return f"{choice.expected_returns} returns and {choice.covariance} covariance of {len(moments.mu)} assets"


def solved(solution: Solution, gave_way: Sequence[GaveWay]) -> str:
    """How the answer was found, or that there is none."""
    if solution.raw is None or not solution.is_optimal:
        return f"no portfolio: {solution.status.value}"
    gave = f"; gave way: {', '.join(one.relaxation.limit for one in gave_way)}" if gave_way else ""
    return f"solved by {solution.raw.solver} in {solution.raw.iterations} iterations{gave}"


def certified(validated: ValidatedSolution) -> str:
    seal = validated.certificate
    return f"{seal.verdict}: worst violation {seal.worst_violation:.1e}, relative gap {seal.relative_gap:.1e}"


def planned(plan: RebalancePlan) -> str:
    sides = [trade.side for trade in plan.trades]
    return (
        f"{sides.count('sell')} sells of {_money(plan.sells_value, plan.currency)} and {sides.count('buy')} buys of "
        f"{_money(plan.buys_value, plan.currency)}, {plan.turnover:.2%} of the portfolio; "
        f"costs {_money(plan.total_cost, plan.currency)}, cash left {_money(plan.cash_after, plan.currency)}"
    )


def awaits(record: RunRecord, held_until: datetime | None = None) -> str:
    """awaiting approval of 390,882 USD: the value of all orders, sells and buys; or until when somebody holds that."""
    document: Mapping[str, Any] = record.document or {}
    value = sum((Decimal(str(trade["value"])) for trade in document.get("trades", [])), Decimal(0))
    held = "" if held_until is None else f"held until {held_until.astimezone(UTC):%Y-%m-%d %H:%M} UTC, "
    return f"{held}awaiting approval of {value:,.0f} {document.get('currency', '')}".rstrip()


def _money(amount: Decimal, currency: str) -> str:
    return f"{amount:,.2f} {currency}"
