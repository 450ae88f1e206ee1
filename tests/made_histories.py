"""Small histories and questions for tests of the simulator: prices by hand, or drawn from a seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from portopt.domain.action import Action
from portopt.domain.backtest import BacktestRequest, Execution, Membership
from portopt.domain.market import MarketSnapshot
from portopt.domain.request import DataPolicy, EstimationChoice, Policy
from portopt.domain.universe import Universe
from portopt.market import pack_id
from portopt.questions.through_time.backtest import Backtest
from portopt.simulation.history import History
from portopt.simulation.strategies import Ruled

FIRST_DAY = date(2020, 1, 1)


def weekdays(count: int, first: date = FIRST_DAY) -> np.ndarray:
    days, day = [], first
    while len(days) < count:
        if day.weekday() < 5:
            days.append(day)
        day += timedelta(days=1)
    return np.array(days, dtype="datetime64[D]")


def drawn_prices(sessions: int = 120, assets: int = 4, seed: int = 7) -> np.ndarray:
    """(T, n) of one factor and noise, to the cent."""
    rng = np.random.default_rng(seed)
    returns = 0.0004 + 0.008 * rng.standard_normal((sessions, 1)) + 0.012 * rng.standard_normal((sessions, assets))
    return np.round(rng.uniform(20, 150, assets) * np.cumprod(1 + returns, axis=0), 2)


def names(count: int) -> tuple[str, ...]:
    return tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ"[i] if count <= 26 else f"A{i:03d}" for i in range(count))


def history(
    prices: Any,
    *,
    dates: np.ndarray | None = None,
    volumes: Any = None,
    actions: Sequence[Action] = (),
    members: Sequence[Membership] = (),
    ids: tuple[str, ...] | None = None,
    adjustment: str = "raw",
    **dated: Any,
) -> History:
    values = np.asarray(prices, dtype=np.float64)
    ids = ids or names(values.shape[1])
    days = weekdays(len(values)) if dates is None else dates
    traded = None if volumes is None else np.asarray(volumes, dtype=np.float64)
    snapshot = MarketSnapshot(
        pack_id(ids, days, values, traded, adjustment), days[-1].item(), ids, days, values, traded, "a made market", adjustment
    )
    return History.of(snapshot, actions, members, **dated)


def policy(objective: Any = "min_risk", limits: Mapping[str, Any] | None = None, **changes: Any) -> Policy:
    estimation = EstimationChoice(lookback=changes.pop("lookback", 40), min_observations=changes.pop("min_observations", 20))
    goal = {"kind": objective} if isinstance(objective, str) else objective
    wanted = {"long_only": True, "cash": {"max": 0.05}} if limits is None else limits
    return Policy("made", "Made", goal, wanted, estimation=estimation, data=DataPolicy(stale="accept"), **changes)


def request(of: History, *, capital: Any = 1_000_000, rebalance: Any = ("monthly",), **changes: Any) -> BacktestRequest:
    """changes: fields of the request; those of Execution among them are laid over one without costs."""
    execution = {name: changes.pop(name) for name in list(changes) if name in Execution.__dataclass_fields__}
    return BacktestRequest(
        policy=changes.pop("policy", policy()),
        universe=changes.pop("universe", Universe.of(of.ids)),
        capital=Decimal(str(capital)),
        rebalance=rebalance,
        execution=Execution(**execution),
        **changes,
    )


Rule = Callable[..., Mapping[str, float]]


def own(of: History, rule: Any, **changes: Any) -> Backtest:
    """A backtest of a rule, or of a strategy: decided from the second session on."""
    strategy = rule if hasattr(rule, "prepare") else Ruled(rule)
    return Backtest(request(of, **{"policy": policy(min_observations=1), **changes}), of, strategy)


def fixed(weights: Mapping[str, float]) -> Rule:
    return lambda known, held: weights
