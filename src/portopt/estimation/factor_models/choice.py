"""A factor model as a request spells it: {"method": "time_series", "source": "file:factors.csv", "shrink": "vasicek"}."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from portopt.domain.errors import InvalidValue, UnknownField
from portopt.estimation.factor_models.shrinkage import Shrinkage
from portopt.estimation.factor_models.statistical import RULES
from portopt.estimation.options import Option, chosen

FIELD = "estimation.factors"
Method = Literal["time_series", "cross_sectional", "statistical"]
METHODS = ("time_series", "cross_sectional", "statistical")
SHRINK = ("none", "blume", "vasicek")

COMMON = {
    "standard_errors": Option("newey_west", "of exposures and premia", words=("newey_west", "classical")),
    "lags": Option(None, "of Newey and West; None is their own rule", least=0, most=1000, whole=True),
    "half_life": Option(None, "periods until a date counts half; None counts all alike", least=1.0, most=1e5),
}
OPTIONS: dict[str, dict[str, Option]] = {
    "time_series": COMMON,
    "cross_sectional": COMMON
    | {"regression_weights": Option("equal", "of the assets on a date", words=("equal", "inverse_variance"))},
    "statistical": COMMON | {"technique": Option("principal_components", "how", words=("principal_components", "asymptotic"))},
}
ALSO = {
    "time_series": ("source", "names", "shrink", "market"),
    "cross_sectional": ("exposures", "sectors", "intercept", "standardize"),
    "statistical": ("count",),
}
ALWAYS = ("method", "premia", "alpha_kept")


@dataclass(frozen=True, slots=True)
class FactorChoice:
    """What `read_choice` understood. options: keywords of the method's own function.

    names: factors wanted of the source, None for all of it. exposures: asset attributes that are the cross-section's
    factors; sectors: a factor for each sector; intercept: one factor to which every asset has exposure one, "market".
    premia: annual, by factor, in place of the history's means; alpha_kept: share of alpha in expected returns.
    """

    method: Method = "time_series"
    options: Mapping[str, Any] = field(default_factory=dict)
    names: tuple[str, ...] | None = None
    shrink: Shrinkage = field(default_factory=Shrinkage)
    market: str | None = None
    exposures: tuple[str, ...] = ()
    sectors: bool = False
    intercept: bool = True
    standardize: bool = True
    count: int | str = "bai_ng"
    premia: Mapping[str, float] = field(default_factory=dict)
    alpha_kept: float = 0.0

    @property
    def needs_factor_returns(self) -> bool:
        return self.method == "time_series"


def read_choice(spec: Mapping[str, Any]) -> FactorChoice:
    """Raises UnknownField for a name that the method does not have, InvalidValue for a value out of range."""
    method = spec.get("method", "time_series")
    if method not in METHODS:
        raise InvalidValue(f"{FIELD}.method", method, f"must be one of {', '.join(METHODS)}")
    own = {k: v for k, v in spec.items() if k in OPTIONS[method]}
    known = (*OPTIONS[method], *ALSO[method], *ALWAYS)
    for name in spec:
        if name not in known:
            others = [m for m in METHODS if name in OPTIONS[m] or name in ALSO[m]]
            if others:
                raise InvalidValue(
                    f"{FIELD}.{name}", spec[name], f"belongs to the method {' or '.join(others)}, not to {method}",
                    fix=f"leave {name} out",
                )  # fmt: skip
            raise UnknownField(name, known, path=FIELD, value=spec[name])
    names = spec.get("names")
    return FactorChoice(
        method=method,
        options=chosen(OPTIONS[method], own, FIELD),
        names=None if names is None else _texts("names", names),
        shrink=_shrinkage(spec.get("shrink", "none")),
        market=None if spec.get("market") is None else _text("market", spec["market"]),
        exposures=_texts("exposures", spec.get("exposures", ()), may_be_empty=True),
        sectors=_flag("sectors", spec.get("sectors", False)),
        intercept=_flag("intercept", spec.get("intercept", not spec.get("sectors", False))),
        standardize=_flag("standardize", spec.get("standardize", True)),
        count=_count(spec.get("count", "bai_ng")),
        premia=_premia(spec.get("premia", {})),
        alpha_kept=_number("alpha_kept", spec.get("alpha_kept", 0.0), 0.0, 1.0),
    )


def _shrinkage(value: Any) -> Shrinkage:
    if isinstance(value, Mapping):
        for name in value:
            if name not in ("method", "weight"):
                raise UnknownField(name, ("method", "weight"), path=f"{FIELD}.shrink", value=value[name])
        rule, weight = _shrinkage(value.get("method")), value.get("weight")
        return rule if weight is None else Shrinkage(rule.method, _number("shrink.weight", weight, 0.0, 1.0))
    if value == "blume":
        return Shrinkage("blume")
    if value == "vasicek":
        return Shrinkage("vasicek")
    if value in ("none", None):
        return Shrinkage()
    raise InvalidValue(f"{FIELD}.shrink", value, f"must be one of {', '.join(SHRINK)}")


def _count(value: Any) -> int | str:
    if isinstance(value, str) and value in RULES:
        return value
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 100:
        raise InvalidValue(f"{FIELD}.count", value, f"must be a whole number from 1 to 100, or one of {', '.join(RULES)}")
    return value


def _premia(value: Any) -> dict[str, float]:
    if not isinstance(value, Mapping):
        raise InvalidValue(f"{FIELD}.premia", value, "must name factors", fix='write {"MKT": 0.05}')
    return {_text("premia", name): _number(f"premia.{name}", item, -1.0, 1.0) for name, item in value.items()}


def _number(name: str, value: Any, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InvalidValue(f"{FIELD}.{name}", value, f"must be a number between {low:g} and {high:g}")
    return float(value)


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidValue(f"{FIELD}.{name}", value, "must be true or false")
    return value


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidValue(f"{FIELD}.{name}", value, "must be a name")
    return value


def _texts(name: str, value: Any, *, may_be_empty: bool = False) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not (value or may_be_empty):
        raise InvalidValue(f"{FIELD}.{name}", value, "must be a list of names")
    found = tuple(_text(name, item) for item in value)
    if len(set(found)) != len(found):
        raise InvalidValue(f"{FIELD}.{name}", list(found), "names one twice")
    return found
