"""What carries out the pieces of long work: threads of this process, processes of this machine, or a Dask cluster.

It is a setting (PORTOPT_TASK_RUNNER), and changes no answer: a piece is a function of ids, and what it gives lies in the home
that every worker shares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portopt.domain.errors import MissingInput

if TYPE_CHECKING:
    from prefect.task_runners import TaskRunner

    from portopt.settings import Settings

OWN_CLUSTER = {"threads_per_worker": 1, "dashboard_address": None, "host": "127.0.0.1", "processes": True}


def task_runner(settings: Settings | None = None) -> TaskRunner[Any]:
    """settings: None is the environment's. Raises MissingInput where Dask is asked for and is not installed."""
    from portopt.settings import Settings as FromEnvironment

    found = settings or FromEnvironment()
    if found.task_runner == "dask":
        return _dask(found)
    from prefect.task_runners import ProcessPoolTaskRunner, ThreadPoolTaskRunner

    if found.task_runner == "processes":
        return ProcessPoolTaskRunner(max_workers=found.task_workers)
    return ThreadPoolTaskRunner(max_workers=found.task_workers)


def _dask(settings: Settings) -> TaskRunner[Any]:
    try:
        from prefect_dask import DaskTaskRunner
    except ImportError:
        raise MissingInput(
            "PORTOPT_TASK_RUNNER is dask, and prefect-dask is not installed", field="PORTOPT_TASK_RUNNER", value="dask",
            fixes=['pip install "portfolio-optimization-service[dask]"', "set PORTOPT_TASK_RUNNER to processes"],
        ) from None  # fmt: skip
    if settings.dask_address is not None:
        return DaskTaskRunner(address=settings.dask_address)
    return DaskTaskRunner(cluster_kwargs={"n_workers": settings.task_workers, **OWN_CLUSTER})
