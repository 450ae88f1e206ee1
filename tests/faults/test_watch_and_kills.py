"""kill -9 of whoever watches, between any two statements and in mid delivery: every alert is told, once, in order.

PORTOPT_KILLS says how many kills on each database, PORTOPT_KILLS=200 is the bar of the product.
The gate asks for six on PostgreSQL, where watchers beside each other write at the same time.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from faults import watched
from faults.tried_on import POSTGRESQL, stores
from integration.store.conftest import Databases, databases, postgres_url
from integration.watch.receiving import SECRET, Receiver
from support import environment

from portopt.domain.watch import AlertState
from portopt.runs.watch.telling import tell
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings

__all__ = ["databases", "postgres_url"]  # fixtures of the store's tests
NURSERY = Path(__file__).with_name("watch_nursery.py")
KILLS = int(os.environ.get("PORTOPT_KILLS", "6"))
MINUTES = 2 * KILLS + 20
POINTS = 160  # of the database and the receivers in the minutes that one process lives for: most die, some end
MOST = 3  # minutes that one process lives for


@dataclass
class Lived:
    runtime: Runtime
    receiver: Receiver
    exits: Counter[int]
    reference: list[dict]


@pytest.fixture(scope="module", params=stores("PORTOPT_KILLS", gate=POSTGRESQL))
def lived(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    home = tmp_path_factory.mktemp("watched")
    if request.param == "sqlite":
        yield from _lived(home, None)
        return
    found: Databases = request.getfixturevalue("databases")
    with found.one() as url:
        yield from _lived(home, url)


def _lived(home: Path, url: str | None) -> Iterator[Lived]:
    receiver = Receiver(home)
    settings = {"alert_channels": "log,webhook", "alert_webhook_secret": SECRET, "alert_webhook_url": receiver.start()}
    runtime = open_runtime(Settings(home=home, database_url=url, **settings))
    runtime.runs  # noqa: B018 - migrated
    named = {f"PORTOPT_{name.upper()}": value for name, value in settings.items()}
    variables = environment(home) | named | ({"PORTOPT_DATABASE_URL": url} if url else {})
    try:
        exits = _kill(variables, random.Random(7))
        while watched.next_minute(runtime) < MINUTES:  # who comes after all of them
            watched.live(runtime, home, MINUTES, MINUTES)
        tell(runtime)
        yield Lived(runtime, receiver, exits, _undisturbed(home / "undisturbed"))
    finally:
        receiver.stop()


def _kill(variables: dict[str, str], chance: random.Random) -> Counter[int]:
    """Until so many died: by their own hand at a point, or from outside at a moment; a third with another one beside them."""
    exits: Counter[int] = Counter()
    nursery = subprocess.Popen([sys.executable, str(NURSERY)], env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               text=True)  # fmt: skip
    assert nursery.stdin is not None
    assert nursery.stdout is not None
    with nursery:
        assert nursery.stdout.readline() == "ready\n"
        while exits[-9] < KILLS and exits.total() < 5 * KILLS + 20:
            outside = chance.random() < 0.25
            told = {
                "until": MINUTES, "most": MOST, "beside": chance.random() < 0.3,
                "die_at": None if outside else chance.randint(1, POINTS),
                "after": chance.uniform(0.0, 0.4) if outside else None,
            }  # fmt: skip
            nursery.stdin.write(json.dumps(told) + "\n")
            nursery.stdin.flush()
            exits.update(json.loads(nursery.stdout.readline()))
        nursery.stdin.close()
    return exits


def _undisturbed(home: Path) -> list[dict]:
    """What is told where nobody dies."""
    runtime = open_runtime(Settings(home=home, alert_channels="log"))
    home.mkdir()
    watched.live(runtime, home, MINUTES, MINUTES)
    return logged(runtime)


def logged(runtime: Runtime) -> list[dict]:
    return [json.loads(line)["data"] for line in runtime.settings.alert_log_path.read_text().splitlines()]


def by_key(notices: list[dict]) -> dict[str, list[str]]:
    found = defaultdict(list)
    for one in notices:
        for key in (one.get("more") or {}).get("keys") or [one["key"]]:
            found[key].append(one["notice_id"])
    return dict(found)


def test_so_many_were_killed_and_no_one_failed_otherwise(lived: Lived) -> None:
    assert lived.exits[-9] >= KILLS
    assert set(lived.exits) <= {-9, 0}, lived.exits


def test_the_story_has_every_kind_of_notice(lived: Lived) -> None:
    told = {one["told"] for one in lived.reference}
    assert {"firing", "resolved", "blind", "summary"} <= told
    assert len(lived.reference) > MINUTES / 3
    grouped = [one for one in lived.reference if "group" in (one.get("more") or {})]
    assert len(grouped) >= 3
    assert all(one["more"]["count"] == len(set(one["more"]["keys"])) >= 2 for one in grouped)


@pytest.mark.parametrize("channel", ["log", "webhook"])
def test_every_notice_arrived_once_and_in_order(lived: Lived, channel: str) -> None:
    arrived = logged(lived.runtime) if channel == "log" else lived.receiver.taken()
    assert Counter(one["notice_id"] for one in arrived) == Counter(one["notice_id"] for one in lived.reference)
    assert by_key(arrived) == by_key(lived.reference)
    assert {one["notice_id"]: one for one in arrived} == {one["notice_id"]: one for one in lived.reference}
    assert lived.runtime.alerts.undelivered(channel).waiting == 0


def test_what_stands_at_the_end_is_what_stands_where_nobody_died(lived: Lived) -> None:
    undisturbed = open_runtime(Settings(home=lived.runtime.settings.home / "undisturbed"))
    assert lived.runtime.alerts.list(None, limit=5000) == undisturbed.alerts.list(None, limit=5000)
    assert lived.runtime.alerts.counts() == undisturbed.alerts.counts()
    assert lived.runtime.alerts.counts()[AlertState.RESOLVED] > 0
    everything = watched.BEGIN, watched.BEGIN + MINUTES * watched.MINUTE
    for name in ("book_drift", "book_cash"):
        assert lived.runtime.figures.series(name, *everything) == undisturbed.figures.series(name, *everything)
