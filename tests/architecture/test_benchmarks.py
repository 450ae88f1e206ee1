"""The benchmarks ask for what there is: every name they take from the product is found, and their smallest cells answer."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from support import environment

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
MODULES = sorted(BENCHMARKS.glob("*.py"))
SMALLEST = """
import argparse, dataclasses, json, request_batches, table
request_batches.ASSETS = 100
options = argparse.Namespace(quick=True, engines=["portopt"], budget=0.0, cap=15.0)
cells = [cell for job in range(table.JOBS) for cell in table._block(20, job, options, {})]
cells += request_batches.request_cells(options)
print(json.dumps([dataclasses.asdict(cell) for cell in cells]))
"""


def taken(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """(module, name) of what is imported from the product, in programs that are written as text too, and of what is then asked
    of the modules among it."""
    bound: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "portopt":
            for alias in node.names:
                yield node.module, alias.name
                if importlib.util.find_spec(node.module) and _is_module(f"{node.module}.{alias.name}"):
                    bound[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "portopt":
                    yield alias.name, ""
                    bound |= {alias.asname or "portopt": alias.name if alias.asname else "portopt"}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "import" in node.value:
            yield from taken(_program(node.value))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in bound:
            yield bound[node.value.id], node.attr


def _program(text: str) -> ast.AST:
    try:
        return ast.parse(text)
    except SyntaxError:
        return ast.Module([], [])


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def missing(tree: ast.AST) -> list[str]:
    return sorted({f"{module}.{name}" for module, name in taken(tree) if not _is_there(module, name)})


def _is_there(module: str, name: str) -> bool:
    if not _is_module(module):
        return False
    found: ModuleType = importlib.import_module(module)
    return not name or hasattr(found, name) or _is_module(f"{module}.{name}")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_every_name_that_a_benchmark_takes_is_there(path: Path) -> None:
    assert missing(ast.parse(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("from portopt.questions import batches", "portopt.questions.batches"),
        ("from portopt.questions import weights\nweights.optimise_all", "portopt.questions.weights.optimise_all"),
        ("def f():\n    import portopt.service", "portopt.service."),
        ("code = 'from portopt.pipeline import optimise'", "portopt.pipeline.optimise"),
        ("import portopt\nportopt.balance", "portopt.balance"),
    ],
)
def test_a_name_that_went_is_told(text: str, gone: str) -> None:
    assert missing(ast.parse(text)) == [gone]


def test_the_smallest_cells_of_ours_answer(tmp_path: Path) -> None:
    asking, env = [sys.executable, "-c", SMALLEST], environment(tmp_path)
    done = subprocess.run(asking, capture_output=True, text=True, check=False, cwd=BENCHMARKS, env=env)
    assert done.returncode == 0, done.stderr
    cells: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    assert {cell["engine"] for cell in cells} == {"portopt", "portopt+audit", "portopt batch", "portopt singly"}
    for cell in cells:
        assert cell["violation"] is not None, cell
        assert cell["violation"] <= 1e-9, cell
