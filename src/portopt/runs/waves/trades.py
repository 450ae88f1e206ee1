"""What the proposals of a wave trade together, by asset: bought by some, sold by others, and what crosses between them.

Exact: shares and money are decimals as the documents have them, and the sums are those of the documents.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from portopt.domain.holdings import to_cents
from portopt.domain.run import RunStatus
from portopt.domain.wave import WaveItem, WaveTrade

if TYPE_CHECKING:
    from portopt.runtime import Runtime

STANDS = (RunStatus.AWAITING_APPROVAL, RunStatus.COMPLETED)
NOTHING = Decimal("0.00")


@dataclass(slots=True)
class Side:
    """Orders of one side, added up."""

    shares: Decimal = NOTHING
    value: Decimal = NOTHING
    cost: Decimal = NOTHING
    portfolios: int = 0

    def add(self, trade: WaveTrade) -> None:
        self.shares += trade.shares
        self.value += trade.value
        self.cost += trade.cost
        self.portfolios += 1

    def of(self, amount: Decimal, shares: Decimal) -> Decimal:
        """What of an amount belongs to so many of the shares, to the cent."""
        return to_cents(amount * shares / self.shares) if self.shares else NOTHING


@dataclass(slots=True)
class AssetTrades:
    """One asset's orders in one currency. crossing: shares that some buy and others sell."""

    asset_id: str
    currency: str
    bought: Side = field(default_factory=Side)
    sold: Side = field(default_factory=Side)

    @property
    def crossing(self) -> Decimal:
        return min(self.bought.shares, self.sold.shares)

    @property
    def crossing_value(self) -> Decimal:
        """At the sellers' prices."""
        return self.sold.of(self.sold.value, self.crossing)

    @property
    def crossing_cost(self) -> Decimal:
        """What both sides reckon for the shares that cross."""
        return self.bought.of(self.bought.cost, self.crossing) + self.sold.of(self.sold.cost, self.crossing)


@dataclass(frozen=True, slots=True)
class WaveTrades:
    """assets: the largest value first. counted: proposals that are in it; left_out: those that do not stand any more."""

    assets: Sequence[AssetTrades]
    counted: int
    left_out: int


def trades_of(document: Mapping[str, Any]) -> list[WaveTrade]:
    """The orders of a proposal's document."""
    return [
        WaveTrade(t["asset_id"], t["side"], Decimal(repr(t["shares"])), Decimal(t["value"]), Decimal(t["cost"]))
        for t in document.get("trades", ())
    ]


def wave_trades(wave_id: str, runtime: Runtime, sees: Callable[[str], bool]) -> WaveTrades:
    """Of the proposals that stand: released, or waiting for a person. sees: which portfolios are told of."""
    told = [one for one in runtime.waves.trades(wave_id) if sees(one[0].portfolio_id)]
    standing = [one for one in told if one[0].status in STANDS]
    orders = ((currency, trade) for item, currency, trades in standing for trade in _trades(item, trades, runtime))
    return WaveTrades(added_up(orders), len(standing), len(told) - len(standing))


def _trades(item: WaveItem, kept: Sequence[WaveTrade] | None, runtime: Runtime) -> Sequence[WaveTrade]:
    """As they were kept with the item; of a wave of before they were, as the document tells them."""
    if kept is not None:
        return kept
    return trades_of(runtime.runs.get(str(item.run_id), verified=False).document or {})


def added_up(orders: Iterable[tuple[str, WaveTrade]]) -> list[AssetTrades]:
    """orders: (currency, order). By value of both sides, then by asset."""
    found: dict[tuple[str, str], AssetTrades] = {}
    for currency, trade in orders:
        asset = found.setdefault((trade.asset_id, currency), AssetTrades(trade.asset_id, currency))
        (asset.bought if trade.side == "buy" else asset.sold).add(trade)
    return sorted(found.values(), key=lambda one: (-(one.bought.value + one.sold.value), one.asset_id, one.currency))


def document_of(found: WaveTrades) -> dict[str, Any]:
    """Money and shares as texts."""
    return {
        "proposals": found.counted,
        "left_out": found.left_out,
        "totals": [_total(currency, found.assets) for currency in sorted({one.currency for one in found.assets})],
        "assets": [_asset(one) for one in found.assets],
    }


def _total(currency: str, assets: Collection[AssetTrades]) -> dict[str, str]:
    of = [one for one in assets if one.currency == currency]
    bought, sold = (sum((getattr(one, side).value for one in of), NOTHING) for side in ("bought", "sold"))
    cost = sum((one.bought.cost + one.sold.cost for one in of), NOTHING)
    told = {"currency": currency, "bought": str(bought), "sold": str(sold), "net": str(bought - sold), "cost": str(cost)}
    crossing = {
        "crossing_value": str(sum((one.crossing_value for one in of), NOTHING)),
        "crossing_cost": str(sum((one.crossing_cost for one in of), NOTHING)),
    }
    return {**told, **crossing}


def _asset(one: AssetTrades) -> dict[str, Any]:
    return {
        "asset_id": one.asset_id,
        "currency": one.currency,
        "bought": _side(one.bought),
        "sold": _side(one.sold),
        "net_shares": _plain(one.bought.shares - one.sold.shares),
        "net_value": str(one.bought.value - one.sold.value),
        "cost": str(one.bought.cost + one.sold.cost),
        "portfolios": one.bought.portfolios + one.sold.portfolios,
        "crossing": {"shares": _plain(one.crossing), "value": str(one.crossing_value), "cost": str(one.crossing_cost)},
    }


def _side(side: Side) -> dict[str, Any]:
    return {"shares": _plain(side.shares), "value": str(side.value), "cost": str(side.cost), "portfolios": side.portfolios}


def _plain(shares: Decimal) -> str:
    """100.0 is 100."""
    return f"{shares.normalize():f}"
