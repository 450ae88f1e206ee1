"""What one answer of `POST /optimize` costs this processor: its stages, and the statements that its rows take.

    python tests/benchmarks/service_work.py --assets 20 500 --profile 25

Processor time and counts, so that a busy machine reads the same. The worker's own work is measured, without a wire.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import os
import pstats
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from portopt.doors.wire.call import Call
    from portopt.runtime import Runtime

WARM = 8


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--assets", type=int, nargs="+", default=[20, 100, 500])
    parser.add_argument("--answers", type=int, default=60, help="of each row")
    parser.add_argument("--members", type=int, default=0, help="of a batch, measured instead")
    parser.add_argument("--profile", type=int, default=0, help="print so many lines of a profile")
    options = parser.parse_args()
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    with tempfile.TemporaryDirectory() as home:
        runtime = _runtime(home)
        for n in options.assets:
            print(*_rows(runtime, n, options), sep="\n", flush=True)
    return 0


def _runtime(home: str) -> Runtime:
    from portopt.doors.wire.warming import warm_up
    from portopt.runtime import open_runtime
    from portopt.settings import Settings

    runtime = open_runtime(Settings(home=Path(home)))
    runtime.opened()
    warm_up()
    return runtime


def _rows(runtime: Runtime, n: int, options: argparse.Namespace) -> list[str]:
    from service_rows import LANES, question, variants

    if options.members:
        asked = question(n, "plain")
        asked["objective"], asked["constraints"] = "MAX_RETURN", {"max_weight": asked["constraints"]["max_weight"]}
        asked["risk_parameters"]["risk_aversion"] = 4.0
        members = [_by_id(body, runtime) for body in variants(asked, None, options.members)]
        return [_row(f"batch of {options.members}", n, [_call("optimize_batch", members)], runtime, options.profile)]
    lines = []
    for lane in LANES:
        bodies = variants(question(n, lane), None, WARM + options.answers * (2 if options.profile else 1))
        calls = [_call("optimize", _by_id(body, runtime)) for body in bodies]
        for call in calls[:WARM]:
            _answered(call, runtime)
        lines.append(_row(lane, n, calls[WARM:], runtime, options.profile))
    return lines


def _by_id(body: dict[str, Any], runtime: Runtime) -> dict[str, Any]:
    import numpy as np

    from portopt.domain.beliefs import Beliefs

    risk = dict(body["risk_parameters"])
    ids = tuple(s["id"] for s in body["strategies"])
    risk["beliefs"] = runtime.beliefs.put(Beliefs(ids, covariance=np.array(risk.pop("covariance"))))
    return body | {"risk_parameters": risk}


def _call(operation: str, body: Any) -> Call:
    from portopt.doors.wire.call import Call

    return Call(operation, body=json.dumps(body).encode(), within=600.0, request_id="req-0", instance="/api/v1/optimize")


def _answered(call: Call, runtime: Runtime) -> dict[str, float]:
    from portopt.doors.wire.answering import answer

    reply = answer(call, runtime)
    if reply.status != 200:
        raise RuntimeError(f"{reply.status}: {reply.body[:500].decode()}")
    return dict(reply.timings)


def _row(lane: str, n: int, calls: list[Call], runtime: Runtime, profile: int) -> str:
    counted, took, stages = Counter[str](), [], Counter[str]()
    if profile:
        _profiled(calls[: len(calls) // 2], runtime, profile)
        calls = calls[len(calls) // 2 :]
    _count_statements(runtime, counted)
    for call in calls:
        began = time.process_time()
        stages.update(_answered(call, runtime))
        took.append(time.process_time() - began)
    told = "   ".join(f"{stage} {1e3 * seconds / len(calls):.2f}" for stage, seconds in stages.items())
    median = sorted(took)[len(took) // 2]
    statements = counted.total() / len(calls)
    return f"{n:>5} assets  {lane:<28} {1e3 * median:8.2f} ms of CPU   {statements:.1f} statements   (wall: {told})"


def _count_statements(runtime: Runtime, counted: Counter[str]) -> None:
    from sqlalchemy import event

    @event.listens_for(runtime.runs.database.engine, "before_cursor_execute")  # type: ignore[attr-defined]
    def seen(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        counted[statement] += 1


def _profiled(calls: list[Call], runtime: Runtime, lines: int) -> None:
    profiler = cProfile.Profile(time.process_time)
    profiler.enable()
    for call in calls:
        _answered(call, runtime)
    profiler.disable()
    pstats.Stats(profiler).sort_stats("tottime").print_stats(lines)


if __name__ == "__main__":
    sys.exit(main())
