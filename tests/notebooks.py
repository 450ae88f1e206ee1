"""Notebooks executed without a kernel: their code cells one after the other in one namespace, each last value looked at.

What a notebook would show of it is asked for (HTML, SVG, or its own words), so that a display that fails is seen.
"""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SHOWN = ("_repr_html_", "_repr_svg_")


@dataclass(frozen=True)
class Output:
    """What one code cell shows. value: its last expression's; None where there is none. shown: by the name of each display."""

    source: str
    value: Any
    shown: dict[str, str]


def code_cells(path: Path) -> list[str]:
    document = json.loads(path.read_text(encoding="utf-8"))
    return ["".join(cell["source"]) for cell in document["cells"] if cell["cell_type"] == "code"]


def executed(path: Path) -> list[Output]:
    """Raises what a cell raises, with the cell's number in the traceback's file name."""
    names: dict[str, Any] = {"__name__": "__main__"}
    return [_cell(source, names, f"{path.name}[{k}]") for k, source in enumerate(code_cells(path), start=1)]


def _cell(source: str, names: dict[str, Any], where: str) -> Output:
    tree = ast.parse(source, where)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, where, "exec"), names)
    if not isinstance(last, ast.Expr):
        return Output(source, None, {})
    value = eval(compile(ast.Expression(last.value), where, "eval"), names)
    return Output(source, value, _displays(value))


def _displays(value: Any) -> dict[str, str]:
    found = {"repr": repr(value)}
    for name in SHOWN:
        display = getattr(value, name, None)
        if callable(display) and (shown := display()) is not None:
            found[name] = shown
    return found
