"""What a value is known by: a digest of every field that is its content, so that a field that is added is never left out."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Container, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np

from portopt.domain.canonical import LATER, canonical_text, digest


def identity_of(value: Any, aside: Container[str] = (), **spelled: Any) -> str:
    """SHA-256 of a frozen value, field by field: all of them but those that are no part of its comparison and those `aside`.

    aside: fields that are left out; of a value inside another by its path, `moments.scenarios`. spelled: fields as they are to
    be read, in the place of what they hold.
    """
    blocks: list[Any] = []
    words = _fields(value, "", aside, blocks, spelled)
    return digest(canonical_text(words).encode(), *blocks)


def _fields(value: Any, path: str, aside: Container[str], blocks: list[Any], spelled: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    later = _later(type(value))  # type: ignore[arg-type]
    for name in _content(type(value)):  # type: ignore[arg-type]
        at = path + name
        if at not in aside and not (name in later and getattr(value, name) is None):
            found[name] = spelled[at] if at in spelled else _word(getattr(value, name), at, aside, blocks)
    return found


def _word(value: Any, path: str, aside: Container[str], blocks: list[Any]) -> Any:
    """`value` in JSON. An array is put among the blocks, and its place is told: to write its numbers would take too long."""
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)  # JSON has neither, and neither is nothing
    if isinstance(value, np.ndarray):
        blocks.append(value)
        return {"block": len(blocks)}
    if isinstance(value, dict):
        return {name: _word(value[name], path, aside, blocks) for name in sorted(value)}
    if isinstance(value, tuple):
        return [_word(item, path, aside, blocks) for item in value]
    if isinstance(value, Decimal | date):
        return str(value)
    if hasattr(value, "identity"):
        return value.identity()
    return _fields(value, f"{path}.", aside, blocks, {})


@cache
def _content(kind: Any) -> tuple[str, ...]:
    return tuple(f.name for f in dataclasses.fields(kind) if f.compare)


@cache
def _later(kind: Any) -> tuple[str, ...]:
    """Fields that came later: where they hold nothing, the value is known by what it was known by before."""
    return tuple(f.name for f in dataclasses.fields(kind) if LATER.items() <= f.metadata.items())
