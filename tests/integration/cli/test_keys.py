"""API keys on the command line: made, listed, revoked, and shown once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support import environment

from portopt.runtime import open_runtime
from portopt.settings import Settings


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "portopt.doors.cli", "keys", *arguments]
    return subprocess.run(command, env=environment(home), capture_output=True, text=True, check=False)


def told(home: Path, *arguments: str) -> Any:
    done = run(home, *arguments, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_a_key_is_made_listed_without_itself_and_revoked(tmp_path: Path) -> None:
    made = told(tmp_path, "create", "--subject", "desk", "--scope", "ask", "--scope", "read", "--portfolio", "P1")
    runtime = open_runtime(Settings(home=tmp_path))
    who = runtime.keys.verify(made["key"])
    assert who is not None
    assert (who.subject, who.scopes, who.portfolios) == ("desk", {"ask", "read"}, {"P1"})
    listed = run(tmp_path, "list", "--json").stdout
    assert made["key"] not in listed
    (row,) = json.loads(listed)
    assert (row["id"], row["subject"], row["scopes"], row["portfolios"], row["revoked_at"]) == (
        made["key_id"], "desk", ["ask", "read"], ["P1"], None,
    )  # fmt: skip
    assert told(tmp_path, "revoke", made["key_id"]) == {"key_id": made["key_id"], "revoked": True}
    assert runtime.keys.verify(made["key"]) is None
    assert told(tmp_path, "list")[0]["revoked_at"] is not None
    again = run(tmp_path, "revoke", made["key_id"])
    assert again.returncode == 2
    assert "there is no key that is not revoked" in again.stderr


def test_people_read_it_in_words(tmp_path: Path) -> None:
    assert "No keys yet" in run(tmp_path, "list").stdout
    made = run(
        tmp_path, "create", "--subject", "night batch", "--scope", "propose", "--all-portfolios", "--note", "at 22:00"
    ).stdout
    assert "night batch: propose; every portfolio" in made
    assert "not shown again" in made
    listed = run(tmp_path, "list").stdout
    assert "night batch: propose; every portfolio" in listed
    key_id = listed.split()[0]
    assert run(tmp_path, "revoke", key_id).stdout == f"{key_id} is revoked\n"
    assert "revoked 20" in run(tmp_path, "list").stdout


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
def test_a_key_that_would_mean_nothing_is_not_made(tmp_path: Path, arguments: list[str], said: str) -> None:
    done = run(tmp_path, "create", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
