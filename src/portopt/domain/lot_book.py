"""The lots of a book as a program sees them: weights, gains per unit of weight, and the cases in which a tax is convex."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import numpy as np

from portopt.domain.arrays import Indices, Mask, Vector, frozen
from portopt.domain.tax import Lot, TaxRules

INF = float("inf")


@dataclass(frozen=True, slots=True)
class Piece:
    """due >= of_short S + of_long L + constant, all as fractions of portfolio value."""

    of_short: float
    of_long: float
    constant: float

    def at(self, short: float, long: float) -> float:
        return self.of_short * short + self.of_long * long + self.constant


@dataclass(frozen=True, slots=True)
class TaxCase:
    """Where the net long gain L and the sum S + L lie between these, what is due is the largest of the pieces."""

    pieces: tuple[Piece, ...]
    long: tuple[float, float] = (-INF, INF)
    sum: tuple[float, float] = (-INF, INF)

    def holds(self, short: float, long: float, slack: float = 1e-12) -> bool:
        total = short + long
        return self.long[0] - slack <= long <= self.long[1] + slack and self.sum[0] - slack <= total <= self.sum[1] + slack

    def due(self, short: float, long: float) -> float:
        return max(piece.at(short, long) for piece in self.pieces)


@dataclass(frozen=True, slots=True, eq=False)
class LotBook:
    """K lots of what is held, by asset, each asset's in the order in which its method sells them. as_of: the day of the sale.

    asset: (K,) positions in the universe. weight: (K,) fractions of portfolio value at its prices; together the weight held.
    gain: (K,) of each unit of weight sold, 1 - cost / price; an unknown cost counts as nothing paid. costs: (K,) money a share
    as the method counts it, None where unknown. short: (K,) whether the gain is short. age: (K,) days held, NaN where nobody
    knows. unknown: (K,) whether its cost is unknown. identical: (n,) number of the group of substantially identical assets that
    an asset belongs to. before_short, before_long: net gains before these sales, losses carried forward taken off. allowance:
    as a fraction. blocked: by lot, why its loss, if it is one, would not count. no_buys: by asset, why it is not bought now.
    later: by asset, why a better substitute is bought instead. value: of the portfolio, money.
    """

    rules: TaxRules
    as_of: date
    value: float
    lots: tuple[Lot, ...]
    asset: Indices
    weight: Vector
    gain: Vector
    costs: tuple[Decimal | None, ...]
    short: Mask
    age: Vector
    unknown: Mask
    identical: Indices
    before_short: float = 0.0
    before_long: float = 0.0
    allowance: float = 0.0
    blocked: Mapping[int, str] = field(default_factory=dict)
    no_buys: Mapping[int, str] = field(default_factory=dict)
    later: Mapping[int, str] = field(default_factory=dict)
    _made: dict[bytes, object] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in ("weight", "gain", "age"):
            object.__setattr__(self, name, frozen(getattr(self, name)))

    def __len__(self) -> int:
        return len(self.asset)

    def names(self, at: Indices) -> tuple[str, ...]:
        """Of lots, as people call them: "AAPL of 2024-03-01 (lot-3)"."""
        return tuple(lot_name(self.lots[int(k)]) for k in at)

    @property
    def in_order(self) -> bool:
        """Whether lots are sold in the order of a rule, rather than as is cheapest."""
        return self.rules.method != "min_tax"

    @property
    def assets(self) -> Indices:
        """Positions of assets that have lots, ascending."""
        return np.unique(self.asset)

    def of(self, i: int) -> Indices:
        """The lots of asset i, in order."""
        return np.flatnonzero(self.asset == i)

    def realized(self, sold: Vector) -> tuple[float, float]:
        """(S, L) after so much of each lot is sold, (K,) in weight: with what was there before."""
        gains = self.gain * sold
        return self.before_short + float(gains[self.short].sum()), self.before_long + float(gains[~self.short].sum())

    def cases(self) -> tuple[TaxCase, ...]:
        """The parts of the plane of net gains in each of which what is due is convex; one of them where that is all of it.

        By terms, a = allowance, v = value of a loss, N = S + L:
            L >= 0:  max(v N, r_l (N - a), r_s (S - a) + r_l L)        L <= 0:  max(v N, r_s (N - a))
        A loss that is worth something beside an allowance leaves a flat step between them: N <= 0 is then a case of its own.
        """
        rules, a, v = self.rules, self.allowance, self.rules.loss_value
        r_s, r_l = rules.short_rate, rules.long_rate
        loss = Piece(v, v, 0.0)
        apart = v > 0.0 and a > 0.0
        floor, above = (Piece(0.0, 0.0, 0.0), (0.0, INF)) if apart else (loss, (-INF, INF))
        gains = [TaxCase((floor, Piece(r_s, r_s, -r_s * a)), sum=above)]
        if not rules.pooled and r_s != r_l:
            both = (floor, Piece(r_l, r_l, -r_l * a), Piece(r_s, r_l, -r_s * a))
            gains = [TaxCase(both, (0.0, INF), above), TaxCase(gains[0].pieces, (-INF, 0.0), above)]
        cases = [*gains, TaxCase((loss,), sum=(-INF, 0.0))] if apart else gains
        return tuple(case for case in cases if self._is_reached(case))

    def _is_reached(self, case: TaxCase) -> bool:
        """Whether any sale leads into it. One that is only touched from outside is another's as well, and told by that one."""
        (ls, ll), (hs, hl) = self.reach()
        return _overlap(ll, hl, case.long) and _overlap(ls + ll, hs + hl, case.sum)

    def reach(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """The lowest and the highest (S, L) that selling lots leads to."""
        moved = self.gain * self.weight
        ends = []
        for side in (np.minimum, np.maximum):
            part = side(moved, 0.0)
            ends.append((self.before_short + float(part[self.short].sum()), self.before_long + float(part[~self.short].sum())))
        return ends[0], ends[1]

    def due(self, short: float, long: float) -> float:
        """What is due on net gains (S, L), less what was due before these sales, as a fraction of portfolio value."""
        return self._due(short, long) - self.due_before

    @property
    def due_before(self) -> float:
        """What was due on the gains before these sales."""
        return self._due(self.before_short, self.before_long)

    def _due(self, short: float, long: float) -> float:
        every = [case.due(short, long) for case in self.cases() if case.holds(short, long)]
        return min(every) if every else self._anywhere(short, long)

    def _anywhere(self, short: float, long: float) -> float:
        """The same where rounding leads a hair out of every case that is reached."""
        nearest = min(self.cases(), key=lambda case: _off(case, short, long))
        return nearest.due(short, long)


def _overlap(low: float, high: float, sides: tuple[float, float]) -> bool:
    """Whether more than an end is shared; of a single point, whether it is the lower end's or inside."""
    return sides[0] <= low < sides[1] if low == high else low < sides[1] and high > sides[0]


def _off(case: TaxCase, short: float, long: float) -> float:
    total = short + long
    return max(case.long[0] - long, long - case.long[1], case.sum[0] - total, total - case.sum[1], 0.0)


def lot_name(lot: Lot) -> str:
    """ "AAPL of 2024-03-01 (lot-3)"; "AAPL (lot-3)" where nobody knows when it was bought."""
    bought = "" if lot.acquired_on is None else f" of {lot.acquired_on.isoformat()}"
    return f"{lot.asset_id}{bought} ({lot.lot_id})"
