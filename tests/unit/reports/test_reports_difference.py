"""Two decisions compared: what differs, why, and nothing else."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from portopt.document.difference import decision_difference
from portopt.document.document import rebalance_document


@pytest.fixture(scope="module")
def tighter(make_outcome) -> dict:
    limits = {"max_weight": 0.12, "sector_limits": 0.40, "max_turnover": 0.25, "cash": {"min": 0.01, "max": 0.05}}
    return rebalance_document(make_outcome(limits=limits))


def test_a_run_compared_with_itself_decides_the_same(document):
    answer = decision_difference(document, document)
    assert answer["same"]
    assert answer["sentence"] == "The two runs decide the same."
    assert answer["weights"] == answer["trades"] == answer["policy"] == answer["figures"] == []


def test_the_changed_limit_is_named_as_the_cause(document, tighter):
    answer = decision_difference(document, tighter)
    changed = {row["path"]: (row["a"], row["b"]) for row in answer["policy"]}
    assert changed["limits.max_weight"] == (0.15, 0.12)
    assert changed["limits.max_tracking_error"] == (0.06, None)
    assert "the policy differs" in answer["sentence"]


def test_the_weights_that_moved_are_those_of_the_two_documents(document, tighter):
    answer = decision_difference(document, tighter)
    a, b = (np.array(d["inputs"]["weights_after"]) for d in (document, tighter))
    assert answer["weights_moved"] == pytest.approx(np.abs(a - b).sum() / 2, abs=1e-8)
    sizes = [abs(row["change"]) for row in answer["weights"]]
    assert sizes == sorted(sizes, reverse=True)
    assert not answer["same"]


def test_an_order_only_one_run_gives_stands_against_nothing(document):
    fewer = {**document, "trades": document["trades"][1:]}
    first = document["trades"][0]
    signed = first["shares"] if first["side"] == "buy" else -first["shares"]
    answer = decision_difference(document, fewer)
    assert answer["trades"] == [{"asset_id": first["asset_id"], "a": signed, "b": None}]
    assert "1 order" in answer["sentence"]


def test_new_prices_are_named_as_the_cause(document, outcome):
    moved = dataclasses.replace(outcome, snapshot=dataclasses.replace(outcome.snapshot, pricing_pack_id="pack-" + "0" * 20))
    other = rebalance_document(moved)
    other["inputs"] = {**other["inputs"], "mu": [m + 0.01 for m in other["inputs"]["mu"]]}
    other["trades"] = other["trades"][1:]
    answer = decision_difference(document, other)
    assert "the prices differ" in answer["sentence"]
    assert all(row["change"] == pytest.approx(0.01) for row in answer["beliefs"])
    assert len(answer["beliefs"]) == len(document["inputs"]["assets"])


def test_limits_that_began_or_ceased_to_bind_are_told(document):
    limits = [{**limit, "binding": False} if limit["limit"] == "max_turnover" else limit for limit in document["limits"]]
    answer = decision_difference(document, {**document, "limits": limits})
    assert answer["binding"] == {"began": [], "ceased": ["max_turnover"]}
