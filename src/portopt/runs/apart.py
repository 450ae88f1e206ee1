"""A request as it is stored: large matrices once, under the id of their content, and not in every row that rests on them.

Measured at 500 assets: to write a covariance out as JSON and to fold it takes ten times as long as the answer.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from portopt.dialects.requests import optimization_request_from_data
from portopt.domain.arrays import frozen
from portopt.domain.backtest import BacktestRequest
from portopt.domain.beliefs import Beliefs
from portopt.domain.canonical import plain, plain_fields
from portopt.domain.request import OptimizationRequest, RebalanceRequest
from portopt.ports import BeliefStore

WRITTEN_OUT = 4_000  # numbers; fewer are written out where they stand
BELIEFS = "beliefs"


def request_to_store(request: OptimizationRequest | RebalanceRequest | BacktestRequest, beliefs: BeliefStore) -> dict[str, Any]:
    """As JSON holds it. `request_from_store` gives back one with the same identity."""
    if not isinstance(request, OptimizationRequest):
        return dict(plain(request))
    named = request.beliefs_id or _kept(request, beliefs)
    apart = {} if named is None else {"covariance": None, "returns": None}
    written = plain_fields(request, **apart, universe=request.universe.plain())
    return written if named is None else {**written, BELIEFS: named}


def request_from_store(data: Mapping[str, Any], beliefs: BeliefStore) -> OptimizationRequest:
    """The request of a stored answer that brought its own beliefs. Raises DataError where they are damaged or gone."""
    rest = {name: value for name, value in data.items() if name not in (BELIEFS, "asked")}
    request = optimization_request_from_data(rest)
    named = data.get(BELIEFS)
    if named is None:
        return request
    found = beliefs.get(named).of(request.universe.ids)
    covariance = found.spread()
    dense = None if covariance is None else frozen(covariance.dense())
    return dataclasses.replace(request, covariance=dense, returns=found.returns, beliefs_id=named)


def _kept(request: OptimizationRequest, store: BeliefStore) -> str | None:
    """The id of what is large in the request, kept; None where nothing is."""
    arrays = [array for array in (request.covariance, request.returns) if array is not None]
    if sum(array.size for array in arrays) <= WRITTEN_OUT:
        return None
    beliefs = Beliefs(request.universe.ids, covariance=request.covariance, returns=request.returns)
    return store.put(beliefs)
