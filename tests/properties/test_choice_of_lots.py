"""The choice of lots beside every way tried and beside the rule of thumb; the tax of a program beside the ledger's."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
import tax_ledger
from lots_by_force import highest_cost, least_tax, tax_of
from small_lots import RULES, SmallBook, regime_of, small_book

from portopt.domain.lot_book import LotBook
from portopt.domain.tax import TaxPlan, TaxRules
from portopt.terms.shared.lot_choice import sold_of_lots
from portopt.trading.lots_sold import tax_plan

BY_FORCE, BY_THUMB = 200, 1000
A_HAIR, A_CENT = 1e-9, Decimal("0.01")  # of portfolio value; a due figure is rounded, a tax is two of them


def due_of_the_choice(book: SmallBook) -> float:
    """Money that the sales add, lots chosen in weights."""
    lots, value = book.lots(), float(book.value)
    sells = np.array([book.sells.get(a, 0) * float(book.prices.get(a, 0)) / value for a in book.universe.ids])
    sold = sold_of_lots(sells, SimpleNamespace(limits=(), held_lots=lambda: lots), lots)
    per_asset = np.bincount(lots.asset, sold, len(sells))
    np.testing.assert_allclose(per_asset, sells, atol=1e-12)
    assert (sold >= 0).all()
    assert (sold <= lots.weight + 1e-12).all()
    return lots.due(*lots.realized(sold)) * value


def plan_of(book: SmallBook) -> TaxPlan:
    """The same sales as orders: lots chosen in whole shares."""
    lots, ids, prices = book.lots(), book.universe.ids, book.prices
    w_prev = book.holdings.weights(book.universe, prices)
    sells = np.array([book.sells.get(a, 0) * float(prices.get(a, 0) / book.value) for a in ids])
    problem = SimpleNamespace(lots=lots, limits=(), universe=book.universe, held_lots=lambda: lots, previous=lambda: w_prev)
    held = {i: book.holdings.shares.get(a, Decimal(0)) for i, a in enumerate(ids)}
    of_book = SimpleNamespace(ids=ids, prices=[prices.get(a, Decimal(1)) for a in ids], shares=held, value=book.value)
    orders = [
        SimpleNamespace(i=ids.index(a), is_buy=False, shares=-Decimal(n), value=n * prices[a])
        for a, n in book.sells.items()
        if n
    ]
    settled = SimpleNamespace(orders=orders, weights=w_prev - sells)
    found = tax_plan(problem, of_book, settled, book.holdings.tax)
    assert found is not None
    return found


def taken_by(plan: TaxPlan) -> dict[str, int]:
    assert all(sale.shares == int(sale.shares) for sale in plan.sales)
    return {sale.lot.lot_id: int(sale.shares) for sale in plan.sales}


@pytest.mark.parametrize("few", range(10))
def test_never_dearer_than_any_way_to_take_whole_shares(few: int) -> None:
    """200 small books, 20 at a time: in weights at most as dear, in whole shares exactly the least, to the cent."""
    for seed in range(few, BY_FORCE, 10):
        book = small_book(seed, assets=3)
        best = least_tax(book.regime, book.own, book.sells, book.before)
        assert due_of_the_choice(book) <= float(best.tax) + A_HAIR * float(book.value), seed
        plan = plan_of(book)
        assert tax_of(book.regime, book.own, taken_by(plan), book.before) == best.tax, seed
        assert abs(plan.tax - Decimal(float(best.tax))) <= A_CENT, seed


@pytest.mark.parametrize("few", range(10))
def test_never_dearer_than_the_dearest_lot_first(few: int) -> None:
    """1,000 books; on many of them it is cheaper."""
    cheaper = 0
    for seed in range(few, BY_THUMB, 10):
        book = small_book(seed + 10_000, lots=6, shares=30)
        thumb = highest_cost(book.regime, book.own, book.sells, book.before).tax
        assert due_of_the_choice(book) <= float(thumb) + A_HAIR * float(book.value), seed
        found = tax_of(book.regime, book.own, taken_by(plan_of(book)), book.before)
        assert found <= thumb, seed
        cheaper += found < thumb
    assert cheaper > 5


@pytest.mark.parametrize("seed", range(6))
def test_what_the_rest_would_be_taxed(seed: int) -> None:
    """Deferred: everything sold, less what is sold now. Unrealized: by hand from the lots."""
    book = small_book(seed)
    plan = plan_of(book)
    taken = taken_by(plan)
    left = {lot.name: lot.shares for lot in book.own}
    all_of_it = tax_of(book.regime, book.own, left, book.before)
    assert abs(plan.deferred - Decimal(float(all_of_it - tax_of(book.regime, book.own, taken, book.before)))) <= A_CENT
    rest = sum((lot.shares - taken.get(lot.name, 0)) * lot.gain for lot in book.own)
    assert (plan.unrealized_before, plan.unrealized_after) == (sum(lot.shares * lot.gain for lot in book.own), rest)


@pytest.mark.parametrize("rules", RULES, ids=lambda rules: rules.name)
@pytest.mark.parametrize("loss_value", [0.0, 0.1])
def test_what_a_program_says_is_due_is_what_the_ledger_says(rules: TaxRules, loss_value: float) -> None:
    """Convex pieces and their cases on one side, netting by prose on the other. A carried loss counts as what it is worth."""
    lots = _of_any_gains(replace(rules, loss_value=loss_value))
    rng = np.random.default_rng(5)
    for _ in range(500):
        short, long = (Fraction(int(x)) if rng.integers(5) else Fraction(0) for x in rng.integers(-150, 150, 2))
        ours = tax_ledger.net(regime_of(rules), short, long)
        expected = float(ours.due) - loss_value * float(ours.carried_short + ours.carried_long)
        found = lots.due(float(short) / 1000, float(long) / 1000) + lots.due_before
        assert found * 1000 == pytest.approx(expected, abs=1e-9), (short, long)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_case_that_no_sale_leads_into_says_nothing(sign: float) -> None:
    """Long lots that all gain, or all lose, beside short ones of both kinds: the line L = 0 is touched and never crossed."""
    every = _of_any_gains(RULES[0])
    lots = replace(every, gain=np.where(every.short, every.gain, sign * np.abs(every.gain)))
    (case,) = lots.cases()
    assert case.holds(0.3, sign * 0.2)
    for short in (-0.3, 0.0, 0.2):
        ours = tax_ledger.net(regime_of(RULES[0]), Fraction(short), Fraction(sign * 0.2))
        assert case.due(short, sign * 0.2) == pytest.approx(float(ours.due), abs=1e-12)


def _of_any_gains(rules: TaxRules) -> LotBook:
    """A book of 1,000 whose lots reach every part of the plane."""
    base = replace(small_book(0), rules=rules).lots()
    return replace(
        base,
        value=1000.0,
        lots=base.lots[:1] * 4,
        asset=np.zeros(4, dtype=np.intp),
        weight=np.full(4, 0.25),
        gain=np.array([0.8, -2.0, 0.8, -2.0]),
        short=np.array([True, True, False, False]),
        unknown=np.zeros(4, dtype=bool),
        before_short=0.0,
        before_long=0.0,
        allowance=float(rules.allowance / Decimal(1000)),
    )
