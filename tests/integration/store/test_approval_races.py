"""Somebody approves while the holdings change, a hundred times: nothing that was superseded is ever released."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from integration.store.deciding import Desk

from portopt.domain.errors import ProposalSuperseded
from portopt.domain.run import RunStatus
from portopt.runs import decisions
from portopt.runtime import Runtime
from portopt.settings import Settings

RACES = 100


@pytest.fixture
def desk(store, url, tmp_path: Path, finished) -> Desk:
    return Desk(Runtime(Settings(home=tmp_path, database_url=url)), finished)


def at_once(*acts: Callable[[], object]) -> None:
    """Each in a thread of its own, from the same line; what one raises is the test's."""
    line, failed = threading.Barrier(len(acts)), list[BaseException]()

    def run(act: Callable[[], object]) -> None:
        line.wait()
        try:
            act()
        except BaseException as error:  # raised below, in the test's own thread
            failed.append(error)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def test_of_a_hundred_approvals_that_meet_new_holdings_none_releases_what_is_superseded(desk: Desk):
    runtime, ends = desk.runtime, Counter[str]()
    for i in range(RACES):
        run_id, now, then = f"reb-{i}", *((200, 150) if i % 2 else (150, 200))
        desk.proposes(run_id, hours=None, shares=now)

        def approve(run_id: str = run_id) -> None:
            try:
                decisions.approve(run_id, runtime, by="bert")
            except ProposalSuperseded:
                ends["refused"] += 1

        at_once(approve, lambda then=then: desk.holds(then))
        ends[runtime.runs.status(run_id).value] += 1
    entries = [entry for page in range(0, 10 * RACES, 500) for entry in runtime.ledger.entries("P1", after=page, limit=500)]
    released = [(entry.number, entry.body["run_id"]) for entry in entries if entry.kind == "released"]
    holdings = [entry.number for entry in entries if entry.kind == "holdings"]
    proposed = {entry.body["run_id"]: entry.number for entry in entries if entry.kind == "proposed"}
    # Told by the order of the record alone: between a proposal and its release no holdings were declared.
    assert not [run_id for at, run_id in released if any(proposed[run_id] < number < at for number in holdings)]
    assert len(released) == len({run_id for _, run_id in released}) == ends[RunStatus.COMPLETED]
    assert ends["refused"] == ends[RunStatus.SUPERSEDED] == RACES - ends[RunStatus.COMPLETED]
    assert sum(1 for _ in (runtime.settings.home / "events.jsonl").open()) == len(released) if released else True
    assert runtime.ledger.verify() == []


def test_of_all_that_decide_at_once_one_does_and_the_others_hear_what_it_was(desk: Desk):
    desk.proposes()
    acts = ("approve", "reject", "approve", "request_changes")
    told = Counter[int]()
    at_once(*(lambda act=act: told.update([desk.decides("bert", act, note="now")[0]]) for act in acts))
    kinds = [kind for kind, _ in desk.kinds()]
    assert kinds in (["proposed", "approved", "released"], ["proposed", "rejected"], ["proposed", "changes_requested"])
    assert set(told) <= {200, 409}
