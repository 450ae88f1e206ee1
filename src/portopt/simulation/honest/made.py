"""Small markets and questions, and their walks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from portopt.domain.action import Action
from portopt.domain.arrays import Matrix
from portopt.domain.backtest import Backtested, BacktestRequest, Execution, Membership
from portopt.domain.market import MarketSnapshot
from portopt.domain.request import DataPolicy, EstimationChoice, Policy
from portopt.domain.universe import Universe
from portopt.simulation.history import History
from portopt.simulation.simulate import Run, Simulation, simulation, walked
from portopt.simulation.strategies import Decider, Rule, Ruled

FIRST_DAY = "2020-01-01"
IDS = "ABCDEFGHIJ"


def days(count: int) -> npt.NDArray[np.datetime64]:
    """(T,) weekdays."""
    return np.asarray(np.busday_offset(FIRST_DAY, np.arange(count), roll="forward").astype("datetime64[D]"))


def day(row: int) -> date:
    found: date = days(row + 1)[-1].item()
    return found


def drawn(sessions: int, assets: int, seed: int) -> Matrix:
    """(T, n) prices of one factor and noise, to the cent."""
    rng = np.random.default_rng(seed)
    returns = 0.0004 + 0.008 * rng.standard_normal((sessions, 1)) + 0.012 * rng.standard_normal((sessions, assets))
    return np.asarray(np.round(rng.uniform(20.0, 150.0, assets) * np.cumprod(1.0 + returns, axis=0), 2))


def snapshot(prices: Any, volumes: Any = None, ids: Sequence[str] | None = None) -> MarketSnapshot:
    from portopt.market import pack_id

    P = np.asarray(prices, dtype=np.float64)
    names, dates = tuple(ids or IDS[: P.shape[1]]), days(len(P))
    V = None if volumes is None else np.asarray(volumes, dtype=np.float64)
    return MarketSnapshot(pack_id(names, dates, P, V, "raw"), dates[-1].item(), names, dates, P, V, "a made market", "raw")


def history(
    prices: Any,
    *,
    actions: Sequence[Action] = (),
    members: Sequence[Membership] = (),
    volumes: Any = None,
    ids: Sequence[str] | None = None,
) -> History:
    return History.of(snapshot(prices, volumes, ids), actions, members)


def policy(limits: Mapping[str, Any] | None = None, *, least: int = 20) -> Policy:
    """The least risk. least: sessions that a decision needs."""
    wanted = {"long_only": True, "cash": {"max": 0.05}} if limits is None else limits
    estimation = EstimationChoice(lookback=max(least, 25), min_observations=least)
    return Policy("made", "Made", {"kind": "min_risk"}, wanted, estimation=estimation, data=DataPolicy(stale="accept"))


def request(of: History, *, capital: Any = 1_000_000, rebalance: Any = ("monthly",), **changes: Any) -> BacktestRequest:
    """changes: fields of the request; those of Execution among them are laid over one without costs."""
    execution = {name: changes.pop(name) for name in list(changes) if name in Execution.__dataclass_fields__}
    return BacktestRequest(
        policy=changes.pop("policy", policy(least=1)),
        universe=Universe.of(of.ids),
        capital=Decimal(str(capital)),
        rebalance=rebalance,
        execution=Execution(**execution),
        **changes,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """A simulation that has come to its end."""

    s: Simulation
    run: Backtested
    end: Run


def walk(of: History, rule: Rule | Decider, **changes: Any) -> Walk:
    """rule: weights by asset from what is known and held, or a decider."""
    decider: Decider = rule if hasattr(rule, "decide") else Ruled(rule)
    s = simulation(request(of, **changes), of, decider)
    return Walk(s, *walked(s))


def fixed(**weights: float) -> Rule:
    return lambda known, held: weights
