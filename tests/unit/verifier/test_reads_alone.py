"""The verifier stands by itself: the standard library and NumPy, nothing of the engine, not even by way of something else."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from portopt import verifier

FOLDER = Path(str(verifier.__file__)).parent
FILES = sorted(FOLDER.glob("*.py"))
MOST_LINES = 650  # of one file: what a stranger reads in one sitting


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module))
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_imports_the_standard_library_numpy_and_its_neighbours(path):
    others = {name for name in imported(path) if name.partition(".")[0] not in sys.stdlib_module_names}
    assert {name for name in others if name != "numpy" and not name.startswith("portopt.verifier")} == set()


def test_nothing_of_the_engine_is_loaded_with_it():
    code = "import sys, portopt.verifier; print([m for m in sys.modules if m.startswith(('portopt.', 'scipy'))])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    loaded = {name for name in ast.literal_eval(told) if not name.startswith("portopt.verifier")}
    # The package's own face, which loads what it shows at first use.
    assert loaded <= {"portopt.domain", "portopt.domain.postponed"}


def test_a_stranger_can_read_it():
    assert len(FILES) > 8
    assert {
        path.name: len(path.read_text().splitlines()) for path in FILES if len(path.read_text().splitlines()) > MOST_LINES
    } == {}
