"""The figures of the watch and its alerts as Prometheus reads them: out of the store, so that no process takes any along.

portopt_<figure>_<unit>{…}                        newest of every figure of the catalog; nothing where it is unknown
portopt_<figure>_limit_<unit>{…}                  what it is held against

Both bear the instant at which the figure was measured, not that of the scrape (monitoring/prometheus_names.py).
Of more books than `metric_books` the worst have series of their own, and so have none where who asks may not see books; the
others are told together, and how many there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from portopt.document.watch.books import STATUSES, ranked
from portopt.document.watch.figures import UNKNOWN, is_of_a_run, limit_of, state_of
from portopt.domain.errors import PortoptError
from portopt.domain.watch import AlertState, Figure
from portopt.monitoring.catalog import CATALOG
from portopt.monitoring.prometheus_names import limit_metric_of, metric_of

if TYPE_CHECKING:
    from portopt.document.watch import Seen
    from portopt.runtime import Runtime

TOLD_AGAIN = timedelta(minutes=1)  # though nothing was evaluated: what stopped coming grows old
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


class WatchMetrics(Collector):
    """of_books: whether books are named. What is told stays until the next evaluation, or for a minute."""

    def __init__(self, runtime: Runtime, *, of_books: bool, clock: Clock = utc_now) -> None:
        self._runtime, self._of_books, self._clock = runtime, of_books, clock
        self._told: tuple[int, datetime, Sequence[Metric]] | None = None

    def describe(self) -> Iterable[Metric]:
        """Nothing is said here, so that registering asks no database."""
        return ()

    def collect(self) -> Iterable[Metric]:
        now = self._clock()
        try:
            version = self._runtime.figure_steps.evaluated()[0] if self._runtime.has_store else 0
            if self._told is None or self._told[0] != version or now - self._told[1] >= TOLD_AGAIN:
                # Of ten thousand books it takes a second and a half.
                self._told = (version, now, tuple(self._made(now)))
        except PortoptError:  # portopt_store_up says so
            return ()
        return self._told[2]

    def _made(self, now: datetime) -> Iterator[Metric]:
        from portopt.runs.watch.seeing import see

        seen = see(self._runtime, now, with_history=False)
        rows = ranked(seen)
        named = self._runtime.settings.metric_books if self._of_books else 0
        shown = {row["portfolio"] for row in rows[:named]}
        yield from _alerts(seen)
        yield _of_labels("portopt_books", "Books by how they stand.", ("status",), _by_status(rows))
        yield GaugeMetricFamily("portopt_books_named", "Books that have series of their own here.", len(shown))
        yield from _figures(seen, shown, len(rows))
        yield from _rest([f for f in seen.figures if f.portfolio_id is not None and f.portfolio_id not in shown], seen)


def _alerts(seen: Seen) -> Iterator[Metric]:
    states: Counter[tuple[str, ...]] = Counter({(state.value,): 0 for state in AlertState if state is not AlertState.RESOLVED})
    states.update((a.state.value,) for a in seen.alerts if a.state is not AlertState.RESOLVED)
    yield _of_labels("portopt_alerts", "Alerts that are pending or open.", ("state",), states)
    by_rule: Counter[tuple[str, ...]] = Counter(
        (a.rule, a.severity.value, a.state.value) for a in seen.alerts if a.state is not AlertState.RESOLVED
    )
    if by_rule:
        yield _of_labels("portopt_alerts_of_rule", "The same by rule.", ("rule", "severity", "state"), by_rule)
    if seen.evaluated_at is not None:
        about = "When the rules were evaluated last (Unix time)."
        yield GaugeMetricFamily("portopt_watch_evaluated_seconds", about, seen.evaluated_at.timestamp())
    unknown: Counter[tuple[str, ...]] = Counter((f.name,) for f in seen.figures if state_of(f, seen.now) == UNKNOWN)
    if unknown:
        about = "Of how many each figure is unknown: not measured, or not lately."
        yield _of_labels("portopt_figures_unknown", about, ("figure",), unknown)


def _by_status(rows: Sequence[Mapping[str, Any]]) -> dict[tuple[str, ...], float]:
    found = Counter(row["status"] for row in rows)
    return {(status,): found[status] for status in STATUSES}


def _figures(seen: Seen, shown: set[str], books: int) -> Iterator[Metric]:
    """What is known, as it is; what is unknown is not there."""
    by_name: dict[str, list[Figure]] = {}
    for figure in seen.figures:
        is_shown = figure.portfolio_id is None or figure.portfolio_id in shown
        is_shown = is_shown and figure.name in CATALOG and not is_of_a_run(figure)  # as many as runs: no bound
        if is_shown and state_of(figure, seen.now) != UNKNOWN:
            by_name.setdefault(figure.name, []).append(figure)
    for name, figures in sorted(by_name.items()):
        says = CATALOG[name].says
        if name.startswith("book_") and len(shown) < books:
            says += f" Of the {len(shown):,} worst of {books:,} books; portopt_books_rest tells of the others."
        value = Metric(metric_of(name), says, "gauge")
        limit = Metric(limit_metric_of(name), f"What {value.name} is held against.", "gauge")
        for figure in figures:
            at, of = figure.at.timestamp(), dict(figure.of)
            value.add_sample(value.name, of, figure.value or 0.0, timestamp=at)
            if (held := limit_of(figure)) is not None:
                limit.add_sample(limit.name, of, held, timestamp=at)
        yield from (family for family in (value, limit) if family.samples)


def _rest(figures: Sequence[Figure], seen: Seen) -> Iterator[Metric]:
    """Of the other books: how many have the figure, the least, the mean, the greatest, and how many are beyond the limit."""
    by_name: dict[str, list[Figure]] = {}
    for figure in figures:
        if state_of(figure, seen.now) != UNKNOWN and not is_of_a_run(figure):
            by_name.setdefault(figure.name, []).append(figure)
    if not by_name:
        return
    found: dict[tuple[str, ...], float] = {}
    for name, known in sorted(by_name.items()):
        values = [f.value or 0.0 for f in known]
        over = sum(state_of(f, seen.now) == "over" for f in known)
        told = {"count": len(values), "min": min(values), "mean": sum(values) / len(values), "max": max(values), "over": over}
        found |= {(name, statistic): float(number) for statistic, number in told.items()}
    about = "Figures of the books that have no series of their own here: count, min, mean, max, over (beyond their limits)."
    yield _of_labels("portopt_books_rest", about, ("figure", "statistic"), found)


def _of_labels(name: str, about: str, labels: Sequence[str], values: Mapping[tuple[str, ...], float]) -> Metric:
    metric = GaugeMetricFamily(name, about, labels=labels)
    for of, value in values.items():
        metric.add_metric(list(of), value)
    return metric
