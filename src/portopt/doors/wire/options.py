"""The options that questions take beside their document, as query parameters: the same as at the command line."""

from __future__ import annotations

from typing import Any

from portopt.dialects.reading import text
from portopt.domain.errors import InvalidValue
from portopt.doors.wire.asked import Asked
from portopt.doors.wire.places import BASE

MEASURED = ("risk_measure", "confidence", "horizon")
BOUNDS = ("points", "min_return", "max_risk", *MEASURED)
FORECASTS = ("covariances", "means", "window", "step")
MOST_NAMES = 50
COVARIANCES, MEANS = ["sample", "ledoit_wolf", "ewma", "regime_ewma"], ["historical_mean", "bayes_stein"]


def measure_of(asked: Asked) -> tuple[str, dict[str, Any]]:
    """(risk measure, its options). Raises InvalidValue."""
    options: dict[str, Any] = {}
    confidence = asked.number("confidence", low=0.0, high=1.0)
    if confidence is not None:
        options["confidence"] = confidence
    if asked.text("horizon") is not None:
        options["horizon"] = asked.whole("horizon", 1, low=1, high=10_000)
    return asked.text("risk_measure") or "volatility", options


def bounds_of(asked: Asked) -> dict[str, Any]:
    """What a frontier is asked for."""
    measure, options = measure_of(asked)
    return {
        "points": asked.whole("points", 20, low=2, high=1000),
        "min_return": asked.number("min_return", low=-10.0, high=1e3),
        "max_risk": asked.number("max_risk", low=0.0, high=1e3),
        "risk_measure": measure,
        "options": options,
    }


def forecasts_of(asked: Asked) -> dict[str, Any]:
    """Which estimators are compared, and on how much."""
    covariances, means = names_of(asked, "covariances"), names_of(asked, "means")
    return {
        "covariances": COVARIANCES if covariances is None else covariances,
        "means": MEANS if means is None else means,
        "window": asked.whole("window", 252, low=20, high=100_000),
        "step": asked.whole("step", 21, low=1, high=10_000),
    }


def names_of(asked: Asked, name: str) -> list[str] | None:
    """Names by commas; None where the parameter is not there. Raises InvalidValue."""
    given = asked.text(name)
    if given is None:
        return None
    found = [text(word.strip(), name) for word in given.split(",") if word.strip()]
    if len(found) > MOST_NAMES:
        raise InvalidValue(name, f"{len(found)} names", f"at most {MOST_NAMES} are accepted")
    return found


def amounts_of(asked: Asked, name: str) -> dict[str, float]:
    """AXIS=AMOUNT by commas. Raises InvalidValue."""
    found: dict[str, float] = {}
    for word in names_of(asked, name) or ():
        axis, _, amount = word.partition("=")
        try:
            value = float(amount)
        except ValueError:
            value = float("nan")
        if not 0.0 <= value < 1e9:
            raise InvalidValue(name, word, "is not AXIS=AMOUNT", fix=f"write {name}=return=0.01,risk=0.005")
        found[axis.strip()] = value
    return found


def kept_at(run_id: str | None) -> dict[str, str]:
    """Where the same answer can be read later."""
    return {} if run_id is None else {"Content-Location": f"{BASE}/runs/{run_id}/document"}
