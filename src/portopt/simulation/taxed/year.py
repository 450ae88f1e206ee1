"""The tax of each year of a backtest, and what a decision is told of lots and of the year so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal

from portopt.domain.backtest import BacktestRequest
from portopt.domain.backtest_taxes import BacktestTaxes, TaxYear
from portopt.domain.errors import InvalidValue
from portopt.domain.holdings import to_cents
from portopt.domain.tax import ClosedLot, TaxRecord, TaxRules
from portopt.simulation.taxed.book import ZERO, TaxBook, cost_of
from portopt.taxation.holding_period import term_of
from portopt.taxation.netting import netted
from portopt.taxation.rules import rules_of


def rules_asked(request: BacktestRequest) -> TaxRules | None:
    """The rules that lots are kept by; None where the policy knows no tax.

    Raises InvalidValue for lots that are named, since those of a backtest have no names before they are bought, and where a
    later policy knows another tax.
    """
    tax = request.policy.tax
    for day, policy in request.policies:
        if policy.tax != tax:
            why = f"the policy of {day} knows another tax than the first: lots are kept by one for the whole backtest"
            raise InvalidValue("policies", policy.id, why, fix="write the same tax in each of them, or one backtest for each")
    if not tax:
        return None
    rules = rules_of(tax)
    if rules.method == "specified":
        why = "the lots of a backtest have no names before they are bought"
        raise InvalidValue("tax.method", rules.method, why, fix="write min_tax, highest_cost, fifo or lifo")
    return rules


def years_of(book: TaxBook, rules: TaxRules, upto: int | None = None) -> Iterator[TaxYear]:
    """Every year from the first sale on, to the last one or to `upto`, losses carried from each to the next."""
    if not book.sales:
        return
    last = max(sale.sold_on.year for sale in book.sales) if upto is None else upto
    carried = (ZERO, ZERO)
    for year in range(min(sale.sold_on.year for sale in book.sales), last + 1):
        sales = [sale for sale in book.sales if sale.sold_on.year == year]
        of_term = [sum((s.counted for s in sales if s.term == term), ZERO) for term in ("short", "long")]
        record = TaxRecord(carried_short=carried[0], carried_long=carried[1])
        found = netted(rules, record, *of_term)
        carried = (found.carried_short, found.carried_long)
        lost = -sum((sale.counted for sale in sales if sale.counted < 0), ZERO)
        yield TaxYear(year, found, lost, sum((sale.disallowed for sale in sales), ZERO))


def record_of(book: TaxBook, shares: Mapping[str, Decimal], on: date, rules: TaxRules) -> TaxRecord:
    """What a decision is told: the lots of what it holds, losses within the window, and the year so far.

    shares: held when open orders are filled, by asset; of lots that are about to be sold, the last are left out.
    """
    earlier = list(years_of(book, rules, on.year - 1))
    carried = (earlier[-1].netting.carried_short, earlier[-1].netting.carried_long) if earlier else (ZERO, ZERO)
    now = [sale for sale in book.sales if sale.sold_on.year == on.year]
    realized = [sum((s.counted for s in now if s.term == term), ZERO) for term in ("short", "long")]
    lots = []
    for asset_id in dict.fromkeys(lot.asset_id for lot in book.lots):
        left = shares.get(asset_id, ZERO)
        for lot in book.of(asset_id):
            if lot.shares <= left:
                lots.append(lot)
                left -= lot.shares
    return TaxRecord(tuple(lots), tuple(_closed(book)), realized[0], realized[1], *carried)


def _closed(book: TaxBook) -> Iterator[ClosedLot]:
    for one in book.open:
        sale = book.sales[one.sale]
        cost, proceeds = sale.cost / sale.shares, sale.proceeds / sale.shares
        yield ClosedLot(sale.asset_id, sale.lot_id, sale.acquired_on, sale.sold_on, one.shares, cost, proceeds)


def taxes_of(book: TaxBook, rules: TaxRules, prices: Mapping[str, Decimal], on: date) -> BacktestTaxes:
    """All of it, told on the last day. prices: of what is held, by asset."""
    unrealized = {"short": ZERO, "long": ZERO}
    for lot in book.lots:
        gain = (prices[lot.asset_id] - cost_of(lot)) * lot.shares
        unrealized[term_of(lot.acquired_on, on, rules)] += gain
    short, long = to_cents(unrealized["short"]), to_cents(unrealized["long"])
    of_year = netted(rules, record_of(book, {}, on, rules), short, long)
    years = tuple(years_of(book, rules, on.year))
    return BacktestTaxes(rules.name, rules.method, years, book.sales, book.lots, short, long, of_year.tax)
