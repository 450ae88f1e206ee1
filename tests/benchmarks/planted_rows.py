"""A wave with planted failures, then one decision about it: python tests/benchmarks/planted_rows.py.

A thousand small books, 37 of them with a fault of four kinds. The wave is carried out twice, once with processes killed on the
way; then all proposals but ten are approved in a process of its own that is killed, again until it ends. A row: proposals and
causes that are named; what was different with kills; approved, left, events; kills of either; seconds.

Exit code 1 when a failure is not named, anything differs, or an event is missing or there twice.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import made_nights as nights  # noqa: E402 - beside the tests
import night_rows  # noqa: E402 - beside this file

EXCEPTED, ASSETS, SEED = 10, 8, 5
HEADER = (
    f"{'books':>6}{'planted':>8}{'proposals':>10}{'named':>7}{'differ':>7}{'approved':>9}{'left':>6}{'events':>7}"
    f"{'kills':>6}{'s':>7}"
)
DECIDE = """
import sys
from portopt.domain.wave_decision import WaveDecision
from portopt.runs.waves.deciding import decide
from portopt.runtime import open_runtime
wave, *exceptions = sys.argv[1:]
found = decide(wave, WaveDecision("approve", "checker", exceptions=exceptions), open_runtime(), lambda portfolio_id: True)
print(len(found.decided), len(found.left))
"""


def ended(wave_id: str, runtime: Any) -> dict[str, tuple[str, str | None, str]]:
    """(state, digest of the proposal, why there is none) by portfolio."""
    return {item.portfolio_id: _end(item, runtime) for item in runtime.waves.items(wave_id)}


def _end(item: Any, runtime: Any) -> tuple[str, str | None, str]:
    proposed = item.state.value == "proposed"
    digest = runtime.runs.get(item.run_id).document_digest if proposed else None
    return item.state.value, digest, str((item.problem or {}).get("detail") or "")


def named(told: Mapping[str, tuple[str, str | None, str]], words: Mapping[str, str]) -> int:
    """Planted failures whose refusal names them, if no other book was refused."""
    refused = {portfolio_id: why for portfolio_id, (state, _, why) in told.items() if state == "refused"}
    return sum(words.get(portfolio_id, "\0") in why for portfolio_id, why in refused.items())


def approved(wave_id: str, runtime: Any, exceptions: list[str], kills: int) -> tuple[int, int, int]:
    """(approved, left, kills) by processes of their own, killed so often after some of it was done."""
    rng, done = random.Random(SEED), 0
    environment = {**os.environ, "PORTOPT_HOME": str(runtime.settings.home)}
    while True:
        child = subprocess.Popen([sys.executable, "-c", DECIDE, wave_id, *exceptions], env=environment, stdout=subprocess.PIPE)
        if done < kills:
            _after_some(runtime, child, rng.uniform(0.1, 0.8) * (done + 1) / kills)
            if child.poll() is None:
                child.send_signal(signal.SIGKILL)
                child.wait()
                done += 1
                continue
        out = child.communicate()[0].split()
        return int(out[0]), int(out[1]), done


def _after_some(runtime: Any, child: subprocess.Popen[bytes], share: float) -> None:
    """Until that share of what waits was decided, or the child is done."""
    waiting = _waiting(runtime)
    while child.poll() is None and _waiting(runtime) > (1.0 - share) * waiting:
        time.sleep(0.1)


def _waiting(runtime: Any) -> int:
    return len(runtime.run_columns.awaiting())


def row(books: int, planted: int, kills: int) -> tuple[str, bool]:
    """A line, and whether all of it is as it must be."""
    from portopt.questions.policies import policies
    from portopt.runs.waves.start import WaveWish, all_portfolios, start
    from portopt.runtime import open_runtime
    from portopt.settings import Settings

    with tempfile.TemporaryDirectory() as folder:
        market = nights.write_market(Path(folder), ASSETS)
        runtime = nights.home(Path(folder), market, books, nights.plain_policy())
        words = nights.plant(runtime, market, books, planted)
        wish = WaveWish("planted", await_approval=True)
        wave = start(all_portfolios(runtime), wish, {p.id: p for p in policies(runtime)}, runtime, datetime.now(UTC)).wave_id
        runtime.runs.close()
        shutil.copytree(runtime.settings.home_path, Path(folder) / "killed")
        killed = open_runtime(Settings(home=Path(folder) / "killed", market="files", market_path=market.path))
        began = time.perf_counter()
        night_rows.carried_out(night_rows.Row(books, ASSETS, 2), wave, runtime, market, 0, random.Random(SEED))
        taken = night_rows.Row(books, ASSETS, 2)
        night_rows.carried_out(taken, wave, killed, market, kills, random.Random(SEED))
        told, again = ended(wave, runtime), ended(wave, killed)
        differ = sum(told[name] != again[name] for name in told)
        proposed = [name for name, (state, _, _) in told.items() if state == "proposed"]
        said, left, deaths = approved(wave, killed, proposed[:EXCEPTED], kills)
        log = killed.settings.event_log_path
        events = Counter(json.loads(line)["subject"] for line in log.read_text().splitlines()) if log.exists() else Counter()
        seconds = time.perf_counter() - began
    found = named(told, words)
    is_well = (
        (found, differ, len(proposed)) == (planted, 0, books - planted)
        and events == dict.fromkeys(proposed[EXCEPTED:], 1)
        and (said, left) == (len(proposed) - EXCEPTED, planted + EXCEPTED)
    )
    counts = f"{books:>6}{planted:>8}{len(proposed):>10}{found:>7}{differ:>7}{said:>9}{left:>6}{sum(events.values()):>7}"
    return f"{counts}{taken.kills + deaths:>6}{seconds:>7.0f}", is_well


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--books", type=int, default=1_000)
    parser.add_argument("--planted", type=int, default=37)
    parser.add_argument("--kills", type=int, default=3, help="of the wave, and again of the decision")
    asked = parser.parse_args()
    print(HEADER)
    line, is_well = row(asked.books, asked.planted, asked.kills)
    print(line, flush=True)
    return int(not is_well)


if __name__ == "__main__":
    sys.exit(main())
