"""What went wrong in other backtesters, row by row of the suite: each of these happened to a product that people trusted."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from made_histories import drawn_prices, fixed, history, own, policy, request

from portopt.document.backtest import backtest_document
from portopt.domain.errors import DataError
from portopt.domain.factor_returns import FactorReturns
from portopt.questions.backtest import backtest
from portopt.questions.through_time.backtest import Backtest
from portopt.simulation.asking import asked_on, snapshot_on
from portopt.simulation.decide import PipelineDecider
from portopt.simulation.history import History
from portopt.simulation.simulate import simulate
from portopt.simulation.strategies import Decided, Held


def test_row_1_what_was_decided_at_a_close_is_filled_at_a_later_one() -> None:
    h = history(drawn_prices(60))
    for delay in (1, 2, 5):
        run = backtest(own(h, fixed({"A": 1.0}), delay=delay, rebalance=["every 10"])).run
        assert run.fills
        assert {f.day - f.decided for f in run.fills} == {delay}
        assert all(float(f.price) == h.prices[f.decided + delay, f.asset] for f in run.fills)


def test_row_1_a_fill_at_the_close_that_was_seen_has_to_be_asked_for_and_is_printed() -> None:
    h = history(drawn_prices(60))
    assert request(h).execution.delay == 1
    found = backtest(own(h, fixed({"A": 1.0}), delay=0))
    assert {f.day - f.decided for f in found.run.fills} == {0}
    assert "delay 0" in " ".join(backtest_document(found, "bt-0")["execution"]["printed"])
    assert "delay 0" not in " ".join(backtest_document(backtest(own(h, fixed({"A": 1.0}))), "bt-1")["execution"]["printed"])


def test_row_2_decisions_are_the_same_on_the_data_up_to_their_day_as_on_all_data() -> None:
    prices = drawn_prices(90, 3)
    whole = history(prices)
    asked = request(whole, rebalance=["weekly"])
    all_of_them = simulate(asked, whole, PipelineDecider(asked))
    for T in range(30, 90, 7):
        cut = history(prices[:T])
        run = simulate(asked, cut, PipelineDecider(asked))
        assert len(run.decisions) > 0
        for d, e in zip(run.decisions, all_of_them.decisions, strict=False):
            assert (d.day, d.trigger, d.status) == (e.day, e.trigger, e.status)
            np.testing.assert_array_equal(d.target, e.target)
            np.testing.assert_array_equal(d.weights, e.weights)


def test_row_5_a_gap_is_valued_at_the_price_before_it_and_the_source_stays_as_it_is() -> None:
    prices = np.array([[1.0], [1.0], [np.nan], [np.nan], [3.0], [3.0]])
    before = prices.copy()
    h = history(prices)
    run = backtest(own(h, fixed({"A": 1.0}), capital=1000, delay=0)).run
    assert run.prices[:, 0].tolist() == [1.0, 1.0, 1.0, 3.0, 3.0]
    assert run.equity.tolist() == [100_000, 100_000, 100_000, 300_000, 300_000]
    np.testing.assert_array_equal(h.prices, before)


def test_row_6_without_a_price_an_order_is_not_filled_and_is_listed() -> None:
    prices = np.full((8, 2), 10.0)
    prices[2, 0] = np.nan
    found = backtest(own(history(prices), fixed({"A": 0.5, "B": 0.5}), capital=1000, rebalance=["yearly"]))
    document = backtest_document(found, "bt-0")
    assert [f.asset for f in found.run.fills] == [1]
    assert [(row["asset_id"], "no price" in row["reason"]) for row in document["unfilled"]] == [("A", True)]
    assert any("not filled" in warning for warning in document["warnings"])


def test_row_7_what_is_fitted_past_the_decision_is_refused_with_the_date() -> None:
    h = history(drawn_prices(60, 3))
    asked = request(h)
    known, held = h.known(40), Held(np.zeros(3, dtype=np.int64), 100_000_00, h.prices[40])
    later = FactorReturns(("F",), np.full((60, 1), 0.01), h.dates)
    with pytest.raises(DataError, match=f"reach to {h.dates[-1]}, past the decision of {h.dates[40]}"):
        snapshot_on(replace(asked_on(asked, known, held), factor_returns=later), known)


def test_row_7_factor_returns_are_cut_at_the_decision() -> None:
    values = np.linspace(0.0, 0.01, 60)[:, None]
    days = history(drawn_prices(60, 3)).dates
    h = history(drawn_prices(60, 3), factors=((date.min, FactorReturns(("F",), values, days)),))
    known = h.known(40)
    assert known.factor_returns is not None
    assert known.factor_returns.dates is not None
    assert known.factor_returns.dates[-1] == days[40]
    np.testing.assert_array_equal(known.factor_returns.values, values[:41])


def test_row_7_a_restated_factor_file_counts_from_the_day_it_was_known() -> None:
    days = history(drawn_prices(60, 3)).dates
    first, restated = (FactorReturns(("F",), np.full((60, 1), x), days) for x in (0.01, 0.02))
    h = history(drawn_prices(60, 3), factors=((date.min, first), (days[30].item(), restated)))
    seen = [h.known(t).factor_returns.values[-1, 0] for t in (29, 30)]  # type: ignore[union-attr]
    assert seen == [0.01, 0.02]


def test_row_12_a_turnover_budget_is_kept_from_the_book_that_is_really_held() -> None:
    """The targets of the last decision are not what is held: prices drifted, and orders were filled a day later."""
    h = history(drawn_prices(160, 5, seed=3))
    limits = {"long_only": True, "cash": {"max": 0.05}, "max_turnover": 0.03}
    asked = request(h, rebalance=["weekly"], policy=policy(limits=limits, lookback=25), delay=0, spread_bps=10.0)
    run = simulate(asked, h, PipelineDecider(asked))
    carried_out = [d for d in run.decisions if d.status == "decided"]
    assert len(carried_out) > 15
    for d in carried_out[1:]:
        k = d.day - run.first
        before = np.append(run.units[k - 1] * run.prices[k], 0.0)
        cash = (
            run.cash[k] / 100 + sum((f.value if f.units > 0 else -f.value) + f.cost for f in run.fills if f.day == d.day) / 100
        )
        before[-1] = cash
        traded = sum(f.value for f in run.fills if f.day == d.day) / 100
        assert traded / before.sum() / 2 <= 0.03 + 1e-9, h.dates[d.day]
    assert max(d.turnover for d in carried_out[1:]) > 0.02  # the budget binds


def test_row_12_that_the_book_is_opened_beyond_the_budget_is_said() -> None:
    h = history(drawn_prices(60, 4, seed=3))
    for limits, said in (({"max_turnover": 0.03}, ["held to: max_turnover"]), ({}, [])):
        asked = request(h, rebalance=["monthly"], policy=policy(limits={"long_only": True, **limits}, lookback=25))
        document = backtest_document(backtest(Backtest(asked, h)), "bt")
        found = [sentence for sentence in document["execution"]["printed"] if "opens the book" in sentence]
        assert len(found) == len(said)
        assert all(sentence.endswith(end) for sentence, end in zip(found, said, strict=True))


def test_row_14_a_failed_decision_is_named_and_the_next_starts_from_the_book_that_was_held() -> None:
    h = history(drawn_prices(140, 3))
    asked = request(h, rebalance=["every 10"])
    inner, seen = PipelineDecider(asked), []

    class Killed:
        def decide(self, known: object, held: Held) -> Decided:
            seen.append(held)
            if len(seen) == 7:
                raise DataError("the seventh is killed", field="test")
            return inner.decide(known, held)  # type: ignore[arg-type]

    run = simulate(asked, h, Killed())
    seventh, eighth = run.decisions[6], run.decisions[7]
    assert (seventh.status, seventh.problem["detail"]) == ("failed", "the seventh is killed")  # type: ignore[index]
    assert eighth.day == seventh.day + 1  # due again at once: nothing has been decided for ten sessions
    np.testing.assert_array_equal(seen[7].units, run.units[seventh.day - run.first])
    np.testing.assert_array_equal(seen[7].units, seen[6].units)
    np.testing.assert_array_equal(seen[7].target, run.decisions[5].weights)
    assert f"1 of {len(run.decisions)} decisions failed" in " ".join(run.warnings)
    assert str(h.dates[seventh.day]) in " ".join(run.warnings)


def test_row_14_a_first_decision_that_failed_is_made_again_where_the_trigger_counts_from_a_decision() -> None:
    h = history(drawn_prices(100, 3))
    asked = request(h, rebalance=["every 10"])
    inner, seen = PipelineDecider(asked), []

    class FirstKilled:
        def decide(self, known: object, held: Held) -> Decided:
            seen.append(held)
            if len(seen) == 1:
                raise DataError("the first is killed", field="test")
            return inner.decide(known, held)  # type: ignore[arg-type]

    run = simulate(asked, h, FirstKilled())
    first, second = run.decisions[:2]
    assert (first.status, second.status, second.day - first.day) == ("failed", "decided", 21)
    assert run.fills


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (4, 2, 0, 3, 1)])
def test_row_15_a_whole_book_with_fees_is_bought_whatever_the_order_of_the_columns(order: tuple[int, ...]) -> None:
    prices = np.tile([10.0, 25.0, 40.0, 80.0, 125.0], (6, 1))[:, order]
    ids = tuple(np.array(["A", "B", "C", "D", "E"])[list(order)])
    h = history(prices, ids=ids)
    run = backtest(own(h, fixed(dict.fromkeys("ABCDE", 0.2)), capital=100_000, commission_bps=15.0, rebalance=["yearly"])).run
    assert run.cash.min() >= 0
    held = dict(zip(ids, zip(run.units[-1].tolist(), prices[-1], strict=True), strict=True))
    assert all(abs(n * p - 20_000 * (1 - 0.0015)) <= p + 1e-9 for n, p in held.values()), held


def test_row_16_a_pure_sale_is_never_refused() -> None:
    prices = np.full((30, 1), 100.0)

    def bought_then_sold(known: object, held: Held) -> dict[str, float]:
        return {} if held.units.any() else {"A": 1.0}

    run = backtest(own(history(prices), bought_then_sold, capital=10_000, minimum_fee=20.0, rebalance=["every 10"])).run
    sales = [f for f in run.fills if f.units < 0]
    assert sales
    assert run.units[sales[0].day - run.first, 0] == 0


def test_row_29_who_holds_the_benchmark_has_no_active_return_on_any_day() -> None:
    h = history(drawn_prices(120, 4))
    weights = {"A": 0.4, "B": 0.3, "C": 0.2, "D": 0.1}
    found = backtest(own(h, fixed(weights), benchmark=weights, fractional=True, rebalance=[{"drift": 0.9}]))
    assert found.benchmark is not None
    active = np.diff(found.run.equity) / found.run.equity[:-1] - np.diff(found.benchmark) / found.benchmark[:-1]
    assert np.abs(active).max() < 1e-6  # what is cut for lack of cash is cut in millionths


@pytest.mark.parametrize("cash", [0.0, 0.2])
def test_row_29_a_policy_that_may_not_leave_the_benchmark_holds_it(cash: float) -> None:
    h = history(drawn_prices(120, 4))
    weights = {a: w * (1 - cash) for a, w in {"A": 0.4, "B": 0.3, "C": 0.2, "D": 0.1}.items()} | (
        {"CASH": cash} if cash else {}
    )
    limits = {"long_only": True, "cash": {"max": 0.4}, "max_tracking_error": 1e-4}
    asked = request(h, policy=policy(limits=limits), benchmark=weights, rebalance=["weekly"], fractional=True)
    found = backtest(Backtest(asked, h), sweep=False)
    assert {d.status for d in found.run.decisions} <= {"decided", "kept"}, found.run.warnings
    assert found.benchmark is not None
    active = np.diff(found.run.equity) / found.run.equity[:-1] - np.diff(found.benchmark) / found.benchmark[:-1]
    assert active.std() * np.sqrt(252) < 2e-3


def test_row_29_the_benchmark_drifts() -> None:
    prices = np.column_stack([100 * 1.01 ** np.arange(40), np.full(40, 50.0)])
    h = history(prices)
    found = backtest(own(h, fixed({"A": 1.0}), benchmark={"A": 0.5, "B": 0.5}, delay=0))
    grown = 1.01 ** np.arange(len(found.run.dates))
    assert found.benchmark is not None
    np.testing.assert_allclose(found.benchmark / 1e8, 0.5 * grown + 0.5, rtol=1e-12)


def test_row_32_a_backtest_without_a_trade_ends_with_a_named_warning() -> None:
    found = backtest(own(history(drawn_prices(40)), fixed({})))
    assert not found.run.fills
    assert any(warning.startswith("No trade was made") for warning in found.run.warnings)
    assert (found.run.equity == found.run.equity[0]).all()


def test_row_32_nor_does_one_whose_every_decision_failed_end_in_silence() -> None:
    h = history(drawn_prices(60, 3))
    impossible = policy(limits={"long_only": True, "cash": {"max": 0.0}, "max_weight": 0.2}, min_observations=20)
    found = backtest(Backtest(request(h, policy=impossible), h))
    assert {d.status for d in found.run.decisions} == {"failed"}
    assert any("every decision failed" in warning for warning in found.run.warnings)


def test_the_value_of_a_history_is_that_of_its_arrays() -> None:
    h = history(drawn_prices(30))
    assert isinstance(h, History)
    with pytest.raises(ValueError, match="read-only"):
        h.known(20).prices[0, 0] = 1.0
