"""Published examples of Black-Litterman, digit for digit as printed."""

from __future__ import annotations

import numpy as np
import pytest

from portopt.domain.moments import Covariance, Moments
from portopt.domain.request import EstimationChoice
from portopt.domain.universe import Universe
from portopt.estimation.views import apply_views, views_applied

COUNTRIES = ("Australia", "Canada", "France", "Germany", "Japan", "UK", "USA")
VOLATILITY = np.array([16.0, 20.3, 24.8, 27.1, 21.0, 20.0, 18.7]) / 100
MARKET = np.array([1.6, 2.2, 5.2, 5.5, 11.6, 12.4, 61.5]) / 100
BELOW = (
    (0.488,),
    (0.478, 0.664),
    (0.515, 0.655, 0.861),
    (0.439, 0.310, 0.355, 0.354),
    (0.512, 0.608, 0.783, 0.777, 0.405),
    (0.491, 0.779, 0.668, 0.653, 0.306, 0.652),
)


def he_litterman() -> Moments:
    """Tables 1 and 2 of He and Litterman (1999), The intuition behind Black-Litterman model portfolios."""
    C = np.eye(7)
    for i, row in enumerate(BELOW, 1):
        C[i, :i] = C[:i, i] = row
    return Moments(Universe.of(COUNTRIES), np.zeros(7), Covariance(Sigma=C * np.outer(VOLATILITY, VOLATILITY)))


GERMANY = {"assets": {"Germany": 1.0, "France": -0.295, "UK": -0.705}, "return": 0.05}
CANADA = {"assets": {"Canada": 1.0, "USA": -1.0}, "return": 0.03}
PUBLISHED = [
    # views, expected excess returns, weights, weights less market / (1 + tau): tables 2, 4 and 5, in percent
    ([], [3.9, 6.9, 8.4, 9.0, 4.3, 6.8, 7.6], MARKET * 100 / 1.05, [0.0] * 7),
    (
        [GERMANY],
        [4.3, 7.6, 9.3, 11.0, 4.5, 7.0, 8.1],
        [1.5, 2.1, -4.0, 35.4, 11.0, -9.5, 58.6],
        [0.0, 0.0, -8.9, 30.2, 0.0, -21.3, 0.0],
    ),
    (
        [GERMANY, CANADA],
        [4.4, 8.7, 9.5, 11.2, 4.6, 7.0, 7.5],
        [1.5, 41.9, -3.4, 33.6, 11.0, -8.2, 18.8],
        [0.0, 39.8, -8.4, 28.4, 0.0, -20.0, -39.8],
    ),
]


@pytest.mark.parametrize(("views", "returns", "weights", "tilts"), PUBLISHED)
def test_the_tables_of_he_and_litterman(views, returns, weights, tilts):
    market = dict(zip(COUNTRIES, MARKET, strict=True))
    choice = EstimationChoice(views={"tau": 0.05, "risk_aversion": 2.5, "market_weights": market, "views": views})
    after = apply_views(he_litterman(), choice, 0.0)
    best = np.linalg.solve(2.5 * after.Sigma, after.mu)
    np.testing.assert_allclose(100 * after.mu, returns, atol=0.051)
    np.testing.assert_allclose(100 * best, weights, atol=0.11)
    np.testing.assert_allclose(100 * (best - MARKET / 1.05), tilts, atol=0.11)


def test_the_view_variances_of_he_and_litterman():
    choice = EstimationChoice(views={"risk_aversion": 2.5, "views": [GERMANY, CANADA]})
    facts = views_applied(he_litterman(), choice, 0.0)[1]
    assert [round(v["variance"] / 0.05, 3) for v in facts["views"]] == [0.021, 0.017]


