"""Every risk measure by hand on a few scenarios, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest

from portopt.domain.errors import InvalidValue, MissingInput
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import Universe
from portopt.terms.catalog import parse_limits, parse_objective
from portopt.terms.risk_measures.catalog import RISK_MEASURES, parse_measure

# One asset and what it did, equally likely: the portfolio is the path itself.
PATH = [0.02, -0.01, -0.03, 0.01, 0.04]


def problem(scenarios, probabilities=None, limits=("budget", "long_only")) -> Problem:
    R = np.atleast_2d(np.asarray(scenarios, dtype=float))
    n = R.shape[1]
    moments = Moments(
        Universe.of([f"A{i}" for i in range(n)]),
        R.mean(axis=0) * 252,
        Covariance(Sigma=np.cov(R.T).reshape(n, n) * 252),
        scenarios=R,
        probabilities=None if probabilities is None else np.asarray(probabilities, dtype=float),
    )
    return Problem(moments, parse_objective({"kind": "min_risk"}), parse_limits(dict.fromkeys(limits, True)))


def of_path(kind: str, path=PATH, probabilities=None, **options) -> float:
    return parse_measure("test", kind, options).value(np.ones(1), problem(np.array(path)[:, None], probabilities))


def test_measures_of_single_periods_by_hand():
    mean = 0.006
    assert of_path("mad") == pytest.approx((0.014 + 0.016 + 0.036 + 0.004 + 0.034) / 5, rel=1e-14)
    assert of_path("semideviation") == pytest.approx(math.sqrt((0.016**2 + 0.036**2) / 5), rel=1e-14)
    assert of_path("semideviation", target=0.0) == pytest.approx(math.sqrt((0.01**2 + 0.03**2) / 5), rel=1e-14)
    assert of_path("worst_realization") == 0.03
    assert np.mean(PATH) == pytest.approx(mean)


def test_the_tail_counts_the_scenario_at_its_edge_in_part():
    """The worst 30 % of five equal scenarios: the worst one whole (20 %) and half of the next (10 %)."""
    assert of_path("cvar", confidence=0.7) == pytest.approx((0.2 * 0.03 + 0.1 * 0.01) / 0.3, rel=1e-14)
    assert of_path("cvar", confidence=0.8) == pytest.approx(0.03, rel=1e-14)
    assert of_path("var", confidence=0.8) == 0.01
    assert of_path("var", confidence=0.81) == 0.03
    assert of_path("var", confidence=0.2) == -0.04


def test_drawdowns_of_uncompounded_sums_by_hand():
    """Sums 0.02, 0.01, -0.02, -0.01, 0.03 below the peaks 0.02, 0.02, 0.02, 0.02, 0.03."""
    falls = [0.0, 0.01, 0.04, 0.03, 0.0]
    assert of_path("max_drawdown") == pytest.approx(0.04, rel=1e-13)
    assert of_path("average_drawdown") == pytest.approx(np.mean(falls), rel=1e-13)
    assert of_path("ulcer_index") == pytest.approx(math.sqrt(np.mean(np.square(falls))), rel=1e-13)
    assert of_path("cdar", confidence=0.7) == pytest.approx((0.2 * 0.04 + 0.1 * 0.03) / 0.3, rel=1e-13)


def test_a_fall_from_the_very_start_is_a_drawdown():
    assert of_path("max_drawdown", [-0.05, 0.01]) == pytest.approx(0.05, rel=1e-14)


def test_gini_mean_difference_is_the_mean_over_all_pairs_the_equal_ones_too():
    pairs = [abs(a - b) for a in PATH for b in PATH]
    assert of_path("gini_mean_difference") == pytest.approx(np.mean(pairs), rel=1e-13)


def test_evar_of_two_scenarios_solves_its_own_optimality_condition():
    """Losses 0 and 1 with probabilities 0.9 and 0.1 at 80 %: at the best z the tilted q has KL(q, p) = ln 5."""
    value = of_path("evar", [0.0, -1.0], [0.9, 0.1], confidence=0.8)
    q = value  # E_q of the losses is q itself, and equals EVaR at the best z
    divergence = q * math.log(q / 0.1) + (1 - q) * math.log((1 - q) / 0.9)
    assert divergence == pytest.approx(math.log(5.0), rel=1e-9)
    assert of_path("cvar", [0.0, -1.0], [0.9, 0.1], confidence=0.8) < value < 1.0


def test_evar_is_the_worst_loss_where_that_is_likelier_than_the_tail():
    assert of_path("evar", confidence=0.9) == 0.03


def test_mad_of_two_assets_is_that_of_their_weighted_difference():
    """Two opposite assets, w and 1 - w: returns are (2 w - 1) x, so MAD is |2 w - 1| times that of x."""
    x = np.array([0.03, -0.02, 0.01, -0.02])
    p = problem(np.column_stack([x, -x]))
    for w in (0.0, 0.3, 0.5, 0.9):
        expected = abs(2 * w - 1) * np.abs(x - x.mean()).mean()
        assert parse_measure("test", "mad", {}).value(np.array([w, 1 - w]), p) == pytest.approx(expected, abs=1e-16)


def test_a_horizon_compounds_every_overlapping_window():
    two = [1.02 * 0.99 - 1, 0.99 * 0.97 - 1, 0.97 * 1.01 - 1, 1.01 * 1.04 - 1]
    assert of_path("worst_realization", horizon=2) == pytest.approx(-min(two), rel=1e-13)
    assert of_path("mad", horizon=2) == pytest.approx(np.abs(np.array(two) - np.mean(two)).mean(), rel=1e-13)


def test_a_window_has_the_probability_of_its_last_period():
    probabilities = [0.4, 0.1, 0.1, 0.1, 0.3]
    two = np.array([1.02 * 0.99 - 1, 0.99 * 0.97 - 1, 0.97 * 1.01 - 1, 1.01 * 1.04 - 1])
    share = np.array([0.1, 0.1, 0.1, 0.3]) / 0.6
    expected = share @ np.abs(two - share @ two)
    assert of_path("mad", probabilities=probabilities, horizon=2) == pytest.approx(expected, rel=1e-13)


def test_scenarios_of_no_probability_are_no_worst_case():
    assert of_path("worst_realization", probabilities=[0.5, 0.5, 0.0, 0.0, 0.0]) == 0.01


def test_a_name_says_confidence_and_horizon():
    assert parse_measure("t", "cvar", {"confidence": 0.975}).describe(252.0) == "CVaR 97.5 %, 1 period of 252 a year"
    assert parse_measure("t", "var", {"horizon": 10}).describe() == "VaR 95 %, 10 periods"
    assert (
        parse_measure("t", "semideviation", {"target": 0.0}).describe(12.0) == "semideviation below 0 %, 1 period of 12 a year"
    )
    assert "uncompounded" in parse_measure("t", "max_drawdown", {}).describe(252.0)


@pytest.mark.parametrize(
    ("kind", "options", "field", "fix"),
    [
        ("cvar", {"confidence": 95}, "objective.confidence", "write 0.95 for 95 %"),
        ("cvar", {"confidence": 1.0}, "objective.confidence", "write objective.confidence as 0.95"),
        ("cvar", {"confidence": "high"}, "objective.confidence", "write objective.confidence as 0.95"),
        ("cvar", {"horizon": 0}, "objective.horizon", "write objective.horizon as 1"),
        ("cvar", {"horizon": 1.5}, "objective.horizon", "write objective.horizon as 1"),
        ("max_drawdown", {"horizon": 5}, "objective.horizon", "leave the horizon out, or write 1"),
        ("mad", {"confidence": 0.9}, "objective.confidence", "leave confidence out"),
        ("volatility", {"horizon": 5}, "objective.horizon", "leave horizon out"),
        ("cvr", {}, "objective.measure", "write 'cvar'"),
        (7, {}, "objective.measure", None),
    ],
)
def test_what_a_measure_cannot_be_asked_is_refused_with_what_to_write(kind, options, field, fix):
    with pytest.raises(InvalidValue) as refused:
        parse_objective({"kind": "min_risk", "measure": kind, **options})
    assert refused.value.field == field
    assert fix is None or refused.value.fixes == (fix,)


def test_a_limit_names_its_measure_in_the_refusal():
    with pytest.raises(InvalidValue) as refused:
        parse_limits({"max_risk": {"cvar": {"limit": 0.03, "confidence": 99}}})
    assert refused.value.field == "limits.max_risk.cvar.confidence"
    with pytest.raises(InvalidValue) as refused:
        parse_limits({"max_risk": {"cvar": 3}})
    assert refused.value.fixes == ("write 0.03 for 3 %",)


def test_a_measure_without_scenarios_says_what_is_missing():
    p = Problem(
        Moments(Universe.of(["A"]), np.array([0.1]), Covariance(Sigma=np.eye(1))), parse_objective({"kind": "min_risk"}), ()
    )
    for kind, entry in RISK_MEASURES.items():
        measure = entry.make() if kind != "wasserstein_cvar" else parse_measure("t", kind, {"radius": 0.01})
        if measure.scenario_based:
            with pytest.raises(MissingInput):
                measure.value(np.ones(1), p)


def test_a_horizon_longer_than_the_history_is_told_by_its_length():
    with pytest.raises(MissingInput, match="5 periods of returns hold no horizon of 6 periods"):
        of_path("mad", horizon=6)


def test_var_refuses_more_scenarios_than_it_searches_and_names_cvar():
    p = problem(np.random.default_rng(0).normal(size=(200, 2)) * 0.01)
    from portopt.domain.program import Program

    with pytest.raises(InvalidValue, match="200 scenarios") as refused:
        parse_measure("t", "var", {}).express(Program(2), p)
    assert "use cvar" in refused.value.fixes[0]


def test_var_needs_weights_with_bounds():
    from portopt.domain.program import Program

    p = problem(np.random.default_rng(0).normal(size=(20, 2)) * 0.01, limits=("budget",))
    with pytest.raises(InvalidValue, match="bounded"):
        parse_measure("t", "var", {}).express(Program(2), p)


def test_gini_refuses_by_the_number_of_pairs():
    from portopt.domain.program import Program

    p = problem(np.random.default_rng(0).normal(size=(1_500, 10)) * 0.01)
    with pytest.raises(InvalidValue, match="1,124,250 pairs of 10 assets"):
        parse_measure("t", "gini_mean_difference", {}).express(Program(10), p)
    assert parse_measure("t", "gini_mean_difference", {}).value(np.full(10, 0.1), p) > 0.0


def test_the_objective_keeps_todays_spelling_and_says_every_option_it_has():
    plain = parse_objective({"kind": "min_risk"})
    assert plain.describe() == "the lowest volatility"
    assert plain.unit == "half variance"
    tail = parse_objective({"kind": "min_risk", "measure": "cvar"})
    assert (tail.confidence, tail.horizon, tail.target, tail.unit) == (0.95, 1, None, "risk")
    assert tail.describe() == "the lowest CVaR 95 %, 1 period"
    assert parse_objective({"kind": "min_risk", "measure": "ulcer_index"}).unit == "half square"


def test_scenarios_are_part_of_the_identity_only_of_what_reads_them():
    one, other = (problem(np.random.default_rng(seed).normal(size=(30, 2)) * 0.01) for seed in (1, 2))
    same_moments = other.replaced(
        moments=Moments(one.universe, one.moments.mu, one.moments.covariance, scenarios=other.moments.scenarios)
    )
    assert one.identity() == same_moments.identity()
    tail = parse_objective({"kind": "min_risk", "measure": "cvar"})
    assert one.replaced(objective=tail).identity() != same_moments.replaced(objective=tail).identity()
    limited = parse_limits({"max_risk": {"mad": 0.1}})
    assert one.replaced(limits=limited).identity() != same_moments.replaced(limits=limited).identity()
