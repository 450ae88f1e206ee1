"""Three small books, their taxes by hand with every step in the file: the independent ledger comes to the same."""

from __future__ import annotations

import json
from datetime import date
from fractions import Fraction as F
from pathlib import Path
from typing import Any

import pytest
from tax_ledger import GERMANY, US, ZERO, Books, Buy, Regime, Sell, keep, net
from tax_pools import INCLUSION, canada

HERE = Path(__file__).parent
BOOKS = {name: json.loads((HERE / f"{name}.json").read_text(encoding="utf-8")) for name in ("us_federal", "germany", "canada")}
TWINS = {"CCC": "twins", "CCD": "twins"}
REGIMES = {
    "us_federal": Regime(US.short_rate, US.long_rate, months=12, wash_before=30, wash_after=30, group=TWINS),
    "germany": GERMANY,
    "canada": Regime(F(5353, 10000) * INCLUSION, F(5353, 10000) * INCLUSION, pooled=True),
}


def bought(book: dict[str, Any]) -> list[Buy]:
    return [
        Buy(date.fromisoformat(x["acquired_on"]), x["asset_id"], x["lot_id"], F(x["shares"]), F(x["cost_per_share"]))
        for x in book["lots"]
    ]


def sold(book: dict[str, Any], lots: bool) -> list[Sell]:
    day, prices = date.fromisoformat(book["as_of"]), book["prices"]
    return [
        Sell(day, x["asset_id"], F(x["shares"]), F(prices[x["asset_id"]]), ((x["lot_id"], F(x["shares"])),) if lots else ())
        for x in book["sales"]
    ]


def money(words: dict[str, str], *names: str) -> list[F]:
    return [F(words[name]) for name in names]


def by_asset(sales: list[Sell]) -> list[Sell]:
    """One sale an asset, no lot named."""
    assets = dict.fromkeys(sale.asset for sale in sales)
    mine = {a: [sale for sale in sales if sale.asset == a] for a in assets}
    return [Sell(m[0].day, a, sum((s.shares for s in m), ZERO), m[0].price) for a, m in mine.items()]


def kept(name: str) -> Books:
    book = BOOKS[name]
    sales = by_asset(sold(book, lots=False)) if name == "germany" else sold(book, lots=True)
    return keep(REGIMES[name], [*bought(book), *sales])


@pytest.mark.parametrize("name", ["us_federal", "germany"])
def test_each_lot_sold_is_as_by_hand(name: str) -> None:
    """Germany's are chosen first in, first out: nobody names one."""
    expected = BOOKS[name]["expected"]["lines"]
    found = [(s.lot, s.gain, "long" if s.long else "short", s.disallowed) for s in kept(name).lines]
    assert found == [(x["lot_id"], F(x["gain"]), x["term"], F(x["disallowed"])) for x in expected]


@pytest.mark.parametrize("name", ["us_federal", "germany"])
def test_what_is_left_and_what_it_would_gain(name: str) -> None:
    books, expected = kept(name), BOOKS[name]["expected"]
    assert {p.lot: (p.shares, p.basis) for p in books.parts} == {lot: (F(n), F(c)) for lot, (n, c) in expected["left"].items()}
    assert books.unrealized({a: F(p) for a, p in BOOKS[name]["prices"].items()}) == F(expected["unrealized_after"])


def test_the_holding_period_of_what_replaced_a_loss() -> None:
    (replaced,) = kept("us_federal").lot("d1")
    assert (replaced.since, replaced.bought) == (date(2024, 5, 14), date(2026, 11, 10))


def canadas() -> tuple[list[dict[str, Any]], dict[str, Any], F]:
    """Lines, what is left, what it would gain."""
    book = BOOKS["canada"]
    lines, left, unrealized = [], {}, ZERO
    for sale in sold(book, lots=False):
        pool = canada([*(b for b in bought(book) if b.asset == sale.asset), sale])
        (line,) = pool.sales
        lines.append({"asset_id": sale.asset, "gain": line.proceeds - line.cost, "disallowed": line.denied})
        left[sale.asset] = (pool.shares, pool.average)
        unrealized += pool.shares * sale.price - pool.cost
    return lines, left, unrealized


def test_canadas_pools_are_as_by_hand() -> None:
    expected = BOOKS["canada"]["expected"]
    lines, left, unrealized = canadas()
    assert lines == [{**x, "gain": F(x["gain"]), "disallowed": F(x["disallowed"])} for x in expected["lines"]]
    assert left == {asset: (F(n), F(c)) for asset, (n, c) in expected["left"].items()}
    assert unrealized == F(expected["unrealized_after"])


@pytest.mark.parametrize("name", BOOKS)
def test_the_year_the_tax_and_what_is_carried(name: str) -> None:
    book, regime = BOOKS[name], REGIMES[name]
    expected = book["expected"]
    now = kept(name).realized() if name != "canada" else (sum((x["gain"] + x["disallowed"] for x in canadas()[0]), ZERO), ZERO)
    assert list(now) == money(expected["now"], "short", "long")
    before = money(book, "realized_short", "realized_long")
    carried = money(book, "carried_short", "carried_long")
    after = net(regime, before[0] + now[0], before[1] + now[1], *carried)
    year = expected["year"]
    if regime.pooled:
        assert after.short + after.long == F(year["short"]) + F(year["long"])
    else:
        assert [after.short, after.long] == money(year, "short", "long")
    assert [after.taxed_short, after.taxed_long, after.allowance_used] == money(
        year, "taxed_short", "taxed_long", "allowance_used"
    )
    due_before = net(regime, *before, *carried).due
    assert [after.due, due_before, after.due - due_before] == money(expected, "due", "due_before", "tax")
    assert [after.carried_short, after.carried_long] == money(expected, "carried_short", "carried_long")
