"""A walk-forward and a comparison as questions: what is judged, counted and written down."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from made_walks import IDS, history, policy, request

from portopt.document.walk_forward import walk_document
from portopt.domain.canonical import canonical_json
from portopt.domain.errors import DataError, InvalidValue
from portopt.domain.trials import TrialRecord
from portopt.domain.walk import WalkForward
from portopt.judgement.walked import WalkFound
from portopt.questions.through_time.backtest import Backtest
from portopt.questions.walk_forward import walk_forward

WALK = WalkForward(train=60, test=50, vary={"estimation.lookback": (21, 42)}, groups=4, tested=1, starts=2)


class Registry:
    """ports.TrialStore in memory."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], TrialRecord] = {}

    def register(self, tried: Sequence[TrialRecord]) -> None:
        self.kept |= {(one.family, one.trial_id): one for one in tried}

    def count(self, family: str) -> int:
        return sum(key[0] == family for key in self.kept)

    def list(self, family: str) -> list[TrialRecord]:
        return [one for key, one in sorted(self.kept.items()) if key[0] == family]


def asked(**changes: object) -> Backtest:
    return Backtest(replace(request(benchmark=dict.fromkeys(IDS, 0.25)), **changes), history(230))


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry()


@pytest.fixture(scope="module")
def found(registry: Registry) -> WalkFound:
    return walk_forward(asked(prove=True), WALK, registry=registry)


@pytest.fixture(scope="module")
def document(found: WalkFound) -> dict:
    return json.loads(canonical_json(walk_document(found, "wal-1")))


def test_the_walk_is_a_backtest_over_the_tests_and_its_windows_compound_to_it(found, document) -> None:
    assert document["kind"] == "walk_forward"
    assert document["days"]["date"][0] == document["windows"][0]["test"]["first"]
    assert document["days"]["date"][-1] == document["windows"][-1]["test"]["last"]
    compounded = np.prod([1.0 + w["total_return"] for w in document["windows"]]) - 1.0
    assert compounded == pytest.approx(document["summary"]["net"]["total_return"], rel=1e-12)


def test_every_variant_is_counted_once_however_often_it_is_tried(found, registry: Registry) -> None:
    assert found.known_trials == 2
    quick = replace(WALK, groups=0, starts=1)
    assert walk_forward(asked(), quick, registry=registry).known_trials == 2
    other = replace(quick, vary={"estimation.lookback": (42, 55)})
    more = walk_forward(asked(), other, registry=registry)
    assert more.known_trials == 3
    assert more.verdict.trials == 3
    assert [dict(one.changes) for one in registry.list(next(iter(registry.kept))[0])] != []


def test_a_trial_s_figures_are_those_over_the_tests(found, registry: Registry) -> None:
    records = {tuple(one.changes.values()): one for one in registry.kept.values()}
    for one in found.tried:
        assert records[tuple(one.variant.changes.values())].sharpe == one.figures.sharpe
        assert str(one.figures.first) == str(found.backtest.run.dates[0])
    assert sum(one.chosen for one in found.tried) == len(found.windows)


def test_the_gate_judges_the_walk_and_says_what_it_measured(found, document) -> None:
    assert found.verdict.chosen is None
    assert found.verdict.sharpe == pytest.approx(document["summary"]["net"]["sharpe"], rel=1e-9)
    assert document["gate"]["promoted"] is all(one["holds"] for one in document["gate"]["conditions"])
    assert document["gate"]["reasons"] == [one["sentence"] for one in document["gate"]["conditions"] if not one["holds"]]


def test_bands_hold_their_estimates_and_ranges_are_of_sessions_that_were_tested(found, document) -> None:
    for name in ("annual_return", "volatility", "sharpe", "max_drawdown"):
        one = document["bands"][name]
        assert one["low"] < one["high"]
        assert one["estimate"] == pytest.approx(document["summary"]["net"][name], rel=1e-6)
    assert found.coverage.count == len(found.ranges) == 6
    assert found.coverage.held == sum(one.low <= one.realized <= one.high for one in found.ranges)


def test_another_start_is_the_walk_begun_there(found) -> None:
    """Its figures are those of a walk that was asked to begin on that day."""
    alone = walk_forward(asked(start=found.starts[1].first), replace(WALK, starts=1, groups=0))
    assert found.starts[1].figures == replace(alone.starts[0].figures)
    assert found.starts[0].first < found.starts[1].first


def test_the_proof_of_a_walk_holds_and_paths_are_there(found, document) -> None:
    assert document["proof"]["holds"] is True
    assert len(document["paths"]["sharpe"]) == 1
    assert len(document["paths"]["growth"][0]) == len(document["paths"]["dates"])


def test_the_same_question_has_the_same_bytes() -> None:
    walk = WalkForward(train=60, test=40, groups=3, tested=1)
    first, again = (
        canonical_json(walk_document(walk_forward(Backtest(request(), history(140)), walk), "wal-1")) for _ in range(2)
    )
    assert first == again


def test_a_variant_that_never_decides_says_why() -> None:
    on = replace(WALK, vary={"limits.max_weight": (0.1, 0.9)}, groups=0, starts=1)
    found = walk_forward(asked(), on)
    assert "problem" in walk_document(found, "wal-1")["trials"]["variants"][0]
    assert found.tried[0].figures is None
    assert found.tried[0].problem["code"] == "infeasible"
    assert found.tried[1].chosen == len(found.windows)


def test_a_policy_that_nothing_satisfies_has_failed_windows_and_no_verdict() -> None:
    found = walk_forward(Backtest(request(on=policy(max_weight=0.1)), history(180)), WalkForward(train=60, test=50))
    assert [one.status for one in found.windows] == ["failed"] * len(found.windows)
    assert {one.began_with for one in found.windows} == {"the capital in cash"}
    assert found.verdict is None


def test_a_history_shorter_than_its_windows_is_refused() -> None:
    with pytest.raises(DataError, match="do not fit"):
        walk_forward(asked(), replace(WALK, train=300))
    with pytest.raises(InvalidValue, match="from 1 to 50"):
        walk_forward(asked(), replace(WALK, starts=51))
