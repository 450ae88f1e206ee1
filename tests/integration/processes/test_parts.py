"""Processes that another one answers for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from started import alive
from support import environment, wait_for

from portopt.doors.processes import parts
from portopt.doors.processes.parts import Part, end_together

SAYS = """
import json, sys, time
from portopt.doors.processes.parts import end_with_starter
end_with_starter()
print(json.dumps({"first": 1}), flush=True); print("no JSON", flush=True); print(json.dumps({"second": 2}), flush=True)
time.sleep(600)
"""
STARTS = f"""
import os, time
from portopt.doors.processes.parts import Part
part = Part("part", [{sys.executable!r}, "-c", {SAYS!r}], os.environ)
part.start()
print(part.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def part(monkeypatch: pytest.MonkeyPatch) -> Iterator[Part]:
    monkeypatch.setattr(parts, "FIRST_PAUSE", 0.1)
    made = Part("part", [sys.executable, "-c", SAYS], os.environ, heard=lambda said: None)
    made.start()
    yield made
    made.end()


def test_what_it_says_first_is_that_it_is_ready(part: Part) -> None:
    heard: list[object] = []
    part._heard = heard.append
    wait_for(lambda: part.ready is not None, 60, "it said nothing")
    assert part.ready == {"first": 1}
    wait_for(lambda: {"second": 2} in heard, 60, "the second was not heard")


def test_one_that_dies_is_started_anew_after_a_pause(part: Part) -> None:
    first = part.pid
    assert not part.keep()
    os.kill(first, signal.SIGKILL)
    wait_for(part.keep, 30, "its end was not noticed")
    wait_for(lambda: part.keep() or part.is_alive, 30, "it was not started anew")
    assert part.pid != first
    assert part.restarts == 1


def test_parts_that_do_not_end_in_time_are_killed_and_they_share_the_time() -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('{}', flush=True); time.sleep(600)"
    some = [Part(str(i), [sys.executable, "-c", deaf], os.environ) for i in range(3)]
    for one in some:
        one.start()
    pids = [one.pid for one in some]
    wait_for(lambda: all(one.ready is not None for one in some), 60, "not started")
    began = os.times().elapsed
    end_together(some, 1.0)
    assert os.times().elapsed - began < 10.0
    assert not [pid for pid in pids if alive(pid)]


def test_it_ends_with_its_starter_even_when_that_is_killed(tmp_path: Path) -> None:
    starter = subprocess.Popen([sys.executable, "-c", STARTS], env=environment(tmp_path), stdout=subprocess.PIPE, text=True)
    pid = int(starter.stdout.readline())
    assert alive(pid)
    starter.kill()
    starter.wait()
    starter.stdout.close()
    wait_for(lambda: not alive(pid), 60, "the part outlived its starter")
