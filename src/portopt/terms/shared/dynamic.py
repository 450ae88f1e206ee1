"""Limits that follow the market: a number that is a function of volatility or drawdown, declared as data.

    {"max_weight": {"dynamic": {"on": "volatility", "window": 63, "steps": [[0.10, 0.20], [0.20, 0.10]], "else": 0.05}}}

reads: annual volatility below 10 % allows 20 %, below 20 % allows 10 %, anything more 5 %. The measured value stands at the
first threshold that it is below. Resolved before a limit is parsed, so that the term, its certificate and its diagnosis know
the number that held; what was measured is reported as a note.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.errors import InvalidValue, MissingInput
from portopt.terms.shared.checks import number, options, percent, required

WINDOW = 63  # periods, a quarter of daily data
MEASURES = ("volatility", "drawdown")
OF = ("benchmark", "portfolio")
EXAMPLE = '{"dynamic": {"on": "volatility", "window": 63, "steps": [[0.10, 0.20], [0.20, 0.10]], "else": 0.05}}'


@dataclass(frozen=True, slots=True, eq=False)
class MarketState:
    """Past returns of what is watched, (T,) periodic and simple, oldest first; None where they are not known.

    benchmark: of the benchmark at its weights of today. portfolio: of the book at its weights of today.
    """

    periods_per_year: float
    benchmark: Vector | None = None
    portfolio: Vector | None = None

    def measure(self, on: str, of: str, window: int) -> float:
        """The annual volatility over the last `window` periods, or the drawdown from the highest value in them.

            volatility   standard deviation (T - 1) of the returns * sqrt(periods a year)
            drawdown     1 - V_T / max(V_0 … V_T),   V the value of one unit invested at the start of the window

        Raises MissingInput where the returns are not known, or fewer than `window`.
        """
        returns = self.benchmark if of == "benchmark" else self.portfolio
        if returns is None or len(returns) < window:
            have = 0 if returns is None else len(returns)
            raise MissingInput(
                f"a limit follows the {on} of the {of} over {window} periods, and {have} are known",
                field=of,
                measured={"periods": have, "window": window},
                fixes=[f"give {of} weights and returns", f'write "window": {max(have, 2)}' if have >= 2 else "write a number"],
            )
        recent = returns[-window:]
        if on == "volatility":
            return float(np.std(recent, ddof=1)) * math.sqrt(self.periods_per_year)
        values = np.concatenate([[1.0], np.cumprod(1.0 + recent)])
        return float(1.0 - values[-1] / values.max())


def market_state(
    scenarios: Matrix | None, weights: Mapping[str, Vector | None], periods_per_year: float = 252.0
) -> MarketState:
    """The state from asset returns.  scenarios: (T, n), oldest first; weights: "benchmark" and "portfolio", (n,) or None.

    Weights are held constant, rebalanced each period: the risk of the book as it is, not of the book as it was. A missing
    return counts as none.
    """

    def of(name: str) -> Vector | None:
        w = weights.get(name)
        return None if scenarios is None or w is None else np.asarray(np.nan_to_num(scenarios) @ w)

    return MarketState(periods_per_year, of("benchmark"), of("portfolio"))


def resolve(limits: Mapping[str, Any], state: MarketState) -> tuple[dict[str, Any], tuple[str, ...]]:
    """(limits with every dynamic value replaced by the number that holds now, one note each). Anything else is unchanged.

    A dynamic value may stand wherever a number may: alone, in a map by asset or sector, beside `soft`.
    Raises InvalidValue, UnknownField and MissingInput in the request's own terms.
    """
    notes: list[str] = []
    resolved = {kind: _resolved(f"limits.{kind}", value, state, notes) for kind, value in limits.items()}
    return resolved, tuple(notes)


def for_reading(limits: Mapping[str, Any]) -> dict[str, Any]:
    """The limits with the last value of each dynamic one, for a look at whether they can be read at all, before any market
    is known. Raises as resolve does.
    """
    return {kind: _last(f"limits.{kind}", value) for kind, value in limits.items()}


def _last(field: str, value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_last(f"{field}[{i}]", item) for i, item in enumerate(value)]
    if not isinstance(value, Mapping):
        return value
    if "dynamic" not in value:
        return {name: _last(f"{field}.{name}", item) for name, item in value.items()}
    _alone(field, value)
    return _read(field, value["dynamic"])[-1]


def is_dynamic(limits: Any) -> bool:
    """Whether any value in it is dynamic."""
    if isinstance(limits, Mapping):
        return "dynamic" in limits or any(is_dynamic(value) for value in limits.values())
    return isinstance(limits, list | tuple) and any(is_dynamic(value) for value in limits)


def _resolved(field: str, value: Any, state: MarketState, notes: list[str]) -> Any:
    if isinstance(value, list | tuple):
        return [_resolved(f"{field}[{i}]", item, state, notes) for i, item in enumerate(value)]
    if not isinstance(value, Mapping):
        return value
    if "dynamic" not in value:
        return {name: _resolved(f"{field}.{name}", item, state, notes) for name, item in value.items()}
    _alone(field, value)
    found, note = _now(field, value["dynamic"], state)
    notes.append(note)
    return found


def _alone(field: str, value: Mapping[str, Any]) -> None:
    if len(value) > 1:
        raise InvalidValue(field, dict(value), "holds more than the dynamic value", fix=f"write {field}: {EXAMPLE}")


def _now(field: str, spec: Any, state: MarketState) -> tuple[float, str]:
    """(the number that holds, in words why)."""
    on, of, window, steps, last = _read(field, spec)
    measured = state.measure(on, of, window)
    held = next((value for threshold, value in steps if measured < threshold), last)
    return held, f"{field} = {held:g}: {on} of the {of} over {window} periods is {percent(measured)}"


def _read(field: str, spec: Any) -> tuple[str, str, int, list[tuple[float, float]], float]:
    """(on, of, window, steps, else), checked."""
    path = f"{field}.dynamic"
    given = options(path, spec, ("on", "of", "window", "steps", "else"), example=EXAMPLE)
    on = required(path, given, "on", example='"volatility"')
    of = given.get("of") or ("portfolio" if on == "drawdown" else "benchmark")
    for name, value, known in (("on", on, MEASURES), ("of", of, OF)):
        if value not in known:
            raise InvalidValue(f"{path}.{name}", value, f"is none of {', '.join(known)}", fix=f"write {known[0]!r}")
    window = number(
        f"{path}.window", WINDOW if given.get("window") is None else given["window"], low=2.0, example="63", counts="plain"
    )
    if window != int(window):
        raise InvalidValue(f"{path}.window", window, "a whole number of periods is needed", fix=f"write {int(window)}")
    steps = _steps(path, required(path, given, "steps", example="[[0.10, 0.20], [0.20, 0.10]]"))
    last = number(f"{path}.else", required(path, given, "else", example="0.05"), example="0.05")
    return str(on), str(of), int(window), steps, last


def _steps(path: str, steps: Any) -> list[tuple[float, float]]:
    if not isinstance(steps, Sequence) or isinstance(steps, str) or not steps:
        raise InvalidValue(f"{path}.steps", steps, "a list of [threshold, value] is needed", fix=f"write {EXAMPLE}")
    out = []
    for i, pair in enumerate(steps):
        if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
            raise InvalidValue(f"{path}.steps[{i}]", pair, "[threshold, value] is needed", fix="write [0.10, 0.20]")
        out.append((number(f"{path}.steps[{i}]", pair[0]), number(f"{path}.steps[{i}]", pair[1])))
    thresholds = [threshold for threshold, _ in out]
    if sorted(set(thresholds)) != thresholds:
        raise InvalidValue(f"{path}.steps", steps, "thresholds must increase", fix=f"write {sorted(map(list, out))}")
    return out
