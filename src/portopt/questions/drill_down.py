"""What stands behind one trade, and one limit, of a stored proposal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from portopt.domain.canonical import plain
from portopt.domain.choices import Edited
from portopt.domain.deadline import NEVER, Deadline
from portopt.domain.drill_down import Believed, LimitDetail, TradeDetail
from portopt.domain.errors import DataError, InfeasibleRequest, MissingInput, UnknownThing
from portopt.domain.request import RebalanceRequest
from portopt.domain.run import RunRecord
from portopt.questions.edit import edit
from portopt.questions.posed import on_prices
from portopt.questions.stands import stands
from portopt.questions.views import views
from portopt.runs import asked_again, positions
from portopt.runs.history import require_rebalance, run_record

if TYPE_CHECKING:
    from portopt.runtime import Runtime

NONE = "none"  # no trade, as an edit has it


def trade(run_id: str, asset_id: str, runtime: Runtime, *, until: Deadline = NEVER) -> TradeDetail:
    """Why an asset is traded as it is, what its trade is worth, and what was held and wanted of it before.

    Raises UnknownRun, UnknownThing for an asset that the proposal does not know, MissingInput for a run without a document.
    """
    run = _with_document(run_id, runtime)
    document = run.document or {}
    position, order = (positions.row_of(document, table, asset_id) for table in ("proposal", "trades"))
    if position is None:
        raise UnknownThing("asset of this proposal", asset_id, field="asset_id", fixes=["see `proposal` in its document"])
    refused, why_not = (None, "") if order is None else _refused(run_id, asset_id, runtime, until)
    return TradeDetail(
        run_id=run_id,
        portfolio_id=run.portfolio_id,
        pricing_pack_id=run.pricing_pack_id or "",
        asset_id=asset_id,
        position=position,
        trade=order,
        prices=tuple(_prices_at(document, position)),
        believed=_believed(run_id, asset_id, runtime),
        refused=refused,
        why_not=why_not,
        held=positions.held(run.portfolio_id, asset_id, runtime),
        proposed=positions.proposed(run, asset_id, runtime),
    )


def limit(run_id: str, name: str, runtime: Runtime, *, until: Deadline = NEVER) -> LimitDetail:
    """Where the answer stands to a limit; where it binds, its price, how far that holds, and the weights that move with it.

    Raises UnknownRun, UnknownThing for a limit that the proposal was not asked under.
    """
    require_rebalance(run_record(run_id, runtime, verified=False))
    standing = stands(on_prices(run_id, runtime), until)
    problem, weights = standing.solved.problem, standing.validated.weights
    found = next((limit for limit in problem.limits if limit.kind == name), None)
    if found is None:
        known = ", ".join(sorted({limit.kind for limit in problem.limits}))
        raise UnknownThing("limit of this proposal", name, field="name", fixes=[f"use one of: {known}"])
    readings = found.read(weights, problem)
    try:
        return LimitDetail(run_id, problem, found, readings, standing.near.to_limits(limit=name))
    except DataError as why:
        return LimitDetail(run_id, problem, found, readings, (), (why.detail,))


def _with_document(run_id: str, runtime: Runtime) -> RunRecord:
    run = require_rebalance(run_record(run_id, runtime))
    if run.document is None:
        raise MissingInput(f"run {run_id} has no document: it is {run.status.value}", field="run_id", value=run_id)
    return run


def _refused(run_id: str, asset_id: str, runtime: Runtime, until: Deadline) -> tuple[Edited | None, str]:
    """The answer around no trade in it, or why there is none."""
    try:
        return edit(run_id, {asset_id: NONE}, runtime, until=until), ""
    except InfeasibleRequest as why:
        return None, why.detail


def _prices_at(document: Mapping[str, Any], position: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Prices of the limits that pull at an asset: its own, its group's, the whole portfolio's."""
    others = {row["asset_id"] for row in document["proposal"]} - {position["asset_id"]}
    pulls = position["pulls"]
    return [row for row in document.get("limit_prices") or () if row["limit"] in pulls and row["member"] not in others]


def _believed(run_id: str, asset_id: str, runtime: Runtime) -> Believed | None:
    """None where nothing is believed beside the data."""
    request = asked_again.request_of(run_id, runtime)
    if not isinstance(request, RebalanceRequest) or not request.estimation.views:
        return None
    found = views(request, runtime)
    i = found.before.universe.positions.get(asset_id)
    if i is None:
        return None
    told = found.told.get("views") or ()
    named = tuple(one for one in plain(told) if isinstance(one, Mapping) and asset_id in str(one))
    return Believed(float(found.before.mu[i]), float(np.asarray(found.after.mu)[i]), named)
