"""Equal parts of many requests become one object, told apart to the last bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from portopt.domain.request import OptimizationRequest
from portopt.domain.universe import Asset, Universe
from portopt.formulation import pose
from portopt.optimization import batch
from portopt.questions import weights as service
from portopt.questions.sharing import Sharing

N = 12


def _universe():
    return Universe(tuple(Asset(f"A{i}", sector="odd" if i % 2 else "even") for i in range(N)))


def _covariance():
    root = np.random.default_rng(3).normal(size=(3 * N, N)) / 20.0
    return root.T @ root


def _requests(count):
    """Members with their own beliefs and books, each with a matrix and a universe of its own, all equal."""
    rng = np.random.default_rng(4)
    return [
        OptimizationRequest(
            portfolio_id=f"p{k}",
            universe=_universe(),
            objective={"kind": "utility", "risk_aversion": float(rng.uniform(2.0, 8.0))},
            limits={"max_weight": 0.3, "sector_limits": 0.6, "max_turnover": 0.3},
            expected_returns=rng.normal(0.06, 0.02, N),
            covariance=_covariance(),
            current_weights=dict(zip(_universe().ids, rng.dirichlet(np.full(N, 5.0)).tolist(), strict=True)),
        )
        for k in range(count)
    ]


def test_equal_matrices_and_universes_are_one_object_afterwards():
    sharing, (one, other) = Sharing(), _requests(2)
    first, second = sharing.request(one), sharing.request(other)
    assert second.covariance is first.covariance
    assert second.universe is first.universe
    assert first.covariance.tobytes() == one.covariance.tobytes()
    assert second.expected_returns is other.expected_returns


@pytest.mark.parametrize(
    "change", [lambda S: np.nextafter(S[5, 6], 1.0), lambda S: -0.0], ids=["the last bit", "a zero's sign"]
)
def test_what_differs_in_one_bit_is_not_shared(change):
    one, other = _requests(2)
    one.covariance[5, 6] = other.covariance[5, 6] = 0.0
    other.covariance[5, 6] = change(other.covariance)
    sharing = Sharing()
    assert sharing.request(other).covariance is not sharing.request(one).covariance


def test_who_writes_to_his_matrix_later_changes_nothing_that_was_shared():
    sharing, (one, other) = Sharing(), _requests(2)
    before = one.covariance.tobytes()
    shared = sharing.request(one).covariance
    one.covariance[:] = 7.0
    assert shared.tobytes() == before
    assert sharing.request(other).covariance is shared


def test_a_matrix_that_lies_by_columns_ends_on_the_covariance_of_its_equals():
    one, other = _requests(2)
    by_columns = replace(other, covariance=np.asfortranarray(other.covariance))
    sharing = Sharing()
    first, second = (sharing.problem(pose(sharing.request(r))) for r in (one, by_columns))
    assert second.moments.covariance is first.moments.covariance


def test_requests_with_equal_matrices_of_their_own_are_one_run_with_one_solve(monkeypatch):
    solved, planned = [], []
    solve, runs = batch.solve, batch.runs
    monkeypatch.setattr(batch, "solve", lambda form, **options: solved.append(form) or solve(form, **options))
    monkeypatch.setattr(batch, "runs", lambda problems: planned.extend(runs(problems)) or runs(problems))
    requests = _requests(8)
    answers = service.optimize_many(requests)
    assert planned == [tuple(range(8))]
    assert len(solved) == 1
    for request, answer in zip(requests, answers, strict=True):
        assert answer.validated.certificate.certified
        alone = service.optimize(request)
        assert answer.validated.weights == pytest.approx(alone.validated.weights, abs=1e-12)
        assert answer.problem.identity() == alone.problem.identity()
        assert [(p.limit, p.member) for p in answer.prices] == [(p.limit, p.member) for p in alone.prices]
