"""Strict reading of foreign documents: every unknown name, wrong type and silent ambiguity is an error with a dotted path.

Nothing is coerced: a text is not a number (but "12 %" is a fraction, where one belongs), `true` is not 1, NaN is not JSON, a
name that stands twice is not a choice.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from portopt.dialects.quick_json import read_quickly
from portopt.domain.arrays import Matrix, Vector
from portopt.domain.errors import InvalidValue, MalformedDocument, MissingInput, UnknownField
from portopt.domain.quantities import spelled_fraction

MAX_DOCUMENT_BYTES = 64 * 2**20  # about 1,700 strategies with a full covariance
MAX_NAME = 100  # S1: portfolio_id is at most 100 characters
MAX_SHOWN = 80
MAX_DEPTH = 64  # lists and objects within each other; what nests deeper asks nothing, and would exhaust those who walk it
NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
PLAIN_NUMBERS = frozenset({float, int})  # bool, which derives from int, is none
QUOTED = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


def parse_json(document: bytes | str) -> Any:
    """The JSON value in a document. Raises MalformedDocument for anything RFC 8259 does not allow, and for repeated names."""
    raw = document.encode("utf-8", "surrogatepass") if isinstance(document, str) else document
    if len(raw) > MAX_DOCUMENT_BYTES:
        raise MalformedDocument(
            f"the document has more than {MAX_DOCUMENT_BYTES // 2**20} MiB",
            measured={"bytes": len(raw), "largest_allowed": MAX_DOCUMENT_BYTES},
            fixes=["send fewer assets, or fewer returns of each"],
        )
    if (quick := read_quickly(raw)) is not None:
        _require_shallow(raw)
        return quick
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MalformedDocument(f"the document is not UTF-8 text (byte {error.start})") from None
    if not text.strip():
        raise MalformedDocument("the document is empty", fixes=["send a JSON object"])
    try:
        found = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        where = {"line": error.lineno, "column": error.colno}
        detail = f"the document is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        raise MalformedDocument(detail, measured=where) from None
    except RecursionError:
        raise MalformedDocument("the document is nested too deeply to be a request") from None
    except ValueError:  # an integer of thousands of digits; JSONDecodeError was caught above
        raise MalformedDocument("the document holds a number with too many digits") from None
    _require_shallow(raw)
    return found


def _require_shallow(raw: bytes) -> None:
    if _is_deep(raw) and _is_deep(QUOTED.sub(b"", raw)):
        raise MalformedDocument(f"the document is nested more than {MAX_DEPTH} deep", measured={"deepest_allowed": MAX_DEPTH})


def _is_deep(document: bytes) -> bool:
    """Whether brackets are left when the innermost pairs have been taken out so often; those in texts count too."""
    left = document.translate(None, NO_BRACKETS)
    for _ in range(MAX_DEPTH):
        if not left:
            return False
        left = left.replace(b"[]", b"").replace(b"{}", b"")
    return bool(left)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise MalformedDocument(
            f"the name {shown(twice)!r} stands twice in one object; which one is meant?",
            field=shown(twice),
            fixes=[f"remove one {shown(twice)!r}"],
        )
    return found


def _refuse_constant(name: str) -> None:
    raise MalformedDocument(f"{name} is not JSON; leave the value out or write null", value=name)


def shown(value: Any) -> Any:
    """`value` short enough, and plain enough, to be quoted in a sentence and in a problem object."""
    if isinstance(value, list | tuple) and len(value) > 6:
        return f"a list of {len(value)}"
    if isinstance(value, Mapping) and len(value) > 6:
        return f"an object of {len(value)}"
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if abs(value) < 10**15 else "a very large number"
    text = value if isinstance(value, str) else repr(value)
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def what(value: Any) -> str:
    """What kind of JSON value this is, in words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    for kind, name in ((int | float, "a number"), (str, "a text"), (list | tuple, "a list"), (Mapping, "an object")):
        if isinstance(value, kind):
            return name
    return f"a {type(value).__name__}"


def object_of(value: Any, field: str, known: Iterable[str]) -> Mapping[str, Any]:
    """`value` as an object that holds known names only. `field` "" is the document itself."""
    known = tuple(known)
    if not isinstance(value, Mapping):
        if not field:
            raise MalformedDocument(f"the document is {what(value)}; an object is needed here", value=shown(value))
        raise InvalidValue(field, shown(value), f"{what(value)} stands where an object belongs", fix=_names(known))
    for name in value:
        if not isinstance(name, str) or name not in known:
            raise UnknownField(str(shown(name)), known, path=field, value=shown(value[name]))
    return value


def _names(known: Sequence[str]) -> str:
    return f"write an object; known names: {', '.join(known)}"


def mapping_of(value: Any, field: str) -> Mapping[str, Any]:
    """`value` as an object whose names are the user's own (assets, sectors)."""
    if not isinstance(value, Mapping):
        raise InvalidValue(field, shown(value), f"{what(value)} stands where an object belongs", fix='write {"name": value}')
    for name in value:
        text(name, f"a name in {field}")
    return value


def list_of(value: Any, field: str, *, least: int = 0, most: int) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise InvalidValue(field, shown(value), f"{what(value)} stands where a list belongs", fix="write a list: [ … ]")
    if len(value) < least:
        raise InvalidValue(field, shown(value), f"the list has {len(value)} entries; at least {least} belong here")
    if len(value) > most:
        raise InvalidValue(field, shown(value), f"the list has {len(value)} entries; at most {most} are accepted")
    return value


