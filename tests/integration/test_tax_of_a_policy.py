"""A tax is said at every door, over a policy that says none, and is one request however it was said."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from portopt.dialects.policies import read_policy, write_policy
from portopt.document.policies import changes
from portopt.domain.errors import InvalidValue
from portopt.domain.request import RebalanceRequest
from portopt.doors.commands.rebalance_options import Options, read_rebalance
from portopt.doors.notebook.posing import posed
from portopt.questions.policies import seed_policies
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings

TAX = {"regime": "us_federal", "short_rate": 0.37, "identical": [["AAPL", "MSFT"]]}
SETS = ("tax.regime=us_federal", "tax.short_rate=37 %", 'tax.identical=[["AAPL", "MSFT"]]')


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    return open_runtime(Settings(home=tmp_path_factory.mktemp("tax")))


def by_command(runtime: Runtime, *sets: str) -> RebalanceRequest:
    return read_rebalance(Options(holdings="sample", provider="sample", portfolio_id="sample", sets=sets), runtime)


def by_notebook(runtime: Runtime, **words: Any) -> RebalanceRequest:
    asked = posed(holdings="sample", portfolio_id="sample", home=runtime.settings.home, **words).request
    assert isinstance(asked, RebalanceRequest)
    return asked


def test_the_doors_say_the_same(runtime: Runtime) -> None:
    asked = by_command(runtime, *SETS)
    assert asked.policy.tax == TAX
    assert by_notebook(runtime, tax=TAX).identity() == asked.identity()
    assert by_notebook(runtime, sets={f"tax.{name}": value for name, value in TAX.items()}).identity() == asked.identity()
    assert by_command(runtime).identity() != asked.identity()


def test_a_word_that_cannot_be_is_refused_where_it_was_said(runtime: Runtime) -> None:
    with pytest.raises(InvalidValue) as caught:
        by_command(runtime, "tax.regime=germany", "tax.method=lifo")
    assert caught.value.field == "tax.method"
    assert "fifo" in caught.value.fixes[0]


def test_a_stored_policy_keeps_its_tax_and_its_versions_say_what_changed(runtime: Runtime) -> None:
    before = dataclasses.replace(by_command(runtime).policy, id="taxed", method_version="v1")
    after = read_policy({**write_policy(before), "method_version": "v2", "tax": TAX})
    seed_policies(runtime, (before, after))
    kept = {one.policy.method_version: one.policy for one in runtime.runs.policy_versions("taxed")}
    assert kept == {"v1": before, "v2": after}
    assert {row["path"].split(".")[0] for row in changes(kept["v1"], kept["v2"])} == {"tax"}
