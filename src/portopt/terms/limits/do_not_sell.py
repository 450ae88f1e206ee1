"""What may not be sold; it may be kept or added to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from portopt.terms.shared.one_way import Member, OfAssets


@dataclass(frozen=True, slots=True)
class DoNotSell(OfAssets):
    """w_i >= w_prev_i    for the assets named; w_prev: the book before the trade

    assets: ids, and groups by one attribute each, {"sector": "Energy"}. slack: see OneWay.
    """

    assets: tuple[Member, ...]
    slack: float = 0.0

    kind: ClassVar[str] = "do_not_sell"
    stops: ClassVar[str] = "do-not-sell"
    verb: ClassVar[str] = "sold"
    bought: ClassVar[bool] = True
