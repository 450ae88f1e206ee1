"""What S1's documents say about returns and risk: given moments win, the rest is estimated from `returns`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from portopt.dialects.reading import number, numbers, object_of, shown, square
from portopt.dialects.records import RANGES, record
from portopt.dialects.strategy_columns import floats
from portopt.domain.arrays import Matrix, Vector
from portopt.domain.errors import InvalidValue, MissingInput
from portopt.domain.request import EstimationChoice
from portopt.domain.universe import CASH, Universe

ESTIMATOR = (
    *("expected_returns", "expected_returns_options", "covariance", "covariance_options"),
    *("lookback", "min_observations", "factors", "cash_return"),
)
MIN_OBSERVATIONS = 12  # a year of months; S1's clients choose their own history, so all of it is used
MAX_RETURNS = 100_000
MOST_EXPECTED, MOST_VOLATILE = 3.0, 5.0  # a year; above, a percentage was written


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """Beliefs in one order. mu (n,), NaN where to be estimated; Sigma (n, n); returns (T, n), scenarios too.

    periods_per_year: of the returns, where whoever gave them said so.
    """

    mu: Vector | None
    Sigma: Matrix | None
    returns: Matrix | None
    periods_per_year: float | None = None

    def ordered(self, order: Sequence[int]) -> Given:
        """The same in another order. order: (n,) places in this one."""
        return Given(
            None if self.mu is None else self.mu[order],
            None if self.Sigma is None else self.Sigma[np.ix_(order, order)],
            None if self.returns is None else self.returns[:, order],
            self.periods_per_year,
        )


def read_estimation(risk: Mapping[str, Any]) -> EstimationChoice:
    """`estimator` and `periods_per_year`. Raises UnknownField or InvalidValue."""
    field = "risk_parameters.estimator"
    chosen = {} if risk.get("estimator") is None else dict(object_of(risk["estimator"], field, ESTIMATOR))
    low, high = RANGES["periods_per_year"]
    periods = risk.get("periods_per_year")
    per_year = 252.0 if periods is None else number(periods, "risk_parameters.periods_per_year", low=low, high=high)
    return record(
        EstimationChoice,
        {"lookback": None, "min_observations": MIN_OBSERVATIONS, **chosen, "periods_per_year": per_year},
        field,
    )


def read_moments(
    ids: Sequence[str], strategies: Sequence[Mapping[str, Any]], risk: Mapping[str, Any], choice: EstimationChoice, rf: float
) -> Given:
    """Expected returns, covariance and returns as far as given. Raises MissingInput naming what is missing."""
    risky = np.array([asset_id != CASH for asset_id in ids])
    mu = read_expected_returns(strategies)
    mu[~risky & np.isnan(mu)] = rf
    volatility = _column(strategies, "volatility", low=0.0, high=100.0)
    _require_riskless(ids, volatility)
    _require_fractions("volatility", volatility, MOST_VOLATILE)
    returns = _returns(ids, strategies, choice)
    Sigma = _matrix(risk, "covariance", ids, -1e4, 1e4)
    correlation = _matrix(risk, "correlation", ids, -1.0 - 1e-9, 1.0 + 1e-9)
    if Sigma is not None and correlation is not None:
        raise InvalidValue("risk_parameters.correlation", shown(risk["correlation"]), "stands beside a covariance; give one")
    if Sigma is None:
        Sigma = _from_parts(ids, volatility, correlation, returns, choice, rf)
    if returns is None:
        _require_enough(ids, strategies, risk, Sigma, wants_means=not risk.get("views"))
    return Given(None if bool(np.isnan(mu).all()) else mu, Sigma, returns)


def read_expected_returns(strategies: Sequence[Mapping[str, Any]]) -> Vector:
    """(n,) annual, NaN where none is given."""
    mu = _column(strategies, "expected_return", low=-10.0, high=1e3)
    _require_fractions("expected_return", mu, MOST_EXPECTED)
    return mu


def _column(strategies: Sequence[Mapping[str, Any]], name: str, *, low: float, high: float) -> Vector:
    return np.array(floats(strategies, name, low=low, high=high), dtype=np.float64)


def _require_fractions(name: str, values: Vector, most: float) -> None:
    """Raises InvalidValue for a year's figure that can only be a percentage: 11 is 1,100 %."""
    for i in np.flatnonzero(values > most):
        given = float(values[i])
        raise InvalidValue(f"strategies[{i}].{name}", given, f"is {given:,.0%} a year; fractions are meant here",
                           fix=f"write {given / 100:g} for {given:g} %, and the others alike")  # fmt: skip


def _require_riskless(ids: Sequence[str], volatility: Vector) -> None:
    for i, asset_id in enumerate(ids):
        if asset_id == CASH and volatility[i] > 0:
            fix = "leave volatility out, or give the strategy another id"
            raise InvalidValue(f"strategies[{i}].volatility", float(volatility[i]), f"{CASH} has no risk", fix=fix)


def _returns(ids: Sequence[str], strategies: Sequence[Mapping[str, Any]], choice: EstimationChoice) -> Matrix | None:
    """(T, n) returns, NaN where null; None unless every strategy but cash has them, all equally long."""
    given = [i for i, s in enumerate(strategies) if s.get("returns") is not None]
    if not given:
        return None
    first = given[0]
    columns: dict[int, Vector] = {}
    for i in given:
        field = f"strategies[{i}].returns"
        columns[i] = numbers(strategies[i]["returns"], field, low=-1.0, high=1e3, most=MAX_RETURNS, gaps=True)
        if len(columns[i]) != len(columns[first]):
            raise InvalidValue(
                field,
                f"a list of {len(columns[i])}",
                f"strategies[{first}].returns has {len(columns[first])} entries; all belong to the same periods",
                fix="write null where a strategy has no return",
            )
        known = int(np.isfinite(columns[i]).sum())
        if known < choice.min_observations and ids[i] != CASH:
            raise MissingInput(
                f"{field} holds {known} returns; {choice.min_observations} are needed to estimate from",
                field=field,
                measured={"returns": known, "needed": choice.min_observations},
                fixes=["give more returns", "give expected_return and a covariance instead of returns"],
            )
    if any(i not in columns and ids[i] != CASH for i in range(len(ids))):
        return None
    cash = np.zeros(len(columns[first]))
    return np.column_stack([cash if ids[i] == CASH else columns[i] for i in range(len(ids))])


