"""How runs end, which never do, and what their certificates say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portopt.domain.measured import EndedRun, OpenRun, Paper
from portopt.domain.run import RunStatus
from portopt.monitoring.measures.outcomes import certificates, shares, stuck, waiting

NOW = datetime(2024, 6, 3, 22, tzinfo=UTC)


def ended(number: int, status: RunStatus, code: str = "") -> EndedRun:
    return EndedRun(f"reb-{number}", "rebalance", f"P{number}", status, NOW, NOW - timedelta(minutes=number), code=code)


def begun(number: int, hours: float, *, worked_on: bool = False) -> OpenRun:
    return OpenRun(f"reb-{number}", "P1", NOW - timedelta(hours=hours), worked_on)


def test_shares_are_of_every_run_that_ended_and_name_the_newest_with_their_codes() -> None:
    runs = [*(ended(k, RunStatus.COMPLETED) for k in range(6)), ended(7, RunStatus.FAILED, "bad_data"),
            ended(6, RunStatus.FAILED, "upstream_failed"), ended(8, RunStatus.INFEASIBLE, "infeasible"),
            ended(9, RunStatus.SUPERSEDED)]  # fmt: skip
    counted, failed, infeasible = shares(runs, NOW)
    assert (counted.name, counted.value) == ("runs_ended", 10.0)
    assert (failed.name, failed.value) == ("runs_failed", 0.2)
    assert (infeasible.name, infeasible.value) == ("runs_infeasible", 0.1)
    assert failed.detail["codes"] == {"bad_data": 1, "upstream_failed": 1}
    assert [one["run"] for one in failed.detail["newest"]] == ["reb-6", "reb-7"]


def test_no_run_is_no_good_share() -> None:
    counted, *of_them = shares([], NOW)
    assert counted.value == 0.0
    assert [(f.value, bool(f.why)) for f in of_them] == [(None, True), (None, True)]


def test_a_run_is_stuck_where_it_is_old_and_nobody_works_on_it() -> None:
    found = stuck([begun(1, 0.5), begun(2, 2.0), begun(3, 5.0, worked_on=True), begun(4, 3.0)], NOW)
    assert found.value == 2.0
    assert found.limit == 0.0
    assert [(one["run"], one["seconds"]) for one in found.detail["oldest"]] == [("reb-4", 10_800.0), ("reb-2", 7_200.0)]


def test_the_oldest_proposal_says_how_long_a_person_has_been_waited_for() -> None:
    found = waiting([begun(1, 1.0), begun(2, 30.0)], NOW)
    assert found.value == 30 * 3600.0
    assert found.detail["waiting"] == 2
    assert waiting([], NOW).value == 0.0


def test_the_worst_certificate_is_told_with_its_run_and_limit() -> None:
    papers = [Paper("a", 1e-12, "budget", 1e-9), Paper("b", 3e-10, "max_weight", None), Paper("c", 0.0, "", 4e-8)]
    violation, gap = certificates(papers, NOW)
    assert (violation.value, violation.detail["run"], violation.detail["limit"]) == (3e-10, "b", "max_weight")
    assert (gap.value, gap.detail["run"], gap.detail["without_bound"]) == (4e-8, "c", 1)


@pytest.mark.parametrize("papers", [[], [Paper("a", 0.0, "", None)]])
def test_no_proven_bound_is_no_good_gap(papers: list[Paper]) -> None:
    gap = certificates(papers, NOW)[1]
    assert gap.value is None
    assert gap.why
