"""What a company does to its shares: splits, dividends, spin-offs, the end of a listing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal


@dataclass(frozen=True, slots=True)
class Action:
    """One corporate action, known on `known_from` (the ex date where nobody says).

    kind: "split" (ratio: new shares for each old one, as (numerator, denominator)), "dividend" (amount a share, paid on
    `pay_date`), "spin_off" (ratio shares of `into` for each share held), "delisting" (`proceeds`: a price a share, or
    `delisting_return`: a return on the last price, -1 is worthless; neither: the last price).
    """

    asset_id: str
    kind: Literal["split", "dividend", "spin_off", "delisting"]
    ex_date: date
    pay_date: date | None = None
    ratio: tuple[int, int] | None = None
    amount: Decimal | None = None
    into: str | None = None
    proceeds: Decimal | None = None
    delisting_return: Decimal | None = None
    known_from: date | None = None
