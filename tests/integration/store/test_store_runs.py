"""A run from its beginning to its end, on both databases."""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta, timezone

import pytest
from sqlalchemy import Table, func, select, text

from portopt.adapters.store import lifecycle, models
from portopt.adapters.store.sql import SqlStore
from portopt.domain.canonical import canonical_json, digest
from portopt.domain.errors import DataError, InvalidValue, UnknownRun
from portopt.domain.holdings import Holdings
from portopt.domain.run import RunStatus


def rows(store: SqlStore, table: Table) -> list[dict]:
    with store._reading() as connection:
        return [dict(row) for row in connection.execute(select(table)).mappings()]


def count(store: SqlStore, table: Table) -> int:
    with store._reading() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_a_begun_run_comes_back_equal(store, begun):
    assert store.begin(begun()) == begun()
    assert store.get("reb-20261120-1") == begun()


def test_a_request_that_is_on_record_is_not_written_out_again(store, begun, finished, event, monkeypatch):
    store.begin(begun())
    monkeypatch.setattr(lifecycle, "run_row", lambda run: pytest.fail("written out again"))
    assert store.complete(finished(), event()) is True


def test_how_far_a_run_came_is_told_without_its_document(store, begun, finished, event):
    store.begin(begun())
    assert store.status("reb-20261120-1") is begun().status
    store.complete(finished(), event())
    assert store.status("reb-20261120-1") is RunStatus.COMPLETED
    with pytest.raises(UnknownRun):
        store.status("reb-20261120-2")


def test_beginning_again_returns_what_is_stored_and_changes_nothing(store, begun):
    store.begin(begun())
    later = begun(created_at=begun().created_at + timedelta(hours=1), status=RunStatus.PENDING)
    assert store.begin(later) == begun()
    assert count(store, models.runs) == count(store, models.rebalance_requests) == 1


def test_a_completed_run_comes_back_equal_with_its_document(store, begun, finished, event):
    store.begin(begun())
    assert store.complete(finished(), event()) is True
    assert store.get("reb-20261120-1") == finished()


def long_document() -> dict:
    """Some hundred thousand characters, with what a careless store would change: a large whole float, minus zero, order."""
    lines = [
        {"asset_id": f"A{i:05d}", "weight_after": i / 7.0, "weight_before": 0.0, "b": 1e16, "a": -0.0} for i in range(3000)
    ]
    return {"headline": {"trades": 0}, "figures": [], "trades": [], "proposal": lines}


def test_a_long_document_is_kept_short_and_comes_back_letter_by_letter(store, begun, finished, event):
    document = long_document()
    store.complete(finished(document=document, document_digest=digest(canonical_json(document))), event())

    found = store.get("reb-20261120-1").document
    with store._reading() as connection:
        kept = connection.execute(text("SELECT CAST(document AS VARCHAR) FROM " + named(store, "run_results"))).scalar_one()
    assert json.dumps(found) == json.dumps(document)
    assert digest(canonical_json(found)) == store.get("reb-20261120-1").document_digest
    assert len(kept) < 0.3 * len(json.dumps(document))


def test_a_long_document_that_was_written_as_it_is_still_opens(store, finished, event):
    document = long_document()
    store.complete(finished(document=document), event())
    with store._writing() as connection:
        plainly = text(f"UPDATE {named(store, 'run_results')} SET document = CAST(:document AS {json_type(store)})")
        connection.execute(plainly, {"document": json.dumps(document)})

    assert json.dumps(store.get("reb-20261120-1").document) == json.dumps(document)


def named(store: SqlStore, table: str) -> str:
    return table if store.health()["dialect"] == "sqlite" else f"command.{table}"


def json_type(store: SqlStore) -> str:
    return "TEXT" if store.health()["dialect"] == "sqlite" else "JSON"


def test_completing_twice_writes_one_result_and_one_event(store, finished, event):
    assert store.complete(finished(), event("e1")) is True
    other = finished(document={"headline": {"trades": 99}}, document_digest="cd" * 32)
    assert store.complete(other, event("e2")) is False
    assert store.get("reb-20261120-1") == finished()
    assert [row["event_id"] for row in rows(store, models.outbox)] == ["e1"]


def test_an_event_id_that_is_there_already_is_not_stored_again(store, finished, event):
    store.complete(finished("reb-a"), event("same"))
    store.complete(finished("reb-b"), event("same"))
    assert count(store, models.outbox) == 1


