"""What was asked on lots that are told otherwise since does not stand on the newest holdings."""

from __future__ import annotations

from decimal import Decimal

from portopt.domain.canonical import plain
from portopt.domain.holdings import Holdings
from portopt.domain.tax import Lot, TaxRecord
from portopt.runs.decisions import difference_of_holdings, told_other_lots


def held(cost: str | None) -> Holdings:
    tax = None if cost is None else TaxRecord((Lot("A", "L1", None, Decimal(3), Decimal(cost)),))
    return Holdings("P1", {"A": Decimal(3)}, tax=tax)


def test_other_lots_of_the_same_shares_are_other_holdings_where_both_tell_some():
    before = plain(held("5"))
    assert not told_other_lots(before, held("5"))
    assert told_other_lots(before, held("6"))
    assert not told_other_lots(before, held(None))
    assert not told_other_lots(plain(held(None)), held("6"))
    assert difference_of_holdings(before, held("6")) == {}
