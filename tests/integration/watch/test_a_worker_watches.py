"""A worker looks at every figure by itself, in a process of its own that ends with it."""

from __future__ import annotations

from pathlib import Path

from started import none_is_left, started
from support import wait_for

from portopt.runtime import open_runtime
from portopt.settings import Settings


def test_a_worker_looks_again_and_again_and_ends_what_looks_with_itself(tmp_path: Path, prefect_server: str) -> None:
    runtime = open_runtime(Settings(home=tmp_path))
    runtime.runs  # noqa: B018 - migrated
    settings = {"PREFECT_API_URL": prefect_server, "PORTOPT_WATCH_SECONDS": "1"}
    with started(tmp_path, "worker", **settings) as worker:
        worker.ready()
        wait_for(lambda: runtime.alerts.standing().version >= 2, 240, "nobody looked twice")
        assert worker.end() == 0
        none_is_left(tmp_path, 5.0)
    assert runtime.figures.latest(runtime.alerts.standing().evaluated_at)
