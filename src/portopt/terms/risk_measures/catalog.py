"""Every risk measure by its name, written out.

{"kind": "min_risk", "measure": "cvar", "confidence": 0.95}        limits: {"max_risk": {"cvar": {"limit": 0.03}}}
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from portopt.domain.errors import InvalidValue
from portopt.terms.risk_measures.average_drawdown import AverageDrawdown
from portopt.terms.risk_measures.conditional_drawdown import ConditionalDrawdown
from portopt.terms.risk_measures.conditional_value_at_risk import ConditionalValueAtRisk
from portopt.terms.risk_measures.entropic_value_at_risk import EntropicValueAtRisk
from portopt.terms.risk_measures.gini_mean_difference import GiniMeanDifference
from portopt.terms.risk_measures.max_drawdown import MaxDrawdown
from portopt.terms.risk_measures.mean_absolute_deviation import MeanAbsoluteDeviation
from portopt.terms.risk_measures.parameters import checked_confidence, checked_horizon, checked_path_horizon, checked_target
from portopt.terms.risk_measures.protocol import RiskMeasure
from portopt.terms.risk_measures.semideviation import Semideviation
from portopt.terms.risk_measures.ulcer_index import UlcerIndex
from portopt.terms.risk_measures.value_at_risk import ValueAtRisk
from portopt.terms.risk_measures.volatility import Volatility
from portopt.terms.risk_measures.wasserstein_cvar import WassersteinCvar, checked_norm, checked_radius
from portopt.terms.risk_measures.worst_realization import WorstRealization
from portopt.terms.shared.checks import listed

Check = Callable[[str, Any], Any]
CONFIDENCE: dict[str, Check] = {"confidence": checked_confidence}
HORIZON: dict[str, Check] = {"horizon": checked_horizon}
PATH: dict[str, Check] = {"horizon": checked_path_horizon}
TARGET: dict[str, Check] = {"target": checked_target}
BALL: dict[str, Check] = {"radius": checked_radius, "norm": checked_norm}
OPTIONS = ("confidence", "horizon", "target", "radius", "norm")


@dataclass(frozen=True, slots=True)
class MeasureEntry:
    """A line of the catalog: the name, what it is in one sentence, how it is made, and which options it takes."""

    kind: str
    summary: str
    make: Callable[..., RiskMeasure]
    options: Mapping[str, Check]

    @property
    def has_horizon(self) -> bool:
        """Whether the horizon is a choice; drawdowns run over the whole path, the volatility is annual."""
        return self.options.get("horizon") is checked_horizon


RISK_MEASURES: dict[str, MeasureEntry] = {
    "volatility": MeasureEntry("volatility", "annual standard deviation, from the covariance", Volatility, {}),
    "semideviation": MeasureEntry(
        "semideviation", "root mean square of what falls short of the mean, or of a target", Semideviation, HORIZON | TARGET
    ),
    "mad": MeasureEntry("mad", "mean absolute deviation from the mean", MeanAbsoluteDeviation, HORIZON),
    "gini_mean_difference": MeasureEntry(
        "gini_mean_difference", "mean distance between any two returns", GiniMeanDifference, HORIZON
    ),
    "var": MeasureEntry("var", "the loss not exceeded at a confidence", ValueAtRisk, CONFIDENCE | HORIZON),
    "cvar": MeasureEntry("cvar", "mean of the worst losses", ConditionalValueAtRisk, CONFIDENCE | HORIZON),
    "wasserstein_cvar": MeasureEntry(
        "wasserstein_cvar", "mean of the worst losses of the worst distribution", WassersteinCvar, CONFIDENCE | HORIZON | BALL
    ),
    "evar": MeasureEntry("evar", "entropic bound on the worst losses", EntropicValueAtRisk, CONFIDENCE | HORIZON),
    "worst_realization": MeasureEntry("worst_realization", "the largest loss of any scenario", WorstRealization, HORIZON),
    "max_drawdown": MeasureEntry("max_drawdown", "the deepest fall from a peak", MaxDrawdown, PATH),
    "average_drawdown": MeasureEntry("average_drawdown", "mean distance below the peak", AverageDrawdown, PATH),
    "cdar": MeasureEntry("cdar", "mean of the deepest drawdowns", ConditionalDrawdown, CONFIDENCE | PATH),
    "ulcer_index": MeasureEntry("ulcer_index", "root mean square distance below the peak", UlcerIndex, PATH),
}


def parse_measure(path: str, name: Any, options: Mapping[str, Any]) -> RiskMeasure:
    """The measure `name` with the options that are not None.

    Raises InvalidValue for a measure nobody knows, for an option it does not take, and for a value out of range.
    """
    if not isinstance(name, str) or name not in RISK_MEASURES:
        near = difflib.get_close_matches(name, RISK_MEASURES, n=1, cutoff=0.5) if isinstance(name, str) else []
        fix = f"write {near[0]!r}" if near else f"use one of: {', '.join(RISK_MEASURES)}"
        raise InvalidValue(f"{path}.measure", name, f"is no risk measure; known: {', '.join(RISK_MEASURES)}", fix=fix)
    entry = RISK_MEASURES[name]
    given = {}
    for option, value in options.items():
        if value is None:
            continue
        if option not in entry.options:
            takes = f"it takes {listed(entry.options)}" if entry.options else "it takes no options"
            raise InvalidValue(f"{path}.{option}", value, f"{name} has no {option}; {takes}", fix=f"leave {option} out")
        given[option] = entry.options[option](path, value)
    return entry.make(**given)
