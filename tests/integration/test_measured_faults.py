"""What an installation's source and holdings may show that is wrong, planted there and read back from what is measured."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import small_book

from portopt.adapters.providers.exchange_calendar import sessions_over
from portopt.domain.holdings import Holdings
from portopt.domain.watch import Figure
from portopt.runs.watch.measuring import measure
from portopt.runtime import Runtime
from portopt.settings import Settings

NOW = datetime(2024, 6, 4, 12, 0, tzinfo=UTC)
SESSIONS = sessions_over("XNYS", NOW.date() - timedelta(days=300), NOW)
Closes = dict[str, np.ndarray]


def closes() -> Closes:
    draws = np.random.default_rng(7).normal(0.0004, [0.01, 0.015, 0.02], (len(SESSIONS), 3))
    made = np.round(100 * np.exp(np.cumsum(draws, axis=0)), 2)
    return {asset: made[:, j].copy() for j, asset in enumerate(small_book.ASSETS)}


def measured(folder: Path, spoil: Callable[[Closes], object], cash: str = "500", shares: int = 50) -> dict[str, Figure]:
    """A portfolio without any proposal, under the policy that it names itself, on prices that were spoiled."""
    shown = closes()
    spoil(shown)
    rows = [{"date": day, "asset_id": a, "close": float(series[t])}
            for a, series in shown.items() for t, day in enumerate(SESSIONS) if not np.isnan(series[t])]  # fmt: skip
    pl.DataFrame(rows).write_parquet(folder / "prices.parquet")
    runtime = Runtime(Settings(home=folder / "home", market="files", market_path=folder / "prices.parquet"))
    runtime.runs.save_policies([small_book.request().policy])
    held = {"A": Decimal(shares), "B": Decimal(40), "C": Decimal(45)}
    runtime.portfolios.declare(Holdings("P1", held, Decimal(cash)), by="desk")
    described = runtime.portfolios.get("P1")
    runtime.portfolios.save(type(described)(id="P1", policy="small"))
    return {f.name: f for f in measure(runtime, NOW, engines=False).figures if f.portfolio_id == "P1"}


def no_price(at: slice) -> Callable[[Closes], object]:
    return lambda shown: shown["A"].__setitem__(at, np.nan)


def test_a_book_without_fault_has_none(tmp_path: Path) -> None:
    found = measured(tmp_path, lambda _: None)
    for name in ("book_suspicious_prices", "book_price_age", "book_limits_broken", "book_violation"):
        assert found[name].value == 0.0, found[name]
    assert found["book_volatility"].value is not None
    assert found["book_unfilled"].value is None


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        (lambda shown: shown["A"].__setitem__(slice(-3, None), shown["A"][-3:] / 2.0), "unadjusted_split"),
        (lambda shown: shown["A"].__setitem__(slice(-12, None), shown["A"][-12]), "stale"),
        (lambda shown: shown["A"].__setitem__(-2, shown["A"][-2] * 100.0), "impossible_return"),
        (lambda shown: shown["A"].__setitem__(-2, 0.0), "non_positive_price"),
        (lambda shown: shown["A"].__setitem__(slice(-9, -2), np.nan), "gap"),
    ],
)
def test_prices_that_look_wrong_are_told_with_their_asset(tmp_path: Path, spoil: Callable[[Closes], object], kind: str) -> None:
    found = measured(tmp_path, spoil)["book_suspicious_prices"]
    assert found.value == 1.0
    assert ("A", kind) in {(one["asset"], one["kind"]) for one in found.detail["found"]}


def test_prices_that_were_wrong_long_ago_are_past(tmp_path: Path) -> None:
    old = measured(tmp_path, lambda shown: shown["A"].__setitem__(slice(None, -60), shown["A"][:-60] * 2.0))
    assert old["book_suspicious_prices"].value == 0.0


def test_a_late_price_is_old_by_sessions_and_the_book_is_valued_by_it(tmp_path: Path) -> None:
    found = measured(tmp_path, no_price(slice(-3, None)))
    last = closes()
    worth = 50 * last["A"][-4] + 40 * last["B"][-1] + 45 * last["C"][-1] + 500
    assert found["book_price_age"].value == 3.0
    assert found["book_price_age"].detail["oldest"][0]["asset"] == "A"
    assert found["book_value"].value == pytest.approx(worth, abs=0.02)
    assert found["book_suspicious_prices"].value == 0.0


def test_a_holding_without_any_price_leaves_the_book_unvalued(tmp_path: Path) -> None:
    found = measured(tmp_path, no_price(slice(None)))
    assert found["book_value"].value is None
    assert "A" in found["book_value"].why


def test_debt_and_a_broken_limit_are_read_from_the_policy_that_the_portfolio_names(tmp_path: Path) -> None:
    owed = measured(tmp_path, lambda _: None, cash="-1000", shares=500)
    assert owed["book_cash"].value is not None
    assert owed["book_cash"].value < 0.0
    worst = owed["book_violation"].detail["worst"]
    assert (worst["limit"], worst["member"], worst["side"]) == ("max_weight", "A", 0.6)
