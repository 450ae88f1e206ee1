"""What the workflow engine adds to a walk-forward of many windows: python tests/benchmarks/orchestration_rows.py [--windows N].

The real flow on a server of its own, with each runner, beside the same run in this process without the workflow engine: read,
worked out piece by piece, concluded and stored. What the flow takes beyond that is orchestration: of the wall, with idle hands
and the starting of processes among it (on a quiet machine), and of the processor, everybody's but the server's. The documents
of all runners are the same bytes, or the row does not count.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("PREFECT_LOGGING_LEVEL", "ERROR")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")  # the server of the test counts nothing for others

import time
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from prefect.settings import PREFECT_API_URL, temporary_settings

from portopt.domain.canonical import canonical_json
from portopt.domain.request import EstimationChoice, Policy
from portopt.doors.history_form import WalkForwardForm

RUNNERS = ("threads", "processes", "dask")
TRAIN, TEST = 120, 5


def prices_csv(path: Path, sessions: int, assets: int) -> Path:
    rng = np.random.default_rng(7)
    levels = 50.0 * np.exp(np.cumsum(rng.normal(3e-4, 0.011, (sessions, assets)), axis=0))
    begin = date(1995, 1, 2)
    weekdays = [day for k in range(2 * sessions) if (day := begin + timedelta(days=k)).weekday() < 5][:sessions]
    rows = (",".join([day.isoformat(), *(f"{p:.2f}" for p in row)]) for day, row in zip(weekdays, levels, strict=True))
    path.write_text("\n".join([",".join(["date", *(f"A{i:03d}" for i in range(assets))]), *rows]) + "\n")
    return path


def form_of(folder: Path, windows: int, assets: int) -> WalkForwardForm:
    sessions = 60 + TRAIN + windows * TEST + 1
    prices = folder / "prices.csv"
    if not prices.exists():
        prices_csv(prices, sessions, assets)
    return WalkForwardForm(
        portfolio_id="many", provider=f"files:{prices}", custom_policy="many", train=TRAIN, test=TEST, rebalance="every 5",
        vary='{"estimation.lookback": [40, 60]}',
    )  # fmt: skip


def installed(home: Path):  # type: ignore[no-untyped-def]
    """The installation of this home, which the flow's tasks will find too."""
    import portopt.runtime as runtime_module

    os.environ["PORTOPT_HOME"] = str(home)
    runtime_module.runtime.cache_clear()
    here = runtime_module.runtime()
    policy = Policy(
        "many", "Many", {"kind": "min_risk"}, {"long_only": True, "max_weight": 0.5, "cash": {"max": 0.05}},
        estimation=EstimationChoice(lookback=60, min_observations=40),
    )  # fmt: skip
    here.runs.save_policies([policy])
    return here


def spent_so_far() -> np.ndarray:
    """Seconds of (wall, processor), of this process and of those that it has seen end."""
    used = os.times()
    return np.array([time.perf_counter(), used.user + used.system + used.children_user + used.children_system])


def one_after_the_other(form: WalkForwardForm, home: Path) -> tuple[np.ndarray, bytes, int]:
    """(seconds of wall and processor, the document, windows), without the workflow engine."""
    from portopt.doors.history_form import resolve
    from portopt.questions.through_time import pieces
    from portopt.runs.through_time import life

    here, began = installed(home), spent_so_far()
    question = resolve(form, here)
    run = life.begin(None, question, pieces.open_pack(question, here), here)
    for names in pieces.missing(run.run_id, here):
        for piece in names:
            pieces.work(run.run_id, piece, here)
    ended = life.finish(None, run, pieces.conclude(run.run_id, here), {}, here)
    document = ended.document or {}
    return spent_so_far() - began, canonical_json(document), len(document["windows"])


def through_the_flow(form: WalkForwardForm, home: Path, runner: str, workers: int) -> tuple[np.ndarray, bytes]:
    from flows.walk_forward import walk_forward
    from portopt.adapters.jobs.runners import task_runner

    here = installed(home)
    flow = walk_forward.with_options(task_runner=task_runner(runner, workers))
    began = spent_so_far()
    run_id = asyncio.run(flow(form))
    return spent_so_far() - began, canonical_json(here.runs.get(run_id).document)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--windows", type=int, default=1_000)
    options.add_argument("--assets", type=int, default=20)
    options.add_argument("--workers", type=int, default=1)
    options.add_argument("--runners", default=",".join(RUNNERS))
    given = options.parse_args()
    from prefect.testing.utilities import prefect_test_harness

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        form = form_of(root, given.windows, given.assets)
        alone, document, windows = one_after_the_other(form, root / "alone")
        print(f"{windows} windows, {given.assets} assets, {given.workers} workers", flush=True)
        print(f"  {'no engine':<10}{alone[0]:8.1f} s of wall {alone[1]:8.1f} s of processor", flush=True)
        with prefect_test_harness(server_startup_timeout=180):
            api = os.environ.get("PREFECT_API_URL") or str(PREFECT_API_URL.value())
            for runner in given.runners.split(","):
                with temporary_settings({PREFECT_API_URL: api}):
                    spent, found = through_the_flow(form, root / runner, runner, given.workers)
                same = "the same bytes" if found == document else "OTHER BYTES: the row does not count"
                wall, processor = (spent - alone) / spent
                print(f"  {runner:<10}{spent[0]:8.1f} s of wall {spent[1]:8.1f} s of processor; of it beyond no engine "
                      f"{wall:+.1%} and {processor:+.1%}; {same}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
