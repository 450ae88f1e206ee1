"""The house keeps its plan: what stands at the top, what the public face shows, what costs nothing to import."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import portopt

REPOSITORY = Path(__file__).parents[2]
CARD = {"pyproject.toml", "flows", "tasks", "src", "config", "tests", "README.md", "prefect.yaml"}
BESIDE = {"Makefile", "LICENSE", "CHANGELOG.md", "docs"}
HEAVY = (
    "prefect", "polars", "sqlalchemy", "numpy", "scipy", "cvxpy", "pandas", "duckdb", "exchange_calendars", "pydantic",
    "rich", "highspy", "piqp", "clarabel",
)  # fmt: skip
# What a request that names neither of them has no use for.
OTHER_METHODS = {
    f"portopt.optimization.{name}"
    for name in (
        "prices.derivatives",
        "frontier.frontier",
        "integers.outer_linear",
        "integers.mixed_integer",
        "scenarios.solve",
        "curved.logarithms",
        "curved.sequential_quadratic",
    )
}
OTHER_TERMS = {
    "portopt.terms.custom.grammar",
    "portopt.terms.uncertainty.covariances",
    "portopt.terms.shared.axes",
    "portopt.terms.limits.max_risk",
    "portopt.terms.risk_measures.catalog",
}
OF_OTHERS = {"numpy.f2py.crackfortran", "numpy.testing._private.utils", "unittest"}


def tracked() -> list[str]:
    listing = subprocess.run(["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return listing.stdout.split("\n")


def test_the_top_level_is_the_one_agreed() -> None:
    top = {name.split("/")[0] for name in tracked() if name and not name.startswith(".")}
    assert top >= CARD
    assert top <= CARD | BESIDE


def test_config_and_tests_are_no_packages() -> None:
    assert [name for name in tracked() if name.startswith(("config/", "tests/")) and name.endswith("__init__.py")] == []


@pytest.mark.parametrize("folder", ["flows", "tasks"])
def test_no_file_of_a_flow_or_task_bears_the_name_of_another_module(folder: str) -> None:
    taken = set(sys.stdlib_module_names) | set(packages_distributions())
    names = {path.stem for path in (REPOSITORY / folder).glob("*.py")} - {"__init__"}
    assert names
    assert names & taken == set()


def test_the_public_face_shows_exactly_what_is_meant() -> None:
    values = [
        *("Allocation", "Backtest", "Batch", "Comparison", "EstimationChoice", "Findings", "Policy", "PortoptError"),
        *("Proposal", "Walk", "Weights"),
    ]
    questions = [
        *("alternatives", "ask", "backtest", "batch", "catalog", "compare", "edit", "explain", "factors", "forecasts"),
        *("frontier", "lexicographic", "optimize", "pareto", "periods", "ready", "rebalance", "risk", "sensitivity"),
        *("verify", "views", "walk_forward", "what_if"),
    ]
    assert portopt.__all__ == [*values, *questions]
    for name in portopt.__all__:
        assert getattr(portopt, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'rebalence'"):
        portopt.rebalence  # noqa: B018


def modules_loaded_by(code: str) -> set[str]:
    probe = f"{code}\nimport sys; print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, cwd=REPOSITORY)
    return set(done.stdout.split("\n")[-2].split())


def loaded_by(code: str) -> set[str]:
    return {name.split(".")[0] for name in modules_loaded_by(code)}


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert loaded_by("import portopt") & set(HEAVY) == set()


def test_asking_for_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom portopt.doors.cli import main\nsys.argv = ['portopt', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass"
    )
    assert loaded_by(code) & set(HEAVY) == set()


def test_an_optimization_needs_no_frames_no_orchestrator_and_no_database() -> None:
    code = (
        "import numpy as np, portopt\n"
        "portopt.optimize(covariance=np.diag([0.04, 0.09]), expected_returns={'A': 0.05, 'B': 0.07})"
    )
    assert loaded_by(code) & {"prefect", "polars", "sqlalchemy", "cvxpy", "pandas", "duckdb"} == set()


def test_a_first_answer_loads_the_terms_and_the_methods_that_it_names_and_no_others() -> None:
    code = (
        "import numpy as np, portopt\n"
        "portopt.optimize(covariance=np.diag([0.04, 0.09]), expected_returns={'A': 0.05, 'B': 0.07},"
        " limits={'max_weight': 0.6})"
    )
    loaded = modules_loaded_by(code)
    assert "portopt.terms.limits.max_weight" in loaded
    assert loaded & (OTHER_TERMS | OTHER_METHODS | OF_OTHERS) == set()


def test_settings_and_a_report_load_no_library_for_them() -> None:
    code = "import portopt.reports.page, portopt.settings; portopt.settings.Settings()"
    assert loaded_by(code) & {"jinja2", "markupsafe", "pydantic_settings", "dotenv"} == set()


CHANGES = re.compile(
    r"os\.(putenv|unsetenv)\(|environ\.(update|setdefault|pop|clear)\(|environ\[[^]]+\] *=[^=]|del os\.environ"
)


def test_no_code_changes_the_environment_of_its_process() -> None:
    sources = [path for root in ("src", "flows", "tasks") for path in (REPOSITORY / root).rglob("*.py")]
    changing = {path.name: CHANGES.findall(path.read_text(encoding="utf-8")) for path in sources}
    assert {name: found for name, found in changing.items() if found} == {}
    assert all(CHANGES.search(line) for line in ("os.environ['A'] = b", "os.environ.setdefault(a, b)", "del os.environ['A']"))
