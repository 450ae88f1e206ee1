"""The documents keep up with the catalogs."""

from __future__ import annotations

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
