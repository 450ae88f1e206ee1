"""Published turning points of efficient frontiers.

Ten assets, long only: Bailey and Lopez de Prado (2013), "An Open-Source Implementation of the Critical-Line Algorithm for
Portfolio Optimization", Algorithms 6(1), tables 1 and 2 (the moments are Markowitz and Todd's, 2000, chapter 13).
Three assets, at most 70 % each: Kwan (2007), "A Simple Spreadsheet-Based Exposition of the Markowitz Critical Line Method
for Portfolio Selection".
Nine securities and cash: Markowitz (1959), Portfolio Selection, chapter II.
"""

import numpy as np
import pytest

from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import Asset, Universe
from portopt.optimization import efficient_frontier
from portopt.optimization.frontier.frontier import frontier_form
from portopt.optimization.frontier.turning_points import corners
from portopt.terms.catalog import parse_limits, parse_objective

TEN_RETURNS = [1.175, 1.19, 0.396, 1.12, 0.346, 0.679, 0.089, 0.73, 0.481, 1.08]
TEN_COVARIANCE = """
0.40755159 0.03175842 0.05183923 0.05663904 0.0330226 0.00827775 0.02165938 0.01332419 0.0343476 0.02249903
0.03175842 0.9063047 0.03136385 0.02687256 0.01917172 0.00934384 0.02495043 0.00761036 0.02874874 0.01336866
0.05183923 0.03136385 0.19490901 0.04408485 0.03006772 0.01322738 0.03525971 0.0115493 0.0427563 0.02057303
0.05663904 0.02687256 0.04408485 0.19528471 0.02777345 0.00526665 0.01375808 0.00780878 0.02914176 0.01640377
0.0330226 0.01917172 0.03006772 0.02777345 0.34059105 0.00777055 0.02067844 0.00736409 0.02542657 0.01284075
0.00827775 0.00934384 0.01322738 0.00526665 0.00777055 0.15983874 0.02105575 0.00518686 0.01723737 0.00723779
0.02165938 0.02495043 0.03525971 0.01375808 0.02067844 0.02105575 0.68056711 0.01377882 0.04627027 0.01926088
0.01332419 0.00761036 0.0115493 0.00780878 0.00736409 0.00518686 0.01377882 0.95526918 0.0106553 0.00760955
0.0343476 0.02874874 0.0427563 0.02914176 0.02542657 0.01723737 0.04627027 0.0106553 0.31681584 0.01854318
0.02249903 0.01336866 0.02057303 0.01640377 0.01284075 0.00723779 0.01926088 0.00760955 0.01854318 0.11079287
"""
# Return, risk, lambda, then the ten weights, as printed: three decimals.
TEN_TURNING_POINTS = """
1.190 0.952 58.303 0.000 1.000 0.000 0.000 0.000 0.000 0.000 0.000 0.000 0.000
1.180 0.546 4.174 0.649 0.351 0.000 0.000 0.000 0.000 0.000 0.000 0.000 0.000
1.160 0.417 1.946 0.434 0.231 0.000 0.335 0.000 0.000 0.000 0.000 0.000 0.000
1.111 0.267 0.165 0.127 0.072 0.000 0.281 0.000 0.000 0.000 0.000 0.000 0.520
1.108 0.265 0.147 0.123 0.070 0.000 0.279 0.000 0.000 0.000 0.006 0.000 0.521
1.022 0.230 0.056 0.087 0.050 0.000 0.224 0.000 0.174 0.000 0.030 0.000 0.435
1.015 0.228 0.052 0.085 0.049 0.000 0.220 0.000 0.180 0.000 0.031 0.006 0.429
0.973 0.220 0.037 0.074 0.044 0.000 0.199 0.026 0.198 0.000 0.033 0.028 0.398
0.950 0.216 0.031 0.068 0.041 0.015 0.188 0.034 0.202 0.000 0.034 0.034 0.383
0.803 0.205 0.000 0.037 0.027 0.095 0.126 0.077 0.219 0.030 0.036 0.061 0.292
"""
NINE_AND_CASH_RETURNS = [
    0.06594444444, 0.06155555556, 0.1460555556, 0.1734444444, 0.1981111111,
    0.05511111111, 0.1276111111, 0.1903333333, 0.1156111111, 0.0,
]  # fmt: skip
NINE_COVARIANCE = """
0.05338816358 0.02149069753 0.02865533642 0.04896485802 0.01624895062 0.03223945062 0.02425553395 0.03999812963 0.0361509784
0.02149069753 0.01468446914 0.01878391358 0.02441658642 0.008041938272 0.01002193827 0.01448993827 0.02536259259 0.02083593827
0.02865533642 0.01878391358 0.08550016358 0.06260714198 0.04439938272 0.01328671605 0.01043991049 0.06864603704 0.0420215216
0.04896485802 0.02441658642 0.06260714198 0.09546446914 0.05153806173 0.02902461728 0.02077028395 0.09002012963 0.03664589506
0.01624895062 0.008041938272 0.04439938272 0.05153806173 0.1278900988 0.0128384321 0.02091715432 0.1015344074 0.04497232099
0.03223945062 0.01002193827 0.01328671605 0.02902461728 0.0128384321 0.04125832099 0.01127854321 0.02960762963 0.02165332099
0.02425553395 0.01448993827 0.01043991049 0.02077028395 0.02091715432 0.01127854321 0.02883379321 0.02913762963 0.01739445988
0.03999812963 0.02536259259 0.06864603704 0.09002012963 0.1015344074 0.02960762963 0.02913762963 0.1467278889 0.05284057407
0.0361509784 0.02083593827 0.0420215216 0.03664589506 0.04497232099 0.02165332099 0.01739445988 0.05284057407 0.07926979321
"""


