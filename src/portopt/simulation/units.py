"""What the ledger of a simulation keeps of units: lots of a size of their own. It counts shares at the prices as they are."""

from __future__ import annotations

from portopt.domain.errors import InvalidValue
from portopt.domain.universe import Universe

KEPT = "lot_size"


def require_shares(universe: Universe) -> None:
    """Raises InvalidValue for what else is said of an asset's units."""
    for asset_id, units in universe.units.items():
        other = [name for name in units.said if name != KEPT]
        if other:
            why = f"is not kept by the ledger of a simulation, which counts shares at their prices and knows {KEPT} alone"
            fix = f"leave {asset_id} out, or give its prices and counts as those of shares, without {', '.join(other)}"
            raise InvalidValue(f"universe.{asset_id}.units", other[0], why, fix=fix)
