"""What answers at a broker's address: a broker, nobody, or something else, which the broker's own client waits minutes for."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from faults.promises.proxy import upstream
from support import environment, free_port

from portopt.adapters.events.greeting import is_something_else

DELIVER = """
import sys
from faults.promises.upstreams import _broker
from portopt.domain.errors import OutsideError
try:
    _broker(int(sys.argv[1]))
except OutsideError as error:
    sys.exit(5)
"""


@pytest.mark.parametrize("kind", ["garbage", "slow", "truncated"])
def test_what_answers_otherwise_than_a_broker_is_told_from_one_at_once(kind: str) -> None:
    with upstream(kind) as port:
        began = time.monotonic()
        assert is_something_else(f"pulsar://127.0.0.1:{port}")
    assert time.monotonic() - began < 15.0


@pytest.mark.parametrize("kind", ["silent", "reset"])
def test_who_says_nothing_is_left_to_the_client_whose_bounds_hold(kind: str) -> None:
    with upstream(kind) as port:
        assert not is_something_else(f"pulsar://127.0.0.1:{port}", 0.3)
    assert not is_something_else(f"pulsar://127.0.0.1:{free_port()}")


def test_an_answer_that_is_no_tls_is_left_to_the_client_too() -> None:
    with upstream("garbage") as port:
        assert not is_something_else(f"pulsar+ssl://127.0.0.1:{port}", 0.5)


@pytest.mark.pulsar
def test_a_real_broker_is_known_by_its_greeting(broker: tuple[str, str]) -> None:
    assert not is_something_else(broker[0])


def test_a_program_that_met_something_else_ends_in_order(tmp_path: Path) -> None:
    """A thread of the client that was left waiting aborted it: exit 134, "terminate called"."""
    with upstream("garbage") as port:
        command = [sys.executable, "-c", DELIVER, str(port)]
        done = subprocess.run(command, env=environment(tmp_path), capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (5, "")
