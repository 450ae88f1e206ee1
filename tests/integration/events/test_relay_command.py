"""`portopt relay` against a real broker: set up, followed, killed, taken over, replayed; and the example consumer behind it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import small_book
import warm
from support import REPOSITORY, environment, wait_for

from portopt.adapters.events.pulsar_admin import PulsarAdmin
from portopt.adapters.store import outbox
from portopt.domain.run import Event
from portopt.questions import health
from portopt.runs.events import event_of
from portopt.runtime import Runtime
from portopt.settings import Settings

pytestmark = pytest.mark.pulsar
CONSUMER = REPOSITORY / "docs" / "examples" / "consumer.py"


class Installed:
    """An installation that delivers to the broker, and its command line."""

    def __init__(self, home: Path, broker: tuple[str, str], topic: str) -> None:
        self.broker, self.topic = broker, topic
        names = {"EVENTS": "pulsar", "PULSAR_URL": broker[0], "PULSAR_ADMIN_URL": broker[1], "PULSAR_TOPIC": topic}
        self.env = environment(home) | {f"PORTOPT_{name}": value for name, value in names.items()}
        given = {"events": "pulsar", "pulsar_url": broker[0], "pulsar_admin_url": broker[1], "pulsar_topic": topic}
        self.runtime = Runtime(Settings(home=home, **given))
        self.run = small_book.rebalance(self.runtime)

    def put(self, *numbers: int) -> None:
        like = event_of(self.run)
        for number in numbers:
            event = Event(
                f"e{number:03}", like.type, f"P{number % 3}", {**like.body, "event_id": f"e{number:03}"}, like.occurred_at
            )
            with self.runtime.runs._writing() as connection:
                outbox.put(connection, event, None)

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "portopt.doors.cli", *words, "--json"]

    def answer(self, *words: str, code: int = 0) -> Any:
        done = warm.run(self.command(*words), env=self.env, timeout=120)
        assert done.returncode == code, done
        return json.loads(done.stdout)

    @contextmanager
    def following(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        relay = subprocess.Popen(
            self.command("relay", "--follow", *words), env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            yield relay
        finally:
            relay.kill()
            relay.communicate()

    def waiting(self) -> int:
        return self.runtime.runs.outbox().waiting

    def holder(self) -> str:
        return next(iter({held.holder for held in self.runtime.runs.outbox().held}), "")


@pytest.fixture
def installed(tmp_path: Path, broker: tuple[str, str], topic: str) -> Installed:
    return Installed(tmp_path / "home", broker, topic)


def ids(messages: list) -> list[str]:
    return [message.properties()["id"] for message in messages]


def test_doctor_says_what_the_broker_lacks_and_set_up_mends_it(installed: Installed):
    def checked() -> health.Check:
        return next(check for check in health.doctor(installed.runtime).checks if check.name == "events")

    before = checked()
    assert (before.ok, before.fix) == (False, "`portopt relay --set-up` makes it so")
    assert "has no topic" in before.detail
    made = installed.answer("relay", "--set-up")
    assert made["topic"] == installed.topic
    after = checked()
    assert after.ok, after
    assert after.detail == f"{installed.topic}, 0 not read by portfolio-optimized; 1 waiting"


def test_a_relay_that_follows_is_killed_and_the_next_takes_over_at_once(installed: Installed, messages):
    installed.put(*range(30))
    with installed.following("--set-up") as first:
        wait_for(lambda: installed.waiting() == 0, 90, "the events were not delivered")
        assert f"process {first.pid} on" in installed.holder()
        with installed.following() as second:
            wait_for(lambda: second.poll() is not None or _has_said(second, "another relay holds"), 60, "it said nothing")
            first.send_signal(signal.SIGKILL)
            installed.put(*range(30, 60))
            wait_for(lambda: installed.waiting() == 0, 60, "nobody took over")
            assert f"process {second.pid} on" in installed.holder()
            second.terminate()
            out, _ = second.communicate(timeout=60)
            assert (second.returncode, json.loads(out)["delivered"]) == (0, 30)
    assert installed.holder() == ""
    assert PulsarAdmin(installed.broker[1], installed.topic).state("portfolio-optimized").backlog == 61
    found = ids(messages(installed.broker[0], installed.topic))
    assert sorted(found) == sorted([event_of(installed.run).event_id, *(f"e{number:03}" for number in range(60))])


def _has_said(relay: subprocess.Popen[str], words: str) -> bool:
    assert relay.stderr is not None
    return words in relay.stderr.readline()


def test_the_example_consumer_takes_every_event_once_whatever_comes_again(installed: Installed, tmp_path: Path):
    installed.answer("relay", "--set-up")
    installed.put(*range(20))
    assert installed.answer("relay")["delivered"] == 21
    assert consumed(installed, tmp_path) == {"handled": 21, "dropped": 0}
    assert PulsarAdmin(installed.broker[1], installed.topic).state("portfolio-optimized").backlog == 0
    assert installed.answer("relay", "--replay", "--since", "2000-01-01")["replayed"] == 21
    installed.put(20)
    assert installed.answer("relay")["delivered"] == 1
    assert installed.answer("relay", "--replay", "--since", "2000-01-01", "--portfolio", "P1")["replayed"] > 1
    assert consumed(installed, tmp_path)["handled"] == 1


def consumed(installed: Installed, folder: Path) -> dict[str, int]:
    words = [
        sys.executable,
        str(CONSUMER),
        installed.broker[0],
        installed.topic,
        str(folder / "seen.db"),
        "--idle-seconds",
        "2",
    ]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, env=os.environ)
    assert done.returncode == 0, done.stderr
    found: dict[str, int] = json.loads(done.stdout)
    return found


def test_a_broker_that_is_gone_is_an_upstream_that_failed_and_everything_still_waits(
    installed: Installed, messages: Callable[[str, str], list]
):
    gone = {**installed.env, "PORTOPT_PULSAR_URL": "pulsar://127.0.0.1:1"}
    done = warm.run(installed.command("relay"), env=gone, timeout=120)
    assert (done.returncode, json.loads(done.stdout)["code"]) == (5, "upstream_failed")
    assert installed.waiting() == 1
    assert installed.answer("relay")["delivered"] == 1
    assert len(messages(installed.broker[0], installed.topic)) == 1
