"""Taxes of a backtest as data: each year, each lot sold, what is held and what it would be taxed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from portopt.domain.backtest_taxes import BacktestTaxes, LotSold, TaxYear
from portopt.domain.canonical import plain
from portopt.domain.holdings import to_cents


def taxes_of(taxes: BacktestTaxes | None, equity: Decimal) -> dict[str, Any]:
    """The section, where there is one. equity: money at the end; the tax of no year was paid out of it."""
    if taxes is None:
        return {}
    told = {
        "regime": taxes.regime,
        "method": taxes.method,
        "due": taxes.due,
        "equity_after_tax": equity - taxes.due,
        "unrealized_short": taxes.unrealized_short,
        "unrealized_long": taxes.unrealized_long,
        "due_if_sold": taxes.due_if_sold,
        "years": [_year(year) for year in taxes.years],
        "sales": [_sale(sale) for sale in taxes.sales],
        "lots": list(taxes.lots),
    }
    return {"taxes": plain(told)}


def _year(year: TaxYear) -> dict[str, Any]:
    """short, long: realized in the year, losses carried into it taken off."""
    found = dict(plain(year.netting))
    found.pop("due_before")
    return {"year": year.year, **found, "harvested": year.harvested, "disallowed": year.disallowed}


def _sale(sale: LotSold) -> dict[str, Any]:
    return {**plain(sale), "gain": to_cents(sale.gain)}
