"""Holdings that may be from before something that the prices are from after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class InDoubt:
    """An asset of which the shares held and the price do not seem to be of the same day.

    ratio: new shares for each old one, None for what is no split. shares: as held. stated: what the holdings say that a share
    is worth, price: what the prices say on `on`. off: how far their quotient is from the ratio, a fraction. witnesses: what
    says so, in sentences, the first that which it was told by.
    """

    asset_id: str
    ratio: Fraction | None
    shares: Decimal
    price: float
    on: date
    witnesses: tuple[str, ...]
    stated: Decimal | None = None
    off: float | None = None
