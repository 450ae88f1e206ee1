"""An installation measured: what was proposed, declared, priced and left lying, read back as figures checked by hand."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import small_book
from sqlalchemy import update

from portopt.adapters.providers.exchange_calendar import sessions_over
from portopt.adapters.store import models
from portopt.adapters.store.service_tables import holdings_versions
from portopt.adapters.store.sql import SqlStore
from portopt.domain.holdings import Holdings
from portopt.domain.run import RunRecord
from portopt.domain.watch import Figure, Notice, Severity, Told, labels
from portopt.monitoring.catalog import CATALOG
from portopt.questions.rebalance import rebalance
from portopt.runs.watch.measuring import Measured, measure
from portopt.runs.watch.reading_books import EVERY_FIGURE
from portopt.runtime import Runtime
from portopt.settings import Settings

NOW = datetime(2024, 6, 4, 12, 0, tzinfo=UTC)  # before the market opens: yesterday's prices are the newest there can be
SESSIONS = sessions_over("XNYS", NOW.date() - timedelta(days=300), NOW)
RELEASED = len(SESSIONS) - 81  # eighty sessions before now


def prices(seed: int = 7) -> pl.DataFrame:
    draws = np.random.default_rng(seed).normal(0.0004, [0.01, 0.015, 0.02], (len(SESSIONS), 3))
    closes = np.round(100 * np.exp(np.cumsum(draws, axis=0)), 2)
    return pl.DataFrame({"date": list(SESSIONS), **{asset: closes[:, j] for j, asset in enumerate(small_book.ASSETS)}})


@pytest.fixture
def runtime(store: SqlStore, url: str, tmp_path: Path) -> Runtime:
    """On a database that is migrated already: `store` asks for it."""
    prices().write_parquet(tmp_path / "prices.parquet")
    return Runtime(Settings(home=tmp_path / "home", database_url=url, market="files", market_path=tmp_path / "prices.parquet"))


def proposed(runtime: Runtime, portfolio_id: str = "P1") -> RunRecord:
    """A proposal of eighty sessions ago, for a book that wants the least risk without cash."""
    policy = small_book.request().policy
    limits = {"long_only": True, "max_weight": 0.6, "cash": {"max": 0.02}}
    held = Holdings(portfolio_id, {"A": Decimal(100), "B": Decimal(50)}, Decimal(5000))
    request = small_book.request(
        policy=type(policy)(**{**{n: getattr(policy, n) for n in policy.__slots__}, "limits": limits}),
        holdings=held, benchmark={"A": 0.4, "B": 0.3, "C": 0.3}, as_of=SESSIONS[RELEASED],
    )  # fmt: skip
    record = rebalance(request, runtime, frontier=False)
    aged(runtime, record, datetime.combine(SESSIONS[RELEASED], datetime.min.time(), UTC) + timedelta(hours=21))
    return record


def aged(runtime: Runtime, record: RunRecord, at: datetime) -> None:
    """The store as it would be had the proposal been worked out then, and its book declared."""
    runs, results = models.runs, models.run_results
    with runtime.runs.database.writing() as connection:
        connection.execute(update(runs).where(runs.c.run_id == record.run_id).values(created_at=at, completed_at=at))
        connection.execute(update(results).where(results.c.run_id == record.run_id).values(completed_at=at))
    declared_at(runtime, record.portfolio_id, 1, at)


def declared_at(runtime: Runtime, portfolio_id: str, version: int, at: datetime) -> None:
    table = holdings_versions
    this = update(table).where(table.c.portfolio_id == portfolio_id, table.c.version == version)
    with runtime.runs.database.writing() as connection:
        connection.execute(this.values(declared_at=at))


def carried_out(runtime: Runtime, record: RunRecord, share: float = 1.0, cost_factor: float = 1.0) -> Holdings:
    """The trades as holdings show them a day later."""
    document = record.document or {}
    before = {"A": 100, "B": 50}
    shares, cash = dict(before), float(document["headline"]["cash_before"])
    for trade in document["trades"]:
        signed = round(share * trade["shares"]) * (1 if trade["side"] == "buy" else -1)
        shares[trade["asset_id"]] = shares.get(trade["asset_id"], 0) + signed
        cash -= signed * float(trade["price"])
    cash -= cost_factor * float(document["headline"]["total_cost"])
    found = Holdings(record.portfolio_id, {a: Decimal(n) for a, n in shares.items()}, Decimal(f"{cash:.2f}"))
    runtime.portfolios.declare(found, by="desk")
    declared_at(runtime, record.portfolio_id, 2, datetime.combine(SESSIONS[RELEASED + 1], time(20), UTC))
    return found


def told(measured: Measured, portfolio_id: str = "P1") -> dict[str, Figure]:
    return {f.name: f for f in measured.figures if f.portfolio_id == portfolio_id}


def test_a_home_that_nothing_was_stored_in_is_not_made_for_the_asking(tmp_path: Path) -> None:
    runtime = Runtime(Settings(home=tmp_path))
    found = measure(runtime, NOW)
    assert [f.name for f in found.figures] == ["disk_free"]
    assert found.notes
    assert not (tmp_path / "portopt.db").exists()


def test_a_book_that_was_traded_as_proposed_is_measured_by_hand(runtime: Runtime) -> None:
    record = proposed(runtime)
    held = carried_out(runtime, record)
    found = told(measure(runtime, NOW, engines=False))
    last = prices().row(-1, named=True)
    value = sum(float(n) * last[a] for a, n in held.shares.items()) + float(held.cash)
    weights = {a: float(n) * last[a] / value for a, n in held.shares.items()} | {"CASH": float(held.cash) / value}
    targets = {line["asset_id"]: line["weight_after"] for line in (record.document or {})["proposal"]}
    strays = {a: weights.get(a, 0.0) - targets.get(a, 0.0) for a in {*weights, *targets}}
    assert {*EVERY_FIGURE, "proposal_volatility"} == found.keys()
    assert found["book_value"].value == pytest.approx(value, abs=0.02)
    assert found["book_cash"].value == pytest.approx(weights["CASH"], abs=1e-6)
    assert found["book_drift"].value == pytest.approx(max(map(abs, strays.values())), abs=1e-6)
    assert found["book_unfilled"].value == 0.0
    assert found["book_cost_ratio"].value is None  # this policy expects no cost
    assert found["book_price_age"].value == 0.0
    assert found["book_suspicious_prices"].value == 0.0
    over = [any(w > 0.6 for a, w in weights.items() if a != "CASH"), weights["CASH"] > 0.02]
    assert found["book_limits_broken"].value == sum(over)


def test_what_came_is_held_against_what_was_expected_day_by_day(runtime: Runtime) -> None:
    record = proposed(runtime)
    held = carried_out(runtime, record)
    found = told(measure(runtime, NOW, engines=False))
    table = prices()
    shares = {"A": [100.0, float(held.shares["A"])], "B": [50.0, float(held.shares["B"])],
              "C": [0.0, float(held.shares.get("C", Decimal(0)))]}  # fmt: skip
    cash = [5000.0, float(held.cash)]
    after = {row["name"]: row["after"] for row in (record.document or {})["figures"]}
    z, active = [], []
    for t in range(RELEASED + 1, len(SESSIONS)):
        k = 0 if t <= RELEASED + 1 else 1
        before, now = table.row(t - 1, named=True), table.row(t, named=True)
        worth = sum(shares[a][k] * before[a] for a in shares) + cash[k]
        r = sum(shares[a][k] * (now[a] - before[a]) for a in shares) / worth
        z.append((r - after["expected_return"] / 252) / (after["volatility"] / np.sqrt(252)))
        active.append(r - sum(b * (now[a] / before[a] - 1) for a, b in {"A": 0.4, "B": 0.3, "C": 0.3}.items()))
    assert found["book_volatility_ratio"].value == pytest.approx(np.sqrt(np.mean(np.square(z))), rel=1e-9)
    expected = np.sqrt(252 * np.mean(np.square(active))) / after["tracking_error"]
    assert found["book_tracking_ratio"].value == pytest.approx(expected, rel=1e-9)
    assert found["book_return_gap"].value == pytest.approx(np.sum(z) / np.sqrt(len(z)), rel=1e-9)
    assert found["book_var_exceptions"].detail["days"] == 80
    released = datetime.combine(SESSIONS[RELEASED], datetime.min.time(), UTC) + timedelta(hours=21)
    assert found["book_proposal_age"].value == pytest.approx((NOW - released) / timedelta(days=1))


def test_one_book_without_prices_says_which_and_the_others_are_measured(runtime: Runtime) -> None:
    carried_out(runtime, proposed(runtime))
    runtime.portfolios.declare(Holdings("P2", {"ZZZ": Decimal(5)}, Decimal(10)), by="desk")
    found = measure(runtime, NOW, engines=False)
    bad = told(found, "P2")
    assert all(bad[name].value is None and bad[name].why for name in EVERY_FIGURE)
    assert "ZZZ" in bad["book_value"].why
    assert told(found)["book_value"].value is not None
    assert [f.portfolio_id for f in measure(runtime, NOW, books=["P2"], engines=False).figures if f.name == "book_cash"] == [
        "P2"
    ]


def test_the_proposal_is_checked_by_other_engines_and_its_certificate_is_told(runtime: Runtime) -> None:
    record = proposed(runtime)
    aged(runtime, record, NOW - timedelta(hours=1))
    found = {(f.name, f.subject): f for f in measure(runtime, NOW).figures}
    for engine in ("cvxpy", "pyportfolioopt"):
        assert found["quality_checked", f"engine={engine}"].value == 1.0
        assert abs(found["quality_gap", f"engine={engine}"].value or 1.0) < 1e-4
    assert found["certificate_violation", ""].value == (record.document or {})["certificate"]["worst_violation"]
    assert found["certificate_gap", ""].value == (record.document or {})["certificate"]["relative_gap"]
    assert found["runs_failed", ""].value == 0.0
    assert found["run_seconds_p99", "size=50,stage=whole"].value == pytest.approx(sum(record.timings.values()))


def test_every_figure_is_in_the_catalog_with_the_labels_it_says_and_comes_once(runtime: Runtime) -> None:
    carried_out(runtime, proposed(runtime))
    found = measure(runtime, NOW).figures
    assert {f.name for f in found} <= CATALOG.keys()
    assert all(tuple(name for name, _ in f.of) == tuple(sorted(CATALOG[f.name].labels)) for f in found)
    assert len({(f.name, f.subject) for f in found}) == len(found)
    assert all(f.at == NOW for f in found if f.name != "proposal_volatility")


def test_what_a_proposal_expected_is_read_from_its_document_once(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    carried_out(runtime, proposed(runtime))
    first = measure(runtime, NOW, engines=False)
    runtime.figures.put(first.figures)

    def no_document(run_id: str, *, verified: bool = True) -> RunRecord:
        raise AssertionError(run_id)

    monkeypatch.setattr(runtime.runs, "get", no_document)
    again = told(measure(runtime, NOW, engines=False))
    assert "proposal_volatility" not in again
    assert again == {name: f for name, f in told(first).items() if name != "proposal_volatility"}


def test_of_very_many_books_every_one_has_its_turn(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "settings", runtime.settings.model_copy(update={"books_at_once": 2}))
    for number in range(5):
        runtime.portfolios.declare(Holdings(f"P{number}", {"A": Decimal(5)}, Decimal(10)), by="desk")
    looked_at = []
    for minute in range(3):
        found = measure(runtime, NOW + timedelta(minutes=minute), engines=False)
        runtime.figures.put(found.figures)
        looked_at.append({f.portfolio_id for f in found.figures if f.name == "book_value"})
        assert any("of 5 books" in note for note in found.notes)  # every one was declared after NOW: it is due
    assert looked_at == [{"P0", "P1"}, {"P2", "P3"}, {"P4", "P0"}]


def test_a_book_is_measured_every_ten_minutes_and_whenever_it_changes(runtime: Runtime) -> None:
    now, looked_at = datetime.now(UTC) + timedelta(minutes=1), []
    runtime.portfolios.declare(Holdings("P1", {"A": Decimal(5)}, Decimal(10)), by="desk")
    for minutes in (0, 5, 11, 12):
        found = measure(runtime, now + timedelta(minutes=minutes), engines=False)
        runtime.figures.put(found.figures)
        looked_at.append(any(f.name == "book_value" for f in found.figures))
    assert looked_at == [True, False, True, False]
    runtime.portfolios.declare(Holdings("P1", {"A": Decimal(6)}, Decimal(10)), by="desk")
    changed = update(models.portfolios).values(updated_at=now + timedelta(minutes=13))
    with runtime.runs.database.writing() as connection:
        connection.execute(changed)
    assert any(f.name == "book_value" for f in measure(runtime, now + timedelta(minutes=14), engines=False).figures)


def test_other_engines_are_asked_once_an_hour(runtime: Runtime) -> None:
    record = proposed(runtime)
    aged(runtime, record, NOW - timedelta(hours=1))
    asked = []
    for minutes in (0, 30, 59, 61):
        found = measure(runtime, NOW + timedelta(minutes=minutes)).figures
        runtime.figures.put(found)
        asked.append(any(f.name == "quality_checked" for f in found))
    assert asked == [True, False, False, True]


def test_a_subject_that_breaks_is_told_and_the_rest_goes_on(runtime: Runtime, caplog: pytest.LogCaptureFixture,
                                                            monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    carried_out(runtime, proposed(runtime))
    monkeypatch.setattr(runtime.run_columns, "queue", lambda: 1 / 0)
    with caplog.at_level(logging.ERROR):
        found = measure(runtime, NOW, engines=False)
    by_name = {f.name: f for f in found.figures}
    assert by_name["jobs_oldest"].value is None
    assert "division" in by_name["jobs_oldest"].why
    assert by_name["outbox_age"].value is not None
    assert by_name["book_value"].value is not None


def test_a_store_that_does_not_answer_is_down_and_nothing_else_is_said_to_be_good(tmp_path: Path) -> None:
    nowhere = "postgresql+psycopg://portopt:secret@127.0.0.1:1/portopt"
    found = measure(Runtime(Settings(home=tmp_path, database_url=nowhere)), NOW)
    by_name = {f.name: f for f in found.figures}
    assert by_name.keys() == {"disk_free", "store_up"}
    assert by_name["store_up"].value == 0.0
    assert "secret" not in by_name["store_up"].why
    assert found.notes


def test_what_a_desk_may_want_to_move_is_a_setting(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"drift_band": 0.02, "availability_objective": 0.9, "budget_days": 7.0, "book_seconds": 60.0,
            "run_stuck_seconds": 60.0}  # fmt: skip
    carried_out(runtime, proposed(runtime))
    now = datetime.now(UTC) + timedelta(minutes=1)
    usual = {f.name: f for f in measure(runtime, now, engines=False).figures}
    monkeypatch.setattr(runtime, "settings", runtime.settings.model_copy(update=told))
    moved = {f.name: f for f in measure(runtime, now, engines=False).figures}
    limits = {name: (usual[name].limit, moved[name].limit) for name in ("service_availability", "book_drift")}
    assert limits == {"service_availability": (0.995, 0.9), "book_drift": (0.05, 0.02)}
    assert [usual["runs_stuck"].detail["after_seconds"], moved["runs_stuck"].detail["after_seconds"]] == [3600.0, 60.0]
    runtime.figures.put(list(moved.values()))
    later = {f.name for f in measure(runtime, now + timedelta(minutes=2), engines=False).figures}
    assert "book_value" in later, "two minutes are more than the minute that was set"


def test_the_measurement_before_is_told_and_a_channel_that_takes_nothing(runtime: Runtime) -> None:
    now = NOW.replace(year=2027)
    first = {f.name: f for f in measure(runtime, now, engines=False).figures}
    assert "measured_gap" not in first
    assert (first["channel_silent"].of, first["channel_silent"].value) == (labels(channel="log"), 0.0)
    runtime.figures.put(list(first.values()))
    kept = runtime.alerts.standing()
    waits = Notice("notice-1", "key", Told.FIRING, now, "it waits", Severity.WARN)
    runtime.alerts.save([], [waits], [], on=kept.version, at=now, channels=["log"])
    after = {f.name: f for f in measure(runtime, now + timedelta(minutes=50), engines=False).figures}
    assert (after["measured_gap"].value, after["measured_gap"].limit) == (3000.0, 420.0)
    assert after["channel_silent"].value == 3000.0
