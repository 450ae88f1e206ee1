"""What stays as it is: neither bought nor sold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from portopt.terms.shared.one_way import Member, OfAssets


@dataclass(frozen=True, slots=True)
class Keep(OfAssets):
    """w_i = w_prev_i    for the assets named; w_prev: the book before the trade

    assets: ids, and groups by one attribute each, {"sector": "Energy"}. slack: see OneWay.
    """

    assets: tuple[Member, ...]
    slack: float = 0.0

    kind: ClassVar[str] = "keep"
    stops: ClassVar[str] = "keep"
    verb: ClassVar[str] = "traded"
