"""Lots that are too young to be sold."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from portopt.domain.tax import Lot, TaxRecord, TaxRules
from portopt.taxation.min_holding import too_young

NOW = date(2026, 12, 1)
RULES = TaxRules("31 days", 0.37, 0.2, min_holding_days=31)


def lot(lot_id: str, acquired_on: date | None) -> Lot:
    return Lot("A", lot_id, acquired_on, Decimal(1), Decimal(1))


def test_a_lot_may_be_sold_from_its_day_on() -> None:
    record = TaxRecord((lot("30", date(2026, 11, 1)), lot("31", date(2026, 10, 31)), lot("0", NOW)))
    found = too_young(record, NOW, RULES)
    assert found == {
        ("A", "30"): ("lot 30 of A was bought on 2026-11-01 and is not sold before 2026-12-02", date(2026, 12, 2)),
        ("A", "0"): ("lot 0 of A was bought on 2026-12-01 and is not sold before 2027-01-01", date(2027, 1, 1)),
    }
    assert ("A", "30") not in too_young(record, date(2026, 12, 2), RULES)


def test_a_lot_of_unknown_age_is_not_known_to_be_old_enough() -> None:
    sentence, free_on = too_young(TaxRecord((lot("gift", None),)), NOW, RULES)["A", "gift"]
    assert "nobody knows when" in sentence
    assert free_on is None


def test_without_the_rule_every_lot_may_be_sold() -> None:
    assert too_young(TaxRecord((lot("0", NOW), lot("gift", None))), NOW, TaxRules("none", 0.37, 0.2)) == {}
