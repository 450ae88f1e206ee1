"""A wave with planted failures: each is named, the others become proposals, and what is killed on the way changes nothing."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import made_nights as nights
import pytest

from portopt.domain.wave import ItemState
from portopt.questions.policies import policies
from portopt.questions.wave import carry_out
from portopt.runs.waves.report import report
from portopt.runs.waves.start import WaveWish, all_portfolios, start
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings

ASSETS, BOOKS, FAILURES = 8, 40, 5


def opened(home: Path, market: nights.Market) -> Runtime:
    return open_runtime(Settings(home=home, market="files", market_path=market.path))


def ended(wave_id: str, runtime: Runtime) -> dict[str, tuple[str, str | None, str]]:
    """(state, digest of the proposal, why there is none) by portfolio."""
    return {
        item.portfolio_id: (
            item.state.value,
            None if item.state is not ItemState.PROPOSED else runtime.runs.get(str(item.run_id)).document_digest,
            str((item.problem or {}).get("detail") or ""),
        )
        for item in runtime.waves.items(wave_id)
    }


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[nights.Market, Path, dict[str, str], str]:
    folder = tmp_path_factory.mktemp("planted")
    market = nights.write_market(folder, ASSETS)
    runtime = nights.home(folder, market, BOOKS, nights.plain_policy())
    words = nights.plant(runtime, market, BOOKS, FAILURES)
    wish = WaveWish("the model changed", await_approval=True)
    wave = start(all_portfolios(runtime), wish, {p.id: p for p in policies(runtime)}, runtime, datetime.now(UTC))
    runtime.runs.close()
    return market, folder / "home", words, wave.wave_id


def test_every_planted_failure_is_named_and_a_kill_changes_nothing(
    planted: tuple[nights.Market, Path, dict[str, str], str], tmp_path: Path
) -> None:
    market, home, words, wave_id = planted
    shutil.copytree(home, tmp_path / "killed")
    undisturbed = opened(home, market)
    carry_out(wave_id, undisturbed)
    told = ended(wave_id, undisturbed)
    assert {portfolio_id for portfolio_id, (state, _, _) in told.items() if state == "refused"} == words.keys()
    assert {p: words[p] in why for p, (state, _, why) in told.items() if state == "refused"} == dict.fromkeys(words, True)
    found = report(wave_id, undisturbed)
    assert (found.counts[ItemState.PROPOSED], sum(cause.items for cause in found.causes)) == (BOOKS - FAILURES, FAILURES)
    killed = opened(tmp_path / "killed", market)
    # As a process leaves it that died with items in hand: claimed, none of them ended, its lease over.
    assert len(killed.waves.claim(wave_id, "gone", 0.001, size=16, most_attempts=5)) == 16
    carry_out(wave_id, killed)
    assert ended(wave_id, killed) == told
    assert len(killed.runs.runs(limit=1000, kind="rebalance")) == len(undisturbed.runs.runs(limit=1000, kind="rebalance"))
