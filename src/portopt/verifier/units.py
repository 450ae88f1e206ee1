"""How an asset is quoted and in what steps it trades, by what its line says; what a line does not say is as for a share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from portopt.verifier.exact import ONE, ZERO, cents, written


@dataclass(frozen=True)
class Units:
    """multiplier, accrued: of a price. step: what a trade is counted in, None where the policy says. least: of what is held.

    fine: whether the step is a decimal of a unit.
    """

    multiplier: Fraction = ONE
    accrued: Fraction = ZERO
    step: Fraction | None = None
    least: Fraction = ZERO
    fine: bool = False

    def money(self, price: Fraction) -> Fraction:
        """Of one unit held."""
        return (price + self.accrued) * self.multiplier

    def interest(self, held: Fraction) -> Fraction:
        """Accrued on so many units, to the cent."""
        return cents(held * self.accrued * self.multiplier)


def units_of(line: Mapping[str, Any]) -> Units:
    """Of a line of the proposal."""
    told = line.get("units") or {}
    digits = told.get("fraction_digits")
    least = written(told.get("min_denomination", 0))
    steps = [written(told[name]) for name in ("lot_size", "increment") if told.get(name) is not None]
    if digits is not None:
        steps = [Fraction(1, 10 ** int(digits))]
    step = steps[0] if steps else least or None
    multiplier, accrued = written(told.get("price_multiplier", 1)), written(told.get("accrued_interest", 0))
    return Units(multiplier, accrued, step, least, fine=bool(digits))
