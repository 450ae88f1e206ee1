"""What is counted and measured of every call, whatever transport it came by; read at /metrics in Prometheus's form.

portopt_requests_total{operation,status}          calls that were answered
portopt_request_seconds{operation}                from the call to its reply
portopt_stage_seconds{operation,stage}            queue, data, estimate, solve, audit, round, store, write
portopt_in_flight                                 questions that processes work on or that wait for one
portopt_expected_wait_seconds                     until a question that comes now is begun
portopt_processes                                 processes that answer, busy or not
portopt_processes_replaced_total                  that died or did not answer in time
portopt_jobs{status}                              work that is answered later
portopt_outbox_events{state}                      waiting, refused, parked
portopt_store_up                                  whether the database answered when this was read
portopt_alerts{state}                             alerts of the watch that are pending or open
portopt_books{status}                             books by how they stand
portopt_books_named                               books that have series of their own; see figure_metrics.py for those
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from portopt.domain.errors import PortoptError
from portopt.domain.run import RunStatus
from portopt.doors.wire.call import Call, Reply
from portopt.doors.wire.figure_metrics import WatchMetrics

if TYPE_CHECKING:
    from portopt.doors.wire.admission import Admission
    from portopt.doors.wire.pool import Pool
    from portopt.runtime import Runtime

SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


class Metrics:
    """Of one service. `seen` is told every call; `text` is what is read."""

    def __init__(self, runtime: Runtime, pool: Pool, admission: Admission) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "portopt_requests", "Calls that were answered.", ["operation", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "portopt_request_seconds", "From a call to its reply.", ["operation"], buckets=SECONDS, registry=self._registry
        )
        self._stages = Histogram(
            "portopt_stage_seconds", "Stages of the work.", ["operation", "stage"], buckets=SECONDS, registry=self._registry
        )
        self._registry.register(_Processes(pool, admission))
        self._registry.register(_Store(runtime))
        self._watched = {of_books: CollectorRegistry() for of_books in (True, False)}
        for of_books, registry in self._watched.items():
            registry.register(WatchMetrics(runtime, of_books=of_books))

    def seen(self, call: Call, reply: Reply, seconds: float) -> None:
        self._requests.labels(call.operation, reply.status).inc()
        self._seconds.labels(call.operation).observe(seconds)
        for stage, took in reply.timings.items():
            self._stages.labels(call.operation, stage).observe(took)

    def text(self, *, of_books: bool = True) -> bytes:
        """Asks the store: not on an event loop. of_books: whether who reads it may see books by name."""
        return generate_latest(self._registry) + generate_latest(self._watched[of_books])


class _Processes(Collector):
    def __init__(self, pool: Pool, admission: Admission) -> None:
        self._pool, self._admission = pool, admission

    def collect(self) -> Iterable[Metric]:
        yield GaugeMetricFamily("portopt_in_flight", "Questions in work or waiting for a process.", self._admission.in_flight)
        wait = self._admission.expected_wait()
        yield GaugeMetricFamily("portopt_expected_wait_seconds", "Until a question that comes now is begun.", wait)
        yield GaugeMetricFamily("portopt_processes", "Processes that answer questions.", self._pool.ready)
        yield CounterMetricFamily("portopt_processes_replaced", "Processes that were replaced.", self._pool.replaced)


class _Store(Collector):
    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def describe(self) -> Iterable[Metric]:
        """Said here, so that registering asks no database."""
        return (_gauge("portopt_store_up"), _gauge("portopt_jobs", "status"), _gauge("portopt_outbox_events", "state"))

    def collect(self) -> Iterator[Metric]:
        up, jobs, events = self.describe()
        try:
            counted, waiting = self._runtime.jobs.counts(), self._runtime.runs.outbox()
        except PortoptError:
            yield _filled(up, {(): 0})
            return
        yield _filled(up, {(): 1})
        # Those of which there are none too: a series that comes and goes is none to draw or to watch.
        yield _filled(jobs, {(status.value,): counted.get(status, 0) for status in RunStatus})
        found = {"waiting": waiting.waiting, "refused": waiting.refused}
        yield _filled(events, {(state,): count for state, count in {**found, "parked": len(waiting.parked)}.items()})


def _gauge(name: str, *labels: str) -> GaugeMetricFamily:
    about = {
        "portopt_store_up": "Whether the database answers.",
        "portopt_jobs": "Work that is answered later.",
        "portopt_outbox_events": "Events that are to be delivered.",
    }
    return GaugeMetricFamily(name, about[name], labels=labels)


def _filled(metric: Metric, values: Mapping[tuple[str, ...], float]) -> Metric:
    assert isinstance(metric, GaugeMetricFamily)  # noqa: S101 - all of them are
    for labels, value in values.items():
        metric.add_metric(list(labels), value)
    return metric
