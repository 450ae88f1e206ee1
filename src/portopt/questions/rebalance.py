"""What to trade: from holdings, prices and a policy to a stored, explained, certified proposal, once.

The flow asks the same pipeline step by step.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from portopt import pipeline
from portopt.domain.approval import ApprovalWanted
from portopt.domain.deadline import NEVER, Deadline
from portopt.domain.errors import PortoptError
from portopt.domain.request import RebalanceRequest
from portopt.domain.run import RunRecord
from portopt.ports import MarketDataProvider, Progress
from portopt.runs import events, lifecycle
from portopt.runs.market import keep_pack, read_pack
from portopt.runs.record import accepted, begun

if TYPE_CHECKING:
    from portopt.runtime import Runtime


@dataclass(slots=True)
class Steps:
    """Times every step and tells whoever listens."""

    progress: Progress | None = None
    timings: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        if self.progress is None:
            yield
        else:
            with self.progress.step(name):
                yield
        self.timings[name] = time.perf_counter() - began


def rebalance(
    request: RebalanceRequest,
    runtime: Runtime,
    *,
    progress: Progress | None = None,
    frontier: bool = True,
    trigger: str | None = None,
    market: MarketDataProvider | None = None,
    within: float | None = None,
    wanted: ApprovalWanted | None = None,
) -> RunRecord:
    """From holdings, prices and a policy to a stored, explained, certified proposal, once.

    The same request on the same prices is the same run: asked again, its stored record is the answer, and whatever is owed of
    it (pack, event, report) is done. Until the prices are read nothing is written; from then on a refusal is kept as a failed
    run (`runs.lifecycle`), which a later answer replaces.
    trigger: an id under which the pricing pack is remembered, so that a resumed trigger works on the data it began with.
    market: prices from here instead of the provider that the request names.
    wanted: where a person is to approve it before its event leaves.
    within: seconds; after them there is no answer but DeadlineExceeded. What is certified by then is carried out.
    """
    until = NEVER if within is None else Deadline.within(within, gives_best=False)
    request, steps = accepted(request), Steps(progress)
    since = lifecycle.holdings_version(request, runtime)
    with steps.step("fetch prices"):
        snapshot = read_pack(request, runtime, trigger, market)
    run = begun(request, snapshot, datetime.now(UTC))
    stored = lifecycle.found(run.run_id, runtime)
    if stored is not None and stored.document is not None and stored.is_whole:
        return lifecycle.settle(stored, snapshot, runtime, since=since, trigger=trigger, wanted=wanted)
    try:
        document, answer = pipeline.work(request, snapshot, run_id=run.run_id, frontier=frontier, step=steps.step, until=until)
    except PortoptError as refusal:
        lifecycle.refuse_if_possible(run, refusal, snapshot, runtime, trigger)
        raise
    if stored is not None and stored.document is not None:  # damaged since: the same work gives it back
        runtime.runs.put_document(dataclasses.replace(stored, document=document))
        return lifecycle.settle(runtime.runs.get(stored.run_id), snapshot, runtime, since=since, trigger=trigger, wanted=wanted)
    with steps.step("persist"):
        keep_pack(snapshot, runtime, trigger)
        timings = steps.timings | pipeline.timings_of(answer)
        record = lifecycle.finish(run, document, runtime, timings=timings, since=since, wanted=wanted)
    with steps.step("deliver event"):
        events.deliver_if_possible(runtime)
    return record
