"""Tax lots in the ledger of a backtest: by hand, and against the ledger's own money."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal as D
from typing import Any

import numpy as np
import pytest
from made_histories import drawn_prices, history, policy, request

from portopt.document.backtest import backtest_document
from portopt.domain.action import Action
from portopt.domain.backtest import Happening
from portopt.domain.backtest_found import BacktestFound
from portopt.domain.errors import InvalidValue
from portopt.domain.tax import LongAfter, TaxRules
from portopt.questions.through_time.backtest import Backtest, concluded, posed
from portopt.questions.through_time.pieces.stretches import cuts, joined, walk_stretch
from portopt.reports.through_time import words
from portopt.reports.through_time.page import html
from portopt.simulation.accounting import Quotes, opened
from portopt.simulation.simulate import walked
from portopt.simulation.taxed import TaxBook, acted, record_of, years_of
from portopt.simulation.taxed.trades import Bought, Sold, settled

US = TaxRules("us", 0.37, 0.2, LongAfter(months=12), wash_days_before=30, wash_days_after=30)
FREELY = replace(US, wash_days_before=0, wash_days_after=0)
THEN, LATER, NOW = date(2023, 1, 3), date(2024, 3, 1), date(2024, 6, 3)


def two_lots() -> TaxBook:
    """10 at 50, long by now; 10 at 80, short."""
    book = settled(TaxBook(), [], [Bought("A", D(10), D(500))], THEN, FREELY)
    return settled(book, [], [Bought("A", D(10), D(800))], LATER, FREELY)


@pytest.mark.parametrize(
    ("method", "lots"),
    [
        ("fifo", [("lot-1", 10, 120), ("lot-2", 2, -36)]),  # 10 x (62 - 50) and 2 x (62 - 80)
        ("lifo", [("lot-2", 10, -180), ("lot-1", 2, 24)]),
        ("highest_cost", [("lot-2", 10, -180), ("lot-1", 2, 24)]),
        ("min_tax", [("lot-2", 10, -180), ("lot-1", 2, 24)]),  # -18 x 37 % before 12 x 20 %
        ("average", [("lot-1", 10, -30), ("lot-2", 2, -6)]),  # 65 on average
    ],
)
def test_which_lots_go(method: Any, lots: list[tuple[str, int, int]]) -> None:
    book = settled(two_lots(), [Sold("A", D(12), D(744))], [], NOW, replace(FREELY, method=method))
    assert [(s.lot_id, s.shares, s.gain) for s in book.sales] == lots
    assert sum(lot.shares for lot in book.lots) == 8


def test_the_tax_of_a_long_gain_may_be_less_than_that_of_a_smaller_short_one() -> None:
    """At 100: 50 x 20 % = 10 of the first, 20 x 37 % = 7.40 of the second; at 130: 80 x 20 % = 16 and 50 x 37 % = 18.50."""
    for price, first in ((100, "lot-2"), (130, "lot-1")):
        book = settled(two_lots(), [Sold("A", D(1), D(price))], [], NOW, FREELY)
        assert book.sales[0].lot_id == first


def test_a_split_keeps_what_a_lot_cost() -> None:
    """Two for one: 20 at 25 and 20 at 40."""
    book, told = two_lots(), opened(1, 100_00)
    before = replace(told, units=np.array([20]))
    day = Quotes(0, NOW, ("A",), np.array([31.0]))
    split = acted(book, [], [Happening(0, "split", 0, 20, 0, "A was split 2 for 1")], (before, before), day, FREELY)
    assert [(lot.shares, lot.cost_per_share) for lot in split.lots] == [(20, 25), (20, 40)]


def test_years_hand_their_losses_on_and_a_decision_is_told_of_them() -> None:
    """2024: -180 short and 24 long, nothing due, 156 carried as short; then 2025 gains 8 x 50 = 400 long: 244 at 20 %."""
    book = settled(two_lots(), [Sold("A", D(12), D(744))], [], NOW, FREELY)
    told = record_of(book, {"A": D(8)}, date(2025, 2, 3), FREELY)
    assert (told.carried_short, told.realized_short, told.realized_long) == (156, 0, 0)
    assert [(lot.lot_id, lot.shares) for lot in told.lots] == [("lot-1", 8)]
    book = settled(book, [Sold("A", D(8), D(800))], [], date(2025, 2, 3), FREELY)
    first, second = years_of(book, FREELY)
    assert (first.netting.due, first.netting.carried_short, first.harvested) == (0, 156, 180)
    assert (second.netting.taxed_long, second.netting.due) == (244, D("48.80"))


def test_what_is_bought_back_takes_the_loss_into_its_cost() -> None:
    """10 at 80 sold for 620, a loss of 180; 4 bought again two weeks later for 260: 72 do not count, they cost 83 each."""
    book = settled(two_lots(), [Sold("A", D(10), D(620))], [], NOW, US)
    assert record_of(book, {"A": D(10)}, date(2024, 6, 10), US).closed[0].loss == 180
    book = settled(book, [], [Bought("A", D(4), D(260))], date(2024, 6, 17), US)
    assert book.sales[0].counted == -108
    assert [(lot.shares, lot.cost_per_share) for lot in book.lots if lot.lot_id != "lot-1"] == [(4, 83)]
    assert record_of(book, {"A": D(14)}, date(2024, 6, 18), US).closed[0].shares == 6


# --- whole backtests --------------------------------------------------------------------------------------------------------

TAX = {"regime": "us_federal", "harvest": True}
ACTIONS = (
    Action("A", "split", date(2020, 6, 1), ratio=(3, 2)),
    Action("B", "spin_off", date(2020, 8, 3), ratio=(1, 4), into="D"),
    Action("C", "delisting", date(2020, 10, 1), delisting_return=D("-0.5")),
)


def found(tax: dict[str, Any], actions: tuple[Action, ...] = (), **changes: Any) -> BacktestFound:
    of = history(drawn_prices(sessions=300), actions=actions)
    limits = {"long_only": True, "max_weight": 0.6, "cash": {"max": 0.05}}
    chosen = policy({"kind": "utility", "risk_aversion": 4.0}, limits, tax=tax)
    asked = Backtest(request(of, policy=chosen, actions=actions, spread_bps=10.0, **changes), of)
    s, held_against = posed(asked)
    run, end = walked(s)
    return concluded(asked, s, held_against, run, end, sweep=False)


@pytest.mark.parametrize("actions", [(), ACTIONS], ids=["no actions", "with actions"])
def test_all_gains_of_lots_are_what_the_ledger_says_was_earned(actions: tuple[Action, ...]) -> None:
    """By lots or by average cost: what counts and what is unrealized add up to the same money, but for parts of a unit."""
    one = found(TAX, actions)
    assert one.taxes is not None
    assert len(one.taxes.sales) > 10
    counted = sum(sale.counted for sale in one.taxes.sales) + one.taxes.unrealized_short + one.taxes.unrealized_long
    p = one.profits
    in_lieu = sum(h.cents for h in one.run.happenings if h.kind == "cash_in_lieu")
    assert abs(counted - D(int(p.by_asset.sum() - p.dividends.sum()) - in_lieu) / 100) < D(1)


def test_the_document_tells_years_sales_and_lots() -> None:
    one = found(TAX)
    told = backtest_document(one, "bt-taxed")["taxes"]
    assert (told["regime"], told["method"]) == ("us_federal", "min_tax")
    assert D(told["due"]) == sum(D(year["due"]) for year in told["years"])
    assert [year["year"] for year in told["years"]] == [2020, 2021]
    assert D(told["equity_after_tax"]) == D(int(one.run.equity[-1])) / 100 - D(told["due"])
    assert sum(D(lot["shares"]) for lot in told["lots"]) == int(one.run.units[-1].sum())
    assert {"gain", "term", "disallowed", "sold_on", "acquired_on"} <= told["sales"][0].keys()


def test_without_a_tax_nothing_is_told() -> None:
    one = found({})
    assert one.taxes is None
    assert "taxes" not in backtest_document(one, "bt-plain")


def test_no_decision_sees_what_comes_after_it() -> None:
    one = found(TAX, prove=True)
    assert one.proof is not None
    assert one.proof.holds, one.proof.changed


def test_in_stretches_it_is_the_same_to_the_lot() -> None:
    of = history(drawn_prices(sessions=300))
    chosen = policy({"kind": "utility", "risk_aversion": 4.0}, {"long_only": True, "max_weight": 0.6}, tax=TAX)
    s, _ = posed(Backtest(request(of, policy=chosen), of))
    at_once = walked(s)[1].book
    stretches: list[bytes] = []
    for k in range(len(cuts(s.first, s.last))):
        stretches.append(walk_stretch(s, k, stretches[-1] if stretches else None, keeps_seen=False))
    assert len(stretches) == 2
    assert joined(s, stretches)[1].book.taxes == at_once.taxes


def test_lots_that_are_named_are_refused() -> None:
    with pytest.raises(InvalidValue, match="have no names before they are bought"):
        found({"regime": "us_federal", "method": "specified", "specified": {"A": ["lot-1"]}})


def test_the_report_and_the_terminal_say_what_the_document_says() -> None:
    """The first sale and each year stand on the page; the sentence has the document's own amounts."""
    document = backtest_document(found(TAX), "bt-taxed")
    page, told = html(document), document["taxes"]
    section = page[page.index('<section id="taxes">') :].split("</section>")[0]
    assert all(f'<th scope="row">{year["year"]}</th>' in section for year in told["years"])
    assert f'<th scope="row">{told["sales"][0]["sold_on"]}</th>' in section
    (sentence,) = words.taxes(document)
    assert f"{D(told['due']):,.2f}" in sentence
    assert '<section id="taxes">' not in html(backtest_document(found({}), "bt-plain"))
