"""How long runs take, by stage and by the number of assets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from portopt.domain.measured import EndedRun
from portopt.domain.run import RunStatus
from portopt.domain.watch import Figure, labels
from portopt.monitoring.measures.quantiles import quantile

BANDS = (50, 100, 500, 1_000, 5_000)  # a run of n assets counts to the first band that is no smaller
BEYOND, UNKNOWN_SIZE = "more", "unknown"
WHOLE = "whole"  # every step together
# Seconds that 99 of 100 whole runs are to keep within, by the label of their size.
PROMISED = {"50": 5.0, "100": 5.0, "500": 5.0, "1000": 10.0, "5000": 30.0}
QUANTILES = (("run_seconds_p50", 0.50), ("run_seconds_p95", 0.95), ("run_seconds_p99", 0.99))
PROMISED_OF = "run_seconds_p99"
ANSWERED = (RunStatus.COMPLETED, RunStatus.AWAITING_APPROVAL, RunStatus.SUPERSEDED, RunStatus.CANCELLED)


def band_of(assets: int | None) -> str:
    """The label of a size.

    >>> [band_of(n) for n in (1, 50, 51, 5_000, 5_001, None)]
    ['50', '50', '100', '5000', 'more', 'unknown']
    """
    if assets is None:
        return UNKNOWN_SIZE
    return next((str(most) for most in BANDS if assets <= most), BEYOND)


def latency(runs: Sequence[EndedRun], now: datetime) -> list[Figure]:
    """P50, P95 and P99 of every stage of the runs that were answered, and of the whole; see quantiles.py.

    limit: of the 99th percentile of the whole, what is promised of that size. detail: how many runs, and the slowest of them.
    A stage that nobody went through has no figure.
    """
    spent: dict[tuple[str, str], list[tuple[float, str]]] = defaultdict(list)
    for run in runs:
        if run.status not in ANSWERED or not run.timings:
            continue
        band = band_of(run.assets)
        for stage, seconds in run.timings.items():
            spent[stage, band].append((seconds, run.run_id))
        spent[WHOLE, band].append((sum(run.timings.values()), run.run_id))
    found = []
    for (stage, band), taken in sorted(spent.items()):
        (worst, slowest), each = max(taken), [seconds for seconds, _ in taken]
        detail = {"runs": len(taken), "slowest": slowest, "slowest_seconds": worst}
        of = labels(stage=stage, size=band)
        promised = PROMISED.get(band) if stage == WHOLE else None
        for name, p in QUANTILES:
            limit = promised if name == PROMISED_OF else None
            found.append(Figure(name, of, now, quantile(each, p), limit=limit, detail=detail))
    return found
