"""The exported rules, put to Prometheus's own evaluator: the same states, minute by minute, as ours.

By default 50 random series; PORTOPT_TEST_FULL=1 is the bar's 1,000, and every case of every shipped rule.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from made_watch import MINUTE, START, Watch, rule

from portopt.domain.watch import AlertState, Figure, labels
from portopt.monitoring.prometheus_names import limit_metric_of, metric_of
from portopt.monitoring.rules.prometheus import CASES_FILE, RULES_FILE, cases_file, expected_samples, rules_file
from portopt.monitoring.rules.rule import Expected, Rule
from portopt.monitoring.rules.standard import rules_in_force

FULL = os.environ.get("PORTOPT_TEST_FULL") == "1"
SERIES = 1_000 if FULL else 50
MINUTES = 60

# One rule a figure or two, so that every series is asked of one rule: all of the language, and all that an alert can wait for.
RULES = (
    rule("book_drift > limit(book_drift)", name="two_thresholds", clears="book_drift < 0.8 * limit(book_drift)",
         extra="for: 3m\nkeep_firing_for: 4m\nstale: 4m"),
    rule("book_cash < 0.07", name="at_once", figure="book_cash", extra="stale: 2m"),
    rule("book_volatility > 0.15", name="waits", figure="book_volatility", extra="for: 5m\nstale: 3m"),
    rule("book_tracking_error > 0.1 and book_violation > 0.1", name="both", figure="book_violation",
         clears="book_tracking_error < 0.08", extra="keep_firing_for: 2m\nstale: 5m"),
    rule("book_unfilled > 0.15 or book_cost_ratio > 0.15", name="either", figure="book_unfilled", extra="keep_firing_for: 3m"),
    rule("book_price_age > 0.1 unless book_suspicious_prices > 0.12", name="excused", figure="book_price_age",
         extra="for: 2m\nstale: 3m"),
    rule("avg_over_time(book_drift_turnover[7m]) > 0.1", name="mean", figure="book_drift_turnover", extra="stale: 3m",
         clears="avg_over_time(book_drift_turnover[7m]) < 0.09"),
    rule("age(book_value) > 150", name="aged", figure="book_value", clears="age(book_value) < 90", extra="for: 1m"),
    rule("book_return_gap / book_volatility_ratio < 0.7", name="ratio", figure="book_return_gap", extra="for: 1m\nstale: 3m"),
    rule("min_over_time(book_limits_broken[4m]) >= 0.1 and count_over_time(book_limits_broken[9m]) > 4", name="smallest",
         figure="book_limits_broken", extra="keep_firing_for: 1m\nstale: 5m"),
    rule("book_var_exceptions + 0.02 - -0.01 <= 0.11 and max_over_time(book_tracking_ratio[3m]) != 0", name="sums",
         figure="book_tracking_ratio", extra="stale: 6m"),
)  # fmt: skip


def promtool(*arguments: str, where: Path) -> subprocess.CompletedProcess[str]:
    tool = os.environ.get("PORTOPT_TEST_PROMTOOL")
    assert tool, "PORTOPT_TEST_PROMTOOL is not set: . .ci/tools.sh"
    return subprocess.run([tool, *arguments], cwd=where, capture_output=True, text=True)


def wandering(drawn: np.random.Generator, limit: float) -> list[float | None]:
    """A walk about its threshold, with gaps of one to twelve minutes."""
    walk = limit + np.cumsum(drawn.normal(0.0, 0.2 * limit, MINUTES)) * 0.5
    values: list[float | None] = [float(f"{v:.6f}") for v in walk]
    for _ in range(drawn.integers(0, 4)):
        first, length = int(drawn.integers(0, MINUTES)), int(drawn.integers(1, 13))
        values[first : first + length] = [None] * len(values[first : first + length])
    return values


def made(rules: Sequence[Rule], count: int) -> tuple[list[dict[str, str]], list[Figure]]:
    """Series for promtool, and the same as figures: `count` books, in turn of every rule."""
    series, figures = [], []
    for book in range(count):
        drawn = np.random.default_rng([2024, book])
        asked, of = rules[book % len(rules)], labels(portfolio=f"P{book}")
        for name in asked.figures:
            values = wandering(drawn, 0.1)
            limit = 0.1 if drawn.random() < 0.9 else None
            figures += [Figure(name, of, START + k * MINUTE, v, limit) for k, v in enumerate(values) if v is not None]
            shown = " ".join("_" if v is None else repr(v) for v in values)
            series.append({"series": f'{metric_of(name)}{{portfolio="P{book}"}}', "values": shown})
            if limit is not None:
                shown = " ".join("_" if v is None else repr(limit) for v in values)
                series.append({"series": f'{limit_metric_of(name)}{{portfolio="P{book}"}}', "values": shown})
    return series, figures


def our_states(rules: Sequence[Rule], figures: Sequence[Figure]) -> list[dict[tuple[str, str], Expected]]:
    """By rule and book, minute by minute."""
    watch, found = Watch(rules), []
    shown = {AlertState.PENDING: Expected.PENDING, AlertState.FIRING: Expected.FIRING, AlertState.UNKNOWN: Expected.UNKNOWN}
    for minute in range(MINUTES):
        watch.at(START + minute * MINUTE, figures)
        found.append({(one.rule, one.portfolio_id or ""): shown[one.state] for one in watch.standing.alerts})
    return found


def written_tests(rules: Sequence[Rule], series: list[dict[str, str]], states: list[dict[tuple[str, str], Expected]]) -> str:
    tests = []
    for asked in rules:
        for minute, found in enumerate(states):
            samples: list[Any] = []
            for (name, book), state in found.items():
                samples += expected_samples(asked, state, book) if name == asked.name else []
            expr = f'ALERTS{{alertname="{asked.name}"}}'
            tests.append({"expr": expr, "eval_time": f"{minute}m", "exp_samples": samples})
    document = {"interval": "1m", "input_series": series, "promql_expr_test": tests}
    return yaml.dump({"rule_files": [RULES_FILE], "evaluation_interval": "1m", "tests": [document]}, Dumper=yaml.CSafeDumper)


def test_prometheus_and_ours_agree_on_random_series_minute_by_minute(tmp_path: Path) -> None:
    series, figures = made(RULES, SERIES)
    states = our_states(RULES, figures)
    assert {state for found in states for state in found.values()} == {Expected.PENDING, Expected.FIRING, Expected.UNKNOWN}
    assert {name for found in states for (name, _), state in found.items() if state is Expected.FIRING} == {
        r.name for r in RULES
    }
    (tmp_path / RULES_FILE).write_text(rules_file(RULES))
    (tmp_path / CASES_FILE).write_text(written_tests(RULES, series, states))
    said = promtool("test", "rules", CASES_FILE, where=tmp_path)
    assert said.returncode == 0, said.stdout[-3000:] + said.stderr[-3000:]


def test_that_agreement_notices_one_state_of_one_minute(tmp_path: Path) -> None:
    series, figures = made(RULES[:1], 4)
    states = our_states(RULES[:1], figures)
    minute = next(k for k, found in enumerate(states) if Expected.FIRING in found.values())
    key = next(key for key, state in states[minute].items() if state is Expected.FIRING)
    states[minute][key] = Expected.PENDING
    (tmp_path / RULES_FILE).write_text(rules_file(RULES[:1]))
    (tmp_path / CASES_FILE).write_text(written_tests(RULES[:1], series, states))
    assert promtool("test", "rules", CASES_FILE, where=tmp_path).returncode != 0


def test_the_exported_rules_are_a_rule_file(tmp_path: Path) -> None:
    (tmp_path / RULES_FILE).write_text(rules_file(rules_in_force()))
    said = promtool("check", "rules", RULES_FILE, where=tmp_path)
    assert said.returncode == 0, said.stdout + said.stderr
    assert f"{len(rules_in_force())} rules found" in said.stdout


def quickest(rules: Sequence[Rule]) -> list[Rule]:
    """Those with the shortest cases, or all of them."""
    longest = {one.name: max((max(case.expects) for case in one.cases), default=timedelta()) for one in rules}
    return list(rules) if FULL else sorted(rules, key=lambda one: (longest[one.name], one.name))[:12]


@pytest.mark.parametrize("asked", quickest(rules_in_force()), ids=lambda one: one.name)
def test_prometheus_passes_the_cases_that_ours_passes(asked: Rule, tmp_path: Path) -> None:
    (tmp_path / RULES_FILE).write_text(rules_file([asked]))
    (tmp_path / CASES_FILE).write_text(cases_file([asked]))
    said = promtool("test", "rules", CASES_FILE, where=tmp_path)
    assert said.returncode == 0, said.stdout + said.stderr
