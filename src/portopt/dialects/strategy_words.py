"""S1's enumerations in our catalog's words: which objective means something with which method, and what each pair is.

    MEAN_VARIANCE              max_sharpe, min_risk, max_return (utility with a risk_aversion), multi_objective
    BLACK_LITTERMAN            the same, on the posterior of risk_parameters.views
    RISK_PARITY                risk_parity, with risk_parameters.risk_budgets
    HIERARCHICAL_RISK_PARITY   hierarchical (hrp unless method_options.variant says otherwise)
    ROBUST_OPTIMIZATION        robust_max_sharpe, robust_min_risk, robust_utility, with risk_parameters.uncertainty; without
                               it the sets are estimated from the returns: mean returns off by one standard error, every
                               covariance at its 95 % upper bound

Our additions: `objective` may be an object of our catalog ({"kind": "min_risk", "measure": "cvar"}) or a name of it ("hrp",
"min_cvar", "1/n": terms/spellings.py), which needs no method;
`risk_parameters.risk_measure` (with confidence_level and horizon) in place of volatility; `risk_parameters.method_options`
for whatever else the objective's catalog entry takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from portopt.dialects.names import in_users_words
from portopt.dialects.reading import number, one_of, shown
from portopt.dialects.records import json_object
from portopt.domain.errors import InvalidValue, MissingInput

OBJECTIVES = ("MAX_SHARPE", "MIN_VOLATILITY", "MAX_RETURN", "RISK_PARITY", "MULTI_OBJECTIVE")
METHODS = ("MEAN_VARIANCE", "BLACK_LITTERMAN", "RISK_PARITY", "HIERARCHICAL_RISK_PARITY", "ROBUST_OPTIMIZATION")
OF_MOMENTS = ("MEAN_VARIANCE", "BLACK_LITTERMAN")

# Black-Litterman is an estimator of returns and robust optimization a cautious objective, so both take the objectives
# of mean-variance; the two risk parities are methods with an objective of their own.
MEANINGFUL: Mapping[str, tuple[str, ...]] = {
    "MEAN_VARIANCE": ("MAX_SHARPE", "MIN_VOLATILITY", "MAX_RETURN", "MULTI_OBJECTIVE"),
    "BLACK_LITTERMAN": ("MAX_SHARPE", "MIN_VOLATILITY", "MAX_RETURN", "MULTI_OBJECTIVE"),
    "RISK_PARITY": ("RISK_PARITY",),
    "HIERARCHICAL_RISK_PARITY": ("RISK_PARITY",),
    "ROBUST_OPTIMIZATION": ("MAX_SHARPE", "MIN_VOLATILITY", "MAX_RETURN"),
}

# Which of S1's risk parameters belong to which methods; elsewhere they would be ignored, so they are refused.
BELONGS: Mapping[str, tuple[str, ...]] = {
    "risk_budgets": ("RISK_PARITY",),
    "uncertainty": ("ROBUST_OPTIMIZATION",),
    "objective_weights": OF_MOMENTS,
}
CAUTIOUS_AVERSION = 4.0  # of ROBUST_OPTIMIZATION's MAX_RETURN where none is given

# The sets of ROBUST_OPTIMIZATION where none are given. One standard error: at the 95 % of a joint ellipsoid hardly any
# portfolio of twenty names and three years is sure of an excess return, and the best ratio would hardly ever be answered.
ESTIMATED_SETS: Mapping[str, Mapping[str, Any]] = {
    "returns": {"set": "ellipsoid", "radius": 1.0},
    "covariance": {"set": "box", "radius": "estimate", "confidence": 0.95},
}

ROBUST_SETS: Mapping[str, tuple[str, ...]] = {
    "MAX_SHARPE": ("returns", "covariance"),
    "MAX_RETURN": ("returns", "covariance"),
    "MIN_VOLATILITY": ("covariance",),
}

# Our kinds in S1's words, for answers and for `write_objective`.
S1_WORDS: Mapping[str, tuple[str, str]] = {
    "max_sharpe": ("MAX_SHARPE", "MEAN_VARIANCE"),
    "min_risk": ("MIN_VOLATILITY", "MEAN_VARIANCE"),
    "max_return": ("MAX_RETURN", "MEAN_VARIANCE"),
    "utility": ("MAX_RETURN", "MEAN_VARIANCE"),
    "max_ratio": ("MAX_SHARPE", "MEAN_VARIANCE"),
    "multi_objective": ("MULTI_OBJECTIVE", "MEAN_VARIANCE"),
    "risk_parity": ("RISK_PARITY", "RISK_PARITY"),
    "hierarchical": ("RISK_PARITY", "HIERARCHICAL_RISK_PARITY"),
    "robust_max_sharpe": ("MAX_SHARPE", "ROBUST_OPTIMIZATION"),
    "robust_min_risk": ("MIN_VOLATILITY", "ROBUST_OPTIMIZATION"),
    "robust_utility": ("MAX_RETURN", "ROBUST_OPTIMIZATION"),
}


def read_objective(objective: Any, method: Any, risk: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """S1's pair as an objective of our catalog, checked by the catalog, and notes on what has no effect.

    Raises InvalidValue for a pair that means nothing and for risk parameters that belong to another method, naming which.
    """
    if isinstance(objective, Mapping) or is_ours(objective):
        ours = _own_words(objective, method, risk)
        notes: tuple[str, ...] = ()
    else:
        wanted, how = one_of(objective, "objective", OBJECTIVES), one_of(_method(method), "method", METHODS)
        _require_meaning(wanted, how)
        _require_belonging(how, wanted, risk)
        ours, notes = _ours(wanted, how, risk)
    _check(ours)
    return ours, notes


def read_views(risk: Mapping[str, Any], method: Any) -> dict[str, Any]:
    """`views` as our estimation spells them: a list or a text is Black-Litterman's, an object says its own method.

    Raises MissingInput for BLACK_LITTERMAN without views.
    """
    from portopt.estimation.views.spelled import as_choice

    views = risk.get("views")
    if not views:
        if method == "BLACK_LITTERMAN":
            fix = 'add risk_parameters.views: [{"assets": {"ID": 1}, "return": 0.08, "confidence": 0.5}]'
            raise MissingInput("BLACK_LITTERMAN needs views", field="risk_parameters.views", fixes=[fix])
        return {}
    given = json_object(as_choice(views), "risk_parameters.views")
    how = given.get("method", "black_litterman")
    if method is not None and (how == "black_litterman") != (method == "BLACK_LITTERMAN"):
        why = f"are for {how}, and the method is {method}"
        fix = "use method BLACK_LITTERMAN" if how == "black_litterman" else "use another method, or leave `views.method` out"
        raise InvalidValue("risk_parameters.views", shown(views), why, fix=fix)
    return {**given, "method": how}


def method_of(objective: Mapping[str, Any], views: Mapping[str, Any]) -> str:
    """S1's method for an answer: the one that belongs to the objective, or BLACK_LITTERMAN where views were used."""
    method = S1_WORDS.get(str(objective.get("kind")), ("", "MEAN_VARIANCE"))[1]
    return "BLACK_LITTERMAN" if method == "MEAN_VARIANCE" and views.get("method") == "black_litterman" else method


