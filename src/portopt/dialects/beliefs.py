"""Beliefs as they are sent: one set of names, in JSON, in an archive of arrays (npz) or in an Arrow table.

ids                 the assets, in the order of everything else
expected_returns    (n,) annual
covariance          (n, n) annual, symmetric, positive semidefinite; or F (n, k), Omega (k, k), D (n,) of F Omega F' + D
returns             (T, n) periodic simple returns, null or NaN where missing
periods_per_year    of the returns
"""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from portopt.dialects.reading import list_of, number, numbers, object_of, required, shown, text
from portopt.dialects.records import RANGES
from portopt.domain.arrays import Matrix, sealed
from portopt.domain.beliefs import Beliefs
from portopt.domain.errors import DataError, InvalidValue, MalformedDocument, MissingInput

NAMES = ("ids", "expected_returns", "covariance", "F", "Omega", "D", "returns", "periods_per_year")
# Smallest and largest value that can mean anything; whether one may be missing.
OF_ARRAYS = {
    "expected_returns": (-10.0, 1e3, False),
    "covariance": (-1e4, 1e4, False),
    "F": (-1e6, 1e6, False),
    "Omega": (-1e6, 1e6, False),
    "D": (0.0, 1e4, False),
    "returns": (-1.0, 1e3, True),
}
MOST_ASSETS, MOST_ROWS = 20_000, 100_000
ASYMMETRY = 1e-8  # of the largest entry: what two ways of writing one number leave between them
ASSET, EXPECTED, DAY = "asset_id", "expected_return", "date"
BROKEN = (zipfile.BadZipFile, zlib.error, ValueError, KeyError, OSError, EOFError, MemoryError, NotImplementedError)


def beliefs_of_json(doc: Any) -> Beliefs:
    """Raises MalformedDocument, UnknownField, InvalidValue or MissingInput, each with its place."""
    found = object_of(doc, "", NAMES)
    arrays = {name: _array(found[name], name) for name in OF_ARRAYS if found.get(name) is not None}
    return beliefs_of(list_of(required(found, "ids"), "ids", most=MOST_ASSETS), arrays, found.get("periods_per_year"))


