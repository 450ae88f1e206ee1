"""Documents with taxes: every lot, the year and the tax in the objective worked out again by the verifier's own rules."""

from __future__ import annotations

import copy
import json
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from fractions import Fraction
from functools import cache
from typing import Any

import made_lots
import pytest
from altered import altered

from portopt import pipeline
from portopt.domain.errors import PortoptError
from portopt.domain.tax import Lot
from portopt.verifier import verify
from portopt.verifier.lots import Closed, Lots
from portopt.verifier.lots import Lot as VerifiedLot
from portopt.verifier.netting import Record, Rules, netted
from portopt.verifier.verify import worked_out
from portopt.verifier.wash_sales import blocked_groups, blocked_lots, taken_away

pytestmark = pytest.mark.slow
DOCUMENTS, CHANGES = (30, 60) if os.environ.get("PORTOPT_TEST_FULL") else (15, 30)
LIMITS = {"long_only": True, "max_weight": 0.6, "max_turnover": 0.2}
RULES: tuple[dict[str, Any], ...] = (
    {"regime": "us_federal", "short_rate": 0.37, "long_rate": 0.2},
    {"regime": "us_federal", "method": "fifo"},
    {"regime": "us_federal", "method": "lifo", "wash_sale_days": 60},
    {"regime": "us_federal", "method": "highest_cost", "harvest": True},
    {"regime": "us_federal", "method": "specified", "specified": {"A0000": ["A0000-0001"], "A0002": ["A0002-0007"]}},
    {"regime": "us_federal", "harvest": True, "identical": [["A0000", "A0001"]]},
    {"regime": "us_federal", "min_holding_days": 40, "limits": {"no_short_term_gains": True}},
    {"regime": "us_federal", "limits": {"max_tax": "1500"}},
    {"regime": "germany"},
    {"regime": "canada"},
    {"regime": "united_kingdom"},
    {"short_rate": 0.3, "long_rate": 0.1, "long_after_days": 365},
)


def document_of(seed: int, lots: Callable[[int, Lot], Lot | None] = lambda k, lot: lot) -> dict[str, Any] | None:
    """None where the limits cannot hold, or nothing is sold. lots: each as it is told, None to leave it out."""
    made = made_lots.book(4, 12, seed)
    told = tuple(one for k, lot in enumerate(made.record.lots) if (one := lots(k, lot)) is not None)
    made = replace(made, holdings=replace(made.holdings, tax=replace(made.record, lots=told)))
    request = made.request(made.policy(tax=RULES[seed % len(RULES)], limits=LIMITS))
    try:
        document, _ = pipeline.work(request, made.snapshot(request), run_id=f"run-{seed}", frontier=False)
    except PortoptError:
        return None
    read: dict[str, Any] = json.loads(json.dumps(document))
    return read if read["taxes"]["lots"] else None


@cache
def made() -> tuple[dict[str, Any], ...]:
    found: list[dict[str, Any]] = []
    seed = 0
    while len(found) < DOCUMENTS:
        if (document := document_of(seed)) is not None:
            found.append(document)
        seed += 1
    return tuple(found)


@pytest.fixture
def documents() -> list[dict[str, Any]]:
    return copy.deepcopy(list(made()))


def test_documents_with_taxes_of_every_regime_and_method_hold(documents):
    found = [verify(document) for document in documents]
    assert [(d["run_id"], f.sentence) for d, one in zip(documents, found, strict=True) for f in one.faults] == []
    assert {d["taxes"]["regime"] for d in documents} == {"us_federal", "germany", "canada", "united_kingdom", "own"}
    assert {d["taxes"]["method"] for d in documents} >= {"min_tax", "fifo", "lifo", "highest_cost", "specified", "average"}
    kinds = {limit["limit"] for d in documents for limit in d["limits"]}
    assert kinds >= {"wash_sales", "max_tax", "no_short_term_gains", "min_holding_days"}
    assert {left["limit"] for d in documents for left in d["certificate"]["orders"]["not_read"]} == set()
    assert sum(len(d["taxes"]["lots"]) for d in documents) > 2 * DOCUMENTS


