"""What holds for every table of prices."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from portopt.adapters.store.packs import FilePackStore
from portopt.domain.market import MarketQuery, MarketSnapshot
from portopt.domain.request import DataPolicy
from portopt.market import open_snapshot, quarantined, recheck
from portopt.market.treatment import KINDS

FIRST = date(2024, 1, 1)
ACCEPT = DataPolicy(**dict.fromkeys(KINDS, "accept"))


@st.composite
def tables(draw: st.DrawFn) -> pl.DataFrame:
    """Up to 4 assets on up to 30 days, each price there or not, any finite value, in any order."""
    days = draw(st.integers(1, 30))
    cells = draw(
        st.dictionaries(
            st.tuples(st.sampled_from("DABC"), st.integers(0, days)),
            st.floats(-10, 1000, allow_nan=False),
            min_size=1,
            max_size=80,
        )
    )
    rows = draw(st.permutations([(a, FIRST + timedelta(days=t), close) for (a, t), close in cells.items()]))
    return pl.DataFrame(rows, schema={"asset_id": pl.String, "date": pl.Date, "close": pl.Float64}, orient="row")


def opened(table: pl.DataFrame, policy: DataPolicy = ACCEPT, **query: object) -> MarketSnapshot:
    return open_snapshot(table, source="s", adjustment="raw", policy=policy, query=MarketQuery(**query))


@given(tables())
@settings(max_examples=60, deadline=None)
def test_every_price_delivered_is_in_the_snapshot_and_no_other(table):
    snapshot = opened(table)
    held = {
        (a, snapshot.dates[t].item(), snapshot.prices[t, j])
        for j, a in enumerate(snapshot.asset_ids)
        for t in np.flatnonzero(~np.isnan(snapshot.prices[:, j]))
    }
    assert held == set(table.rows())
    assert list(snapshot.asset_ids) == sorted(snapshot.asset_ids)
    assert (np.diff(snapshot.dates) > np.timedelta64(0)).all()


@given(tables(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_the_rows_changes_neither_name_nor_findings(table, random):
    order = list(range(table.height))
    random.shuffle(order)
    first, second = opened(table), opened(table[order])
    assert first.pricing_pack_id == second.pricing_pack_id
    assert first.findings == second.findings


@given(tables(), st.integers(0, 30), st.floats(0.01, 1e6))
@settings(max_examples=60, deadline=None)
def test_prices_after_as_of_decide_nothing(table, day, noise):
    as_of = FIRST + timedelta(days=day)
    assume(not table.filter(pl.col("date") <= as_of).is_empty())
    disturbed = table.with_columns(
        pl.when(pl.col("date") > as_of).then(pl.lit(noise)).otherwise(pl.col("close")).alias("close")
    )
    before, after = opened(table, as_of=as_of), opened(disturbed, as_of=as_of)
    assert before.pricing_pack_id == after.pricing_pack_id
    assert before.findings == after.findings
    assert before.as_of == as_of


@given(tables())
@settings(max_examples=40, deadline=None)
def test_stored_and_read_again_it_is_the_same_pack(tmp_path_factory, table):
    store, snapshot = FilePackStore(tmp_path_factory.mktemp("packs")), opened(table)
    store.put(snapshot)
    again = store.get(snapshot.pricing_pack_id)
    np.testing.assert_array_equal(again.prices, snapshot.prices)
    assert again.findings == snapshot.findings
    assert recheck(again, ACCEPT, MarketQuery()).findings == snapshot.findings


@given(tables(), st.sampled_from([kind for kind in KINDS if kind not in ("unknown_asset", "stale_source")]))
@settings(max_examples=60, deadline=None)
def test_quarantine_takes_out_exactly_the_assets_accepted_findings_name(table, kind):
    accepted = {f.asset_id for f in opened(table).findings if f.kind == kind}
    assume(not accepted >= set(opened(table).asset_ids))
    snapshot = opened(table, DataPolicy(**(dict.fromkeys(KINDS, "accept") | {kind: "quarantine"})))
    assert quarantined(snapshot) == accepted
