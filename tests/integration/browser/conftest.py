"""One Chromium for all of these tests, and the report of a real rebalance of the sample book."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from integration.browser.devtools import Browser, chromium

from portopt.doors.form import RebalanceForm, resolve
from portopt.questions.rebalance import rebalance as propose
from portopt.runs.report import report_place
from portopt.runtime import open_runtime
from portopt.settings import Settings


class Report(NamedTuple):
    """The page on disk and the document it was made from."""

    path: Path
    document: dict[str, Any]

    @property
    def url(self) -> str:
        return self.path.as_uri()


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("chromium")) as started:
        yield started


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    runtime = open_runtime(Settings(home=tmp_path_factory.mktemp("report")))
    record = propose(resolve(RebalanceForm(), runtime), runtime)
    return Report(report_place(record.run_id, runtime), json.loads(json.dumps(record.document)))
