"""`make check` asks the tests that look at what was changed."""

from __future__ import annotations

import ast
from pathlib import Path

import changed
import pytest

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("file", "test"),
    [
        ("src/portopt/trading/rounding.py", "tests/unit/trading/test_whole_share_optimum.py"),  # imports it in a function
        ("src/portopt/terms/limits/max_turnover.py", "tests/unit/terms"),  # named by no test: those of its room
        ("src/portopt/judgement/overfitting.py", "tests/unit/judgement/test_overfitting.py"),
        ("flows/night.py", "tests/flows/test_wave_flow.py"),
        ("tests/small_book.py", "tests/faults/test_jobs_at_once.py"),
        ("tests/unit/trading/conftest.py", "tests/unit/trading/test_trade_costs.py"),
        ("tests/unit/trading/test_trade_costs.py", "tests/unit/trading/test_trade_costs.py"),
        ("docs/night.md", "tests/architecture"),
    ],
)
def test_a_file_has_the_tests_that_look_at_it(file: str, test: str) -> None:
    assert (REPOSITORY / file).is_file()
    found = changed.tests_of([file])
    assert test in found
    assert all((REPOSITORY / path).exists() for path in found)


def test_a_change_of_one_file_is_not_every_test() -> None:
    whole = sum(1 for _ in (REPOSITORY / "tests").rglob("test_*.py"))
    assert len(changed.tests_of(["src/portopt/trading/rounding.py"])) < whole / 20


def test_where_nothing_was_changed_nothing_is_asked() -> None:
    assert changed.tests_of([]) == ()


def test_every_module_has_tests() -> None:
    modules = [path.relative_to(REPOSITORY).as_posix() for path in (REPOSITORY / "src" / "portopt").rglob("*.py")]
    without = [file for file in modules if changed.tests_of([file]) == ("tests/architecture",) and "_pb2" not in file]
    assert without == []


def test_what_is_called_slow_is_there() -> None:
    shared = ast.parse((REPOSITORY / "tests" / "conftest.py").read_text(encoding="utf-8"))
    named = {
        node.value
        for statement in shared.body
        if isinstance(statement, ast.Assign) and getattr(statement.targets[0], "id", "").startswith("SLOW_")
        for node in ast.walk(statement.value)
        if isinstance(node, ast.Constant)
    }
    assert len(named) > 15
    assert [name for name in sorted(named) if not (REPOSITORY / "tests" / name).exists()] == []
