"""Work of a library that knows no bound, and an answer of ours that does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from portopt.domain.errors import OutsideError

T = TypeVar("T")


def within(seconds: float, work: Callable[[], T], complaint: str, **about: Any) -> T:
    """What the work gives or raises. Raises OutsideError where it does neither in time; it is then left to end by itself.

    The work runs in a thread that nobody waits for any more: what it holds must not be used again.
    """
    ended: list[tuple[T | None, BaseException | None]] = []

    def run() -> None:
        try:
            ended.append((work(), None))
        except BaseException as error:
            ended.append((None, error))

    thread = threading.Thread(target=run, name="portopt-bounded", daemon=True)
    thread.start()
    thread.join(seconds)
    if not ended:
        raise OutsideError(f"{complaint} within {seconds:g} seconds", **about)
    given, error = ended[0]
    if error is not None:
        raise error
    return given  # type: ignore[return-value]  # where nothing was raised, it is what the work gave
