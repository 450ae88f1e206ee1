"""The documents keep up with the catalogs."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from portopt.domain.request import DataPolicy
from portopt.estimation import COVARIANCE, EXPECTED_RETURNS
from portopt.settings import Settings
from portopt.terms.catalog import COSTS, LIMITS, OBJECTIVES

REPOSITORY = Path(__file__).parents[2]
CATALOGS = {"objectives": OBJECTIVES, "limits": LIMITS, "costs": COSTS, "returns": EXPECTED_RETURNS, "covariance": COVARIANCE}


@pytest.mark.parametrize("catalog", CATALOGS)
def test_every_name_of_a_catalog_is_documented(catalog: str) -> None:
    page = (REPOSITORY / "docs" / "policies.md").read_text()
    assert [name for name in CATALOGS[catalog] if f"`{name}`" not in page] == []


def test_every_kind_of_finding_with_a_policy_is_documented() -> None:
    page = (REPOSITORY / "docs" / "policies.md").read_text()
    kinds = [f.name for f in fields(DataPolicy) if isinstance(f.default, str)]
    assert kinds
    assert [kind for kind in kinds if f"`{kind}`" not in page] == []


def test_every_setting_says_what_it_is() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


FILE = re.compile(r"`((?:[a-z_]+/)*[a-z_]+\.py)`")


def named_files(page: Path) -> list[str]:
    """Files of ours that a page or a docstring names, as it names them."""
    return [name.removeprefix("src/portopt/") for name in FILE.findall(page.read_text(encoding="utf-8"))]


def test_every_file_that_the_pages_name_is_there() -> None:
    there = [
        path.as_posix() for root in ("src", "tests", "docs", "flows", "tasks") for path in (REPOSITORY / root).rglob("*.py")
    ]
    pages = [REPOSITORY / "README.md", *(REPOSITORY / "docs").rglob("*.md"), *(REPOSITORY / "src").rglob("*.py")]
    named = {(page.name, name) for page in pages for name in named_files(page)}
    assert len(named) > 20
    assert sorted(pair for pair in named if not any(path.endswith(f"/{pair[1]}") for path in there)) == []
