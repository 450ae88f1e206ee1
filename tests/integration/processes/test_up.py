"""`portopt up`: everything on one machine, from nothing; what dies is started anew, and however it ends nothing is left."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from integration.processes.test_serve import ASKED
from started import Started, alive, none_is_left, processes_of, started
from submitted import opened, submitted
from support import wait_for

from portopt.adapters.jobs.set_up import SILENT
from portopt.domain.job import Job
from portopt.domain.run import RunStatus


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    home = tmp_path_factory.mktemp("up")
    with started(home, "up", "--http", "0", "--grpc", "0", PORTOPT_PROCESSES="1") as everything:
        everything.ready()
        yield everything


def ended(running: Started, job: Job) -> Job:
    store = opened(running.home)
    wait_for(lambda: store.jobs.get(job.job_id).is_ended, 120, f"{job.job_id} did not end")
    return store.jobs.get(job.job_id)


def answers(running: Started) -> bool:
    try:
        return httpx.post(f"{running.ready()['api']['http']}/api/v1/optimize", json=ASKED, timeout=30).status_code == 200
    except httpx.HTTPError:
        return False


def test_it_says_in_one_line_where_everything_is(running: Started) -> None:
    (said,) = running.said
    assert {"api", "worker", "relay", "workflows"} <= set(said)
    assert said["api"]["http"].startswith("http://127.0.0.1:")
    assert said["api"]["grpc"].startswith("127.0.0.1:")
    assert httpx.get(f"{said['workflows']}/health", timeout=30).status_code == 200
    assert answers(running)


def test_the_workflow_server_is_told_what_a_silent_run_is(running: Started) -> None:
    asked, named = f"{running.ready()['workflows']}/automations/filter", {"automations": {"name": {"any_": [SILENT]}}}
    wait_for(lambda: len(httpx.post(asked, json=named, timeout=30).json()) == 1, 120, "nothing looks after silent runs")


def test_a_job_is_carried_out_and_its_event_leaves(running: Started) -> None:
    job = ended(running, submitted(opened(running.home), running.home / "book", 5000))
    assert (job.status, job.attempts) == (RunStatus.COMPLETED, 1)
    wait_for(lambda: opened(running.home).runs.outbox().waiting == 0, 60, "its event did not leave")
    sent = [json.loads(line)["subject"] for line in (running.home / "events.jsonl").read_text().splitlines()]
    assert sent.count("P1") == 1


def test_parts_that_die_are_started_anew_and_go_on(running: Started) -> None:
    pids = [running.ready()[part]["pid"] for part in ("api", "worker", "relay")]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not any(map(alive, pids)), 30, "they did not die")
    wait_for(lambda: answers(running), 120, "nobody answers any more, where it was said")
    job = ended(running, submitted(opened(running.home), running.home / "book", 6000))
    assert job.status is RunStatus.COMPLETED
    wait_for(lambda: opened(running.home).runs.outbox().waiting == 0, 60, "its event did not leave")


def test_sigterm_ends_it_with_code_zero_and_leaves_no_process(running: Started) -> None:
    assert len(processes_of(running.home)) >= 6
    assert running.end() == 0
    none_is_left(running.home, 5.0)
    assert "did not end in time" not in running.errors.read_text()


def test_a_second_start_on_the_same_home_that_is_killed_leaves_no_process(running: Started) -> None:
    with started(running.home, "up", "--http", "0", "--grpc", "0", PORTOPT_PROCESSES="1") as again:
        again.ready()
        assert again.end(signal.SIGKILL) == -9
        none_is_left(running.home)


def test_it_can_be_told_to_end_before_it_is_ready(tmp_path: Path) -> None:
    with started(tmp_path, "up", "--http", "0", "--grpc", "0") as beginning:
        wait_for(lambda: len(processes_of(tmp_path)) > 2, 120, "no part was started")
        time.sleep(0.5)
        assert beginning.end() == 0
        none_is_left(tmp_path, 5.0)
