"""What the broker takes: so much a trade, and so much of its value."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from portopt.domain.arrays import Vector
from portopt.domain.errors import MissingInput
from portopt.domain.problem import Cost, Problem
from portopt.domain.program import Program
from portopt.domain.tariff import Tariff, exact
from portopt.terms.shared.checks import number, options
from portopt.terms.shared.money import money
from portopt.terms.shared.proportional import charge_proportional, traded

FIELD = "costs.commission"
EXAMPLE = '{"per_trade": "5.00", "bps": 0.0}'
MOST_MONEY = 1_000_000
NO_TRADE = 1e-9  # of the portfolio; a smaller change is arithmetic, not an order


@dataclass(frozen=True, slots=True)
class Commission(Cost):
    """per_trade * (number of trades) / portfolio value  +  bps / 10,000 * sum |z_i|        (z = w - w_prev, cash free)

    per_trade: money, a flat fee. It is not convex: it counts in `value`, in the rounding to whole shares and in money, and
    the program does not see it. bps: basis points of the value traded.
    """

    per_trade: Decimal = Decimal(0)
    bps: float = 0.0

    kind: ClassVar[str] = "commission"
    is_commission: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "per_trade", money(f"{FIELD}.per_trade", self.per_trade, most=MOST_MONEY, example="5.00"))
        object.__setattr__(self, "bps", number(f"{FIELD}.bps", self.bps, low=0.0, high=10_000.0, example="2.0", counts="bps"))

    def express(self, program: Program, p: Problem) -> None:
        charge_proportional(program, p, self.bps)

    def value(self, w: Vector, p: Problem) -> float:
        """Raises MissingInput where there is a flat fee and the portfolio's value is unknown."""
        flat = 0.0
        if self.per_trade:
            if p.portfolio_value is None:
                raise MissingInput(
                    f"a flat fee of {self.per_trade} per trade needs the portfolio's value in money",
                    field="portfolio_value",
                    fixes=["add portfolio_value", f"state the commission as {FIELD}.bps"],
                )
            flat = float(self.per_trade) * int((traded(w, p) > NO_TRADE).sum()) / p.portfolio_value
        return flat + self.convex_value(w, p)

    def convex_value(self, w: Vector, p: Problem) -> float:
        return self.bps * 1e-4 * float(traded(w, p).sum())

    def tariff(self, p: Problem) -> Tariff:
        return Tariff(per_trade=self.per_trade, bps=exact(self.bps))

    def describe(self) -> str:
        parts = [f"{self.per_trade} per trade"] if self.per_trade else []
        parts += [f"{self.bps:g} bps of the value traded"] if self.bps else []
        return f"commission of {' and '.join(parts)}" if parts else "no commission"

    @classmethod
    def parse(cls, value: Any) -> Commission:
        given = options(FIELD, value, ("per_trade", "bps"), example=EXAMPLE)
        return cls(**{name: item for name, item in given.items() if item is not None})
