"""Wash sales: a loss does not count where the same was bought shortly before or after.

26 U.S.C. 1091, Treas. Reg. 1.1091-1: from so many days before the sale to so many after it, both counted, share for share; the
loss is not lost, it is added to the cost of the shares that were bought (1.1091-2), which take over the holding period too.
Shares sold out of the only lot that was bought in that time make no wash sale (Rev. Rul. 56-602).

Under the method `average` no lot is its own: what is sold out of the pool is held against everything that was bought in that
time and is still there (Canada's superficial loss: the least of what was sold, bought and left, of what was sold).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from portopt.domain.holdings import to_cents
from portopt.domain.tax import ClosedLot, LotSale, TaxRecord, TaxRules
from portopt.taxation.holding_period import age_in_days

LotKey = tuple[str, str]  # asset id, lot id
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Moved:
    """A loss that goes on to the cost of what was bought. lot_id: None for shares that are bought now.

    held_days: for how long what was sold had been held: so many days longer count the shares that were bought as held (26
    U.S.C. 1223(3)); None where nobody knows.
    """

    asset_id: str
    lot_id: str | None
    shares: Decimal
    amount: Decimal
    held_days: int | None


@dataclass(frozen=True, slots=True)
class Disallowed:
    """Of one sale: the part of its loss that does not count, positive, for so many shares, and where it goes."""

    amount: Decimal = ZERO
    shares: Decimal = ZERO
    moved: tuple[Moved, ...] = ()


@dataclass(frozen=True, slots=True)
class WashSales:
    """of_sales: one for each sale, in their order. of_closed: of each closed lot, what the buys of now take away."""

    of_sales: tuple[Disallowed, ...]
    of_closed: tuple[Disallowed, ...]


def blocked_sells(record: TaxRecord, as_of: date, rules: TaxRules) -> Mapping[LotKey, str]:
    """Lots whose loss would not count, or not all of it, since the same was bought before and is held; each with a sentence.

    A lot that was bought nobody knows when counts as bought just now, until somebody says when.
    """
    if rules.wash_days_before == 0:
        return {}
    bought = _Bought.of(record, {}, {}, as_of, rules)
    _use_up(bought, record)
    recent = [one for one in bought.all if one.left > 0 and one.meets(as_of, rules)]
    blocked: dict[LotKey, str] = {}
    for lot in record.lots:
        same = [one for one in recent if one.replaces(lot.asset_id, lot.lot_id, rules)]
        if same:
            blocked[lot.asset_id, lot.lot_id] = _why_no_sell(lot.asset_id, same, rules)
    return blocked


def blocked_buys(record: TaxRecord, as_of: date, rules: TaxRules) -> Mapping[str, tuple[str, date]]:
    """Groups of which something was sold at a loss shortly before: a sentence, and the first day on which a buy is free."""
    if rules.wash_days_after == 0:
        return {}
    bought = _Bought.of(record, {}, {}, as_of, rules)
    blocked: dict[str, tuple[str, date]] = {}
    found = sorted(zip(record.closed, _use_up(bought, record), strict=True), key=lambda pair: pair[0].closed_on)
    for lot, met in found:  # of a group the last loss stands, whose days end last
        free_on = lot.closed_on + timedelta(days=rules.wash_days_after + 1)
        if lot.loss > 0 and met.shares < lot.shares and lot.closed_on <= as_of < free_on:
            loss = f"a loss of {to_cents(lot.loss - met.amount)}"
            sold = f"{lot.shares - met.shares} {lot.asset_id} (lot {lot.lot_id}) were sold on {lot.closed_on} at {loss}"
            group = rules.group(lot.asset_id)
            blocked[group] = f"{sold}: it does not count if {_members(group, rules)} is bought before {free_on}", free_on
    return blocked


def disallowed(
    sales: Sequence[LotSale], buys: Mapping[str, Decimal], record: TaxRecord, as_of: date, rules: TaxRules
) -> WashSales:
    """What wash sales take away when these lots are sold and these shares bought on one day. buys: shares by asset id.

    Losses in the order in which they were realized, those of one day as their lots were bought, meet what was bought, the first
    bought first; a share that was bought takes away the loss of one share, once (Treas. Reg. 1.1091-1 (b) to (e)). What was
    bought before now and met a loss of before now is used up; that loss is in `realized` already as it counts.
    """
    if not rules.has_wash_rule:
        return WashSales((Disallowed(),) * len(sales), (Disallowed(),) * len(record.closed))
    sold: dict[LotKey, Decimal] = {}
    for sale in sales:
        key = (sale.lot.asset_id, sale.lot.lot_id)
        sold[key] = sold.get(key, ZERO) + sale.shares
    bought = _Bought.of(record, sold, buys, as_of, rules)
    before = _use_up(bought, record)
    bought.give_up(record, sold)
    now = bought.take_all([_loss_of(sale, as_of) for sale in sales])
    return WashSales(now, tuple(_part_of_now(met) for met in before))


@dataclass(frozen=True, slots=True)
class _Loss:
    """amount: positive for a loss; what is not has nothing to take away."""

    asset_id: str
    lot_id: str
    shares: Decimal
    amount: Decimal
    sold_on: date
    acquired_on: date | None
    is_now: bool

    @property
    def held_days(self) -> int | None:
        return None if self.acquired_on is None else age_in_days(self.acquired_on, self.sold_on)


@dataclass(slots=True)
class _Purchase:
    """Shares that were bought, and how many of them have met no loss yet. until: when they were sold; None: they are held."""

    asset_id: str
    lot_id: str | None
    acquired_on: date | None
    left: Decimal
    until: date | None = None

    def replaces(self, asset_id: str, lot_id: str, rules: TaxRules) -> bool:
        """Whether it is of the same group; its own lot replaces nothing but in a pool."""
        is_own = (self.asset_id, self.lot_id) == (asset_id, lot_id)
        return rules.group(self.asset_id) == rules.group(asset_id) and (not is_own or is_pool(rules))

    def meets(self, sold_on: date, rules: TaxRules, *, is_now: bool = True) -> bool:
        """Whether it was bought within the days around a sale; nobody knows when: it takes away what is lost now alone.

        What was sold on the same day or before is not there to take anything away.
        """
        if self.until is not None and self.until <= sold_on:
            return False
        if self.acquired_on is None:
            return is_now
        return -rules.wash_days_before <= (self.acquired_on - sold_on).days <= rules.wash_days_after


@dataclass(slots=True)
class _Bought:
    """All that a loss can meet, the first bought first. there: of a pool, how many shares of each group may meet one yet."""

    all: list[_Purchase]
    rules: TaxRules
    there: dict[str, Decimal] = field(default_factory=dict)

    @classmethod
    def of(
        cls, record: TaxRecord, sold: Mapping[LotKey, Decimal], buys: Mapping[str, Decimal], as_of: date, rules: TaxRules
    ) -> _Bought:
        """As it was before the sales of now. In a pool nobody can say that it was the new shares that were sold."""
        there: dict[str, Decimal] = {}
        held = []
        for lot in record.lots:
            left = lot.shares - sold.get((lot.asset_id, lot.lot_id), ZERO)
            group = rules.group(lot.asset_id)
            there[group] = there.get(group, ZERO) + left
            held.append(_Purchase(lot.asset_id, lot.lot_id, lot.acquired_on, lot.shares))
        if not is_pool(rules):  # what was bought and sold again has met the losses of the time between
            gone = [lot for lot in record.closed if lot.acquired_on is not None]
            held += [_Purchase(lot.asset_id, lot.lot_id, lot.acquired_on, lot.shares, lot.closed_on) for lot in gone]
        for asset, shares in buys.items():
            held.append(_Purchase(asset, None, as_of, shares))
            there[rules.group(asset)] = there.get(rules.group(asset), ZERO) + shares
        return cls(sorted(held, key=lambda one: one.acquired_on or date.max), rules, there)

    def give_up(self, record: TaxRecord, sold: Mapping[LotKey, Decimal]) -> None:
        """What is sold now meets no loss of now; of a lot, shares that have met one already are sold first."""
        if is_pool(self.rules):
            return
        kept = {(lot.asset_id, lot.lot_id): lot.shares - sold.get((lot.asset_id, lot.lot_id), ZERO) for lot in record.lots}
        for one in self.all:
            if one.lot_id is not None and one.until is None:
                one.left = min(one.left, kept[one.asset_id, one.lot_id])

    def take_all(self, losses: Sequence[_Loss]) -> tuple[Disallowed, ...]:
        """In the order of the law; told in the order given."""
        order = sorted(range(len(losses)), key=lambda i: (losses[i].sold_on, losses[i].acquired_on or date.max))
        met = {i: self.take(losses[i]) for i in order}
        return tuple(met[i] for i in range(len(losses)))

    def take(self, loss: _Loss) -> Disallowed:
        """Meets a loss with what was bought and is left."""
        if loss.amount <= 0:
            return Disallowed()
        open_shares, moved = loss.shares, []
        group = self.rules.group(loss.asset_id)
        for one in self.all:
            if one.replaces(loss.asset_id, loss.lot_id, self.rules) and one.meets(loss.sold_on, self.rules, is_now=loss.is_now):
                shares = min(open_shares, one.left, self._there(group))
                if shares > 0:
                    one.left -= shares
                    open_shares -= shares
                    self.there[group] = self.there.get(group, ZERO) - shares
                    moved.append((one, shares))
        return _taken(loss, moved)

    def _there(self, group: str) -> Decimal:
        return self.there.get(group, ZERO) if is_pool(self.rules) else Decimal("Infinity")


def is_pool(rules: TaxRules) -> bool:
    """Whether the shares of an asset have one cost, so that none of them is a lot of its own."""
    return rules.method == "average"


def _use_up(bought: _Bought, record: TaxRecord) -> tuple[Disallowed, ...]:
    """Losses of before meet what was bought since and is bought now; what each closed lot met."""
    return bought.take_all([_loss_before(lot) for lot in record.closed])


def _part_of_now(met: Disallowed) -> Disallowed:
    now = tuple(part for part in met.moved if part.lot_id is None)
    return Disallowed(sum((part.amount for part in now), ZERO), sum((part.shares for part in now), ZERO), now)


def _loss_before(lot: ClosedLot) -> _Loss:
    return _Loss(lot.asset_id, lot.lot_id, lot.shares, lot.loss, lot.closed_on, lot.acquired_on, is_now=False)


def _loss_of(sale: LotSale, as_of: date) -> _Loss:
    """An unknown gain is no loss: nothing of it can be taken away."""
    lot, amount = sale.lot, -(sale.gain or ZERO)
    return _Loss(lot.asset_id, lot.lot_id, sale.shares, amount, as_of, lot.acquired_on, is_now=True)


def _taken(loss: _Loss, met: Iterable[tuple[_Purchase, Decimal]]) -> Disallowed:
    """The loss of so many shares, to the cent; the parts add up to it."""
    moved: list[Moved] = []
    shares = amount = ZERO
    for one, part in met:
        shares += part
        until_here = to_cents(loss.amount * shares / loss.shares)
        moved.append(Moved(one.asset_id, one.lot_id, part, until_here - amount, loss.held_days))
        amount = until_here
    return Disallowed(amount, shares, tuple(moved))


def _why_no_sell(asset_id: str, recent: Sequence[_Purchase], rules: TaxRules) -> str:
    last = max(recent, key=lambda one: (one.acquired_on is None, one.acquired_on or date.max))
    lot = f"{last.left} {last.asset_id} (lot {last.lot_id})"
    if last.acquired_on is None:
        return f"{lot} were bought nobody knows when: a loss on {asset_id} may not count until it is said when"
    free_on = last.acquired_on + timedelta(days=rules.wash_days_before + 1)
    held = " while they are held" if is_pool(rules) else ""
    return f"{lot} were bought on {last.acquired_on}: a loss on {asset_id} does not count before {free_on}{held}"


def _members(group: str, rules: TaxRules) -> str:
    members = [asset for asset, name in rules.identical.items() if name == group] or [group]
    return " or ".join(members)
