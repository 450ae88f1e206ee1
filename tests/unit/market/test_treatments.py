"""Every kind of finding under every treatment: refused by name, quarantined, or noted and used as it is."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from portopt.domain.errors import DataError, InvalidValue
from portopt.domain.market import Finding, MarketQuery, MarketSnapshot
from portopt.domain.request import DataPolicy
from portopt.market import judge_histories, open_snapshot, quarantined, recheck
from portopt.market.treatment import KINDS

DAYS = 120
FIRST = date(2024, 1, 1)
ASSETS = ("A", "B", "C", "D")
EVERYTHING = MarketQuery()
LAST = FIRST + timedelta(days=DAYS - 1)
Closes = dict[str, list[float | None]]


def day(t: int) -> date:
    return FIRST + timedelta(days=t)


def quiet() -> Closes:
    rng = np.random.default_rng(5)
    return {a: [float(p) for p in 40 * np.exp(np.cumsum(rng.normal(0, 0.01, DAYS)))] for a in ASSETS}


def rows_of(closes: Closes) -> pl.DataFrame:
    rows = [(a, day(t), price) for a, prices in closes.items() for t, price in enumerate(prices)]
    return pl.DataFrame(rows, schema={"asset_id": pl.String, "date": pl.Date, "close": pl.Float64}, orient="row")


def changed(changes: dict[int, float | None]) -> Callable[[], pl.DataFrame]:
    """Quiet prices in which B has other prices at some positions."""

    def make() -> pl.DataFrame:
        closes = quiet()
        for t, price in changes.items():
            closes["B"][t] = price
        return rows_of(closes)

    return make


def halved() -> pl.DataFrame:
    closes = quiet()
    closes["B"] = [p if t < 70 else (p or 0.0) / 2 for t, p in enumerate(closes["B"])]
    return rows_of(closes)


def fallen() -> pl.DataFrame:
    closes = quiet()
    closes["B"] = [p if t < 70 else (p or 0.0) * 0.58 for t, p in enumerate(closes["B"])]
    return rows_of(closes)


def conflicting() -> pl.DataFrame:
    rows = rows_of(quiet())
    again = rows.filter((pl.col("asset_id") == "B") & (pl.col("date") == day(30))).with_columns(close=pl.lit(77.0))
    return pl.concat([rows, again])


@dataclasses.dataclass(frozen=True)
class Case:
    """What is delivered, and what the finding must say: its date, its value, and the words of its sentence."""

    make: Callable[[], pl.DataFrame]
    day: date | None
    value: float | None
    said: str
    query: MarketQuery = EVERYTHING
    asset: str | None = "B"


B_BEFORE = quiet()["B"][29] or 0.0
HALF = (quiet()["B"][70] or 0.0) / 2 / (quiet()["B"][69] or 1.0) - 1
FALL = (quiet()["B"][70] or 0.0) * 0.58 / (quiet()["B"][69] or 1.0) - 1
CASES = {
    "gap": Case(changed(dict.fromkeys(range(40, 48))), day(40), 8.0, "B has no price on 8 days from 2024-02-10"),
    "stale": Case(changed(dict.fromkeys(range(50, 65), 41.5)), day(50), 41.5, "B closes at exactly 41.5 on 15 days"),
    "no_longer_traded": Case(
        changed(dict.fromkeys(range(100, DAYS))), day(99), quiet()["B"][99], "B has had no price since 2024-04-09"
    ),
    "extreme_move": Case(fallen, day(70), FALL, "times what it usually moves"),
    "unadjusted_split": Case(halved, day(70), HALF, "looks like a 2:1 split"),
    "non_positive_price": Case(changed({30: -3.5}), day(30), -3.5, "B has the price -3.5 on 2024-01-31"),
    "not_a_number": Case(changed({30: float("nan")}), day(30), None, "B has the price NaN on 2024-01-31"),
    "impossible_return": Case(changed({30: -3.5}), day(30), -3.5 / B_BEFORE - 1, "B returns -1"),
    "short_history": Case(changed(dict.fromkeys(range(1, DAYS))), day(0), 1.0, "B has one price only, on 2024-01-01"),
    "duplicate": Case(conflicting, day(30), 77.0, "B has 2 different prices on 2024-01-31"),
    "stale_source": Case(
        lambda: rows_of(quiet()), LAST, 31.0, "31 days before 2024-05-30", MarketQuery(as_of=LAST + timedelta(days=31)), None
    ),
    "unknown_asset": Case(
        lambda: rows_of(quiet()), None, None, "GHOST has no price in desk.csv", MarketQuery(assets=(*ASSETS, "GHOST")), "GHOST"
    ),
}
TREATED = [(kind, treatment) for kind in KINDS for treatment in ("refuse", "quarantine", "accept")]


def opened(case: Case, policy: DataPolicy) -> MarketSnapshot:
    return open_snapshot(case.make(), source="desk.csv", adjustment="raw", policy=policy, query=case.query)


def policy_with(kind: str, treatment: str) -> DataPolicy:
    """Everything accepted but this kind."""
    return DataPolicy(**{**dict.fromkeys(KINDS, "accept"), kind: treatment})


def finding_of(snapshot: MarketSnapshot, kind: str) -> Finding:
    (only,) = [finding for finding in snapshot.findings if finding.kind == kind]
    return only


def test_every_kind_a_policy_decides_about_has_a_case():
    assert set(CASES) == set(KINDS)
    thresholds = {"max_gap_days", "stale_days", "source_stale_days", "split_ratio_tolerance"}
    not_of_prices = {"missing_attribute", "split_since_holdings"}
    assert {f.name for f in dataclasses.fields(DataPolicy)} - thresholds - not_of_prices == set(KINDS)


@pytest.mark.parametrize(("kind", "treatment"), TREATED)
def test_a_finding_is_treated_as_the_policy_says(kind: str, treatment: str) -> None:
    case, policy = CASES[kind], policy_with(kind, treatment)
    if (kind, treatment) == ("stale_source", "quarantine"):
        with pytest.raises(InvalidValue, match="data.stale_source = 'quarantine': must be one of refuse, accept"):
            opened(case, policy)
    elif treatment == "refuse":
        is_refused(kind, case, policy)
    else:
        is_kept(kind, case, policy, "quarantined" if treatment == "quarantine" else "accepted")


def is_refused(kind: str, case: Case, policy: DataPolicy) -> None:
    with pytest.raises(DataError) as caught:
        opened(case, policy)
    refusal = caught.value
    (fact,) = refusal.measured["findings"]
    assert (fact["kind"], fact["asset_id"], fact["treatment"]) == (kind, case.asset, "refused")
    assert fact["date"] == (None if case.day is None else case.day.isoformat())
    assert fact["value"] == (None if case.value is None else pytest.approx(case.value, rel=1e-12))
    assert case.said in refusal.detail
    assert "desk.csv" in refusal.detail
    assert refusal.value == ([case.asset] if case.asset else [])
    assert len(refusal.fixes) == 1
    assert refusal.exit_code == 4


def is_kept(kind: str, case: Case, policy: DataPolicy, treatment: str) -> None:
    snapshot = opened(case, policy)
    finding = finding_of(snapshot, kind)
    assert (finding.asset_id, finding.date, finding.treatment) == (case.asset, case.day, treatment)
    assert finding.value == (None if case.value is None else pytest.approx(case.value, rel=1e-12))
    assert case.said in finding.detail
    assert quarantined(snapshot) == ({case.asset} if treatment == "quarantined" else frozenset())
    # Every finite price delivered stands in the pack, whatever was decided: a holding must still be valued.
    delivered = case.make().filter(pl.col("close").is_not_null() & pl.col("close").is_not_nan())
    for asset, on, price in delivered.unique(["asset_id", "date"], keep="last").iter_rows():
        t, j = (on - FIRST).days, snapshot.asset_ids.index(asset)
        assert snapshot.prices[t, j] == price
    assert np.isfinite(snapshot.prices).sum() == delivered.unique(["asset_id", "date"]).height


@pytest.mark.parametrize("kind", [k for k in KINDS if k not in ("stale_source", "unknown_asset")])
def test_a_stored_pack_is_judged_the_same_under_a_stricter_policy(kind: str) -> None:
    case = CASES[kind]
    accepted = opened(case, policy_with(kind, "accept"))
    again = recheck(accepted, policy_with(kind, "quarantine"), case.query)
    assert quarantined(again) == {"B"}
    assert again.pricing_pack_id == accepted.pricing_pack_id
    with pytest.raises(DataError, match="desk.csv cannot be used") as caught:
        recheck(accepted, policy_with(kind, "refuse"), case.query)
    assert case.said in caught.value.detail


@pytest.mark.parametrize("treatment", ["refuse", "quarantine", "accept"])
def test_too_few_returns_for_an_estimate_are_a_short_history_under_the_same_treatment(treatment: str) -> None:
    snapshot = opened(Case(changed(dict.fromkeys(range(100))), None, None, ""), policy_with("gap", "accept"))
    policy = policy_with("short_history", treatment)
    if treatment == "refuse":
        with pytest.raises(DataError, match="B has 19 returns in its history; 60 are needed"):
            judge_histories(snapshot, 60, None, policy)
        return
    judged = judge_histories(snapshot, 60, None, policy)
    assert finding_of(judged, "short_history").value == 19.0
    assert quarantined(judged) == ({"B"} if treatment == "quarantine" else frozenset())