CLASSES = ("US bonds", "Intl bonds", "Large growth", "Large value", "Small growth", "Small value", "Developed", "Emerging")
WEIGHTS = np.array([19.34, 26.13, 12.09, 12.09, 1.34, 1.34, 24.18, 3.49]) / 100
SIGMA = np.array([
    [0.001005, 0.001328, -0.000579, -0.000675, 0.000121, 0.000128, -0.000445, -0.000437],
    [0.001328, 0.007277, -0.001307, -0.000610, -0.002237, -0.000989, 0.001442, -0.001535],
    [-0.000579, -0.001307, 0.059852, 0.027588, 0.063497, 0.023036, 0.032967, 0.048039],
    [-0.000675, -0.000610, 0.027588, 0.029609, 0.026572, 0.021465, 0.020697, 0.029854],
    [0.000121, -0.002237, 0.063497, 0.026572, 0.102488, 0.042744, 0.039443, 0.065994],
    [0.000128, -0.000989, 0.023036, 0.021465, 0.042744, 0.032056, 0.019881, 0.032235],
    [-0.000445, 0.001442, 0.032967, 0.020697, 0.039443, 0.019881, 0.028355, 0.035064],
    [-0.000437, -0.001535, 0.048039, 0.029854, 0.065994, 0.032235, 0.035064, 0.079958],
])  # fmt: skip
IDZOREK = [
    ({"Developed": 1.0}, 0.0525, 0.25),
    ({"Intl bonds": 1.0, "US bonds": -1.0}, 0.0025, 0.50),
    ({"Large growth": 0.9, "Small growth": 0.1, "Large value": -0.9, "Small value": -0.1}, 0.02, 0.65),
]


def idzorek(with_confidence: bool) -> tuple[Moments, np.ndarray]:
    """Posterior and the weights it makes best, before limits (Idzorek keeps the prior covariance)."""
    views = [{"assets": assets, "return": said} | ({"confidence": c} if with_confidence else {}) for assets, said, c in IDZOREK]
    choice = EstimationChoice(
        views={
            "tau": 0.025,
            "risk_aversion": 3.07,
            "market_weights": dict(zip(CLASSES, WEIGHTS, strict=True)),
            "returns_are": "excess",
            "posterior_covariance": False,
            "views": views,
        }
    )
    after = apply_views(Moments(Universe.of(CLASSES), np.zeros(8), Covariance(Sigma=SIGMA)), choice, 0.0)
    return after, np.linalg.solve(3.07 * SIGMA, after.mu)


def test_idzoreks_table_6_the_new_combined_returns_and_weights():
    after, best = idzorek(with_confidence=False)
    np.testing.assert_allclose(100 * after.mu, [0.07, 0.50, 6.50, 4.32, 7.55, 3.94, 4.93, 6.84], atol=0.011)
    # The published covariance is rounded to six places, which the weights feel in their second one.
    np.testing.assert_allclose(100 * best, [29.88, 15.59, 9.35, 14.82, 1.04, 1.65, 27.81, 3.49], atol=0.06)


@pytest.mark.parametrize("k", range(3))
def test_idzoreks_confidence_is_the_fraction_of_the_way_to_certainty_of_each_view_alone(k):
    """His definition (2005, steps 1 to 7): tilt(c) = c tilt(1), searched by him numerically, in closed form here."""
    assets, said, confidence = IDZOREK[k]

    def weights(c: float) -> np.ndarray:
        view = {"assets": assets, "return": said, "confidence": c}
        doc = {
            "tau": 0.025, "risk_aversion": 3.07, "returns_are": "excess", "posterior_covariance": False, "views": [view],
            "market_weights": dict(zip(CLASSES, WEIGHTS, strict=True)),
        }  # fmt: skip
        moments = Moments(Universe.of(CLASSES), np.zeros(8), Covariance(Sigma=SIGMA))
        return np.linalg.solve(3.07 * SIGMA, apply_views(moments, EstimationChoice(views=doc), 0.0).mu)

    market = WEIGHTS / WEIGHTS.sum()
    np.testing.assert_allclose(weights(confidence) - market, confidence * (weights(1.0) - market), atol=1e-12)
