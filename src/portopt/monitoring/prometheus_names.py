"""The name of every figure in Prometheus: at /metrics, in exported rules, on dashboards.

    portopt_<figure>_<unit>              its value                  portopt_book_drift_ratio
    portopt_<figure>_limit_<unit>        what it is held against    portopt_book_drift_limit_ratio

A sample bears the time at which the figure was measured, not that of the scrape: a figure that nobody measures any longer is
old, and the rules see it. A figure without a value has no sample.
"""

from __future__ import annotations

from portopt.monitoring.catalog import CATALOG

PREFIX_OF_METRICS = "portopt_"


def metric_of(figure: str) -> str:
    """
    >>> metric_of("book_drift")
    'portopt_book_drift_ratio'
    """
    return f"{PREFIX_OF_METRICS}{figure}_{CATALOG[figure].unit.value}"


def limit_metric_of(figure: str) -> str:
    """
    >>> limit_metric_of("outbox_age")
    'portopt_outbox_age_limit_seconds'
    """
    return f"{PREFIX_OF_METRICS}{figure}_limit_{CATALOG[figure].unit.value}"
