"""The prices of a whole history: read once, kept as a pricing pack, the same for the same trigger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portopt.domain.market import MarketQuery, MarketSnapshot
from portopt.questions.through_time.backtest import for_the_reader, named_assets, opened
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
    request = question.request
    return opened(runtime.market(question.provider), request.policy.data, assets_of(question), request.end)


def reopen_pack(question: Question, pricing_pack_id: str, runtime: Runtime) -> MarketSnapshot:
    """A pack that is kept, looked at as it was first. Raises DataError."""
    from portopt.market import recheck

    query = MarketQuery(assets=assets_of(question), as_of=question.request.end)
    return recheck(runtime.packs.get(pricing_pack_id), for_the_reader(question.request.policy.data), query)


def assets_of(question: Question) -> tuple[str, ...]:
    """Everything that the question names."""
    request = question.request
    return named_assets(request.universe, request.benchmark, request.members, request.actions)
