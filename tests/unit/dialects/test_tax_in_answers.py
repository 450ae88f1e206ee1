"""S2's `tax_implications`: the tax of the sales as a number where lots are told, null where they are not."""

from __future__ import annotations

import made_lots
import pytest

from portopt import pipeline
from portopt.dialects.portfolio_trades import plan_metrics

BOOK = made_lots.book(12, 40, 1)


@pytest.mark.parametrize("has_lots", [True, False])
def test_it_is_the_tax_of_the_document(has_lots: bool) -> None:
    request = BOOK.request(BOOK.policy(**({} if has_lots else {"tax": {}})))
    document = pipeline.work(request, BOOK.snapshot(request), run_id="run-1", frontier=False)[0]
    said = plan_metrics(document)["tax_implications"]
    assert said == (float(document["taxes"]["tax"]) if has_lots else None)
