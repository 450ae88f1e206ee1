"""Whoever reads a function that takes or gives arrays reads their shapes: in its docstring, or in its class's."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "portopt"
ARRAYS = re.compile(r"\b(Vector|Matrix|Mask|Indices)\b")
SIZE = r"(?:\d+|[A-Za-z]'?|count|size|nnz|draws|len\(\w+\))"
SHAPE = re.compile(rf"\({SIZE}(?: [+*-] {SIZE})*,[^()]*\)")  # (n,), (T, n), (n - 1, 4), …
AT_LEAST = 0.9


def array_functions() -> Iterator[tuple[str, bool]]:
    """Every public function and method that takes or gives arrays, and whether a docstring says a shape."""
    for path in sorted(SOURCE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        yield from _among(tree.body, str(path.relative_to(SOURCE)), "")


@cache
def spoken() -> set[str]:
    """The members that mean the same in every term: their shapes are said once, in terms/__init__.py."""
    said = ast.get_docstring(ast.parse((SOURCE / "terms" / "__init__.py").read_text(encoding="utf-8"))) or ""
    assert SHAPE.search(said)
    return set(re.findall(r"(\w+)\(w, p\)", said))


def _among(body: list[ast.stmt], where: str, of_class: str) -> Iterator[tuple[str, bool]]:
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from _among(node.body, f"{where}:{node.name}", ast.get_docstring(node) or "")
        elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and _speaks_of_arrays(node):
            told = f"{ast.get_docstring(node) or ''} {of_class}"
            common = [argument.arg for argument in node.args.args] == ["self", "w", "p"] and node.name in spoken()
            yield f"{where}:{node.name}", common or SHAPE.search(told) is not None


def _speaks_of_arrays(node: ast.FunctionDef) -> bool:
    arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
    annotations = [argument.annotation for argument in arguments] + [node.returns]
    return any(ARRAYS.search(ast.unparse(annotation)) for annotation in annotations if annotation is not None)


def test_nine_of_ten_functions_of_arrays_say_the_shapes() -> None:
    found = dict(array_functions())
    assert len(found) > 500
    without = sorted(name for name, told in found.items() if not told)
    assert len(without) <= (1.0 - AT_LEAST) * len(found), "\n".join(without)


def test_the_reader_knows_a_shape_from_other_brackets() -> None:
    for text in ("(n,) weights", "X: (T, n)", "(n - 1, 4) merges", "(K + 1,)"):
        assert SHAPE.search(text), text
    for text in ("(of a book, say)", "(Michaud, 1998)", "read(w, p)", "(fast)"):
        assert not SHAPE.search(text.replace("(w, p)", "")), text
