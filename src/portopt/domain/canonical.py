"""One spelling for every value, so that equal content has equal bytes and one identity."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any

import numpy as np


def plain(value: Any) -> Any:
    """`value` as what JSON can hold. Arrays become lists, dataclasses objects, decimals strings, NaN null."""
    # The five kinds that a large document consists of come first, by their exact type: it is asked a million times.
    kind: Any = type(value)
    if kind is str or kind is int or kind is bool or value is None:
        return value
    if kind is float:
        return value if math.isfinite(value) else None
    if kind is dict:
        return {key if type(key) is str else str(key): plain(item) for key, item in value.items()}
    if kind is list or kind is tuple:
        return [plain(item) for item in value]
    names = _content(kind)
    if names is not None:
        return _without_later(kind, {name: plain(getattr(value, name)) for name in names})
    return _plain(value)


def _plain(value: Any) -> Any:
    """The rarer kinds, and those that derive from the common ones."""
    if isinstance(value, str | int):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, float):  # NumPy's own among them, which no fast writer takes
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, np.ndarray):
        # A million numbers one by one would cost more than working them out: whole arrays where nothing needs a look.
        exact = value.dtype.kind in "biu" or (value.dtype.kind == "f" and bool(np.isfinite(value).all()))
        return value.tolist() if exact else [plain(item) for item in value.tolist()]
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value) if isinstance(value, set | frozenset) else value
        return [plain(item) for item in items]
    if hasattr(value, "model_dump"):
        return plain(value.model_dump(mode="json"))
    raise TypeError(f"{type(value).__name__} has no canonical form")


def plain_fields(value: Any, **known: Any) -> dict[str, Any]:
    """`plain` of a dataclass. known: fields as they are there already."""
    kind: Any = type(value)
    found = {name: known[name] if name in known else plain(getattr(value, name)) for name in _content(kind) or ()}
    return _without_later(kind, found)


def _without_later(kind: Any, found: dict[str, Any]) -> dict[str, Any]:
    for name, usual in _later(kind).items():
        if name in found and (not found[name] if usual is True else found[name] == usual):
            del found[name]
    return found


@cache
def _content(kind: Any) -> tuple[str, ...] | None:
    """The fields of a dataclass that are its content; None for every other kind, and for one that derives from those above."""
    if issubclass(kind, _RARER) or not dataclasses.is_dataclass(kind):
        return None
    return tuple(f.name for f in dataclasses.fields(kind) if f.compare)


LATER: Mapping[str, bool] = {"later": True}  # of a field that came later: what does not use it is written as it was before


def later_than(usual: str) -> Mapping[str, str]:
    """The same of a word that is not empty where nobody says it."""
    return {"later": usual}


@cache
def _later(kind: Any) -> dict[str, Any]:
    """By field, what stands there where nobody says anything; True for nothing."""
    return {f.name: f.metadata["later"] for f in dataclasses.fields(kind) if f.metadata.get("later")}


_RARER = (str, int, float, Decimal, date, np.generic, np.ndarray, Mapping, list, tuple, set, frozenset)


def canonical_json(value: Any) -> bytes:
    """UTF-8 JSON: sorted keys, no spaces, shortest round-trip floats."""
    return canonical_text(plain(value)).encode()


def canonical_text(document: Any) -> str:
    """The same of what is plain already, a finished document for one: to look at it once more takes as long as to write it."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical_fields(value: Any, **known: str) -> bytes:
    """`canonical_json` of a dataclass. known: fields in their canonical text, where that is there already."""
    kind: Any = type(value)
    said = {name: plain(getattr(value, name)) for name in _content(kind) or () if name not in known}
    texts = {**{name: canonical_text(part) for name, part in _without_later(kind, said).items()}, **known}
    return ("{" + ",".join(f'"{name}":{text}' for name, text in sorted(texts.items())) + "}").encode()


def digest(*parts: Any) -> str:
    """SHA-256 (hex) of the parts: arrays by dtype, shape and bytes; everything else by canonical JSON."""
    h = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            h.update(f"{part.dtype.str}{part.shape}".encode())
            h.update(np.ascontiguousarray(part).reshape(-1).view(np.uint8).data)
        elif isinstance(part, bytes):
            h.update(part)
        else:
            h.update(canonical_json(part))
        h.update(b"\x1f")
    return h.hexdigest()


def make_id(prefix: str, as_of: date, content_digest: str) -> str:
    """A prefixed identifier that sorts by date and is the content's own: `reb-20221228-3f9c…` (33 characters)."""
    return f"{prefix}-{as_of:%Y%m%d}-{content_digest[:20]}"
