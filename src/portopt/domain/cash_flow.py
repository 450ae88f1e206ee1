"""Money that comes into a portfolio or leaves it, beside the trades."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from portopt.domain.errors import InvalidValue
from portopt.domain.holdings import to_cents

FIELD = "cash_flow.amount"


@dataclass(frozen=True, slots=True)
class CashFlow:
    """An amount in the portfolio's currency, to the cent: above zero money comes in, below zero it leaves.

    Weights are of the value after it. by: the day on which a withdrawal is due, where one was said. rebalance: whether a
    withdrawal goes with what the policy seeks; by itself it only raises the money. A deposit always goes with the policy.
    Raises InvalidValue for what is no amount of whole cents, and for nothing.
    """

    amount: Decimal
    by: date | None = None
    rebalance: bool = False

    def __post_init__(self) -> None:
        if not self.amount.is_finite() or to_cents(self.amount) != self.amount:
            raise InvalidValue(FIELD, str(self.amount), "is no amount of whole cents", fix="write an amount as 30000.00")
        if self.amount == 0:
            raise InvalidValue(FIELD, str(self.amount), "is nothing", fix="leave it out, or write an amount as 30000.00")
        if self.by is not None and self.amount > 0:
            raise InvalidValue("cash_flow.by", self.by.isoformat(), "belongs to a withdrawal", fix="leave it out of a deposit")
        object.__setattr__(self, "amount", to_cents(self.amount))

    @property
    def is_withdrawal(self) -> bool:
        return self.amount < 0

    @property
    def only_raises(self) -> bool:
        """Whether it is a withdrawal by itself: no more is sold than it takes, and nothing is bought."""
        return self.is_withdrawal and not self.rebalance

    def beside_a_rebalance(self) -> CashFlow:
        """The same, for a request that seeks something of its own; of a deposit that is so anyway."""
        return replace(self, rebalance=True) if self.only_raises else self

    def in_words(self, currency: str) -> str:
        """ "a deposit of 50,000.00 USD", "a withdrawal of 30,000.00 USD by 2026-12-31" """
        due = f" by {self.by.isoformat()}" if self.by is not None else ""
        return f"a {'withdrawal' if self.is_withdrawal else 'deposit'} of {abs(self.amount):,.2f} {currency}{due}"
