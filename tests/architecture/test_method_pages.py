"""The method pages keep up with the catalogs, and every request on them runs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from portopt.dialects.strategy import read_request
from portopt.domain.errors import PortoptError
from portopt.estimation import COVARIANCE, EXPECTED_RETURNS
from portopt.questions import weights
from portopt.terms.catalog import COSTS, LIMITS, OBJECTIVES
from portopt.terms.risk_measures.catalog import RISK_MEASURES

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted((DOCS / "methods").glob("*.md"))
CATALOGS = {
    "objectives": OBJECTIVES,
    "limits": LIMITS,
    "costs": COSTS,
    "risk measures": RISK_MEASURES,
    "returns": EXPECTED_RETURNS,
    "covariance": COVARIANCE,
}
BLOCK = re.compile(r"```json\n(.*?)```", re.DOTALL)
LINK = re.compile(r"!\[[^\]]*\]\(([^)#]+)\)")
UNSOLVABLE = {"impossible"}  # batch.md shows what a refusal looks like


def requests() -> list[Any]:
    found = []
    for page in PAGES:
        for block in BLOCK.findall(page.read_text(encoding="utf-8")):
            if '"portfolio_id"' in block:
                document = json.loads(block)
                for k, request in enumerate(document if isinstance(document, list) else [document]):
                    found.append(pytest.param(request, id=f"{page.stem}-{request['portfolio_id']}-{k}"))
    return found


@pytest.mark.parametrize("catalog", CATALOGS)
def test_every_name_of_a_catalog_is_on_some_page(catalog: str) -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in DOCS.rglob("*.md"))
    assert CATALOGS[catalog]
    assert [name for name in CATALOGS[catalog] if not re.search(rf"\b{re.escape(name)}\b", text)] == []


@pytest.mark.parametrize("document", requests())
def test_every_request_on_a_page_is_answered_with_a_certificate(document: dict[str, Any]) -> None:
    asked = read_request(document)
    if document["portfolio_id"] in UNSOLVABLE:
        with pytest.raises(PortoptError):
            weights.optimize(asked)
    else:
        assert weights.optimize(asked).validated.certificate.verdict == "certified"


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_every_plot_that_a_page_shows_exists_and_is_small(page: Path) -> None:
    plots = [page.parent / link for link in LINK.findall(page.read_text(encoding="utf-8"))]
    assert [plot.name for plot in plots if not plot.is_file() or plot.stat().st_size > 60_000] == []
