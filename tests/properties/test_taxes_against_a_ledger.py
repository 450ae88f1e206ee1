"""Random books: the product's holding periods, wash sales and netting are those of the independent ledger, to the cent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import tax_ledger
from hypothesis import given, settings
from hypothesis import strategies as st
from tax_ledger import Buy, Line, Regime, Sell, is_long, keep

from portopt.domain.tax import ClosedLot, LongAfter, Lot, LotSale, TaxRecord, TaxRules
from portopt.taxation.holding_period import term_of
from portopt.taxation.netting import netted
from portopt.taxation.wash_sales import WashSales, blocked_buys, blocked_sells, disallowed

AS_OF = date(2026, 11, 30)
GROUP = {"IVV": "VOO"}
ASSETS = ("VOO", "IVV", "KO")
US = TaxRules(
    "us", 0.37, 0.2, LongAfter(months=12), wash_days_before=30, wash_days_after=30, identical={"VOO": "VOO", "IVV": "VOO"}
)
OURS = Regime(Fraction(37, 100), Fraction(1, 5), months=12, wash_before=30, wash_after=30, group=GROUP)

money = st.decimals(min_value=-50_000, max_value=50_000, places=2)
losses = st.decimals(min_value=0, max_value=20_000, places=2)
rates = st.integers(0, 60).map(lambda percent: Decimal(percent) / 100)
days = st.dates(min_value=date(1999, 1, 1), max_value=date(2031, 12, 31))


def to_the_cent(amount: Fraction) -> Decimal:
    """Half-even, without a float on the way."""
    return (Decimal(amount.numerator) / Decimal(amount.denominator)).quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN)


# --- holding periods ------------------------------------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(bought=days, months=st.integers(1, 24), nearly=st.integers(-4, 4))
def test_short_or_long_by_months(bought: date, months: int, nearly: int) -> None:
    """About the day on which it turns."""
    sold = max(bought + timedelta(round(months * 30.4375) + nearly), bought)
    regime, rules = Regime(Fraction(0), Fraction(0), months=months), TaxRules("m", 0.3, 0.2, LongAfter(months=months))
    assert (term_of(bought, sold, rules) == "long") is is_long(bought, sold, regime)


def test_short_or_long_on_every_day_around_two_leap_days() -> None:
    """Every purchase from 20 February to 10 March of four years, every sale from five days before a year to five after it."""
    for k in range(4 * 20):
        bought = date(2022 + k // 20, 2, 20) + timedelta(k % 20)
        for after in range(360, 371):
            sold = bought + timedelta(after)
            assert (term_of(bought, sold, US) == "long") is is_long(bought, sold, OURS), (bought, sold)


@settings(max_examples=200, deadline=None)
@given(bought=days, held=st.integers(0, 1000), after=st.integers(1, 900))
def test_short_or_long_by_days(bought: date, held: int, after: int) -> None:
    sold = bought + timedelta(held)
    regime, rules = Regime(Fraction(0), Fraction(0), days=after), TaxRules("d", 0.3, 0.2, LongAfter(days=after))
    assert (term_of(bought, sold, rules) == "long") is is_long(bought, sold, regime)


# --- netting ---------------------------------------------------------------------------------------------------------------


@st.composite
def rules_of_a_year(draw: st.DrawFn) -> TaxRules:
    low, high = sorted((draw(rates), draw(rates)))
    allowance = draw(st.sampled_from((Decimal(0), Decimal(1000), Decimal("801.37"))))
    if draw(st.booleans()):
        return TaxRules("pooled", float(high), float(high), pooled=True, allowance=allowance)
    return TaxRules("by term", float(high), float(low), LongAfter(months=12), allowance=allowance)


@settings(max_examples=150, deadline=None)
@given(rules=rules_of_a_year(), now=st.tuples(money, money), before=st.tuples(money, money), carried=st.tuples(losses, losses))
def test_netting(
    rules: TaxRules, now: tuple[Decimal, Decimal], before: tuple[Decimal, Decimal], carried: tuple[Decimal, Decimal]
) -> None:
    found = netted(rules, TaxRecord((), (), *before, *carried), *now)
    regime = Regime(*rates_of(rules), pooled=rules.pooled, allowance=Fraction(rules.allowance))
    year = [Fraction(a) + Fraction(b) for a, b in zip(before, now, strict=True)]
    ours = tax_ledger.net(regime, *year, *map(Fraction, carried))
    without = tax_ledger.net(regime, *map(Fraction, before), *map(Fraction, carried))
    for name in ("short", "long", "taxed_short", "taxed_long", "allowance_used", "carried_short", "carried_long"):
        assert Fraction(getattr(found, name)) == getattr(ours, name), name
    assert (found.due, found.due_before) == (to_the_cent(ours.due), to_the_cent(without.due))


def rates_of(rules: TaxRules) -> tuple[Fraction, Fraction]:
    return Fraction(str(rules.short_rate)), Fraction(str(rules.long_rate))


# --- wash sales --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Day:
    """What is held, what was sold before at a loss, and what is sold and bought now."""

    lots: tuple[Lot, ...]
    closed: tuple[ClosedLot, ...]
    sold: tuple[tuple[Lot, int], ...]
    buys: dict[str, int]
    price: Decimal


@st.composite
def day_of_trading(draw: st.DrawFn, *, with_closed: bool) -> Day:
    """Lots of three assets, two of them the same, many of them within the window or at its edge."""
    ago = st.one_of(st.integers(1, 65), st.sampled_from((30, 31, 365, 366, 367, 2000)))
    lots = tuple(
        Lot(
            draw(st.sampled_from(ASSETS)),
            f"l{k}",
            AS_OF - timedelta(draw(ago)),
            Decimal(draw(st.integers(1, 12))),
            draw(cost()),
        )
        for k in range(draw(st.integers(1, 7)))
    )
    closed = tuple(_closed(draw, k) for k in range(draw(st.integers(1, 3)))) if with_closed else ()
    chosen = [lot for lot in lots if draw(st.booleans())]
    sold = tuple((lot, draw(st.integers(1, int(lot.shares)))) for lot in chosen)
    buys = {asset: draw(st.integers(1, 9)) for asset in ASSETS if draw(st.booleans())}
    return Day(lots, closed, sold, buys, Decimal("50.03"))


def cost() -> st.SearchStrategy[Decimal]:
    return st.integers(3000, 9000).map(lambda c: Decimal(c) / 100)


def _closed(draw: st.DrawFn, k: int) -> ClosedLot:
    """At a loss; some were bought so late that they stood in for others."""
    on = AS_OF - timedelta(draw(st.integers(1, 40)))
    shares, bought = Decimal(draw(st.integers(1, 10))), on - timedelta(draw(st.sampled_from((1, 3, 10, 25, 40, 500))))
    return ClosedLot(draw(st.sampled_from(ASSETS)), f"c{k}", bought, on, shares, Decimal(95), draw(cost()))


def by_the_product(day: Day) -> WashSales:
    sales = []
    for lot, shares in day.sold:
        gain = shares * (day.price - lot.cost_per_share)
        sales.append(LotSale(lot, Decimal(shares), shares * day.price, gain, term_of(lot.acquired_on, AS_OF, US)))
    buys = {asset: Decimal(shares) for asset, shares in day.buys.items()}
    return disallowed(sales, buys, TaxRecord(day.lots, day.closed), AS_OF, US)


def history(day: Day, *, today: bool = True) -> tuple[Line, ...]:
    """The lines of the ledger; those of lots that were closed first, in their order of time."""
    events: list[Buy | Sell] = [
        Buy(lot.acquired_on, lot.asset_id, lot.lot_id, Fraction(lot.shares), Fraction(lot.cost_per_share))
        for lot in (*day.lots, *day.closed)
    ]
    for c in day.closed:
        name = ((c.lot_id, Fraction(c.shares)),)
        events.append(Sell(c.closed_on, c.asset_id, Fraction(c.shares), Fraction(c.proceeds_per_share), name))
    if today:
        for lot, n in day.sold:
            events.append(Sell(AS_OF, lot.asset_id, Fraction(n), Fraction(day.price), ((lot.lot_id, Fraction(n)),)))
        for asset, n in day.buys.items():
            events.append(Buy(AS_OF, asset, f"new {asset}", Fraction(n), Fraction(day.price)))
    return keep(OURS, events).lines


@settings(max_examples=150, deadline=None)
@given(day=day_of_trading(with_closed=False))
def test_what_wash_sales_take_away(day: Day) -> None:
    found, lines = by_the_product(day).of_sales, history(day)
    assert len(found) == len(lines)
    for theirs, ours in zip(found, lines, strict=True):
        assert theirs.amount == to_the_cent(ours.disallowed)
        assert sum((moved.amount for moved in theirs.moved), Decimal(0)) == theirs.amount


@settings(max_examples=150, deadline=None)
@given(day=day_of_trading(with_closed=True))
def test_what_is_bought_now_takes_away_losses_of_before(day: Day) -> None:
    """In shares: what a lot costs depends in the ledger on what it replaced before, in a record it is as the broker says."""
    found, then, now = by_the_product(day).of_closed, history(day, today=False), history(day)
    for theirs, closed in zip(found, day.closed, strict=True):
        assert Fraction(theirs.shares) == still_open(then, closed) - still_open(now, closed)
        assert theirs.amount == to_the_cent(Fraction(theirs.shares) * Fraction(closed.loss) / Fraction(closed.shares))


def still_open(lines: tuple[Line, ...], closed: ClosedLot) -> Fraction:
    """Shares of its loss that nothing replaces."""
    return sum((line.open_shares for line in lines if line.lot == closed.lot_id), Fraction(0))


@settings(max_examples=100, deadline=None)
@given(day=day_of_trading(with_closed=True))
def test_a_lot_is_blocked_where_the_ledger_takes_something_of_its_loss(day: Day) -> None:
    """A share of one lot sold for nothing, which is a loss, and nothing bought."""
    blocked = blocked_sells(TaxRecord(day.lots, day.closed), AS_OF, US)
    for lot in day.lots:
        lines = history(replace(day, sold=((lot, 1),), buys={}, price=Decimal(0)))
        assert ((lot.asset_id, lot.lot_id) in blocked) is bool(lines[-1].disallowed)


@settings(max_examples=100, deadline=None)
@given(day=day_of_trading(with_closed=True))
def test_a_buy_is_blocked_where_it_takes_something_of_a_loss_of_before(day: Day) -> None:
    """Of each asset one share is bought alone."""
    blocked = blocked_buys(TaxRecord(day.lots, day.closed), AS_OF, US)
    then = sum(line.open_shares for line in history(day, today=False))
    for asset in ASSETS:
        now = sum(line.open_shares for line in history(replace(day, sold=(), buys={asset: 1})))
        assert (US.group(asset) in blocked) is (now < then)
