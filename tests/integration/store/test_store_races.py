"""Several real processes at one database: exactly one of them wins, and a kill leaves nothing half-written."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from portopt.adapters.store import migrate, models, outbox
from portopt.adapters.store.service_tables import ledger
from portopt.domain.approval import Approval
from portopt.domain.errors import UnknownRun
from portopt.domain.run import Event, RunStatus

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
RACER = Path(__file__).with_name("racer.py")


# One worker runs all of these: the processes are started once.


class Racer:
    """A process that waits at the line."""

    def __init__(self) -> None:
        command = [sys.executable, RACER]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def tell(self, line: str) -> None:
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def hear(self) -> str:
        return self.process.stdout.readline().strip()

    def end(self) -> int:
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait(timeout=30)


@pytest.fixture(scope="module")
def racers():
    found: list[Racer] = []
    yield found
    assert [racer.end() for racer in found] == [0] * len(found)


@pytest.fixture
def race(racers, url):
    """Processes that do one action each, all at once; gives what each said."""

    def run(*actions: str) -> list[object]:
        racers.extend(Racer() for _ in range(len(actions) - len(racers)))
        running = racers[: len(actions)]
        for i, (racer, action) in enumerate(zip(running, actions, strict=True)):
            racer.tell(f"{url} {action} {i}")
        assert [racer.hear() for racer in running] == ["READY"] * len(running)
        for racer in running:
            racer.tell("go")
        return [json.loads(racer.hear()) for racer in running]

    return run


def count(store, table) -> int:
    with store._reading() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_of_several_processes_that_complete_a_run_exactly_one_does(store, race):
    answers = race(*["complete"] * 4)
    assert sorted(answers) == [False, False, False, True]
    winner = str(answers.index(True))
    assert store.get("reb-race").document == {"by": winner, "headline": {"by": winner}}
    tables = (models.run_results, models.rebalance_results, models.rebalance_plans, models.outbox)
    assert [count(store, table) for table in tables] == [1, 1, 1, 1]
    relay = store.deliveries()
    relay.take()
    assert [waiting.event.event_id for waiting in relay.waiting(10)] == [f"event-{winner}"]
    relay.close()


def test_of_several_proposals_from_different_holdings_at_the_same_moment_exactly_one_is_released(store, race):
    assert sorted(race(*["propose"] * 4)) == ["completed", *["superseded"] * 3]
    assert count(store, models.outbox) == 1
    assert count(store, models.run_results) == 4


def test_processes_that_meet_a_new_month_make_its_partitions_once(store, race):
    """On SQLite there are none to make."""
    assert sorted(len(made) for made in race(*["maintain"] * 4))[:3] == [0, 0, 0]


def test_a_failure_at_the_same_moment_does_not_undo_a_completion(store, race):
    race("fail", "complete", "fail")
    assert store.get("reb-race").status is RunStatus.COMPLETED
    assert store.get("reb-race").document is not None


def test_of_several_processes_that_pin_a_pack_all_hear_the_first(store, race):
    answers = race(*["pin"] * 3)
    assert set(answers) == {store.pinned("trigger")}


def test_of_several_approvals_one_releases_the_event(store, race, finished):
    store.complete(finished("reb-race", status=RunStatus.AWAITING_APPROVAL), None)
    assert sorted(race(*["release"] * 3)) == [False, False, True]
    assert count(store, models.outbox) == 1


@pytest.mark.usefixtures("empty")
def test_processes_that_start_on_an_empty_database_migrate_it_once(race):
    assert race(*["migrate"] * 3) == [migrate.HEAD] * 3


def test_writers_wait_for_each_other_instead_of_failing(store, race):
    assert race(*["write_often"] * 3) == [25] * 3
    assert count(store, models.runs) == 75


def test_relays_share_the_work_deliver_each_event_once_and_keep_the_order_of_a_portfolio(store, race):
    with store._writing() as connection:
        for i in range(60):
            outbox.put(connection, Event(f"{i:03}", "portfolio_optimized", f"P{i % 3}", {}, NOW), None)
    lines = [line.split() for log in race(*["claim"] * 3) for line in log]
    assert Counter(event_id for _, event_id, _ in lines) == Counter(f"{i:03}" for i in range(60))
    for key in ("P0", "P1", "P2"):
        delivered = sorted((float(when), event_id) for k, event_id, when in lines if k == key)
        assert [event_id for _, event_id in delivered] == sorted(event_id for _, event_id in delivered)


def killed(url: str, action: str) -> None:
    doomed = Racer()
    doomed.tell(f"{url} {action} 0")
    assert doomed.hear() == "READY"
    doomed.tell("go")
    assert doomed.hear() == ""
    assert doomed.end() == -9


def test_an_approval_killed_before_the_commit_is_none_and_can_be_made_again(store, race, url, finished):
    store.complete(dataclasses.replace(finished("reb-race", status=RunStatus.AWAITING_APPROVAL), approval=Approval(NOW)), None)
    killed(url, "die_releasing")
    found = store.get("reb-race")
    assert (found.status, found.approval.approved_by) == (RunStatus.AWAITING_APPROVAL, ())
    assert (count(store, models.outbox), count(store, ledger)) == (0, 1)
    assert race("release") == [True]
    assert (store.get("reb-race").approval.state, count(store, models.outbox), count(store, ledger)) == ("approved", 1, 3)


def test_a_process_killed_before_the_commit_leaves_nothing_and_the_work_can_be_done_again(store, race, url):
    killed(url, "die_completing")
    with pytest.raises(UnknownRun):
        store.get("reb-race")
    assert count(store, models.outbox) == count(store, models.rebalance_plans) == 0
    assert race("complete") == [True]
    assert store.health()["outbox_pending"] == 1
