"""Planted secrets are looked for in everything that a service says, writes and is: replies, logs, files, command lines."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from integration.service import matrix
from integration.service.books import book
from integration.service.serving import Served
from support import environment

from portopt.domain.access import SCOPES, Principal
from portopt.runtime import open_runtime
from portopt.settings import Settings

NOBODY_LISTENS = "http://127.0.0.1:9"


class Heard:
    """Every reply of a client, head and body."""

    def __init__(self, client: httpx.Client) -> None:
        self.said: list[bytes] = []
        client.event_hooks = {"response": [self._keep]}

    def _keep(self, response: httpx.Response) -> None:
        response.read()
        self.said.append(str(response.headers).encode() + response.content)


def found(planted: dict[str, str], content: bytes) -> list[str]:
    return [name for name, secret in planted.items() if secret.encode() in content]


def commands(pid: int) -> Iterator[bytes]:
    """The command lines of a process and of those that it started."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                if int(entry.name) == pid or parent == pid:
                    yield (entry / "cmdline").read_bytes()
            except OSError:
                continue


@pytest.fixture(scope="module")
def planted() -> dict[str, str]:
    return {
        name: f"planted-{name}-{secrets.token_hex(8)}" for name in ("market_url", "market_token", "pulsar_url", "database_url")
    }


def test_of_a_whole_story_nothing_secret_is_kept_or_told(
    serving: Callable[..., Served], tmp_path: Path, planted: dict[str, str]
) -> None:
    home = tmp_path / "home"
    _, key = open_runtime(Settings(home=home)).keys.create(Principal("admin", frozenset(SCOPES), None))
    served = serving(
        home, access="keys", market_url=f"{NOBODY_LISTENS}/{planted['market_url']}?key={planted['market_url']}",
        market_token=planted["market_token"], market_retry_seconds=0.5,
        pulsar_url=f"pulsar://x:{planted['pulsar_url']}@127.0.0.1:9",
    )  # fmt: skip
    looked_for = {**planted, "key": key}
    served.client.headers["authorization"] = f"Bearer {key}"
    heard = Heard(served.client)
    things = matrix.seeded(served.client, "P-first-1", book(8))
    for path in (f"/runs/{things.run_id}/bundle", f"/runs/{things.run_id}/report", f"/portfolios/{things.portfolio_id}/ledger"):
        assert served.client.get(path).status_code == 200
    of_market = {"provider": "http", "policy": "eight"}
    failed = served.client.post("/portfolios/P-first-1/rebalance", json=of_market)
    assert failed.status_code == 502, failed.text
    for credential in (f"Bearer {key[:-1]}", f"Bearer a.{planted['market_token']}.c", f"Basic {planted['pulsar_url']}"):
        assert served.client.get("/portfolios", headers={"authorization": credential}).status_code == 401
    assert found(looked_for, b"".join(heard.said)) == []
    assert [name for line in commands(served.process.pid) for name in found(looked_for, line)] == []
    for file in home.rglob("*"):
        if file.is_file():
            assert found(looked_for, file.read_bytes()) == [], file.name


def test_a_service_that_does_not_reach_its_database_says_so_without_its_password(
    serving: Callable[..., Served], tmp_path: Path, planted: dict[str, str]
) -> None:
    with pytest.raises(pytest.fail.Exception):
        serving(tmp_path, database_url=f"postgresql+psycopg://desk:{planted['database_url']}@127.0.0.1:9/none")
    log = (tmp_path / "server.log").read_bytes()
    assert b"does not answer" in log
    assert found(planted, log) == []


@pytest.mark.parametrize("command", [["doctor"], ["keys", "list"]])
def test_the_command_line_tells_it_without_its_password(tmp_path: Path, planted: dict[str, str], command: list[str]) -> None:
    url = f"postgresql+psycopg://desk:{planted['database_url']}@127.0.0.1:9/none"
    env = environment(tmp_path) | {"PORTOPT_DATABASE_URL": url}
    done = subprocess.run(
        [sys.executable, "-m", "portopt.doors.cli", *command, "--json"], env=env, capture_output=True, check=False, cwd=tmp_path
    )
    assert done.returncode != 0
    assert json.loads(done.stdout)
    assert found(planted, done.stdout + done.stderr) == []
    for file in tmp_path.rglob("*"):
        if file.is_file():
            assert found(planted, file.read_bytes()) == [], file.name
