"""What would be if a limit or the risk aversion were another: told by the derivatives, then solved again and certified."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from portopt import pipeline
from portopt.analysis import Attempts
from portopt.analysis.yardstick import Yardstick
from portopt.domain.approval import ApprovalWanted
from portopt.domain.certificate import ValidatedSolution
from portopt.domain.choices import Preview, WhatIf
from portopt.domain.deadline import NEVER, Deadline
from portopt.domain.request import RebalanceRequest
from portopt.domain.run import RunRecord
from portopt.intake.moved import moved_request, value_at
from portopt.ports import MarketDataProvider
from portopt.questions.posed import kept_prices, on_prices
from portopt.questions.rebalance import rebalance
from portopt.questions.stands import Stands, gave_way, stands
from portopt.runs import departures
from portopt.runs.identity import run_identity

if TYPE_CHECKING:
    from portopt.optimization.prices.derivatives import Way
    from portopt.runtime import Runtime

ANOTHER = "another book is as good or better there: the derivatives say nothing of it"
BENDS = "the weights bend from the straight line"
WITHIN = 1e-6  # weights: as far as a preview may be from the weights solved again where it is said to hold
PREVIEW = "the preview by derivatives"


def what_if(
    asked: RebalanceRequest | RunRecord | str,
    moved: Mapping[str, Any],
    runtime: Runtime,
    *,
    market: MarketDataProvider | None = None,
    until: Deadline = NEVER,
) -> WhatIf:
    """What stands and what would be, both certified, with the linear answer and how far it holds.

    asked: a rebalance, or a stored one, or its id. moved: {dotted path of the policy: value}, {"limits.max_turnover": 0.15}.
    Raises UnknownField or InvalidValue for a path or a value that mean nothing, InfeasibleRequest where the limits then leave
    no portfolio.
    """
    on = on_prices(asked, runtime, market)
    request = moved_request(on.request, moved)
    standing = stands(on, until)
    after = standing.beside(request, on, until)
    validated = pipeline.certify(after, on.snapshot)
    said = Attempts()
    preview = said.attempt(PREVIEW, lambda: _preview(standing, after, validated))
    weights = standing.validated.weights
    yardstick = Yardstick(standing.solved.problem, weights)
    return WhatIf(
        request=request,
        problem=after.problem,
        moved=tuple((path, value_at(on.request.policy, path), value_at(request.policy, path)) for path in moved),
        run_id=run_identity(request, on.snapshot),
        stands=yardstick.measured(weights),
        after=yardstick.measured(validated.weights),
        worth=yardstick.worth(validated.weights),
        preview=preview,
        certificate=validated.certificate,
        rests_on=kept_prices(on, runtime),
        about_run=on.run_id,
        left_out=tuple(said.left_out),
        notes=gave_way(standing, after),
    )


def propose_what_if(
    asked: RebalanceRequest | RunRecord | str,
    moved: Mapping[str, Any],
    runtime: Runtime,
    *,
    market: MarketDataProvider | None = None,
    wanted: ApprovalWanted | None = None,
) -> RunRecord:
    """The proposal with that moved, in whole shares, stored. wanted: where a person is to approve it; they see what moved."""
    on = on_prices(asked, runtime, market)
    request = moved_request(on.request, moved)
    if wanted is not None:
        ends = ((path, value_at(on.request.policy, path), value_at(request.policy, path)) for path in moved)
        told = (departures.moved(path, was, now) for path, was, now in ends if was != now)
        wanted = replace(wanted, departures=(*wanted.departures, *told))
    return rebalance(request, runtime, market=on.market, wanted=wanted)


def _preview(standing: Stands, after: pipeline.Solved, validated: ValidatedSolution) -> Preview:
    """Raises NotDetermined where the weights have no derivative, DataError where the two have not the same terms."""
    way = standing.near.way_to(after.problem)
    weights = standing.validated.weights + way.weights
    differs = float(np.abs(weights - validated.weights).max())
    reach, until = (way.reach, way.until) if way.is_exact else _holds(way, differs)
    if reach >= 1.0 and differs > WITHIN:  # other whole numbers are better there, or other weights are as good
        reach, until = 0.0, ANOTHER
    return Preview(weights, reach, until, way.is_exact, differs)


def _holds(way: Way, differs: float) -> tuple[float, str]:
    """How far a curved way is as good as straight. differs: at its end, where half the curvature is what is between them.

    weights(t) = w + t w' + t^2/2 w'';   half of WITHIN is left to the rest.
    """
    straight = float(np.sqrt(0.5 * WITHIN / differs)) if differs > 0.0 else np.inf
    return (way.reach, way.until) if way.reach <= straight else (straight, BENDS)
