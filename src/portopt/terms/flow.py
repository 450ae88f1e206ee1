"""What money that leaves makes of a policy: a withdrawal by itself sells no more than it takes, and buys nothing.

    minimize turnover,  nothing bought,  the policy's limits as the book stands to them before the money leaves

A deposit, and a withdrawal that goes with a rebalance, leave the policy as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from portopt.domain.errors import InvalidValue
from portopt.domain.holdings import CENT, Holdings
from portopt.domain.market import MarketSnapshot
from portopt.domain.problem import Limit, Problem
from portopt.domain.request import RebalanceRequest
from portopt.terms.accounts import with_accounts
from portopt.terms.no_worse import NoWorse, missed_in_words, no_worse

ONLY_RAISED: Mapping[str, Any] = {"kind": "min_turnover"}


def sought(request: RebalanceRequest) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """(objective, limits) as the catalog spells them."""
    policy = request.policy
    limits = with_accounts(policy.limits, request.holdings)
    if not request.only_raises:
        return policy.objective, limits
    return ONLY_RAISED, {**limits, "sell_only": True}


def require_left(request: RebalanceRequest, snapshot: MarketSnapshot, prices: Mapping[str, Decimal]) -> None:
    """Raises InvalidValue for a withdrawal of all there is or more, and for one that was due before the prices' day."""
    flow, held = request.cash_flow, request.holdings
    if flow is None:
        return
    if flow.by is not None and flow.by < snapshot.as_of:
        why = f"lies before {snapshot.as_of.isoformat()}, the day of the prices"
        raise InvalidValue("cash_flow.by", flow.by.isoformat(), why, fix="write a day that is still to come, or leave it out")
    worth = held.value(prices)
    if flow.is_withdrawal and worth + flow.amount <= 0:
        raise InvalidValue(
            "cash_flow.amount",
            str(flow.amount),
            f"is all there is or more: the portfolio is worth {worth:,.2f} {held.currency} at the prices of "
            f"{snapshot.as_of.isoformat()}",
            fix=f"withdraw less than {max(worth, CENT):,.2f} {held.currency}",
        )


def as_it_stands(problem: Problem, request: RebalanceRequest, prices: Mapping[str, Decimal]) -> Problem:
    """The problem with every limit that the book misses before the money moves asked for no better than it stands."""
    before = _before(problem, request.holdings, prices)
    if before is None:
        return problem
    limits = tuple(no_worse(limit, problem, before) for limit in problem.limits)
    return problem.replaced(limits=limits, notes=(*problem.notes, *_said(limits, problem)))


def most_raised(request: RebalanceRequest, possible: Callable[[RebalanceRequest], bool]) -> Decimal | None:
    """The most that could leave instead, in whole cents, found by halves; None where not even a cent could.

    possible: whether a request has an answer. Every amount on the way is asked, and so is the one that is given.
    """
    flow = request.cash_flow
    if flow is None:
        return None

    def leaves(cents: int) -> bool:
        return possible(replace(request, cash_flow=replace(flow, amount=-CENT * cents)))

    low, high = 0, int(-flow.amount / CENT)  # of cents: none by now, too many
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if leaves(middle) else (low, middle)
    return CENT * low if low else None


def _before(problem: Problem, held: Holdings, prices: Mapping[str, Decimal]) -> Problem | None:
    """The same question of the book before the money moves; None where that is worth nothing."""
    worth = held.value(prices)
    if worth <= 0:
        return None
    return problem.replaced(w_prev=held.weights(problem.universe, prices), portfolio_value=float(worth))


def _said(limits: tuple[Limit, ...], problem: Problem) -> Iterator[str]:
    for limit in limits:
        if isinstance(limit, NoWorse):
            missed = "; ".join(missed_in_words(limit, problem))
            yield f"{limit.kind} is missed before the trades ({missed}): no trade makes it be missed by more, and none mends it"
