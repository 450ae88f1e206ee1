"""What carries out the pieces of long work: threads of this process, processes of this machine, or a Dask cluster.

It is a setting (PORTOPT_TASK_RUNNER), and changes no answer: a piece is a function of ids, and what it gives lies in the home
that every worker shares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portopt.domain.errors import MissingInput

if TYPE_CHECKING:
    from prefect.task_runners import TaskRunner

OWN_CLUSTER = {"threads_per_worker": 1, "dashboard_address": None, "host": "127.0.0.1", "processes": True}


def task_runner(kind: str, workers: int | None = None, dask_address: str | None = None) -> TaskRunner[Any]:
    """kind: threads, processes or dask (a cluster of its own unless one is named). Raises MissingInput without Dask."""
    if kind == "dask":
        return _dask(workers, dask_address)
    from prefect.task_runners import ProcessPoolTaskRunner, ThreadPoolTaskRunner

    if kind == "processes":
        return ProcessPoolTaskRunner(max_workers=workers)
    return ThreadPoolTaskRunner(max_workers=workers)


def _dask(workers: int | None, address: str | None) -> TaskRunner[Any]:
    try:
        from prefect_dask.task_runners import DaskTaskRunner
    except ImportError:
        raise MissingInput(
            "PORTOPT_TASK_RUNNER is dask, and prefect-dask is not installed", field="PORTOPT_TASK_RUNNER", value="dask",
            fixes=['pip install "portfolio-optimization-service[dask]"', "set PORTOPT_TASK_RUNNER to processes"],
        ) from None  # fmt: skip
    if address is not None:
        return DaskTaskRunner(address=address)
    return DaskTaskRunner(cluster_kwargs={"n_workers": workers, **OWN_CLUSTER})
