"""What a tax on realized gains is worked out from: lots, the rules that hold for them, and what a choice of lots comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal

Method = Literal["min_tax", "highest_cost", "fifo", "lifo", "average", "specified"]
METHODS: tuple[Method, ...] = ("min_tax", "highest_cost", "fifo", "lifo", "average", "specified")
Term = Literal["short", "long"]


@dataclass(frozen=True, slots=True)
class Lot:
    """Shares bought together. acquired_on, cost_per_share: None where nobody knows; an unknown cost is not a gain of nothing.

    cost_per_share: in the portfolio's currency, fees included.
    """

    asset_id: str
    lot_id: str
    acquired_on: date | None
    shares: Decimal
    cost_per_share: Decimal | None


@dataclass(frozen=True, slots=True)
class ClosedLot:
    """Shares that were sold within the look-back window: what a wash sale is told by."""

    asset_id: str
    lot_id: str
    acquired_on: date | None
    closed_on: date
    shares: Decimal
    cost_per_share: Decimal | None
    proceeds_per_share: Decimal

    @property
    def loss(self) -> Decimal:
        """Money, positive; nothing for a gain and where the cost is unknown."""
        if self.cost_per_share is None:
            return Decimal(0)
        return max((self.cost_per_share - self.proceeds_per_share) * self.shares, Decimal(0))


@dataclass(frozen=True, slots=True)
class TaxRecord:
    """What the holder's tax rests on beside prices. Money in the portfolio's currency.

    realized_short, realized_long: net gains of the tax year before this rebalance, negative for losses. carried_short,
    carried_long: losses of earlier years that still count, as positive amounts. closed: lots sold in the look-back window; they
    are told for wash sales and are part of `realized` already.
    """

    lots: tuple[Lot, ...] = ()
    closed: tuple[ClosedLot, ...] = ()
    realized_short: Decimal = Decimal(0)
    realized_long: Decimal = Decimal(0)
    carried_short: Decimal = Decimal(0)
    carried_long: Decimal = Decimal(0)

    def lots_of(self, asset_id: str) -> tuple[Lot, ...]:
        return tuple(lot for lot in self.lots if lot.asset_id == asset_id)


@dataclass(frozen=True, slots=True)
class LongAfter:
    """A gain is long where the lot was held for more than this: so many days, or so many months of the calendar.

    Days count from the day after the purchase to the day of the sale. months=12: bought on 29 February, the gain is long from
    1 March of the next year on.
    """

    days: int | None = None
    months: int | None = None


@dataclass(frozen=True, slots=True)
class TaxRules:
    """A regime with a policy's own words laid over it: everything that a tax is worked out by.

    short_rate, long_rate: fractions of a net gain. pooled: gains and losses of both terms are one sum, taxed at one rate.
    allowance: net gain of a year that is free of tax, money. keeps_allowance: losses of earlier years are used only down to it.
    long_after: None where every gain is of one kind.
    wash_days_before, wash_days_after: a loss does not count where the same was bought within so many days; zero is no rule.
    method: which lots are sold. specified: lot ids in the order in which they may be sold, by asset, for that method.
    loss_value: what a net loss that is carried on counts as now, a fraction; zero does not harvest.
    min_holding_days: a lot younger than that is not sold. identical: asset id -> name of its group of substantially identical
    assets; an asset that is not named is a group of its own. limits: on gains and on the tax, as data (terms/tax_limits).
    substitutes: by asset what may be bought in its place, best first. weighed: whether the tax is weighed against what the
    policy seeks; else it is told, and only limits heed it.
    """

    name: str
    short_rate: float
    long_rate: float
    long_after: LongAfter | None = None
    pooled: bool = False
    allowance: Decimal = Decimal(0)
    wash_days_before: int = 0
    wash_days_after: int = 0
    method: Method = "min_tax"
    specified: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    loss_value: float = 0.0
    min_holding_days: int = 0
    identical: Mapping[str, str] = field(default_factory=dict)
    substitutes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    currency: str = ""
    limits: Mapping[str, Any] = field(default_factory=dict)
    keeps_allowance: bool = False
    weighed: bool = True

    def group(self, asset_id: str) -> str:
        return self.identical.get(asset_id, asset_id)

    @property
    def has_wash_rule(self) -> bool:
        return self.wash_days_before > 0 or self.wash_days_after > 0


@dataclass(frozen=True, slots=True)
class Netting:
    """Gains and losses of a year added up by the rules, in money.

    short = realized before + realized now - carried short,   likewise long
    taxed_short, taxed_long: what is left of each when losses are set against gains of the other, less the allowance
    due = short_rate taxed_short + long_rate taxed_long
    due_before: the same without what is realized now; tax: due - due_before, what these sales add (negative: they save)
    carried_short, carried_long: losses that are left for later years, positive
    """

    short: Decimal
    long: Decimal
    taxed_short: Decimal
    taxed_long: Decimal
    allowance_used: Decimal
    due: Decimal
    due_before: Decimal
    carried_short: Decimal
    carried_long: Decimal

    @property
    def tax(self) -> Decimal:
        return self.due - self.due_before


@dataclass(frozen=True, slots=True)
class LotSale:
    """Shares of one lot that are sold now. gain: proceeds less cost, to the cent; None where the cost is unknown.

    disallowed: of a loss, what a wash sale takes away, positive. reason: why this lot, one sentence.
    """

    lot: Lot
    shares: Decimal
    proceeds: Decimal
    gain: Decimal | None
    term: Term
    disallowed: Decimal = Decimal(0)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Substitute:
    """What may be bought in an asset's place. rank: 1 is the best. barred: why not now, "" where nothing bars it."""

    asset_id: str
    rank: int
    barred: str = ""


@dataclass(frozen=True, slots=True)
class Instead:
    """An asset that is sold at a loss. again_on: the first day on which a buy of it does not take the loss away."""

    asset_id: str
    again_on: date
    substitutes: tuple[Substitute, ...] = ()


@dataclass(frozen=True, slots=True)
class TaxPlan:
    """What an order list comes to in tax. Money in the portfolio's currency.

    netting: of the year with these sales. sales: lots sold, in the order of the assets. unrealized_before, unrealized_after:
    gains on what is held, known costs only. deferred: what would be due beside if all that is left were sold too, at the same
    prices. if_at_price: the tax where lots of unknown cost are taken as bought at today's price instead of for nothing; None
    where every cost is known. unknown: the lots without a cost that are sold, by name. instead: assets that are sold at a loss
    which a buy within the days of a wash sale would take away.
    """

    rules: TaxRules
    netting: Netting
    sales: tuple[LotSale, ...]
    unrealized_before: Decimal
    unrealized_after: Decimal
    deferred: Decimal
    if_at_price: Decimal | None = None
    unknown: tuple[str, ...] = ()
    instead: tuple[Instead, ...] = ()

    @property
    def tax(self) -> Decimal:
        return self.netting.tax
