"""What a flow run says to its approver: in its log, in its name, among its artifacts."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from portopt import pipeline
from portopt.adapters.jobs.artifacts import report_words
from portopt.document import narrative
from portopt.domain.run import RunRecord
from portopt.doors.form import RebalanceForm, resolve
from portopt.questions.rebalance import rebalance
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    return open_runtime(Settings(home=tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="module")
def record(runtime: Runtime) -> RunRecord:
    return rebalance(resolve(RebalanceForm(), runtime), runtime)


def test_each_step_says_what_the_values_hold(runtime: Runtime) -> None:
    request = resolve(RebalanceForm(), runtime)
    snapshot = pipeline.fetch_pack(request, runtime.market(request.provider))
    moments = pipeline.estimate(request, snapshot)
    answer = pipeline.optimize_for(request, snapshot, moments)
    validated = pipeline.certify(answer, snapshot)
    plan = pipeline.trade(request, snapshot, answer, validated)

    assert narrative.called(request, snapshot) == f"sample under quality_focused, {snapshot.as_of}"
    assert all(limit in narrative.asked(request) for limit in request.policy.limits)
    assert snapshot.pricing_pack_id in narrative.priced(snapshot)
    assert "nothing was found wrong" in narrative.priced(snapshot)
    assert request.policy.estimation.covariance in narrative.believed(request, moments)
    raw = answer.solution.raw
    assert raw is not None
    assert narrative.solved(answer.solution, ()) == f"solved by {raw.solver} in {raw.iterations} iterations"
    assert narrative.certified(validated).startswith("certified: worst violation")
    sells = sum(trade.side == "sell" for trade in plan.trades)
    assert narrative.planned(plan).startswith(f"{sells} sells of {plan.sells_value:,.2f} USD")
    assert f"costs {plan.total_cost:,.2f} USD" in narrative.planned(plan)


def test_what_is_odd_about_the_prices_is_named_by_asset(runtime: Runtime) -> None:
    request = resolve(RebalanceForm(), runtime)
    snapshot = pipeline.fetch_pack(request, runtime.market(request.provider))
    first, *_ = snapshot.asset_ids
    from portopt.domain.market import Finding

    fields = {f.name: "x" for f in dataclasses.fields(Finding)}
    odd = Finding(**{**fields, "asset_id": first, "kind": "stale", "treatment": "quarantined"})
    told = narrative.priced(dataclasses.replace(snapshot, findings=(odd,) * 7))
    assert f"{first}: stale, quarantined" in told
    assert told.endswith("and 2 more")


def test_what_waits_is_the_value_of_all_orders(record: RunRecord) -> None:
    document = record.document
    assert document is not None
    whole = sum(float(trade["value"]) for trade in document["trades"])
    (said,) = re.findall(r"awaiting approval of ([\d,]+) USD", narrative.awaits(record))
    assert float(said.replace(",", "")) == pytest.approx(whole, abs=0.51)


def test_the_report_is_a_link_where_people_reach_the_service() -> None:
    assert "(https://desk.example/api/v1/runs/reb-1/report)" in report_words("reb-1", "https://desk.example/")
    assert "PORTOPT_PUBLIC_URL" in report_words("reb-1")
    assert "](" not in report_words("reb-1")


def test_an_address_that_is_none_is_refused_by_its_setting(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="public_url"):
        Settings(home=tmp_path, public_url="desk.example")
