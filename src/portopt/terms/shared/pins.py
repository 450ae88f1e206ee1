"""What somebody says an asset's trade shall be: shares, money, a target weight, or none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portopt.domain.errors import InvalidValue, MissingInput
from portopt.domain.problem import Problem
from portopt.terms.shared.checks import number, percent

UNITS = ("shares", "value", "weight")
SPELLINGS = "+100 or -50 for shares, $5,000 or -$5,000 for money, 3% for the weight it is to have, none for no trade"
SHARES = re.compile(r"([+-])\s*([\d,]*\.?\d+)")
MONEY = re.compile(r"([+-]?)\s*\$\s*([+-]?)\s*([\d,]*\.?\d+)")
WEIGHT = re.compile(r"([+-]?[\d,]*\.?\d+)\s*%")


@dataclass(frozen=True, slots=True)
class Pin:
    """One trade as it was said. unit: "shares" or "value" (money), bought above zero and sold below; "weight": the weight after
    it, a fraction of portfolio value."""

    unit: str
    amount: float

    @property
    def is_none(self) -> bool:
        return self.unit != "weight" and self.amount == 0.0

    def target(self, i: int, p: Problem) -> float:
        """The weight of asset i after the trade. Raises MissingInput where that takes a price or a value nobody gave."""
        if self.unit == "weight":
            return self.amount
        now = float(p.previous()[i])
        if self.amount == 0.0:
            return now
        if not p.portfolio_value or (self.unit == "shares" and p.prices is None):
            what = "prices and the portfolio's value are" if self.unit == "shares" else "the portfolio's value is"
            fix = "say the weight it is to have, as 3%"
            raise MissingInput(f"{what} needed to pin a trade in {self.unit}", field="limits.pinned", fixes=[fix])
        price = 1.0 if self.unit == "value" or p.prices is None else float(p.prices[i])
        return now + self.amount * price / p.portfolio_value

    def describe(self) -> str:
        if self.is_none:
            return "no trade"
        if self.unit == "weight":
            return percent(self.amount)
        verb = "buy" if self.amount > 0 else "sell"
        if self.unit == "value":
            return f"{verb} ${abs(self.amount):,.2f}"
        return f"{verb} {abs(self.amount):,.10g} share{'' if abs(self.amount) == 1.0 else 's'}"


def pin_of(field: str, value: Any) -> Pin:
    """A pin as data or as text. Raises InvalidValue for what says neither.

    >>> pin_of("AAPL", "-$5,000"), pin_of("AAPL", "3%"), pin_of("AAPL", "none")
    (Pin(unit='value', amount=-5000.0), Pin(unit='weight', amount=0.03), Pin(unit='shares', amount=0.0))
    """
    if isinstance(value, Pin):
        return value
    if isinstance(value, str):
        return _of_text(field, value)
    if isinstance(value, Mapping):
        return _of_data(field, value)
    raise InvalidValue(field, value, "may mean shares, money or a weight", fix=f"write {SPELLINGS}")


def _of_data(field: str, value: Mapping[str, Any]) -> Pin:
    given = {name: amount for name, amount in value.items() if amount is not None}
    if set(given) == {"unit", "amount"}:
        given = {str(given["unit"]): given["amount"]}
    if len(given) != 1 or next(iter(given)) not in UNITS:
        raise InvalidValue(
            field, dict(value), "says no one trade", fix='write {"shares": 100}, {"value": 5000} or {"weight": 0.03}'
        )
    unit, amount = next(iter(given.items()))
    bound = 10.0 if unit == "weight" else 1e15
    return Pin(unit, number(f"{field}.{unit}", amount, low=-bound, high=bound, example="0.03" if unit == "weight" else "100"))


def _of_text(field: str, value: str) -> Pin:
    word = value.strip()
    if word.lower() in ("none", "no", "keep"):
        return Pin("shares", 0.0)
    if found := SHARES.fullmatch(word):
        return Pin("shares", _number(found[1] + found[2]))
    if (found := MONEY.fullmatch(word)) and not (found[1] and found[2]):
        return Pin("value", _number((found[1] or found[2]) + found[3]))
    if found := WEIGHT.fullmatch(word):
        return _of_data(field, {"weight": _number(found[1]) / 100.0})
    raise InvalidValue(field, value, "says no trade", fix=f"write {SPELLINGS}")


def _number(digits: str) -> float:
    return float(digits.replace(",", ""))
