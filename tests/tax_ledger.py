"""A ledger of lots and taxes, written from the prose of the rules; it knows nothing of the product.

    IRS Publication 550, chapter 4: holding period, short and long, losses that are carried, wash sales
    26 CFR 1.1091-1 and -2: which shares a wash sale matches, and what becomes of their basis; Rev. Rul. 56-602: one lot
    26 USC 1223(3): the holding period of what was sold goes with it; Rev. Rul. 66-7 and 66-97: how months are counted
    section 20 (6) and (9) EStG: losses come first, the saver's allowance after them; section 20 (4): first in, first out

All numbers are fractions: nothing is rounded here. A day is one step: what is bought on it may replace what is sold on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from typing import Literal

Order = Literal["fifo", "lifo", "highest_cost"]
ZERO = Fraction(0)


@dataclass(frozen=True)
class Regime:
    """Rates are fractions of a gain. months or days: held for more than that is long; neither: every gain is short.

    deduction: what of a net loss may be set against other income in a year. group: asset -> what it is identical to.
    """

    short_rate: Fraction
    long_rate: Fraction
    months: int | None = None
    days: int | None = None
    pooled: bool = False
    allowance: Fraction = ZERO
    deduction: Fraction = ZERO
    wash_before: int = 0
    wash_after: int = 0
    group: Mapping[str, str] = field(default_factory=dict)

    def kind(self, asset: str) -> str:
        return self.group.get(asset, asset)


US = Regime(Fraction(37, 100), Fraction(20, 100), months=12, wash_before=30, wash_after=30)
GERMANY = Regime(
    Fraction(25, 100) * Fraction(1055, 1000),
    Fraction(25, 100) * Fraction(1055, 1000),
    pooled=True,
    allowance=Fraction(1000),
)


@dataclass(frozen=True)
class Buy:
    """price: of a share, fees included."""

    day: date
    asset: str
    lot: str
    shares: Fraction
    price: Fraction


@dataclass(frozen=True)
class Sell:
    """price: of a share, fees taken off. lots: (lot, shares) that are sold; none: chosen by `order`."""

    day: date
    asset: str
    shares: Fraction
    price: Fraction
    lots: tuple[tuple[str, Fraction], ...] = ()
    order: Order = "fifo"


@dataclass(frozen=True)
class Part:
    """Shares of a lot that are still held. since: its holding period; replaces: another's loss is in the basis."""

    asset: str
    lot: str
    bought: date
    since: date
    shares: Fraction
    basis: Fraction
    replaces: bool = False


@dataclass
class Line:
    """Shares of one lot that were sold. disallowed: of a loss, what does not count; open_shares: those not yet replaced."""

    day: date
    asset: str
    lot: str
    since: date
    shares: Fraction
    proceeds: Fraction
    cost: Fraction
    long: bool
    open_shares: Fraction
    disallowed: Fraction = ZERO

    @property
    def gain(self) -> Fraction:
        return self.proceeds - self.cost

    @property
    def counted(self) -> Fraction:
        return self.gain + self.disallowed


@dataclass(frozen=True)
class Net:
    """A year: what is taxed of each term after losses, deduction and allowance, and what goes on to the next."""

    short: Fraction
    long: Fraction
    taxed_short: Fraction
    taxed_long: Fraction
    allowance_used: Fraction
    deducted: Fraction
    due: Fraction
    carried_short: Fraction
    carried_long: Fraction


@dataclass(frozen=True)
class Books:
    lines: tuple[Line, ...]
    parts: tuple[Part, ...]

    def realized(self, year: int | None = None) -> tuple[Fraction, Fraction]:
        """Short and long, what counts of them."""
        lines = [line for line in self.lines if year in (None, line.day.year)]
        return sum((s.counted for s in lines if not s.long), ZERO), sum((s.counted for s in lines if s.long), ZERO)

    def lot(self, lot: str) -> tuple[Part, ...]:
        return tuple(part for part in self.parts if part.lot == lot)

    def unrealized(self, prices: Mapping[str, Fraction]) -> Fraction:
        return sum((part.shares * (prices[part.asset] - part.basis) for part in self.parts), ZERO)


# --- the holding period ---------------------------------------------------------------------------------------------


def is_long(since: date, sold: date, regime: Regime) -> bool:
    """It begins the day after the purchase; the day of the sale is part of it."""
    if regime.months is not None:
        return months_begun(since + timedelta(1), sold) > regime.months
    return regime.days is not None and (sold - since).days > regime.days


@cache
def months_begun(first: date, last: date) -> int:
    """Day by day: a month begins on the first day and whenever its number comes round; in a month without it, the day after."""
    begun, day = 0, first
    while day <= last:
        yesterday = day - timedelta(1)
        begun += day.day == first.day or (day.day == 1 and yesterday.day < first.day and day != first)
        day += timedelta(1)
    return begun


# --- buying, selling, replacing -------------------------------------------------------------------------------------


def keep(regime: Regime, events: Iterable[Buy | Sell]) -> Books:
    """The books after all of it, day by day; of one day purchases come first."""
    days: dict[date, list[Buy | Sell]] = {}
    for event in events:
        days.setdefault(event.day, []).append(event)
    parts: list[Part] = []
    lines: list[Line] = []
    for day in sorted(days):
        parts += [_part(event) for event in days[day] if isinstance(event, Buy)]
        parts = _replaced(regime, lines, parts)  # losses of earlier days, by what is bought today
        for event in days[day]:
            if isinstance(event, Sell):
                parts = _sold(regime, event, parts, lines)
        parts = _replaced(regime, lines, parts)  # and today's, by what is left
    return Books(tuple(lines), tuple(parts))


