"""Work of a library that may never end is given up in time, and an end that comes is passed on."""

from __future__ import annotations

import threading

import pytest

from portopt.adapters.events.bounded import within
from portopt.domain.errors import InvalidValue, OutsideError


def test_what_ends_in_time_gives_what_it_gives() -> None:
    assert within(30.0, lambda: 7, "nothing came") == 7


def test_what_fails_in_time_fails_as_it_does() -> None:
    def refused() -> None:
        raise InvalidValue("topic", "x", "is no topic")

    with pytest.raises(InvalidValue, match="is no topic"):
        within(30.0, refused, "nothing came")


def test_what_does_not_end_is_told_and_left() -> None:
    never = threading.Event()
    try:
        with pytest.raises(OutsideError, match=r"nothing came within 0\.05 seconds") as refusal:
            within(0.05, never.wait, "nothing came", field="pulsar_url")
        assert refusal.value.field == "pulsar_url"
    finally:
        never.set()
