"""Damaged files are refused by name, whatever the libraries that read them raise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from portopt.domain.errors import FileNotReadable

PANIC = "PanicException"  # what a library in Rust raises past every `except Exception`


@contextmanager
def whole(where: str, kind: str, raised: tuple[type[Exception], ...], fix: str) -> Iterator[None]:
    """Raises FileNotReadable in place of what is raised of a damaged file; every other error passes."""
    try:
        yield
    except BaseException as error:
        if not isinstance(error, raised) and type(error).__name__ != PANIC:
            raise
        why = (str(error).splitlines() or [type(error).__name__])[0]
        why = "it is damaged" if type(error).__name__ == PANIC else why
        raise FileNotReadable(f"{where}: not a readable {kind} file: {why}", field="path", value=where, fixes=[fix]) from (
            error if isinstance(error, Exception) else None
        )
