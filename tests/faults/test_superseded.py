"""Rebalances of one portfolio from different holdings at the same time: one proposal stands, the others say they do not."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import small_book

from portopt import pipeline
from portopt.adapters.providers.frames import FrameProvider
from portopt.domain.errors import ProposalSuperseded
from portopt.domain.market import MarketQuery
from portopt.domain.run import RunRecord, RunStatus
from portopt.doors.commands.rebalance import proposal
from portopt.runs import decisions, lifecycle, market
from portopt.runtime import Runtime
from portopt.settings import Settings


class Meanwhile(FrameProvider):
    """Prices that take long enough for something else to happen."""

    def __init__(self, happens: Callable[[], Any]) -> None:
        super().__init__(small_book.prices())
        self.happens = happens

    def prices(self, query: MarketQuery) -> Any:
        self.happens()
        return super().prices(query)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def opened(home: Path) -> Runtime:
    return Runtime(Settings(home=home))


def ask(home: Path, cash: int, meanwhile: Callable[[], Any] = lambda: None) -> RunRecord:
    return small_book.rebalance(opened(home), cash, Meanwhile(meanwhile))


def sent(home: Path) -> int:
    return len((home / "events.jsonl").read_text().splitlines())


def test_of_rebalances_that_began_together_on_different_holdings_one_is_released(home: Path) -> None:
    others: list[RunRecord] = []
    last = ask(home, 5000, lambda: others.append(ask(home, 6000, lambda: others.append(ask(home, 7000)))))
    statuses = [record.status for record in (*others, last)]
    assert statuses == [RunStatus.COMPLETED, RunStatus.SUPERSEDED, RunStatus.SUPERSEDED]
    assert sent(home) == 1
    assert opened(home).runs.holdings("P1").cash == Decimal(7000)

    again = ask(home, 5000)
    assert (again.run_id, again.status, sent(home)) == (last.run_id, RunStatus.COMPLETED, 2)


def test_a_superseded_proposal_is_not_approved_and_the_refusal_says_what_to_do(home: Path) -> None:
    runtime, asked = opened(home), small_book.request()
    snapshot = market.keep_pack(market.read_pack(asked, runtime, market=small_book.market()), runtime)
    begun = lifecycle.begin(asked, snapshot, runtime)
    document, _ = pipeline.work(asked, snapshot, run_id=begun.run_id, frontier=False)
    waiting = lifecycle.finish(begun, document, runtime, since=0, timings={}, await_approval=True)
    assert waiting.status is RunStatus.AWAITING_APPROVAL
    runtime.runs.save_holdings(small_book.request(5500).holdings)
    with pytest.raises(ProposalSuperseded, match="superseded and not released") as caught:
        decisions.approve(waiting.run_id, runtime)
    assert (caught.value.status, caught.value.exit_code) == (409, 2)
    assert caught.value.measured["holdings_version"] == 2
    assert not (home / "events.jsonl").exists()

    settled = lifecycle.settle(waiting, snapshot, runtime, since=2, await_approval=True)
    assert settled.status is RunStatus.AWAITING_APPROVAL
    assert decisions.approve(waiting.run_id, runtime).status is RunStatus.COMPLETED
    assert sent(home) == 1


def test_the_command_line_says_that_a_proposal_is_superseded_and_ends_with_a_failure(home: Path, capsys) -> None:
    record = ask(home, 5000, lambda: ask(home, 6000))
    answer = proposal(record, None)
    assert (answer.document["run_id"], answer.exit_code) == (record.run_id, 1)
    assert "is superseded and not released: P1 has newer holdings" in capsys.readouterr().err
