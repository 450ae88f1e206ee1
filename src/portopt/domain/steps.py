"""By what an asset is traded: the policy's lots, or what its own units say."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from portopt.domain.request import TradingRules
from portopt.domain.universe import Asset, Universe

FINEST = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Step:
    """size: units of which a trade is a whole number. fine: so small that trades are solved for and rounded, not counted.

    least_held: of what is held at all; zero for anything. own: whether the asset says it, not the policy.
    """

    size: Decimal
    fine: bool = False
    least_held: Decimal = Decimal(0)
    own: bool = False

    @property
    def counted(self) -> Decimal:
        """What a search counts in: the size, or a unit of what is fine."""
        return Decimal(1) if self.fine else self.size

    def in_words(self, asset_id: str) -> str:
        """As of trades: "whole lots of 1,000 of BOND-X"."""
        if self.fine:
            return f"{asset_id} in units of {max(-int(self.size.as_tuple().exponent), 0)} decimals"
        least = f", at least {self.least_held:,f}" if self.least_held > self.size else ""
        return f"whole lots of {self.size:,f} of {asset_id}{least}"


def step_in(universe: Universe, asset_id: str, rules: TradingRules) -> Step:
    """Of an asset by its name; of one that is not in the universe the policy's."""
    at = universe.positions.get(asset_id)
    return step_of(Asset(asset_id) if at is None else universe.assets[at], rules)


def step_of(asset: Asset, rules: TradingRules) -> Step:
    """The asset's own step, also where the policy trades fractions; else the policy's."""
    units = asset.units
    size = None if units is None else units.step
    if units is None or size is None:
        return Step(FINEST, fine=True) if rules.fractional else Step(Decimal(rules.lot_size))
    return Step(size, fine=bool(units.fraction_digits), least_held=units.min_denomination, own=True)
