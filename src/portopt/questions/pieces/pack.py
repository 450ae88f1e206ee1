"""The prices of a whole history: read once, kept as a pricing pack, the same for the same trigger."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from portopt.domain.errors import DataError
from portopt.domain.market import MarketQuery, MarketSnapshot
from portopt.domain.universe import CASH
from portopt.runs.through_time.question import Question

if TYPE_CHECKING:
    from portopt.runtime import Runtime


def open_pack(question: Question, runtime: Runtime, trigger: str | None = None) -> MarketSnapshot:
    """The snapshot to work on, kept as a pricing pack: the one this trigger began with, or a fresh one."""
    pinned = runtime.runs.pinned(trigger) if trigger and runtime.has_store else None
    if pinned is not None:
        return reopen_pack(question, pinned, runtime)
    snapshot = runtime.packs.put(read(question, runtime))
    if trigger and (held := runtime.runs.pin(trigger, snapshot.pricing_pack_id)) != snapshot.pricing_pack_id:
        return reopen_pack(question, held, runtime)
    return snapshot


def read(question: Question, runtime: Runtime) -> MarketSnapshot:
    """Raises OutsideError where the source does not answer, DataError where what it says is not prices."""
    from portopt.market import open_snapshot

    market, query = runtime.market(question.provider), query_of(question)
    table = market.prices(query)
    snapshot = open_snapshot(
        table, source=market.source, adjustment=market.adjustment, policy=question.request.policy.data, query=query
    )
    return dataclasses.replace(snapshot, notes=tuple(getattr(market, "notes", ())))


def reopen_pack(question: Question, pricing_pack_id: str, runtime: Runtime) -> MarketSnapshot:
    """A pack that is kept, checked again under this question's data policy. Raises DataError."""
    from portopt.market import recheck

    return recheck(runtime.packs.get(pricing_pack_id), question.request.policy.data, query_of(question))


def query_of(question: Question) -> MarketQuery:
    """All there is of what may ever be held, and of the benchmark, up to the last day."""
    request = question.request
    wanted = sorted({*request.universe.ids, *(request.benchmark or {})} - {CASH})
    if not wanted:
        raise DataError("there is nothing to hold but cash", field="universe", fixes=["name the assets that may be held"])
    return MarketQuery(assets=tuple(wanted), as_of=request.end)
