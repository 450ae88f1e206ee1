"""The lots of the sample book: of what is held, at what the shares cost on days that the sample prices have."""

from __future__ import annotations

from portopt.adapters.providers.holdings_files import read_holdings
from portopt.adapters.providers.sample import SampleProvider
from portopt.domain.market import MarketQuery
from portopt.doors.files import SAMPLE, holdings_file, in_lots
from portopt.doors.notebook.books import in_lots_of

HALF_A_CENT = 0.005 + 1e-9


def test_they_are_all_of_what_is_held_and_cost_what_a_share_did() -> None:
    notes: list[str] = []
    held = read_holdings(holdings_file(SAMPLE), notes=notes)[0]
    tax = in_lots(held, [SAMPLE], notes).tax
    assert tax is not None
    assert (len(tax.lots), notes) == (38, [])
    assert all(sum(lot.shares for lot in tax.lots_of(a)) == n for a, n in held.shares.items())
    prices = SampleProvider().prices(MarketQuery(tuple(sorted(held.shares))))
    closes = {(a, day): close for a, day, close in prices.select("asset_id", "date", "close").iter_rows()}
    off = [abs(closes[lot.asset_id, lot.acquired_on] - float(lot.cost_per_share or 0)) for lot in tax.lots]
    assert max(off) <= HALF_A_CENT


def test_a_notebook_names_them_too() -> None:
    held = read_holdings(holdings_file(SAMPLE))[0]
    assert in_lots_of(held, SAMPLE, []).tax == in_lots(held, [SAMPLE], []).tax
