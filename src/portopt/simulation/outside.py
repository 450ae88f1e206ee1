"""Data that a strategy brings along by itself: no noise reaches it, so nothing can be shown of what it knows."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from types import FunctionType, MethodType, ModuleType
from typing import Any

from portopt.domain.market import MarketSnapshot
from portopt.simulation.history import History, Known

DEEPEST = 3
LEAST_ROWS = 30  # fewer rows than this are no history


def outside_data(strategy: object, history: History) -> list[str]:
    """In sentences, what the strategy holds on to that has about as many rows as there are sessions, or is a history itself."""
    if strategy is None:
        return []
    found = []
    for name, value in _reached(strategy, 0, set()):
        if _is_history(value, history):
            found.append(
                f"the strategy reads {name} ({type(value).__name__}), which is there beside the history that it is given: "
                "noise cannot take its place, so nothing can be shown; make it in `prepare(history)`, or from `known`"
            )
    return list(dict.fromkeys(found))


def _reached(value: object, depth: int, seen: set[int]) -> Iterator[tuple[str, Any]]:
    """What a function closes over or names, and what an object of one's own holds, by name."""
    if id(value) in seen or depth > DEEPEST:
        return
    seen.add(id(value))
    for name, held in _held_by(value):
        yield name, held
        if not isinstance(held, ModuleType | type) and (callable(held) or hasattr(held, "__dict__")):
            yield from _reached(held, depth + 1, seen)


def _held_by(value: object) -> Iterator[tuple[str, Any]]:
    if isinstance(value, MethodType):
        yield "self", value.__self__
        value = value.__func__
    if isinstance(value, FunctionType):
        named = inspect.getclosurevars(value)
        yield from {**named.globals, **named.nonlocals}.items()
        yield from _defaults(value)
        return
    if isinstance(value, History | Known | MarketSnapshot):
        return
    fields = getattr(value, "__dict__", None) or {
        name: getattr(value, name) for name in getattr(type(value), "__slots__", ()) if hasattr(value, name)
    }
    yield from fields.items()
    if callable(value) and not isinstance(value, type):
        methods = (vars(type(value)).get(name) for name in ("__call__", "decide"))
        yield from ((method.__qualname__, method) for method in methods if isinstance(method, FunctionType))


def _defaults(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """Default values of its arguments."""
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.default is not inspect.Parameter.empty:
            yield name, parameter.default


def _is_history(value: object, history: History) -> bool:
    """A history, or a table that has about as many rows as there are sessions."""
    if isinstance(value, History | Known | MarketSnapshot):
        return True
    rows = _rows(value)
    return rows >= max(LEAST_ROWS, len(history) // 4) and rows != len(history.ids)


def _rows(value: object) -> int:
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and shape and all(isinstance(n, int) for n in shape):
        return int(max(shape))
    if isinstance(value, list | tuple):
        return len(value) if value and isinstance(value[0], int | float | list | tuple) else 0
    return len(value) if isinstance(value, Mapping) and not all(isinstance(key, str) for key in value) else 0
