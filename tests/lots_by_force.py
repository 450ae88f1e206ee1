"""Which lots to sell, by trying all of them: what a choice of lots is compared with. Pure functions, nothing of the product.

least_tax       shares to sell an asset are given: of every way to take them from the lots, the cheapest
highest_cost    the rule of thumb: the dearest lot first
best_book       nothing is given: every book of whole shares that is allowed, each with its cheapest lots
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from tax_ledger import ZERO, Regime, net

Taken = tuple[int, ...]  # shares of each lot, in the order of the lots


@dataclass(frozen=True)
class OwnLot:
    """Whole shares that may be sold. cost, price: of a share, exact; their difference is the gain."""

    asset: str
    name: str
    shares: int
    cost: Fraction
    price: Fraction
    long: bool

    @property
    def gain(self) -> Fraction:
        return self.price - self.cost


@dataclass(frozen=True)
class Before:
    """The year until now, losses carried into it as positive amounts."""

    short: Fraction = ZERO
    long: Fraction = ZERO
    carried_short: Fraction = ZERO
    carried_long: Fraction = ZERO


@dataclass(frozen=True)
class Choice:
    """tax: what the sales add to the tax of the year. taken: shares by lot name."""

    tax: Fraction
    taken: Mapping[str, int]


def added_tax(regime: Regime, before: Before, short: Fraction, long: Fraction) -> Fraction:
    carried = (before.carried_short, before.carried_long)
    after = net(regime, before.short + short, before.long + long, *carried).due
    return after - net(regime, before.short, before.long, *carried).due


def ways(shares: int, of: Sequence[int]) -> Iterator[Taken]:
    """Every way to take so many shares from lots of these sizes."""
    if not of:
        if shares == 0:
            yield ()
        return
    for first in range(min(shares, of[0]) + 1):
        for rest in ways(shares - first, of[1:]):
            yield (first, *rest)


def least_tax(regime: Regime, lots: Sequence[OwnLot], sells: Mapping[str, int], before: Before | None = None) -> Choice:
    """A year's tax depends on the sums of both terms alone: of ways with the same sums one is kept, and all sums are tried."""
    before = before or Before()
    sums: dict[tuple[Fraction, Fraction], dict[str, int]] = {(ZERO, ZERO): {}}
    for asset, shares in sells.items():
        mine = [lot for lot in lots if lot.asset == asset]
        reached: dict[tuple[Fraction, Fraction], dict[str, int]] = {}
        for taken in ways(shares, [lot.shares for lot in mine]):
            short, long = gains(mine, taken)
            for (s, g), so_far in sums.items():
                reached.setdefault((s + short, g + long), so_far | named(mine, taken))
        sums = reached
    taxes = ((added_tax(regime, before, *both), both) for both in sums)
    tax, both = min(taxes)
    return Choice(tax, sums[both])


def highest_cost(regime: Regime, lots: Sequence[OwnLot], sells: Mapping[str, int], before: Before | None = None) -> Choice:
    found: dict[str, int] = {}
    short = long = ZERO
    for asset, shares in sells.items():
        mine = sorted((lot for lot in lots if lot.asset == asset), key=lambda lot: -lot.cost)
        taken = []
        for lot in mine:
            taken.append(min(shares - sum(taken), lot.shares))
        of_short, of_long = gains(mine, tuple(taken))
        short, long = short + of_short, long + of_long
        found |= named(mine, tuple(taken))
    return Choice(added_tax(regime, before or Before(), short, long), found)


def tax_of(regime: Regime, lots: Sequence[OwnLot], taken: Mapping[str, int], before: Before | None = None) -> Fraction:
    """What somebody else's choice comes to."""
    shares = tuple(taken.get(lot.name, 0) for lot in lots)
    assert all(0 <= n <= lot.shares for n, lot in zip(shares, lots, strict=True)), "more than there is"
    return added_tax(regime, before or Before(), *gains(lots, shares))


def gains(lots: Sequence[OwnLot], taken: Taken) -> tuple[Fraction, Fraction]:
    """Short and long."""
    pairs = list(zip(lots, taken, strict=True))
    short = sum((n * lot.gain for lot, n in pairs if not lot.long), ZERO)
    return short, sum((n * lot.gain for lot, n in pairs if lot.long), ZERO)


def named(lots: Sequence[OwnLot], taken: Taken) -> dict[str, int]:
    return {lot.name: n for lot, n in zip(lots, taken, strict=True) if n}


# --- the whole problem ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Book:
    """value: what is sought, larger is better, tax taken off. shares: by asset."""

    value: float
    shares: Mapping[str, int]
    choice: Choice


def best_book(
    regime: Regime,
    lots: Sequence[OwnLot],
    most: Mapping[str, int],
    worth: Callable[[Mapping[str, int], Fraction], float | None],
    before: Before | None = None,
) -> Book:
    """Every book of 0 to `most` shares an asset.

    worth: of shares and the tax that goes with them; None where the book is not allowed.
    """
    assets = list(most)
    held = {a: sum(lot.shares for lot in lots if lot.asset == a) for a in assets}
    cheapest: dict[tuple[int, ...], Choice] = {}
    best: Book | None = None
    for numbers in itertools.product(*(range(most[a] + 1) for a in assets)):
        shares = dict(zip(assets, numbers, strict=True))
        if worth(shares, ZERO) is None:
            continue
        sells = tuple(max(held[a] - n, 0) for a, n in shares.items())
        if sells not in cheapest:
            cheapest[sells] = least_tax(regime, lots, dict(zip(assets, sells, strict=True)), before)
        value = worth(shares, cheapest[sells].tax)
        if value is not None and (best is None or value > best.value):
            best = Book(value, shares, cheapest[sells])
    assert best is not None, "no book is allowed"
    return best
