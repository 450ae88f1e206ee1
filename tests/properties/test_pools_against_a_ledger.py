"""Shares at one cost: a superficial loss by the product is the Canada Revenue Agency's formula, to the cent."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
from tax_ledger import Buy, Sell
from tax_pools import canada

from portopt.domain.tax import Lot, LotSale, TaxRecord
from portopt.taxation.lot_book import average_costs
from portopt.taxation.rules import rules_of
from portopt.taxation.wash_sales import disallowed

AS_OF = date(2026, 11, 30)
RULES = rules_of({"regime": "canada"})
PRICE = Decimal("40.00")
AGO = st.one_of(st.integers(1, 60), st.sampled_from((29, 30, 31, 400)))
LOTS = st.lists(st.tuples(AGO, st.integers(1, 20), st.integers(4100, 9000)), min_size=1, max_size=5)


@settings(max_examples=150, deadline=None)
@given(lots=LOTS, part=st.integers(1, 100), bought=st.integers(0, 15))
def test_a_superficial_loss(lots: list[tuple[int, int, int]], part: int, bought: int) -> None:
    """All lots cost more than the price. Sold as the plan does: the lots one after the other, each at the average."""
    rows = sorted(lots, key=lambda row: -row[0])
    held = tuple(
        Lot("RY", f"r{k}", AS_OF - timedelta(ago), Decimal(n), Decimal(cents) / 100) for k, (ago, n, cents) in enumerate(rows)
    )
    total = sum(int(lot.shares) for lot in held)
    wanted = max(1, total * part // 100)
    cost, sales, left = average_costs(held)["RY"], [], Decimal(wanted)
    for lot in held:
        shares = min(lot.shares, left)
        left -= shares
        if shares:
            sales.append(LotSale(lot, shares, shares * PRICE, shares * (PRICE - cost), "short"))
    found = disallowed(sales, {"RY": Decimal(bought)} if bought else {}, TaxRecord(held), AS_OF, RULES).of_sales

    events: list[Buy | Sell] = [
        Buy(lot.acquired_on, "RY", lot.lot_id, Fraction(lot.shares), Fraction(lot.cost_per_share)) for lot in held
    ]
    events.append(Sell(AS_OF, "RY", Fraction(wanted), Fraction(PRICE)))
    if bought:
        events.append(Buy(AS_OF, "RY", "new", Fraction(bought), Fraction(PRICE)))
    (sale,) = canada(events).sales
    denied = sum((one.amount for one in found), Decimal(0))
    assert abs(Fraction(denied) - sale.denied) <= Fraction(len(sales), 100)
