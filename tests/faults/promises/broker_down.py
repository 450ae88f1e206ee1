"""R4: the broker is down while proposals are made. None fails or waits; afterwards every event is delivered, in order."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path

import small_book
from brokers import Broker
from faults.promises.kept import Kept

from portopt.adapters.events.pulsar_admin import PulsarAdmin
from portopt.domain.run import RunRecord, RunStatus
from portopt.questions.rebalance import rebalance
from portopt.runs.events import deliver, event_of
from portopt.runtime import Runtime
from portopt.settings import Settings

TOPIC = "persistent://public/default/faults"
PORTFOLIOS = 10


def broker_is_down(home: Path, *, proposals: int) -> Kept:
    """Real small rebalances of ten portfolios, in turn; the broker is killed before the first and started after the last."""
    kept, broker = Kept("R4 the broker is down"), Broker(home / "broker")
    settings = Settings(home=home / "home", events="pulsar", pulsar_url=broker.url, pulsar_topic=TOPIC)
    runtime, told = Runtime(settings), dict[str, list[str]]()
    try:
        broker.start()
        PulsarAdmin(broker.admin_url, TOPIC).set_up("desk", 1.0)
        broker.kill()
        longest = 0.0
        for k in range(proposals):
            began = time.monotonic()
            run = _proposed(runtime, f"P{k % PORTFOLIOS}", 5000 + k)
            longest = max(longest, time.monotonic() - began)
            kept.tried += 1
            kept.require(run.status is RunStatus.COMPLETED, f"{run.run_id} ended as {run.status}")
            told.setdefault(run.portfolio_id, []).append(event_of(run).event_id)
        kept.require(runtime.runs.outbox().waiting == proposals, f"{runtime.runs.outbox().waiting} events wait")
        broker.start()
        delivered = deliver(runtime)
        kept.require(delivered == proposals, f"{delivered} of {proposals} events were delivered")
        _in_order(kept, broker.url, told)
        kept.measured["longest proposal"] = f"{longest:.1f} s"
    finally:
        runtime.sink.close()
        runtime.runs.close()
        broker.kill()
    return kept


def _proposed(runtime: Runtime, portfolio_id: str, cash: int) -> RunRecord:
    request = small_book.request(cash)
    request = dataclasses.replace(request, holdings=dataclasses.replace(request.holdings, portfolio_id=portfolio_id))
    return rebalance(request, runtime, market=small_book.market(), frontier=False)


def _in_order(kept: Kept, url: str, told: dict[str, list[str]]) -> None:
    """Each once, and those of a portfolio in the order of their proposals."""
    import pulsar

    client = pulsar.Client(url, logger=pulsar.FileLogger(pulsar.LoggerLevel.Error, "/dev/null"))
    try:
        reader, heard = client.create_reader(TOPIC, pulsar.MessageId.earliest), dict[str, list[str]]()
        while reader.has_message_available():
            message = reader.read_next(10_000)
            heard.setdefault(message.partition_key(), []).append(json.loads(message.data())["event_id"])
    finally:
        client.close()
    for portfolio_id, events in told.items():
        kept.require(heard.get(portfolio_id) == events, f"{portfolio_id}: not the events of its proposals in their order")
