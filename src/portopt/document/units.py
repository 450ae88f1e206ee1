"""Money and prices as texts, and what lines and orders say of assets that are not quoted or traded as shares are."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from portopt.domain.holdings import to_cents
from portopt.domain.plan import Trade
from portopt.domain.universe import Universe


def cents(amount: Decimal) -> str:
    """Money as the document holds it: a decimal string with cents."""
    return str(to_cents(amount))


def price_text(price: Decimal) -> str:
    """A price keeps every digit it has, and at least two decimals."""
    exponent = price.as_tuple().exponent
    return f"{price:.2f}" if isinstance(exponent, int) and exponent > -2 else f"{price:f}"


def quoted(money: Decimal, universe: Universe, asset_id: str) -> Decimal:
    """The price as it is quoted, of an asset of which a unit is worth so much."""
    units = universe.units.get(asset_id)
    return money if units is None else units.quoted(money)


def told(universe: Universe, asset_id: str) -> dict[str, Any]:
    """What its line says of an asset that is not quoted, traded or settled as shares are; nothing of others."""
    units = universe.units.get(asset_id)
    return {} if units is None else {"units": {name: _said(value) for name, value in units.said.items()}}


def paid(trade: Trade, universe: Universe) -> dict[str, Any]:
    """What a unit costs and what of the order's value is accrued interest, where the price does not say it."""
    units = universe.units.get(trade.asset_id)
    if units is None or units.is_priced_as_shares:
        return {}
    return {
        "price_multiplier": _said(units.price_multiplier),
        "accrued_interest": _said(units.accrued_interest),
        "unit_price": price_text(trade.price),
        "accrued_value": cents(trade.shares * units.accrued_interest * units.price_multiplier),
    }


def _said(value: Any) -> Any:
    return f"{value:f}" if isinstance(value, Decimal) else value
