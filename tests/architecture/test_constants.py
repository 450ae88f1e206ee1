"""A constant means one thing: assigned once, a unit one number, and so is a number that one module takes from another."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
UNITS = ("BPS", "PERCENT", "WIDE")
# Zero in money, the smallest weight in a choice: in each room what counts as nothing there.
SEVERAL = {"NOTHING"}


def files() -> list[Path]:
    return sorted(path for folder in ("src", "flows", "tasks") for path in (REPOSITORY / folder).rglob("*.py"))


def assigned(tree: ast.Module) -> Iterator[tuple[str, ast.expr | None]]:
    """The constants of a module and what they are: at its top alone, a tuple name by name."""
    for node in tree.body:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from _pairs(target, node.value)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            yield from _pairs(node.target, node.value)


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr | None]]:
    if isinstance(target, ast.Name) and target.id.isupper():
        yield target.id, value
    elif isinstance(target, ast.Tuple):
        parts = value.elts if isinstance(value, ast.Tuple) else [None] * len(target.elts)
        for inner, part in zip(target.elts, parts, strict=True):
            yield from _pairs(inner, part) if part is not None else ()


def number(value: ast.expr | None) -> float | None:
    """The number that a literal stands for, Decimal("0.0001") and 64 * 1024 too; None for anything else."""
    if value is None:
        return None
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "Decimal" and isinstance(value.args[0], ast.Constant):
        return float(value.args[0].value)  # type: ignore[arg-type]
    simple = (ast.Constant, ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop)
    if not all(isinstance(node, simple) for node in ast.walk(value)):
        return None
    found: Any = eval(compile(ast.Expression(value), "constant", "eval"), {})
    return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None


def assigned_twice(tree: ast.Module) -> list[str]:
    return [name for name, times in Counter(name for name, _ in assigned(tree)).items() if times > 1]


@cache
def trees() -> dict[str, ast.Module]:
    return {".".join(path.with_suffix("").parts): ast.parse(path.read_text(encoding="utf-8")) for path in files()}


def numbers() -> dict[str, dict[str, float]]:
    """Every number by the name it bears, in every module."""
    found: dict[str, dict[str, float]] = {}
    for module, tree in trees().items():
        for name, value in assigned(tree):
            if (read := number(value)) is not None:
                found.setdefault(name, {})[module] = read
    return found


def lent(name: str, modules: Iterable[str]) -> bool:
    """Whether one of the modules that assign it lends it to another."""
    givers = taken().get(name, set())
    return any(module.endswith(f".{giver}") for module in modules for giver in givers)


@cache
def taken() -> dict[str, set[str | None]]:
    """By name, the modules that it is taken from anywhere."""
    found: dict[str, set[str | None]] = {}
    for tree in trees().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    found.setdefault(alias.name, set()).add(node.module)
    return found


def test_no_module_assigns_a_constant_twice() -> None:
    twice = {str(path): assigned_twice(ast.parse(path.read_text(encoding="utf-8"))) for path in files()}
    assert {path: names for path, names in twice.items() if names} == {}


def test_the_reader_sees_a_second_assignment() -> None:
    assert assigned_twice(ast.parse("WIDE = 100\nWIDE, FAR = 200, 1")) == ["WIDE"]


def test_a_number_that_modules_share_bears_a_name_that_no_other_number_bears() -> None:
    several = {name: found for name, found in numbers().items() if len(set(found.values())) > 1}
    shared = {name for name, found in several.items() if lent(name, found)}
    assert shared == SEVERAL, "two numbers by one name, of which one travels: call one of them otherwise"


def test_a_unit_is_one_number_wherever_it_is_written() -> None:
    found = numbers()
    assert {name: len(set(found[name].values())) for name in UNITS} == dict.fromkeys(UNITS, 1)