def beliefs_of_npz(content: bytes, most_bytes: int) -> Beliefs:
    """An archive as numpy.savez writes it. Nothing in it is ever unpickled. Errors as beliefs_of_json's, and DataError."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > most_bytes:
            raise DataError(f"the archive unpacks to {unpacked:,} bytes; at most {most_bytes:,} are read", field="body")
        with np.load(io.BytesIO(content), allow_pickle=False) as opened:
            found = object_of(dict.fromkeys(opened.files), "", NAMES)
            given = {name: opened[name] for name in found}
    except BROKEN as error:
        why = "it holds objects, not numbers" if "pickle" in str(error) else "it is damaged, or no archive of arrays"
        raise MalformedDocument(f"the body cannot be read: {why}", fixes=["write it with numpy.savez"]) from error
    ids = given.pop("ids", None)
    year = given.pop("periods_per_year", None)
    if ids is None or ids.ndim != 1 or ids.dtype.kind != "U":
        raise MissingInput("ids is a list of texts, and is needed", field="ids", fixes=['ids=numpy.array(["A", "B"])'])
    if year is not None and (year.dtype.kind not in "fiu" or year.size != 1):
        raise InvalidValue("periods_per_year", shown(str(year)), "is not a number")
    return beliefs_of(ids.tolist(), given, None if year is None else float(year.reshape(-1)[0]))


def beliefs_of_columns(columns: Mapping[str, npt.NDArray[Any]]) -> Beliefs:
    """Of an Arrow table. With a column asset_id: a row an asset, its covariance with each under the asset's name, and
    expected_return; without one, a column of returns for each asset, and perhaps a date. Errors as beliefs_of_json's.
    """
    if ASSET not in columns:
        returns = {name: values for name, values in columns.items() if name != DAY}
        return beliefs_of(list(returns), {"returns": _side_by_side(returns, "returns")}, None)
    ids = [str(name) for name in columns[ASSET].tolist()]
    extra = [name for name in columns if name not in (ASSET, EXPECTED, *ids)]
    missing = [name for name in ids if name not in columns]
    if extra or (missing and len(missing) < len(ids)):
        odd = (extra or missing)[0]
        raise InvalidValue(shown(odd), "a column", "the columns of the covariance are not its rows",
                           fix="name a column for each asset_id, and no other")  # fmt: skip
    arrays = {} if missing else {"covariance": _side_by_side({name: columns[name] for name in ids}, "covariance")}
    if EXPECTED in columns:
        arrays["expected_returns"] = columns[EXPECTED]
    return beliefs_of(ids, arrays, None)


def beliefs_of(ids: Sequence[Any], arrays: Mapping[str, npt.NDArray[Any]], periods_per_year: Any) -> Beliefs:
    """The beliefs, once they fit together. arrays: under NAMES. Raises InvalidValue or MissingInput."""
    if not arrays:
        raise MissingInput("beliefs say something: expected_returns, a covariance or returns", field="body")
    named = _ids(ids)
    found = {name: _checked(values, name) for name, values in arrays.items()}
    _require_shapes(found, len(named))
    for name in ("covariance", "Omega"):
        if name in found:
            found[name] = _symmetric(found[name], name)
    low, high = RANGES["periods_per_year"]
    year = None if periods_per_year is None else number(periods_per_year, "periods_per_year", low=low, high=high)
    if "covariance" in found and "F" in found:
        raise InvalidValue("covariance", "a matrix", "stands beside F, Omega and D; give one of the two")
    return Beliefs(named, **{name: sealed(values) for name, values in found.items()}, periods_per_year=year)


def _ids(ids: Sequence[Any]) -> tuple[str, ...]:
    if not 1 <= len(ids) <= MOST_ASSETS:
        raise InvalidValue("ids", f"{len(ids)} of them", f"between 1 and {MOST_ASSETS} are accepted")
    named = tuple(text(one, f"ids[{i}]") for i, one in enumerate(ids))
    if len(set(named)) < len(named):
        twice = next(one for one in named if named.count(one) > 1)
        raise InvalidValue("ids", twice, "stands twice", fix="give every asset an id of its own")
    return named


def _array(value: Any, name: str) -> npt.NDArray[np.float64]:
    """A list of numbers, or of lists of them, as an array."""
    low, high, gaps = OF_ARRAYS[name]
    items = list_of(value, name, least=1, most=MOST_ROWS)
    if not isinstance(items[0], list | tuple):
        return numbers(items, name, low=low, high=high, most=MOST_ROWS, gaps=gaps)
    width = len(items[0])
    rows = [numbers(row, f"{name}[{i}]", low=low, high=high, most=MOST_ASSETS, gaps=gaps) for i, row in enumerate(items)]
    odd = next((i for i, row in enumerate(rows) if len(row) != width), None)
    if odd is not None:
        raise InvalidValue(f"{name}[{odd}]", f"{len(rows[odd])} numbers", f"the rows above have {width}")
    return np.array(rows, dtype=np.float64)


def _side_by_side(columns: Mapping[str, npt.NDArray[Any]], name: str) -> npt.NDArray[Any]:
    odd = next((column for column, values in columns.items() if values.dtype.kind not in "fiu"), None)
    if odd is not None:
        raise InvalidValue(shown(odd), "a column", "holds no numbers", fix=f"write numbers in every column of {name}")
    if not columns:
        raise MissingInput(f"there is no column of {name}", field=name)
    return np.column_stack([values.astype(np.float64) for values in columns.values()])


def _checked(values: npt.NDArray[Any], name: str) -> npt.NDArray[np.float64]:
    low, high, gaps = OF_ARRAYS[name]
    if values.dtype.kind not in "fiu":
        raise InvalidValue(name, f"an array of {values.dtype}", "holds no numbers")
    found = np.ascontiguousarray(values, dtype=np.float64)
    known = found[~np.isnan(found)] if gaps else found
    if known.size == 0 or not (bool(np.isfinite(known).all()) and float(known.min()) >= low and float(known.max()) <= high):
        raise InvalidValue(name, "numbers", f"are finite and lie in [{low:g}, {high:g}]",
                           fix="fractions are meant: 5 % is 0.05")  # fmt: skip
    return found


def _require_shapes(found: Mapping[str, npt.NDArray[np.float64]], n: int) -> None:
    factors = [name for name in ("F", "Omega", "D") if name in found]
    if factors and len(factors) < 3:
        lacks = next(name for name in ("F", "Omega", "D") if name not in found)
        raise MissingInput(f"{lacks} is needed beside {factors[0]}", field=lacks)
    k = found["F"].shape[-1] if "F" in found else 0
    shapes = {"expected_returns": (n,), "covariance": (n, n), "F": (n, k), "Omega": (k, k), "D": (n,)}
    if "returns" in found:
        shapes["returns"] = (len(found["returns"]), n)
    for name, values in found.items():
        if values.shape != shapes[name]:
            raise InvalidValue(name, f"of shape {values.shape}", f"{shapes[name]} belongs to {n} ids")


def _symmetric(values: Matrix, name: str) -> Matrix:
    """(n, n) exactly symmetric. Raises InvalidValue for what is not, or is not positive semidefinite."""
    apart, most = np.abs(values - values.T), max(float(np.abs(values).max()), 1e-300)
    if float(apart.max()) > ASYMMETRY * most:
        i, j = (int(k) for k in np.unravel_index(int(apart.argmax()), apart.shape))
        raise InvalidValue(f"{name}[{i}][{j}]", float(values[i, j]), f"is not symmetric: [{j}][{i}] is {float(values[j, i])!r}")
    found = np.asarray((values + values.T) / 2)
    floor = 1e-9 * max(float(np.trace(found)) / len(found), 1e-300)
    try:
        np.linalg.cholesky(found + floor * np.eye(len(found)))
    except np.linalg.LinAlgError:
        lowest = float(np.linalg.eigvalsh(found)[0])
        if lowest < -floor or math.isnan(lowest):
            raise InvalidValue(name, f"smallest eigenvalue {lowest:.3g}", "is not positive semidefinite: no returns have it",
                               fix="estimate it from one common history") from None  # fmt: skip
    return found


def beliefs_line(beliefs: Beliefs) -> dict[str, Any]:
    """What they hold, without the numbers."""
    parts = {name: getattr(beliefs, name) for name in OF_ARRAYS}
    return {
        "beliefs_id": beliefs.beliefs_id,
        "ids": list(beliefs.ids),
        "holds": {name: list(values.shape) for name, values in parts.items() if values is not None},
        "periods_per_year": beliefs.periods_per_year,
    }
