"""A process that this one starts and answers for: told to end, waited for, started anew where it died, and never left behind.

    part = Part("runner", [sys.executable, …], environment, heard)
    part.start(); part.keep(); part.stop(); part.end(grace)

The child reads its standard input, whose other end is held here. When that is closed, which the system does for the dead too,
the child ends: `end_with_starter` is what it runs for that. What it says goes out as JSON, a line each.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from portopt.domain.streams import ERR, led

log = logging.getLogger(__name__)
Heard = Callable[[Mapping[str, Any]], None]
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0  # seconds before a part that died is started anew: twice as long each time
STEADY = 60.0  # seconds after which a part that died is one that had worked


class Part:
    """One child. heard: what it says. log: where its standard error goes; None is where ours does.

    command: its arguments. ready: the first that it said since it was started; None before.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        heard: Heard | None = None,
        log: Path | None = None,
        stop_word: str | None = None,
    ) -> None:
        self.name, self.command, self.environment = name, list(command), dict(environment)
        self.ready: Mapping[str, Any] | None = None
        self.restarts = 0
        self._heard, self.log, self._stop_word = heard, log, stop_word
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._began, self._pause, self._again_at = 0.0, FIRST_PAUSE, 0.0

    def start(self) -> None:
        self.ready, self._began = None, time.monotonic()
        with _opened(self.log) as errors:
            # A session of its own: a Ctrl-C is for the one that answers for it, which then tells it to end.
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env=self.environment, text=True,
                start_new_session=True,
            )  # fmt: skip
        self._reader = threading.Thread(target=self._listen, args=(self._process,), daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def keep(self) -> bool:
        """Start it anew where it died, after a pause that grows; True when it was found dead just now."""
        if self.is_alive:
            return False
        now = time.monotonic()
        if self._process is not None:
            self._bury()
            self._pause = FIRST_PAUSE if now - self._began > STEADY else self._pause
            self._again_at = now + self._pause
            self._pause = min(2.0 * self._pause, LONGEST_PAUSE)
            return True
        if now >= self._again_at:
            self.restarts += 1
            self.start()
        return False

    def stop(self) -> None:
        """It is told to end: by the word that it understands, else by SIGTERM."""
        if self._process is None:
            return
        if self._stop_word is None:
            self._process.terminate()
            return
        with contextlib.suppress(OSError, ValueError):  # it is dead already
            pipe = _pipe(self._process.stdin)
            pipe.write(f"{self._stop_word}\n")
            pipe.flush()

    def end(self, grace: float = 0.0) -> None:
        """Wait for it to end, so long; then it is killed. It is gone when this returns."""
        if self._process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(max(grace, 0.0))
        if self._process.poll() is None:
            log.warning("%s did not end in time, and was killed", self.name)
            self._process.kill()
        self._bury()

    def _bury(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(OSError):
            _pipe(process.stdin).close()
        process.wait()
        if self._reader is not None:
            self._reader.join(5.0)
        _pipe(process.stdout).close()

    def _listen(self, process: subprocess.Popen[str]) -> None:
        for line in _pipe(process.stdout):
            with contextlib.suppress(ValueError):
                said = json.loads(line)
                self.ready = self.ready or said
                if self._heard is not None:
                    self._heard(said)


def end_together(parts: Sequence[Part], grace: float) -> None:
    """Every part is told to end at once; they share the time."""
    until = time.monotonic() + grace
    for part in parts:
        part.stop()
    for part in parts:
        part.end(until - time.monotonic())


def end_with_starter(heard: Callable[[str], None] = lambda word: None) -> None:
    """In the child: from now on it ends with whoever started it, at once. heard: told each word that comes in before."""
    threading.Thread(target=_follow, args=(heard,), daemon=True, name="starter").start()


def _follow(heard: Callable[[str], None]) -> None:
    for line in sys.stdin:
        heard(line.strip())
    os._exit(1)


def as_part(*words: str) -> list[str]:
    """The arguments of a command of ours, run as a part."""
    return [sys.executable, "-P", "-m", "portopt.doors.processes.command", *words]


def _pipe(pipe: IO[str] | None) -> IO[str]:
    if pipe is None:
        raise ValueError("a part without pipes")
    return pipe


@contextlib.contextmanager
def _opened(log: Path | None) -> Any:
    if log is None:
        yield led(ERR)
        return
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as stream:
        yield stream
