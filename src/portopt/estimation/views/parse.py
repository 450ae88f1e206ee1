"""Reading of views as a request spells them: every name and number checked, every fault told by its path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.errors import InvalidValue, MissingInput, UnknownField
from portopt.domain.quantities import spelled_fraction
from portopt.domain.universe import Universe

PATH = "estimation.views"


def known_fields(doc: Any, known: Iterable[str], path: str) -> Mapping[str, Any]:
    """`doc` itself. Raises InvalidValue where it is no object, UnknownField for a key nobody knows."""
    if not isinstance(doc, Mapping):
        raise InvalidValue(path, doc, "must be an object")
    known = tuple(known)
    for name in doc:
        if name not in known:
            raise UnknownField(str(name), known, path=path, value=doc[name])
    return doc


def number(doc: Mapping[str, Any], key: str, path: str, *, least: float = -np.inf, most: float = np.inf) -> float:
    """The number under `key`. Raises MissingInput or InvalidValue."""
    if key not in doc:
        raise MissingInput(f"{path}.{key} is needed", field=f"{path}.{key}")
    return checked(doc[key], f"{path}.{key}", least=least, most=most)


def checked(value: Any, field: str, *, least: float = -np.inf, most: float = np.inf) -> float:
    spelled = spelled_fraction(value)
    value = value if spelled is None else spelled
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise InvalidValue(field, value, "must be a number", fix='write 0.1, or "10 %"')
    if not least <= value <= most:
        raise InvalidValue(field, value, f"must lie between {least:g} and {most:g}")
    return float(value)


def word(doc: Mapping[str, Any], key: str, words: Sequence[str], default: str, path: str) -> str:
    value = doc.get(key, default)
    if value not in words:
        raise InvalidValue(f"{path}.{key}", value, f"must be one of {', '.join(words)}")
    return str(value)


def flag(doc: Mapping[str, Any], key: str, default: bool, path: str) -> bool:
    value = doc.get(key, default)
    if not isinstance(value, bool):
        raise InvalidValue(f"{path}.{key}", value, "must be true or false")
    return value


def listed(doc: Mapping[str, Any], key: str, path: str) -> Sequence[Any]:
    value = doc.get(key, ())
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise InvalidValue(f"{path}.{key}", value, "must be a list")
    return value


def combination(value: Any, universe: Universe, field: str) -> Vector:
    """(n,) coefficients of a portfolio written as an asset's name or as {asset: coefficient}.

    Raises InvalidValue for an asset that is not in the universe, and for a combination of no risky asset.
    """
    if isinstance(value, str):
        value = {value: 1.0}
    if not isinstance(value, Mapping) or not value:
        raise InvalidValue(field, value, "must be an asset or an object {asset: coefficient}")
    known_assets(value, universe, field)
    out = np.zeros(len(universe))
    for asset, coefficient in value.items():
        out[universe.positions[asset]] = checked(coefficient, f"{field}.{asset}")
    if not np.any(out[~universe.is_cash]):
        raise InvalidValue(field, value, "holds no risky asset")
    return out


def known_assets(names: Iterable[str], universe: Universe, field: str) -> None:
    """Raises UnknownField, with the nearest name, for an asset the universe does not hold."""
    for name in names:
        if name not in universe.positions:
            raise UnknownField(str(name), universe.ids, path=field)


def matrix(value: Any, size: int, field: str) -> Matrix:
    """(size, size) covariance from a list of rows, or from a list of numbers as its diagonal. Anything else is InvalidValue."""
    try:
        out = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidValue(field, value, "must be numbers") from error
    if out.shape == (size,):
        out = np.diag(out)
    if out.shape != (size, size) or not np.isfinite(out).all():
        raise InvalidValue(field, value, f"must be {size} variances, or a {size} by {size} matrix, one row per view")
    scale = float(np.abs(out).max(initial=0.0))
    symmetric = np.abs(out - out.T).max(initial=0.0) <= 1e-12 * scale
    if not symmetric or (size and float(np.linalg.eigvalsh(out)[0]) < -1e-12 * scale):
        raise InvalidValue(field, value, "must be a covariance: symmetric and positive semidefinite")
    return out


def told(coefficients: Vector, universe: Universe) -> str:
    """A combination in words: 'AAPL − MSFT', '0.9 GOOG + 0.1 META'.

    coefficients: (n,).
    """
    text = ""
    for i in np.flatnonzero(coefficients):
        c = float(coefficients[i])
        sign = (" + " if c > 0 else " − ") if text else ("" if c > 0 else "−")
        text += f"{sign}{'' if abs(c) == 1.0 else f'{abs(c):.6g} '}{universe.ids[i]}"
    return text