def write_objective(objective: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """S1's objective and the risk parameters that go with it; where S1 has no word, our own object."""
    given = dict(objective)
    kind, aversion = str(given.pop("kind")), given.pop("risk_aversion", None)
    if kind == "utility" and not given and aversion is not None:
        return "MAX_RETURN", {"risk_aversion": aversion}
    if kind in ("max_sharpe", "min_risk", "max_return") and aversion is None and not given:
        return S1_WORDS[kind][0], {}
    return dict(objective), {}


def _method(method: Any) -> Any:
    if method is None:
        fix = f"use one of: {', '.join(METHODS)}"
        raise MissingInput("method is missing", field="method", fixes=[fix])
    return method


def _require_meaning(wanted: str, how: str) -> None:
    if wanted in MEANINGFUL[how]:
        return
    allowed = [m for m in METHODS if wanted in MEANINGFUL[m]]
    pairs = f"{how} goes with {', '.join(MEANINGFUL[how])}; {wanted} goes with {', '.join(allowed)}"
    raise InvalidValue("objective", wanted, f"has no meaning with method {how}: {pairs}", fix=f"use method {allowed[0]}")


def _require_belonging(how: str, wanted: str, risk: Mapping[str, Any]) -> None:
    for name, methods in BELONGS.items():
        if not risk.get(name):
            continue
        if how not in methods:
            why = f"belongs to method {' or '.join(methods)}, not to {how}"
            raise InvalidValue(f"risk_parameters.{name}", shown(risk[name]), why, fix=f"leave {name!r} out")
        if name == "objective_weights" and wanted != "MULTI_OBJECTIVE":
            why = f"belongs to objective MULTI_OBJECTIVE, not to {wanted}"
            raise InvalidValue(f"risk_parameters.{name}", shown(risk[name]), why, fix=f"leave {name!r} out")


def is_ours(objective: Any) -> bool:
    """Whether it is a name of our catalog, or one that people have for such; S1's own words come first, in any case."""
    from portopt.terms.catalog import is_objective

    return isinstance(objective, str) and objective.upper() not in OBJECTIVES and is_objective(objective)


def _own_words(objective: str | Mapping[str, Any], method: Any, risk: Mapping[str, Any]) -> dict[str, Any]:
    """An objective of our catalog as it stands; a method beside it must be the one it belongs to."""
    from portopt.terms.catalog import objective_words

    ours = dict(objective_words(objective if isinstance(objective, str) else json_object(objective, "objective")))
    belongs = S1_WORDS.get(str(ours.get("kind")), ("", "MEAN_VARIANCE"))[1]
    fits = (belongs, "BLACK_LITTERMAN") if belongs == "MEAN_VARIANCE" else (belongs,)
    if method is not None and one_of(method, "method", METHODS) not in fits:
        raise InvalidValue("method", method, f"does not go with the objective {ours.get('kind')}", fix=f"use {belongs}")
    for name in ("risk_budgets", "uncertainty", "objective_weights", "risk_measure", "method_options"):
        if risk.get(name):
            why = "an objective given as an object holds all of its own options"
            raise InvalidValue(f"risk_parameters.{name}", shown(risk[name]), why, fix=f"write it into the objective, as {ours}")
    return ours


def _ours(wanted: str, how: str, risk: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    options = json_object(risk.get("method_options") or {}, "risk_parameters.method_options")
    aversion = risk.get("risk_aversion")
    if aversion is not None:
        aversion = number(aversion, "risk_parameters.risk_aversion", low=0.0, high=1e9)
    measure, notes = _measure(how, wanted, risk)
    if aversion is not None and wanted != "MAX_RETURN":
        notes.append(f"risk_parameters.risk_aversion has no effect on {wanted}; with MAX_RETURN it prices risk")
    notes += _without_effect(wanted, how, measure, aversion, risk)
    return {**_of_pair(wanted, how, aversion, measure, risk), **options}, tuple(notes)


def _without_effect(
    wanted: str, how: str, measure: Mapping[str, Any], aversion: float | None, risk: Mapping[str, Any]
) -> Iterator[str]:
    """Sentences on what was said and cannot matter to this pair."""
    name = measure.get("measure")
    if name and how == "ROBUST_OPTIMIZATION":
        yield f"risk_parameters.risk_measure {name} has no effect: {how} measures risk by volatility"
    elif name and wanted == "MAX_RETURN" and not aversion:
        yield f"risk_parameters.risk_measure {name} has no effect on {wanted} without a risk_parameters.risk_aversion"
    if not name and risk.get("horizon") is not None:
        yield f"risk_parameters.horizon has no effect: {wanted} by {how} measures risk by volatility, which is annual"
    if wanted == "MULTI_OBJECTIVE" and len(risk.get("objective_weights") or (1, 1)) == 1:
        (only,) = risk["objective_weights"]
        yield f"risk_parameters.objective_weights names {only} alone: the answer is that of one objective"
    if how == "ROBUST_OPTIMIZATION" and not risk.get("uncertainty"):
        means = "mean returns are taken to be off by one standard error and " if "returns" in ROBUST_SETS[wanted] else ""
        yield (
            f"risk_parameters.uncertainty was not given, so it is estimated from the returns: {means}every variance and "
            "covariance is taken at its 95 % upper bound"
        )


def _of_pair(wanted: str, how: str, aversion: float | None, measure: dict[str, Any], risk: Mapping[str, Any]) -> dict[str, Any]:
    if how == "RISK_PARITY":
        budgets = risk.get("risk_budgets")
        asked = {"budgets": json_object(budgets, "risk_parameters.risk_budgets")} if budgets else {}
        return {"kind": "risk_parity", **measure, **asked}
    if how == "HIERARCHICAL_RISK_PARITY":
        return {"kind": "hierarchical", "variant": "hrp", **measure}
    if how == "ROBUST_OPTIMIZATION":
        given = json_object(risk.get("uncertainty") or {}, "risk_parameters.uncertainty")
        sets = given or {name: dict(ESTIMATED_SETS[name]) for name in ROBUST_SETS[wanted]}
        kind = {"MAX_SHARPE": "robust_max_sharpe", "MIN_VOLATILITY": "robust_min_risk", "MAX_RETURN": "robust_utility"}[wanted]
        price = {"risk_aversion": aversion or CAUTIOUS_AVERSION} if wanted == "MAX_RETURN" else {}
        return {"kind": kind, **price, **sets}
    if wanted == "MULTI_OBJECTIVE":
        weights = risk.get("objective_weights") or {"return": 1.0, "risk": 1.0}
        axes = json_object(weights, "risk_parameters.objective_weights")
        return {"kind": "multi_objective", "scheme": "weighted_sum", "weights": axes, **_as_axis(measure)}
    if wanted == "MAX_RETURN":
        return {"kind": "utility", "risk_aversion": aversion, **measure} if aversion else {"kind": "max_return"}
    if wanted == "MAX_SHARPE":
        return {"kind": "max_ratio", **measure} if measure else {"kind": "max_sharpe"}
    return {"kind": "min_risk", **measure}


def _measure(how: str, wanted: str, risk: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The risk measure with its confidence and horizon, as far as given; nothing for volatility."""
    confidence = risk.get("confidence_level")
    if confidence is not None:
        confidence = number(confidence, "risk_parameters.confidence_level", low=0.5, high=1.0, fraction=True)
    name = risk.get("risk_measure")
    if name is None or name == "volatility":
        ignored = [f"risk_parameters.confidence_level has no effect: {wanted} by {how} measures risk by volatility"]
        return {}, ignored if confidence is not None else []
    found: dict[str, Any] = {"measure": one_of(name, "risk_parameters.risk_measure", _measures())}
    if confidence is not None:
        found["confidence"] = confidence
    if risk.get("horizon") is not None:
        found["horizon"] = number(risk["horizon"], "risk_parameters.horizon", low=1, high=10_000)
    return found, []


def _as_axis(measure: Mapping[str, Any]) -> dict[str, Any]:
    return {("risk_measure" if name == "measure" else name): value for name, value in measure.items()}


def _measures() -> tuple[str, ...]:
    from portopt.terms.risk_measures.catalog import RISK_MEASURES

    return tuple(RISK_MEASURES)


def _check(ours: Mapping[str, Any]) -> None:
    """What the catalog has to say of it, in the request's own places."""
    from portopt.terms.catalog import parse_objective

    places = {
        "objective.measure": "risk_parameters.risk_measure",
        "objective.confidence": "risk_parameters.confidence_level",
        "objective.budgets": "risk_parameters.risk_budgets",
        "objective.weights": "risk_parameters.objective_weights",
        "objective.returns": "risk_parameters.uncertainty.returns",
        "objective.covariance": "risk_parameters.uncertainty.covariance",
    }
    with in_users_words(places):
        parse_objective(ours)
