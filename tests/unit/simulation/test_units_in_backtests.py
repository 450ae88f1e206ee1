"""Lots of their own are kept in a backtest; what its ledger would get wrong is refused."""

from __future__ import annotations

import pytest

from portopt.domain.errors import InvalidValue
from portopt.domain.units import units_of
from portopt.domain.universe import Asset, Universe
from portopt.simulation.units import require_shares


def test_a_multiplier_is_refused_by_name_and_lots_are_not():
    lots = Universe((Asset("HK", units=units_of({"lot_size": 500}, "HK")), Asset("ABC")))
    require_shares(lots)
    bond = Universe((Asset("BOND-X", units=units_of({"price_multiplier": 0.01, "accrued_interest": 1.3}, "B")), Asset("ABC")))
    with pytest.raises(InvalidValue, match="price_multiplier") as refused:
        require_shares(bond)
    assert refused.value.field == "universe.BOND-X.units"
    assert "leave BOND-X out" in refused.value.fixes[0]
