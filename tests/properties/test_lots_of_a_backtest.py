"""Random days of trading: the lots that a backtest keeps are those of the independent ledger, to the cent."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from tax_ledger import Books, Buy, Regime, Sell, keep

from portopt.domain.tax import LongAfter, TaxRules
from portopt.simulation.taxed.book import TaxBook, purchase_of
from portopt.simulation.taxed.trades import Bought, Sold, settled

IDS = ("VOO", "IVV", "KO")
RULES = TaxRules("us", 0.37, 0.2, LongAfter(months=12), wash_days_before=30, wash_days_after=30, method="fifo",
                 identical={"VOO": "VOO", "IVV": "VOO"})  # fmt: skip
REGIME = Regime(Fraction(37, 100), Fraction(1, 5), months=12, wash_before=30, wash_after=30, group={"IVV": "VOO"})


def kept_by_both(seed: int, rules: TaxRules, regime: Regime) -> tuple[TaxBook, Books]:
    """Forty days a few days apart; whole shares at whole cents. The ledger is told which purchases were sold from."""
    rng = np.random.default_rng(seed)
    book, events, on = TaxBook(), [], date(2023, 1, 2)
    for _ in range(40):
        on += timedelta(int(rng.choice((1, 2, 5, 11, 31, 90), p=(0.3, 0.2, 0.2, 0.2, 0.06, 0.04))))
        sold, bought = [], []
        for asset in IDS:
            price, held = Decimal(int(rng.integers(4000, 6000))) / 100, sum(lot.shares for lot in book.of(asset))
            if held and rng.random() < 0.4:
                shares = Decimal(int(rng.integers(1, int(held) + 1)))
                sold.append(Sold(asset, shares, shares * price))
            elif rng.random() < 0.35:
                shares = Decimal(int(rng.integers(1, 20)))
                bought.append(Bought(asset, shares, shares * price))
        before = book
        book = settled(book, sold, bought, on, rules)
        events += _events(before, book, sold, bought, on)
    return book, keep(regime, events)


def _events(before: TaxBook, book: TaxBook, sold: list[Sold], bought: list[Bought], on: date) -> list[Buy | Sell]:
    lots = before.bought
    found: list[Buy | Sell] = []
    for k, new in enumerate(bought):
        found.append(Buy(on, new.asset_id, f"lot-{lots + k + 1}", Fraction(new.shares), Fraction(new.cost / new.shares)))
    for one in sold:
        mine = [s for s in book.sales[len(before.sales) :] if s.asset_id == one.asset_id]
        picks: dict[str, Fraction] = defaultdict(Fraction)
        for sale in mine:
            picks[purchase_of(sale.lot_id)] += Fraction(sale.shares)
        price = Fraction(one.proceeds) / Fraction(one.shares)
        found.append(Sell(on, one.asset_id, Fraction(one.shares), price, tuple(picks.items())))
    return found


def _rows(book: TaxBook) -> dict[tuple[object, ...], tuple[Fraction, ...]]:
    found: dict[tuple[object, ...], list[Fraction]] = defaultdict(lambda: [Fraction(0)] * 3)
    for s in book.sales:
        key = (s.sold_on, purchase_of(s.lot_id), s.term)
        found[key] = [a + Fraction(b) for a, b in zip(found[key], (s.shares, s.gain, s.disallowed), strict=True)]
    return {key: tuple(row) for key, row in found.items()}


def _lines(books: Books) -> dict[tuple[object, ...], tuple[Fraction, ...]]:
    found: dict[tuple[object, ...], list[Fraction]] = defaultdict(lambda: [Fraction(0)] * 3)
    for s in books.lines:
        key = (s.day, s.lot, "long" if s.long else "short")
        found[key] = [a + b for a, b in zip(found[key], (s.shares, s.gain, s.disallowed), strict=True)]
    return {key: tuple(row) for key, row in found.items()}


@pytest.mark.parametrize("seed", range(12))
def test_sales_by_lot_and_what_is_left(seed: int) -> None:
    book, books = kept_by_both(seed, RULES, REGIME)
    assert len(book.sales) > 10
    assert any(sale.disallowed for sale in book.sales)
    ours, theirs = _lines(books), _rows(book)
    assert ours.keys() == theirs.keys()
    for key, row in theirs.items():
        assert [float(x) for x in row] == pytest.approx([float(x) for x in ours[key]], abs=0.05), key
    left = {lot: sum(p.shares * p.basis for p in books.lot(lot)) for lot in {p.lot for p in books.parts}}
    kept: dict[str, Fraction] = defaultdict(Fraction)
    for lot in book.lots:
        kept[purchase_of(lot.lot_id)] += Fraction(lot.shares) * Fraction(lot.cost_per_share)
    assert {k: float(v) for k, v in kept.items()} == pytest.approx({k: float(v) for k, v in left.items()}, abs=0.05)