@pytest.mark.parametrize(
    "told",
    [
        lambda k, lot: replace(lot, cost_per_share=None) if k % 2 == 0 else lot,
        lambda k, lot: replace(lot, acquired_on=None) if k % 3 == 0 else lot,
        lambda k, lot: None if k % 3 == 1 else lot,
    ],
    ids=["costs unknown", "days unknown", "lots missing"],
)
def test_what_nobody_knows_of_lots_is_counted_alike(told):
    documents = [document for seed in (0, 1, 8, 9) if (document := document_of(seed, told)) is not None]
    assert documents
    assert [(d["run_id"], fault.sentence) for d in documents for fault in verify(d).faults] == []


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Everything with a digit: amounts, dates, names."""
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from places(item, (*path, key))
    elif not isinstance(value, bool) and any(c.isdigit() for c in str(value)):
        yield path


def test_one_digit_of_the_taxes_changed_is_found_out_by_arithmetic(documents):
    """The rules apart: that a year is long after twelve months and not after thirteen may decide nothing in a book."""
    rng = random.Random(16)
    for k in range(CHANGES):
        document = documents[k % DOCUMENTS]
        taxes = [
            ("taxes", *path)
            for path in places(document["taxes"])
            if path[0] != "rules" and path[-1] not in ("reason", "barred")
        ]
        path = rng.choice(taxes)
        changed, before, after = altered(document, path, rng)
        assert worked_out(changed).faults, (document["run_id"], path, before, after)


def test_one_digit_of_the_rules_or_of_the_lots_changed_is_found_out_by_the_seals(documents):
    rng = random.Random(17)
    seen = 0
    for k in range(CHANGES):
        document = documents[k % DOCUMENTS]
        rules = [("taxes", "rules", *path) for path in places(document["taxes"]["rules"])]
        lots = [("evidence", "lots", *path) for path in places(document["evidence"]["lots"])]
        path = rng.choice(rng.choice((rules, lots)))
        changed, before, after = altered(document, path, rng)
        assert verify(changed).faults, (document["run_id"], path, before, after)
        seen += bool(worked_out(changed).faults)
    assert seen > CHANGES // 2


def of_method(documents: list[dict[str, Any]], method: str) -> list[dict[str, Any]]:
    return [document for document in documents if document["taxes"]["method"] == method]


def test_lots_sold_out_of_the_order_of_their_method_are_found_out(documents):
    """What is sold of the first lot is sold of the next one instead, and everything that follows from it is left as it was."""
    tried = 0
    for document in of_method(documents, "fifo"):
        sold = document["evidence"]["lots"]["sold"]["target_weights"]
        owner = document["evidence"]["lots"]["lots"]["asset_id"]
        k = sold["at"][0]
        if len(owner) > k + 1 and owner[k + 1] == owner[k] and k + 1 not in sold["at"]:
            tried += 1
            sold["at"][0] = k + 1
            said = [fault.sentence for fault in worked_out(document).faults]
            assert any("before it" in one or "what is sold of the lots" in one for one in said), said
    assert tried


def test_a_blocked_lot_that_is_told_as_free_is_found_out(documents):
    blocked = [document for document in documents if document["evidence"]["lots"]["blocked"]]
    assert blocked
    for document in blocked:
        document["evidence"]["lots"]["blocked"].pop()
        assert any("would not count" in fault.sentence for fault in worked_out(document).faults)


US = Rules(Fraction(37, 100), Fraction(1, 5), None, 12, False, Fraction(0), False, 30, 30, Fraction(0), "min_tax")


@pytest.mark.parametrize(
    ("bought", "sold", "is_long"),
    [
        # Rev. Rul. 66-7: the period begins on the day after the purchase.
        (date(2024, 2, 5), date(2025, 2, 5), False),
        (date(2024, 2, 5), date(2025, 2, 6), True),
        (date(2024, 2, 29), date(2025, 2, 28), False),
        (date(2024, 2, 29), date(2025, 3, 1), True),
        (date(2023, 2, 28), date(2024, 2, 29), False),  # from 1 March on, the first of a month
        (date(2023, 2, 28), date(2024, 3, 1), True),
        (date(2023, 8, 30), date(2024, 8, 31), True),
    ],
)
def test_a_year_by_the_calendar(bought, sold, is_long):
    assert US.is_long(bought, sold) is is_long


def test_a_year_by_hand():
    """Short 1,500 - 500 carried = 1,000 at 37 %; long -400 against it: 600 at 37 % = 222."""
    year = netted(US, Record(Fraction(0), Fraction(0), Fraction(500), Fraction(0)), Fraction(1500), Fraction(-400))
    assert (year["taxed_short"], year["taxed_long"], year["due"]) == (600, 0, 222)


def test_a_pooled_year_by_hand():
    """HMRC, Capital Gains Manual CG18202: 13,000 with 11,000 exempt: 2,000 of 3,500 brought forward is used, 1,500 is left."""
    rate = Fraction(24, 100)
    rules = Rules(rate, rate, None, None, True, Fraction(11000), True, 0, 30, Fraction(0), "average")
    year = netted(rules, Record(Fraction(0), Fraction(0), Fraction(3500), Fraction(0)), Fraction(13000), Fraction(0))
    assert (year["due"], year["allowance_used"], year["carried_short"]) == (0, 11000, 1500)


def lots_by_hand(
    lots: tuple[tuple[str, date, int], ...], closed: tuple[Closed, ...] = (), as_of: date = date(2009, 3, 27)
) -> Lots:
    """Lots of one asset by name, day and shares."""
    one = Fraction(1)
    found = tuple(VerifiedLot("X", name, day, Fraction(n), one, one, one, one, False, (), True) for name, day, n in lots)
    record = Record(*(Fraction(0),) * 4)
    return Lots(US, record, as_of, one, found, closed, {}, {}, (), {}, {})


def test_a_wash_sale_by_hand():
    """100 shares sold at a loss of 700, 50 and 25 bought within the month: 75 of 100 shares meet others, 525 does not count."""
    lots = lots_by_hand((("dec", date(2008, 12, 1), 100), ("mar1", date(2009, 3, 1), 50), ("mar10", date(2009, 3, 10), 25)))
    assert taken_away(lots, {0: Fraction(100)}, {0: Fraction(-700)}, {}) == {0: 525}
    assert blocked_lots(lots) == {0, 1, 2}


def test_thirty_days_count_and_thirty_one_do_not():
    first, second = (Closed("X", name, None, day, Fraction(10), Fraction(20)) for name, day in (
        ("a", date(2026, 11, 1)), ("b", date(2026, 11, 2))))  # fmt: skip
    assert blocked_groups(lots_by_hand((), (first,), date(2026, 12, 2))) == set()
    assert blocked_groups(lots_by_hand((), (second,), date(2026, 12, 2))) == {"X"}
    bought = (("old", date(2025, 1, 2), 10), ("new", date(2026, 12, 1), 10))
    assert blocked_lots(lots_by_hand(bought, as_of=date(2026, 12, 31))) == {0}
    assert blocked_lots(lots_by_hand(bought, as_of=date(2027, 1, 1))) == set()
