"""API keys on the command line: made, listed, revoked, and shown once."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support import environment

from portopt.doors import cli
from portopt.runtime import open_runtime, runtime
from portopt.settings import Settings


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Done]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`portopt keys …`, each time as a process that begins."""
    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path))

    def done(*arguments: str) -> Done:
        runtime.cache_clear()
        code = cli.run(["keys", *arguments])
        return Done(code, *capsys.readouterr())

    return done


def told(run: Run, *arguments: str) -> Any:
    done = run(*arguments, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_a_process_ends_with_the_code_of_its_refusal(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "portopt.doors.cli", "keys", "revoke", "nobody"]
    done = subprocess.run(command, env=environment(tmp_path), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "there is no key that is not revoked" in done.stderr


def test_a_key_is_made_listed_without_itself_and_revoked(run: Run, tmp_path: Path) -> None:
    made = told(run, "create", "--subject", "desk", "--scope", "ask", "--scope", "read", "--portfolio", "P1")
    runtime = open_runtime(Settings(home=tmp_path))
    who = runtime.keys.verify(made["key"])
    assert who is not None
    assert (who.subject, who.scopes, who.portfolios) == ("desk", {"ask", "read"}, {"P1"})
    listed = run("list", "--json").stdout
    assert made["key"] not in listed
    (row,) = json.loads(listed)
    assert (row["id"], row["subject"], row["scopes"], row["portfolios"], row["revoked_at"]) == (
        made["key_id"], "desk", ["ask", "read"], ["P1"], None,
    )  # fmt: skip
    assert told(run, "revoke", made["key_id"]) == {"key_id": made["key_id"], "revoked": True}
    assert runtime.keys.verify(made["key"]) is None
    assert told(run, "list")[0]["revoked_at"] is not None
    again = run("revoke", made["key_id"])
    assert again.returncode == 2
    assert "there is no key that is not revoked" in again.stderr


def test_people_read_it_in_words(run: Run) -> None:
    assert "No keys yet" in run("list").stdout
    made = run("create", "--subject", "night batch", "--scope", "propose", "--all-portfolios", "--note", "at 22:00").stdout
    assert "night batch: propose; every portfolio" in made
    assert "not shown again" in made
    listed = run("list").stdout
    assert "night batch: propose; every portfolio" in listed
    key_id = listed.split()[0]
    assert run("revoke", key_id).stdout == f"{key_id} is revoked\n"
    assert "revoked 20" in run("list").stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--subject", "desk", "--scope", "everything"], "is no scope; there are ask, read"),
        (["--subject", " ", "--scope", "ask"], "is no name"),
        (["--subject", "a\x1bb", "--scope", "ask"], "is no name"),
        (["--subject", "x" * 201, "--scope", "ask"], "is no name"),
        (["--subject", "desk", "--scope", "ask", "--note", "x" * 201], "is no note"),
        (["--subject", "desk", "--scope", "ask", "--portfolio", "P1", "--all-portfolios"], "stands beside --all-portfolios"),
        (["--subject", "desk"], "--scope"),
    ],
)
def test_a_key_that_would_mean_nothing_is_not_made(run: Run, arguments: list[str], said: str) -> None:
    done = run("create", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