@pytest.mark.parametrize(
    "document",
    [
        {"huge": 1e16, "tiny": 5e-324, "minus_zero": -0.0, "third": 1 / 3, "big": 1.7976931348623157e308},
        {"z": 1, "a": {"y": [1.0, 2, None, True], "b": "Ünïcode €"}, "m": "1.10"},
    ],
)
def test_a_document_keeps_its_digest_and_its_order_through_the_store(store, finished, document):
    store.complete(finished(document=document, document_digest=digest(canonical_json(document))), None)
    stored = store.get("reb-20261120-1")
    assert digest(canonical_json(stored.document)) == stored.document_digest
    assert repr(stored.document) == repr(document)


def test_a_failed_run_keeps_its_problem_and_can_still_be_completed(store, begun, finished):
    problem = {"code": "upstream_failed", "detail": "the market did not answer", "asked": {"field": None, "value": None}}
    store.begin(begun())
    store.fail(begun(status=RunStatus.FAILED, problem=problem, completed_at=begun().created_at))
    assert store.get("reb-20261120-1").problem == problem
    assert store.get("reb-20261120-1").status is RunStatus.FAILED
    assert rows(store, models.rebalance_requests)[0]["status"] == "failed"
    assert store.complete(finished(), None) is True
    assert store.get("reb-20261120-1") == finished()


def test_a_failure_never_overwrites_a_completed_run(store, begun, finished):
    store.complete(finished(), None)
    store.fail(begun(status=RunStatus.FAILED, problem={"code": "late"}))
    assert store.get("reb-20261120-1") == finished()
    assert rows(store, models.rebalance_requests)[0]["status"] == "completed"


def test_a_run_that_failed_before_it_was_begun_is_recorded(store, begun):
    store.fail(begun(status=RunStatus.INFEASIBLE, problem={"code": "infeasible"}))
    assert store.get("reb-20261120-1").status is RunStatus.INFEASIBLE


def test_an_unfinished_run_cannot_be_completed(store, begun, finished):
    with pytest.raises(InvalidValue, match="processing"):
        store.complete(dataclasses.replace(finished(), status=RunStatus.PROCESSING), None)
    with pytest.raises(DataError, match="without its document"):
        store.complete(begun(status=RunStatus.COMPLETED), None)
    assert count(store, models.runs) == 0


def test_an_unknown_run_is_an_unknown_run(store):
    with pytest.raises(UnknownRun):
        store.get("reb-nowhere")


def test_instants_come_back_aware_and_in_utc_whatever_zone_they_came_in(store, begun):
    tokyo = begun().created_at.astimezone(timezone(timedelta(hours=9)))
    stored = store.begin(begun(created_at=tokyo)).created_at
    assert stored == tokyo
    assert stored.utcoffset() == timedelta(0)


def test_an_instant_without_a_zone_is_refused(store, begun):
    with pytest.raises(DataError, match="time zone"):
        store.begin(begun(created_at=begun().created_at.replace(tzinfo=None)))
    assert count(store, models.runs) == 0


@pytest.mark.parametrize("field", ["run_id", "portfolio_id"])
def test_an_identifier_no_column_can_hold_is_refused_on_both_databases(store, begun, field):
    for value in ("", "x" * 101, "a\x00b"):
        with pytest.raises(InvalidValue, match="characters"):
            store.begin(begun(**{field: value}))


def test_a_kind_of_target_no_column_can_hold_is_refused_before_any_work(store, begun):
    with pytest.raises(InvalidValue, match="target_type"):
        store.begin(begun(request={"target_type": "x" * 21}))
    assert count(store, models.runs) == 0


# --- lists --------------------------------------------------------------------------------------------------------


def test_runs_are_listed_newest_first_with_their_headline_only(store, begun, finished):
    store.complete(finished("reb-old"), None)
    store.begin(begun("reb-new", created_at=begun().created_at + timedelta(minutes=5)))
    new, old = store.runs()
    assert (new.run_id, new.document) == ("reb-new", None)
    assert (old.run_id, old.document) == ("reb-old", {"headline": finished().document["headline"]})
    assert old.document_digest == finished().document_digest


def test_runs_can_be_listed_for_one_portfolio_and_cut_short(store, begun):
    for i in range(4):
        store.begin(begun(f"reb-{i}", portfolio_id=f"P{i % 2}", created_at=begun().created_at + timedelta(minutes=i)))
    assert [run.run_id for run in store.runs(portfolio_id="P1")] == ["reb-3", "reb-1"]
    assert [run.run_id for run in store.runs(limit=1)] == ["reb-3"]


# --- approval -----------------------------------------------------------------------------------------------------


