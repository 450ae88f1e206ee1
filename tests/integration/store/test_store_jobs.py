"""Jobs: submitted once, leased to one runner at a time, ended once with the run that they became."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from portopt.adapters.store import models
from portopt.adapters.store.books import SqlPortfolios
from portopt.adapters.store.jobs import SqlJobs
from portopt.adapters.store.service_tables import jobs as table
from portopt.domain.errors import Conflict, InvalidValue, KeyReused, UnknownThing
from portopt.domain.holdings import Holdings
from portopt.domain.job import Job
from portopt.domain.portfolio import Portfolio
from portopt.domain.run import RunStatus

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BODY = {
    "portfolio_id": "P1",
    "optimization_type": "mean_variance",
    "objective": "maximize_sharpe",
    "risk_measure": "volatility",
    "constraints": {"max_position_size": 0.1},
    "preferences": {"consider_tax_implications": True},
}
WHY = {"code": "bad_data", "detail": "no price"}


@pytest.fixture
def jobs(store) -> SqlJobs:
    SqlPortfolios(store.database).save(Portfolio("P1"))
    return SqlJobs(store.database)


def asked(job_id: str = "opt-1", **fields) -> Job:
    job = Job(job_id, "optimization", "P1", RunStatus.PENDING, BODY, {"holdings": {}}, f"digest of {job_id}", 1, NOW)
    return dataclasses.replace(job, **fields)


def rows(store, of) -> list[dict]:
    with store.database.reading() as connection:
        return [dict(row) for row in connection.execute(select(of)).mappings()]


# --- asked --------------------------------------------------------------------------------------------------------


def test_a_job_is_on_record_with_the_request_as_it_was_sent(store, jobs):
    job = jobs.submit(asked(asked_by="anna", correlation_id="c1", idempotency_key="k1", approval_hours=2.0))
    assert jobs.get("opt-1") == job
    assert (job.status, job.body, job.approval_hours, job.attempts, job.is_ended) == (RunStatus.PENDING, BODY, 2.0, 0, False)
    assert abs((job.created_at - datetime.now(UTC)).total_seconds()) < 60  # the database's clock, and not the caller's
    (row,) = rows(store, models.optimization_requests)
    told = {name: row[name] for name in ("id", "portfolio_id", "status", "objective", "constraints", "preferences")}
    assert told == {"id": "opt-1", "status": "pending", **{name: BODY[name] for name in told if name not in ("id", "status")}}


def test_a_rebalance_has_its_own_request(store, jobs):
    jobs.submit(asked("reb-1", kind="rebalance", body={"target_type": "custom", "constraints": {"max_turnover": 0.1}}))
    (row,) = rows(store, models.rebalance_requests)
    assert (row["id"], row["target_type"], row["constraints"]) == ("reb-1", "custom", {"max_turnover": 0.1})


def test_the_same_key_of_the_same_asker_is_the_first_job_whatever_became_of_it(jobs):
    first = jobs.submit(asked(asked_by="anna", idempotency_key="k1"))
    jobs.fail("opt-1", WHY)
    newer_holdings = asked("opt-2", asked_by="anna", idempotency_key="k1", holdings_version=2)
    assert jobs.submit(newer_holdings).job_id == first.job_id
    assert jobs.submit(asked("opt-3", asked_by="bert", idempotency_key="k1")).job_id == "opt-3"
    with pytest.raises(KeyReused):
        jobs.submit(asked("opt-4", asked_by="anna", idempotency_key="k1", body={**BODY, "objective": "minimize_risk"}))


def test_an_equal_job_is_the_one_that_is_not_ended(jobs):
    jobs.submit(asked("opt-1", request_digest="d"))
    assert jobs.submit(asked("opt-2", request_digest="d")).job_id == "opt-1"
    jobs.fail("opt-1", WHY)
    assert jobs.submit(asked("opt-3", request_digest="d")).job_id == "opt-3"


def test_one_key_a_hundred_times_at_once_is_one_job(store, jobs):
    given = [asked(f"opt-{i}", asked_by="anna", idempotency_key="k", request_digest=str(i)) for i in range(100)]
    with ThreadPoolExecutor(8) as pool:
        assert len({job.job_id for job in pool.map(jobs.submit, given)}) == 1
    assert len(rows(store, table)) == len(rows(store, models.optimization_requests)) == 1


def test_a_portfolio_that_is_not_on_record_is_not_made_by_a_question(store, jobs):
    with pytest.raises(UnknownThing):
        jobs.submit(asked(portfolio_id="P9"))
    assert (rows(store, table), [row["id"] for row in rows(store, models.portfolios)]) == ([], ["P1"])


@pytest.mark.parametrize("bad", [{"job_id": "x" * 65}, {"idempotency_key": "k" * 256}, {"asked_by": "a\0"}, {"kind": "walk"},
                                 {"body": {**BODY, "objective": "o" * 31}}])  # fmt: skip
def test_what_no_column_holds_is_refused_and_leaves_nothing(store, jobs, bad):
    with pytest.raises(InvalidValue):
        jobs.submit(asked(**bad))
    assert rows(store, table) == []


# --- leases -------------------------------------------------------------------------------------------------------


def test_jobs_are_taken_up_in_order_and_by_one_runner_each(store, jobs):
    for i in range(3):
        jobs.submit(asked(f"opt-{i}"))
    first = jobs.claim("a", 30.0)
    assert (first.job_id, first.status, first.owner, first.attempts) == ("opt-0", RunStatus.PROCESSING, "a", 1)
    assert first.started_at is not None
    assert 0 < (first.leased_until - datetime.now(UTC)).total_seconds() < 60
    assert {row["status"] for row in rows(store, models.optimization_requests) if row["id"] == "opt-0"} == {"processing"}
    assert [jobs.claim("b", 30.0).job_id, jobs.claim("b", 30.0).job_id, jobs.claim("b", 30.0)] == ["opt-1", "opt-2", None]


def test_many_runners_at_once_take_up_every_job_once(jobs):
    for i in range(40):
        jobs.submit(asked(f"opt-{i:02}"))

    def work(owner: int) -> list[str]:
        return [job.job_id for job in iter(lambda: jobs.claim(f"runner-{owner}", 60.0), None)]

    with ThreadPoolExecutor(8) as pool:
        taken = [job_id for got in pool.map(work, range(8)) for job_id in got]
    assert sorted(taken) == [f"opt-{i:02}" for i in range(40)]


def test_a_lease_that_is_over_is_anybodys_and_its_old_owner_is_not_heard(jobs):
    jobs.submit(asked())
    jobs.claim("a", 30.0, NOW)
    assert jobs.claim("b", 30.0, NOW + timedelta(seconds=29)) is None
    assert jobs.renew("opt-1", "a", 30.0, NOW + timedelta(seconds=20)) is True
    assert jobs.claim("b", 30.0, NOW + timedelta(seconds=49)) is None
    taken = jobs.claim("b", 30.0, NOW + timedelta(seconds=51))
    assert (taken.owner, taken.attempts) == ("b", 2)
    assert jobs.renew("opt-1", "a", 30.0, NOW) is False
    assert jobs.became("opt-1", "reb-1", owner="a") is False
    assert jobs.fail("opt-1", WHY, owner="a") is False
    assert (jobs.get("opt-1").owner, jobs.get("opt-1").status, jobs.get("opt-1").run_id) == ("b", RunStatus.PROCESSING, None)
    assert jobs.fail("opt-1", WHY, owner="b") is True


def test_a_sweep_frees_what_went_silent_and_ends_what_always_does(store, jobs, begun):
    for job_id in ("opt-1", "opt-2", "opt-3"):
        jobs.submit(asked(job_id))
        jobs.claim("a", 30.0, NOW)
    with store.database.writing() as connection:
        connection.execute(update(table).where(table.c.job_id == "opt-2").values(attempts=5))
    store.begin(begun("reb-2"))
    jobs.became("opt-2", "reb-2")
    jobs.renew("opt-3", "a", 60.0, NOW)
    swept = jobs.sweep(5, NOW + timedelta(seconds=31))
    assert (swept.freed, swept.failed) == (("opt-1",), ("opt-2",))
    assert [jobs.get(f"opt-{i}").status.value for i in (1, 2, 3)] == ["pending", "failed", "processing"]
    assert "5 times" in jobs.get("opt-2").problem["detail"]
    assert store.status("reb-2") is RunStatus.FAILED
    statuses = {row["id"]: row["status"] for row in rows(store, models.optimization_requests)}
    assert statuses == {"opt-1": "pending", "opt-2": "failed", "opt-3": "processing"}
    assert jobs.sweep(5, NOW + timedelta(seconds=31)).freed == ()
    assert jobs.claim("b", 30.0, NOW, most_attempts=1) is None


# --- ended --------------------------------------------------------------------------------------------------------


@pytest.fixture
def at_work(store, jobs, begun):
    """A job that is a run now."""

    def make(job_id: str = "opt-1", run_id: str = "reb-run", **fields) -> None:
        jobs.submit(asked(job_id, **fields))
        jobs.claim("a", 30.0)
        store.begin(begun(run_id))
        assert jobs.became(job_id, run_id, owner="a") is True

    return make


def test_a_job_ends_with_its_run_and_leaves_the_rows_of_what_was_asked(store, jobs, at_work, finished, event):
    at_work()
    store.complete(finished("reb-run", timings={"optimize": 0.25}), event("e1"))
    job = jobs.get("opt-1")
    assert (job.status, job.run_id, job.owner, job.leased_until) == (RunStatus.COMPLETED, "reb-run", None, None)
    assert job.completed_at is not None
    assert job.seconds["optimize"] == 0.25
    assert job.seconds["queue"] >= 0
    (result,) = rows(store, models.optimization_results)
    (read,) = rows(store, models.portfolio_optimizations)
    assert (result["optimization_id"], result["metrics"]["turnover"]) == ("opt-1", 0.3182)
    assert result["target_allocation"] == {"AAPL": 0.3294, "CASH": 0.3182}
    assert result["trades"][0]["instrument_id"] == "XOM"
    assert (read["objective"], read["status"], read["trades"]) == ("maximize_sharpe", "completed", result["trades"])
    assert {row["id"]: row["status"] for row in rows(store, models.optimization_requests)} == {"opt-1": "completed"}
    assert [row["optimization_id"] for row in rows(store, models.portfolio_optimization_ts)] == ["reb-run"]


def test_a_rebalance_leaves_its_plan_by_its_own_id(store, jobs, at_work, finished, event):
    at_work("reb-asked", kind="rebalance", body={"target_type": "optimal"})
    store.complete(finished("reb-run"), event("e1"))
    assert {row["rebalance_id"] for row in rows(store, models.rebalance_plans)} == {"reb-asked", "reb-run"}
    assert {row["rebalance_id"] for row in rows(store, models.rebalance_results)} == {"reb-asked", "reb-run"}
    assert {row["status"] for row in rows(store, models.rebalance_requests)} == {"completed"}


@pytest.mark.parametrize("status", [RunStatus.FAILED, RunStatus.INFEASIBLE])
def test_a_job_fails_as_its_run_does(store, jobs, at_work, begun, status):
    at_work()
    store.fail(begun("reb-run", status=status, problem=WHY, completed_at=NOW))
    assert (jobs.get("opt-1").status, jobs.get("opt-1").problem) == (status, WHY)
    assert rows(store, models.optimization_results) == []
    assert rows(store, models.optimization_requests)[0]["status"] == status.value


def test_what_a_person_decides_of_the_run_is_decided_of_the_job(store, jobs, at_work, finished, event):
    for name in ("yes", "no", "late"):
        at_work(f"opt-{name}", f"reb-{name}")
    store.complete(finished("reb-late", status=RunStatus.AWAITING_APPROVAL), None)
    assert jobs.get("opt-late").status is RunStatus.AWAITING_APPROVAL
    store.complete(finished("reb-no", status=RunStatus.AWAITING_APPROVAL), None)
    assert jobs.get("opt-late").status is RunStatus.SUPERSEDED
    assert store.withdraw("reb-no", WHY) is True
    store.complete(finished("reb-yes", status=RunStatus.AWAITING_APPROVAL), None)
    ended = jobs.get("opt-yes").completed_at
    assert store.release("reb-yes", event("e1")) is True
    assert (jobs.get("opt-yes").status, jobs.get("opt-yes").completed_at) == (RunStatus.COMPLETED, ended)
    assert (jobs.get("opt-no").status, jobs.get("opt-no").problem) == (RunStatus.CANCELLED, WHY)
    read = {row["optimization_id"]: row["status"] for row in rows(store, models.portfolio_optimizations)}
    assert read == {"opt-yes": "completed", "opt-no": "cancelled", "opt-late": "superseded"}


def test_a_job_that_became_a_run_that_is_complete_ends_at_once(store, jobs, at_work, finished, event):
    store.complete(finished("reb-run"), event("e1"))
    at_work()
    assert jobs.get("opt-1").status is RunStatus.COMPLETED
    assert len(rows(store, models.portfolio_optimizations)) == 1


def test_one_whose_run_was_superseded_ends_as_the_run_does_when_it_is_asked_for_again(store, jobs, at_work, finished, event):
    books = SqlPortfolios(store.database)
    books.declare(Holdings("P1", {"A": Decimal(90)}), "anna")
    request = {"policy": {"limits": {}}, "holdings": {"currency": "USD", "cash": "0", "shares": {"A": "100"}}}
    old = finished("reb-run", request=request)
    store.complete(old, event("e1"))
    assert store.status("reb-run") is RunStatus.SUPERSEDED
    for job_id, now_held, end in (("opt-1", 90, RunStatus.SUPERSEDED), ("opt-2", 100, RunStatus.COMPLETED)):
        at_work(job_id)
        assert jobs.get(job_id).status is RunStatus.PROCESSING
        books.declare(Holdings("P1", {"A": Decimal(now_held)}), "anna")
        store.renew(old, event("e1"))
        assert jobs.get(job_id).status is end
    assert jobs.get("opt-1").status is RunStatus.SUPERSEDED


def test_a_job_that_is_ended_stays_so(store, jobs, at_work, finished, event):
    at_work()
    assert jobs.fail("opt-1", WHY) is True
    assert jobs.fail("opt-1", {"detail": "again"}) is False
    store.complete(finished("reb-run"), event("e1"))
    assert (jobs.get("opt-1").status, jobs.get("opt-1").problem) == (RunStatus.FAILED, WHY)
    with pytest.raises(InvalidValue):
        jobs.fail("opt-1", WHY, RunStatus.PROCESSING)


def test_two_jobs_that_are_one_run_end_with_it(store, jobs, at_work, finished, event):
    at_work("opt-1")
    at_work("opt-2")
    store.complete(finished("reb-run"), event("e1"))
    assert {jobs.get(job_id).status for job_id in ("opt-1", "opt-2")} == {RunStatus.COMPLETED}


# --- found --------------------------------------------------------------------------------------------------------


def test_jobs_are_listed_newest_first_page_by_page(store, jobs):
    SqlPortfolios(store.database).save(Portfolio("P2"))
    for i in range(5):
        jobs.submit(asked(f"opt-{i}", portfolio_id="P2" if i == 3 else "P1"))
    assert [job.job_id for job in jobs.list(None, limit=2)] == ["opt-4", "opt-3"]
    assert [job.job_id for job in jobs.list(None, after="opt-3", limit=2)] == ["opt-2", "opt-1"]
    assert [job.job_id for job in jobs.list(frozenset({"P2"}))] == ["opt-3"]
    assert jobs.list(frozenset()) == []
    assert [job.job_id for job in jobs.list(None, portfolio_id="P2")] == ["opt-3"]
    jobs.claim("a", 30.0)
    assert [job.job_id for job in jobs.list(None, status=RunStatus.PROCESSING)] == ["opt-0"]
    with pytest.raises(UnknownThing):
        jobs.list(None, after="opt-9")


def test_a_job_is_found_by_what_it_was_asked_with_and_by_its_pack(jobs, at_work):
    at_work(asked_by="anna", idempotency_key="k1", correlation_id="c1", request_digest="d1")
    jobs.submit(asked("opt-2"))
    for given in ({"idempotency_key": "k1"}, {"correlation_id": "c1"}, {"request_digest": "d1"}, {"pricing_pack_id": "pack-1"}):
        assert [job.job_id for job in jobs.lookup(None, **given)] == ["opt-1"], given
        assert jobs.lookup(frozenset({"P2"}), **given) == []
    assert jobs.lookup(None, idempotency_key="k1", correlation_id="c2") == []


def test_what_jobs_usually_take_is_the_median_of_those_that_ended_with_an_answer(store, jobs):
    assert jobs.usual_seconds("optimization") is None
    for i, seconds in enumerate((1, 2, 30, 1000)):
        job = jobs.submit(asked(f"opt-{i}"))
        ended = {"completed_at": job.created_at + timedelta(seconds=seconds), "status": "failed" if i == 3 else "completed"}
        with store.database.writing() as connection:
            connection.execute(update(table).where(table.c.job_id == f"opt-{i}").values(**ended))
    assert jobs.usual_seconds("optimization") == pytest.approx(2.0)
    assert jobs.usual_seconds("rebalance") is None


def test_an_id_that_a_job_has_is_that_job(store, jobs):
    jobs.submit(asked(request_digest="d1"))
    jobs.fail("opt-1", WHY)
    assert jobs.submit(asked(request_digest="d1")).status is RunStatus.FAILED
    assert len(rows(store, table)) == 1
    with pytest.raises(Conflict):
        jobs.submit(asked(request_digest="d2", body={**BODY, "objective": "minimize_risk"}))