def required(doc: Mapping[str, Any], name: str, path: str = "") -> Any:
    """doc[name]. Raises MissingInput where it is absent or null."""
    if doc.get(name) is None:
        where = f"{path}.{name}" if path else name
        raise MissingInput(f"{where} is missing", field=where, fixes=[f"add {name!r}"])
    return doc[name]


def number(value: Any, field: str, *, low: float = -math.inf, high: float = math.inf, fraction: bool = False) -> float:
    """A finite JSON number within [low, high], as a float.

    fraction: of a whole, so that "12 %" and "15 bps" are such numbers too; any other text is none.
    """
    spelled = spelled_fraction(value) if fraction else None
    value = value if spelled is None else spelled
    if isinstance(value, bool) or not isinstance(value, int | float):
        fix = "write the number without quotes" if isinstance(value, str) else "write a number"
        raise InvalidValue(field, shown(value), f"{what(value)} stands where a number belongs", fix=fix)
    try:
        result = float(value)
    except OverflowError:
        result = math.inf
    if not math.isfinite(result):
        raise InvalidValue(field, shown(value), "the number is too large or not finite", fix="write a finite number")
    if not low <= result <= high:
        raise InvalidValue(field, shown(value), f"must lie in {_interval(low, high)}", fix=_fraction_hint(result, low, high))
    return result


def _interval(low: float, high: float) -> str:
    if math.isinf(high):
        return f"[{low:g}, ∞)"
    return f"(−∞, {high:g}]" if math.isinf(low) else f"[{low:g}, {high:g}]"


def _fraction_hint(value: float, low: float, high: float) -> str | None:
    if high <= 1.0 < value <= 100.0 and low <= value / 100 <= high:
        return f"fractions are meant: {value:g} % is {value / 100:g}"
    return None


def whole_number(value: Any, field: str, *, low: int = 0, high: int = 10**9) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidValue(
            field, shown(value), f"{what(value)} stands where a whole number belongs", fix="write a whole number"
        )
    if not low <= value <= high:
        raise InvalidValue(field, shown(value), f"must lie in [{low}, {high}]")
    return value


def flag(value: Any, field: str) -> bool:
    if not isinstance(value, bool):
        raise InvalidValue(field, shown(value), f"{what(value)} stands where true or false belongs", fix="write true or false")
    return value


def text(value: Any, field: str, *, most: int = MAX_NAME) -> str:
    """A text of 1 to `most` printable characters."""
    if not isinstance(value, str):
        raise InvalidValue(field, shown(value), f"{what(value)} stands where a text belongs", fix="write it in quotes")
    if not value.strip():
        raise InvalidValue(field, value, "the text is empty")
    if len(value) > most:
        raise InvalidValue(field, shown(value), f"the text has {len(value)} characters; at most {most} are accepted")
    if not value.isprintable():
        raise InvalidValue(field, shown(value), "the text holds a control or unprintable character")
    return value


def one_of(value: Any, field: str, known: Iterable[str]) -> str:
    """A word of a closed list; the nearest one is offered."""
    import difflib

    known = list(known)
    word = text(value, field)
    if word not in known:
        near = difflib.get_close_matches(word.lower(), [k.lower() for k in known], n=1, cutoff=0.5)
        fix = next((f"use {k!r}" for k in known if near and k.lower() == near[0]), f"use one of: {', '.join(known)}")
        raise InvalidValue(field, word, f"is none of {', '.join(known)}", fix=fix)
    return word


def numbers(
    values: Any, field: str, *, low: float, high: float, size: int | None = None, most: int, gaps: bool = False
) -> Vector:
    """(k,) a list of numbers; null becomes NaN where `gaps` are allowed."""
    items = list_of(values, field, most=most)
    if size is not None and len(items) != size:
        raise InvalidValue(field, shown(items), f"has {len(items)} entries for {size} strategies")
    if items and PLAIN_NUMBERS.issuperset(map(type, items)):  # the fast path: one conversion for a long list
        try:
            array = np.array(items, dtype=np.float64)
        except OverflowError:
            array = np.array([math.inf])
        if bool(np.isfinite(array).all()) and float(array.min()) >= low and float(array.max()) <= high:
            return array
    checked = [
        math.nan if gaps and item is None else number(item, f"{field}[{i}]", low=low, high=high) for i, item in enumerate(items)
    ]
    return np.array(checked, dtype=np.float64)


def square(values: Any, field: str, size: int, *, low: float, high: float) -> Matrix:
    """(size, size) a list of rows, symmetric to 1e-8 of its largest entry and made exactly so."""
    rows = list_of(values, field, most=max(size, 1))
    if len(rows) != size:
        raise InvalidValue(field, shown(rows), f"has {len(rows)} rows for {size} strategies")
    matrix = np.array([numbers(row, f"{field}[{i}]", low=low, high=high, size=size, most=size) for i, row in enumerate(rows)])
    apart = np.abs(matrix - matrix.T)
    if float(apart.max()) > 1e-8 * max(float(np.abs(matrix).max()), 1e-300):
        i, j = (int(k) for k in np.unravel_index(int(apart.argmax()), apart.shape))
        raise InvalidValue(
            f"{field}[{i}][{j}]", float(matrix[i, j]), f"is not symmetric: [{j}][{i}] is {float(matrix[j, i])!r}"
        )
    return np.asarray((matrix + matrix.T) / 2)
