"""Latency: one definition of a quantile, held against NumPy's inverse distribution; stages, sizes, and who is not counted."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portopt.domain.measured import EndedRun
from portopt.domain.run import RunStatus
from portopt.monitoring.catalog import CATALOG
from portopt.monitoring.measures.latency import latency
from portopt.monitoring.measures.quantiles import quantile

NOW = datetime(2024, 6, 3, 22, tzinfo=UTC)
SECONDS = st.lists(st.floats(0, 1e6, allow_nan=False), min_size=1, max_size=60)


def run(number: int, seconds: float, assets: int | None = 80, status: RunStatus = RunStatus.COMPLETED) -> EndedRun:
    timings = {"estimate": seconds / 4, "optimize": 3 * seconds / 4}
    return EndedRun(f"reb-{number}", "rebalance", "P1", status, NOW, NOW, timings, assets)


@given(SECONDS, st.integers(1, 100))
def test_a_quantile_is_numpys_inverse_of_the_distribution(values: list[float], percent: int) -> None:
    assert quantile(values, percent / 100) == np.quantile(values, percent / 100, method="inverted_cdf")


@given(SECONDS, st.sampled_from((0.5, 0.95, 0.99, 1.0)))
def test_a_quantile_was_waited_for_and_enough_values_do_not_exceed_it(values: list[float], p: float) -> None:
    found = quantile(values, p)
    within = sum(value <= found for value in values)
    assert found in values
    assert within >= p * len(values) - 1e-9
    assert sum(value < found for value in values) < p * len(values)


@pytest.mark.parametrize(("values", "p"), [([], 0.5), ([1.0], 0.0), ([1.0], 1.1)])
def test_a_quantile_of_nothing_or_of_no_probability_is_refused(values: list[float], p: float) -> None:
    with pytest.raises(ValueError, match="quantile"):
        quantile(values, p)


def test_every_stage_and_the_whole_have_three_quantiles_by_size_with_the_slowest_run() -> None:
    found = {(f.name, f.subject): f for f in latency([run(k, float(k)) for k in range(1, 101)], NOW)}
    assert found["run_seconds_p50", "size=100,stage=whole"].value == pytest.approx(50.0)
    assert found["run_seconds_p95", "size=100,stage=optimize"].value == pytest.approx(0.75 * 95.0)
    assert found["run_seconds_p99", "size=100,stage=estimate"].value == pytest.approx(0.25 * 99.0)
    assert found["run_seconds_p99", "size=100,stage=whole"].detail == {
        "runs": 100,
        "slowest": "reb-100",
        "slowest_seconds": 100.0,
    }
    assert len(found) == 9
    assert {name for name, _ in found} <= CATALOG.keys()


def test_what_is_promised_is_the_limit_of_the_wholes_99th_percentile_alone() -> None:
    limits = {(f.name, f.subject): f.limit for f in latency([run(1, 1.0), run(2, 1.0, 7_000)], NOW) if f.limit is not None}
    assert limits == {("run_seconds_p99", "size=100,stage=whole"): 5.0}


def test_sizes_go_apart_and_an_unknown_one_is_told_as_such() -> None:
    runs = [run(1, 1.0, 50), run(2, 2.0, 51), run(3, 3.0, 5_001), run(4, 4.0, None)]
    sizes = {dict(f.of)["size"]: f.value for f in latency(runs, NOW) if dict(f.of)["stage"] == "whole"}
    assert sizes == {"50": 1.0, "100": 2.0, "more": 3.0, "unknown": 4.0}


def test_what_was_refused_is_no_answer_and_has_no_latency() -> None:
    assert latency([run(1, 9.0, status=RunStatus.FAILED), run(2, 9.0, status=RunStatus.INFEASIBLE)], NOW) == []
