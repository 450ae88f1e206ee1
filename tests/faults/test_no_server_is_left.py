"""A demonstration that is killed leaves no server behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from support import environment, free_port, wait_for

from portopt.adapters.jobs.server import end, launch

STARTS = """
import sys, time
from pathlib import Path
from portopt.adapters.jobs.server import launch
print(launch(int(sys.argv[1]), Path(sys.argv[2])).pid, flush=True)
time.sleep(600)
"""


def alive(pid: int) -> bool:
    """A process that is dead and not yet asked after by its parent does nothing any more."""
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def test_a_server_ends_with_the_process_that_started_it_even_when_that_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", STARTS, str(free_port()), str(tmp_path / "prefect")]
    starter = subprocess.Popen(command, env=environment(tmp_path), stdout=subprocess.PIPE, text=True)
    server = int(starter.stdout.readline())
    assert alive(server)
    os.kill(starter.pid, signal.SIGKILL)
    starter.wait()
    starter.stdout.close()
    wait_for(lambda: not alive(server), 120, "the server outlived its starter")


def test_a_server_that_is_let_go_ends(tmp_path: Path) -> None:
    server = launch(free_port(), tmp_path)
    end(server)
    assert server.poll() is not None
