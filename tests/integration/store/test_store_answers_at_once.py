"""Answers that are at their end when they are written: with what, in how many statements, and what of one that was begun."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import event, select

from portopt.adapters.store import models
from portopt.domain.canonical import canonical_text, digest
from portopt.domain.errors import PortoptError
from portopt.domain.run import Event, RunRecord, RunStatus
from portopt.runs.events import released

NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
TABLES = (
    models.runs, models.run_results, models.optimization_requests, models.optimization_configurations,
    models.optimization_results, models.portfolio_optimizations, models.strategy_optimization_results,
    models.portfolio_optimization_ts, models.outbox,
)  # fmt: skip


def answer(name: str, portfolio_id: str = "P1") -> tuple[RunRecord, Event]:
    document = {
        "portfolio_id": portfolio_id,
        "optimal_weights": {"a": 1e-05, "b": 0.99999, "ü": 1e22},
        "expected_return": 0.1,
        "expected_volatility": 0.2,
        "sharpe_ratio": None,
        "optimization_metadata": {
            "convergence_status": "optimal", "iterations": 3, "objective_value": -0.0, "constraints_satisfied": True,
        },
        "portopt": {"metrics": {"turnover": None}},
    }  # fmt: skip
    run = RunRecord(
        run_id=f"opt-{name}",
        kind="optimize",
        portfolio_id=portfolio_id,
        status=RunStatus.COMPLETED,
        request={"objective": {"kind": "min_risk"}, "limits": {"max_weight": 1.0}, "current_weights": {"a": 1.0}},
        pricing_pack_id=None,
        as_of=date(2026, 11, 30),
        created_at=NOW,
        completed_at=NOW,
        document=document,
        document_digest=digest(canonical_text(document).encode()),
        timings={"optimize": 0.01},
    )
    return run, released(run)


def counts(store: Any) -> list[int]:
    with store._reading() as connection:
        return [len(connection.execute(select(table)).all()) for table in TABLES]


def test_answers_of_one_transaction_each_have_their_rows_and_read_back_as_they_were(store):
    given = [answer("2", "P2"), answer("1"), answer("3"), answer("1")]
    assert store.complete_all(given) == 3
    assert counts(store) == [3] * len(TABLES)
    for run, _ in given:
        kept = store.get(run.run_id)
        assert (kept.document, kept.document_digest, kept.is_whole) == (run.document, run.document_digest, True)
        assert canonical_text(kept.document) == canonical_text(run.document)
    with store._reading() as connection:
        (weights, *_) = connection.execute(select(models.portfolio_optimization_ts.c.optimal_weights)).scalars()
        assert weights == {"a": 1e-05, "b": 0.99999, "ü": 1e22}
        events = connection.execute(select(models.outbox).order_by(models.outbox.c.sequence)).mappings().all()
        assert [(row["key"], row["run_id"]) for row in events] == [("P1", "opt-1"), ("P1", "opt-3"), ("P2", "opt-2")]
        assert None not in connection.execute(select(models.runs.c.recorded_at)).scalars().all()


def test_what_was_answered_before_is_not_written_again_beside_what_is_new(store):
    assert store.complete_all([answer("1")]) == 1
    assert store.complete_all([answer("1"), answer("2")]) == 1
    assert counts(store) == [2] * len(TABLES)


def test_one_that_was_begun_and_never_ended_is_completed(store):
    run, sent = answer("1")
    store.begin(dataclasses.replace(run, status=RunStatus.PROCESSING, completed_at=None, document=None, document_digest=None))
    assert store.complete_all([(run, sent), answer("2")]) == 2
    assert store.get("opt-1").status is RunStatus.COMPLETED
    assert counts(store) == [2] * len(TABLES)


def test_of_answers_of_which_one_cannot_be_written_none_is(store):
    run, sent = answer("1")
    nameless = dataclasses.replace(run, run_id="opt-2", portfolio_id="P" * 101)
    with pytest.raises(PortoptError):
        store.complete_all([(run, sent), (nameless, None)])
    assert counts(store) == [0] * len(TABLES)


def test_a_thousand_answers_take_few_more_statements_than_one(store):
    """Each run by its own, for its key says whether there is anything to write; of all other tables one for all."""
    seen: list[str] = []
    event.listen(store.database.engine, "before_cursor_execute", lambda _c, _k, statement, *_: seen.append(statement))
    store.complete_all([answer("first")])
    seen.clear()
    store.complete_all([answer("1")])
    alone = len(seen)
    seen.clear()
    store.complete_all([answer(f"x{k}") for k in range(50)])
    assert alone <= 14
    assert len(seen) == alone + 49
