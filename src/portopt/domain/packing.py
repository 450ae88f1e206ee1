"""Values as bytes and back, exactly, without pickles: numbers, texts, dates, arrays, and frozen dataclasses of a given list.

    pack(value, kinds) -> bytes        an npz: the arrays by number, and the rest as JSON that names them
    unpack(content, kinds) -> value    equal to what was packed, in types and in bits

kinds: the dataclasses that may stand in it, by name. The same value gives the same bytes in every process.
"""

from __future__ import annotations

import dataclasses
import io
import json
import struct
import zlib
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from portopt.domain.errors import DataError

LEVEL = 1  # of compression: a piece is written once and read once
HEAD = struct.Struct("<QQ")  # bytes of the JSON, of the arrays


def pack(value: Any, kinds: Iterable[type]) -> bytes:
    """Raises TypeError for a value of a kind that is not known here."""
    arrays: list[np.ndarray] = []
    known = {kind.__name__ for kind in kinds}
    text = json.dumps(_written(value, arrays, known), separators=(",", ":"), sort_keys=True).encode()
    buffer = io.BytesIO()
    for array in arrays:
        np.save(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return zlib.compress(HEAD.pack(len(text), buffer.tell()) + text + buffer.getvalue(), LEVEL)


def unpack(content: bytes, kinds: Iterable[type]) -> Any:
    """Raises DataError for bytes that `pack` did not make, or that name a dataclass of no such kind."""
    try:
        raw = zlib.decompress(content)
        length, _ = HEAD.unpack_from(raw)
        text, buffer = raw[HEAD.size : HEAD.size + length], io.BytesIO(raw[HEAD.size + length :])
        arrays: list[np.ndarray] = []
        while buffer.tell() < len(buffer.getbuffer()):
            arrays.append(np.load(buffer, allow_pickle=False))
        return _read(json.loads(text), arrays, {kind.__name__: kind for kind in kinds})
    except (zlib.error, struct.error, ValueError, KeyError, IndexError, TypeError, EOFError) as error:
        raise DataError("what was kept cannot be read any more", field="piece") from error


def _written(value: Any, arrays: list[np.ndarray], known: set[str]) -> Any:
    """As JSON: what JSON has itself stands as it is, all else is a list that begins with the word for its kind."""
    if value is None or isinstance(value, str | bool) or type(value) is int:
        return value
    if isinstance(value, np.ndarray):
        arrays.append(value)
        return ["array", len(arrays) - 1]
    if isinstance(value, Mapping):
        return ["map", [[_written(k, arrays, known), _written(v, arrays, known)] for k, v in value.items()]]
    if isinstance(value, list | tuple):
        word = "tuple" if isinstance(value, tuple) else "list"
        return [word, [_written(item, arrays, known) for item in value]]
    if type(value).__name__ in known and dataclasses.is_dataclass(value):
        fields = {f.name: _written(getattr(value, f.name), arrays, known) for f in dataclasses.fields(value) if f.init}
        return ["of", type(value).__name__, fields]
    word, text = _word(value)
    return [word, text]


def _word(value: Any) -> tuple[str, str]:
    """Its kind and its letters, which give it back to the bit."""
    if isinstance(value, np.generic):
        return f"np:{value.dtype.str}", value.tobytes().hex()
    if isinstance(value, float):
        return "float", value.hex()
    if isinstance(value, Decimal):
        return "decimal", str(value)
    if isinstance(value, Fraction):
        return "fraction", str(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return "date", value.isoformat()
    raise TypeError(f"{type(value).__name__} is of no kind that is packed")


_READERS: Mapping[str, Callable[[str], Any]] = {
    "float": float.fromhex,
    "decimal": Decimal,
    "fraction": Fraction,
    "date": date.fromisoformat,
}


def _read(data: Any, arrays: list[np.ndarray], kinds: Mapping[str, type]) -> Any:
    if not isinstance(data, list):
        return data
    word, content = data[0], data[1]
    if word == "array":
        return arrays[content]
    if word == "map":
        return {_read(k, arrays, kinds): _read(v, arrays, kinds) for k, v in content}
    if word in ("list", "tuple"):
        items = [_read(item, arrays, kinds) for item in content]
        return tuple(items) if word == "tuple" else items
    if word == "of":
        return kinds[content](**{name: _read(v, arrays, kinds) for name, v in data[2].items()})
    if word.startswith("np:"):
        return np.frombuffer(bytes.fromhex(content), dtype=word[3:])[0]
    return _READERS[word](content)
