"""Retention is killed, as a machine that goes down kills it, and carried out again: what is left is what was to be left."""

from __future__ import annotations

import shutil
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import small_book
import warm
from integration.retention.test_retention import ALL, LATER, keep_an_answer, rows
from sqlalchemy import func, select
from support import environment

from portopt.adapters.providers.frames import FrameProvider
from portopt.adapters.store import models
from portopt.adapters.store.retention import LEFT
from portopt.domain.errors import InfeasibleRequest
from portopt.runs import events, history
from portopt.runs.retention import carry_out
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings

ANSWERS, REFUSALS = 120, 12
CHILD = Path(__file__).with_name("retention_child.py")


@pytest.fixture
def home(tmp_path: Path) -> Runtime:
    """A proposal with its page, many answers, and refusals that each rest on prices of their own."""
    runtime = open_runtime(Settings(home=tmp_path / "home"))
    small_book.rebalance(runtime)
    for k in range(ANSWERS):
        keep_an_answer(runtime, f"W{k:03d}")
    limits = {"long_only": True, "max_weight": 0.1, "cash": {"max": 0.0}}
    request = small_book.request()
    impossible = replace(request, policy=replace(request.policy, limits=limits))
    for k in range(REFUSALS):
        with pytest.raises(InfeasibleRequest):
            small_book.propose(impossible, runtime, market=FrameProvider(small_book.prices().head(100 + k)), frontier=False)
    events.deliver(runtime)
    return runtime


def left(runtime: Runtime) -> int:
    """Runs, packs and pages that are there."""
    with runtime.runs.database.reading() as connection:
        runs = connection.execute(select(func.count()).select_from(models.runs)).scalar_one()
    return int(runs) + len(files(runtime))


def files(runtime: Runtime) -> list[str]:
    settings = runtime.settings
    folders = (settings.packs_path, settings.reports_path)
    return sorted(path.name for folder in folders if folder.exists() for path in folder.iterdir() if path.name[0] != ".")


def carried_out(runtime: Runtime) -> warm.Child:
    home = runtime.settings.home
    return warm.begin([sys.executable, str(CHILD), LATER.isoformat()], home.parent, env=environment(home))


def require_no_row_of_a_run_that_is_gone(runtime: Runtime) -> None:
    with runtime.runs.database.reading() as connection:
        there = set(connection.execute(select(models.runs.c.run_id)).scalars())
        for table, column in LEFT:
            named = set(connection.execute(select(table.c[column])).scalars()) - {None}
            assert named <= there, table.name


def test_what_is_killed_on_the_way_and_carried_out_again_leaves_what_an_undisturbed_one_leaves(
    home: Runtime, tmp_path: Path
) -> None:
    home.runs.close()  # a file of SQLite's that is read and closed beside it takes its locks away
    shutil.copytree(home.settings.home, tmp_path / "undisturbed")
    home = open_runtime(home.settings)
    undisturbed = open_runtime(Settings(home=tmp_path / "undisturbed"))
    carry_out(undisturbed, LATER, ALL)
    whole, end, kills = left(home), left(undisturbed), 0
    assert whole - end >= ANSWERS + 2 * REFUSALS
    for share in (0.15, 0.5, 0.9):
        process = carried_out(home)
        while process.poll() is None and left(home) > whole - share * (whole - end):
            time.sleep(0.002)
        if process.poll() is None:
            process.kill()
        kills += process.wait() == -signal.SIGKILL and left(home) > end
        require_no_row_of_a_run_that_is_gone(home)
        for run in home.runs.runs(limit=1_000):
            assert run.document is None or home.runs.get(run.run_id).is_whole
            assert run.pricing_pack_id is None or home.packs.has(run.pricing_pack_id), "it rests on what is gone"
    assert kills >= 2, "it was never killed in the middle"
    assert carried_out(home).wait() == 0
    assert rows(home) == rows(undisturbed)
    assert files(home) == files(undisturbed)
    (proposal,) = home.runs.runs(limit=10)
    assert history.replay(proposal.run_id, home)["same"]
    assert not list(home.ledger.verify())
    assert not home.packs.litter()
