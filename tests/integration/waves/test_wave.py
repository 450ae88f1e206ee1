"""A wave: each item the run that a rebalance by itself would be, ended once, whatever becomes of the others."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import made_nights as nights
import pytest

from portopt.domain.request import RebalanceRequest
from portopt.domain.run import RunStatus
from portopt.domain.universe import Asset, Universe
from portopt.domain.wave import ItemState, Wave, WaveReport
from portopt.questions.policies import policies
from portopt.questions.rebalance import rebalance
from portopt.questions.wave import carry_out
from portopt.reports.wave import lines_in_words
from portopt.runs import history
from portopt.runs.waves.item import work
from portopt.runs.waves.report import document_of, lines_of
from portopt.runs.waves.shared import Shared
from portopt.runs.waves.start import WaveWish, all_portfolios, start
from portopt.runtime import Runtime

ASSETS, BOOKS = 12, 4


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> nights.Market:
    return nights.write_market(tmp_path_factory.mktemp("market"), ASSETS)


def started(runtime: Runtime, **wish: object) -> Wave:
    now = datetime.now(UTC)
    usual = {"cause": "the month ended", "deadline": now + timedelta(hours=1)}
    asked = WaveWish(**{**usual, **wish})  # type: ignore[arg-type]
    return start(all_portfolios(runtime), asked, {p.id: p for p in policies(runtime)}, runtime, now)


def digests(runtime: Runtime, report: WaveReport) -> dict[str, str | None]:
    items = runtime.waves.items(report.wave.wave_id, states=[ItemState.PROPOSED])
    return {str(item.run_id): runtime.runs.get(str(item.run_id)).document_digest for item in items}


def test_an_item_is_the_run_that_a_rebalance_of_it_by_itself_would_be(market: nights.Market, tmp_path: Path) -> None:
    together = nights.home(tmp_path / "together", market, BOOKS)
    alone = nights.home(tmp_path / "alone", market, BOOKS)
    report = carry_out(started(together).wave_id, together)
    assert report.counts[ItemState.PROPOSED] == BOOKS
    assert report.missed == 0
    assert report.with_deadline == BOOKS
    shared = Shared(started(alone), alone)
    expected = {}
    for item in alone.waves.items(shared.wave.wave_id):
        asked = shared.request(item, alone.portfolios.get(item.portfolio_id))
        record = rebalance(asked, alone, frontier=False)
        expected[record.run_id] = record.document_digest
    assert digests(together, report) == expected


def test_several_processes_give_the_bytes_that_one_gives(market: nights.Market, tmp_path: Path) -> None:
    found = []
    for processes in (1, 2):
        runtime = nights.home(tmp_path / str(processes), market, BOOKS)
        found.append(digests(runtime, carry_out(started(runtime).wave_id, runtime, processes=processes)))
    assert len(found[0]) == BOOKS
    assert found[0] == found[1]


def test_every_proposal_of_a_wave_replays_to_its_bytes(market: nights.Market, tmp_path: Path) -> None:
    runtime = nights.home(tmp_path, market, 3)
    for run_id in digests(runtime, carry_out(started(runtime).wave_id, runtime)):
        assert history.replay(run_id, runtime)["same"]


def test_every_item_has_one_run_and_one_event_however_often_the_wave_is_carried_out(
    market: nights.Market, tmp_path: Path
) -> None:
    runtime = nights.home(tmp_path, market, BOOKS)
    wave = started(runtime)
    carry_out(wave.wave_id, runtime)
    carry_out(wave.wave_id, runtime)
    carry_out(started(runtime, cause="once more").wave_id, runtime)  # the same books on the same prices: the same runs
    assert len(runtime.runs.runs(limit=100)) == BOOKS
    events = [json.loads(line) for line in runtime.settings.event_log_path.read_text().splitlines()]
    assert sorted(event["subject"] for event in events) == [f"P{k:05d}" for k in range(BOOKS)]
    assert runtime.waves.get(wave.wave_id).ended_at is not None


def test_what_cannot_be_answered_is_refused_with_its_cause_and_holds_nobody_up(market: nights.Market, tmp_path: Path) -> None:
    runtime = nights.home(tmp_path, market, 4)
    impossible = nights.policy(ASSETS, "impossible", max_weight=0.01)
    runtime.runs.save_policies([impossible])
    runtime.portfolios.save(replace(runtime.portfolios.get("P00002"), policy="impossible"))
    unpriced = nights.book(market, 1)
    runtime.portfolios.declare(replace(unpriced, shares={**unpriced.shares, "NOBODY": unpriced.shares[market.ids[0]]}), "x")
    report = carry_out(started(runtime).wave_id, runtime)
    assert {**report.counts} == {**dict.fromkeys(ItemState, 0), ItemState.PROPOSED: 2, ItemState.REFUSED: 2}
    lines = {line["portfolio_id"]: line for line in lines_of(runtime.waves.items(report.wave.wave_id), datetime.now(UTC))}
    assert lines["P00002"]["code"] == "infeasible"
    assert lines["P00001"]["code"] == "bad_data"
    assert "NOBODY" in lines["P00001"]["cause"]
    assert runtime.runs.get(lines["P00002"]["run_id"]).status is RunStatus.INFEASIBLE
    causes = {cause.portfolio: cause for cause in report.causes}
    assert causes.keys() == {"P00001", "P00002"}
    assert "NOBODY" in causes["P00001"].detail
    assert any("NOBODY" in line for line in lines_in_words(document_of(report)))


def test_proposals_of_a_wave_may_wait_for_a_person(market: nights.Market, tmp_path: Path) -> None:
    runtime = nights.home(tmp_path, market, 2)
    found = digests(runtime, carry_out(started(runtime, await_approval=True).wave_id, runtime))
    assert {runtime.runs.status(run_id) for run_id in found} == {RunStatus.AWAITING_APPROVAL}
    assert runtime.runs.outbox().waiting == 0
    assert not runtime.settings.event_log_path.exists()


def test_a_source_of_prices_that_is_gone_is_tried_again_and_then_given_up(market: nights.Market, tmp_path: Path) -> None:
    runtime = nights.home(
        tmp_path, market, 2, job_attempts=2, market_url="http://127.0.0.1:9", market_retry_seconds=0, market_timeout_seconds=1
    )
    report = carry_out(started(runtime, provider="http").wave_id, runtime)
    assert report.counts[ItemState.HELD] == 2
    for item in runtime.waves.items(report.wave.wave_id):
        assert item.attempts == 2
        assert item.problem is not None
        assert item.problem["code"] == "upstream_failed"


def test_a_wave_is_worked_on_the_pack_that_it_began_with(market: nights.Market, tmp_path: Path) -> None:
    runtime = nights.home(tmp_path, market, 2)
    wave = started(runtime)
    first, second = runtime.waves.claim(wave.wave_id, "one", 60, size=2, most_attempts=5)
    run = work(first, Shared(wave, runtime), 5).run
    moved = nights.write_market(tmp_path, ASSETS, days=nights.DAYS + 1)
    elsewhere = nights.home(tmp_path, moved, 0)
    later = work(second, Shared(wave, elsewhere), 5).run
    assert run is not None
    assert later is not None
    assert run.pricing_pack_id == later.pricing_pack_id


def described_by_a_file(market: nights.Market, scores: dict[str, float], **more: object) -> RebalanceRequest:
    """As a holdings file makes it: the portfolio itself is not on record."""
    careful = nights.policy(ASSETS, "careful", min_quality=6.0, max_turnover=0.6, max_weight=0.4)
    benchmark = dict.fromkeys(market.ids, 1.0 / ASSETS)
    assets = tuple(Asset(a, sector=f"S{i % 10}", quality_score=scores[a]) for i, a in enumerate(market.ids))
    holdings = replace(nights.book(market, 0), portfolio_id="of-a-file")
    return RebalanceRequest(holdings, careful, Universe(assets), benchmark, provider="files", **more)  # type: ignore[arg-type]


def test_what_an_earlier_request_said_of_its_assets_is_known_to_a_wave(market: nights.Market, tmp_path: Path) -> None:
    runtime = nights.home(tmp_path, market, 0)
    scores = {a: 4.0 if i == 0 else 8.0 for i, a in enumerate(market.ids)}
    request = described_by_a_file(market, scores)
    runtime.runs.save_policies([request.policy])
    rebalance(request, runtime, frontier=False)
    wave = started(runtime, policy="careful")
    report = carry_out(wave.wave_id, runtime)
    assert report.counts[ItemState.PROPOSED] == 1, report.causes
    (item,) = runtime.waves.items(wave.wave_id)
    document = runtime.runs.get(str(item.run_id)).document
    assert document is not None
    rows = {row["asset_id"]: row for row in document["proposal"]}
    assert {a: row["quality_score"] for a, row in rows.items() if a in scores} == scores
    assert rows[market.ids[0]]["shares_after"] == 0.0, "below the floor of 6"
    assert {row["sector"] for row in rows.values()} >= {"S0", "S1"}
    later = {a: 4.0 if i == 1 else 9.0 for i, a in enumerate(market.ids)}
    rebalance(described_by_a_file(market, later), runtime, frontier=False)  # what is said later is what is known later
    kept = runtime.portfolios.get("of-a-file")
    assert kept.universe is not None
    assert {asset.id: asset.quality_score for asset in kept.universe.assets} == later
    assert kept.benchmark == request.benchmark


def test_a_request_that_says_nothing_of_its_assets_leaves_a_portfolio_without_a_universe(
    market: nights.Market, tmp_path: Path
) -> None:
    runtime = nights.home(tmp_path, market, 0)
    plain = nights.policy(ASSETS, "plain", max_tracking_error=None, sector_limits=None)
    limits = {name: value for name, value in plain.limits.items() if value is not None}
    holdings = replace(nights.book(market, 0), portfolio_id="bare")
    bare = RebalanceRequest(holdings, replace(plain, limits=limits), Universe.of(sorted(holdings.shares)), provider="files")
    rebalance(bare, runtime, frontier=False)
    assert runtime.portfolios.get("bare").universe is None
