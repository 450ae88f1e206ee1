"""Imports point down, the lazy ones too: no module needs, at any time, one that needs it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
ROOTS = ((REPOSITORY / "src", "portopt"), (REPOSITORY, "flows"), (REPOSITORY, "tasks"))
# Names of modules in strings: {the function that loads what they name: the package that they begin in}.
LOADERS = {"at_first_use": "", "import_module": "", "term": "portopt.terms.", "holding": "portopt.terms."}


@cache
def modules() -> Mapping[str, Path]:
    """Every module of ours by its dotted name."""
    found = {}
    for base, package in ROOTS:
        for path in sorted((base / package).rglob("*.py")):
            parts = path.relative_to(base).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def ours(name: str) -> str | None:
    """The module of ours that `name`, a module or what one shows, comes from."""
    while name and name not in modules():
        name = name.rpartition(".")[0]
    return name or None


def named_in(tree: ast.AST) -> Iterator[str]:
    """What a module imports: at its top, in its functions, for its types alone, and by names in strings."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports of ours say where they come from"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call):
            function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if function in LOADERS:
                texts = (inner.value for inner in ast.walk(node) if isinstance(inner, ast.Constant))
                yield from (LOADERS[function] + text for text in texts if isinstance(text, str))


def imports(tree: ast.AST, of: str) -> set[str]:
    found = {ours(name) for name in named_in(tree)}
    return {name for name in found if name is not None and name != of}


@cache
def graph() -> Mapping[str, set[str]]:
    return {name: imports(ast.parse(path.read_text(encoding="utf-8")), name) for name, path in modules().items()}


def circle_in(edges: Mapping[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_two_modules_import_each_other_at_any_time() -> None:
    assert circle_in(graph()) == []


@pytest.mark.parametrize(
    "line",
    [
        "import portopt.pipeline",
        "from portopt import pipeline",
        "from portopt.pipeline import optimize",
        "def later():\n    from portopt.pipeline import optimize",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from portopt.pipeline import Solved",
        "__getattr__ = at_first_use(__name__, {'optimize': 'portopt.pipeline'})",
        "module = importlib.import_module('portopt.pipeline')",
    ],
)
def test_the_reader_sees_every_way_to_import(line: str) -> None:
    assert "portopt.pipeline" in imports(ast.parse(line), "portopt.domain.problem")


def test_the_reader_sees_the_terms_that_the_catalog_names_in_strings() -> None:
    rooms = tuple(f"portopt.terms.{room}." for room in ("limits", "objectives", "costs"))
    known = {name for name in modules() if name.startswith(rooms)}
    assert len(known) > 50
    assert known <= graph()["portopt.terms.catalog"]


def test_a_module_that_imports_what_imports_it_is_found() -> None:
    edges = {**graph(), "portopt.domain.arrays": {"portopt.pipeline"}}
    assert circle_in(edges)