def _problem(mu, Sigma, **limits):
    universe = Universe(tuple(Asset(f"X{i + 1}") for i in range(len(mu))))
    wanted = {"budget": True, "long_only": True, **limits}
    moments = Moments(universe, np.array(mu), Covariance(Sigma=np.array(Sigma)))
    return Problem(moments, parse_objective({"kind": "min_risk"}), parse_limits(wanted))


def _table(text):
    return np.array([[float(number) for number in line.split()] for line in text.split("\n") if line])


def test_the_ten_asset_example_has_its_ten_published_turning_points():
    published = _table(TEN_TURNING_POINTS)[::-1]
    p = _problem(TEN_RETURNS, _table(TEN_COVARIANCE))
    frontier = efficient_frontier(p, 100)
    assert frontier.turning_points == len(frontier.corners) == 10
    for corner, line in zip(frontier.corners, published, strict=True):
        assert corner.expected_return == pytest.approx(line[0], abs=5.1e-4)
        assert corner.volatility == pytest.approx(line[1], abs=5.1e-4)
        assert corner.weights == pytest.approx(line[3:], abs=5.1e-4)


def test_the_ten_asset_example_has_its_published_prices_of_return():
    found = corners(frontier_form(_problem(TEN_RETURNS, _table(TEN_COVARIANCE))), np.array(TEN_RETURNS))
    printed = _table(TEN_TURNING_POINTS)[::-1, 2]
    assert found.prices == pytest.approx(printed, abs=6e-4)


def test_the_ten_asset_example_has_its_published_least_risk_and_best_ratio():
    frontier = efficient_frontier(_problem(TEN_RETURNS, _table(TEN_COVARIANCE)), 10)
    assert frontier.min_risk.volatility == pytest.approx(0.20523761981386526, abs=1e-12)
    assert frontier.min_risk.weights[:3] == pytest.approx(
        [0.03696858147921504, 0.02690083780081047, 0.0949424305647986], abs=1e-12
    )
    assert frontier.optimal.sharpe_ratio == pytest.approx(4.4535, abs=1e-4)  # section 6.3 of the paper


def test_three_assets_capped_at_70_percent_turn_where_the_spreadsheet_does():
    Sigma = [[0.0004, 0.0004, 0.0002], [0.0004, 0.0025, 0.001], [0.0002, 0.001, 0.01]]
    frontier = efficient_frontier(_problem([0.05, 0.08, 0.12], Sigma, max_weight=0.7), 5)
    published = [
        [0.7, 0.2438095238, 0.0561904762],
        [0.7, 0.1831062670, 0.1168937330],
        [0.0, 0.6485013624, 0.3514986376],
        [0.0, 0.3, 0.7],
    ]
    inner = [corner.weights for corner in frontier.corners]
    assert len(inner) >= len(published)
    for weights in published:
        assert min(float(np.abs(w - weights).max()) for w in inner) < 1e-9


def test_nine_securities_and_cash_give_the_portfolios_of_the_first_book():
    Sigma = np.zeros((10, 10))
    Sigma[:9, :9] = _table(NINE_COVARIANCE)
    p = _problem(NINE_AND_CASH_RETURNS, Sigma)
    wanted = {0.07: [0, 0, 0.08, 0.015, 0.06, 0, 0.345, 0, 0, 0.5], 0.15: [0, 0, 0.09, 0.13, 0.21, 0, 0.57, 0, 0, 0]}
    for target, weights in wanted.items():
        frontier = efficient_frontier(p, 2, min_return=target)
        assert frontier.min_risk.expected_return == pytest.approx(target, abs=1e-14)
        assert frontier.min_risk.weights == pytest.approx(weights, abs=0.006)  # printed to half a percent
    assert frontier.turning_points is not None
