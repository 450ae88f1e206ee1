"""The service itself: what waits, what answers, and what is left of the error budget."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portopt.domain import errors
from portopt.domain.measured import EndedJob, Queue
from portopt.domain.run import Outbox, ParkedEvent, RunStatus
from portopt.monitoring.measures import service

NOW = datetime(2024, 6, 3, 22, tzinfo=UTC)


def job(number: int, status: RunStatus = RunStatus.COMPLETED, code: str = "", days: float = 0.1) -> EndedJob:
    return EndedJob(f"job-{number}", status, NOW - timedelta(days=days), code)


def test_the_outbox_tells_the_age_of_its_oldest_event_and_what_is_parked() -> None:
    state = Outbox(7, 1, NOW, parked=(ParkedEvent("e1", "P1", "no such topic"),), behind=3, oldest=NOW - timedelta(minutes=5))
    age, waits, parked = service.outbox(state, NOW)
    assert (age.value, waits.value, parked.value, parked.limit) == (300.0, 7.0, 1.0, 0.0)
    assert parked.detail == {"parked": [{"event": "e1", "key": "P1", "why": "no such topic"}], "behind": 3}
    assert service.outbox(Outbox(0, 0, NOW), NOW)[0].value == 0.0


def test_the_queue_tells_how_long_its_first_job_has_waited() -> None:
    assert [f.value for f in service.queue(Queue(3, NOW - timedelta(seconds=90)), NOW)] == [3.0, 90.0]
    assert [f.value for f in service.queue(Queue(0), NOW)] == [0.0, 0.0]


def test_what_does_not_answer_is_zero_with_what_it_said() -> None:
    up, down = service.is_up("store_up", NOW, None), service.is_up("broker_up", NOW, "connection refused")
    assert (up.value, up.why, down.value, down.why) == (1.0, "", 0.0, "connection refused")


def test_a_disk_of_no_size_has_no_free_share() -> None:
    assert service.disk(25, 100, "/home", NOW).value == 0.25
    assert service.disk(0, 0, "/home", NOW).value is None


def test_a_refusal_of_what_was_asked_is_an_answer_and_a_fault_of_ours_is_not() -> None:
    jobs = [*(job(k) for k in range(7)), job(7, RunStatus.INFEASIBLE, "infeasible"), job(8, RunStatus.FAILED, "bad_data"),
            job(9, RunStatus.FAILED, "upstream_failed")]  # fmt: skip
    answered, budget = service.availability(jobs, NOW)
    assert answered.value == pytest.approx(0.9)
    assert answered.detail["jobs"] == ["job-9"]
    assert budget.value == pytest.approx(1.0 - 0.1 / 0.005)


def test_every_code_that_counts_against_us_is_one_that_exists() -> None:
    codes = {one.code for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.PortoptError)}
    assert codes >= service.OURS


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 29)), min_size=1, max_size=40))
def test_availability_is_of_a_day_and_the_budget_of_thirty(ended: list[tuple[bool, float]]) -> None:
    jobs = [job(k, RunStatus.FAILED if bad else RunStatus.COMPLETED, "internal_error" if bad else "", days)
            for k, (bad, days) in enumerate(ended)]  # fmt: skip
    answered, budget = service.availability(jobs, NOW, objective=0.9)
    today = [bad for bad, days in ended if days <= 1.0]
    assert answered.value == (pytest.approx(1 - sum(today) / len(today)) if today else None)
    assert budget.value == pytest.approx(1 - sum(bad for bad, _ in ended) / len(ended) / 0.1)


def test_without_jobs_nothing_is_said_to_be_available() -> None:
    assert all(f.value is None and f.why for f in service.availability([], NOW))
