"""What carries out the pieces is a setting: threads, processes, a Dask cluster of several processes give the same bytes."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings
from small_history import form_in

from portopt.adapters.jobs.runners import task_runner
from portopt.domain.canonical import canonical_json
from portopt.domain.errors import MissingInput
from portopt.domain.run import RunRecord
from portopt.runtime import Runtime

# Four variants over five windows: more than two processes take at once. Larger ones are in test_histories_in_pieces.
DAYS, VARY = 310, '{"estimation.lookback": [20, 40], "limits.max_weight": [0.3, 0.5]}'


@pytest.fixture
def carried_out(
    tmp_path: Path, prefect_server: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], tuple[RunRecord, Runtime]]]:
    """carried_out(runner): the walk-forward in a home of that runner's own."""
    import portopt.runtime as runtime_module
    from flows.walk_forward import walk_forward

    def carry_out(runner: str) -> tuple[RunRecord, Runtime]:
        monkeypatch.setenv("PORTOPT_HOME", str(tmp_path / runner))
        runtime_module.runtime.cache_clear()
        here = runtime_module.runtime()
        form = form_in(here, tmp_path, DAYS, vary=VARY)
        flow = walk_forward.with_options(task_runner=task_runner(runner, 2))
        return here.runs.get(asyncio.run(flow(form))), here

    with temporary_settings({PREFECT_API_URL: prefect_server}):
        yield carry_out
    runtime_module.runtime.cache_clear()


def test_one_process_several_and_a_dask_cluster_give_the_same_bytes(
    carried_out: Callable[[str], tuple[RunRecord, Runtime]],
) -> None:
    threads, here = carried_out("threads")
    told = canonical_json(threads.document)
    assert len(threads.document["windows"]) >= 5
    assert len(threads.document["trials"]["variants"]) == 4
    for runner in ("processes", "dask"):
        record, elsewhere = carried_out(runner)
        assert record.run_id == threads.run_id
        assert canonical_json(record.document) == told
        assert elsewhere.settings.home_path != here.settings.home_path


def test_a_dask_cluster_of_our_own_is_of_processes_on_this_machine_alone() -> None:
    runner = task_runner("dask", 3)
    assert runner.cluster_kwargs == {
        "n_workers": 3, "threads_per_worker": 1, "dashboard_address": None, "host": "127.0.0.1", "processes": True,
    }  # fmt: skip
    named = task_runner("dask", None, "tcp://127.0.0.1:8786")
    assert named.address == "tcp://127.0.0.1:8786"


def test_dask_that_is_not_installed_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("prefect_dask", "prefect_dask.task_runners"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingInput, match="prefect-dask") as refused:
        task_runner("dask")
    assert "[dask]" in refused.value.fixes[0]
