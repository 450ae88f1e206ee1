"""A frozen value with one of its fields altered, field by field: the same but for that."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Container, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np

from portopt.domain.factor_model import FactorModel
from portopt.domain.units import Units
from portopt.domain.universe import Universe

# A step has one size, so that no asset says all of its units at once.
IN_UNITS = (
    Units(Decimal("0.01"), Decimal("1.32"), min_denomination=Decimal(2000), increment=Decimal(1000), settlement_days=2),
    Units(Decimal(10), Decimal(1), lot_size=Decimal(100)),
    Units(fraction_digits=3, nav_priced=True, cut_off="16:00"),
)
DECLARED = {"FactorModel": FactorModel}  # what a value names for its types alone


def alterations(value: Any, path: str = "", aside: Container[str] = ()) -> Iterator[tuple[str, Any]]:
    """(path of the field, `value` with that field altered), through the values it holds; fields that are worked out are not.

    A field that holds nothing, None or an empty collection, has nothing to alter. aside: fields to leave alone.
    """
    for f in dataclasses.fields(value):
        if f.init and (at := f"{path}{f.name}") not in aside:
            for name, changed in _of(getattr(value, f.name), at):
                yield name, dataclasses.replace(value, **{f.name: changed})


def with_units(universe: Universe, units: Units) -> Universe:
    """The same, its last asset in those units."""
    *others, last = universe.assets
    return Universe((*others, dataclasses.replace(last, units=units)))


def paths(kind: Any, path: str = "") -> Iterator[str]:
    """Every field of a dataclass, and of those that its fields are declared to hold."""
    hints = get_type_hints(kind, vars(sys.modules[kind.__module__]) | DECLARED)
    for f in (f for f in dataclasses.fields(kind) if f.init):
        inner = next((a for a in (hints[f.name], *get_args(hints[f.name])) if dataclasses.is_dataclass(a)), None)
        many = "[]" if inner is not None and get_origin(hints[f.name]) is tuple else ""
        yield from [f"{path}{f.name}"] if inner is None else paths(inner, f"{path}{f.name}{many}.")


def _of(held: Any, at: str) -> Iterator[tuple[str, Any]]:
    if isinstance(held, bool):
        yield at, not held
    elif isinstance(held, Decimal):
        yield at, held + Decimal("0.5")
    elif isinstance(held, int | float):
        yield at, held + 1
    elif isinstance(held, str):
        yield at, f"{held} altered"
    elif isinstance(held, date):
        yield at, held + timedelta(days=1)
    elif isinstance(held, np.ndarray):
        yield at, _array(held)
    elif dataclasses.is_dataclass(held):
        yield from alterations(held, f"{at}.")
    elif isinstance(held, Mapping) and held:
        last = list(held)[-1]
        yield at, {name: held[name] for name in held if name != last}
        yield from ((name, {**held, last: changed}) for name, changed in _of(held[last], at))
    elif isinstance(held, tuple) and held:
        many = "[]" if dataclasses.is_dataclass(held[-1]) else ""
        yield from ((name, (*held[:-1], changed)) for name, changed in _of(held[-1], f"{at}{many}"))
    elif held not in (None, (), {}):
        raise AssertionError(f"{at} holds {held!r}: say how that is altered")


def _array(held: np.ndarray) -> np.ndarray:
    """Other numbers; dates still increase, and what is symmetric or adds to one stays so."""
    if held.dtype.kind == "M":
        return held + np.timedelta64(1, "D")
    if held.ndim == 1 and abs(held.sum() - 1.0) < 1e-12:
        return np.roll(held, 1)
    return np.nan_to_num(held, nan=0.5, posinf=np.inf) * 1.25 + 0.01


def backwards(value: Any) -> Any:
    """The same data with every mapping written the other way round."""
    if isinstance(value, dict):
        return {key: backwards(value[key]) for key in reversed(value)}
    return type(value)(backwards(item) for item in value) if isinstance(value, list | tuple) else value
