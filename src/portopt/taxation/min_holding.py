"""Lots that are too young to be sold, by the holder's own rule."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from portopt.domain.tax import TaxRecord, TaxRules
from portopt.taxation.holding_period import age_in_days

LotKey = tuple[str, str]  # asset id, lot id


def too_young(record: TaxRecord, as_of: date, rules: TaxRules) -> Mapping[LotKey, tuple[str, date | None]]:
    """Each with a sentence and the first day on which it may be sold; None where nobody knows when the lot was bought."""
    if rules.min_holding_days == 0:
        return {}
    young: dict[LotKey, tuple[str, date | None]] = {}
    for lot in record.lots:
        key, what = (lot.asset_id, lot.lot_id), f"lot {lot.lot_id} of {lot.asset_id}"
        if lot.acquired_on is None:
            young[key] = f"{what} was bought nobody knows when; lots are held for {rules.min_holding_days} days at least", None
        elif age_in_days(lot.acquired_on, as_of) < rules.min_holding_days:
            free_on = lot.acquired_on + timedelta(days=rules.min_holding_days)
            young[key] = f"{what} was bought on {lot.acquired_on} and is not sold before {free_on}", free_on
    return young
