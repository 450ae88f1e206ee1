"""Our answers beside those of other engines, on problems drawn here; a worse answer is noticed, and none is called better."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import CASH, Asset, Universe
from portopt.monitoring.measures.engines import by_cvxpy, by_pyportfolioopt
from portopt.monitoring.measures.engines.plain_question import NoAnswer, PlainQuestion, plain_question
from portopt.monitoring.measures.quality import Answered, compare, engines, quality, sample
from portopt.optimization import optimize
from portopt.terms.catalog import parse_costs, parse_limits, parse_objective

NOW = datetime(2024, 6, 3, 22, tzinfo=UTC)
BASE = {"budget": True, "long_only": True, "max_weight": 0.3, "sector_limits": 0.6}
TRADED = {"max_turnover": 0.2, "max_tracking_error": 0.06}
KINDS = ({"kind": "max_sharpe"}, {"kind": "min_risk"}, {"kind": "utility", "risk_aversion": 4.0}, {"kind": "max_return"},
         {"kind": "min_tracking_error"})  # fmt: skip


def problem(objective: dict[str, object], limits: dict[str, object], costs: dict[str, object] | None = None, seed: int = 3,
            n: int = 12) -> Problem:  # fmt: skip
    rng = np.random.default_rng(seed)
    factors = rng.normal(0, 0.1, (n, 3))
    Sigma = np.zeros((n + 1, n + 1))
    Sigma[:n, :n] = factors @ factors.T + np.diag(rng.uniform(0.01, 0.05, n))
    universe = Universe((*(Asset(f"A{k:02d}", sector=f"S{k % 3}") for k in range(n)), Asset(CASH)))
    moments = Moments(universe, np.append(rng.uniform(0.02, 0.14, n), 0.02), Covariance(Sigma=Sigma))
    held = np.append(rng.dirichlet(np.full(n, 20.0)), 0.0)
    benchmark = np.append(np.full(n, 1.0 / n), 0.0)
    terms = {"costs": parse_costs(costs or {}), "w_prev": held, "benchmark": benchmark, "risk_free_rate": 0.02,
             "portfolio_value": 1e6, "average_daily_value": np.append(np.full(n, 1e7), np.inf)}  # fmt: skip
    return Problem(moments, parse_objective(objective), parse_limits({**limits, "cash": {"max": 0.05}}), **terms)


def answered(p: Problem) -> Answered:
    weights = optimize(p).weights
    assert weights is not None
    return Answered("reb-1", p, weights)


def question(p: Problem) -> PlainQuestion:
    found = plain_question(p)
    assert isinstance(found, PlainQuestion), found
    return found


@pytest.mark.parametrize("objective", KINDS, ids=lambda one: str(one["kind"]))
@pytest.mark.parametrize("limits", [BASE, {**BASE, **TRADED}], ids=["plain", "traded"])
def test_cvxpy_finds_nothing_better_and_we_find_nothing_much_better(objective: dict[str, object],
                                                                    limits: dict[str, object]) -> None:  # fmt: skip
    answer = answered(problem(objective, limits, {"spread": {"bps": 20}}))
    found = compare(answer, question(answer.problem), by_cvxpy.solve)
    assert found.why == ""
    assert found.gap is not None
    assert -2e-5 < found.gap < 1e-6


@pytest.mark.parametrize("objective", KINDS[:3], ids=lambda one: str(one["kind"]))
def test_pyportfolioopt_finds_the_same_where_it_can_be_asked(objective: dict[str, object]) -> None:
    answer = answered(problem(objective, BASE))
    found = compare(answer, question(answer.problem), by_pyportfolioopt.solve)
    assert found.gap is not None, found.why
    assert -1e-4 < found.gap < 1e-6


@pytest.mark.parametrize("share", [0.02, 0.3, 1.0])
def test_a_planted_worse_answer_is_noticed_by_both_engines(share: float) -> None:
    """A share of the way from the optimum to the equal book, which keeps every limit too."""
    p = problem({"kind": "max_sharpe"}, BASE)
    best = answered(p).weights
    equal = p.benchmark_weights()
    worse = Answered("reb-bad", p, (1 - share) * best + share * equal)
    figures = {(f.name, f.subject): f for f in quality([answered(p), worse], NOW)}
    for engine in engines():
        gap = figures["quality_gap", f"engine={engine}"]
        assert gap.value is not None
        assert gap.value > 1e-5
        assert gap.detail["run"] == "reb-bad"
        assert figures["quality_checked", f"engine={engine}"].value == 2.0


def test_another_engines_answer_that_breaks_a_limit_is_no_better_one() -> None:
    answer = answered(problem({"kind": "max_return"}, BASE))

    def greedy(q: PlainQuestion) -> np.ndarray:
        w = np.zeros(q.n)
        w[int(np.argmax(q.mu))] = 1.0
        return w

    found = compare(answer, question(answer.problem), greedy)
    assert found.gap is None
    assert "breaks a limit" in found.why


def test_an_engine_that_fails_is_not_our_failure() -> None:
    def broken(q: PlainQuestion) -> np.ndarray:
        raise RuntimeError("licence expired")

    figures = {f.name: f for f in quality([answered(problem({"kind": "min_risk"}, BASE))], NOW, {"other": broken})}
    assert figures["quality_gap"].value is None
    assert figures["quality_checked"].detail["not_asked"] == [{"run": "reb-1", "why": "RuntimeError: licence expired"}]


@pytest.mark.parametrize(
    ("objective", "limits", "costs", "why"),
    [
        ({"kind": "max_sharpe"}, {**BASE, "max_positions": 5}, {}, "max_positions"),
        ({"kind": "max_ratio", "measure": "mad"}, BASE, {}, "max_ratio"),
        ({"kind": "max_return"}, {**BASE, "max_weight": {"value": 0.1, "soft": True, "penalty": 1.0}}, {}, "wish"),
        ({"kind": "utility", "risk_aversion": 2.0}, BASE, {"quadratic_impact": {"coefficient": 1.0}}, "in proportion"),
        ({"kind": "risk_parity"}, {"budget": True, "long_only": True}, {}, "risk_parity"),
    ],
)
def test_what_others_cannot_be_asked_says_why(objective: dict[str, object], limits: dict[str, object],
                                              costs: dict[str, object], why: str) -> None:  # fmt: skip
    found = plain_question(problem(objective, limits, costs))
    assert isinstance(found, str)
    assert why in found


def test_what_is_wanted_is_learned_from_the_auditors_voice() -> None:
    told = {str(one["kind"]): question(problem(one, BASE)) for one in KINDS}
    found = {kind: (q.ratio, q.reward, q.gamma, q.active) for kind, q in told.items()}
    assert found == {
        "max_sharpe": (True, 0.0, 0.0, 0.0),
        "min_risk": (False, 0.0, pytest.approx(1.0), 0.0),
        "utility": (False, pytest.approx(1.0), pytest.approx(4.0), 0.0),
        "max_return": (False, pytest.approx(1.0), 0.0, 0.0),
        "min_tracking_error": (False, 0.0, 0.0, pytest.approx(1.0)),
    }
    traded = question(problem({"kind": "min_risk"}, {**BASE, **TRADED, "max_volatility": 0.3}))
    assert (traded.turnover, traded.tracking_error, traded.volatility) == (0.2, 0.06, 0.3)


def test_a_question_without_an_answer_has_none() -> None:
    q = question(problem({"kind": "min_risk"}, {**BASE, "max_weight": 0.02}))
    with pytest.raises(NoAnswer):
        by_cvxpy.solve(q)


def test_the_rows_learned_from_the_auditors_voice_are_the_limits() -> None:
    """On random weights every row reads as a loop over names reads it."""
    p = problem({"kind": "min_risk"}, BASE)
    q, rng = question(p), np.random.default_rng(8)
    for _ in range(50):
        w = rng.normal(0, 1, p.n)
        within = bool(((q.A @ w >= q.lower - 1e-9) & (q.A @ w <= q.upper + 1e-9)).all())
        assert within == all(limit.read(w, p).worst() <= 1e-9 for limit in p.limits)


def test_the_sample_is_chosen_by_digest_and_changes_with_the_day() -> None:
    runs = [f"reb-{k}" for k in range(200)]
    days = [sample(runs, f"2024-06-{day:02d}") for day in range(1, 29)]
    assert all(len(set(one)) == 5 for one in days)
    assert sample(list(reversed(runs)), "2024-06-01") == days[0]
    assert len({run for day in days for run in day}) > 80
