"""A decision as the question that a live rebalance would ask on that day: the same request, on the same pricing pack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

import numpy as np

from portopt.domain.backtest import FRACTION, BacktestRequest
from portopt.domain.calendar import Days
from portopt.domain.errors import DataError
from portopt.domain.holdings import Holdings
from portopt.domain.market import MarketSnapshot
from portopt.domain.request import Policy, RebalanceRequest
from portopt.domain.universe import CASH, Asset, Universe
from portopt.pipeline import wanted_assets
from portopt.simulation.history import Known, day_of
from portopt.simulation.limits_of_day import limits_of_day, said_of_leaving
from portopt.simulation.strategies import Held

PORTFOLIO = "backtest"
ON_TRADING = ("max_turnover", "max_trades", "max_cost", "liquidity")


def asked_on(request: BacktestRequest, known: Known, held: Held) -> RebalanceRequest:
    """The rebalance request of the day: the book really held, who may be bought today, the policy that was known.

    Who has left the universe is excluded by name: what is held of them is sold.
    """
    policy = policy_on(request, known, held)
    shares = shares_of(held, known.ids)
    candidates = _candidates(request.universe, known)
    gone = leaving_on(known, shares)
    described = {asset.id: asset for asset in request.universe.assets}
    leaving = tuple(described.get(a, Asset(a)) for a in gone)
    today = {*(asset.id for asset in candidates), *gone, *shares}
    return RebalanceRequest(
        holdings=Holdings(
            PORTFOLIO,
            shares,
            Decimal(held.cash) / 100,
            request.currency,
            _without_price(policy, known, held, shares),
            tax=held.tax,
        ),
        policy=limits_of_day(policy, {*described, *known.ids}, today, gone),
        universe=Universe((*candidates, *leaving)),
        benchmark=request.benchmark if held.benchmark is None else held.benchmark,
        as_of=known.date,
        provider="files",
        factor_returns=known.factor_returns,
    )


def leaving_on(known: Known, shares: Iterable[str]) -> tuple[str, ...]:
    """Those of a book who belong to the universe no more."""
    return () if known.members is None else tuple(a for a in shares if a not in known.members and a != CASH)


def notes_on(request: BacktestRequest, known: Known, held: Held) -> tuple[str, ...]:
    """What the day's decision leaves out of the policy, in sentences."""
    gone = leaving_on(known, [known.ids[i] for i in np.flatnonzero(held.units)])
    return said_of_leaving(request.policy if known.policy is None else known.policy, gone)


def policy_on(request: BacktestRequest, known: Known, held: Held) -> Policy:
    """The policy known today; whether fractions are held is the book's to say.

    What opens a book from nothing but cash moves all of it: limits on trading hold from the second decision on.
    """
    policy = request.policy if known.policy is None else known.policy
    if held.opens:
        policy = replace(policy, limits={kind: value for kind, value in policy.limits.items() if kind not in ON_TRADING})
    if policy.trading.fractional == held.fractional:
        return policy
    return replace(policy, trading=replace(policy.trading, fractional=held.fractional))


def said_of_opening(policy: Policy) -> tuple[str, ...]:
    """In a sentence, which limits of the policy do not hold when the book is opened."""
    left = [kind for kind in ON_TRADING if kind in policy.limits]
    if not left:
        return ()
    return (f"The first decision opens the book from cash; from the second on it is held to: {', '.join(left)}",)


def snapshot_on(asked: RebalanceRequest, known: Known) -> MarketSnapshot:
    """The pricing pack of the day as a live run would open it, its histories judged. Raises DataError as that would."""
    from portopt.market import judge_histories

    choice, data = asked.policy.estimation, asked.policy.data
    last_dates = None if choice.lookback is None else choice.lookback + 1
    snapshot = known.snapshot(wanted_assets(asked), data, last_dates)
    require_by(known, snapshot.dates, "prices")
    if asked.factor_returns is not None and asked.factor_returns.dates is not None:
        require_by(known, asked.factor_returns.dates, f"factor returns of {asked.factor_returns.source}")
    return judge_histories(snapshot, choice.min_observations, choice.lookback, data)


def require_by(known: Known, dates: Days, what: str) -> None:
    """Raises DataError for data (T,) that reach past the close of the decision: nothing may be fitted on them."""
    if len(dates) and dates[-1] > known.dates[-1]:
        past = day_of(dates[-1])
        raise DataError(
            f"{what} reach to {past}, past the decision of {known.date}: nothing may be fitted on them",
            field="estimation",
            value=past.isoformat(),
            measured={"decision": known.date.isoformat(), "data_to": past.isoformat()},
            fixes=["cut the data at the decision's close"],
        )


def shares_of(held: Held, ids: Sequence[str]) -> dict[str, Decimal]:
    """What is held, by asset."""
    unit = Decimal(FRACTION) if held.fractional else Decimal(1)
    return {ids[i]: Decimal(int(held.units[i])) / unit for i in np.flatnonzero(held.units).tolist()}


def _without_price(policy: Policy, known: Known, held: Held, shares: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """What is held and has had no price in the policy's whole window, at the ledger's last one: a live book would state it."""
    lookback = policy.estimation.lookback
    window = known.prices if lookback is None else known.prices[-lookback - 1 :]
    priced = (window > 0.0).any(axis=0)
    at = {known.ids[i]: i for i in np.flatnonzero(~priced & (held.prices > 0.0)).tolist()}
    return {a: Decimal(repr(float(held.prices[at[a]]))) for a in shares if a in at}


def _candidates(universe: Universe, known: Known) -> tuple[Asset, ...]:
    """Who is listed by now and belongs to the universe today."""
    listed = known.listed()
    return tuple(
        asset for asset in universe.assets if asset.id in listed and (known.members is None or asset.id in known.members)
    )