def test_a_proposal_that_awaits_approval_releases_its_event_once(store, finished, event):
    store.complete(finished(status=RunStatus.AWAITING_APPROVAL), None)
    assert count(store, models.outbox) == 0
    assert store.release("reb-20261120-1", event()) is True
    assert store.release("reb-20261120-1", event("e2")) is False
    assert store.get("reb-20261120-1").status is RunStatus.COMPLETED
    assert rows(store, models.rebalance_requests)[0]["status"] == "completed"
    assert [row["event_id"] for row in rows(store, models.outbox)] == ["e1"]


def test_only_a_proposal_that_awaits_approval_can_be_released(store, begun, event):
    store.begin(begun())
    assert store.release("reb-20261120-1", event()) is False
    with pytest.raises(UnknownRun):
        store.release("reb-nowhere", event())


def test_a_proposal_that_awaits_approval_does_not_bring_its_event(store, finished, event):
    with pytest.raises(InvalidValue, match="awaits approval"):
        store.complete(finished(status=RunStatus.AWAITING_APPROVAL), event())


# --- S1's and S2's tables -----------------------------------------------------------------------------------------


def test_a_rebalance_fills_the_tables_of_the_portfolio_service(store, begun, finished):
    store.begin(begun())
    request = rows(store, models.rebalance_requests)[0]
    assert (request["id"], request["portfolio_id"], request["status"]) == ("reb-20261120-1", "P1", "processing")
    assert request["constraints"] == {"max_weight": 0.1, "max_turnover": 0.2}
    store.complete(finished(), None)
    result, plan = rows(store, models.rebalance_results)[0], rows(store, models.rebalance_plans)[0]
    assert result["current_allocation"] == plan["current_allocation"] == {"AAPL": 0.3294, "XOM": 0.3182}
    assert result["target_allocation"] == plan["target_allocation"] == {"AAPL": 0.3294, "CASH": 0.3182}
    assert result["trades"] == [
        {
            "instrument_id": "XOM",
            "action": "sell",
            "quantity": 200.0,
            "estimated_value": 22460.0,
            "weight_change": -0.3182,
            "priority": 1,
        }
    ]
    assert plan["metrics"] == {
        "turnover": 0.3182,
        "expected_improvement": {"return": 0.005, "risk": -0.01, "sharpe": 0.08},
        "transaction_costs": 38.69,
        "tax_implications": None,
    }
    assert rows(store, models.pricing_packs)[0]["manifest"] == {"id": "pack-1", "source": "made up"}


def test_an_optimization_fills_the_tables_of_both_services(store, begun, finished):
    answer = {
        "optimal_weights": {"momentum": 0.35, "value": 0.65},
        "expected_return": 0.12,
        "expected_volatility": 0.18,
        "sharpe_ratio": 0.67,
        "optimization_metadata": {"convergence_status": "optimal", "iterations": 45, "optimization_time_ms": 2.4},
    }
    request = {"objective": {"kind": "max_sharpe"}, "limits": {"max_weight": 0.7}, "current_weights": {"value": 1.0}}
    fields = {"kind": "optimize", "request": request, "pricing_pack_id": None}
    store.begin(begun("opt-1", **fields))
    store.complete(finished("opt-1", document=answer, **fields), None)
    for table in (models.strategy_optimization_results, models.portfolio_optimization_ts):
        row = rows(store, table)[0]
        assert {name: row[name] for name in answer} == answer
    assert rows(store, models.portfolio_optimization_ts)[0]["timestamp"] == finished().completed_at
    configuration = rows(store, models.optimization_configurations)[0]
    assert (configuration["objective"], configuration["constraints"]) == ("max_sharpe", {"max_weight": 0.7})
    read = rows(store, models.portfolio_optimizations)[0]
    assert (read["optimization_id"], read["status"]) == ("opt-1", "completed")
    assert read["current_allocation"] == {"value": 1.0}
    assert rows(store, models.optimization_results)[0]["target_allocation"] == answer["optimal_weights"]


def test_a_run_leaves_the_reference_copy_of_its_portfolio_alone(store, begun):
    held = Holdings("P1", {}, currency="EUR")
    store.save_holdings(held)
    store.begin(begun())
    assert store.holdings("P1") == held


def test_a_rejected_proposal_ends_as_cancelled_once_and_its_event_never_leaves(store, finished, event):
    store.begin(finished())
    store.complete(finished(status=RunStatus.AWAITING_APPROVAL), None)

    assert store.withdraw("reb-20261120-1", {"code": "rejected"}) is True
    assert store.withdraw("reb-20261120-1", {"code": "again"}) is False
    assert store.release("reb-20261120-1", event()) is False

    run = store.get("reb-20261120-1")
    assert (run.status, run.problem) == (RunStatus.CANCELLED, {"code": "rejected"})
    assert run.document is not None
    assert count(store, models.outbox) == 0
