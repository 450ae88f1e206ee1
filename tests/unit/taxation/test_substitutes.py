"""What may be bought in the place of a loss."""

from __future__ import annotations

from datetime import date
from decimal import Decimal as D

from portopt.domain.tax import ClosedLot, Instead, Lot, LotSale, Substitute, TaxRecord, TaxRules
from portopt.taxation.rules import rules_of
from portopt.taxation.substitutes import instead_of

NOW = date(2026, 12, 1)
RULES = rules_of(
    {
        "regime": "us_federal",
        "identical": [["VTI", "ITOT"], ["VOO", "IVV"], ["SCHB", "SCHK"]],
        "substitutes": {"VTI": ["IVV", "SCHB", "DFAC"], "VOO": ["SCHB"]},
    }
)


def sale(asset: str, gain: str, disallowed: str = "0") -> LotSale:
    lot = Lot(asset, f"{asset}-1", date(2025, 1, 2), D(10), D(100))
    return LotSale(lot, D(10), D(1000) + D(gain), D(gain), "long", D(disallowed))


def test_substitutes_keep_their_rank_and_say_what_bars_them() -> None:
    gone = ClosedLot("SCHK", "k", date(2025, 1, 2), date(2026, 11, 20), D(5), D(100), D(90))
    sales = [sale("VTI", "-100"), sale("VOO", "-50"), sale("KO", "70")]
    vti, voo = instead_of(sales, TaxRecord(closed=(gone,)), NOW, RULES)
    assert (vti.asset_id, vti.again_on) == ("VTI", date(2027, 1, 1))
    assert vti.substitutes[0] == Substitute("IVV", 1, "VOO, which is the same, is sold at a loss now")
    assert vti.substitutes[1].barred.startswith("5 SCHK (lot k) were sold on 2026-11-20 at a loss of 50.00")
    assert vti.substitutes[2] == Substitute("DFAC", 3)
    assert [one.rank for one in vti.substitutes] == [1, 2, 3]
    assert [one.asset_id for one in voo.substitutes] == ["SCHB"]


def test_a_loss_that_does_not_count_needs_no_substitute() -> None:
    assert instead_of([sale("VTI", "-100", "100"), sale("KO", "5")], TaxRecord(), NOW, RULES) == ()


def test_an_asset_without_substitutes_says_when_it_may_be_bought_again() -> None:
    assert instead_of([sale("KO", "-5")], TaxRecord(), NOW, RULES) == (Instead("KO", date(2027, 1, 1)),)


def test_where_no_rule_bars_a_buy_nothing_is_said() -> None:
    assert instead_of([sale("VTI", "-100")], TaxRecord(), NOW, TaxRules("flat", 0.25, 0.25)) == ()
