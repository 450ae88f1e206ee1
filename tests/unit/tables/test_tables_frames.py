"""Frames in memory: indices, levels, periods and texts are what they are; every column is used, listed or refused."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pandas as pd
import polars as pl
import pytest

import portopt
from portopt.adapters.providers.frames import FrameProvider
from portopt.domain.errors import DataError, InvalidValue
from portopt.domain.market import MarketQuery
from portopt.domain.request import EstimationChoice

DAYS = pd.date_range("2024-01-02", periods=4)
CLOSES = pd.DataFrame({"A": [1.0, 2.0, 3.0, 4.0], "B": [5.0, 6.0, 7.0, 8.0]}, index=DAYS)
RETURNS = np.random.default_rng(3).normal(0.0005, 0.01, (40, 3))


def rows(frame: object) -> list[tuple]:
    return FrameProvider(frame).prices(MarketQuery()).sort("asset_id", "date").select("asset_id", "date", "close").rows()


EXPECTED = rows(CLOSES)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_days_are_days_whatever_they_are_counted_in(unit):
    assert rows(CLOSES.set_axis(DAYS.as_unit(unit))) == EXPECTED


@pytest.mark.parametrize(
    "frame",
    [
        CLOSES.rename_axis("When"),
        CLOSES.set_axis(DAYS.to_period("D")),
        CLOSES.set_axis(DAYS.strftime("%d-%b-%Y")),
        CLOSES.reset_index(names="Date"),
        CLOSES.reset_index(names="Date").iloc[[3, 1, 0, 2]],
        CLOSES.astype(str).reset_index(names="date"),
        CLOSES.astype(object),
        pd.concat({"Close": CLOSES, "Volume": CLOSES * 100}, axis=1),
        pd.concat({"Close": CLOSES, "Open": CLOSES * 2}, axis=1).swaplevel(axis=1).sort_index(axis=1),
        CLOSES.stack().rename("close").rename_axis(["date", "ticker"]).reset_index(),
        CLOSES.stack().rename("close").rename_axis(["date", "ticker"]).to_frame(),
        pl.from_pandas(CLOSES.reset_index(names="date")),
    ],
)  # fmt: skip
def test_the_same_prices_come_out_of_every_shape_of_frame(frame):
    assert rows(frame) == EXPECTED


def test_a_price_of_a_month_is_one_of_its_end():
    frame = CLOSES.set_axis(pd.period_range("2024-01", periods=4, freq="M"))
    assert [day for _, day, _ in rows(frame)[:4]] == [
        date(2024, 1, 31),
        date(2024, 2, 29),
        date(2024, 3, 31),
        date(2024, 4, 30),
    ]


def test_one_name_over_two_columns_is_refused_by_name():
    twice = CLOSES.set_axis(["A", "A"], axis=1)
    with pytest.raises(DataError, match="A stands in columns 2 and 3"):
        FrameProvider(twice)
    with pytest.raises(DataError, match="A stands in several columns"):
        portopt.optimize(twice.pct_change().dropna(), "min_risk")


def test_a_frame_of_one_assets_quotes_names_no_asset():
    with pytest.raises(DataError, match="nothing says of which"):
        FrameProvider(pd.DataFrame({"Open": [1.0], "Close": [1.0]}, index=DAYS[:1]))


def frame(**more: object) -> pd.DataFrame:
    return pd.DataFrame({"A": RETURNS[:, 0], "B": RETURNS[:, 1], **more})


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        ({"C": [f"{x:.9f}" for x in RETURNS[:, 2]]}, ""),
        ({"C": ["n/a", *(f"{x:.9f}" for x in RETURNS[1:, 2])]}, "column C: 'n/a' in 1 cell means no return"),
        ({"C": [f"{100 * x:.7f}%" for x in RETURNS[:, 2]]}, ""),
        ({"C": [f"{x:.9f}".replace(".", ",") for x in RETURNS[:, 2]]}, ""),
        ({"year": [1990 + t for t in range(40)], "C": RETURNS[:, 2]}, "column 'year' counts rows or years: no asset"),
        ({"Unnamed: 0": range(40), "C": RETURNS[:, 2]}, "column 'Unnamed: 0' counts rows or years"),
        ({"date": [f"2024-01-{1 + t % 28:02d}" for t in range(40)], "C": RETURNS[:, 2]}, ""),
        ({"C": RETURNS[:, 2], "settled": [f"{1 + t % 28:02d}/01/2024" for t in range(40)]}, ""),
    ],
)
def test_a_column_of_returns_is_an_asset_and_nothing_else_is(extra, told):
    answer = portopt.optimize(frame(**extra), "min_risk")
    assert list(answer.weights) == ["A", "B", "C"]
    assert told in " ".join(answer.notes)
    expected = portopt.optimize(frame(C=RETURNS[:, 2]), "min_risk").weights
    assert answer.weights == pytest.approx(expected, abs=1e-6 if "n/a" not in told else 0.05)


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ({"C": ["up"] * 40}, "column C holds words from top to bottom"),
        ({"C": [True] * 40}, "column C holds Boolean"),
        ({"C": [*RETURNS[:39, 2], "oops"]}, "row 40, column C: 'oops' is not a number"),
    ],
)
def test_a_column_that_is_no_return_is_refused_by_its_cell(extra, said):
    with pytest.raises(DataError, match=said) as caught:
        portopt.optimize(frame(**extra), "min_risk")
    assert caught.value.fixes


STACKED = frame(C=RETURNS[:, 2]).stack().rename_axis(["date", "asset"]).rename("return").reset_index()


@pytest.mark.parametrize(
    ("given", "said", "fix"),
    [
        (frame().T, "columns are days or numbers ('0' to '39')", "give one row a period and one column an asset: frame.T"),
        (frame().set_axis(pd.bdate_range("2024-01-01", periods=40)).T, "columns are days", "give one row a period"),
        (STACKED, "column asset holds words", "give one column an asset: returns.pivot"),
        (100 * frame(), "prices, not returns", "where these are percentages (1.5 for 1.5 %), divide them by 100"),
        (100 * frame() - 0.1, "no price can give", "where these are percentages (1.5 for 1.5 %), divide them by 100"),
        (frame().replace(RETURNS[3, 0], np.inf), "first A with inf in row 3", "where these are percentages"),
        (frame()["A"], "is not a Polars or pandas DataFrame", 'give returns.to_frame("A")'),
        (frame().set_axis([None, "B"], axis=1), "column 1 has no name", "name the column after its asset"),
        (RETURNS, "is not a Polars or pandas DataFrame", "say which column is which asset: pandas.DataFrame(returns"),
        (pl.LazyFrame(RETURNS), "is not a Polars or pandas DataFrame", "give returns.collect()"),
    ],
)
def test_returns_in_another_shape_or_unit_are_told_how_to_be_given(given, said, fix):
    with pytest.raises((DataError, InvalidValue)) as refused:
        portopt.optimize(given, "min_risk")
    assert said in refused.value.detail
    assert refused.value.fixes[0].startswith(fix)


def test_sequences_by_name_are_read_by_the_same_policy():
    words = {"A": list(RETURNS[:, 0]), "B": [*RETURNS[:39, 1], "n/a"], "C": RETURNS[:, 2]}
    assert list(portopt.optimize(words, "min_risk").weights) == ["A", "B", "C"]
    with pytest.raises(InvalidValue, match="unequal numbers of values"):
        portopt.optimize({"A": [0.01, 0.02], "B": [0.01]}, "min_risk")


def test_returns_of_months_are_not_taken_for_days_unless_they_say_so():
    monthly = {"A": [0.02, 0.01, 0.03] * 10, "B": [0.01, 0.02, 0.01] * 10}
    with pytest.raises(DataError, match=r"prices, not returns\? A \(504%\) and B \(336%\)") as caught:
        portopt.optimize(monthly, "min_risk")
    assert "periods_per_year (12 for months)" in caught.value.fixes[0]
    announced = EstimationChoice(periods_per_year=12, lookback=None, min_observations=2)
    assert portopt.optimize(monthly, "min_risk", estimation=announced).expected_return < 0.3


def test_labels_of_rows_are_no_asset():
    labelled = frame(C=RETURNS[:, 2]).set_axis([f"r{t}" for t in range(40)])
    answer = portopt.optimize(labelled, "min_risk")
    assert list(answer.weights) == ["A", "B", "C"]
    assert "column 'index' names rows: no asset" in " ".join(answer.notes)
    assert list(portopt.optimize(frame(C=RETURNS[:, 2]).iloc[::-1], "min_risk").weights) == ["A", "B", "C"]


def test_instants_with_a_zone_are_the_days_of_their_zone():
    assert rows(CLOSES.set_axis(DAYS.tz_localize("America/New_York"))) == EXPECTED


@pytest.mark.parametrize("odd", [[None, 100.0, 101.0], [float("inf"), 100.0, 101.0], [1e308, 1e308, 1e308]])
def test_the_refusal_of_prices_is_a_document_whatever_they_hold(odd):
    with pytest.raises(DataError, match="prices, not returns") as caught:
        portopt.optimize({"A": odd, "B": [0.01, 0.02, 0.01]}, "min_risk")
    json.dumps(caught.value.problem(), allow_nan=False)


def test_as_of_may_be_a_text_and_must_be_a_date(tmp_path):
    told = portopt.rebalance({"AAPL": 10, "MSFT": 10, "CASH": 1000}, as_of="2022-03-28", home=tmp_path,
                             policy={"id": "p", "name": "p", "objective": "min_risk", "limits": {}})  # fmt: skip
    assert told.document["as_of"] == "2022-03-28"
    for wrong in ("28/03/2022", 20220328):
        with pytest.raises(InvalidValue, match="as_of"):
            portopt.rebalance({"AAPL": 10, "CASH": 1000}, as_of=wrong, home=tmp_path)
