"""One item of a wave: from a portfolio as it is kept to what is to be stored of it. Nothing is written here."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from portopt import pipeline
from portopt.domain.approval import ApprovalWanted
from portopt.domain.canonical import canonical_text
from portopt.domain.errors import OutsideError, PortoptError
from portopt.domain.market import MarketSnapshot
from portopt.domain.moments import Moments
from portopt.domain.request import RebalanceRequest
from portopt.domain.run import RunRecord, RunStatus
from portopt.domain.wave import ItemEnd, ItemState, WaveItem
from portopt.runs import lifecycle
from portopt.runs.asking import asking
from portopt.runs.events import event_of
from portopt.runs.record import begun, completed, failed
from portopt.runs.waves.shared import Shared
from portopt.runs.waves.trades import trades_of


def work(item: WaveItem, shared: Shared, most_attempts: int) -> ItemEnd:
    """What became of it. Raises nothing that is about this item alone.

    What the outside world did wrong is tried again, up to `most_attempts` times in all; a fault of ours, and a refusal, are the
    item's end: its book stays as it is, and the cause is kept.
    """
    began = time.perf_counter()
    try:
        end = _worked(item, shared, began)
    except OutsideError as error:
        is_last = item.attempts >= most_attempts
        end = ItemEnd(item.number, ItemState.HELD if is_last else ItemState.WAITING, problem=error.problem())
    except PortoptError as error:
        end = ItemEnd(item.number, ItemState.REFUSED, problem=error.problem())
    except Exception as error:  # one book's fault of ours must not take the others' night
        problem = PortoptError(f"{type(error).__name__} while {item.portfolio_id} was worked out: {error}").problem()
        end = ItemEnd(item.number, ItemState.HELD, problem=problem)
    return replace(end, seconds=time.perf_counter() - began)


def _worked(item: WaveItem, shared: Shared, began: float) -> ItemEnd:
    runtime = shared.runtime
    portfolio = runtime.portfolios.get(item.portfolio_id)
    request = shared.request(item, portfolio)
    snapshot = shared.snapshot(request)
    run = begun(request, snapshot, datetime.now(UTC))
    awaits = shared.wave.await_approval
    stored = lifecycle.found(run.run_id, runtime)
    if stored is not None and stored.document is not None and stored.is_whole:
        return _proposed(item, stored, awaits)
    try:
        document = worked_out(request, snapshot, shared.moments(request, snapshot), run.run_id)
    except OutsideError:
        raise
    except PortoptError as error:
        return ItemEnd(item.number, ItemState.REFUSED, failed(run, error), run_id=run.run_id, problem=error.problem())
    timings = {"wave item": time.perf_counter() - began}
    text = canonical_text(document)
    record = completed(run, document, text, datetime.now(UTC), timings=timings, await_approval=awaits)
    record = asking(record, ApprovalWanted()) if awaits else record
    return _proposed(item, record, awaits)


def _proposed(item: WaveItem, record: RunRecord, awaits: bool) -> ItemEnd:
    event = None if awaits else event_of(replace(record, status=RunStatus.COMPLETED))
    document = record.document or {}
    gap, trades = _gap(document), trades_of(document)
    return ItemEnd(item.number, ItemState.PROPOSED, record, event, run_id=record.run_id, gap=gap, trades=trades)


def worked_out(request: RebalanceRequest, snapshot: MarketSnapshot, moments: Moments, run_id: str) -> dict[str, Any]:
    """The document, as `pipeline.work` gives it on its own estimate of the same beliefs, without a frontier."""
    answer = pipeline.optimize_for(request, snapshot, moments)
    validated = pipeline.certify(answer, snapshot)
    plan = pipeline.trade(request, snapshot, answer, validated)
    return pipeline.document_of(pipeline.conclude(request, snapshot, answer, validated, plan, run_id=run_id, frontier=False))


def _gap(document: Mapping[str, Any]) -> float | None:
    """What the search for whole shares left open of the objective, where it says so."""
    rounding = document.get("rounding")
    found = rounding.get("mip_gap") if isinstance(rounding, Mapping) else None
    return float(found) if isinstance(found, int | float) else None
