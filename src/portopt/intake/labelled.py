"""What a notebook says of assets by name: weights, beliefs, attributes, a covariance. Labels decide what belongs to whom."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from portopt.domain.errors import InvalidValue
from portopt.domain.quantities import plain_number, spelled_fraction

MOST_A_YEAR = 3.0  # an expected return above 300 % a year is a percentage
NOT_SYMMETRIC = 1e-8  # of the largest entry: what two ways of writing one number leave between them


def by_asset(values: Any, field: str) -> dict[str, Any] | None:
    """{asset: value} of a mapping or a pandas Series; None for None. Raises InvalidValue for anything else."""
    if values is None:
        return None
    if is_labelled(values):
        values = values.to_dict()
    if not isinstance(values, Mapping):
        raise InvalidValue(field, type(values).__name__, "does not say which asset each value is of",
                           fix='write {"A": 0.6, "B": 0.4}, or give a pandas Series with the assets for its index')  # fmt: skip
    return {str(asset): value for asset, value in values.items()}


def fractions_by_asset(values: Any, field: str) -> dict[str, Any] | None:
    """The same of fractions: "12 %" is 0.12. Raises InvalidValue for a text that is no fraction."""
    given = by_asset(values, field)
    return None if given is None else {asset: fraction_of(value, f"{field}.{asset}") for asset, value in given.items()}


def fraction_of(value: Any, field: str) -> Any:
    """A text as the fraction it spells, anything else as it is. Raises InvalidValue for any other text."""
    spelled = spelled_fraction(value)
    if spelled is None and isinstance(value, str):
        fix = f"write {field} as {plain_number(value) or 0.12}, or as '12 %'"
        raise InvalidValue(field, value, "is a text and no fraction", fix=fix)
    return value if spelled is None else spelled


def annual_returns(values: Any, field: str) -> dict[str, float] | None:
    """The same for beliefs about a year. Raises InvalidValue for what can only be a percentage."""
    given = fractions_by_asset(values, field)
    for asset, value in (given or {}).items():
        if isinstance(value, int | float) and value > MOST_A_YEAR:
            raise InvalidValue(f"{field}.{asset}", value, f"is {value:.0%} a year; fractions are meant here",
                               fix=f"write {value / 100:g} for {value:g} %, and the others alike")  # fmt: skip
    return given


def attributes_of(table: Any, field: str) -> dict[str, dict[str, Any]]:
    """{asset: {attribute: value}} of nested mappings, or of a pandas DataFrame with the assets for its index.

    What is None or NaN is not given; text is without spaces around it, as in files.
    """
    if table is None:
        return {}
    if hasattr(table, "columns") and hasattr(table, "index") and hasattr(table, "to_dict"):
        table = table.to_dict("index")
    if not isinstance(table, Mapping) or not all(isinstance(values, Mapping) for values in table.values()):
        raise InvalidValue(field, type(table).__name__, "does not say what each asset is",
                           fix='write {"A": {"sector": "Energy"}}, or a DataFrame with the assets for its index')  # fmt: skip
    return {str(asset): _given(values) for asset, values in table.items()}


def covariance_of(values: Any, ids: Sequence[str], field: str) -> npt.NDArray[np.float64] | None:
    """(n, n) in the order of `ids`: a DataFrame's labels are followed, an array's order is taken as it is.

    Raises InvalidValue for labels that are not the assets, for another shape, and for what is not symmetric.
    """
    if values is None:
        return None
    if hasattr(values, "columns") and hasattr(values, "index") and hasattr(values, "reindex"):
        values = _in_order(values, ids, field)
    Sigma = np.asarray(values, dtype=float)
    if Sigma.shape != (len(ids), len(ids)):
        raise InvalidValue(field, str(Sigma.shape), f"is the shape of it, for {len(ids)} assets",
                           fix=f"give {len(ids)} rows of {len(ids)}, in the order {', '.join(ids[:10])}")  # fmt: skip
    apart = np.abs(Sigma - Sigma.T)
    i, j = (int(k) for k in np.unravel_index(int(apart.argmax()), apart.shape))
    if apart[i, j] > NOT_SYMMETRIC * float(np.abs(Sigma).max()):
        raise InvalidValue(field, [float(Sigma[i, j]), float(Sigma[j, i])],
                           f"is not symmetric between {ids[i]} and {ids[j]}: one covariance has two values",
                           fix="correct one of the two; where they differ by rounding, give (S + S.T) / 2")  # fmt: skip
    return Sigma


def _in_order(frame: Any, ids: Sequence[str], field: str) -> Any:
    rows, columns = [str(name) for name in frame.index], [str(name) for name in frame.columns]
    if sorted(rows) != sorted(columns) or set(rows) != set(ids) or len(rows) != len(ids):
        odd = sorted((set(rows) | set(columns)) ^ set(ids)) or rows
        raise InvalidValue(field, odd[:10], "its rows and columns are not those of the assets",
                           fix=f"name rows and columns {', '.join(ids[:10])}, or give an array in that order")  # fmt: skip
    order = np.asarray(frame, dtype=float)
    return order[np.ix_([rows.index(name) for name in ids], [columns.index(name) for name in ids])]


def is_labelled(values: Any) -> bool:
    """Whether it is a pandas Series."""
    return hasattr(values, "to_dict") and hasattr(values, "index") and getattr(values, "ndim", 0) == 1


def _given(values: Mapping[Any, Any]) -> dict[str, Any]:
    said = {str(name): value.strip() if isinstance(value, str) else value for name, value in values.items()}
    return {name: value for name, value in said.items() if not (value is None or value == "" or _is_nan(value))}


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)
