"""The registry of trials, on both databases: each strategy counts once, whoever tried it and however often."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from threading import Thread

import pytest

from portopt.adapters.store.trials import SqlTrials
from portopt.domain.backtest import BacktestRequest
from portopt.domain.request import Policy
from portopt.domain.trials import TrialRecord, family_of, trial_id_of
from portopt.domain.universe import Universe


def record(number: int, family: str = "f", sharpe: float | None = 0.5) -> TrialRecord:
    changes = {"estimation.lookback": number, "limits.max_weight": 0.1}
    return TrialRecord(family, f"t{number}", "least", changes, sharpe, 252, date(2020, 1, 2), date(2020, 12, 31))


@pytest.fixture
def trials(store) -> SqlTrials:
    return SqlTrials(store.database)


def test_what_is_registered_is_counted_by_family_and_read_back_as_it_was(trials):
    trials.register([record(2), record(1), record(1, "other")])
    assert (trials.count("f"), trials.count("other"), trials.count("none")) == (2, 1, 0)
    assert trials.list("f") == [record(1), record(2)]


def test_the_same_strategy_again_is_no_further_trial_and_has_its_newest_figures(trials):
    trials.register([record(1)])
    again = replace(record(1), sharpe=None, periods=500, last=date(2021, 12, 31))
    trials.register([again, again])
    assert trials.list("f") == [again]


def test_many_at_once_are_all_counted(trials):
    threads = [Thread(target=trials.register, args=([record(k) for k in range(n, n + 20)],)) for n in range(0, 60, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert trials.count("f") == 70


def request(*ids: str, **changes: object) -> BacktestRequest:
    base = BacktestRequest(Policy("p", "p", {"kind": "min_risk"}, {}), Universe.of(ids), Decimal(1000), [{"every": "month"}])
    return replace(base, **changes)


def test_a_family_is_the_assets_in_any_order_and_a_trial_the_strategy_in_any_period():
    assert family_of(request("A", "B")) == family_of(request("B", "A", start=date(2020, 1, 1))) != family_of(request("A"))
    longer = request("A", "B", start=date(2020, 1, 1), end=date(2021, 1, 1))
    assert trial_id_of(longer) == trial_id_of(request("A", "B")) != trial_id_of(request("A", "B", capital=Decimal(2000)))
