"""A tax budget that a book cannot keep: named with what it stops, and opened in money by an amount that was tried."""

from __future__ import annotations

import re
from typing import Any

import made_lots
import pytest

from portopt import pipeline
from portopt.domain.errors import InfeasibleRequest

BOOK = made_lots.book(12, 40, 1)
CAPPED = {"long_only": True, "max_weight": 0.12, "cash": {"max": 0.05}}


def answer(limits: dict[str, Any]) -> dict[str, Any]:
    tax = {**made_lots.TAX, "limits": limits}
    request = BOOK.request(BOOK.policy(limits=CAPPED, tax=tax))
    return pipeline.work(request, BOOK.snapshot(request), run_id="run-1", frontier=False)[0]


@pytest.mark.parametrize(
    ("limits", "name", "words"),
    [
        ({"max_tax": 0}, "max_tax", r"'tax of at most ([\d,.]+)' \(now 'tax of at most 0.00'\)"),
        ({"max_gains": {"net": 0}}, "max_gains", r"'net gains of at most ([\d,.]+)' \(now 'net gains of at most 0.00'\)"),
    ],
)
def test_no_budget_for_a_sale_that_a_cap_asks_for(limits: dict[str, Any], name: str, words: str) -> None:
    with pytest.raises(InfeasibleRequest) as refused:
        answer(limits)
    assert f"max_weight and {name} cannot hold together" in refused.value.detail
    amounts = [match.group(1) for fix in refused.value.fixes if (match := re.search(words, fix))]
    assert len(amounts) == 1
    enough = amounts[0].replace(",", "")
    found = answer({name: enough if name == "max_tax" else {"net": enough}})
    assert float(found["taxes"]["tax"]) > 0.0
    assert float(found["taxes"]["netting"]["due"]) - float(found["taxes"]["netting"]["due_before"]) <= float(enough) + 0.01