def _part(buy: Buy) -> Part:
    return Part(buy.asset, buy.lot, buy.day, buy.day, buy.shares, buy.price)


def _sold(regime: Regime, sell: Sell, parts: list[Part], lines: list[Line]) -> list[Part]:
    """Writes a line for each part that goes, gives the parts that stay."""
    left = list(parts)
    for lot, wanted in sell.lots or _picked(sell, parts):
        for i, part in enumerate(left):
            shares = min(part.shares, wanted) if (part.asset, part.lot) == (sell.asset, lot) else ZERO
            if shares:
                wanted -= shares
                left[i] = replace(part, shares=part.shares - shares)
                lines.append(_line(regime, sell, part, shares))
        assert wanted == 0, f"{wanted} shares of {lot} are not there"
    return [part for part in left if part.shares]


def _picked(sell: Sell, parts: list[Part]) -> list[tuple[str, Fraction]]:
    mine = [part for part in parts if part.asset == sell.asset]
    by_order = {
        "fifo": lambda: sorted(mine, key=lambda part: part.bought),
        "lifo": lambda: sorted(mine, key=lambda part: part.bought, reverse=True),
        "highest_cost": lambda: sorted(mine, key=lambda part: -part.basis),
    }
    wanted, found = sell.shares, []
    for part in by_order[sell.order]():
        shares = min(part.shares, wanted)
        wanted -= shares
        found += [(part.lot, shares)] if shares else []
    assert wanted == 0, f"{wanted} shares of {sell.asset} are not there"
    return found


def _line(regime: Regime, sell: Sell, part: Part, shares: Fraction) -> Line:
    proceeds, cost = shares * sell.price, shares * part.basis
    at_a_loss = shares if proceeds < cost else ZERO
    long = is_long(part.since, sell.day, regime)
    return Line(sell.day, sell.asset, part.lot, part.since, shares, proceeds, cost, long, at_a_loss)


def _replaced(regime: Regime, lines: list[Line], parts: list[Part]) -> list[Part]:
    """Losses in the order of sale, of one day as they were bought, meet purchases in their order; a share replaces once."""
    for line in sorted(lines, key=lambda line: (line.day, line.since)):
        if line.open_shares and (regime.wash_before or regime.wash_after):
            parts = _replacements_of(regime, line, parts)
    return parts


def _replacements_of(regime: Regime, line: Line, parts: list[Part]) -> list[Part]:
    found: list[Part] = []
    for part in sorted(parts, key=lambda part: part.bought):
        shares = min(part.shares, line.open_shares) if _replaces(regime, part, line) else ZERO
        if shares:
            a_share = -line.gain / line.shares
            line.open_shares -= shares
            line.disallowed += shares * a_share
            since = part.since - (line.day - line.since)
            found.append(replace(part, shares=shares, basis=part.basis + a_share, since=since, replaces=True))
        found.append(replace(part, shares=part.shares - shares))
    return [part for part in found if part.shares]


def _replaces(regime: Regime, part: Part, line: Line) -> bool:
    """Bought within the window, of the same kind; what is left of the very lot that was sold replaces nothing."""
    if part.replaces or part.lot == line.lot or regime.kind(part.asset) != regime.kind(line.asset):
        return False
    return -regime.wash_before <= (part.bought - line.day).days <= regime.wash_after


# --- the year -------------------------------------------------------------------------------------------------------


def net(regime: Regime, short: Fraction, long: Fraction, carried_short: Fraction = ZERO, carried_long: Fraction = ZERO) -> Net:
    """Each term with its own carried losses first; then a loss of one against the gain of the other; then the rest."""
    short, long = short - carried_short, long - carried_long
    after_short, after_long = _across(short, long) if not regime.pooled else _in_one(short, long)
    loss_short, loss_long = max(-after_short, ZERO), max(-after_long, ZERO)
    deducted = min(regime.deduction, loss_short + loss_long)
    of_short = min(deducted, loss_short)  # a deduction uses up short losses first
    free, taxed_short, taxed_long = _free(regime, max(after_short, ZERO), max(after_long, ZERO))
    due = regime.short_rate * taxed_short + regime.long_rate * taxed_long
    left_short, left_long = loss_short - of_short, loss_long - (deducted - of_short)
    return Net(short, long, taxed_short, taxed_long, free, deducted, due, left_short, left_long)


def _across(short: Fraction, long: Fraction) -> tuple[Fraction, Fraction]:
    if short < 0 < long:
        return min(short + long, ZERO), max(short + long, ZERO)
    if long < 0 < short:
        return max(short + long, ZERO), min(short + long, ZERO)
    return short, long


def _in_one(short: Fraction, long: Fraction) -> tuple[Fraction, Fraction]:
    return short + long, ZERO


def _free(regime: Regime, short: Fraction, long: Fraction) -> tuple[Fraction, Fraction, Fraction]:
    """What the allowance takes, and what is left to tax; from the dearer term first."""
    if regime.short_rate >= regime.long_rate:
        of_short = min(regime.allowance, short)
        of_long = min(regime.allowance - of_short, long)
    else:
        of_long = min(regime.allowance, long)
        of_short = min(regime.allowance - of_long, short)
    return of_short + of_long, short - of_short, long - of_long


def years(regime: Regime, books: Books, of: Sequence[int]) -> dict[int, Net]:
    """One after the other, losses carried from each to the next."""
    found: dict[int, Net] = {}
    carried = (ZERO, ZERO)
    for year in of:
        found[year] = net(regime, *books.realized(year), *carried)
        carried = (found[year].carried_short, found[year].carried_long)
    return found
