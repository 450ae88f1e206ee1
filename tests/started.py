"""Commands of ours as real processes: started, spoken with, ended, and counted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support import environment, wait_for

PATIENCE = 300  # seconds: the machine may be busy with anything else, and is not what is tested
CLI = [sys.executable, "-m", "portopt.doors.cli"]


def alive(pid: int) -> bool:
    """A process that is dead and not yet asked after by its parent does nothing any more."""
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def processes_of(home: Path) -> list[int]:
    """Every process of an installation, however far down it was started: by the home in its environment."""
    mark = f"PORTOPT_HOME={home}\0".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes() + b"\0" and alive(int(folder.name)):
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def none_is_left(home: Path, seconds: float = 60.0) -> None:
    wait_for(lambda: not processes_of(home), seconds, f"processes of {home} are left: {processes_of(home)}")


class Started:
    """A command that runs. said: each line of JSON that it has written so far."""

    def __init__(self, home: Path, *words: str, **settings: str) -> None:
        self.home = home
        self.output, self.errors = home / f"{words[0]}.out", home / f"{words[0]}.err"
        home.mkdir(parents=True, exist_ok=True)
        with self.output.open("wb") as out, self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [*CLI, *words, "--json"], env=environment(home) | settings, stdout=out, stderr=errors, stdin=subprocess.DEVNULL
            )

    @property
    def said(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.output.read_text().splitlines() if line.endswith("}")]

    def ready(self) -> Mapping[str, Any]:
        """The first line that it says."""
        wait_for(lambda: bool(self.said) or self.process.poll() is not None, PATIENCE, f"not ready: {self.errors.read_text()}")
        assert self.said, self.errors.read_text() + self.output.read_text()
        return self.said[0]

    def wait_until_said(self, name: str, times: int = 1) -> list[dict[str, Any]]:
        found = lambda: [line for line in self.said if name in line]  # noqa: E731
        wait_for(lambda: len(found()) >= times, PATIENCE, f"{name} was not said {times} times: {self.errors.read_text()}")
        return found()

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextmanager
def started(home: Path, *words: str, **settings: str) -> Iterator[Started]:
    running = Started(home, *words, **settings)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.kill()
            running.process.wait()
        for pid in processes_of(home):  # only where the test failed
            os.kill(pid, signal.SIGKILL)
