"""Python commands as processes that start with everything loaded: half of what a flow's process costs is its imports.

`run([sys.executable, "child.py", ...], env=...)` and `begin(...)` stand for `subprocess.run` and `subprocess.Popen`. Each is a
process of its own, which ends as it ends (or is killed), but it is forked from one that has read `warmed.py`. It takes over the
command, the environment, the folder and where its words go; in /proc alone it has the environment of the one it is from.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from unittest.mock import patch

from support import environment

ATTENDANTS = {"jemalloc_bg_thd", "polars-ooc-clea"}  # of polars: they wait, hold no lock, and are not missed by a child


@dataclass(frozen=True)
class Child:
    """One that was begun. It writes to these files."""

    command: Sequence[str]
    process: ForkServerProcess
    output: Path
    errors: Path

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    def poll(self) -> int | None:
        """How it ended, as `subprocess` says it: -9 is killed."""
        return self.process.exitcode

    def kill(self) -> None:
        self.process.kill()

    def wait(self, timeout: float | None = None) -> int:
        self.process.join(timeout)
        if self.process.exitcode is None:
            self.kill()
            raise subprocess.TimeoutExpired(self.command, timeout or 0.0)
        return self.process.exitcode


def run(
    command: Sequence[str], *, env: Mapping[str, str], timeout: float, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory() as folder:
        child = begin(command, Path(folder), env=env, cwd=cwd)
        code = child.wait(timeout)
        return subprocess.CompletedProcess(list(command), code, child.output.read_text(), child.errors.read_text())


def begin(command: Sequence[str], folder: Path, *, env: Mapping[str, str], cwd: Path | None = None) -> Child:
    """folder: where its output and its errors are written to."""
    assert command[0] == sys.executable, "only what this Python runs"
    output, errors = folder / "output", folder / "errors"
    process = starter().Process(target=_become, args=(list(command[1:]), dict(env), str(cwd or Path.cwd()), output, errors))
    process.start()
    return Child(command, process, output, errors)


@cache
def starter() -> ForkServerContext:
    """The process that the children are forked from: started once, in an environment in which nothing starts a thread."""
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(["warmed"])
    with tempfile.TemporaryDirectory() as home, patch.dict(os.environ, environment(Path(home)), clear=True):
        first = made.Process(target=_alone)
        first.start()
        first.join()
    assert first.exitcode == 0, "what the children are forked from has threads, or could not be started"
    return made


def _alone() -> None:
    assert "warmed" in sys.modules
    threads = {path.read_text().strip() for path in Path(f"/proc/{os.getppid()}/task").glob("*/comm")}
    assert len(threads - ATTENDANTS) == 1, threads


def _become(arguments: list[str], env: dict[str, str], folder: str, output: Path, errors: Path) -> None:
    """In the child: the program that was asked for, to its end."""
    os.environ.clear()
    os.environ.update(env)
    os.chdir(folder)
    _write_to(output, errors)
    sys.path[:0] = [path for path in env.get("PYTHONPATH", "").split(os.pathsep) if path]
    _read_settings_again()
    try:
        _run(arguments)
    finally:
        atexit._run_exitfuncs()


def _write_to(output: Path, errors: Path) -> None:
    for number, path in ((1, output), (2, errors)):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
        os.dup2(file, number)
        os.close(file)
    sys.stdout, sys.stderr = (open(number, "w", buffering=1, closefd=False) for number in (1, 2))  # noqa: SIM115


def _read_settings_again() -> None:
    """Prefect reads the environment when it is imported."""
    from prefect.context import refresh_global_settings_context

    refresh_global_settings_context()


def _run(arguments: list[str]) -> None:
    if arguments[0] == "-m":
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = arguments
        sys.path.insert(0, str(Path(arguments[0]).parent))
        runpy.run_path(arguments[0], run_name="__main__")