def _matrix(risk: Mapping[str, Any], name: str, ids: Sequence[str], low: float, high: float) -> Matrix | None:
    """(n, n) covariance or correlation: symmetric, positive semidefinite, cash riskless."""
    if risk.get(name) is None:
        return None
    field = f"risk_parameters.{name}"
    matrix = square(risk[name], field, len(ids), low=low, high=high)
    diagonal = np.diagonal(matrix)
    for i, asset_id in enumerate(ids):
        others = np.delete(matrix[i], i)
        if asset_id == CASH and (np.any(others != 0) or (name == "covariance" and diagonal[i] != 0)):
            raise InvalidValue(f"{field}[{i}]", shown(matrix[i].tolist()), f"{CASH} has no risk; its row is zero")
        if name == "correlation" and abs(diagonal[i] - 1.0) > 1e-6 and asset_id != CASH:
            raise InvalidValue(f"{field}[{i}][{i}]", float(diagonal[i]), "a correlation has ones on its diagonal")
        if diagonal[i] < 0:
            raise InvalidValue(f"{field}[{i}][{i}]", float(diagonal[i]), "a variance is not negative")
    _require_positive(matrix, field)
    return matrix


def _require_positive(matrix: Matrix, field: str) -> None:
    """Raises InvalidValue for a matrix with an eigenvalue below -1e-9 of its mean diagonal."""
    floor = 1e-9 * max(float(np.trace(matrix)) / len(matrix), 1e-300)
    try:
        np.linalg.cholesky(matrix + floor * np.eye(len(matrix)))
    except np.linalg.LinAlgError:
        lowest = float(np.linalg.eigvalsh(matrix)[0])
        if lowest >= -floor:
            return
        raise InvalidValue(
            field,
            f"smallest eigenvalue {lowest:.3g}",
            "is not positive semidefinite: no returns could have it",
            fix="estimate it from one common history, or give returns",
        ) from None


def _from_parts(
    ids: Sequence[str],
    volatility: Vector,
    correlation: Matrix | None,
    returns: Matrix | None,
    choice: EstimationChoice,
    rf: float,
) -> Matrix | None:
    """Sigma = diag(volatility) correlation diag(volatility), parts that are not given taken from the estimate.

    None where all of it is to be estimated, or where too little is given.
    """
    risky = np.array([asset_id != CASH for asset_id in ids])
    unknown = risky & np.isnan(volatility)
    if correlation is None and int(risky.sum()) <= 1:
        correlation = np.eye(len(ids))
    if correlation is None and bool(unknown[risky].all()):
        return None
    if correlation is None or bool(unknown.any()):
        if returns is None:
            return None  # _require_enough says what is missing
        estimated = _estimated(ids, returns, choice, rf)
        deviation = np.sqrt(np.diagonal(estimated))
        if correlation is None:
            scale = np.where(deviation > 0, deviation, 1.0)
            correlation = estimated / np.outer(scale, scale)
        volatility = np.where(unknown, deviation, volatility)
    sigma = np.where(risky, volatility, 0.0)
    return np.asarray(correlation * np.outer(sigma, sigma))


def _estimated(ids: Sequence[str], returns: Matrix, choice: EstimationChoice, rf: float) -> Matrix:
    """(n, n) in the document's order; the estimators want cash last."""
    from portopt.estimation import moments_from_returns

    order = sorted(range(len(ids)), key=lambda i: ids[i] == CASH)
    Sigma = np.empty((len(ids), len(ids)))
    Sigma[np.ix_(order, order)] = moments_from_returns(
        Universe.of([ids[i] for i in order]), returns[:, order], choice, rf
    ).Sigma
    return Sigma


def _require_enough(
    ids: Sequence[str],
    strategies: Sequence[Mapping[str, Any]],
    risk: Mapping[str, Any],
    Sigma: Matrix | None,
    *,
    wants_means: bool,
) -> None:
    """Raises MissingInput, naming strategies and fields, where neither given moments nor returns say enough."""
    risky = [i for i, asset_id in enumerate(ids) if asset_id != CASH]
    wanted = (*(("expected_return",) if wants_means else ()), *(() if Sigma is not None else ("volatility",)))
    lacks = {f"strategies[{i}].{name}": (name, ids[i]) for i in risky for name in wanted if strategies[i].get(name) is None}
    joint = Sigma is None and risk.get("correlation") is None
    if not lacks and not joint:
        return
    words = [f"{name} of {asset_id}" for name, asset_id in list(lacks.values())[:4]]
    words += [f"and {len(lacks) - 4} more"] if len(lacks) > 4 else []
    words += ["how they move together (risk_parameters.correlation or covariance)"] if joint else []
    without = [ids[i] for i in risky if strategies[i].get("returns") is None]
    raise MissingInput(
        f"missing: {', '.join(words)}; and {without[0]} brings no returns to estimate from",
        field=next(iter(lacks), "risk_parameters.correlation"),
        measured={"missing": list(lacks)[:20], "without_returns": without[:20]},
        fixes=["give every strategy `returns`", "give every strategy expected_return and volatility, and the correlation"],
    )
