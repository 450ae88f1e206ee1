"""Corporate actions on lots: a split changes shares, a spin-off moves a part of the cost, a delisting sells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from portopt.domain.action import Action
from portopt.domain.backtest import Happening
from portopt.domain.tax import TaxRules
from portopt.simulation.accounting.account import Account, Quotes
from portopt.simulation.taxed.book import ZERO, TaxBook, cost_of
from portopt.simulation.taxed.trades import Sold, in_shares, settled


def acted(
    book: TaxBook,
    actions: Sequence[Action],
    happened: Sequence[Happening],
    accounts: tuple[Account, Account],
    quotes: Quotes,
    rules: TaxRules,
) -> TaxBook:
    """The book after a session's actions. accounts: before and after them.

    A part of a unit that is paid in cash is no sale here: what it cost stays with the rest.
    """
    before, after = accounts
    for action in actions:
        if action.kind == "spin_off" and action.into in quotes.ids:
            book = _spun_off(book, action.asset_id, action.into, before, after, quotes)
    for h in happened:
        if h.asset is None:
            continue
        if h.kind == "split":
            book = _split(book, quotes.ids[h.asset], h.units, before, quotes)
        elif h.kind == "delisting" and h.units < 0:
            gone = sum((lot.shares for lot in book.of(quotes.ids[h.asset])), ZERO)
            sold = Sold(quotes.ids[h.asset], gone, Decimal(h.cents) / 100, "delisting")
            book = settled(book, [sold], [], quotes.date, rules) if gone else book
    return book


def _split(book: TaxBook, asset_id: str, units: int, before: Account, quotes: Quotes) -> TaxBook:
    """units: gained by it. What a lot cost stays, in more shares or in fewer."""
    was = int(before.units[quotes.ids.index(asset_id)])
    if was <= 0:
        return book
    ratio = Decimal(was + units) / was
    if not ratio:
        return book.with_lots(asset_id, [])
    lots = [replace(lot, shares=lot.shares * ratio, cost_per_share=cost_of(lot) / ratio) for lot in book.of(asset_id)]
    return book.with_lots(asset_id, lots)


def _spun_off(book: TaxBook, asset_id: str, into: str, before: Account, after: Account, quotes: Quotes) -> TaxBook:
    """The cost goes with the part that was spun off as the ledger moved it; so does the day of the purchase."""
    i, j = quotes.ids.index(asset_id), quotes.ids.index(into)
    lots, held = book.of(asset_id), sum((lot.shares for lot in book.of(asset_id)), ZERO)
    new = in_shares(int(after.units[j] - before.units[j]), before.share)
    if not held or new <= 0 or not int(before.basis[i]):
        return book
    stays = Decimal(int(after.basis[i])) / Decimal(int(before.basis[i]))
    book = book.with_lots(asset_id, [replace(lot, cost_per_share=cost_of(lot) * stays) for lot in lots])
    for lot in lots:
        book = replace(book, bought=book.bought + 1)
        cost = cost_of(lot) * (1 - stays) * held / new
        part = replace(lot, asset_id=into, lot_id=book.newest, shares=lot.shares * new / held, cost_per_share=cost)
        book = book.with_lots(into, [*book.of(into), part])
    return book
