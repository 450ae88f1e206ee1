"""What an asset whose prices ended may go on as: another name, that of a buyer, the company that it merged into."""

from __future__ import annotations

from collections.abc import Set
from datetime import date

import numpy as np

from portopt.domain.market import MarketSnapshot

SOON = 5  # rows after the last price within which the other begins
ALIKE = 1.25  # what its first price differs by from the last one at most


def successor(snapshot: MarketSnapshot, asset_id: str, held: Set[str]) -> tuple[str, date, float] | None:
    """(name, first day, price there) of the asset nearest in price that begins when this one ends; None where none does.

    held: what is held already is no other name of it.
    """
    column = snapshot.asset_ids.index(asset_id)
    known = snapshot.prices > 0.0
    last = int(np.flatnonzero(known[:, column])[-1])
    price = float(snapshot.prices[last, column])
    first = np.where(known.any(axis=0), np.argmax(known, axis=0), -1)
    found = []
    for j in np.flatnonzero((first > last) & (first <= last + SOON)):
        name, opening = snapshot.asset_ids[j], float(snapshot.prices[first[j], j])
        apart = max(opening / price, price / opening)
        if name not in held and apart <= ALIKE:
            day = date.fromordinal(719163 + int(snapshot.dates[first[j]].astype("datetime64[D]").astype(int)))
            found.append((apart, name, day, opening))
    return min(found)[1:] if found else None
