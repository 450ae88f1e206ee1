"""The comparison of estimators: its figures against their definitions, statsmodels, and what is known to be true."""

from __future__ import annotations

import json

import numpy as np
import pytest

from portopt.domain.canonical import plain
from portopt.domain.errors import DataError, InvalidValue
from portopt.domain.request import EstimationChoice
from portopt.domain.universe import CASH, Universe
from portopt.estimation.evaluation import difference, drawn_portfolios, evaluate

n = 12
UNIVERSE = Universe.of([f"A{i}" for i in range(n)])
CHOICES = {
    "sample": EstimationChoice(covariance="sample"),
    "shrunk": EstimationChoice("shrunk", {"intensity": 1.0}, covariance="ledoit_wolf"),
    "gerber": EstimationChoice("bayes_stein", covariance="gerber"),
}


def returns(T: int = 600, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(0.0003, 0.008, (T, 1)) * rng.uniform(0.5, 1.5, n) + rng.normal(0, 0.01, (T, n))


def test_every_figure_is_its_definition_written_out():
    X, window, step = returns(150), 60, 21
    report = evaluate(UNIVERSE, X, CHOICES, window=window, step=step, portfolios=8, seed=3)
    W = drawn_portfolios(n, 8, 3)
    losses, z, totals, kept = [], [], [], []
    for t in range(window, 150 - step + 1, step):
        S = np.cov(X[t - window : t].T)
        f, R = np.einsum("ki,ij,kj->k", W, S, W), X[t : t + step] @ W.T
        v = (R**2).mean(axis=0)
        losses.append(np.mean(v / f - np.log(v / f) - 1))
        z.append(R / np.sqrt(f))
        totals.append(R.sum(axis=0) / np.sqrt(step * f))
        w = np.linalg.solve(S, np.ones(n))
        kept.append(X[t : t + step] @ (w / w.sum()))
    score = report.covariance[0]
    assert report.windows == len(losses) == 4
    assert score.qlike == pytest.approx(np.mean(losses))
    assert score.calibration == pytest.approx(np.mean(np.square(z)))
    assert score.coverage_90 == pytest.approx(np.mean(np.abs(z) <= 1.6448536))
    assert score.bias_statistic == pytest.approx(np.std(totals, axis=0, ddof=1).mean())
    assert score.min_variance_volatility == pytest.approx(np.concatenate(kept).std(ddof=1) * np.sqrt(252))


def test_a_right_model_with_much_data_is_calibrated():
    score = evaluate(UNIVERSE, returns(6000), {"sample": CHOICES["sample"]}, window=2000, step=21).covariance[0]
    assert score.calibration == pytest.approx(1.0, abs=0.05)
    assert score.coverage_90 == pytest.approx(0.90, abs=0.01)
    assert score.coverage_99 == pytest.approx(0.99, abs=0.005)
    assert score.bias_statistic == pytest.approx(1.0, abs=0.08)
    assert score.difference is None


def test_with_few_observations_shrinkage_beats_the_sample_and_the_report_is_sure_of_it():
    report = evaluate(UNIVERSE, returns(1500), CHOICES, window=24, step=21, portfolios=40)
    sample, shrunk = report.covariance[0], report.covariance[1]
    assert shrunk.min_variance_volatility < sample.min_variance_volatility
    assert shrunk.condition_number < sample.condition_number
    assert sample.difference is None
    assert shrunk.difference.mean == pytest.approx(shrunk.qlike - sample.qlike)
    means = {score.name: score for score in report.expected_returns}
    assert means["shrunk"].root_mean_square_error < means["sample"].root_mean_square_error
    assert means["shrunk"].difference.p_value < 0.01
    assert means["shrunk"].rank_correlation is None
    assert -1 <= means["sample"].rank_correlation <= 1


def test_the_standard_error_of_a_difference_is_statsmodels_newey_west():
    sm = pytest.importorskip("statsmodels.api")
    rng = np.random.default_rng(0)
    a, b = rng.gamma(2, 1, 120), rng.gamma(2, 1.1, 120)
    ours = difference(a, b)
    theirs = sm.OLS(a - b, np.ones(120)).fit(
        cov_type="HAC", cov_kwds={"maxlags": int(4 * 1.2 ** (2 / 9)), "use_correction": False}
    )
    assert ours.mean == pytest.approx(theirs.params[0])
    assert ours.standard_error == pytest.approx(theirs.bse[0])
    assert difference(a, a).p_value == 1.0


def test_the_same_question_has_the_same_answer_and_leaves_as_plain_data():
    X = returns(300)
    one, other = (evaluate(UNIVERSE, X, CHOICES, window=120, step=30, portfolios=10) for _ in range(2))
    assert one == other
    assert json.loads(json.dumps(plain(one)))["covariance"][0]["name"] == "sample"


def test_nothing_after_the_origin_is_seen():
    X = returns(300)
    before = evaluate(UNIVERSE, X, CHOICES, window=200, step=25, portfolios=10)
    Y = X.copy()
    Y[-25:] = 0.2 * np.random.default_rng(1).random((25, n))
    assert before.windows == 4
    after = evaluate(UNIVERSE, Y, CHOICES, window=200, step=25, portfolios=10)
    assert after.covariance[0].condition_number == before.covariance[0].condition_number
    assert after.covariance[0].calibration != before.covariance[0].calibration


def test_singular_forecasts_are_told_as_such():
    report = evaluate(UNIVERSE, returns(120), {"sample": EstimationChoice(covariance="sample")}, window=10, step=20)
    assert report.covariance[0].min_variance_volatility is None
    assert report.covariance[0].condition_number is None


def test_an_estimator_that_cannot_be_fitted_is_named_and_the_others_are_compared():
    fits = {name: CHOICES[name] for name in ("sample", "shrunk")}
    needs_more_days = EstimationChoice("bayes_stein", covariance="sample")

    report = evaluate(UNIVERSE, returns(120), {"stein": needs_more_days, **fits}, window=10, step=20)

    assert [(one.name, "not singular" in one.reason) for one in report.unfitted] == [("stein", True)]
    assert report.baseline == "sample"
    alone = evaluate(UNIVERSE, returns(120), fits, window=10, step=20)
    assert (report.covariance, report.expected_returns) == (alone.covariance, alone.expected_returns)


def test_an_estimator_that_nobody_knows_is_a_mistake_and_no_finding():
    with pytest.raises(InvalidValue, match="smaple"):
        evaluate(UNIVERSE, returns(), {**CHOICES, "typo": EstimationChoice(covariance="smaple")})


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"window": 590}, InvalidValue, "at least 4"),
        ({"step": 0}, InvalidValue, "step"),
        ({"portfolios": 1}, InvalidValue, "portfolios"),
    ],
)
def test_a_comparison_that_cannot_be_made_is_refused(change, error, match):
    with pytest.raises(error, match=match):
        evaluate(UNIVERSE, returns(), CHOICES, **change)


def test_missing_returns_and_cash_are_refused():
    X = returns()
    X[5, 5] = np.nan
    with pytest.raises(DataError, match="complete"):
        evaluate(UNIVERSE, X, CHOICES)
    with pytest.raises(DataError, match="cash"):
        evaluate(Universe.of([*UNIVERSE.ids[:-1], CASH]), returns(), CHOICES)
