"""What is found in prices, by whom, when and how large; and what is not."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from portopt.domain.errors import DataError, InvalidValue
from portopt.domain.market import MarketQuery, MarketSnapshot
from portopt.domain.request import DataPolicy
from portopt.market import judge_histories, open_snapshot, quarantined
from portopt.market.treatment import KINDS

DAYS = 200
START = np.datetime64("2024-01-01")
ACCEPT_ALL = dict.fromkeys(KINDS, "accept")


def quiet(assets: str = "ABCDE", days: int = DAYS) -> dict[str, np.ndarray]:
    """Unremarkable prices: 1 % a day, nothing equal, nothing missing."""
    rng = np.random.default_rng(7)
    return {a: 50.0 * np.exp(np.cumsum(rng.normal(0, 0.01, days))) for a in assets}


def table(prices: dict[str, np.ndarray], volumes: dict[str, np.ndarray] | None = None) -> pl.DataFrame:
    rows = []
    for asset, closes in prices.items():
        for t, close in enumerate(closes):
            if close is not None and not (isinstance(close, float) and np.isnan(close)):
                row = {"asset_id": asset, "date": (START + t).item(), "close": float(close)}
                rows.append(row | ({"volume": float(volumes[asset][t])} if volumes else {}))
    return pl.DataFrame(rows)


def opened(rows: pl.DataFrame, query: MarketQuery | None = None, **policy: object) -> MarketSnapshot:
    return open_snapshot(
        rows, source="test.csv", adjustment="raw", policy=DataPolicy(**{**ACCEPT_ALL, **policy}), query=query or MarketQuery()
    )


def day(t: int) -> date:
    return (START + t).item()


def found(snapshot: MarketSnapshot, kind: str) -> list[tuple[str | None, date | None, float | None]]:
    return [(f.asset_id, f.date, f.value) for f in snapshot.findings if f.kind == kind]


def test_nothing_is_found_in_unremarkable_prices():
    assert opened(table(quiet())).findings == ()


def test_one_day_of_prices_is_looked_at_without_a_return():
    assert {f.kind for f in opened(table(quiet(days=1))).findings} == {"short_history"}


def test_a_gap_is_named_by_its_first_missing_day_and_its_length():
    prices = quiet()
    prices["B"][40:47] = np.nan
    assert found(opened(table(prices)), "gap") == [("B", day(40), 7.0)]


def test_gaps_within_the_allowance_and_late_starts_are_not_findings():
    prices = quiet()
    prices["B"][40:45] = np.nan
    prices["C"][:100] = np.nan
    assert opened(table(prices), max_gap_days=5).findings == ()


def test_an_asset_whose_prices_end_early_is_no_longer_traded_since_its_last_day():
    prices = quiet()
    last = prices["D"][149]
    prices["D"][150:] = np.nan
    snapshot = opened(table(prices))
    assert found(snapshot, "no_longer_traded") == [("D", day(149), pytest.approx(last))]
    assert found(snapshot, "stale") == []  # equal closes are another thing, with another policy


def test_a_price_that_is_a_few_days_old_is_a_gap_and_no_end():
    prices = quiet()
    prices["D"][DAYS - 5 :] = np.nan
    assert found(opened(table(prices)), "gap") == [("D", day(DAYS - 6), pytest.approx(prices["D"][DAYS - 6]))]


def test_an_asset_priced_once_a_month_is_told_so_in_one_line_and_is_still_traded():
    prices = quiet()
    monthly = prices["D"].copy()
    prices["D"][:] = np.nan
    prices["D"][::21] = monthly[::21]
    snapshot = opened(table(prices))
    assert found(snapshot, "gap") == [("D", day(0), 15.0), ("D", day(189), pytest.approx(monthly[189]))]  # of weekdays
    assert found(snapshot, "no_longer_traded") == []


def test_days_that_an_exchange_keeps_and_a_coin_does_not_are_no_gap_and_hide_no_equal_closes():
    prices = quiet(days=100)
    weekend = np.array([(START + t).item().weekday() >= 5 for t in range(100)])
    for asset in "ABCD":
        prices[asset][weekend] = np.nan
    prices["B"][30:50] = np.where(weekend[30:50], np.nan, 44.0)
    snapshot = opened(table(prices), max_gap_days=0)
    kept = int((~weekend[30:50]).sum())
    assert found(snapshot, "gap") == []
    assert [f.kind for f in snapshot.findings if f.kind == "stale"] == ["stale"]
    assert f"B closes at exactly 44 on {kept} days in a row" in " ".join(f.detail for f in snapshot.findings)


def test_a_run_of_equal_closes_is_one_finding_at_its_start():
    prices = quiet()
    prices["A"][60:75] = 61.25
    snapshot = opened(table(prices))
    assert found(snapshot, "stale") == [("A", day(60), 61.25)]
    assert "15 days in a row" in snapshot.findings[0].detail


def test_a_run_one_day_short_of_the_threshold_is_not_stale():
    prices = quiet()
    prices["A"][60:69] = 61.25
    assert found(opened(table(prices), stale_days=10), "stale") == []
    assert found(opened(table(prices), stale_days=9), "stale") == [("A", day(60), 61.25)]


@pytest.mark.parametrize("shares", [1.5, 2, 3, 4, 5, 7, 10, 20, 0.5, 1 / 3, 0.1])
def test_an_unadjusted_split_is_found_on_its_day_with_its_return(shares):
    prices = quiet()
    prices["C"][120:] /= shares
    (only,) = found(opened(table(prices)), "unadjusted_split")
    assert only[:2] == ("C", day(120))
    assert only[2] == pytest.approx(prices["C"][120] / prices["C"][119] - 1)


def test_a_split_across_a_gap_is_found_too():
    prices = quiet()
    prices["C"][120:] /= 2
    prices["C"][118:121] = np.nan
    assert found(opened(table(prices)), "unadjusted_split")[0][:2] == ("C", day(121))


def test_a_halving_of_the_whole_market_is_news_not_a_split():
    prices = quiet()
    for closes in prices.values():
        closes[120:] /= 2
    assert opened(table(prices)).findings == ()


def test_a_fall_no_split_ratio_explains_is_not_a_split():
    prices = quiet()
    prices["C"][120:] *= 0.58
    snapshot = opened(table(prices))
    assert found(snapshot, "unadjusted_split") == []
    assert found(snapshot, "extreme_move") == [("C", day(120), pytest.approx(prices["C"][120] / prices["C"][119] - 1))]


@pytest.mark.parametrize("shares", [6, 9, 11, 12, 13, 14, 16, 30, 1 / 6, 1 / 12])
def test_splits_of_any_whole_ratio_are_found(shares):
    prices = quiet()
    prices["C"][120:] /= shares
    (finding,) = opened(table(prices)).findings
    words = f"{shares:g}:1 split" if shares > 1 else f"1:{1 / shares:g} consolidation"
    assert (finding.kind, finding.asset_id, finding.date) == ("unadjusted_split", "C", day(120))
    assert words in finding.detail


@pytest.mark.parametrize(("factor", "named"), [(0.70, True), (0.88, False), (1.45, True), (1.12, False)])
def test_a_move_of_many_deviations_is_named_whatever_its_ratio(factor, named):
    prices = quiet()
    prices["C"][120:] *= factor
    assert [f.asset_id for f in opened(table(prices)).findings] == (["C"] if named else [])


def test_a_move_over_a_halt_is_measured_by_the_days_it_took():
    prices = quiet()
    prices["C"][100:104] = np.nan
    prices["C"][104:] *= 0.41
    (finding,) = [f for f in opened(table(prices)).findings if f.kind == "extreme_move"]
    assert (finding.asset_id, finding.date) == ("C", day(104))
    size = -np.log(prices["C"][104] / prices["C"][99]) / np.sqrt(5)
    daily = np.diff(np.log(quiet()["C"]))
    usual = 1.4826 * np.median(np.abs(daily - np.median(daily)))
    assert finding.detail.startswith(f"C went from {prices['C'][99]:g} on {day(99)} to {prices['C'][104]:g}")
    said = float(finding.detail.split(": ")[-1].split(" ")[0])
    assert said == pytest.approx(size / usual, rel=0.2)  # the deviation around it may be the larger


def test_a_fall_that_the_whole_market_shares_is_no_move_of_one():
    prices = {asset: np.concatenate([closes[:120], closes[120:] * 0.6]) for asset, closes in quiet().items()}
    assert opened(table(prices)).findings == ()


def test_an_asset_of_many_large_days_has_no_extreme_move():
    rng = np.random.default_rng(3)
    prices = quiet() | {"C": 50.0 * np.exp(np.cumsum(0.03 * rng.standard_t(3, DAYS)))}
    assert found(opened(table(prices)), "extreme_move") == []


def test_a_large_day_of_an_asset_that_has_such_days_is_not_a_split():
    prices = quiet()
    rng = np.random.default_rng(3)
    prices["C"] = 50.0 * np.exp(np.cumsum(rng.normal(0, 0.12, DAYS)))
    prices["C"][120:] *= prices["C"][119] / prices["C"][120] / 1.5
    assert found(opened(table(prices)), "unadjusted_split") == []


def test_a_halving_with_several_times_the_usual_money_traded_is_a_crash():
    prices = quiet()
    prices["C"][120:] /= 2
    volumes = {a: np.full(DAYS, 1e6) for a in prices}
    volumes["C"][120:] = 2e6  # a split: twice the shares, the same money
    assert len(found(opened(table(prices, volumes)), "unadjusted_split")) == 1
    volumes["C"][120] = 3e7
    assert found(opened(table(prices, volumes)), "unadjusted_split") == []


def test_prices_at_or_under_zero_and_the_returns_they_make_are_found():
    prices = quiet()
    prices["E"][30] = 0.0
    snapshot = opened(table(prices))
    assert found(snapshot, "non_positive_price") == [("E", day(30), 0.0)]
    assert found(snapshot, "impossible_return") == [("E", day(30), -1.0)]


def with_close(rows: pl.DataFrame, asset: str, at: dict[int, float]) -> pl.DataFrame:
    """The rows with other closes of one asset on some days."""
    closes = pl.col("date").replace_strict({day(t): close for t, close in at.items()}, default=None, return_dtype=pl.Float64)
    mine = (pl.col("asset_id") == asset) & pl.col("date").is_in([day(t) for t in at])
    return rows.with_columns(close=pl.when(mine).then(closes).otherwise(pl.col("close")))


def test_an_accepted_nan_is_taken_as_no_price_and_noted_once_an_asset():
    nan = float("nan")
    snapshot = opened(with_close(table(quiet()), "A", {10: nan, 12: nan}))
    assert found(snapshot, "not_a_number") == [("A", day(10), None)]
    assert snapshot.findings[0].detail == "A has the price NaN on 2024-01-11 and on 1 day more: that is not a number"
    assert np.isnan(snapshot.prices[[10, 12], 0]).all()
    assert np.isfinite(snapshot.prices[11, 0])


def test_a_nan_is_refused_where_the_policy_says_nothing():
    rows = with_close(table(quiet()), "B", {10: float("nan")})
    with pytest.raises(DataError, match="B has the price NaN on 2024-01-11"):
        open_snapshot(rows, source="test.csv", adjustment="raw", policy=DataPolicy(), query=MarketQuery())


def test_a_null_is_no_price_and_nothing_to_refuse():
    rows = with_close(table(quiet()), "B", {10: 0.0}).with_columns(close=pl.when(pl.col("close") != 0).then(pl.col("close")))
    snapshot = open_snapshot(rows, source="test.csv", adjustment="raw", policy=DataPolicy(), query=MarketQuery())
    assert snapshot.findings == ()
    assert np.isnan(snapshot.prices[10, 1])


@pytest.mark.parametrize("treatment", ["refuse", "quarantine", "accept"])
@pytest.mark.parametrize("infinite", [float("inf"), float("-inf")])
def test_an_infinite_price_is_refused_whatever_the_policy_says(treatment, infinite):
    rows = with_close(table(quiet()), "C", {7: infinite})
    with pytest.raises(DataError, match="C has the price infinite on 2024-01-08") as caught:
        opened(rows, not_a_number=treatment)
    assert caught.value.fixes == ("correct the prices of C in test.csv; leave a cell empty where there is no price",)


def test_what_lies_before_the_newest_dates_asked_for_is_not_judged():
    rows = with_close(table(quiet()), "C", {7: float("inf"), 8: float("nan")})
    assert opened(rows, MarketQuery(last_dates=50)).findings == ()


def test_conflicting_duplicates_are_told_from_repeated_rows():
    rows = table(quiet())
    again = rows.filter((pl.col("asset_id") == "B") & (pl.col("date") == day(5)))
    assert [f.kind for f in opened(pl.concat([rows, again]), duplicate="refuse").findings] == ["repeated_row"]
    other = again.with_columns(close=pl.lit(99.0))
    assert found(opened(pl.concat([rows, other])), "duplicate") == [("B", day(5), 99.0)]
    with pytest.raises(DataError, match=r"B has 2 different prices on 2024-01-06: .*, 99"):
        opened(pl.concat([rows, other]), duplicate="refuse")


def test_one_price_gives_no_return_and_is_a_short_history():
    prices = quiet()
    prices["C"][1:] = np.nan
    assert found(opened(table(prices)), "short_history") == [("C", day(0), 1.0)]


def test_histories_shorter_than_an_estimate_needs_are_named_with_their_counts():
    prices = quiet()
    prices["C"][:170] = np.nan
    snapshot = opened(table(prices))
    judged = judge_histories(snapshot, 60, 100, DataPolicy())
    assert found(judged, "short_history") == [("C", None, 29.0)]
    assert quarantined(judged) == {"C"}
    assert judged.pricing_pack_id == snapshot.pricing_pack_id
    with pytest.raises(DataError, match="C has 29 returns in the last 100 days; 60 are needed"):
        judge_histories(snapshot, 60, 100, DataPolicy(short_history="refuse"))


def test_an_old_source_is_noted_against_the_as_of_that_was_asked_for():
    query = MarketQuery(as_of=date(2024, 9, 1))
    snapshot = opened(table(quiet()), query)
    assert found(snapshot, "stale_source") == [(None, day(DAYS - 1), float((date(2024, 9, 1) - day(DAYS - 1)).days))]
    assert snapshot.as_of == date(2024, 9, 1)
    with pytest.raises(DataError, match="45 days before 2024-09-01"):
        opened(table(quiet()), query, stale_source="refuse")


def test_refusing_lists_every_finding_with_asset_date_and_value_and_says_what_to_do():
    prices = quiet()
    prices["A"][10] = -1.0
    prices["B"][20] = 0.0
    with pytest.raises(DataError) as caught:
        opened(table(prices), non_positive_price="refuse", impossible_return="accept")
    facts = [(f["asset_id"], f["date"], f["value"]) for f in caught.value.measured["findings"]]
    assert facts == [("A", "2024-01-11", -1.0), ("B", "2024-01-21", 0.0)]
    assert caught.value.exit_code == 4
    assert "A, B" in caught.value.fixes[0]
    assert "data.non_positive_price" in caught.value.fixes[0]


def test_a_quarantined_asset_keeps_its_prices_so_that_a_holding_can_be_valued():
    prices = quiet()
    prices["C"][120:] /= 2
    snapshot = opened(table(prices), unadjusted_split="quarantine")
    assert quarantined(snapshot) == {"C"}
    assert snapshot.latest_prices()[snapshot.asset_ids.index("C")] == pytest.approx(prices["C"][-1])


def test_quarantining_every_asset_is_a_refusal():
    prices = quiet("A")
    prices["A"][60:75] = 61.25
    with pytest.raises(DataError, match="15 days in a row"):
        opened(table(prices), stale="quarantine")


def test_an_asset_the_source_does_not_have_is_named_with_the_nearest_it_has():
    rows = table({"AAPL": quiet()["A"], "MSFT": quiet()["B"]})
    with pytest.raises(DataError, match="APPL has no price in test.csv; the nearest name there is AAPL"):
        opened(rows, MarketQuery(assets=("APPL", "MSFT", "CASH")), unknown_asset="refuse")
    snapshot = opened(rows, MarketQuery(assets=("APPL", "MSFT")), unknown_asset="quarantine")
    assert quarantined(snapshot) == {"APPL"}
    assert snapshot.asset_ids == ("MSFT",)


@pytest.mark.parametrize(
    ("field", "value"), [("gap", "ignore"), ("stale_source", "quarantine"), ("stale_days", 1), ("split_ratio_tolerance", 0.5)]
)
def test_a_data_policy_that_cannot_mean_anything_is_named(field, value):
    with pytest.raises(InvalidValue) as caught:
        opened(table(quiet()), **{field: value})
    assert caught.value.field == f"data.{field}"


def test_a_single_day_of_prices_is_too_short_a_history_and_nothing_else():
    found_on_one_day = opened(table({"A": np.array([50.0]), "B": np.array([51.0])})).findings
    assert {(f.kind, f.asset_id) for f in found_on_one_day} == {("short_history", "A"), ("short_history", "B")}
