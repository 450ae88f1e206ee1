"""A set of names is walked in another order in every process: what comes out of it in order, or is added up, would differ."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "portopt"
# Where the order does not matter: what is made is looked up by name, or each is done by itself.
ALLOWED = {
    "adapters/store/migrations/env.py": "each schema is made",
    "diagnosis/minimal_conflicts.py": "a mask of limits",
    "doors/wire/answers/chosen.py": "what is newest, looked up by portfolio",
    "market/currencies.py": "each column is divided",
}


def is_set(node: ast.expr) -> bool:
    if isinstance(node, ast.Set | ast.SetComp):
        return True
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub | ast.BitOr | ast.BitAnd | ast.BitXor):
        return is_set(node.left) or is_set(node.right)
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("set", "frozenset")


def walked(tree: ast.AST) -> Iterator[int]:
    """Lines that walk a set and make something in order of it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.For) and is_set(node.iter):
            yield node.lineno
        if isinstance(node, ast.ListComp | ast.GeneratorExp | ast.DictComp):
            yield from (node.lineno for part in node.generators if is_set(part.iter))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("list", "tuple", "sum", "dict"):
            yield from (node.lineno for given in node.args[:1] if is_set(given))


def test_no_set_is_walked_where_its_order_would_be_seen() -> None:
    found = {
        f"{path.relative_to(SOURCE).as_posix()}:{line}"
        for path in SOURCE.rglob("*.py")
        for line in walked(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert {place for place in found if place.partition(":")[0] not in ALLOWED} == set()


def test_each_place_that_is_allowed_is_there() -> None:
    assert {name for name in ALLOWED if not list(walked(ast.parse((SOURCE / name).read_text(encoding="utf-8"))))} == set()


def test_a_sum_over_a_set_is_seen() -> None:
    assert list(walked(ast.parse("sum(f(n) for n in {*a, *b})"))) == [1]
    assert list(walked(ast.parse("sum(f(n) for n in {**a, **b})"))) == []
