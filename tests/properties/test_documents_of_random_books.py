"""Documents of random books: eighty verify, and are found out with one digit of one number changed; no reason in any of them,
nor in twenty more, sells what it praises or names a limit that does not bind. PORTOPT_TEST_FULL=1: two hundred, and forty more.
"""

from __future__ import annotations

import copy
import json
import os
import random
import re
from functools import cache
from itertools import count, islice
from typing import Any

import pytest
from altered import altered
from made_documents import document_of

from portopt.terms.catalog import LIMITS
from portopt.verifier import verify
from portopt.verifier.ledger import numbers
from portopt.verifier.verify import CannotVerify, worked_out

DOCUMENTS, PROPOSALS = (200, 240) if os.environ.get("PORTOPT_TEST_FULL") else (80, 100)
# The errors of figures are drawn from the history, and the benchmark's returns are there for them alone.
OF_DRAWS = ("the benchmark's returns over the history", "errors of the figures", "how the errors of the figures were drawn")
SHARE_OF_ALL = 0.85
SHARE = 0.95  # of all numbers in a document: worked out again, or what others were worked out from
# Where a first digits' change must show by arithmetic alone, the seals taken off: everything but the program's own entries, of
# which those of a row that nothing presses on decide nothing.
BY_ARITHMETIC = 0.95


@cache
def proposals() -> tuple[dict[str, Any], ...]:
    made = (document_of(seed) for seed in count())
    return tuple(json.loads(json.dumps(d)) for d in islice((d for d in made if d is not None), PROPOSALS))


@pytest.fixture
def documents() -> list[dict[str, Any]]:
    return copy.deepcopy(list(proposals()[:DOCUMENTS]))


def test_every_document_holds_and_nearly_all_of_its_numbers_are_checked(documents):
    findings = [verify(document) for document in documents]
    assert [(i, f.sentence) for i, found in enumerate(findings) for f in found.faults] == []
    assert all(document["certificate"]["orders"]["verdict"] == "certified" for document in documents)
    shares = [
        (found.recomputed + found.used) / (found.numbers - sum(one.fields for one in found.unchecked if one.what in OF_DRAWS))
        for found in findings
    ]
    assert sum(shares) / len(shares) > SHARE
    assert sum(found.share for found in findings) / len(findings) > SHARE_OF_ALL
    assert all(found.sealed for found in findings)


def test_one_changed_digit_is_found_out_in_every_document(documents):
    rng = random.Random(20261201)
    unseen = []
    for k, document in enumerate(documents):
        path = rng.choice(checked_places(document))
        changed, before, after = altered(document, path, rng)
        if not verify(changed).faults:
            unseen.append((k, path, before, after))
    assert unseen == []


def test_without_seals_a_changed_digit_shows_in_the_figures_that_follow_from_it(documents):
    rng = random.Random(7)
    seen, unseen = 0, []
    for k, document in enumerate(documents):
        del document["evidence"]["seals"]
        places = [path for path in checked_places(document) if path[:2] != ("evidence", "program")]
        path = rng.choice(places)
        changed, before, after = altered(document, path, rng, digits=6)
        found = verify(changed)
        seen += bool(found.faults)
        if not found.faults:
            unseen.append((k, path, before, after))
    assert seen / DOCUMENTS >= BY_ARITHMETIC, unseen


def checked_places(document: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Where the verifier says that a number was checked."""
    ledger = worked_out(document)
    return sorted({path for path, _ in numbers(document)} & (ledger.recomputed | ledger.used), key=str)


def test_what_is_no_such_document_is_refused_in_words():
    with pytest.raises(CannotVerify, match="a rebalance or of a choice of weights"):
        verify({"kind": "frontier"})
    with pytest.raises(CannotVerify, match="before documents carried"):
        verify({"kind": "rebalance", "run_id": "reb-1"})
    with pytest.raises(CannotVerify, match="one JSON object"):
        verify([1, 2])  # type: ignore[arg-type]


MERIT = ("expected return", "risk", "uncertainty", "goals", "constructed portfolio", "budget")
FELT = 0.01  # basis points
ROOM = 0.05  # of a limit's unit: what whole shares of a small book leave of one that stops another share
OF_WHOLE_SHARES = ("raises the cash", "evens out", "would not hold in whole shares")
STOPS = {kind: entry.parse(entry.example).stops.removeprefix("the ") for kind, entry in LIMITS.items()}


def told() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return [(document, row) for document in proposals() for row in document["proposal"] if row["asset_id"] != "CASH"]


def named(sentence: str) -> list[str]:
    """Kinds of limits that a sentence names."""
    uses = ["max_turnover"] if "the turnover a" in sentence or "the turnover it uses" in sentence else []
    return uses + [kind for kind, stops in STOPS.items() if re.search(rf"\b{re.escape(stops)}\b", sentence)]


def test_nothing_is_sold_for_being_worth_more_and_what_is_worth_more_is_sold_for_a_limit():
    sold = [(d, row) for d, row in told() if row["why"].startswith(("Sold", "Trimmed"))]
    assert len(sold) > 300
    for document, row in sold:
        assert "a year more than the same money" not in row["why"], row["why"]
        merit = sum(row["pulls"].get(name, 0.0) for name in MERIT)
        if merit > FELT and not any(words in row["why"] for words in OF_WHOLE_SHARES):
            bars = ("may not be held", "is below the floor", "position cap", "cap", "is at its limit")
            assert named(row["why"]) or any(bar in row["why"] for bar in bars), (document["run_id"], row["why"], merit)


def test_no_reason_names_a_limit_that_does_not_bind():
    seen = 0
    for document, row in told():
        limits = {limit["limit"]: limit for limit in document["limits"]}
        for kind in named(row["why"]):
            seen += 1
            assert kind in limits, (document["run_id"], row["why"])
            pressed = abs(row["pulls"].get(kind, 0.0)) > 0.0 or limits[kind]["binding"]
            near = min((reading["slack"] for reading in limits[kind]["readings"] if reading["slack"] is not None), default=1.0)
            assert pressed or near <= ROOM, (document["run_id"], row["why"])
    assert seen > 300


def test_what_is_not_traded_says_why_and_never_that_it_is_not_worth_an_order():
    kept = [row for _, row in told() if not row["side"] and row["weight_before"]]
    assert kept
    assert [row["why"] for row in kept if "not worth an order" in row["why"] or not row["why"]] == []
