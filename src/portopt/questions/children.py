"""A map over child processes, each with its linear algebra on one thread: the same work gives the same bits in all of them.

NumPy's BLAS reads once, as it is loaded, how many threads it may have. A child is started in an environment that says one;
this process's own environment is left as it is. A child does not run the program that it was started from, so that a script
needs no `if __name__ == "__main__":` to ask for many portfolios.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from queue import SimpleQueue
from typing import IO, Any, TypeVar

from portopt.domain.errors import OutsideError

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")
# The path comes first: without it a child would not find this module, or find another one.
BEGIN = "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); from portopt.questions.children import serve; serve()"

Asked = TypeVar("Asked")
Given = TypeVar("Given")


def mapped(function: Callable[[Asked], Given], items: Iterable[Asked], processes: int) -> Iterator[Given]:
    """function(item) of each item, in order, worked out by so many children. function and items: what pickle can hold.

    What the function raises is raised here. Raises OutsideError for a child that ends before it has answered.
    """
    idle: SimpleQueue[_Child] = SimpleQueue()
    children = [_Child() for _ in range(processes)]
    try:
        for child in children:
            idle.put(child)

        def answered(item: Asked) -> Given:
            child = idle.get()
            try:
                return child.call(function, item)
            finally:
                idle.put(child)

        with ThreadPoolExecutor(processes) as callers:
            yield from callers.map(answered, items)
    finally:
        for child in children:
            child.end()


def serve() -> None:
    """What a child does: answers calls from its standard input until that is closed."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    while True:
        try:
            function, item = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the process that started this one
        except EOFError:
            return
        pickle.dump(_outcome(function, item), answers)
        answers.flush()


def _outcome(function: Callable[[Any], Any], item: Any) -> tuple[Any, Exception | None]:
    try:
        return function(item), None
    except Exception as error:
        return None, error


class _Child:
    """A process that answers one call at a time."""

    def __init__(self) -> None:
        environment = {**os.environ, **dict.fromkeys(THREADS, "1")}
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-P", "-c", BEGIN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
        self._send(sys.path)

    def call(self, function: Callable[[Asked], Given], item: Asked) -> Given:
        try:
            self._send((function, item))
            given, error = pickle.load(self._pipe(self._process.stdout))  # noqa: S301 - our own child
        except (EOFError, BrokenPipeError) as ended:
            raise OutsideError(f"a process of the batch ended without an answer (exit code {self._process.wait()})") from ended
        if error is not None:
            raise error
        return given  # type: ignore[no-any-return]

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(BrokenPipeError):  # what a dead child was not told any more is in its buffer still
                self._pipe(pipe).close()

    def _send(self, value: Any) -> None:
        pipe = self._pipe(self._process.stdin)
        pipe.write(pickle.dumps(value))
        pipe.flush()

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        if pipe is None:
            raise ValueError("a child without pipes")
        return pipe
