"""What a snapshot holds, and that its name is its content's."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import polars as pl
import pytest

from portopt.domain.errors import DataError, InvalidValue
from portopt.domain.market import MarketQuery
from portopt.domain.request import DataPolicy
from portopt.market import open_snapshot, recheck
from portopt.market.panel import panel_of

FIRST = date(2024, 1, 1)


def rows(days: int = 30, assets: str = "BAC", volume: bool = False) -> pl.DataFrame:
    rng = np.random.default_rng(1)
    closes = 20 * np.exp(np.cumsum(rng.normal(0, 0.01, (days, len(assets))), axis=0))
    table = pl.DataFrame(
        {
            "asset_id": [a for a in assets for _ in range(days)],
            "date": [FIRST + timedelta(days=t) for _ in assets for t in range(days)],
            "close": closes.T.ravel(),
        }
    )
    return table.with_columns(volume=pl.col("close") * 1000) if volume else table


def opened(table: pl.DataFrame, adjustment: str = "raw", source: str = "here", **query: object):
    return open_snapshot(table, source=source, adjustment=adjustment, policy=DataPolicy(), query=MarketQuery(**query))


@pytest.mark.parametrize("volume", [False, True])
def test_long_to_wide_agrees_with_the_pivot_of_pandas(volume):
    table = rows(volume=volume).filter(~((pl.col("asset_id") == "A") & (pl.col("date") < FIRST + timedelta(days=4))))
    table = table.sample(fraction=1, shuffle=True, seed=2)
    expected = pd.DataFrame(table.to_dict(as_series=False)).pivot(index="date", columns="asset_id", values="close")
    snapshot = opened(table)
    assert snapshot.asset_ids == tuple(expected.columns) == ("A", "B", "C")
    assert snapshot.dates.tolist() == list(expected.index)
    np.testing.assert_array_equal(snapshot.prices, expected.to_numpy())
    assert (snapshot.volumes is None) is not volume
    if volume:
        np.testing.assert_array_equal(snapshot.volumes, expected.to_numpy() * 1000)


@pytest.mark.parametrize("volume", [False, True])
def test_a_sorted_table_gives_the_same_panel_as_the_same_rows_in_any_order(volume):
    table = rows(assets="ABC", volume=volume)
    fast, slow = panel_of(table), panel_of(table.sample(fraction=1, shuffle=True, seed=9))
    assert fast.ids == slow.ids
    np.testing.assert_array_equal(fast.dates, slow.dates)
    np.testing.assert_array_equal(fast.prices, slow.prices)
    if volume:
        np.testing.assert_array_equal(fast.volumes, slow.volumes)


def test_the_same_prices_have_the_same_name_from_any_source_in_any_row_order():
    table = rows()
    again = table.sample(fraction=1, shuffle=True, seed=3)
    assert opened(table).pricing_pack_id == opened(again, source="elsewhere").pricing_pack_id
    assert len(opened(table).pricing_pack_id) == len("pack-") + 20


@pytest.mark.parametrize(
    ("of_b", "said", "fix"),
    [
        ("EUR", "are in 2 currencies (A in USD, B in EUR)", "convert the prices to one currency"),
        ("GBp", "are in 2 currencies (A in USD, B in GBp)", "convert the prices to one currency"),
    ],
)
def test_prices_in_two_currencies_are_refused_where_both_are_asked_for(of_b, said, fix):
    table = rows(assets="AB").with_columns(
        currency=pl.when(pl.col("asset_id") == "A").then(pl.lit("usd")).otherwise(pl.lit(of_b))
    )
    with pytest.raises(DataError) as refused:
        opened(table)
    assert said in refused.value.detail
    assert refused.value.fixes[0].startswith(fix)
    assert opened(table, assets=("A",)).asset_ids == ("A",)


def test_prices_in_pence_are_refused_and_in_pounds_are_not():
    table = rows()
    with pytest.raises(DataError, match="in GBX, hundredths of GBP") as refused:
        opened(table.with_columns(currency=pl.lit("GBX")))
    assert refused.value.fixes == ("divide the prices by 100 and write GBP",)
    pounds = opened(table.with_columns(pl.col("close") / 100, currency=pl.lit("GBP")))
    assert pounds.pricing_pack_id == opened(table.with_columns(pl.col("close") / 100)).pricing_pack_id


def test_one_row_of_prices_is_no_history_and_no_crash():
    with pytest.raises(DataError, match="A has one price only"):
        opened(rows(days=1))


def test_what_is_advised_about_bad_prices_leads_on_in_one_step():
    day = pl.col("date") == FIRST + timedelta(days=9)
    below = rows(assets="AB").with_columns(
        close=pl.when(day & (pl.col("asset_id") == "A")).then(-3.0).otherwise(pl.col("close"))
    )
    with pytest.raises(DataError) as refused:
        opened(below)
    assert refused.value.fixes == (
        "correct the prices of A in here, or set the policy's data.non_positive_price and data.impossible_return to "
        "'quarantine' to go on without",
    )
    policy = DataPolicy(non_positive_price="quarantine", impossible_return="quarantine")
    open_snapshot(below, source="here", adjustment="raw", policy=policy, query=MarketQuery())
    twice = pl.concat([rows(), rows().with_columns(pl.col("close") + 1)])
    with pytest.raises(DataError) as refused:
        open_snapshot(twice, source="here", adjustment="raw", policy=DataPolicy(duplicate="quarantine"), query=MarketQuery())
    assert refused.value.fixes == ("keep one price a day of A, B, C in here: no asset is left to go on with",)


@pytest.mark.parametrize(("asked", "near"), [("brk.b", "BRK-B"), ("aaa", "AAA")])
def test_a_name_spelled_in_another_way_is_answered_with_the_sources(asked, near):
    table = rows(assets="AB").with_columns(pl.col("asset_id").replace({"A": "AAA", "B": "BRK-B"}))
    with pytest.raises(DataError, match=f"the nearest name there is {near}") as refused:
        opened(table, assets=("AAA", "BRK-B", asked))
    assert refused.value.fixes[0].startswith(f"name {asked} as here does")
    with pytest.raises(DataError) as refused:
        opened(table, assets=("X US Equity",))
    assert refused.value.fixes == ("name the assets as the source does (AAA, BRK-B), or bring prices of those asked for",)


def test_one_price_one_date_one_name_or_the_adjustment_changes_the_name():
    table = rows()
    names = {
        opened(table).pricing_pack_id,
        opened(table, adjustment="adjusted").pricing_pack_id,
        opened(table.with_columns(close=pl.col("close") + pl.lit([1e-9] + [0.0] * 89).explode())).pricing_pack_id,
        opened(table.with_columns(pl.col("date") + timedelta(days=1))).pricing_pack_id,
        opened(table.with_columns(pl.col("asset_id") + "X")).pricing_pack_id,
        opened(rows(volume=True)).pricing_pack_id,
    }
    assert len(names) == 6


def test_what_came_after_as_of_changes_nothing():
    table = rows()
    as_of = FIRST + timedelta(days=19)
    noise = table.with_columns(
        pl.when(pl.col("date") > as_of).then(pl.col("close") * 1000).otherwise(pl.col("close")).alias("close")
    )
    honest, noisy = opened(table, as_of=as_of), opened(noise, as_of=as_of)
    assert honest.pricing_pack_id == noisy.pricing_pack_id
    assert honest.findings == noisy.findings == ()
    assert honest.dates[-1].item() == as_of


def test_start_and_the_number_of_dates_cut_the_old_end():
    assert opened(rows(), start=FIRST + timedelta(days=10)).dates[0].item() == FIRST + timedelta(days=10)
    cut = opened(rows(), last_dates=5)
    assert cut.prices.shape == (5, 3)
    assert cut.pricing_pack_id == opened(rows(), start=FIRST + timedelta(days=25)).pricing_pack_id


def test_what_is_before_the_dates_kept_is_not_judged():
    broken = rows().with_columns(
        pl.when((pl.col("date") == FIRST) & (pl.col("asset_id") == "A")).then(-5.0).otherwise(pl.col("close")).alias("close")
    )
    with pytest.raises(DataError, match="A has the price -5 on 2024-01-01"):
        opened(broken)
    assert opened(broken, last_dates=20).findings == ()


def test_only_the_assets_asked_for_are_in_it_and_cash_is_not_priced():
    assert opened(rows(), assets=("A", "CASH")).asset_ids == ("A",)


def test_asking_for_a_day_before_all_prices_says_what_there_is():
    with pytest.raises(DataError, match="it has 90 rows from 2024-01-01 to 2024-01-30"):
        opened(rows(), as_of=date(2023, 1, 1))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pl.DataFrame({"asset_id": ["A"], "close": [1.0]}), "no column date; its columns are asset_id, close"),
        (rows().head(0), "no price for these assets and dates"),
        (pl.DataFrame({"asset_id": ["A", None], "date": [FIRST, FIRST], "close": [1.0, 1.0]}), "1 prices name no asset"),
    ],
)
def test_a_table_that_is_no_prices_is_refused(table, message):
    with pytest.raises(DataError, match=message):
        opened(table)


def test_an_adjustment_must_be_one_of_the_three_words():
    with pytest.raises(InvalidValue, match="adjustment = 'split'"):
        opened(rows(), adjustment="split")


def test_the_arrays_of_a_snapshot_cannot_be_written_to():
    with pytest.raises(ValueError, match="read-only"):
        opened(rows()).prices[0, 0] = 1.0


def test_rechecking_changes_treatments_and_as_of_but_neither_prices_nor_name():
    table = rows(days=60)
    doubled = table.with_columns(
        pl.when((pl.col("asset_id") == "A") & (pl.col("date") >= FIRST + timedelta(days=30)))
        .then(pl.col("close") / 2)
        .otherwise(pl.col("close"))
        .alias("close")
    )
    extra = pl.DataFrame({"asset_id": ["B"], "date": [FIRST], "close": [1.0]})
    policy = DataPolicy(duplicate="accept")
    first = open_snapshot(
        pl.concat([doubled, extra]),
        source="here",
        adjustment="raw",
        policy=policy,
        query=MarketQuery(as_of=FIRST + timedelta(62)),
    )
    assert {(f.kind, f.treatment) for f in first.findings} >= {("duplicate", "accepted"), ("unadjusted_split", "quarantined")}
    lenient = DataPolicy(duplicate="quarantine", unadjusted_split="accept")
    again = recheck(first, lenient, MarketQuery(as_of=FIRST + timedelta(90)))
    assert {(f.kind, f.treatment) for f in again.findings} >= {("duplicate", "quarantined"), ("unadjusted_split", "accepted")}
    assert "stale_source" in {f.kind for f in again.findings}
    assert again.pricing_pack_id == first.pricing_pack_id
    assert recheck(first, policy, MarketQuery(as_of=FIRST + timedelta(62))).findings == first.findings
