"""What a person and a service wait for: a fresh process, and a warm one."""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from markets import RISK_FREE, jobs, market

PATIENCE = 40.0  # seconds for the warm requests together
COMMAND = [str(Path(sys.executable).parent / "portopt")]


def process_rows(*, quick: bool) -> list[dict[str, str]]:
    """Rows of (what, value, note)."""
    return [_help_wall(3 if quick else 7), _first_optimize(1 if quick else 3), *_warm(20 if quick else 200)]


def _help_wall(runs: int) -> dict[str, str]:
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        subprocess.run([*COMMAND, "--help"], check=True, capture_output=True)
        times.append(time.perf_counter() - began)
    return _row("`portopt --help`, wall", f"{statistics.median(times):.2f} s", "goal 0.5 s")


def _first_optimize(runs: int) -> dict[str, str]:
    """CPU seconds (user and system) of a fresh process that answers a request of 20 strategies."""
    m = market(20)
    body = {
        "portfolio_id": "bench",
        "objective": "MAX_SHARPE",
        "method": "MEAN_VARIANCE",
        "strategies": [{"id": f"A{i:02d}", "sector": f"S{m.sector[i]}", "expected_return": float(m.mu[i])} for i in range(m.n)],
        "constraints": {"max_weight": 0.2},
        "risk_parameters": {"risk_free_rate": RISK_FREE, "covariance": m.Sigma.tolist()},
    }
    what, times = "first fresh `portopt optimize`, 20 assets, CPU", []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "request.json"
        path.write_text(json.dumps(body))
        for _ in range(runs):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            done = subprocess.run([*COMMAND, "optimize", str(path)], capture_output=True, text=True, check=False)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
            if done.returncode:
                return _row(what, "-", f"exit {done.returncode}: {done.stderr[-200:]}")
    return _row(what, f"{statistics.median(times):.2f} s", "goal 1 s")


def _warm(runs: int) -> list[dict[str, str]]:
    """Request to certified answer in process at 500 assets, another market each time."""
    from portopt.domain.request import OptimizationRequest
    from portopt.domain.universe import Asset, Universe
    from portopt.questions import weights

    walls, cpus = [], []
    for run in range(-2, runs):
        if sum(walls) > PATIENCE and len(walls) >= 12:
            break
        m = market(500, seed=run + 2)
        job = jobs(m)[3]
        universe = Universe(tuple(Asset(f"A{i:03d}", sector=f"S{s}") for i, s in enumerate(m.sector)))
        request = OptimizationRequest(
            portfolio_id="bench",
            universe=universe,
            objective={"kind": "utility", "risk_aversion": job.gamma},
            limits={
                "max_weight": job.cap,
                "sector_limits": job.sector_cap,
                "max_turnover": job.turnover,
                "max_tracking_error": job.te,
            },
            expected_returns=m.mu,
            covariance=m.Sigma,
            current_weights=dict(zip(universe.ids, m.w_prev.tolist(), strict=True)),
            benchmark_weights=dict(zip(universe.ids, m.benchmark.tolist(), strict=True)),
        )
        wall, cpu = time.perf_counter(), time.process_time()
        weights.optimize(request)
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    what, rows = "request to certified answer, warm, 500 assets, TE and turnover", []
    for name, share, goal in (("P50", 0.5, ""), ("P99", 0.99, "; goal 100 ms")):
        wall, cpu = (1e3 * float(np.quantile(found[2:], share)) for found in (walls, cpus))
        rows.append(
            _row(
                f"{what}, {name}",
                f"{wall:.0f} ms",
                f"wall; {cpu:.0f} ms CPU; {len(walls) - 2} requests, dense covariance{goal}",
            )
        )
    return rows


def _row(what: str, value: str, note: str) -> dict[str, str]:
    return {"what": what, "value": value, "note": note}
