"""The program of one day, dense: what the weights of that day minimize, and the numbers that are read of it over and over.

    minimize    1/2 w'Mw + q'w + buying'max(w - book, 0) + selling'max(book - w, 0)
    + powers'|w - book|^(3/2)
    subject to  row_lower <= G w + G_buys max(w - book, 0) + G_sells max(book - w, 0) <= row_upper
                lower <= w <= upper,   (w - c)'M(w - c) <= radius^2

or, with `ratio`, the best excess return over sqrt(w'Mw) on the same set. With 1/tau what the curvature counts for (1, with
the multiplier of the ball; of a ratio its risk aversion) and multipliers y times tau, the conditions are linear in the
weights, in y, and in tau:

    M w + tau (q + price of the trade) + rows'y = h,   h = (1 - tau) M c, nothing without a ball
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from portopt.domain.arrays import Mask, Matrix, Vector
from portopt.optimization.beside.standing import Standing

NONE = 1e30  # a side that is not there: a number, so that sides can be counted with


@dataclass(frozen=True, slots=True, eq=False)
class Day:
    """n weights, r rows. M: (n, n). q, lower, upper, book, buying, selling: (n,). G, G_buys, G_sells: (r, n).

    row_lower, row_upper: (r,). counting: positions of the rows that count trades. center: (n,) c of the ball, radius its own;
    None where there is none. ratio, constant: whether it is a ratio, and minus its excess return at q'w = 0.
    powers: (n,) what a trade costs times its 3/2 power; None for none. bend, still: (n,), (n,) what stands in for it
    (powers.py): a diagonal beside M, for trades alone, and how much less of the price of a trade goes with tau.
    """

    M: Matrix
    q: Vector
    lower: Vector
    upper: Vector
    book: Vector
    buying: Vector
    selling: Vector
    G: Matrix
    G_buys: Matrix
    G_sells: Matrix
    row_lower: Vector
    row_upper: Vector
    counting: tuple[int, ...]
    center: Vector | None = None
    radius: float = 0.0
    ratio: bool = False
    constant: float = 0.0
    powers: Vector | None = None
    bend: Vector | None = None
    still: Vector | None = None
    at_floor: Mask = field(init=False)
    at_ceiling: Mask = field(init=False)
    fixed: Mask = field(init=False)
    M_book: Vector = field(init=False)
    M_center: Vector = field(init=False)  # nothing without a ball
    off_center: Vector = field(init=False)  # (n,), (n,) what is held, from the centre, and M times it
    M_off_center: Vector = field(init=False)
    per_trade: dict[int, Matrix] = field(init=False)  # (2, n) of each row that counts trades: a buy's part in it, a sale's
    none: Vector = field(init=False)  # (n,) zeros
    least: Vector = field(init=False)  # (n,), (n,) the least and the most a trade can be
    most: Vector = field(init=False)
    row_least: Vector = field(init=False)  # (r,), (r,) what the rows allow the trades to come to
    row_most: Vector = field(init=False)

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "at_floor", self.book <= self.lower)
        put(self, "at_ceiling", self.book >= self.upper)
        put(self, "fixed", self.lower == self.upper)
        put(self, "M_book", self.M @ self.book)
        put(self, "M_center", np.zeros(self.n) if self.center is None else self.M @ self.center)
        put(self, "off_center", self.book if self.center is None else self.book - self.center)
        put(self, "M_off_center", self.M_book - self.M_center)
        put(self, "per_trade", {j: np.array([self.G_buys[j], self.G_sells[j]]) for j in self.counting})
        put(self, "none", np.zeros(self.n))
        put(self, "least", np.maximum(self.lower - self.book, -NONE))
        put(self, "most", np.minimum(self.upper - self.book, NONE))
        held = self.G @ self.book
        put(self, "row_least", np.maximum(self.row_lower - held, -NONE))
        put(self, "row_most", np.minimum(self.row_upper - held, NONE))

    @property
    def n(self) -> int:
        return len(self.q)

    @property
    def is_bent(self) -> bool:
        """Whether tau is to be found."""
        return self.ratio or self.center is not None

    @property
    def r(self) -> int:
        return len(self.row_lower)

    def wanted(self, tau: float) -> Vector:
        """(n,) what M x + rows'y comes to where a trade x is free and pays nothing, at one tau."""
        return -self.M_off_center - tau * (self.q + self.M_center)

    def priced(self, more: Vector, bend: Vector | None, still: Vector | None) -> Day:
        """The same with trades dearer by `more` (n,), and with another bend."""
        day: Day = object.__new__(Day)
        changes = {"buying": self.buying + more, "selling": self.selling + more, "powers": None, "bend": bend, "still": still}
        for name in Day.__slots__:  # what was worked out of the rest stays
            object.__setattr__(day, name, changes[name] if name in changes else getattr(self, name))
        return day

    def as_traded(self, w: Vector) -> Day:
        """The day with its powers as prices of the trades that lead to w (n,): of the same conditions there."""
        if self.powers is None:
            return self
        return self.priced(1.5 * self.powers * np.sqrt(np.abs(w - self.book)), None, None)

    @property
    def curvature(self) -> Matrix:
        """(n, n) M, with what bends beside it."""
        return self.M if self.bend is None else self.M + np.diag(self.bend)


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """w: (n,). y: (r,) multipliers of the rows. pull: of the ball. gradient: (n,) of the objective and the ball, no trade paid.

    standing: where everything stands. tau: see the head. steps: rounds and corners it took.
    """

    w: Vector
    y: Vector
    pull: float
    gradient: Vector
    standing: Standing
    tau: float
    steps: int
